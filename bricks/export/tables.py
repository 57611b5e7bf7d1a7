"""Predictions as tables for R and its like: tidy, a row for each example, or for each step of one."""

from collections.abc import Iterator, Mapping
from itertools import product

import numpy as np

from bricks.export.predictions import Predictions

Table = tuple[list[str], Iterator[list]]


def tables(predictions: Predictions, classes: Mapping[str, list[str]]) -> dict[str, Table]:
    """Headers and rows: `predictions`, a row for each example, and `predictions_by_step`; each if it has anything.

    Parameters
    ----------
    predictions : Predictions
    classes : dict of str to list of str
        Of arrays of whole numbers, what these are called: a column `NAME_name` beside each.

    >>> said = Predictions({"class": np.array([1, 0]), "p": np.array([[0.25, 0.75], [1, 0]])})
    >>> header, rows = tables(said, {"class": ["a", "b"]})["predictions"]
    >>> for row in [header, *rows]:
    ...     print(*row)
    example class class_name p_0 p_1
    0 1 b 0.25 0.75
    1 0 a 1.0 0.0
    """
    whole = {name: array for name, array in predictions.arrays.items() if name not in predictions.by_step}
    by_step = {name: array for name, array in predictions.arrays.items() if name in predictions.by_step}
    found = {}
    if whole:
        columns = _columns(whole, classes, 1)
        found["predictions"] = (["example", *columns], _rows(columns))
    if by_step:
        columns = _columns(by_step, classes, 2)
        found["predictions_by_step"] = (["example", "step", *columns], _rows_by_step(columns, predictions.steps))
    return found


def _columns(arrays: Mapping[str, np.ndarray], classes: Mapping, axes: int) -> dict[str, np.ndarray]:
    """Arrays of `axes` axes, by what they are called: `probabilities_0`, ..."""
    found: dict[str, np.ndarray] = {}
    for name, array in arrays.items():
        for place in product(*map(range, array.shape[axes:])):
            found["_".join([name, *map(str, place)])] = array[(slice(None),) * axes + place]
        if name in classes and array.ndim == axes:
            found[f"{name}_name"] = np.array([*classes[name], ""], object)[
                np.where(_is_one(array, classes[name]), array, -1)
            ]
    return found


def _is_one(array: np.ndarray, names: list[str]) -> np.ndarray:
    return (array >= 0) & (array < len(names))


def _rows(columns: dict[str, np.ndarray]) -> Iterator[list]:
    for example, values in enumerate(zip(*columns.values(), strict=True)):
        yield [example, *map(_cell, values)]


def _rows_by_step(columns: dict[str, np.ndarray], steps: np.ndarray | None) -> Iterator[list]:
    for example, values in enumerate(zip(*columns.values(), strict=True)):
        count = len(values[0]) if steps is None else steps[example]
        for step in range(count):
            yield [example, step, *(_cell(value[step]) for value in values)]


def _cell(value):
    """NumPy's own words for a number are the shortest that read back to it in its dtype."""
    return str(value) if isinstance(value, np.generic) else value
