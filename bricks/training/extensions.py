"""Extensions: what happens around the steps of a main loop.

An extension overrides the callbacks it wants; the loop calls them in the order of its list of extensions. The
row of an epoch is made in `after_epoch`: so what measures comes before what judges, and what judges before
what saves.
"""

import math
import re
from collections.abc import Callable, Mapping

import numpy as np

from bricks.errors import CheckpointError, NotFiniteError, UsageError, nearest
from bricks.training.values import read_values, write_values

CALLBACKS = (
    "before_training",
    "before_epoch",
    "before_batch",
    "after_batch",
    "after_steps",
    "after_epoch",
    "on_interrupt",
    "after_training",
    "on_error",
)


class Extension:
    """Base of extensions; every callback does nothing until it is overridden.

    Parameters
    ----------
    name : str, optional
        Under which its state is saved, unique in a loop. Default: the class's name in lower snake case.

    Attributes
    ----------
    main_loop : MainLoop
        The loop it is in. `main_loop.row` is the row being made in `after_epoch`.
    adds : tuple of str
        Names of the entries that it adds to a row; only entries that somebody declares can be watched.
    """

    adds: tuple[str, ...] = ()

    def __init__(self, name: str | None = None):
        self.name = name or re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()
        self.main_loop = None

    def before_training(self) -> None:
        """Once for each `run`, a resumed one too, before the first step."""

    def before_epoch(self) -> None:
        """Before the first batch of an epoch."""

    def before_batch(self, batch) -> None:
        """Before a step, with its batch. Where this is overridden, a call has one step, unless asked for more."""

    def after_batch(self, batch) -> None:
        """After a step was handed over, with its batch; whoever reads a value waits for it. As `before_batch`."""

    def after_steps(self) -> None:
        """After a compiled call of one or several steps was handed over: the time to look at clocks and counts."""

    def steps_until_due(self) -> int | None:
        """After how many more steps at the latest `after_steps` must come; None if it may come any time."""

    def after_epoch(self) -> None:
        """When an epoch's steps are done: the time to add to `main_loop.row`."""

    def on_interrupt(self) -> None:
        """After the step in which Ctrl-C was pressed."""

    def after_training(self) -> None:
        """At the end, also after `on_interrupt`; not after an error."""

    def on_error(self, error: Exception) -> None:
        """When an exception ends the training, before it goes on to the caller."""

    def state_dict(self) -> dict:
        """What it needs to go on; empty if it remembers nothing."""
        return {}

    def load_state_dict(self, state: Mapping) -> None:
        """Go to a saved state."""
        if state:
            raise CheckpointError(f"extension {self.name}: has no state, the checkpoint holds {', '.join(state)}")


class FinishAfter(Extension):
    """Finish after so many epochs, or iterations, counted from the very beginning.

    A last epoch that is cut short by `iterations` makes no row.

    Parameters
    ----------
    epochs, iterations : int, optional
        At least one of them.
    """

    def __init__(self, epochs: int | None = None, iterations: int | None = None):
        super().__init__()
        if epochs is None and iterations is None:
            raise UsageError("FinishAfter: needs epochs or iterations")
        for name, value in (("epochs", epochs), ("iterations", iterations)):
            if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
                raise UsageError(f"FinishAfter: {name} must be an integer from 0, got {value!r}")
        self.epochs, self.iterations = epochs, iterations

    def before_training(self) -> None:
        self._look()

    def after_steps(self) -> None:
        if self.iterations is not None:
            self._look()

    def steps_until_due(self) -> int | None:
        return None if self.iterations is None else self.iterations - self.main_loop.iteration

    def after_epoch(self) -> None:
        self._look()

    def _look(self) -> None:
        if self.epochs is not None and self.main_loop.epoch >= self.epochs:
            self.main_loop.finish(f"{self.epochs} epochs done")
        elif self.iterations is not None and self.main_loop.iteration >= self.iterations:
            self.main_loop.finish(f"{self.iterations} iterations done")


