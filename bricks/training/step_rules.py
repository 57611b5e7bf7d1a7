"""Step rules: from the gradients of a cost to the steps of the parameters; and rules from plain data."""

import numpy as np
import pytensor.tensor as pt

from bricks.errors import UsageError, nearest
from bricks.training.clipping import StepClipping, VariableClipping
from bricks.training.rule import CompositeRule, Fraction, Positive, StepRule, like


class Scale(StepRule):
    """Plain gradient descent (SGD).

        step = learning_rate * gradient

    Robbins and Monro, "A stochastic approximation method", 1951.

    Parameters
    ----------
    learning_rate : float
        Above 0.
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


class Adam(StepRule):
    """Steps scaled by running estimates of each gradient's mean and square.

        t <- t + 1
        m <- beta1 * m + (1 - beta1) * gradient
        v <- beta2 * v + (1 - beta2) * gradient^2
        step = learning_rate * m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon)

    Kingma and Ba, "Adam: a method for stochastic optimization", 2015, algorithm 1; m and v are the buffers
    `first_moment` and `second_moment`, t is `time`. The defaults are the paper's.

    Parameters
    ----------
    learning_rate : float
        Above 0; about the size of a step.
    beta1, beta2 : float
        How much of the old mean and square stays; from 0 to below 1.
    epsilon : float
        Above 0; keeps the quotient finite where a gradient is always 0.
    """

    keeps_finite = True

    def __init__(
        self,
        learning_rate: Positive = 0.001,
        beta1: Fraction = 0.9,
        beta2: Fraction = 0.999,
        epsilon: Positive = 1e-8,
    ):
        super().__init__()
        self.learning_rate = self.add_hyperparameter("learning_rate", learning_rate)
        self.beta1 = self.add_hyperparameter("beta1", beta1, Fraction)
        self.beta2 = self.add_hyperparameter("beta2", beta2, Fraction)
        self.epsilon = self.add_hyperparameter("epsilon", epsilon)

    def compute_steps(self, steps):
        time = self.add_buffer("time", np.asarray(0, "int32"))
        first, second = self.add_buffers("first_moment", steps), self.add_buffers("second_moment", steps)
        new_time = time + np.int32(1)
        updates, new_steps = [(time, new_time)], {}
        for p, gradient in steps.items():
            beta1, beta2 = like(self.beta1, p), like(self.beta2, p)
            t = new_time.astype(p.type.dtype)
            mean = beta1 * first[p] + (1 - beta1) * gradient
            square = beta2 * second[p] + (1 - beta2) * gradient**2
            scale = pt.sqrt(square / (1 - beta2**t)) + like(self.epsilon, p)
            new_steps[p] = like(self.learning_rate, p) * (mean / (1 - beta1**t)) / scale
            updates += [(first[p], mean), (second[p], square)]
        return new_steps, updates


RULES = {"adam": Adam, "momentum": Momentum, "scale": Scale, "sgd": Scale}
"""Rules by the name that a config says; their constructors' annotations are what its values must fulfil."""


def build_step_rule(name: str, *, clip: float | None = None, max_norm: float | None = None, **settings) -> StepRule:
    """A step rule from plain data.

    Parameters
    ----------
    name : str
        One of `RULES`.
    clip : float, optional
        Clip the gradients' global norm first.
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
    for key in settings:
        if key not in known:
            raise UsageError(
                f"step rule {name!r}: unknown setting {key!r}; {nearest(key, [*known, 'clip', 'max_norm'])}"
            )
    try:
        rules = [rule(**settings)]
    except TypeError as error:
        raise UsageError(f"step rule {name!r}: {str(error).partition(' ')[2]}") from None
    before = [] if clip is None else [StepClipping(clip)]
    after = [] if max_norm is None else [VariableClipping(max_norm)]
    return CompositeRule([*before, *rules, *after]) if before or after else rules[0]
