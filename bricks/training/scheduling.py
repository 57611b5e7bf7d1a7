"""Hyper-parameters that change between epochs: by a factor, by a function of one's own, when nothing gets better.

What changes with every step, as warm-up and cosine do, is in `schedules`: `GradientDescent(schedules=...)`.
"""

import math
from collections.abc import Callable, Mapping

import numpy as np

from bricks.errors import CheckpointError, NotFiniteError, UsageError
from bricks.training.best import check_watched, watched
from bricks.training.extensions import Extension, check_count


class _Changing(Extension):
    """Changes one hyper-parameter of the loop's step rule."""

    def __init__(self, name: str, hyperparameter: str):
        super().__init__(name)
        self.hyperparameter = hyperparameter

    def before_training(self) -> None:
        self.main_loop.algorithm.step_rule.find_hyperparameter(self.hyperparameter)

    def change(self, function: Callable[[float], float]) -> None:
        """Give it a new value, from the old one."""
        variable = self.main_loop.algorithm.step_rule.find_hyperparameter(self.hyperparameter)
        value = np.asarray(function(float(variable.get_value())), variable.type.dtype)
        if not np.isfinite(value):
            raise NotFiniteError(f"{self.name}: {self.hyperparameter} must stay finite, got {value}")
        variable.set_value(value)


class Decay(_Changing):
    """Multiply a hyper-parameter by a factor after each epoch.

    Parameters
    ----------
    factor : float
        Above 0.
    hyperparameter : str
        Its name in the step rule.

    Examples
    --------
    >>> Decay(0.95).name
    'decay_learning_rate'
    """

    def __init__(self, factor: float, hyperparameter: str = "learning_rate"):
        super().__init__(f"decay_{hyperparameter}", hyperparameter)
        if not (math.isfinite(factor) and factor > 0):
            raise UsageError(f"Decay: factor must be above 0, got {factor!r}")
        self.factor = factor

    def after_epoch(self) -> None:
        self.change(lambda old: old * self.factor)


class Schedule(_Changing):
    """Set a hyper-parameter before each epoch, from the number of epochs done.

    Parameters
    ----------
    hyperparameter : str
        Its name in the step rule.
    function : callable
        From the number of epochs done to the value.

    Examples
    --------
    >>> warm_up = Schedule("momentum", lambda epoch: min(0.5 + 0.04 * epoch, 0.9))
    """

    def __init__(self, hyperparameter: str, function: Callable[[int], float]):
        super().__init__(f"schedule_{hyperparameter}", hyperparameter)
        self.function = function

    def before_epoch(self) -> None:
        self.change(lambda _: self.function(self.main_loop.epoch))


class Plateau(_Changing):
    """Multiply a hyper-parameter by a factor when an entry of the row has not got better for some epochs.

    Parameters
    ----------
    watch : str
        The entry; one that is not finite is no better.
    factor : float
        Above 0 and below 1.
    patience : int
        Epochs without a better value before the factor is applied; then they are counted anew.
    hyperparameter : str
        Its name in the step rule.
    least : float
        It is not made smaller than this.
    maximize : bool
        Whether greater is better.

    Examples
    --------
    >>> Plateau("valid_cost", factor=0.5, patience=3, least=1e-5).state_dict()
    {'best': None, 'stale': 0}
    """

    def __init__(
        self,
        watch: str,
        factor: float = 0.5,
        patience: int = 5,
        hyperparameter: str = "learning_rate",
        least: float = 0.0,
        maximize: bool = False,
    ):
        super().__init__(f"plateau_{hyperparameter}", hyperparameter)
        if not 0 < factor < 1:
            raise UsageError(f"Plateau: factor must be above 0 and below 1, got {factor!r}")
        self.watch, self.factor, self.least, self.maximize = watch, factor, least, maximize
        self.patience = check_count(self, "patience", patience, 1)
        self.best: float | None = None
        self.stale = 0

    def before_training(self) -> None:
        super().before_training()
        check_watched(self, self.watch)

    def after_epoch(self) -> None:
        value = watched(self, self.watch)
        better = self.best is None or (value > self.best if self.maximize else value < self.best)
        if math.isfinite(value) and better:
            self.best, self.stale = value, 0
            return
        self.stale += 1
        if self.stale >= self.patience:
            self.change(lambda old: min(old, max(old * self.factor, self.least)))
            self.stale = 0

    def state_dict(self) -> dict:
        return {"best": self.best, "stale": self.stale}

    def load_state_dict(self, state: Mapping) -> None:
        if set(state) != {"best", "stale"}:
            raise CheckpointError(f"extension {self.name}: the state must hold best and stale, got {sorted(state)}")
        self.best, self.stale = state["best"], state["stale"]
