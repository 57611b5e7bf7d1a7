"""What a run writes while it goes on: `checkpoint.h5`, to go on from, and `best.h5`, to keep."""

import time
from pathlib import Path

from bricks.errors import CheckpointError
from bricks.model import Model
from bricks.training import checkpoints
from bricks.training.extensions import EarlyStopping, Extension

CHECKPOINT, BEST = "checkpoint.h5", "best.h5"


class Saving(Extension):
    """Write a checkpoint after each epoch and on Ctrl-C; `best.h5` when an epoch was the best.

    It must be the last extension. A checkpoint holds the best parameters too, so that a process killed
    between the two files, or an older checkpoint put back, leaves no doubt: `best.h5` is written anew.

    Parameters
    ----------
    model : Model
        Whose names for parameters and buffers `best.h5` uses.
    early_stopping : EarlyStopping
        Who knows what was best.
    about : dict
        Plain data kept in both files: config and versions.
    minutes, iterations : optional
        Also save so often within an epoch.

    Attributes
    ----------
    folder : Path
        The run directory, to be set before the first save.
    """

    def __init__(
        self,
        model: Model,
        early_stopping: EarlyStopping,
        about: dict,
        minutes: float | None = None,
        iterations: int | None = None,
    ):
        super().__init__()
        self.model, self.early_stopping, self.about = model, early_stopping, about
        self.minutes, self.iterations = minutes, iterations
        self.folder: Path | None = None
        self._saved_at = time.monotonic()

    def steps_until_due(self) -> int | None:
        return None if self.iterations is None else self.iterations - self.main_loop.iteration % self.iterations

    def after_steps(self) -> None:
        late = self.minutes is not None and time.monotonic() - self._saved_at > 60 * self.minutes
        if late or self.iterations is not None and self.main_loop.iteration % self.iterations == 0:
            self.save()

    def after_epoch(self) -> None:
        if self.early_stopping.improved:
            self.save_best()
        self.save()

    def on_interrupt(self) -> None:
        self.save()

    def save(self, **more) -> None:
        """Write the checkpoint; `more` is plain data that goes in too."""
        self.write({"main_loop": self.main_loop.state_dict(), **more})

    def write(self, state: dict) -> None:
        """Write a state that was taken before as the checkpoint."""
        state = {"about": self.about, "log_offset": self.main_loop.log.offset, **state}
        checkpoints.write(self.folder / CHECKPOINT, state)
        self._saved_at = time.monotonic()

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
        checkpoints.write(self.folder / BEST, state)

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
