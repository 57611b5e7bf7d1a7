"""Step rules: from the gradients of a cost to the steps of the parameters; and rules from plain data.

Those here are plain descent and momentum; `adaptive` has those that look at each value's gradients, `clipping` and
`transforms` those that change the steps of others.
"""

from bricks.errors import UsageError, nearest
from bricks.training.adaptive import AdaDelta, AdaGrad, Adam, Adamax, AdamW, RMSProp
from bricks.training.clipping import StepClipping, VariableClipping
from bricks.training.rule import CompositeRule, Fraction, Positive, StepRule, like
from bricks.training.transforms import WeightDecay


class Scale(StepRule):
    """Plain gradient descent (SGD).

        step = learning_rate * gradient

    Robbins and Monro, "A stochastic approximation method", 1951.

    Parameters
    ----------
    learning_rate : float
        Above 0.

    Examples
    --------
    >>> Scale(0.1)
    <Scale learning_rate=0.1>
    """

    keeps_finite = True

    def __init__(self, learning_rate: Positive):
        super().__init__()
        self.learning_rate = self.add_hyperparameter("learning_rate", learning_rate)

    def compute_steps(self, steps):
        return {p: like(self.learning_rate, p) * step for p, step in steps.items()}, []


class Momentum(StepRule):
    """Gradient descent with a velocity.

        velocity <- momentum * velocity + learning_rate * gradient
        step = velocity

    Polyak, "Some methods of speeding up the convergence of iteration methods", 1964.

    Parameters
    ----------
    learning_rate : float
        Above 0.
    momentum : float
        From 0 (then it is `Scale`) to below 1. The usual 0.9 makes a steady gradient's steps ten times as
        long.

    Examples
    --------
    >>> Momentum(0.1)
    <Momentum learning_rate=0.1 momentum=0.9>
    """

    keeps_finite = True

    def __init__(self, learning_rate: Positive, momentum: Fraction = 0.9):
        super().__init__()
        self.learning_rate = self.add_hyperparameter("learning_rate", learning_rate)
        self.momentum = self.add_hyperparameter("momentum", momentum, Fraction)

    def compute_steps(self, steps):
        velocities = self.add_buffers("velocity", steps)
        steps = {
            p: like(self.momentum, p) * velocities[p] + like(self.learning_rate, p) * step for p, step in steps.items()
        }
        return steps, [(velocities[p], step) for p, step in steps.items()]


class Nesterov(Momentum):
    """Momentum whose gradient is taken where the velocity is about to lead.

        velocity <- momentum * velocity + learning_rate * gradient
        step = momentum * velocity + learning_rate * gradient

    Nesterov, "A method of solving a convex programming problem with convergence rate O(1/k^2)", 1983; Sutskever,
    Martens, Dahl and Hinton, "On the importance of initialization and momentum in deep learning", 2013. The parameters
    that are kept are the points where gradients are taken (Bengio, Boulanger-Lewandowski and Pascanu, "Advances in
    optimizing recurrent networks", 2013, eq. 7).

    Parameters
    ----------
    learning_rate : float
        Above 0.
    momentum : float
        From 0 (then it is `Scale`) to below 1.

    Examples
    --------
    >>> Nesterov(0.1, momentum=0.95)
    <Nesterov learning_rate=0.1 momentum=0.95>
    """

    def compute_steps(self, steps):
        velocities, updates = super().compute_steps(steps)
        return {
            p: like(self.momentum, p) * velocities[p] + like(self.learning_rate, p) * gradient
            for p, gradient in steps.items()
        }, updates


RULES = {
    "adadelta": AdaDelta,
    "adagrad": AdaGrad,
    "adam": Adam,
    "adamax": Adamax,
    "adamw": AdamW,
    "momentum": Momentum,
    "nesterov": Nesterov,
    "rmsprop": RMSProp,
    "scale": Scale,
    "sgd": Scale,
}
"""Rules by the name that a config says; their constructors' annotations are what its values must fulfil."""


def build_step_rule(
    name: str,
    *,
    clip: float | None = None,
    weight_decay: float | None = None,
    max_norm: float | None = None,
    **settings,
) -> StepRule:
    """A step rule from plain data.

    Parameters
    ----------
    name : str
        One of `RULES`.
    clip : float, optional
        Clip the gradients' global norm first.
    weight_decay : float, optional
        Add this part of each weight to its gradient, after clipping (see `WeightDecay`). A rule that has a weight_decay
        itself, such as `adamw`, is given it instead.
    max_norm : float, optional
        Keep weight columns within this norm.
    **settings
        The rule's own hyper-parameters.

    Raises
    ------
    UsageError
        For an unknown rule or hyper-parameter, with the nearest known one, and for values out of range.

    Examples
    --------
    >>> build_step_rule("momentum", learning_rate=0.1, clip=5.0).components
    (<StepClipping threshold=5>, <Momentum learning_rate=0.1 momentum=0.9>)
    """
    if name not in RULES:
        raise UsageError(f"unknown step rule {name!r}; {nearest(name, RULES)}")
    rule = RULES[name]
    known = [key for key in rule.__init__.__annotations__ if key != "return"]
    if "weight_decay" in known and weight_decay is not None:
        settings["weight_decay"] = weight_decay
        weight_decay = None
    for key in settings:
        if key not in known:
            offered = [*known, "clip", "weight_decay", "max_norm"]
            raise UsageError(f"step rule {name!r}: unknown setting {key!r}; {nearest(key, offered)}")
    try:
        rules = [rule(**settings)]
    except TypeError as error:
        raise UsageError(f"step rule {name!r}: {str(error).partition(' ')[2]}") from None
    before = [] if clip is None else [StepClipping(clip)]
    before += [] if weight_decay is None else [WeightDecay(weight_decay)]
    after = [] if max_norm is None else [VariableClipping(max_norm)]
    return CompositeRule([*before, *rules, *after]) if before or after else rules[0]
