"""Which epoch was the best, and what follows from it: keep its parameters, stop when none was better for a while."""

import math
from collections.abc import Mapping

import numpy as np

from bricks.errors import CheckpointError, UsageError, nearest
from bricks.training.extensions import Extension, check_count
from bricks.training.values import read_values, write_values


class TrackTheBest(Extension):
    """Note which epoch was the best by an entry of the row.

    Parameters
    ----------
    watch : str
        The entry. One that is not finite is never the best; of equal ones the first is.
    maximize : bool
        Whether greater is better.

    Attributes
    ----------
    best_value, best_epoch, best_iteration
        Of the best epoch; None before there is one.
    improved : bool
        Whether the last epoch was the best so far, for extensions that come after.
    stale : int
        Epochs since the best one.

    Examples
    --------
    >>> best = TrackTheBest("valid_error")
    >>> best.best_epoch, best.improved
    (None, False)
    """

    def __init__(self, watch: str, maximize: bool = False, name: str | None = None):
        super().__init__(name)
        self.watch, self.maximize = watch, maximize
        self.best_value: float | None = None
        self.best_epoch: int | None = None
        self.best_iteration: int | None = None
        self.improved, self.stale = False, 0

    def before_training(self) -> None:
        check_watched(self, self.watch)

    def after_epoch(self) -> None:
        row = self.main_loop.row
        value = watched(self, self.watch)
        self.improved = math.isfinite(value) and (
            self.best_value is None or (value > self.best_value if self.maximize else value < self.best_value)
        )
        self.stale = 0 if self.improved else self.stale + 1
        if self.improved:
            self.best_value, self.best_epoch, self.best_iteration = value, row["epoch"], row["iteration"]

    def state_dict(self) -> dict:
        return {name: getattr(self, name) for name in _BEST}

    def load_state_dict(self, state: Mapping) -> None:
        missing = set(_BEST) - set(state)
        if missing:
            raise CheckpointError(f"extension {self.name}: the state lacks {', '.join(sorted(missing))}")
        for name in _BEST:
            setattr(self, name, state[name])


_BEST = ("best_value", "best_epoch", "best_iteration", "improved", "stale")


class FinishIfNoImprovement(Extension):
    """Finish when so many epochs, or iterations, have gone by since the best one.

    Parameters
    ----------
    best : TrackTheBest
        Who knows it; an extension of the same loop, before this one.
    epochs, iterations : int, optional
        One of them, from 1. Before there is a best epoch they count from the beginning.

    Examples
    --------
    >>> best = TrackTheBest("valid_error")
    >>> extensions = [best, FinishIfNoImprovement(best, epochs=5)]
    """

    def __init__(self, best: TrackTheBest, epochs: int | None = None, iterations: int | None = None):
        super().__init__()
        if (epochs is None) == (iterations is None):
            raise UsageError("FinishIfNoImprovement: needs epochs or iterations, one of them")
        self.best = best
        self.epochs = check_count(self, "epochs", epochs, 1)
        self.iterations = check_count(self, "iterations", iterations, 1)

    def before_training(self) -> None:
        if self.best not in self.main_loop.extensions:
            raise UsageError(f"FinishIfNoImprovement: {self.best.name} must be an extension of the loop, before this")
        self._look()

    def after_epoch(self) -> None:
        self._look()

    def _look(self) -> None:
        loop, best = self.main_loop, self.best
        if self.epochs is not None and loop.epoch - (best.best_epoch or 0) >= self.epochs:
            loop.finish(f"{best.watch} did not get better for {self.epochs} epochs")
        elif self.iterations is not None and loop.iteration - (best.best_iteration or 0) >= self.iterations:
            loop.finish(f"{best.watch} did not get better for {self.iterations} iterations")


class EarlyStopping(TrackTheBest):
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
    best_parameters : dict of str to array
        On the host; empty before there is a best epoch.

    Examples
    --------
    >>> stopping = EarlyStopping("valid_cost", patience=3)
    >>> stopping.watch, stopping.patience, stopping.stale
    ('valid_cost', 3, 0)
    """

    def __init__(
        self,
        watch: str = "valid_error",
        patience: int | None = 10,
        maximize: bool = False,
        keep: Mapping | None = None,
    ):
        super().__init__(watch, maximize)
        self.patience = check_count(self, "patience", patience, 1)
        self._keep = keep
        self.best_parameters: dict[str, np.ndarray] = {}

    @property
    def kept(self) -> dict:
        """The shared variables, by name, whose values of the best epoch are kept."""
        algorithm = self.main_loop.algorithm
        return dict(self._keep) if self._keep is not None else algorithm.parameters | algorithm.buffers

    def before_training(self) -> None:
        super().before_training()
        self._look()

    def after_epoch(self) -> None:
        super().after_epoch()
        if self.improved:
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
        return super().state_dict() | {"best_parameters": dict(self.best_parameters)}

    def load_state_dict(self, state: Mapping) -> None:
        super().load_state_dict(state)
        if "best_parameters" not in state:
            raise CheckpointError(f"extension {self.name}: the state lacks best_parameters")
        self.best_parameters = dict(state["best_parameters"])


def check_watched(extension: Extension, entry: str) -> None:
    """UsageError, before anything is trained, where no row will have the entry."""
    known = extension.main_loop.row_entries
    if entry not in known:
        kind = type(extension).__name__
        raise UsageError(f"{kind}: watch={entry!r} is no entry of a row; {nearest(entry, known)}")


def watched(extension: Extension, entry: str) -> float:
    """The entry of the row that is being made; UsageError where it isn't there yet, or is no number."""
    row, kind = extension.main_loop.row, type(extension).__name__
    if entry not in row:
        raise UsageError(f"{kind}: {entry!r} is not in the row yet; put what adds it before this")
    if not isinstance(row[entry], int | float):
        raise UsageError(f"{kind}: {entry!r} must be a number to be watched, got {type(row[entry]).__name__}")
    return row[entry]
