"""What bricks ask of their inputs, checked when they are applied, before anything is compiled."""

from numbers import Integral

import pytensor.tensor as pt

from bricks.errors import ShapeError, UsageError
from bricks.graph import is_tensor


def check_dim(brick, what: str, value) -> int:
    """A dimension: an integer of at least 1."""
    if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
        raise UsageError(f"{brick.path}: {what} must be an integer of at least 1, got {value!r}")
    return int(value)


def check_float(brick, variable, dtype: str | None = None, name: str = "input") -> None:
    """A symbolic float tensor; of `dtype`, where parameters are to be combined with it."""
    if not is_tensor(variable):
        raise UsageError(f"{brick.path}: {name} must be a symbolic tensor, got {type(variable).__name__} {variable!r}")
    if variable.type.dtype != dtype if dtype else not variable.type.dtype.startswith("float"):
        wanted = dtype or "of a float dtype"
        raise UsageError(
            f"{brick.path}: {name} must be {wanted}, got {variable.type.dtype}; "
            f"cast it with {name}.astype({dtype or 'bricks.floatX()'!r})"
        )


def check_ndim(brick, variable, ndim: int, layout: str, at_least: bool = False, name: str = "input") -> None:
    """The number of axes, or the least number."""
    found = variable.type.ndim
    if found < ndim if at_least else found != ndim:
        number = f"at least {ndim}" if at_least else str(ndim)
        axes = "axis" if ndim == 1 else "axes"
        raise ShapeError(
            f"{brick.path}: {name} must have {number} {axes} {layout}, got {found}: shape {variable.type.shape}"
        )


def check_columns(brick, variable, dim: int, what: str = "input_dim", name: str = "input") -> None:
    """The length of the last axis, as far as it is known."""
    columns = variable.type.shape[-1]
    if columns is not None and columns != dim:
        raise ShapeError(
            f"{brick.path}: {name} must have {dim} columns ({what}={dim}), got shape {variable.type.shape}; "
            "is the layer before it missing?"
        )


def as_class_numbers(brick, targets, rows):
    """Integer targets, (batch,) or (batch, 1), as a vector of class numbers beside the rows of `rows`."""
    shape = targets.type.shape
    if targets.type.ndim not in (1, 2) or (targets.type.ndim == 2 and shape[1] not in (1, None)):
        raise ShapeError(
            f"{brick.path}: integer targets must be one class number a row, of shape (batch,) or (batch, 1), "
            f"got shape {shape}"
        )
    if None not in (shape[0], rows.type.shape[0]) and shape[0] != rows.type.shape[0]:
        raise ShapeError(
            f"{brick.path}: targets must have as many rows as the other input, got {shape} and {rows.type.shape}"
        )
    return targets if targets.type.ndim == 1 else pt.reshape(targets, (-1,), ndim=1)
