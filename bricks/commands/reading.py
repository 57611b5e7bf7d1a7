"""Examples from a file a person has: HDF5, CSV or `.npz`, as a data set of `bricks.data`.

In each the examples lie along the first axis, also those of sequences: (examples, time, features).
"""

import csv
import math
import re
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import h5py
import numpy as np

from bricks.command_line import shown_path
from bricks.data import ArrayDataset, H5PYDataset, Source
from bricks.data.converters.tables import number_of
from bricks.data.layout import hdf5_errors
from bricks.errors import DataError, UsageError, nearest
from bricks.npz import read_npz

HDF5 = (".h5", ".hdf5")
SUFFIXES = (*HDF5, ".csv", ".npz")


def read_examples(path: Path, needed: Mapping[str, Source], which_set: str | None = None):
    """The needed sources of a file.

    Parameters
    ----------
    path : Path
        `.h5` or `.hdf5`: a dataset for each source; `.npz`: an array for each; `.csv`: a first line with the names of
        the columns. A column called as a source, or `source_0`, `source_1`, ..., is of that source; any other is of
        the source that is needed and of which there is none.
    needed : mapping of str to Source
        As a batch of the training's stream has them.
    which_set : str, optional
        A set of an HDF5 file in Fuel's layout; by default all examples.

    Returns
    -------
    Dataset
        With `num_examples`, `sources` and `read(indices)`.

    Raises
    ------
    UsageError
        For another suffix, or a set of what has none.
    DataError
        If the file can't be read, lacks a source, or has one of another shape or kind.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "x.csv"
    >>> _ = path.write_text("length,width\\n1,2\\n3,4\\n")
    >>> features = Source(np.dtype("float32"), (2,), ("batch", "feature"))
    >>> read_examples(path, {"features": features}).read([1])
    {'features': array([[3., 4.]])}
    """
    who = shown_path(path)
    if path.suffix not in SUFFIXES:
        raise UsageError(f"{who}: must end in one of {', '.join(SUFFIXES)}; {nearest(path.suffix, SUFFIXES)}")
    if which_set is not None and path.suffix not in HDF5:
        raise UsageError(f"{who}: only HDF5 files in Fuel's layout have sets; leave --set out")
    if not path.is_file():
        raise DataError(f"{who}: there is no such file")
    try:
        if path.suffix == ".csv":
            dataset = _read_csv(path, needed, who)
        elif path.suffix == ".npz":
            dataset = _read_npz(path, needed, who)
        else:
            dataset = _read_hdf5(path, needed, which_set, who)
    except OSError as error:
        raise DataError(f"{who}: can't be read: {error.strerror or error}") from None
    if dataset.num_examples == 0:
        raise DataError(f"{who}: must have at least one example, got none")
    for name, source in needed.items():
        _compare(name, dataset.sources[name], source, who)
    return dataset


def _read_hdf5(path: Path, needed: Mapping[str, Source], which_set: str | None, who: str):
    with hdf5_errors(who), h5py.File(path, "r") as file:
        names = [name for name, item in file.items() if isinstance(item, h5py.Dataset)]
        lengths = {name: len(file[name]) if file[name].ndim else 0 for name in needed if name in names}
        fuel = "split" in file.attrs
    _check_names(needed, names, who)
    if which_set is not None:
        return H5PYDataset(path, which_set, sources=list(needed), load_in_memory=False)
    if len(set(lengths.values())) > 1:
        sets = "; choose one of its sets with --set" if fuel else ""
        raise DataError(f"{who}: all sources must have equally many examples, got {lengths}{sets}")
    return _WholeFile(path, list(needed))


class _WholeFile:
    """All rows of some datasets of an HDF5 file, read as asked."""

    def __init__(self, path: Path, names: Sequence[str]):
        self._path, self._names = path, names
        with h5py.File(path, "r") as file:
            found = {name: file[name] for name in names}
            self.num_examples = len(found[names[0]])
            self.sources = {
                name: Source(data.dtype, data.shape[1:], ("batch",) + ("",) * (data.ndim - 1))
                for name, data in found.items()
            }

    def read(self, indices: np.ndarray) -> dict[str, np.ndarray]:
        """These rows, which must be one stretch."""
        with hdf5_errors(self._path), h5py.File(self._path, "r") as file:
            return {name: file[name][int(indices[0]) : int(indices[-1]) + 1] for name in self._names}