class EarlyStopping(Extension):
    """Keep the parameters of the best epoch; finish when none was better for a while.

    Parameters
    ----------
    watch : str
        The entry of the row that says how good an epoch is. One that is not finite is never the best.
    patience : int, optional
        Finish when so many epochs in a row were no better than the best before them. Default: never.
    maximize : bool
        Whether greater is better.
    keep : mapping of str to shared variable, optional
        What to keep of the best epoch. Default: the algorithm's parameters and buffers.

    Attributes
    ----------
    best_value, best_epoch, best_iteration
        Of the best epoch; None before there is one.
    best_parameters : dict of str to array
        On the host; empty before there is a best epoch.
    improved : bool
        Whether the last epoch was the best so far, for extensions that come after.
    stale : int
        Epochs since the best one.
    """

    def __init__(
        self,
        watch: str = "valid_error",
        patience: int | None = 10,
        maximize: bool = False,
        keep: Mapping | None = None,
    ):
        super().__init__()
        if patience is not None and (isinstance(patience, bool) or not isinstance(patience, int) or patience < 1):
            raise UsageError(f"EarlyStopping: patience must be an integer from 1, got {patience!r}")
        self.watch, self.patience, self.maximize = watch, patience, maximize
        self._keep = keep
        self.best_value: float | None = None
        self.best_epoch: int | None = None
        self.best_iteration: int | None = None
        self.best_parameters: dict[str, np.ndarray] = {}
        self.improved, self.stale = False, 0

    @property
    def kept(self) -> dict:
        """The shared variables, by name, whose values of the best epoch are kept."""
        algorithm = self.main_loop.algorithm
        return dict(self._keep) if self._keep is not None else algorithm.parameters | algorithm.buffers

    def before_training(self) -> None:
        known = self.main_loop.row_entries
        if self.watch not in known:
            raise UsageError(f"EarlyStopping: watch={self.watch!r} is no entry of a row; {nearest(self.watch, known)}")
        self._look()

    def after_epoch(self) -> None:
        row = self.main_loop.row
        if self.watch not in row:
            raise UsageError(f"EarlyStopping: {self.watch!r} is not in the row yet; put what adds it before this")
        value = row[self.watch]
        self.improved = math.isfinite(value) and (
            self.best_value is None or (value > self.best_value if self.maximize else value < self.best_value)
        )
        self.stale = 0 if self.improved else self.stale + 1
        if self.improved:
            self.best_value, self.best_epoch, self.best_iteration = value, row["epoch"], row["iteration"]
            self.best_parameters = read_values(self.kept)
        self._look()

    def restore(self) -> None:
        """Give the kept variables the values of the best epoch."""
        if self.best_epoch is None:
            raise UsageError(f"EarlyStopping: there is no best epoch yet: no {self.watch} was finite")
        write_values(self.kept, self.best_parameters, "EarlyStopping, best parameters")

    def _look(self) -> None:
        if self.patience is not None and self.stale >= self.patience:
            self.main_loop.finish(f"{self.watch} did not get better for {self.stale} epochs")

    def state_dict(self) -> dict:
        return {name: getattr(self, name) for name in _BEST} | {"best_parameters": dict(self.best_parameters)}

    def load_state_dict(self, state: Mapping) -> None:
        missing = {*_BEST, "best_parameters"} - set(state)
        if missing:
            raise CheckpointError(f"extension {self.name}: the state lacks {', '.join(sorted(missing))}")
        for name in _BEST:
            setattr(self, name, state[name])
        self.best_parameters = dict(state["best_parameters"])


_BEST = ("best_value", "best_epoch", "best_iteration", "improved", "stale")


class Decay(Extension):
    """Multiply a hyper-parameter by a factor after each epoch.

    Parameters
    ----------
    factor : float
        Above 0.
    hyperparameter : str
        Its name in the step rule.
    """

    def __init__(self, factor: float, hyperparameter: str = "learning_rate"):
        super().__init__(f"decay_{hyperparameter}")
        if not (math.isfinite(factor) and factor > 0):
            raise UsageError(f"Decay: factor must be above 0, got {factor!r}")
        self.factor, self.hyperparameter = factor, hyperparameter

    def before_training(self) -> None:
        self.main_loop.algorithm.step_rule.find_hyperparameter(self.hyperparameter)

    def after_epoch(self) -> None:
        _set(self, self.main_loop.algorithm.step_rule, lambda old: old * self.factor)


class Schedule(Extension):
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
        super().__init__(f"schedule_{hyperparameter}")
        self.hyperparameter, self.function = hyperparameter, function

    def before_training(self) -> None:
        self.main_loop.algorithm.step_rule.find_hyperparameter(self.hyperparameter)

    def before_epoch(self) -> None:
        _set(self, self.main_loop.algorithm.step_rule, lambda _: self.function(self.main_loop.epoch))


def _set(extension, step_rule, change: Callable) -> None:
    variable = step_rule.find_hyperparameter(extension.hyperparameter)
    value = np.asarray(change(float(variable.get_value())), variable.type.dtype)
    if not np.isfinite(value):
        raise NotFiniteError(f"{extension.name}: {extension.hyperparameter} must stay finite, got {value}")
    variable.set_value(value)


class FiniteRows(Extension):
    """End the training where an entry of an epoch's row is not finite, though all its steps were.

    Put it after what measures. (Steps that are not finite the main loop finds itself.)
    """

    def after_epoch(self) -> None:
        for key, value in self.main_loop.row.items():
            if isinstance(value, float) and not math.isfinite(value):
                epoch = self.main_loop.row["epoch"]
                raise NotFiniteError(f"epoch {epoch}: {key} is {value}, though all training steps were finite")
