"""Tables, as in CSV and ARFF files, as `features` and `targets`: numbers as they are, words as classes.

A column of numbers is a feature, NaN where it is missing. A column of words is one feature for each of its values, 1
where the example has it and 0 elsewhere. The column that is the target becomes `targets`: numbers, or the numbers of
its classes.
"""

import logging
import math
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bricks.data.writing import HDF5Writer
from bricks.errors import DataError, UsageError, nearest

TARGETS = ("class", "target", "targets", "label", "labels")
"""What the column of targets is called where nobody says it; in any letters."""

MISSING = ("", "?")

NO_NUMBER = ("n/a", "na", "nan", "none", "null")
"""What is missing too in a column of numbers, in any letters; in a column of words each is a word."""

MOST_VALUES = 1000
"""Of a column of words; more are free text, or a number that someone has misspelt."""

BATCH = 10_000  # examples written at a time

AXES = {"features": ("batch", "feature"), "targets": ("batch", "index")}

Row = Sequence[str]

logger = logging.getLogger("bricks")


@dataclass
class Column:
    """A column of a table: numbers where `values` is None, else one of these words."""

    name: str
    values: tuple[str, ...] | None = None
    whole: bool = False  # all numbers are whole ones

    def titles(self) -> list[str]:
        """What its features are called."""
        return [self.name] if self.values is None else [f"{self.name}={value}" for value in self.values]


def target_column(columns: Sequence[Column], target: str | None, who: str) -> Column | None:
    """The column that is called so; without a name one that is called as targets are, or none."""
    names = [column.name for column in columns]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise DataError(f"{who}: each column must have a name of its own, got {twice!r} twice")
    if target is None:
        return next((column for column in columns if column.name.lower() in TARGETS), None)
    if target not in names:
        raise UsageError(f"{who}: there is no column {target!r}; {nearest(target, names)}")
    return columns[names.index(target)]


def write_table(
    output: str | os.PathLike,
    columns: Sequence[Column],
    rows: Callable[[], Iterator[tuple[int, Row]]],
    target: Column | None,
    *,
    which_set: str,
    dtype: str,
    compression: str | None,
    command: str,
    who: str,
) -> None:
    """Write a table as one set; `rows` gives each line's number and cells, a text for each column.

    `features` are `dtype` (n, features), with the attribute `columns` that names them; a missing number is NaN, a
    missing word all zeros. `targets` are (n, 1): int64 or float64 where they are numbers, else int64 with the attribute
    `classes`.
    """
    encoders = [(number, column) for number, column in enumerate(columns) if column is not target]
    place = next((number for number, column in enumerate(columns) if column is target), None)
    if not encoders:
        raise DataError(f"{who}: must have a column besides the target's")
    kind = _real(dtype, who)
    with HDF5Writer(output, axes=AXES, compression=compression, command=command) as writer:
        for batch in _batches(rows()):
            cells = [[row[number].strip() for _, row in batch] for number, _ in encoders]
            lines = [line for line, _ in batch]
            parts = [_features(column, given, lines, who) for (_, column), given in zip(encoders, cells, strict=True)]
            arrays = {"features": np.concatenate(parts, axis=1).astype(kind)}
            if target is not None:
                arrays["targets"] = _targets(target, [row[place].strip() for _, row in batch], lines, who)
            writer.append(which_set, arrays)
        writer.note("features", columns=[title for _, column in encoders for title in column.titles()])
        if target is not None and target.values is not None:
            writer.note("targets", classes=list(target.values))


def examined(names: Sequence[str], rows: Iterator[tuple[int, Row]], who: str, hint: str = "") -> list[Column]:
    """What the columns of a table hold, in one pass over it; numbers among words are warned of, with this hint."""
    found = [_Seen() for _ in names]
    empty = True
    for batch in _batches(rows):
        empty = False
        lines = [line for line, _ in batch]
        for seen, cells in zip(found, zip(*(row for _, row in batch), strict=True), strict=True):
            seen.add(lines, list(map(str.strip, cells)))
    if empty:
        raise DataError(f"{who}: must have at least one example, got none")
    return [seen.column(name, who, hint) for name, seen in zip(names, found, strict=True)]


