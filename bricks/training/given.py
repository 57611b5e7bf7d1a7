"""What a config says before it is validated: the file's data with the command line's changes, and its points."""

import dataclasses
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bricks.errors import UsageError
from bricks.training import grid, yamls
from bricks.training.lab import Lab
from bricks.training.problems import Problem


@dataclasses.dataclass(frozen=True)
class Given:
    """A config as it is given: plain data, and where each part of it comes from.

    Attributes
    ----------
    shown : str
        The file, as messages name it.
    data : dict
        With the overrides, and with `sweep` where it has one.
    grids : list of dict
        What is swept over; [{}] without a sweep.
    points : list of dict
        What the sweep sets, for each of its points; [{}] without one.
    """

    shown: str
    data: dict[str, Any]
    grids: list[grid.Grid]
    original: dict[str, Any]
    overridden: list[tuple[str, ...]]

    @property
    def points(self) -> list[grid.Values]:
        return grid.points(self.grids)

    @property
    def is_sweep(self) -> bool:
        """Whether there is more to it than one ordinary run."""
        return any(self.grids)

    def at(self, point: grid.Values) -> dict[str, Any]:
        """The data of an ordinary config: that of a point."""
        return grid.at(self.data, point)

    def told(self, problems: Iterable[Problem]) -> list[str]:
        """A line for each problem, with where it comes from."""
        return [f"{self._origin(problem.where)}: {problem}" for problem in problems]

    def _origin(self, where: tuple) -> str:
        there = [keys for keys in self.overridden if keys[0] != grid.SECTION]
        for _, *paths in (keys for keys in self.overridden if keys[0] == grid.SECTION):
            there += [tuple(path.split(".")) for path in paths or {path for one in self.grids for path in one}]
        inside = any(where[: len(keys)] == keys for keys in there)
        added = any(keys[: len(where)] == where for keys in there) and not _has(self.original, where)
        return "command line" if inside or added else self.shown


def load(path: str | Path, lab: Lab, overrides: Iterable[str] = ()) -> Given:
    """Read the config at `path` and apply overrides, which may change the sweep too.

    Parameters
    ----------
    path : path
        A YAML file.
    lab : Lab
    overrides : strings
        `section.key=value`, the value read as YAML. `sweep.model.unit=[lstm, gru]` changes what is swept over,
        `model.unit=lstm` takes model.unit out of the sweep, `sweep=null` leaves no sweep.

    Raises
    ------
    UsageError
        Where file, override or sweep can't be read.
    """
    path = Path(path)
    shown = str(path.relative_to(lab.folder)) if path.is_relative_to(lab.folder) else str(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{shown}: can't be read: {error}") from None
    data = yamls.load(text, shown)
    if data is None:
        data = {}
    if not isinstance(data, dict):
        raise UsageError(f"{shown}: must be sections with keys and values, got {data!r:.80}")
    original = json.loads(to_json(data, shown))
    changed = json.loads(to_json(data, shown))
    overridden = [_override(changed, text) for text in overrides]
    return Given(shown, changed, grid.grids(changed, overridden, shown), original, overridden)


def to_json(data: Any, where: str) -> str:
    """Plain data as JSON; UsageError where it contains itself."""
    try:
        return json.dumps(data)
    except (ValueError, RecursionError):
        raise UsageError(f"{where}: a value contains itself") from None


def _override(data: dict[str, Any], text: str) -> tuple[str, ...]:
    """Set `section.key=value` in `data`; the keys it set."""
    path, equals, value = text.partition("=")
    keys = tuple(path.strip().split("."))
    if not equals or not all(keys):
        raise UsageError(f"command line: {text!r}: an override is section.key=value, for example training.epochs=60")
    value = json.loads(to_json(yamls.load(value, f"command line: {path.strip()}"), "command line"))
    if keys[0] == grid.SECTION and keys[1:]:
        keys = (grid.SECTION, ".".join(keys[1:]))
        if isinstance(data.get(grid.SECTION), list):
            raise UsageError(f"command line: {text}: there are several grids; give all of them, as sweep=[...]")
    grid.assign(data, keys, value, f"command line: {text}")
    return keys


def _has(data: Any, where: tuple) -> bool:
    for key in where:
        if not isinstance(data, dict) or key not in data:
            return False
        data = data[key]
    return True
