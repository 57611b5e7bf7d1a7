"""What is written while training goes on: `checkpoint.h5`, to go on from, and `best.h5`, to keep.

A file that can't be written (a full disk, a folder that became read-only) doesn't end the training: the last good one
stays as it was, it is said, and tried again the next time. Only when it fails at the very end, that is an error.
"""

import logging
import os
import shutil
import time
from pathlib import Path

from bricks.errors import CheckpointError, NotFiniteError, UsageError
from bricks.files import sync_folder
from bricks.model import Model
from bricks.training import checkpoints
from bricks.training.best import EarlyStopping
from bricks.training.extensions import Extension, check_count

CHECKPOINT, BEST = "checkpoint.h5", "best.h5"

logger = logging.getLogger("bricks")


class Checkpoint(Extension):
    """Write the loop's state so often, on Ctrl-C, and where an error ends the training; put it last.

    Parameters
    ----------
    path : path
        Of the newest state. It is replaced whole or stays as it was.
    epochs, iterations : int, optional
        Write after each so many of them.
    minutes : float, optional
        Write when so many have gone by, at the end of a compiled call.
    keep : int
        How many of the newest to keep. Older ones lie beside it: `checkpoint-500.h5` is the one of iteration 500.

    Attributes
    ----------
    failures : dict of Path to str
        Files that could not be written the last time, and why.

    Examples
    --------
    >>> import tempfile
    >>> saves = Checkpoint(Path(tempfile.mkdtemp()) / "checkpoint.h5", epochs=1, minutes=10, keep=3)
    """

    def __init__(
        self,
        path: str | os.PathLike,
        epochs: int | None = 1,
        iterations: int | None = None,
        minutes: float | None = None,
        keep: int = 1,
    ):
        super().__init__()
        self.path = Path(path)
        self.epochs = check_count(self, "epochs", epochs, 1)
        self.iterations = check_count(self, "iterations", iterations, 1)
        if minutes is not None and not (isinstance(minutes, int | float) and minutes > 0):
            raise UsageError(f"{type(self).__name__}: minutes must be above 0, got {minutes!r}")
        self.minutes, self.keep = minutes, check_count(self, "keep", keep, 1) or 1
        self.failures: dict[Path, str] = {}
        self._saved_at = time.monotonic()
        self._saved: int | None = None  # the iteration of the state that lies there

    def before_training(self) -> None:
        self._saved_at = time.monotonic()

    def steps_until_due(self) -> int | None:
        return None if self.iterations is None else self.iterations - self.main_loop.iteration % self.iterations

    def after_steps(self) -> None:
        late = self.minutes is not None and time.monotonic() - self._saved_at > 60 * self.minutes
        if late or self.iterations is not None and self.main_loop.iteration % self.iterations == 0:
            self.save()

    def after_epoch(self) -> None:
        if self.epochs is not None and self.main_loop.epoch % self.epochs == 0:
            self.save()

    def on_interrupt(self) -> None:
        self.save()

    def on_error(self, error: Exception) -> None:
        """Steps were done since the last time, and the loop stands after the last good one."""
        if not isinstance(error, NotFiniteError) and self.main_loop.iteration:
            self.save()

    def after_training(self) -> None:
        if self.failures:
            self.save()
        if self.failures:
            kept = "none was written" if self._saved is None else f"the checkpoint is of iteration {self._saved:,}"
            raise CheckpointError(f"{'; '.join(self.failures.values())}; {kept}; make room and resume from there")

    def save(self, **more) -> None:
        """Write the state; `more` is plain data that goes in too."""
        self.write({"main_loop": self.main_loop.state_dict(), **more})

    def write(self, state: dict) -> None:
        """Write a state that was taken before."""
        iteration = state["main_loop"]["iteration"]
        if self.put(self.path, self.completed(state)):
            self._saved, self._saved_at = iteration, time.monotonic()
            if self.keep > 1:
                try:
                    self._keep(iteration)
                except OSError as error:
                    logger.warning("%s: no copy of it could be kept: %s", self.path, error.strerror or error)

    def completed(self, state: dict) -> dict:
        """The state with what else belongs into the file."""
        return state

    def put(self, path: Path, state: dict) -> bool:
        """Write a file; whether that could be done. What lay there before stays where it could not."""
        try:
            checkpoints.write(path, state)
        except OSError as error:
            self.failures[path] = f"{path}: can't be written: {error.strerror or error}"
            self._saved_at = time.monotonic()
            logger.warning("%s; what lay there is as it was, and the training goes on", self.failures[path])
            return False
        self.failures.pop(path, None)
        return True

    def load(self, path: str | os.PathLike | None = None) -> None:
        """Let the loop go on from what was written."""
        self.main_loop.load_state_dict(checkpoints.read(self.path if path is None else path)["main_loop"])

    def _keep(self, iteration: int) -> None:
        named = self.path.with_name(f"{self.path.stem}-{iteration}{self.path.suffix}")
        named.unlink(missing_ok=True)
        try:
            os.link(self.path, named)
        except OSError:  # a file system without links
            shutil.copyfile(self.path, named)
        found = {}
        for path in self.path.parent.glob(f"{self.path.stem}-*{self.path.suffix}"):
            number = path.stem.removeprefix(f"{self.path.stem}-")
            if number.isdigit():
                found[int(number)] = path
        for number in sorted(found)[: -self.keep]:
            found[number].unlink(missing_ok=True)
        sync_folder(self.path.parent)


