"""Run directories: a new one for each run, found again by name, gone if nothing was trained.

runs/CONFIG/TIME/   config.yaml versions.json model.py log.jsonl checkpoint.h5 best.h5
runs/CONFIG/sweep-TIME/   sweep.yaml and, for each of its points, such a directory (see sweeps.py)
"""

import datetime
import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bricks.errors import BricksError, UsageError, nearest
from bricks.files import atomic_path, sync_folder
from bricks.training import grid
from bricks.training.lab import Lab
from bricks.training.saving import CHECKPOINT

CONFIG, VERSIONS, MODEL, LOG = "config.yaml", "versions.json", "model.py", "log.jsonl"
SWEEP = grid.FILE


def create(lab: Lab, name: str, prefix: str = "") -> Path:
    """Make the directory of a new run of the config `name`; two that start in one second get two."""
    parent = lab.folder / "runs" / name
    stamp = prefix + datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
    number = 1
    try:
        parent.mkdir(parents=True, exist_ok=True)
        while True:
            folder = parent / (stamp if number == 1 else f"{stamp}-{number}")
            try:
                folder.mkdir()
            except FileExistsError:
                number += 1
            else:
                sync_folder(parent)
                return folder
    except OSError as error:
        raise BricksError(f"{parent}: can't make a run directory there: {error.strerror or error}") from None


def claim(folder: Path) -> Path:
    """Make this directory for a new run; one that is there must hold none yet."""
    if (folder / CHECKPOINT).exists():
        raise UsageError(f"{folder}: there is a run already; --resume goes on with it")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        sync_folder(folder.parent)
    except OSError as error:
        raise BricksError(f"{folder}: can't make a run directory there: {error.strerror or error}") from None
    return folder


def config_name(folder: Path) -> str:
    """The name of the config that a run, or a sweep, is of: that of the folder which it, or its sweep, lies in.

    >>> config_name(Path("runs/mnist_mlp/20261122-101500"))
    'mnist_mlp'
    """
    return (folder.parent.parent if (folder.parent / SWEEP).is_file() else folder.parent).name


def write_text(path: Path, text: str) -> None:
    """Write a small file, whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_versions(folder: Path, versions: dict[str, Any], seed: int, command: list[str]) -> None:
    """`versions.json`: what the run was made with, and how it was asked for."""
    write_text(folder / VERSIONS, json.dumps({**versions, "seed": seed, "command": command}, indent=2) + "\n")


def find(lab: Lab, word: str | os.PathLike, needs: Sequence[str] = (CONFIG, CHECKPOINT)) -> Path:
    """The run that a word on the command line means: its directory, or a file in it.

    Parameters
    ----------
    lab : Lab
        In which it may lie; then `CONFIG/TIME` is enough.
    word : str or path
    needs : sequence of str
        Files that make a directory such a run.

    Raises
    ------
    UsageError
        If that is no run, with the nearest one there is.
    """
    runs = lab.folder / "runs"
    for path in _meant(lab, word):
        folder = path.parent if path.is_file() else path
        if all((folder / name).is_file() for name in needs):
            return folder.resolve()
    there = (f"*/*/{needs[-1]}", f"*/*/*/{needs[-1]}", f"*/*/{SWEEP}")
    known = {str(path.parent.relative_to(lab.folder)) for pattern in there for path in runs.glob(pattern)}
    word = os.fspath(word)
    if Path(word).is_dir():
        raise UsageError(f"{word} is no run: it must have {' and '.join(needs)}; {nearest(word, known)}")
    raise UsageError(f"no run {word!r}; {nearest(word.rstrip('/'), known)}")


def find_sweep(lab: Lab, word: str) -> Path | None:
    """The sweep that a word on the command line means: its directory, or a file in it; None where that is none."""
    for path in _meant(lab, word):
        folder = path.parent if path.is_file() else path
        if (folder / SWEEP).is_file():
            return folder.resolve()
    return None


def _meant(lab: Lab, word: str) -> tuple[Path, ...]:
    return Path(word), lab.folder / word, lab.folder / "runs" / word


def discard(folder: Path) -> None:
    """Take away a run in which nothing was trained, and the folders above it if they are empty then."""
    shutil.rmtree(folder, ignore_errors=True)
    for parent in (folder.parent, folder.parent.parent):
        try:
            parent.rmdir()
        except OSError:
            return
