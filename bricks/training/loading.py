"""`load`: a trained model again, from what its run kept: in any process, from any folder, without its data.

The run's own copy of the model's source is what is built. The lab that the run came from is asked for what that
copy imports, for the data set, and for what has changed since.
"""

import logging
import os
from collections.abc import Mapping
from pathlib import Path

from bricks import engine
from bricks.errors import BricksError, CheckpointError, DataError, UsageError
from bricks.model import Model
from bricks.training import checkpoints, folders, provenance, yamls
from bricks.training import config as configs
from bricks.training.config import Config
from bricks.training.experiment import build_model, build_streams
from bricks.training.lab import FUNCTIONS, Lab
from bricks.training.parameters import checkpoint_values
from bricks.training.saving import BEST, CHECKPOINT
from bricks.training.trained import Trained

WHICH = {"best": BEST, "checkpoint": CHECKPOINT}
"""Whose parameters: those of the best epoch, or those of the last step."""

logger = logging.getLogger("bricks")


def load(run: str | os.PathLike, which: str | None = None) -> Trained:
    """Build a run's model again and give it the run's parameters.

    Parameters
    ----------
    run : path
        The run directory, or a file in it. A file of parameters, such as `checkpoint.h5`, is the one that is read.
    which : str, optional
        `best` (the default): the parameters of the best epoch; `checkpoint`: of the last step.

    Returns
    -------
    Trained
        With `model`, `config`, `log`, `predict`, `evaluate`, `streams`, and `changed`: what is not as it was. Each of
        these is logged as a warning too.

    Raises
    ------
    UsageError
        If `run` is no run.
    CheckpointError
        If its files are damaged, not there, or of different runs.
    BricksError
        If its model can't be built any more.

    Examples
    --------
    ::

        trained = bricks.load("runs/mnist_mlp/20261122-101500")
        probabilities = trained.predict(features=digits)["probabilities"]
    """
    folder = folders.find(Lab(Path.cwd()), run, needs=(folders.MODEL, folders.CONFIG))
    path = _parameters_file(folder, Path(run), which)
    state = checkpoints.read(path)
    values = checkpoint_values(state, path)
    try:
        about = state["about"]
        name = about["config"]["model"]["name"]
    except KeyError as error:
        raise CheckpointError(f"{path}: is not of a run, it lacks {error}") from None
    engine.start()
    lab, changed = _lab(folder, about)
    changed += provenance.changed_versions(about)
    for change in changed:
        logger.warning("%s/%s: %s", folder.parent.name, folder.name, change)
    lab = lab.with_file("models", name, folder / folders.MODEL)
    try:
        config = _config(folder, path, about, lab)
        model = _model(config, lab, about)
    except ImportError as error:
        raise BricksError(
            f"{folder / folders.MODEL}: can't be run: {error}; if that is a file of its lab, put it back: {lab.folder}"
        ) from error
    if "model" not in state:  # a checkpoint has what was trained; what only outputs depend on is as it was drawn
        values = {kind: initial | values[kind] for kind, initial in model.state_dict().items()}
    model.load_state_dict(values)
    return Trained(folder, config, model, state, lab, changed)


def _parameters_file(folder: Path, given: Path, which: str | None) -> Path:
    if which is not None and which not in WHICH:
        raise UsageError(f"load: which must be one of {', '.join(WHICH)}, got {which!r}")
    if which is None and given.suffix == ".h5" and (folder / given.name).is_file():
        return folder / given.name
    path = folder / WHICH[which or "best"]
    if path.name == BEST and not path.is_file() and (folder / CHECKPOINT).is_file():
        raise CheckpointError(
            f"{folder}: has no {path.name}: no epoch came to its end; which='checkpoint' takes those of the last step"
        )
    return path


def _lab(folder: Path, about: Mapping) -> tuple[Lab, list[str]]:
    """The lab that a run lies in or, where it was moved out, came from; and which of its files have changed."""
    above = folder.parents
    around = next((above[i + 1] for i in range(len(above) - 1) if above[i].name == "runs"), None)
    origin = about.get("lab")
    for place in filter(None, (around, origin)):
        if any((Path(place) / room).is_dir() for room in FUNCTIONS):
            lab = Lab(place)
            return lab, provenance.changed_files(about, lab, folder)
    lab = Lab(origin or around or folder)
    files = " and ".join(about["sources"])
    return lab, [f"its lab is not at {lab.folder} any more; whether {files} have changed can't be told"]


def _config(folder: Path, path: Path, about: Mapping, lab: Lab) -> Config:
    """The run's config. Its data set and algorithm are not looked at: neither is needed for the model."""
    text = (folder / folders.CONFIG).read_text(encoding="utf-8")
    data = yamls.load(text, str(folder / folders.CONFIG))
    config, problems = configs.validate(data, lab, folders.config_name(folder), unchecked=["dataset", "algorithm"])
    if problems:
        raise UsageError("\n".join(f"{folder / folders.CONFIG}: {problem}" for problem in problems))
    other = provenance.fixed_differences(config.resolved, about["config"])
    if other:
        raise CheckpointError(f"{path}: is of another run than {folders.CONFIG} beside it: {other}")
    return config


def _model(config: Config, lab: Lab, about: Mapping) -> Model:
    sources = provenance.recorded_sources(about)
    if sources is None:  # a run from before its sources were kept
        checked, problems = configs.validate(config.resolved, lab, config.name, unchecked=["algorithm"])
        if problems:
            raise DataError(f"config {config.name}: the data set is needed, for this run is old: {problems[0]}")
        sources = build_streams(checked, lab)["train"].sources
    return build_model(config, lab, sources)