class Saving(Checkpoint):
    """The checkpoints of a run, and `best.h5` when an epoch was the best.

    A checkpoint holds the best parameters too, so that a process killed between the two files, or an older
    checkpoint put back, leaves no doubt: `best.h5` is written anew.

    Parameters
    ----------
    model : Model
        Whose names for parameters and buffers `best.h5` uses.
    early_stopping : EarlyStopping
        Who knows what was best.
    about : dict
        Plain data kept in both files: config and versions.
    minutes, iterations, keep : optional
        As in `Checkpoint`; one is written after each epoch anyway.

    Attributes
    ----------
    roll_backs : int
        How often the run went back to its checkpoint after a step that was not finite.
    """

    def __init__(
        self,
        model: Model,
        early_stopping: EarlyStopping,
        about: dict,
        minutes: float | None = None,
        iterations: int | None = None,
        keep: int = 1,
    ):
        super().__init__(CHECKPOINT, 1, iterations, minutes, keep)
        self.model, self.early_stopping, self.about = model, early_stopping, about
        self.roll_backs = 0

    @property
    def folder(self) -> Path:
        """The run directory, to be set before the first save."""
        return self.path.parent

    @folder.setter
    def folder(self, folder: Path) -> None:
        self.path = folder / CHECKPOINT

    def save(self, **more) -> None:
        if self.folder / BEST in self.failures:
            self.save_best()
        super().save(**more)

    def after_epoch(self) -> None:
        if self.early_stopping.improved:
            self.save_best()
        super().after_epoch()

    def completed(self, state: dict) -> dict:
        log = self.main_loop.log
        more = {"log_pending": log.pending} if log.pending else {}
        more |= {"roll_backs": self.roll_backs} if self.roll_backs else {}
        return {"about": self.about, "log_offset": log.offset, **more, **state}

    def save_best(self) -> None:
        """Write the parameters of the best epoch, under the names that `Model.load_state_dict` knows."""
        best = self.early_stopping
        state = {
            "about": self.about,
            "epoch": best.best_epoch,
            "iteration": best.best_iteration,
            best.watch: best.best_value,
            "model": {
                "parameters": {path: best.best_parameters[path] for path in self.model.parameters},
                "buffers": {path: best.best_parameters[path] for path in self.model.buffers},
            },
        }
        self.put(self.folder / BEST, state)

    def repair_best(self) -> None:
        """After a resume: write `best.h5` anew where it is missing, damaged or of another epoch."""
        if self.early_stopping.best_epoch is None:
            (self.folder / BEST).unlink(missing_ok=True)
            return
        try:
            found = checkpoints.read(self.folder / BEST)["epoch"]
        except (CheckpointError, KeyError):
            found = None
        if found != self.early_stopping.best_epoch:
            self.save_best()
