"""A run: an experiment trained in a directory of its own, resumed from there, tested once at the end."""

import hashlib
from pathlib import Path

from bricks import engine
from bricks.errors import CheckpointError, UsageError
from bricks.training import checkpoints, folders
from bricks.training import config as configs
from bricks.training import log as logs
from bricks.training.config import Config
from bricks.training.experiment import Experiment, build
from bricks.training.lab import Lab
from bricks.training.log import Log
from bricks.training.progress import ProgressBar
from bricks.training.saving import CHECKPOINT, Saving

FIXED = ("seed", "dataset", "model", "algorithm")
"""Sections that a resumed run keeps: with another value of theirs it would be another run."""


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
            about={
                "config": config.resolved,
                "versions": engine.versions(),
                "sources": _sources(config, lab),
            },
            minutes=config.training.checkpoint_minutes,
            iterations=config.training.checkpoint_iterations,
        )
        self.loop = self.experiment.main_loop([self.progress, self.saving])
        self.experiment.check(self.loop)
        self.folder: Path | None = None
        self._new = False
        self.earlier_test: dict | None = None
        self.test: dict | None = None

    def create(self, command: list[str]) -> None:
        """Make the run directory, with a checkpoint of the beginning, so that it can always be resumed."""
        folder = folders.create(self.lab, self.config.name)
        self._new = True
        try:
            folders.write_text(folder / folders.CONFIG, self.config.to_yaml())
            folders.write_versions(folder, self.saving.about["versions"], self.config.seed, command)
            source = self.lab.path("models", self.config.model.name).read_text(encoding="utf-8")
            folders.write_text(folder / folders.MODEL, source)
            self._open(folder, Log(folder / folders.LOG))
            self.saving.save()
        except BaseException:
            folders.discard(folder)
            raise

    def resume(self, folder: Path, state: dict) -> None:
        """Go on from the state of a run's checkpoint; the log is cut back to where it was then.

        A run that is finished, and has nothing more to train, is left as it is.
        """
        rows = logs.read(folder / folders.LOG)
        tests = [row for row in rows if any(key.startswith("test_") for key in row)]
        self.earlier_test = tests[-1] if tests else None
        self.loop.load_state_dict(state["main_loop"])
        self.folder = folder
        if self.finished:
            if "test" not in state:
                self._complete(state)
        else:
            self._open(folder, Log(folder / folders.LOG, offset=state["log_offset"]))
            folders.write_text(folder / folders.CONFIG, self.config.to_yaml())
            self.saving.repair_best()

    def train(self) -> None:
        """Train to the end, then read the test set, with the parameters of the best epoch.

        A new run in which not one step was done leaves no directory behind, whatever ended it.
        """
        try:
            self.loop.run()
            self._test()
        finally:
            self.progress.close()
            self.loop.log.close()
            if self._new and self.loop.iteration == 0:
                folders.discard(self.folder)
                self.folder = None

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

    def _open(self, folder: Path, log: Log) -> None:
        self.folder = self.saving.folder = folder
        self.loop.log = log


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
        then = {section: about["config"][section] for section in FIXED}
        name = then["model"]["name"]
    except KeyError as error:
        raise CheckpointError(f"{folder / CHECKPOINT}: is no checkpoint of a run, it lacks {error}") from None
    differences = _changed_sources(about, lab, folder)
    lab = lab.with_file("models", name, folder / folders.MODEL)
    own = configs.read(folder / folders.CONFIG, lab, name=folder.parent.name)
    other = _differences(own.resolved, then)
    if other:
        raise CheckpointError(f"{folder / CHECKPOINT}: is of another run than {folders.CONFIG} beside it: {other}")
    config = own
    if path is not None or overrides:
        config = configs.read(path or folder / folders.CONFIG, lab, overrides, name=folder.parent.name)
    changed = _differences(config.resolved, then)
    if changed:
        raise UsageError(
            f"a resumed run keeps its {', '.join(FIXED)}; only training.* may change, got {changed}; start a new run"
        )
    versions = engine.versions()
    differences += [
        f"{key} was {about['versions'].get(key)}, is {versions.get(key)}"
        for key in sorted({*about["versions"], *versions})
        if about["versions"].get(key) != versions.get(key)
    ]
    return config, lab, state, differences


def _differences(now: dict, then: dict) -> str:
    """What differs in the sections that are fixed, in words."""
    found = []
    for section in FIXED:
        a, b = now[section], then[section]
        if not isinstance(a, dict):
            a, b = {None: a}, {None: b}
        for key in [*a, *(key for key in b if key not in a)]:
            if key not in a or key not in b or a[key] != b[key]:
                path = section if key is None else f"{section}.{key}"
                found.append(f"{path}={a.get(key)!r} (the run has {b.get(key)!r})")
    return ", ".join(found)


def _sources(config: Config, lab: Lab) -> dict[str, str]:
    """SHA-256 of the files that define the run beside its config."""
    named = (("models", config.model.name), ("datasets", config.dataset.name))
    return {f"{room}/{name}.py": _digest(lab.path(room, name)) for room, name in named}


def _changed_sources(about: dict, lab: Lab, folder: Path) -> list[str]:
    changed = []
    for file, digest in about["sources"].items():
        path = lab.folder / file
        if not path.is_file() or _digest(path) != digest:
            own = f"; the run's own copy is used, {folder.name}/{folders.MODEL}"
            changed.append(f"{file} has changed{own if file.startswith('models/') else ''}")
    return changed


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
