"""Costs and error rates: `cost(targets, what the model says)`, a scalar, the mean over the batch."""

import pytensor.tensor as pt
from pytensor.tensor.special import log_softmax

from bricks.brick import Brick
from bricks.errors import ShapeError, UsageError
from bricks.graph import is_tensor
from bricks.layers.checks import as_class_numbers, check_float, check_ndim
from bricks.roles import COST


class CategoricalCrossEntropy(Brick):
    """Mean negative log-probability of the targets under softmax(logits).

        cost = -1/n sum_b sum_k t_bk log softmax(logits_b)_k

    On logits, what comes before the softmax, so that cost and gradient (softmax(logits) - t) / n stay exact
    however large they are. A class number that is not one of the columns makes the cost NaN, rather than
    counting as another class.

    >>> import pytensor.tensor as pt
    >>> logits, targets = pt.matrix("logits"), pt.ivector("targets")
    >>> CategoricalCrossEntropy()(targets, logits)
    categorical_cross_entropy.output
    """

    output_roles = (COST,)

    def apply(self, targets, logits):
        """Logits (batch, classes); targets the same, as probabilities, or integers (batch,) or (batch, 1)."""
        _check_rows(self, targets, logits, "logits")
        if targets.type.dtype.startswith("float"):
            _check_alike(self, targets, logits, "logits")
            probabilities = targets.astype(logits.type.dtype)
            return -pt.mean(pt.sum(probabilities * log_softmax(logits, axis=-1), axis=1))
        targets = as_class_numbers(self, targets, logits)
        # Compared, not looked up: XLA clamps an index that is out of range, other backends raise.
        hits = pt.eq(targets[:, None], pt.arange(logits.shape[1])[None, :])
        own = pt.sum(pt.switch(hits, log_softmax(logits, axis=-1), 0), axis=1)
        return -pt.mean(pt.switch(pt.any(hits, axis=1), own, pt.constant(float("nan"), dtype=logits.type.dtype)))


class SquaredError(Brick):
    """Squared distance between targets and outputs, summed over columns, mean over rows.

        cost = 1/n sum_b sum_k (t_bk - y_bk)^2

    >>> import pytensor.tensor as pt
    >>> SquaredError()(pt.matrix("targets"), pt.matrix("outputs"))
    squared_error.output
    """

    output_roles = (COST,)

    def apply(self, targets, outputs):
        """Two (batch, columns) of one shape."""
        check_float(self, outputs, name="outputs")
        check_ndim(self, outputs, 2, "(batch, columns)", name="outputs")
        check_float(self, targets, outputs.type.dtype, name="targets")
        _check_alike(self, targets, outputs, "outputs")
        return pt.mean(pt.sum(pt.sqr(targets - outputs), axis=1))


class MisclassificationRate(Brick):
    """The fraction of rows whose largest output is not at the target; of equal outputs the first counts.

    >>> import pytensor.tensor as pt
    >>> MisclassificationRate()(pt.ivector("targets"), pt.matrix("probabilities"))
    misclassification_rate.output
    """

    def apply(self, targets, outputs):
        """Outputs (batch, classes); targets the same, or integers (batch,) or (batch, 1)."""
        _check_rows(self, targets, outputs, "outputs")
        if targets.type.dtype.startswith("float"):
            _check_alike(self, targets, outputs, "outputs")
            targets = pt.argmax(targets, axis=1)
        else:
            targets = as_class_numbers(self, targets, outputs)
        return pt.mean(pt.neq(pt.argmax(outputs, axis=1), targets).astype(outputs.type.dtype))


def _check_rows(brick, targets, scores, name: str) -> None:
    if not is_tensor(targets):
        raise UsageError(f"{brick.path}: targets must be a symbolic tensor, got {targets!r}")
    swapped = "; targets come first" if targets.type.dtype.startswith("float") else ""
    try:
        check_float(brick, scores, name=name)
    except UsageError as error:
        raise UsageError(f"{error}{swapped}") from None
    check_ndim(brick, scores, 2, "(batch, classes)", name=name)


def _check_alike(brick, targets, scores, name: str) -> None:
    known = zip(targets.type.shape, scores.type.shape, strict=False)
    if targets.type.ndim != scores.type.ndim or any(a != b for a, b in known if None not in (a, b)):
        raise ShapeError(
            f"{brick.path}: targets must have the shape of {name} {scores.type.shape}, got {targets.type.shape}"
        )
