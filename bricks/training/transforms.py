"""Step rules without a learning rate: they change other rules' steps, or choose whose steps are changed."""

from collections.abc import Iterable
from typing import Annotated

import pytensor.tensor as pt
from pydantic import Field, FiniteFloat
from pytensor.graph.basic import Variable

from bricks.errors import UsageError
from bricks.graph import VariableFilter, named_parameters
from bricks.roles import Role, has_roles
from bricks.training.health import all_finite
from bricks.training.rule import NotNegative, StepRule, is_weight, like

Part = Annotated[FiniteFloat, Field(ge=0, le=1)]


class WeightDecay(StepRule):
    """Add a part of each weight to its step.

        step <- step + weight_decay * weight

    Before a rule with a learning rate it is the gradient of the penalty weight_decay / 2 * weight^2 (so is
    `weight_decay` in a config); what that rule does to a gradient it does to the penalty's too. After it, weights
    shrink by that part in each step: decoupled weight decay (which `AdamW` multiplies by the learning rate).
    Hanson and Pratt, "Comparing biases for minimal network construction with back-propagation", 1989; Krogh and Hertz,
    "A simple weight decay can improve generalization", 1992.

    Parameters
    ----------
    weight_decay : float
        At least 0.
    roles : Role or sequence of Role, optional
        Whose values decay. By default weights alone (role WEIGHT, or matrices of no role at all); biases, scales and
        shifts are left alone.
    """

    keeps_finite = True

    def __init__(self, weight_decay: NotNegative, roles: Role | Iterable[Role] | None = None):
        super().__init__()
        self.weight_decay = self.add_hyperparameter("weight_decay", weight_decay, NotNegative)
        self.roles = roles if roles is None or isinstance(roles, Role) else tuple(roles)

    def compute_steps(self, steps):
        decaying = {p for p in steps if (is_weight(p) if self.roles is None else has_roles(p, self.roles))}
        return {p: s + like(self.weight_decay, p) * p if p in decaying else s for p, s in steps.items()}, []


class RemoveNotFinite(StepRule):
    """Where anything in a parameter's step is not finite, replace the whole of that step.

        parameter <- scaler * parameter

    Put it first, and a gradient that is not finite reaches no velocity and no moment: the other parameters are trained
    by this batch, this one is not. A cost that is not finite makes the whole step take no effect, as ever; so does a
    step that a later rule makes infinite.

    Parameters
    ----------
    scaler : float
        From 0 to 1. With 1 the parameter stays as it is, as far as later rules leave a step of 0 at that (a velocity
        goes on); with less it shrinks, which may lead out of where gradients overflow.

    Notes
    -----
    A step too large to be squared counts as not finite, as in the guard of `GradientDescent`, which looks at steps and
    buffers instead of gradients then: that costs a little more.
    """

    def __init__(self, scaler: Part = 1.0):
        super().__init__()
        self.scaler = self.add_hyperparameter("scaler", scaler, Part)

    def compute_steps(self, steps):
        return {p: pt.switch(all_finite([s]), s, (1 - like(self.scaler, p)) * p) for p, s in steps.items()}, []


class Restrict(StepRule):
    """Apply a rule to some parameters; the steps of the others pass as they are.

    Groups of parameters with rules of their own are several of these, each with a name:

        CompositeRule([Restrict(Momentum(0.1), encoder, name="encoder"), Restrict(Adam(), decoder, name="decoder")])

    (what is in no group is trained by its bare gradient).

    Parameters
    ----------
    rule : StepRule
    parameters : list of shared variables, or VariableFilter
        To which; a filter picks among those that are trained.
    name : str, optional
        Goes before the names of hyper-parameters and buffers (`encoder/momentum/learning_rate`), so that two groups may
        have the same rule.

    Raises
    ------
    UsageError
        Where a parameter is not trained, or a filter finds none that is.

    Examples
    --------
    >>> from bricks.roles import BIAS
    >>> from bricks.training import CompositeRule, Scale
    >>> slower = Restrict(Scale(0.1), VariableFilter(role=BIAS), name="biases")
    >>> list(CompositeRule([slower, Scale(0.5)]).hyperparameters)
    ['biases/scale/learning_rate', 'scale/learning_rate']
    """

    def __init__(self, rule: StepRule, parameters: Iterable[Variable] | VariableFilter, name: str | None = None):
        super().__init__()
        if not isinstance(rule, StepRule):
            raise UsageError(f"Restrict: rule must be a step rule such as Scale(0.1), got {rule!r}")
        if name is not None:
            rule.put_under(name)
        self.rule = rule
        self.parameters = parameters if isinstance(parameters, VariableFilter) else list(parameters)
        self.hyperparameters = dict(rule.hyperparameters)
        self.keeps_finite = rule.keeps_finite

    def put_under(self, group: str) -> None:
        self.rule.put_under(group)
        super().put_under(group)

    def use(self) -> None:
        super().use()
        self.rule.use()

    def compute_steps(self, steps):
        chosen = self._chosen(steps)
        new, updates = self.rule.compute_steps({p: steps[p] for p in steps if p in chosen})
        self.buffers, self.watched = dict(self.rule.buffers), list(self.rule.watched)
        return {p: new.get(p, step) for p, step in steps.items()}, updates

    def _chosen(self, steps) -> set:
        trained = ", ".join(named_parameters(steps))
        if isinstance(self.parameters, VariableFilter):
            found = set(self.parameters(steps))
            if not found:
                raise UsageError(f"Restrict: the filter finds none of the parameters that are trained: {trained}")
            return found
        for parameter in self.parameters:
            if parameter not in steps:
                raise UsageError(f"Restrict: {parameter} is not among the parameters that are trained: {trained}")
        return set(self.parameters)
