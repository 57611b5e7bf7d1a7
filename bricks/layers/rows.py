"""What costs and error rates share: rows that are compared, and the mean over those that count."""

import pytensor.tensor as pt

from bricks.errors import ShapeError, UsageError
from bricks.graph import is_tensor
from bricks.layers.checks import check_float


def mean_of_rows(rows, mask):
    """The mean over rows that count. A product with 0 would keep what is not a number, so they are chosen."""
    if mask is None:
        return pt.mean(rows)
    counted = mask.astype(rows.type.dtype)
    return pt.sum(pt.switch(pt.neq(mask, 0), counted * rows, 0)) / pt.sum(counted)


def classes_hit(targets, scores):
    """Class numbers as bools beside `scores`: True where a column is the target's.

    Compared, not looked up: XLA clamps an index that is out of range, other backends raise.
    """
    columns = scores.type.ndim - 1
    return pt.eq(targets[..., None], pt.arange(scores.shape[columns])[(None,) * columns])


def check_scores(brick, targets, scores, name: str, what: str) -> int:
    """The axis of the columns of `scores`, which must be floats, (batch, columns) or (time, batch, columns)."""
    if not is_tensor(targets):
        raise UsageError(f"{brick.path}: targets must be a symbolic tensor, got {targets!r}")
    swapped = "; targets come first" if targets.type.dtype.startswith("float") else ""
    try:
        check_float(brick, scores, name=name)
    except UsageError as error:
        raise UsageError(f"{error}{swapped}") from None
    if scores.type.ndim not in (2, 3):
        raise ShapeError(
            f"{brick.path}: {name} must have 2 axes (batch, {what}) or 3 (time, batch, {what}), "
            f"got {scores.type.ndim}: shape {scores.type.shape}"
        )
    return scores.type.ndim - 1


def check_alike(brick, targets, scores, name: str) -> None:
    """Targets of the shape of the scores."""
    known = zip(targets.type.shape, scores.type.shape, strict=False)
    if targets.type.ndim != scores.type.ndim or any(a != b for a, b in known if None not in (a, b)):
        raise ShapeError(
            f"{brick.path}: targets must have the shape of {name} {scores.type.shape}, got {targets.type.shape}"
        )
