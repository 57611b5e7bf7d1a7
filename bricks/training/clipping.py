"""Step rules that limit: the length of all steps together, or the norm of each unit's incoming weights."""

from typing import Annotated

import pytensor.tensor as pt
from pydantic import Field

from bricks.training.rule import Positive, StepRule, is_weight, like

Axis = Annotated[int, Field(ge=0, le=1)]


class StepClipping(StepRule):
    """Rescale all steps together where their joint length exceeds a threshold.

        norm = sqrt(sum of all squares, over all parameters)
        step <- step * threshold / max(norm, threshold)

    Put it before a rule that has a learning rate, and it clips gradients.
    Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks", 2013.

    Parameters
    ----------
    threshold : float
        Above 0: the greatest norm that is left as it is.

    Notes
    -----
    A norm beyond the dtype's range counts as a step that is not finite: it would quietly become a step of 0.
    """

    keeps_finite = True

    def __init__(self, threshold: Positive):
        super().__init__()
        self.threshold = self.add_hyperparameter("threshold", threshold)

    def compute_steps(self, steps):
        norm = global_norm(steps.values())
        norm.name = "the norm of all steps"
        self.watched = [norm]
        threshold = self.threshold.astype(norm.type.dtype)
        factor = threshold / pt.maximum(norm, threshold)
        return {p: step * like(factor, p) for p, step in steps.items()}, []


class VariableClipping(StepRule):
    """Max-norm: no unit's incoming weights get longer than a threshold.

        new = W - step
        step <- W - new * threshold / max(norm of new along axis, threshold)

    For matrices of role WEIGHT, or of no role at all (bare shared variables); others pass as they are. Put it
    last. Srebro and Shraibman, "Rank, trace-norm and max-norm", 2005; Srivastava et al., "Dropout", 2014.

    Parameters
    ----------
    threshold : float
        Above 0: the greatest norm. (One beyond the dtype's range counts as a step that is not finite: it
        would quietly become 0.)
    axis : int
        The axis summed over; 0 where columns are units, as in bricks' (input, output) matrices.
    """

    keeps_finite = True

    def __init__(self, threshold: Positive, axis: Axis = 0):
        super().__init__()
        self.threshold = self.add_hyperparameter("threshold", threshold)
        self.axis = self.checked("axis", axis, Axis)

    def compute_steps(self, steps):
        self.watched = []
        clipped = {p for p in steps if p.type.ndim == 2 and is_weight(p)}
        return {p: self._clipped(p, step) if p in clipped else step for p, step in steps.items()}, []

    def _clipped(self, parameter, step):
        new = parameter - step
        threshold = like(self.threshold, parameter)
        norm = pt.sqrt((new**2).sum(axis=self.axis, keepdims=True, acc_dtype=parameter.type.dtype))
        total = norm.sum()
        total.name = f"the sum of the norms of {parameter.name}"
        self.watched.append(total)
        return parameter - new * (threshold / pt.maximum(norm, threshold))


def global_norm(steps):
    """sqrt of the sum of all squares, over all the variables, in their widest dtype."""
    return pt.sqrt(sum((step**2).sum(acc_dtype=step.type.dtype) for step in steps))
