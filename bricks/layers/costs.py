"""Costs: `cost(targets, what the model says)`, a scalar, the mean over the batch.

Outputs are (batch, columns), or sequences (time, batch, columns), whose every step then counts like an example.
A `mask` says which do: `cost(targets, outputs, mask=mask)` is sum(mask * cost) / sum(mask), and what is where the
mask is 0, such as a class number that pads, is not looked at.
"""

import pytensor.tensor as pt
from pytensor.tensor.special import log_softmax

from bricks.brick import Brick
from bricks.layers.checks import as_class_numbers, check_float, check_mask
from bricks.layers.rows import check_alike, check_scores, classes_hit, mean_of_rows
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
        columns = check_scores(self, targets, logits, "logits", "classes")
        mask = check_mask(self, mask, logits)
        if targets.type.dtype.startswith("float"):
            check_alike(self, targets, logits, "logits")
            probabilities = targets.astype(logits.type.dtype)
            return -mean_of_rows(pt.sum(probabilities * log_softmax(logits, axis=-1), axis=columns), mask)
        targets = as_class_numbers(self, targets, logits)
        hits = classes_hit(targets, logits)
        own = pt.sum(pt.switch(hits, log_softmax(logits, axis=-1), 0), axis=columns)
        nan = pt.constant(float("nan"), dtype=logits.type.dtype)
        return -mean_of_rows(pt.switch(pt.any(hits, axis=columns), own, nan), mask)


class BinaryCrossEntropy(Brick):
    """Mean negative log-probability of yes-or-no targets under logistic(logits), summed over columns.

        cost = -1/n sum_b sum_k t_bk log p_bk + (1 - t_bk) log(1 - p_bk),   p = 1 / (1 + exp(-logits))

    over the n rows b that count: examples, or steps of examples. On logits, what comes before the logistic function,
    so that cost and gradient (p - t) / n stay exact however large they are. A target that is not between 0 and 1 makes
    the cost NaN.

    >>> import pytensor.tensor as pt
    >>> BinaryCrossEntropy()(pt.matrix("targets"), pt.matrix("logits"))
    binary_cross_entropy.output
    """

    output_roles = (COST,)

    def apply(self, targets, logits, mask=None):
        """The mean cost of a row.

        Parameters
        ----------
        targets : variable
            Probabilities, bools or integers 0 and 1, of the shape of `logits`.
        logits : float variable, (batch, columns) or (time, batch, columns)
        mask : variable, (batch,) or (time, batch), optional
            1 where a row counts, 0 where it does not.
        """
        columns = check_scores(self, targets, logits, "logits", "columns")
        mask = check_mask(self, mask, logits)
        check_alike(self, targets, logits, "logits")
        yes = targets.astype(logits.type.dtype)
        # Two terms, neither of which cancels: softplus(z) - t z would, at large z and t = 1.
        each = yes * pt.softplus(-logits) + (1 - yes) * pt.softplus(logits)
        nan = pt.constant(float("nan"), dtype=logits.type.dtype)
        return mean_of_rows(pt.sum(pt.switch(pt.ge(yes, 0) & pt.le(yes, 1), each, nan), axis=columns), mask)


class _Distance(Brick):
    """A sum over columns of something of the differences between targets and outputs, mean over rows."""

    output_roles = (COST,)

    def apply(self, targets, outputs, mask=None):
        """Targets and outputs (batch, columns) or (time, batch, columns), of one shape; mask: their first axes."""
        columns = check_scores(self, targets, outputs, "outputs", "columns")
        mask = check_mask(self, mask, outputs)
        check_float(self, targets, outputs.type.dtype, name="targets")
        check_alike(self, targets, outputs, "outputs")
        return mean_of_rows(pt.sum(self.of(targets - outputs), axis=columns), mask)


class SquaredError(_Distance):
    """Squared distance between targets and outputs, summed over columns, mean over rows.

        cost = 1/n sum_b sum_k (t_bk - y_bk)^2

    over the n rows b that count: examples, or steps of examples.

    >>> import pytensor.tensor as pt
    >>> SquaredError()(pt.matrix("targets"), pt.matrix("outputs"))
    squared_error.output
    """

    def of(self, differences):
        return pt.sqr(differences)


class AbsoluteError(_Distance):
    """Absolute differences between targets and outputs, summed over columns, mean over rows.

        cost = 1/n sum_b sum_k |t_bk - y_bk|

    over the n rows b that count: examples, or steps of examples. Its least is at medians, where `SquaredError`'s is at
    means; where target and output are equal, its gradient is 0.

    >>> import pytensor.tensor as pt
    >>> AbsoluteError()(pt.matrix("targets"), pt.matrix("outputs"))
    absolute_error.output
    """

    def of(self, differences):
        return pt.abs(differences)
