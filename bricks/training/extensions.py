"""Extensions: what happens around the steps of a main loop.

An extension overrides the callbacks it wants; the loop calls them in the order of its list of extensions. The
row of an epoch is made in `after_epoch`: so what measures comes before what judges, and what judges before
what saves.
"""

import math
import re
from collections.abc import Callable, Mapping

from bricks.errors import CheckpointError, NotFiniteError, UsageError, nearest

CALLBACKS = (
    "before_training",
    "before_epoch",
    "before_batch",
    "after_batch",
    "after_steps",
    "after_epoch",
    "on_interrupt",
    "on_error",
    "after_training",
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

    def on_error(self, error: Exception) -> None:
        """When an exception ends the training, before `after_training`; then it goes on to the caller."""

    def after_training(self) -> None:
        """At the end, whatever ended it: also after `on_interrupt` and `on_error`."""

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

    Examples
    --------
    >>> FinishAfter(epochs=30).epochs, FinishAfter(iterations=10_000).iterations
    (30, 10000)
    """

    def __init__(self, epochs: int | None = None, iterations: int | None = None):
        super().__init__()
        if epochs is None and iterations is None:
            raise UsageError("FinishAfter: needs epochs or iterations")
        self.epochs = check_count(self, "epochs", epochs, 0)
        self.iterations = check_count(self, "iterations", iterations, 0)

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


class Callback(Extension):
    """Functions of one's own as callbacks; each is called with the loop, and with what the callback gets.

    Parameters
    ----------
    every : int, optional
        `after_steps` comes after each so many iterations, and only then.
    name : str, optional
        Needed where a loop has several of them.
    **functions : callable
        By the names of the callbacks.

    Examples
    --------
    >>> costs = Callback(after_epoch=lambda loop: print(loop.row["train_cost"]))
    >>> every_hundred = Callback(every=100, after_steps=lambda loop: print(loop.iteration), name="counter")
    """

    def __init__(self, *, every: int | None = None, name: str | None = None, **functions: Callable):
        super().__init__(name)
        self.every = check_count(self, "every", every, 1)
        for callback, function in functions.items():
            if callback not in CALLBACKS:
                raise UsageError(f"Callback: no callback is called {callback!r}; {nearest(callback, CALLBACKS)}")
            if not callable(function):
                raise UsageError(f"Callback: {callback} must be a function, got {function!r}")
            setattr(self, callback, self._called(callback, function))

    def steps_until_due(self) -> int | None:
        return None if self.every is None else self.every - self.main_loop.iteration % self.every

    def _called(self, callback: str, function: Callable) -> Callable:
        def call(*arguments):
            if callback != "after_steps" or self.every is None or self.main_loop.iteration % self.every == 0:
                function(self.main_loop, *arguments)

        return call


class Timing(Extension):
    """Add to a row's `time` how long the epoch's steps took in all, and each: `epoch` and `step`, in seconds.

    Put it first, so that what other extensions do after an epoch isn't counted.

    >>> Timing().name
    'timing'
    """

    def __init__(self):
        super().__init__()
        self._began = 0.0
        self._steps = 0

    def before_epoch(self) -> None:
        self._began, self._steps = self.main_loop.time["total"], self.main_loop.iteration

    def after_epoch(self) -> None:
        loop = self.main_loop
        seconds, steps = loop.time["total"] - self._began, loop.iteration - self._steps
        loop.row["time"] |= {"epoch": round(seconds, 6), "step": round(seconds / steps, 9)}

    def state_dict(self) -> dict:
        return {"time": {"began": self._began}, "steps": self._steps}

    def load_state_dict(self, state: Mapping) -> None:
        if state:  # a checkpoint of before there was this extension has none
            self._began, self._steps = state["time"]["began"], state["steps"]


class FiniteRows(Extension):
    """End the training where an entry of an epoch's row is not finite, though all its steps were.

    Put it after what measures. (Steps that are not finite the main loop finds itself.)

    >>> FiniteRows().name
    'finite_rows'
    """

    def after_epoch(self) -> None:
        for key, value in self.main_loop.row.items():
            if isinstance(value, float) and not math.isfinite(value):
                epoch = self.main_loop.row["epoch"]
                raise NotFiniteError(f"epoch {epoch}: {key} is {value}, though all training steps were finite")


def check_count(extension: Extension, what: str, value, least: int) -> int | None:
    """An integer from `least` on, or None."""
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < least):
        raise UsageError(f"{type(extension).__name__}: {what} must be an integer from {least}, got {value!r}")
    return value
