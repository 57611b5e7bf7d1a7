"""Sweeps: an ordinary run for each point of a grid, in one directory, which can be gone on with.

runs/CONFIG/sweep-TIME/   sweep.yaml versions.json table.md table.csv
    unit=lstm,seed=1/     the run of a point
    output/               what each run printed
"""

import dataclasses
import fcntl
import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bricks import engine
from bricks.errors import BricksError, CheckpointError, UsageError
from bricks.training import config as configs
from bricks.training import folders, given, grid, provenance, tables, yamls
from bricks.training.config import Config
from bricks.training.given import Given
from bricks.training.lab import Lab
from bricks.training.saving import CHECKPOINT
from bricks.training.tables import Result

TABLE, CSV, OUTPUT = "table.md", "table.csv", "output"


@dataclasses.dataclass(frozen=True)
class Point:
    """A run that is to be: its name, what the sweep sets, the whole config."""

    name: str
    values: grid.Values
    config: Config


class Sweep:
    """The points of a config with a `sweep`; nothing is written before `create`.

    Parameters
    ----------
    found : Given
        The config.
    lab : Lab
    name : str
        Of the config.

    Attributes
    ----------
    points : dict of str to Point
        By their names.
    folder : Path
        Once there is one.
    watch : str
        What the first point's training watches; rows are sorted by it.

    Raises
    ------
    UsageError
        Where a point is no valid config: a line for each problem of any of them.
    """

    def __init__(self, found: Given, lab: Lab, name: str):
        self.lab, self.name, self._given = lab, name, found
        self.folder: Path | None = None
        self.points: dict[str, Point] = {}
        problems: dict[str, list[str]] = {}
        for point, values in zip(grid.names(found.points), found.points, strict=True):
            config, wrong = configs.validate(found.at(values), lab, name)
            for line in found.told(wrong):
                problems.setdefault(line, []).append(point)
            self.points[point] = Point(point, values, config)
        _refuse(problems, len(self.points))
        self.watch = next(iter(self.points.values())).config.training.watch

    @property
    def values(self) -> dict[str, grid.Values]:
        """What each point sets."""
        return {name: point.values for name, point in self.points.items()}

    def representatives(self) -> list[Point]:
        """One point of those that differ in seed or fold alone, as far as they are not done."""
        found: dict[str, Point] = {}
        for point in self.points.values():
            if self.folder is None or self.result(point.name) is None:
                found.setdefault(repr(grid.common(point.values)), point)
        return list(found.values())

    def check(self) -> None:
        """Build data, model and loop of each representative, and let them go again.

        Raises
        ------
        UsageError
            With what is wrong with any of them.
        """
        from bricks.training.runs import Run

        problems: dict[str, list[str]] = {}
        chosen = self.representatives()
        for point in chosen:
            try:
                Run(point.config, self.lab)
            except BricksError as error:
                problems.setdefault(str(error), []).append(point.name)
        _refuse(problems, len(chosen))

    def create(self, command: Sequence[str], threads: int) -> None:
        """Make the directory: the config with all defaults that the points share, and what it is made with."""
        self.folder = folders.create(self.lab, self.name, prefix="sweep-")
        about = {**engine.versions(), "threads": str(threads), "command": list(command)}
        folders.write_text(self.folder / folders.VERSIONS, json.dumps(about, indent=2) + "\n")
        folders.write_text(self.folder / folders.SWEEP, self.to_yaml())
        self._lock()

    def to_yaml(self) -> str:
        """A config that reads back to the same points."""
        common = _common([point.config.resolved for point in self.points.values()])
        data = _merged(common, {key: value for key, value in self._given.data.items() if key != grid.SECTION})
        grids = self._given.grids
        return yamls.dump({**data, grid.SECTION: grids[0] if len(grids) == 1 else grids})

    @property
    def about(self) -> dict[str, Any]:
        """`versions.json`: versions, `threads` of each run, `command`."""
        return json.loads((self.folder / folders.VERSIONS).read_text(encoding="utf-8"))

    def run_folder(self, name: str) -> Path:
        """Where a point's run lies."""
        return self.folder / name

    def result(self, name: str) -> Result | None:
        """How a point's run ended; None while it has not."""
        return tables.read_result(self.run_folder(name), self.watch)

    def results(self) -> dict[str, Result]:
        """Of all points that are done."""
        found = {name: self.result(name) for name in self.points}
        return {name: result for name, result in found.items() if result is not None}

    def words(self, name: str) -> list[str]:
        """What `train.py` is to be asked for to start a point's run, or to go on with it."""
        folder = self.run_folder(name)
        if (folder / CHECKPOINT).exists():
            return ["--resume", str(folder)]
        overrides = [f"{path}={json.dumps(value)}" for path, value in self.points[name].values.items()]
        return [str(self.folder / folders.SWEEP), f"{grid.SECTION}=null", *overrides]

    def table(self, results: Mapping[str, Result], failures: Mapping[str, str]) -> str:
        """What is printed at the end: the table, what failed, how it was asked for."""
        rows = tables.rows(self.values, results, self.watch)
        over = tables.repeats(self.values)
        said = f"Mean and 95 % interval (Student's t) over {over}; s" if over else "S"
        lines = [f"{self.name}. {said}orted by {self.watch}.", "", tables.markdown(rows, self.watch)]
        lines += [f"failed: {name}: {message}\n" for name, message in failures.items()]
        return "\n".join(lines)

    def write_table(self, results: Mapping[str, Result], failures: Mapping[str, str]) -> None:
        """`table.md` and `table.csv`, whole or as they were; BricksError where they can't be written."""
        rows = tables.rows(self.values, results, self.watch)
        asked = shlex.join(["python", *self.about["command"]])
        try:
            folders.write_text(self.folder / TABLE, f"{self.table(results, failures)}\n`{asked}`\n")
            folders.write_text(self.folder / CSV, tables.comma_separated(rows, self.watch))
        except OSError as error:
            raise BricksError(f"{self.folder}: its table can't be written: {error.strerror or error}") from None

    def _lock(self) -> None:
        """Keep the sweep to this process, as long as it lives."""
        self._locked = open(self.folder / folders.SWEEP, "rb")
        try:
            fcntl.flock(self._locked, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(f"{self.folder}: another process runs this sweep; wait for it or end it first") from None
        except OSError:
            pass  # some network file systems have no locks: then care is the user's


def reopen(folder: Path, lab: Lab) -> Sweep:
    """The sweep in `folder`, to be gone on with.

    Raises
    ------
    UsageError
        If another process runs it.
    CheckpointError
        If a run there is not the one that `sweep.yaml` says.
    """
    sweep = Sweep(given.load(folder / folders.SWEEP, lab), lab, folders.config_name(folder))
    sweep.folder = folder
    sweep._lock()
    for point in sweep.points.values():
        path = sweep.run_folder(point.name) / folders.CONFIG
        if path.is_file():
            own = configs.read(path, lab, name=sweep.name)
            changed = provenance.fixed_differences(point.config.resolved, own.resolved)
            if changed:
                raise CheckpointError(
                    f"{path}: is of another run than {folders.SWEEP} says: {changed}; put it back, or take "
                    "the run's directory away"
                )
    return sweep


def _refuse(problems: Mapping[str, Iterable[str]], total: int) -> None:
    """Raise what is wrong with any of so many points, each problem once."""
    lines = []
    for problem, names in problems.items():
        names = list(names)
        more = f" and {len(names) - 1} more of {total} points" if names[1:] else ""
        lines.append(problem if len(names) == total else f"{problem} (at {names[0]}{more})")
    if lines:
        raise UsageError("\n".join(lines))


def _common(values: Sequence[Any]) -> Any:
    """What plain data have in common: of mappings, key by key."""
    if all(value == values[0] for value in values):
        return values[0]
    if not all(isinstance(value, dict) for value in values):
        return None
    shared = [key for key in values[0] if all(key in value for value in values)]
    found = {key: [value[key] for value in values] for key in shared}
    return {
        key: _common(several)
        for key, several in found.items()
        if all(value == several[0] for value in several) or all(isinstance(value, dict) for value in several)
    }


def _merged(below: Any, above: Any) -> Any:
    """Plain data laid over other such data; keys in its order first."""
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    both = {key: _merged(below[key], above[key]) for key in below if key in above}
    return {**above, **{key: value for key, value in below.items() if key not in above}, **both}
