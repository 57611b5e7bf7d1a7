"""The table of a sweep: a row for each of its points, averaged over seeds and folds, with how sure one can be."""

import csv
import dataclasses
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bricks.training import folders, grid
from bricks.training import log as logs
from bricks.training.intervals import mean_interval
from bricks.training.progress import shown


@dataclasses.dataclass(frozen=True)
class Result:
    """How a run ended: what was watched in its best epoch, what the test set said with those parameters."""

    watched: float
    test: dict[str, float]
    epochs: int
    minutes: float


@dataclasses.dataclass
class Row:
    """Runs that differ in seed or fold alone: what they have in common, how many there are to be, how they ended."""

    values: grid.Values
    asked: int
    results: list[Result]

    def measured(self, name: str, watch: str) -> list[float]:
        """What each of the runs has for this column."""
        if name == watch:
            return [result.watched for result in self.results]
        return [result.test[name] for result in self.results if name in result.test]


def read_result(folder: Path, watch: str) -> Result | None:
    """How the run in `folder` ended; None where it has not, or is not there."""
    path = folder / folders.LOG
    rows = logs.read(path) if path.is_file() else []
    if not rows or logs.last_test(rows[-1:]) is None:
        return None
    test = rows[-1]
    epochs = [row for row in rows if logs.last_test([row]) is None]
    best = [row.get(watch) for row in epochs if row["epoch"] == test["epoch"]]
    return Result(
        watched=_number(best[-1] if best else None),
        test={name: _number(value) for name, value in test.items() if name.startswith("test_") and _is_number(value)},
        epochs=epochs[-1]["epoch"] if epochs else 0,
        minutes=test["time"]["total"] / 60,
    )


def rows(points: Mapping[str, grid.Values], results: Mapping[str, Result], watch: str) -> list[Row]:
    """The rows, those with the smallest mean of what is watched first.

    Parameters
    ----------
    points : mapping of str to dict
        What each point sets, by its name.
    results : mapping of str to Result
        Of the points that are done.
    watch : str

    Examples
    --------
    >>> ended = [Result(0.02, {"test_error": 0.03}, 5, 1.0), Result(0.01, {"test_error": 0.02}, 5, 1.0)]
    >>> points = {"unit=lstm,seed=1": {"unit": "lstm", "seed": 1}, "unit=gru,seed=1": {"unit": "gru", "seed": 1}}
    >>> [row.values for row in rows(points, dict(zip(points, ended)), "valid_error")]
    [{'unit': 'gru'}, {'unit': 'lstm'}]
    """
    found: dict[str, Row] = {}
    for name, values in points.items():
        common = grid.common(values)
        row = found.setdefault(repr(common), Row(common, 0, []))
        row.asked += 1
        if name in results:
            row.results.append(results[name])

    def key(row: Row) -> tuple[bool, float]:
        values = row.measured(watch, watch)
        mean = mean_interval(values)[0] if values else math.nan
        return math.isnan(mean), mean

    return sorted(found.values(), key=key)


def cells(table: Sequence[Row], watch: str) -> tuple[list[str], list[list[str]]]:
    """The table in words: titles of its columns, and a list for each row; means with half of the 95 % interval."""
    paths = grid.short(path for row in table for path in row.values)
    columns = shown_columns(table, watch)
    found = []
    for row in table:
        n = len(row.results)
        words = [grid.word(row.values[path]) if path in row.values else "" for path in paths]
        words.append(str(n) if n == row.asked else f"{n} of {row.asked}")
        words += [_interval(name, row.measured(name, watch)) for name in columns]
        words.append(f"{_mean([result.epochs for result in row.results]):g}" if n else "")
        words.append(_minutes(_mean([result.minutes for result in row.results])) if n else "")
        found.append(words)
    return [*paths.values(), "n", *columns, "epochs", "minutes"], found


def markdown(table: Sequence[Row], watch: str) -> str:
    """The table as one reads it: mean and half of the 95 % interval."""
    header, rows = cells(table, watch)
    lines = [[cell.replace("|", "\\|") for cell in line] for line in (header, *rows)]
    widths = [max(3, *map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, ["-" * width for width in widths])
    padded = [[cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in lines]
    return "".join(f"| {' | '.join(line)} |\n" for line in padded)


def comma_separated(table: Sequence[Row], watch: str) -> str:
    """The table for programs: of all that was measured the mean, and the limits of the 95 % interval."""
    paths = grid.short(path for row in table for path in row.values)
    columns = [watch, *_tests(table)]
    limits = [f"{name}_{what}" for name in columns for what in ("mean", "low", "high")]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*paths.values(), "n", "asked", *limits, "epochs", "minutes"])
    for row in table:
        cells: list[Any] = [grid.word(row.values[path]) if path in row.values else "" for path in paths]
        cells += [len(row.results), row.asked]
        for name in columns:
            values = row.measured(name, watch)
            mean, half = mean_interval(values) if values else ("", None)
            cells += [mean, "", ""] if half is None else [mean, mean - half, mean + half]
        means = ([getattr(result, name) for result in row.results] for name in ("epochs", "minutes"))
        cells += [_mean(values) if values else "" for values in means]
        writer.writerow(cells)
    return text.getvalue()


def repeats(points: Mapping[str, grid.Values]) -> str:
    """What is averaged over, in words.

    >>> repeats({"a": {"seed": 1}, "b": {"seed": 2}})
    'seed 1, 2'
    """
    found: dict[str, list[str]] = {}
    for values in points.values():
        for path, value in values.items():
            if grid.is_repeat(path) and grid.word(value) not in found.setdefault(path, []):
                found[path].append(grid.word(value))
    keys = grid.short(found)
    return " and ".join(f"{keys[path]} {', '.join(values)}" for path, values in found.items())


def _tests(table: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(name for row in table for result in row.results for name in result.test))


def shown_columns(table: Sequence[Row], watch: str) -> list[str]:
    """What is watched, the same of the test set, the test set's error and cost: as far as they are measured."""
    wanted = dict.fromkeys([f"test_{watch.partition('_')[2]}", "test_error", "test_cost"])
    return [watch, *(name for name in wanted if name in _tests(table))]


def _interval(name: str, values: Sequence[float]) -> str:
    if not values:
        return ""
    mean, half = mean_interval(values)
    text = shown(name, mean)
    if half is None or not math.isfinite(mean):
        return text
    return f"{100 * mean:.2f} ± {100 * half:.2f} %" if text.endswith("%") else f"{text} ± {shown('', half)}"


def _mean(values: Sequence[float]) -> float:
    return mean_interval(values)[0]


def _minutes(minutes: float) -> str:
    return f"{minutes:.1f}" if minutes >= 1 else f"{minutes:.2f}"


def _is_number(value: Any) -> bool:
    return value is None or isinstance(value, int | float) and not isinstance(value, bool)


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)
