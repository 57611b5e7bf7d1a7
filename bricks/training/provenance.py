"""What a run was made from, kept in its checkpoints, and what has changed since.

With it the model is built again without the data, and a run that goes on says what is not as it was.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bricks import engine
from bricks.data import Source
from bricks.training import folders
from bricks.training.config import Config
from bricks.training.lab import Lab

CHANGING = "training"
"""The section of a config that a resumed run may change: with other values in another it would be another run."""


def record(config: Config, lab: Lab, sources: Mapping[str, Source]) -> dict[str, Any]:
    """What is kept: plain data.

    Parameters
    ----------
    config : Config
    lab : Lab
        After the model and the data set were built, so that it knows what they imported.
    sources : mapping of str to Source
        Of the training stream.

    Returns
    -------
    dict
        `config`, resolved; `versions`; `lab`, its folder; `sources`, from files of the lab to their SHA-256; `data`,
        from sources to dtype, shape of an example and labels of a batch's axes.
    """
    return {
        "config": config.resolved,
        "versions": engine.versions(),
        "lab": str(lab.folder),
        "sources": {file: _digest(path) for file, path in _files(config, lab).items()},
        "data": {
            name: {"dtype": str(source.dtype), "shape": list(source.shape), "axes": list(source.axes)}
            for name, source in sources.items()
        },
    }


def recorded_sources(about: Mapping[str, Any]) -> dict[str, Source] | None:
    """The sources that `record` kept; None of a run from before it kept them.

    >>> recorded_sources({"data": {"x": {"dtype": "float32", "shape": [784], "axes": ["batch", ""]}}})
    {'x': Source(float32, (784,), batch -)}
    """
    if "data" not in about:
        return None
    return {
        name: Source(np.dtype(kept["dtype"]), tuple(kept["shape"]), tuple(kept["axes"]))
        for name, kept in about["data"].items()
    }


def changed_files(about: Mapping[str, Any], lab: Lab, folder: Path) -> list[str]:
    """A sentence for each file of the lab that is not what it was when the run in `folder` began."""
    changed = []
    own = f"models/{about['config']['model']['name']}.py"
    for file, digest in about["sources"].items():
        path = lab.folder / file
        if path.is_file() and _digest(path) == digest:
            continue
        how = "has changed" if path.is_file() else "is not there any more"
        copy = f"; the run's own copy is used, {folder.name}/{folders.MODEL}" if file == own else ""
        changed.append(f"{file} {how}{copy}")
    return changed


def changed_versions(about: Mapping[str, Any]) -> list[str]:
    """A sentence for each of the versions, device and settings that are not as they were."""
    then, now = about["versions"], engine.versions()
    keys = sorted(key for key in {*then, *now} if then.get(key) != now.get(key))
    return [f"{key} was {then.get(key)}, is {now.get(key)}" for key in keys]


def fixed_differences(now: Mapping[str, Any], then: Mapping[str, Any]) -> str:
    """What differs between two resolved configs outside of `training`, in words.

    >>> fixed_differences({"seed": 2, "training": {"epochs": 3}}, {"seed": 1, "training": {}})
    'seed=2 (the run has 1)'
    """
    found = []
    for section in dict.fromkeys([*now, *then]):
        if section == CHANGING:
            continue
        a, b = now.get(section), then.get(section)
        if not isinstance(a, dict):
            a, b = {None: a}, {None: b}
        for key in [*a, *(key for key in b if key not in a)]:
            if a.get(key) != b.get(key):
                path = section if key is None else f"{section}.{key}"
                found.append(f"{path}={a.get(key)!r} (the run has {b.get(key)!r})")
    return ", ".join(found)


def _files(config: Config, lab: Lab) -> dict[str, Path]:
    """The files that define the run beside its config, by their names in the lab."""
    named = (("models", config.model.name), ("datasets", config.dataset.name))
    files = {f"{room}/{name}.py": lab.path(room, name) for room, name in named}
    return files | {file: path for file, path in lab.helpers.items() if file not in files}


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
