"""The main loop: batches to the algorithm, extensions around it, a row of the log for each epoch."""

import logging
import time
from collections.abc import Iterable, Mapping

from bricks.errors import CheckpointError, DataError, NotFiniteError, UsageError, nearest
from bricks.training.extensions import CALLBACKS, Extension
from bricks.training.grouping import Grouping
from bricks.training.interrupts import Interrupts
from bricks.training.log import Rows

logger = logging.getLogger("bricks")

MOST_SKIPPED = 10
"""Batches in a row that may be skipped; if none of so many gives a finite step, something else is wrong."""


class MainLoop:
    """Train: one step for each batch of a stream, epoch after epoch, until an extension says to finish.

    Callbacks come in this order, each to the extensions in the order of their list::

        before_training
            before_epoch
                before_batch(batch), the step, after_batch(batch)      for each batch
                after_steps                                            for each compiled call
            after_epoch, then the row is appended to the log           for each epoch
        on_interrupt                                                   if Ctrl-C was pressed
        on_error(error)                                                if an exception ends it
        after_training                                                 whatever ended it

    Parameters
    ----------
    algorithm : GradientDescent or alike
    stream : DataStream or alike
        Its sources are compared with the algorithm's inputs before the first batch.
    extensions : iterable of Extension
        Each belongs to one loop.
    log : list or alike, optional
        Rows are appended: `{"iteration": 500, "epoch": 1, "train_cost": 0.31, "valid_cost": 0.29,
        "time": {"total": seconds, "data": seconds}}`.
    name : str, optional
        Of the run, for messages.
    check_every : int
        After so many steps, and at the end of each epoch, the loop waits and looks whether all were finite.
    steps_per_call : int, optional
        How many steps one compiled call does at most; however many, they give the same bits. By default it is
        chosen: about as many as take a tenth of a second, up to 50; one, if an extension has callbacks for each
        batch. Of several steps in a call all `before_batch` come before it, all `after_batch` after it, with
        `iteration` that of the last. A call ends where an extension's `steps_until_due` says.
    not_finite : str
        What comes after a step that is not finite: `stop`, with NotFiniteError; or `skip`: the batch is left out as
        if it weren't in the stream, and the row says of how many, `train_skipped`.

    Attributes
    ----------
    iteration, epoch : int
        Steps (those that took effect) and epochs done.
    skipped : int
        Batches left out in this epoch.
    row : dict or None
        The row being made, in `after_epoch`.
    finish_reason : str or None
        Why it finished or is about to.

    Raises
    ------
    UsageError, ShapeError
        From `run`, before anything is compiled, if the stream doesn't fit the graph.
    NotFiniteError
        From `run`, for a step that was not finite, or for ten in a row where they are skipped: it names the step and
        the first variable that went wrong.
        Parameters, buffers, counters and the position in the stream are then as before that step.
    KeyboardInterrupt
        From `run`, after Ctrl-C: the call is finished and `on_interrupt` and `after_training` are done. A
        second Ctrl-C does not wait for that.

    Notes
    -----
    `state_dict` always speaks of the time after the last finished step, also when it is asked for
    within a callback. In `after_epoch` it holds the row as it is by then, which a loop that goes on from
    there appends first: so what saves comes last in the list of extensions.
    """

    def __init__(
        self,
        algorithm,
        stream,
        extensions: Iterable[Extension] = (),
        log=None,
        name: str | None = None,
        *,
        check_every: int = 100,
        steps_per_call: int | None = None,
        not_finite: str = "stop",
    ):
        if not_finite not in ("stop", "skip"):
            raise UsageError(f"MainLoop: not_finite must be 'stop' or 'skip', got {not_finite!r}")
        if isinstance(check_every, bool) or not isinstance(check_every, int) or check_every < 1:
            raise UsageError(f"MainLoop: check_every must be an integer from 1, got {check_every!r}")
        self.algorithm, self.stream, self.name, self.check_every = algorithm, stream, name, check_every
        self.log = Rows() if log is None else log
        self.not_finite, self.skipped, self._in_a_row = not_finite, 0, 0
        self.extensions = _checked_extensions(extensions)
        names = [extension.name for extension in self.extensions]
        for extension in self.extensions:
            if names.count(extension.name) > 1:
                raise UsageError(f"MainLoop: two extensions are called {extension.name!r}; give one another name")
            if extension.main_loop not in (None, self):
                raise UsageError(f"MainLoop: extension {extension.name!r} belongs to another loop; make a new one")
            extension.main_loop = self
        self._callbacks = {callback: self._overridden(callback) for callback in CALLBACKS}
        self._per_batch = bool(self._callbacks["before_batch"] or self._callbacks["after_batch"])
        self._grouping = Grouping(steps_per_call, self._per_batch)
        self._ended = False  # whether the epoch's last batch is read but its end not yet come to
        self.iteration = self.epoch = 0
        self.row: dict | None = None
        self.finish_reason: str | None = None
        self._epoch_start: int | None = None  # the iteration in which the present epoch began; None between epochs
        self._iterator = stream.iterator()
        self._position = self._iterator.state_dict()  # after the last finished step
        self._checked = (0, self._position)
        self._total_time = self._data_time = 0.0
        self._started: float | None = None

    def run(self) -> None:
        """Train until something finishes it."""
        self.finish_reason = None
        self._iterator.load_state_dict(self._position)
        self._ended = False
        self._started = time.perf_counter()
        try:
            with Interrupts() as interrupts:
                self._run(interrupts)
        finally:
            self._total_time, self._started = self._total_time + time.perf_counter() - self._started, None
        if interrupts.received:
            raise KeyboardInterrupt

    def finish(self, reason: str) -> None:
        """Finish after the present batch, or epoch if called in `after_epoch`; the first reason stays."""
        self.finish_reason = self.finish_reason or reason

    def check(self) -> bool:
        """Wait for all steps given so far; whether one was not finite and the loop now stands after its batch.

        Where such steps are not skipped: NotFiniteError, and the loop is before it.
        """
        bad = self.algorithm.check()
        if bad is None:
            if self.iteration != self._checked[0]:
                self._in_a_row = 0
            self._checked = (self.iteration, self._position)
            return False
        step = self.iteration - (self.algorithm.steps_given - bad)
        iteration, position = self._checked
        iterator = self.stream.iterator()
        iterator.load_state_dict(position)
        batches = iter(iterator)
        for _ in range(step - 1 - iteration):
            next(batches)
        self._position = iterator.state_dict()
        batch = next(batches)
        skip = self.not_finite == "skip"
        self._in_a_row = self._in_a_row + 1 if step == self._checked[0] + 1 else 1
        explanation = self.algorithm.explain(batch) if not (skip and self.skipped) else "as one before"
        self.algorithm.rewind()
        self.iteration = step - 1
        where = f"step {step} (epoch {self.epoch + 1}, batch {step - self._epoch_start + self.skipped})"
        message = f"{self.name + ': ' if self.name else ''}{where} is not finite: {explanation}"
        if skip and self._in_a_row < MOST_SKIPPED:
            self.skipped += 1
            self._position = iterator.state_dict()
            logger.warning("%s. This batch is skipped.", message)
        self._iterator.load_state_dict(self._position)
        self._ended = False
        self._checked = (self.iteration, self._position)
        if skip and self._in_a_row < MOST_SKIPPED:
            return True
        after = f" It is the {self._in_a_row}th in a row, with different batches." if skip else ""
        raise NotFiniteError(f"{message}. The parameters are as they were before this step.{after}")

    @property
    def row_entries(self) -> list[str]:
        """Names of the numbers that a row will have: the algorithm's, and what extensions say they add."""
        train = [f"train_{name}" for name in self.algorithm.monitored]
        return [*train, *(name for extension in self.extensions for name in extension.adds)]

    @property
    def time(self) -> dict[str, float]:
        """Seconds of training so far, and of waiting for data within them; by a clock that never jumps."""
        running = 0.0 if self._started is None else time.perf_counter() - self._started
        return {"total": round(self._total_time + running, 6), "data": round(self._data_time, 6)}

    def state_dict(self) -> dict:
        """All that an equal loop needs to go on from the last finished step as if nothing had happened."""
        self.check()
        states = {extension.name: extension.state_dict() for extension in self.extensions}
        return {
            "iteration": self.iteration,
            "epoch": self.epoch,
            "epoch_start": self._epoch_start,
            "position": dict(self._position),
            "skipped": self.skipped,
            "time": self.time,
            "row": None if self.row is None else {**self.row, "time": self.row["time"] | self.time},
            "algorithm": self.algorithm.state_dict(),
            "extensions": {name: state for name, state in states.items() if state},
        }

    def load_state_dict(self, state: Mapping) -> None:
        """Go to a saved state. CheckpointError where it is another loop's."""
        missing = _STATE - set(state)
        if missing:
            raise CheckpointError(f"MainLoop: the state lacks {', '.join(sorted(missing))}; was it saved by MainLoop?")
        known = {extension.name: extension for extension in self.extensions}
        for name in state["extensions"]:
            if name not in known:
                raise CheckpointError(
                    f"MainLoop: the state holds extension {name!r}, which isn't there now; {nearest(name, known)}"
                )
        self._iterator.load_state_dict(state["position"])
        self.algorithm.load_state_dict(state["algorithm"])
        for name, extension in known.items():
            extension.load_state_dict(state["extensions"].get(name, {}))
        self.iteration, self.epoch, self._epoch_start = (
            state["iteration"],
            state["epoch"],
            state["epoch_start"],
        )
        self._position = self._iterator.state_dict()
        self._checked = (self.iteration, self._position)
        self.skipped, self._in_a_row = state.get("skipped", 0), 0  # version 1 of before there was skipping has none
        self._total_time, self._data_time = state["time"]["total"], state["time"]["data"]
        self.row = None if state["row"] is None else dict(state["row"])

    def _run(self, interrupts: Interrupts) -> None:
        try:
            self.algorithm.prepare(self.stream.sources)
            self._dispatch("before_training")
            if self.row is not None:  # of the epoch at whose end this loop's state was saved
                self._append_row()
            if not (self.finish_reason or interrupts.received):
                self._grouping.start(self.algorithm, self.stream)
            while not (self.finish_reason or interrupts.received):
                self._run_epoch(interrupts)
            self.check()
            if interrupts.received:
                self.finish("interrupted")
                self._dispatch("on_interrupt")
        except Exception as error:
            self._report("on_error", error, error)
            self._report("after_training", error)
            raise
        error = self._report("after_training", None)
        if error is not None:
            raise error

    def _run_epoch(self, interrupts: Interrupts) -> None:
        if self._epoch_start is None:
            self._epoch_start = self.iteration
            self._dispatch("before_epoch")
        while not interrupts.received:
            if self.finish_reason and not self._at_end_of_epoch():
                return
            due = self._due()
            group, position = self._read(interrupts, due)
            if not len(group):
                if self.check():
                    continue  # after a batch that is skipped, those behind it come again
                self._end_epoch()
                return
            self._grouping.hand_over(group)
            self.iteration += len(group)
            self._position = position
            # Whoever is due counts steps that took effect; only a skipped one makes them fewer.
            if self.iteration - self._checked[0] >= self.check_every or self.not_finite == "skip" and due <= len(group):
                self.check()
            if self._per_batch:
                for batch in group:
                    self._dispatch("after_batch", batch)
            self._dispatch("after_steps")

    def _read(self, interrupts: Interrupts, due: int) -> tuple:
        """What the next call gets, nothing at the end of the epoch, and the position after it."""
        most = self._grouping.steps(due)
        if self._grouping.held is not None:
            start = time.perf_counter()
            rows = self._iterator.take_rows(most)
            self._data_time += time.perf_counter() - start
            return rows, self._iterator.state_dict()
        batches: list = []
        position = None
        while len(batches) < most and not (batches and interrupts.received):
            start = time.perf_counter()
            try:
                batch = None if self._ended else next(self._iterator, None)
            except Exception as error:
                number = self.iteration + len(batches) + 1
                error.add_note(f"while the stream made the batch of step {number} (epoch {self.epoch + 1})")
                raise
            self._data_time += time.perf_counter() - start
            if batch is None:
                self._ended = bool(batches)
                break
            position = self._iterator.state_dict()
            batches.append(batch)
            self._dispatch("before_batch", batch)
        return batches, position

    def _due(self) -> int:
        """After how many steps the loop looks whether they were finite, or an extension wants to be asked."""
        due = [self._checked[0] + self.check_every - self.iteration]
        due += [steps for extension in self.extensions if (steps := extension.steps_until_due()) is not None]
        return min(due)

    def _end_epoch(self) -> None:
        if self.iteration == self._epoch_start:
            raise DataError(
                "MainLoop: an epoch of the stream must have at least one batch"
                + (" with a finite step, all were skipped" if self.skipped else ", got none")
            )
        self.epoch, self._epoch_start, self._position = self.epoch + 1, None, self._iterator.state_dict()
        self._checked = (self.iteration, self._position)
        train = {f"train_{name}": value for name, value in self.algorithm.read_monitored().items()}
        if self.not_finite == "skip":
            train["train_skipped"], self.skipped = self.skipped, 0
        self.row = {"iteration": self.iteration, "epoch": self.epoch, **train, "time": self.time}
        self._dispatch("after_epoch")
        self._append_row()

    def _append_row(self) -> None:
        row, self.row = self.row, None
        row["time"] = row.pop("time") | self.time  # last in the row
        self.log.append(row)

    def _at_end_of_epoch(self) -> bool:
        """Whether the epoch that is to be finished early has no batch left, so that it deserves its row."""
        iterator = self.stream.iterator()
        iterator.load_state_dict(self._position)
        return iterator.at_end if hasattr(iterator, "at_end") else next(iter(iterator), None) is None

    def _dispatch(self, callback: str, *arguments) -> None:
        for method in self._callbacks[callback]:
            method(*arguments)

    def _report(self, callback: str, error: Exception | None, *arguments) -> Exception | None:
        """Dispatch to all, whatever some of them raise: the first error, on which any other is noted."""
        for method in self._callbacks[callback]:
            try:
                method(*arguments)
            except Exception as another:
                if error is None:
                    error = another
                else:
                    error.add_note(f"and {method.__qualname__} failed: {type(another).__name__}: {another}")
        return error

    def _overridden(self, callback: str) -> list:
        """The extensions' own versions of a callback; those left as they are need no call for each batch."""
        methods = [getattr(extension, callback) for extension in self.extensions]
        return [m for m in methods if getattr(m, "__func__", None) is not getattr(Extension, callback)]


def _checked_extensions(extensions: Iterable[Extension]) -> tuple:
    found = tuple(extensions)
    for extension in found:
        if not isinstance(extension, Extension):
            example = "" if not isinstance(extension, type) else f"; write {extension.__name__}(...)"
            raise UsageError(
                f"MainLoop: extensions must be made of bricks.training.Extension, got {extension!r}{example}"
            )
    return found


_STATE = {"iteration", "epoch", "epoch_start", "position", "time", "row", "algorithm", "extensions"}
