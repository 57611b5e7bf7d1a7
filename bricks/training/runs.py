"""A run: an experiment trained in a directory of its own, resumed from there, tested once at the end."""

from pathlib import Path

from bricks.errors import BricksError, CheckpointError, NotFiniteError, UsageError
from bricks.training import checkpoints, folders, provenance
from bricks.training import config as configs
from bricks.training import log as logs
from bricks.training.config import Config
from bricks.training.experiment import Experiment, build
from bricks.training.lab import Lab
from bricks.training.log import Log
from bricks.training.progress import ProgressBar
from bricks.training.saving import CHECKPOINT, Saving
from bricks.training.tensorboard import TensorBoard

MOST_ROLL_BACKS = 10
"""How often a run goes back to its checkpoint, with half the learning rate each time, before it gives up."""


class Run:
    """Built from a valid config; nothing is written before `create` or `resume`.

    Parameters
    ----------
    config : Config
    lab : Lab

    Attributes
    ----------
    experiment : Experiment
    loop : MainLoop
    folder : Path
        Once there is one.
    earlier_test : dict or None
        The last row of the log, if the test set was read already.
    test : dict or None
        What the test set says now.

    Raises
    ------
    BricksError
        Where the experiment can't be built.
    """

    def __init__(self, config: Config, lab: Lab):
        self.config, self.lab = config, lab
        self.experiment: Experiment = build(config, lab)
        train = self.experiment.streams["train"]
        self.progress = ProgressBar(config.training.epochs, train.batches_per_epoch, train.num_examples)
        self.saving = Saving(
            self.experiment.model,
            self.experiment.early_stopping,
            about=provenance.record(config, lab, train.sources),
            minutes=config.training.checkpoint_minutes,
            iterations=config.training.checkpoint_iterations,
            keep=config.training.keep_checkpoints,
        )
        self.board = TensorBoard() if config.training.tensorboard else None
        shown = [self.progress, self.board] if self.board else [self.progress]
        self.loop = self.experiment.main_loop([*shown, self.saving])
        if config.training.not_finite == "roll_back":
            self.loop.algorithm.step_rule.find_hyperparameter("learning_rate")  # which a roll-back makes smaller
        self.experiment.check(self.loop)
        self.folder: Path | None = None
        self._new = False
        self.earlier_test: dict | None = None
        self.test: dict | None = None

    def create(self, command: list[str], folder: Path | None = None) -> None:
        """Make the run directory, with a checkpoint of the beginning, so that it can always be resumed."""
        folder = folders.create(self.lab, self.config.name) if folder is None else folders.claim(folder)
        self._new = True
        try:
            folders.write_text(folder / folders.CONFIG, self.config.to_yaml())
            folders.write_versions(folder, self.saving.about["versions"], self.config.seed, command)
            source = self.lab.path("models", self.config.model.name).read_text(encoding="utf-8")
            folders.write_text(folder / folders.MODEL, source)
            self._open(folder, Log(folder / folders.LOG))
            self.saving.save()
            if self.saving.failures:
                raise CheckpointError("; ".join(self.saving.failures.values()))
        except OSError as error:
            folders.discard(folder)
            raise BricksError(f"{folder}: can't be written: {error.strerror or error}; nothing was started") from None
        except BaseException:
            folders.discard(folder)
            raise

    def resume(self, folder: Path, state: dict) -> None:
        """Go on from the state of a run's checkpoint; the log is cut back to where it was then.

        A run that is finished, and has nothing more to train, is left as it is.
        """
        rows = logs.read(folder / folders.LOG)
        self.earlier_test = logs.last_test(rows)
        self.loop.load_state_dict(state["main_loop"])
        self.folder = folder
        if self.finished:
            if "test" not in state:
                self._complete(state)
        else:
            self._open_at(folder, state)
            try:
                folders.write_text(folder / folders.CONFIG, self.config.to_yaml())
            except OSError as error:
                raise BricksError(
                    f"{folder}: can't be written: {error.strerror or error}; the run is as it was"
                ) from None
            self.saving.repair_best()

    def train(self) -> None:
        """Train to the end, then read the test set, with the parameters of the best epoch.

        A new run in which not one step was done leaves no directory behind, whatever ended it.
        """
        try:
            while True:
                try:
                    self.loop.run()
                    break
                except NotFiniteError as error:
                    if not self._roll_back(error):
                        raise
            self._test()
        finally:
            self.progress.close()
            try:
                self.loop.log.close()
            finally:
                if self._new and self.loop.iteration == 0:
                    folders.discard(self.folder)
                    self.folder = None

    def _roll_back(self, error: NotFiniteError) -> bool:
        """Go back to the last checkpoint with half the learning rate; False where that isn't asked for."""
        if self.config.training.not_finite != "roll_back":
            return False
        if self.saving.roll_backs >= MOST_ROLL_BACKS:
            raise NotFiniteError(
                f"{error} {MOST_ROLL_BACKS} times the run went back to its checkpoint, with half the learning rate."
            ) from None
        state = checkpoints.read(self.folder / CHECKPOINT)
        self.loop.log.close()
        self.loop.load_state_dict(state["main_loop"])
        self._open_at(self.folder, state)
        rate = self.loop.algorithm.step_rule.find_hyperparameter("learning_rate")
        rate.set_value((rate.get_value() / 2).astype(rate.type.dtype))
        self.saving.roll_backs += 1
        self.saving.save()
        where = f"iteration {self.loop.iteration:,}, epoch {self.loop.epoch}"
        self.progress.say(f"{error}\nback to {where}, with learning rate {float(rate.get_value()):.6g}")
        return True

    @property
    def finished(self) -> bool:
        """Whether the test set was read and there is nothing more to train."""
        return self.earlier_test is not None and self.reason_to_stop is not None

    @property
    def reason_to_stop(self) -> str | None:
        """Why no further epoch will be trained; None if one will."""
        training, best = self.config.training, self.experiment.early_stopping
        if self.loop.epoch >= training.epochs:
            return f"{training.epochs} epochs done"
        if training.patience is not None and best.stale >= training.patience:
            return f"{training.watch} did not get better for {best.stale} epochs"
        return None

    def _test(self) -> None:
        """Read the test set with the best parameters; the checkpoint keeps the last ones, to go on from."""
        best, last = self.experiment.early_stopping, self.loop.state_dict()
        best.restore()
        measured = self.experiment.evaluation.evaluate(self.experiment.streams["test"], prefix="test")
        best_of = {"iteration": best.best_iteration, "epoch": best.best_epoch}
        self.test = {**best_of, **measured, "time": self.loop.time}
        self.loop.log.append(self.test)
        self.saving.write({"main_loop": last, "test": self.test})

    def _complete(self, state: dict) -> None:
        """Write the last checkpoint of a run that was killed when its log was whole already, test row and all."""
        self.loop.load_state_dict({**state["main_loop"], "row": None})
        path = self.folder / folders.LOG
        self._open(self.folder, Log(path, offset=path.stat().st_size))
        self.saving.write({"main_loop": self.loop.state_dict(), "test": self.earlier_test})
        self.loop.log.close()

    def _open_at(self, folder: Path, state: dict) -> None:
        """Cut the log back to where it was when this state was written."""
        self._open(folder, Log(folder / folders.LOG, offset=state["log_offset"]))
        for row in state.get("log_pending", []):
            self.loop.log.append(row)
        self.saving.roll_backs = state.get("roll_backs", 0)

    def _open(self, folder: Path, log: Log) -> None:
        self.folder = self.saving.folder = folder
        self.loop.log = log
        if self.board:
            self.board.folder = folder / "tensorboard"


