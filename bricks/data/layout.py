"""Fuel's HDF5 layout: what is in the file, and its table of sets (writing.py writes whole files).

One HDF5 dataset per source lies at the root, the examples of all sets one after the other along the first
axis, with axis labels in `dims[i].label`. The root attribute `split` is a table with one row for each
pair of a set and a source; it says which examples of the source belong to the set. Its fields were
scalars in Fuel's days; Fuel's code under today's NumPy makes some of them vectors of length one. Both
forms are read, the historic one is written.
"""

import contextlib
import os
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import h5py
import numpy as np

from bricks.errors import BricksError, DataError


class SplitRow(NamedTuple):
    """A row of the `split` table: examples start to stop of `source`, or those of `indices`, are in `split`.

    `indices` refers to a dataset of example numbers in the same file; it wins over start and stop.
    """

    split: str
    source: str
    start: int = 0
    stop: int = 0
    indices: h5py.Reference | None = None
    available: bool = True
    comment: str = ""


def split_table(rows: Sequence[SplitRow]) -> np.ndarray:
    """The value of the root attribute `split`, in the historic form with scalar fields.

    Parameters
    ----------
    rows : list of SplitRow
        One for each pair of a set and a source.

    Returns
    -------
    np.ndarray, shape (rows,)
        Compound, with byte strings as wide as the longest, in UTF-8; an empty comment is ".".

    Examples
    --------
    >>> split_table([SplitRow("train", "features", 0, 3), SplitRow("train", "targets", 0, 3)])["source"]
    array([b'features', b'targets'], dtype='|S8')
    """
    texts = [(row.split.encode(), row.source.encode(), row.comment.encode() or b".") for row in rows]
    widths = [max(1, *map(len, column)) for column in zip(*texts, strict=True)]
    table = np.empty(
        len(rows),
        np.dtype(
            [
                ("split", f"S{widths[0]}"),
                ("source", f"S{widths[1]}"),
                ("start", np.int64),
                ("stop", np.int64),
                ("indices", h5py.ref_dtype),
                ("available", np.bool_),
                ("comment", f"S{widths[2]}"),
            ]
        ),
    )
    for number, (row, (split, source, comment)) in enumerate(zip(rows, texts, strict=True)):
        indices = row.indices or h5py.Reference()
        table[number] = (split, source, row.start, row.stop, indices, row.available, comment)
    return table


def read_splits(file: h5py.File, who: str) -> list[SplitRow]:
    """The rows of the `split` table of an open file, in either form.

    Raises
    ------
    DataError
        There is no such table, or it lacks a field.
    """
    table = file.attrs.get("split")
    if table is None:
        raise DataError(
            f"{who}: a data file in Fuel's layout must have the root attribute 'split', "
            f"this one has {sorted(file.attrs) or 'none'}; is it another kind of HDF5 file?"
        )
    names = getattr(getattr(table, "dtype", None), "names", None) or ()
    needed = [name for name in SplitRow._fields if name != "comment"]
    if not set(needed) <= set(names) or table.ndim != 1:
        raise DataError(f"{who}: the root attribute 'split' must be a table with the fields {needed}, got {table}")
    rows = [
        SplitRow(
            _text(row["split"]),
            _text(row["source"]),
            _scalar(row["start"]),
            _scalar(row["stop"]),
            _scalar(row["indices"]) or None,
            bool(_scalar(row["available"])),
            _comment(row["comment"]) if "comment" in names else "",
        )
        for row in table
    ]
    pairs = [row[:2] for row in rows]
    twice = next((pair for pair in pairs if pairs.count(pair) > 1), None)
    if twice:
        raise DataError(f"{who}: the attribute 'split' names set {twice[0]!r}, source {twice[1]!r} twice")
    return rows


def dimension_labels(dataset: h5py.Dataset) -> list[str]:
    """The labels of its axes, "" where there is none.

    Read as the attribute that they are: where that is damaged, what HDF5 has for them, `dims[i].label`, crashes.
    """
    labels = dataset.attrs.get("DIMENSION_LABELS", ())
    texts = [label.decode(errors="replace") if isinstance(label, bytes) else str(label or "") for label in labels]
    return (texts + [""] * dataset.ndim)[: dataset.ndim]


@contextlib.contextmanager
def hdf5_errors(path: str | os.PathLike) -> Iterator[None]:
    """Whatever h5py raises on a missing, damaged or foreign file comes out as a DataError that names it."""
    try:
        yield
    except BricksError:
        raise
    except Exception as error:  # h5py has no base class of its own: OSError, KeyError, RuntimeError, ...
        raise DataError(f"{path}: {_problem(path, error)}") from error


def reason(error: Exception) -> str:
    """What went wrong, in one line; HDF5 hides the system's own words in long ones."""
    number = getattr(error, "errno", None) or next(iter(re.findall(r"errno = (\d+)", str(error))), None)
    return os.strerror(int(number)) if number else (str(error).splitlines() or [type(error).__name__])[0]


def _problem(path: str | os.PathLike, error: Exception) -> str:
    if isinstance(error, MemoryError):
        return f"does not fit into memory ({error}); read it from disk with load_in_memory=False"
    if isinstance(error, OSError) and error.errno:
        return f"cannot be read: {reason(error)}"
    kind = "damaged or truncated HDF5 file" if h5py.is_hdf5(path) else "no HDF5 file, or its beginning is lost"
    return f"{kind} ({reason(error)})"


def _scalar(value: object) -> object:
    """The value of a field in the historic form (a scalar) or the present one (a vector of length one)."""
    return value.reshape(-1)[0] if isinstance(value, np.ndarray) else value


def _comment(value: object) -> str:
    text = _text(value)
    return "" if text == "." else text


def _text(value: object) -> str:
    value = _scalar(value)
    return value.decode() if isinstance(value, bytes) else str(value)