class _Seen:
    """What was seen of a column."""

    def __init__(self):
        self.numbers, self.whole = False, True
        self.odd: tuple[int, str] | None = None  # the first that is no number, and its line
        self.words: dict[str, None] = {}

    def add(self, lines: list[int], cells: list[str]) -> None:
        if len(self.words) <= MOST_VALUES:
            self.words |= dict.fromkeys(cell for cell in cells if cell not in MISSING)
        values = numbers(cells)
        if values is None:
            odd = next(number for number, cell in enumerate(cells) if number_or_nan(cell) is None)
            self.odd = self.odd or (lines[odd], cells[odd])
            values = numbers([cell for cell in cells if number_or_nan(cell) is not None])
        values = values[~np.isnan(values)]
        self.numbers |= len(values) > 0
        self.whole &= all_whole(values)

    def column(self, name: str, who: str, hint: str) -> Column:
        if self.odd is None and (self.numbers or not self.words):
            return Column(name, None, self.whole)
        line, word = self.odd or (0, "")
        if len(self.words) > MOST_VALUES:
            raise DataError(
                f"{who}: column {name!r} must hold numbers or at most {MOST_VALUES} different words, got more, "
                f"such as {word!r} in line {line}; leave it out or mend it"
            )
        if self.numbers:
            logger.warning(
                "%s: column %r has numbers and words, such as %r in line %d: its %d values are taken as words%s",
                *(who, name, word, line, len(self.words), hint),
            )
        return Column(name, tuple(sorted(self.words)))


def _batches(rows: Iterator[tuple[int, Row]]) -> Iterator[list[tuple[int, Row]]]:
    batch = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _features(column: Column, cells: list[str], lines: list[int], who: str) -> np.ndarray:
    if column.values is None:
        return numbers(cells)[:, None]
    out = np.zeros((len(cells), len(column.values)))
    places = {value: place for place, value in enumerate(column.values)}
    for row, cell in enumerate(cells):
        if cell not in places and cell not in MISSING:
            raise DataError(f"{who}: line {lines[row]}, column {column.name!r}: {nearest(cell, places)}")
        if cell in places:
            out[row, places[cell]] = 1
    return out


def _targets(column: Column, cells: list[str], lines: list[int], who: str) -> np.ndarray:
    values = numbers(cells) if column.values is None else None
    lacks = np.isnan(values) if values is not None else [cell in MISSING for cell in cells]
    missing = next((line for line, lack in zip(lines, lacks, strict=True) if lack), None)
    if missing is not None:
        raise DataError(f"{who}: line {missing}: the target, column {column.name!r}, must be there in each line")
    if column.values is not None:
        places = {value: place for place, value in enumerate(column.values)}
        return np.array([[places[cell]] for cell in cells], np.int64)
    return values[:, None].astype(np.int64 if column.whole else np.float64)


def number_of(cell: str) -> float | None:
    """The number that a cell is, or None; "1_000", which Python reads, is none."""
    try:
        return None if "_" in cell else float(cell)
    except ValueError:
        return None


def number_or_nan(cell: str) -> float | None:
    """The number that a cell is, NaN where it is missing, else None."""
    return math.nan if cell in MISSING or cell.lower() in NO_NUMBER else number_of(cell)


def numbers(cells: Sequence[str]) -> np.ndarray | None:
    """Those of a column, float64, NaN where one is missing; None where a cell is something else."""
    if not any("_" in cell for cell in cells):
        try:  # all at once
            return np.array(list(map(float, cells)), np.float64)
        except ValueError:
            pass
    values = list(map(number_or_nan, cells))
    return None if None in values else np.array(values, np.float64)


def all_whole(values: np.ndarray) -> bool:
    """Whether numbers can be int64 as well."""
    return bool(((np.abs(values) < 2**53) & (values % 1 == 0)).all()) if np.isfinite(values).all() else False


def _real(dtype: str, who: str) -> np.dtype:
    known = ("float32", "float64")
    if dtype not in known:
        raise UsageError(f"{who}: features must be of dtype float32 or float64, got {dtype!r}; {nearest(dtype, known)}")
    return np.dtype(dtype)