def read_run(folder: Path, lab: Lab, path: Path | None, overrides: list[str]) -> tuple[Config, Lab, dict, list[str]]:
    """What is needed to resume a run: config, lab with the run's own copy of its model, state, differences.

    Parameters
    ----------
    folder : path
        The run directory.
    lab : Lab
    path : path, optional
        A config to go on with; by default the run's own.
    overrides : list of str
        `training.epochs=60`, for example.

    Returns
    -------
    config, lab, state
    differences : list of str
        What is not as it was, a sentence each: then the run isn't what it would have been, bit for bit.

    Raises
    ------
    CheckpointError
        If the checkpoint is damaged, or not this run's.
    UsageError
        If the request changes more than `training`.
    """
    state = checkpoints.read(folder / CHECKPOINT)
    try:
        about, _, _ = state["about"], state["log_offset"], state["main_loop"]
        then = about["config"]
        name = then["model"]["name"]
    except KeyError as error:
        raise CheckpointError(f"{folder / CHECKPOINT}: is no checkpoint of a run, it lacks {error}") from None
    differences = provenance.changed_files(about, lab, folder)
    lab = lab.with_file("models", name, folder / folders.MODEL)
    own = configs.read(folder / folders.CONFIG, lab, name=folders.config_name(folder))
    other = provenance.fixed_differences(own.resolved, then)
    if other:
        raise CheckpointError(f"{folder / CHECKPOINT}: is of another run than {folders.CONFIG} beside it: {other}")
    config = own
    if path is not None or overrides:
        config = configs.read(path or folder / folders.CONFIG, lab, overrides, name=folders.config_name(folder))
    changed = provenance.fixed_differences(config.resolved, then)
    if changed:
        raise UsageError(
            f"a resumed run keeps its {', '.join(key for key in then if key != provenance.CHANGING)}; only training.* "
            f"may change, got {changed}; start a new run"
        )
    differences += provenance.changed_versions(about)
    return config, lab, state, differences
