"""Error rates: `rate(targets, what the model says)`, a scalar, the mean over rows, with masks as costs have them."""

import pytensor.tensor as pt

from bricks.brick import Brick
from bricks.errors import UsageError
from bricks.layers.checks import as_class_numbers, check_dim, check_mask
from bricks.layers.rows import check_alike, check_scores, classes_hit, mean_of_rows


class MisclassificationRate(Brick):
    """The fraction of rows whose target is not among the largest outputs.

    Of equal outputs the first counts as larger, also at the last place that counts; what is not a number is never
    right.

    Parameters
    ----------
    top_k : int
        How many of the largest outputs count as answers: 5 is ImageNet's top-5 error.
    **settings
        Of `Brick`.

    >>> import pytensor.tensor as pt
    >>> MisclassificationRate()(pt.ivector("targets"), pt.matrix("probabilities"))
    misclassification_rate.output
    """

    def __init__(self, top_k: int = 1, **settings):
        super().__init__(**settings)
        self.top_k = check_dim(self, "top_k", top_k)

    def apply(self, targets, outputs, mask=None):
        """Outputs (batch, classes) or (time, batch, classes); targets and mask as in `CategoricalCrossEntropy`."""
        columns = check_scores(self, targets, outputs, "outputs", "classes")
        mask = check_mask(self, mask, outputs)
        classes = outputs.type.shape[columns]
        if classes is not None and 1 < classes <= self.top_k:
            raise UsageError(
                f"{self.path}: top_k must be less than the {classes} classes, got {self.top_k}: nothing would be wrong"
            )
        if targets.type.dtype.startswith("float"):
            check_alike(self, targets, outputs, "outputs")
            targets = pt.argmax(targets, axis=columns)
        else:
            targets = as_class_numbers(self, targets, outputs)
        wrong = pt.neq(pt.argmax(outputs, axis=columns), targets) if self.top_k == 1 else self._missed(targets, outputs)
        return mean_of_rows(wrong.astype(outputs.type.dtype), mask)

    def _missed(self, targets, outputs):
        """Whether `top_k` outputs or more come before the target's."""
        axis = outputs.type.ndim - 1
        hits = classes_hit(targets, outputs)
        nan = pt.constant(float("nan"), dtype=outputs.type.dtype)
        own = pt.sum(pt.switch(hits, outputs, 0), axis=axis, keepdims=True)
        own = pt.switch(pt.any(hits, axis=axis, keepdims=True), own, nan)
        numbers = pt.arange(outputs.shape[axis])[(None,) * axis]
        later = pt.eq(outputs, own) & pt.ge(numbers, targets[..., None])
        # Those that come after the target's are counted, so that NaN, which compares as False, is among the others.
        after = pt.sum(pt.lt(outputs, own) | later, axis=axis)
        return pt.ge(outputs.shape[axis] - after, self.top_k)