def _read_npz(path: Path, needed: Mapping[str, Source], who: str) -> ArrayDataset:
    arrays = read_npz(path, who, DataError)
    _check_names(needed, list(arrays), who)
    return ArrayDataset({name: arrays[name] for name in needed}, name=who)


def _read_csv(path: Path, needed: Mapping[str, Source], who: str) -> ArrayDataset:
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            header = next(csv.reader(file), [])
            if not header or all(number_of(cell) is not None for cell in header):
                raise DataError(f"{who}: the first line must name the columns, got {', '.join(header) or 'nothing'}")
            with warnings.catch_warnings(action="ignore", category=UserWarning):  # of a file without rows
                table = np.loadtxt(file, delimiter=",", quotechar='"', comments=None, ndmin=2)
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{who}: must be text in UTF-8: {error}") from None
    except ValueError as error:
        raise error if isinstance(error, DataError) else DataError(f"{who}: {_problem(error, header)}") from None
    table = table.reshape(-1, len(header)) if table.size == 0 else table
    if table.shape[1] != len(header):
        raise DataError(f"{who}: the first line names {len(header)} columns, the rows have {table.shape[1]}")
    columns = _columns(header, needed, who)
    arrays = {}
    for name, source in needed.items():
        chosen = table[:, columns[name]]
        known = None not in source.shape
        if not known and len(source.shape) != 1:
            raise DataError(f"{who}: examples of {name!r} have shape {source.shape}, no rows of a table; use HDF5")
        if known and chosen.shape[1] != math.prod(source.shape):
            wanted = f"{math.prod(source.shape)} columns, for examples of shape {source.shape}"
            raise DataError(f"{who}: source {name!r} must have {wanted}, got {chosen.shape[1]}")
        shape = source.shape if known else (-1,)
        arrays[name] = _as(source.dtype, chosen.reshape(len(chosen), *shape), f"{who}: source {name!r}")
    return ArrayDataset(arrays, name=who)


def _columns(header: Sequence[str], needed: Mapping[str, Source], who: str) -> dict[str, list[int]]:
    """The numbers of each needed source's columns."""
    columns: dict[str, list[int]] = {name: [] for name in needed}
    others = []
    for number, title in enumerate(header):
        own = [name for name in needed if re.fullmatch(rf"{re.escape(name)}(_\d+)*", title.strip())]
        (columns[max(own, key=len)] if own else others).append(number)
    empty = [name for name in needed if not columns[name]]
    if len(empty) > 1:
        raise DataError(f"{who}: no column is called {empty[0]} or {empty[0]}_0, nor {empty[1]}; which is whose?")
    if empty:
        columns[empty[0]] = others
    return columns


def _problem(error: ValueError, header: Sequence[str]) -> str:
    """What NumPy says of a table, with the number of the line and the name of the column."""
    found = re.match(r"could not convert string (.*) to float64 at row (\d+), column (\d+)", str(error))
    if found and int(found[3]) <= len(header):
        return f"line {int(found[2]) + 2}, column {header[int(found[3]) - 1]!r}: must be a number, got {found[1]}"
    return f"below its first line must be rows of numbers, equally many in each: {str(error).split(';')[0]}"


def _as(dtype: np.dtype, numbers: np.ndarray, who: str) -> np.ndarray:
    """Whole numbers as such, where training had whole numbers."""
    if dtype.kind not in "iu":
        return numbers
    whole = numbers.astype(dtype)
    if not np.array_equal(whole, numbers):
        raise DataError(f"{who} must be whole numbers ({dtype}), got {numbers[whole != numbers][0]:g}")
    return whole


def _check_names(needed: Mapping[str, Source], names: Sequence[str], who: str) -> None:
    for name in needed:
        if name not in names:
            raise DataError(f"{who}: has no {name!r}, which the model needs; {nearest(name, names)}")


def _compare(name: str, given: Source, wanted: Source, who: str) -> None:
    fits = len(given.shape) == len(wanted.shape) and all(
        length in (None, other) for length, other in zip(wanted.shape, given.shape, strict=True)
    )
    if not fits:
        shape = tuple("any" if length is None else length for length in wanted.shape)
        raise DataError(
            f"{who}: an example of {name!r} must have shape {shape}, as in training, got {given.shape}; "
            "without --input, --set takes the run's own data, with all that is done to it before training"
        )
    if given.dtype.kind not in "biuf":
        raise DataError(f"{who}: {name!r} must hold numbers, got dtype {given.dtype}")
