"""Tables, as in CSV and ARFF files, as `features` and `targets`: numbers as they are, words as classes.

A column of numbers is a feature. A column of words is one feature for each of its values, 1 where the example has it
and 0 elsewhere. The column that is the target becomes `targets`: numbers, or the numbers of its classes.
"""

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

MOST_VALUES = 1000
"""Of a column of words; more are free text, or a number that someone has misspelt."""

BATCH = 10_000  # examples written at a time

AXES = {"features": ("batch", "feature"), "targets": ("batch", "index")}

Row = Sequence[str]


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
            cells = [np.array([row[number].strip() for _, row in batch], object) for number, _ in encoders]
            lines = [line for line, _ in batch]
            parts = [_features(column, given, lines, who) for (_, column), given in zip(encoders, cells, strict=True)]
            arrays = {"features": np.concatenate(parts, axis=1).astype(kind)}
            if target is not None:
                arrays["targets"] = _targets(target, [row[place].strip() for _, row in batch], lines, who)
            writer.append(which_set, arrays)
        writer.note("features", columns=[title for _, column in encoders for title in column.titles()])
        if target is not None and target.values is not None:
            writer.note("targets", classes=list(target.values))


def examined(names: Sequence[str], rows: Iterator[tuple[int, Row]], who: str) -> list[Column]:
    """What the columns of a table hold, in one pass over it."""
    number, whole = [True] * len(names), [True] * len(names)
    words: list[dict[str, None]] = [{} for _ in names]
    empty = True
    for _, row in rows:
        empty = False
        for place, cell in enumerate(map(str.strip, row)):
            if cell in MISSING:
                continue
            value = number_of(cell)
            number[place] &= value is not None
            whole[place] &= value is not None and value.is_integer() and abs(value) < 2**53
            if len(words[place]) <= MOST_VALUES:
                words[place][cell] = None
    if empty:
        raise DataError(f"{who}: must have at least one example, got none")
    for name, is_number, values in zip(names, number, words, strict=True):
        if not is_number and len(values) > MOST_VALUES:
            odd = next((value for value in values if number_of(value) is None), "")
            raise DataError(
                f"{who}: column {name!r} must hold numbers or at most {MOST_VALUES} different words, got more, "
                f"such as {odd!r}; leave it out or mend it"
            )
    return [
        Column(name, None if is_number else tuple(sorted(values)), is_whole)
        for name, is_number, is_whole, values in zip(names, number, whole, words, strict=True)
    ]


def _batches(rows: Iterator[tuple[int, Row]]) -> Iterator[list[tuple[int, Row]]]:
    batch = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _features(column: Column, cells: np.ndarray, lines: list[int], who: str) -> np.ndarray:
    if column.values is None:
        return np.array([[math.nan if cell in MISSING else number_of(cell)] for cell in cells], np.float64)
    out = np.zeros((len(cells), len(column.values)))
    places = {value: place for place, value in enumerate(column.values)}
    for row, cell in enumerate(cells):
        if cell not in places and cell not in MISSING:
            raise DataError(f"{who}: line {lines[row]}, column {column.name!r}: {nearest(cell, places)}")
        if cell in places:
            out[row, places[cell]] = 1
    return out


def _targets(column: Column, cells: list[str], lines: list[int], who: str) -> np.ndarray:
    missing = next((line for line, cell in zip(lines, cells, strict=True) if cell in MISSING), None)
    if missing is not None:
        raise DataError(f"{who}: line {missing}: the target, column {column.name!r}, must be there in each line")
    if column.values is not None:
        places = {value: place for place, value in enumerate(column.values)}
        return np.array([[places[cell]] for cell in cells], np.int64)
    return np.array([[number_of(cell)] for cell in cells], np.int64 if column.whole else np.float64)


def number_of(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


def _real(dtype: str, who: str) -> np.dtype:
    known = ("float32", "float64")
    if dtype not in known:
        raise UsageError(f"{who}: features must be of dtype float32 or float64, got {dtype!r}; {nearest(dtype, known)}")
    return np.dtype(dtype)
