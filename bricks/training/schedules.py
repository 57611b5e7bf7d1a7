"""Schedules: a factor on a hyper-parameter as a function of the steps done, computed inside the compiled step.

    value in a step = hyper-parameter * factor(steps done)

So a schedule has no state of its own, is exact also where one call makes many steps, and goes with any other change of
the hyper-parameter itself (`Decay`, `Plateau`, by hand). `factor` is one formula for numbers and for symbols:

>>> [round(float(WarmUp(4, then=Cosine(10)).factor(step)), 3) for step in (0, 3, 4, 9, 14)]
[0.25, 1.0, 1.0, 0.5, 0.0]
"""

import dataclasses
import math
from abc import ABC, abstractmethod

import numpy as np

from bricks.errors import UsageError


class Schedule(ABC):
    """A factor on a hyper-parameter; a subclass says which in `factor`."""

    @abstractmethod
    def factor(self, step, xp=np):
        """The factor in the step after `step` steps; `xp` is the module of `where`, `minimum`, `cos` and `floor`."""


@dataclasses.dataclass(frozen=True)
class Constant(Schedule):
    """factor = value

    >>> Constant(0.5).factor(100)
    0.5
    """

    value: float = 1.0

    def factor(self, step, xp=np):
        return self.value + 0 * step


@dataclasses.dataclass(frozen=True)
class Step(Schedule):
    """factor = by^floor(step / every)

    Parameters
    ----------
    every : int
        Steps from one drop to the next.
    by : float

    Examples
    --------
    >>> [float(Step(10, by=0.5).factor(step)) for step in (0, 9, 10, 25)]
    [1.0, 1.0, 0.5, 0.25]
    """

    every: float
    by: float = 0.1

    def __post_init__(self):
        _check(self, every=self.every, by=self.by)

    def factor(self, step, xp=np):
        return self.by ** xp.floor(step / self.every)


@dataclasses.dataclass(frozen=True)
class Exponential(Schedule):
    """factor = by^(step / every), a little in each step.

    >>> [round(float(Exponential(10, by=0.25).factor(step)), 3) for step in (0, 5, 10)]
    [1.0, 0.5, 0.25]
    """

    every: float
    by: float = 0.1

    def __post_init__(self):
        _check(self, every=self.every, by=self.by)

    def factor(self, step, xp=np):
        return self.by ** (step / self.every)


@dataclasses.dataclass(frozen=True)
class Cosine(Schedule):
    """factor = final + (1 - final) (1 + cos(pi t)) / 2,  t = min(step / steps, 1)

    Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", 2017, without restarts.

    Parameters
    ----------
    steps : int
        From 1 down to `final`, where it stays.
    final : float

    Examples
    --------
    >>> [round(float(Cosine(10, final=0.2).factor(step)), 3) for step in (0, 5, 10, 99)]
    [1.0, 0.6, 0.2, 0.2]
    """

    steps: float
    final: float = 0.0

    def __post_init__(self):
        _check(self, steps=self.steps)

    def factor(self, step, xp=np):
        return _cosine(1.0, self.final, step / self.steps, xp)


@dataclasses.dataclass(frozen=True)
class WarmUp(Schedule):
    """factor = (step + 1) / steps at first, then that of another schedule, which begins where the warm-up ends.

    Goyal et al., "Accurate, large minibatch SGD: training ImageNet in 1 hour", 2017.

    >>> [float(WarmUp(4, then=Step(2, by=0.5)).factor(step)) for step in (0, 3, 4, 6)]
    [0.25, 1.0, 1.0, 0.5]
    """

    steps: float
    then: Schedule = Constant()

    def __post_init__(self):
        _check(self, steps=self.steps)

    def factor(self, step, xp=np):
        after = self.then.factor(xp.maximum(step - self.steps, 0), xp)
        return xp.where(step < self.steps, (step + 1) / self.steps, after)


@dataclasses.dataclass(frozen=True)
class OneCycle(Schedule):
    """From `start` up to 1 and down to `final`, half a cosine each.

    Smith and Topin, "Super-convergence: very fast training of neural networks using large learning rates", 2018.

    Parameters
    ----------
    steps : int
        Of the whole cycle; then it stays at `final`.
    warm_up : float
        The part of it that goes up.
    start, final : float

    Examples
    --------
    >>> [round(float(OneCycle(10, warm_up=0.5, start=0.2).factor(step)), 3) for step in (0, 5, 10)]
    [0.2, 1.0, 0.0]
    """

    steps: float
    warm_up: float = 0.3
    start: float = 0.04
    final: float = 4e-6

    def __post_init__(self):
        _check(self, steps=self.steps, start=self.start, final=self.final)
        if not 0 < self.warm_up < 1:
            raise UsageError(f"OneCycle: warm_up must be between 0 and 1, got {self.warm_up!r}")

    def factor(self, step, xp=np):
        top = self.warm_up * self.steps
        down = _cosine(1.0, self.final, xp.maximum(step - top, 0) / (self.steps - top), xp)
        return xp.where(step < top, _cosine(self.start, 1.0, step / top, xp), down)


def _cosine(first: float, last: float, part, xp):
    """From `first`, at part 0, to `last`, from part 1 on."""
    return last + (first - last) * (1 + xp.cos(math.pi * xp.minimum(part, 1.0))) / 2


def _check(schedule: Schedule, **positive: float) -> None:
    for name, value in positive.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
            raise UsageError(f"{type(schedule).__name__}: {name} must be above 0, got {value!r}")
