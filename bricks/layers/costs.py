"""Costs and error rates: `cost(targets, what the model says)`, a scalar, the mean over the batch.

Outputs are (batch, columns), or sequences (time, batch, columns), whose every step then counts like an example.
A `mask` says which do: `cost(targets, outputs, mask=mask)` is sum(mask * cost) / sum(mask), and what is where the
mask is 0, such as a class number that pads, is not looked at.
"""

import pytensor.tensor as pt
from pytensor.tensor.special import log_softmax

from bricks.brick import Brick
from bricks.errors import ShapeError, UsageError
from bricks.graph import is_tensor
from bricks.layers.checks import as_class_numbers, check_float, check_mask
from bricks.roles import COST


class CategoricalCrossEntropy(Brick):
    """Mean negative log-probability of the targets under softmax(logits).

        cost = -1/n sum_b sum_k t_bk log softmax(logits_b)_k

    over the n rows b that count: examples, or steps of examples.
    On logits, what comes before the softmax, so that cost and gradient (softmax(logits) - t) / n stay exact
    however large they are. A class number that is not one of the columns makes the cost NaN, rather than
    counting as another class.

    >>> import pytensor.tensor as pt
    >>> logits, targets = pt.matrix("logits"), pt.ivector("targets")
    >>> CategoricalCrossEntropy()(targets, logits)
    categorical_cross_entropy.output
    >>> logits, targets, mask = pt.tensor3("logits"), pt.imatrix("targets"), pt.matrix("mask")
    >>> CategoricalCrossEntropy()(targets, logits, mask=mask)
    categorical_cross_entropy.output
    """

    output_roles = (COST,)

    def apply(self, targets, logits, mask=None):
        """The mean cost of a row.

        Parameters
        ----------
        targets : variable
            Probabilities of the shape of `logits`, or integers (batch,), (batch, 1) or (time, batch).
        logits : float variable, (batch, classes) or (time, batch, classes)
        mask : variable, (batch,) or (time, batch), optional
            1 where a row counts, 0 where it does not.
        """
        columns = _check_scores(self, targets, logits, "logits", "classes")
        mask = check_mask(self, mask, logits)
        if targets.type.dtype.startswith("float"):
            _check_alike(self, targets, logits, "logits")
            probabilities = targets.astype(logits.type.dtype)
            return -_mean(pt.sum(probabilities * log_softmax(logits, axis=-1), axis=columns), mask)
        targets = as_class_numbers(self, targets, logits)
        # Compared, not looked up: XLA clamps an index that is out of range, other backends raise.
        hits = pt.eq(targets[..., None], pt.arange(logits.shape[columns])[(None,) * columns])
        own = pt.sum(pt.switch(hits, log_softmax(logits, axis=-1), 0), axis=columns)
        nan = pt.constant(float("nan"), dtype=logits.type.dtype)
        return -_mean(pt.switch(pt.any(hits, axis=columns), own, nan), mask)


class SquaredError(Brick):
    """Squared distance between targets and outputs, summed over columns, mean over rows.

        cost = 1/n sum_b sum_k (t_bk - y_bk)^2

    over the n rows b that count: examples, or steps of examples.

    >>> import pytensor.tensor as pt
    >>> SquaredError()(pt.matrix("targets"), pt.matrix("outputs"))
    squared_error.output
    """

    output_roles = (COST,)

    def apply(self, targets, outputs, mask=None):
        """Targets and outputs (batch, columns) or (time, batch, columns), of one shape; mask: their first axes."""
        columns = _check_scores(self, targets, outputs, "outputs", "columns")
        mask = check_mask(self, mask, outputs)
        check_float(self, targets, outputs.type.dtype, name="targets")
        _check_alike(self, targets, outputs, "outputs")
        return _mean(pt.sum(pt.sqr(targets - outputs), axis=columns), mask)


class MisclassificationRate(Brick):
    """The fraction of rows whose largest output is not at the target; of equal outputs the first counts.

    >>> import pytensor.tensor as pt
    >>> MisclassificationRate()(pt.ivector("targets"), pt.matrix("probabilities"))
    misclassification_rate.output
    """

    def apply(self, targets, outputs, mask=None):
        """Outputs (batch, classes) or (time, batch, classes); targets and mask as in `CategoricalCrossEntropy`."""
        columns = _check_scores(self, targets, outputs, "outputs", "classes")
        mask = check_mask(self, mask, outputs)
        if targets.type.dtype.startswith("float"):
            _check_alike(self, targets, outputs, "outputs")
            targets = pt.argmax(targets, axis=columns)
        else:
            targets = as_class_numbers(self, targets, outputs)
        return _mean(pt.neq(pt.argmax(outputs, axis=columns), targets).astype(outputs.type.dtype), mask)


def _mean(rows, mask):
    """The mean over rows that count. A product with 0 would keep what is not a number, so they are chosen."""
    if mask is None:
        return pt.mean(rows)
    counted = mask.astype(rows.type.dtype)
    return pt.sum(pt.switch(pt.neq(mask, 0), counted * rows, 0)) / pt.sum(counted)


def _check_scores(brick, targets, scores, name: str, what: str) -> int:
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


def _check_alike(brick, targets, scores, name: str) -> None:
    known = zip(targets.type.shape, scores.type.shape, strict=False)
    if targets.type.ndim != scores.type.ndim or any(a != b for a, b in known if None not in (a, b)):
        raise ShapeError(
            f"{brick.path}: targets must have the shape of {name} {scores.type.shape}, got {targets.type.shape}"
        )
