"""Data sets in HDF5 files of Fuel's layout (layout.py), in memory or read from disk as asked."""

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import h5py
import numpy as np

from bricks.data.arrays import ArrayDataset, example_numbers
from bricks.data.checksums import array_sum
from bricks.data.contracts import Batch, Source
from bricks.data.layout import SplitRow, dimension_labels, hdf5_errors, read_splits
from bricks.data.names import as_names, axis_labels, chosen
from bricks.data.seals import compare_seal
from bricks.data.selection import Rows, pick, read_rows, set_rows, subset_rows, union
from bricks.data.showing import as_table
from bricks.data.sums import REMEDY, read_sums
from bricks.data.varying import describe_varying, is_varying, read_varying
from bricks.errors import DataError, UsageError, nearest


class H5PYDataset:
    """The examples of one or more sets of an HDF5 file in Fuel's layout.

    Parameters
    ----------
    path : path
        Of the file; it is opened for reading only, anew in each process.
    which_sets : str or list of str
        The sets; several are put one after the other in the order given, an example of two of them once.
    subset : slice or list of int, optional
        Of the numbers of the examples of these sets. A list keeps its order and its repetitions.
    sources : list of str, optional
        The sources wanted; by default, in alphabetical order, all that each of the sets has.
    load_in_memory : bool
        True reads the examples once, now; False reads from the file at each `read`.
    axes : dict of str to tuple of str, optional
        Labels of all axes of a source, "batch" first, in place of those that the file has.

    Raises
    ------
    DataError
        The file is missing, truncated, no HDF5 or not in Fuel's layout; it has no such set or source; the
        sources of a set are not equally long; the subset lies outside; a check sum is wrong.

    Notes
    -----
    The layout is that of Fuel 0.2 (2018); see layout.py. Sources of varying length (varying.py) come as `ragged`
    vectors. Check sums, where the file has them, are compared as sums.py and seals.py say. Damage in a file without may
    crash HDF5's library; `check_file` finds that out in a process of its own.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from bricks.data import write_hdf5
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "small.hdf5"
    >>> write_hdf5(path, {"train": {"features": np.eye(3), "targets": np.arange(3)}})
    >>> dataset = H5PYDataset(path, "train", subset=[2, 0], sources=["targets"])
    >>> dataset.num_examples, dataset.sources
    (2, {'targets': Source(int64, (), batch)})
    >>> dataset.read([0, 1])
    {'targets': array([2, 0])}
    """

    def __init__(
        self,
        path: str | os.PathLike,
        which_sets: str | Iterable[str],
        subset: slice | Sequence[int] | None = None,
        sources: str | Iterable[str] | None = None,
        load_in_memory: bool = True,
        axes: Mapping[str, Sequence[str]] | None = None,
    ):
        self.path = os.fspath(path)
        self.which_sets = as_names(which_sets)
        if not self.which_sets or len(set(self.which_sets)) < len(self.which_sets):
            raise UsageError(f"{self.path}: which_sets must name sets, each once, got {which_sets!r}")
        self._open_file: tuple[int, h5py.File] | None = None
        self._memory: ArrayDataset | None = None
        with hdf5_errors(self.path):
            compare_seal(self.path)
        with self._reading() as file:
            table = read_splits(file, self.path)
            names = _chosen_sources(table, self.which_sets, as_names(sources), self.path)
            chosen(tuple(axes or ()), dict.fromkeys(names), self.path)
            self.sums = read_sums(file, table, self.path)
            self.sources = {name: describe(file, name, self.path, (axes or {}).get(name)) for name in names}
            self._rows = _chosen_rows(file, table, self.which_sets, names, self.path)
            self._whole_sets = _lengths(self._rows, table, self.which_sets) if subset is None else None
            if subset is not None:
                self._rows = {name: subset_rows(rows, subset, self.path) for name, rows in self._rows.items()}
        self.num_examples: int = len(next(iter(self._rows.values())))
        if load_in_memory:
            self._memory = self.to_memory()
            self.close()

    def to_memory(self) -> ArrayDataset:
        """The same examples as a data set in memory."""
        if self._memory is not None:
            return self._memory
        with self._reading() as file:
            arrays = {name: self._read(file, name, rows) for name, rows in self._rows.items()}
        self._compare_sums(arrays)
        axes = {name: source.axes for name, source in self.sources.items()}
        return ArrayDataset(arrays, axes, name=self.path)

    @property
    def arrays(self) -> dict[str, np.ndarray] | None:
        """Those of all examples where they are in memory, else None."""
        return None if self._memory is None else self._memory.arrays

    def values(self, source: str) -> np.ndarray:
        """A source's values of all examples, without reading the others; not to be changed."""
        chosen((source,), self.sources, self.path)
        if self._memory is not None:
            return self._memory.values(source)
        with self._reading() as file:
            return self._read(file, source, self._rows[source])

    def read(self, indices: Sequence[int] | np.ndarray) -> Batch:
        """The examples of these numbers, in this order, as fresh arrays; negative ones count from the end."""
        if self._memory is not None:
            return self._memory.read(indices)
        numbers = example_numbers(indices, self.num_examples, self.path)
        with self._reading() as file:
            return {name: self._read(file, name, pick(rows, numbers)) for name, rows in self._rows.items()}

    def _read(self, file: h5py.File, name: str, rows: Rows) -> np.ndarray:
        if self.sources[name].ragged:
            return read_varying(file[name], rows, f"{self.path}: source {name!r}")
        return read_rows(file[name], rows)

    def _compare_sums(self, arrays: Batch) -> None:
        """Of the sets that were read whole, where the file has their sums."""
        for name, array in arrays.items():
            start = 0
            for split, length in self._whole_sets or ():
                known = self.sums.get(name, {}).get(split)
                if known is not None and known != array_sum(array[start : start + length]):
                    raise DataError(
                        f"{self.path}: set {split!r}, source {name!r}: the values are not those that were written "
                        f"(CRC-32); {REMEDY}"
                    )
                start += length

    def close(self) -> None:
        """Close the file; the next `read` from disk opens it again."""
        opened, self._open_file = self._open_file, None
        if opened is not None:
            opened[1].close()

    def __getstate__(self) -> dict:
        return {**self.__dict__, "_open_file": None}  # an open file stays in its process

    def _repr_html_(self) -> str:
        where = "in memory" if self._memory is not None else "read as asked"
        about = f"{self.num_examples:,} examples of {', '.join(self.which_sets)}, {where}, of {self.path}"
        return as_table("H5PYDataset", about, self.sources)

    @contextlib.contextmanager
    def _reading(self) -> Iterator[h5py.File]:
        """The open file; opened where this process has not yet, closed on an error."""
        with contextlib.ExitStack() as on_error, hdf5_errors(self.path):
            on_error.callback(self.close)
            opened = self._open_file  # which another thread may close
            if opened is None or opened[0] != os.getpid():
                opened = self._open_file = os.getpid(), h5py.File(self.path, "r")
            yield opened[1]
            on_error.pop_all()


def _chosen_sources(
    table: list[SplitRow], sets: tuple[str, ...], wanted: tuple[str, ...] | None, who: str
) -> tuple[str, ...]:
    known = {row.split for row in table}
    common: set[str] | None = None
    for name in sets:
        if name not in known:
            raise DataError(f"{who}: there is no set {name!r}; {nearest(name, known)}")
        has = {row.source for row in table if row.split == name and row.available}
        for source in wanted or ():
            if source not in has:
                raise DataError(f"{who}: set {name!r} has no source {source!r}; {nearest(source, has)}")
        common = has if common is None else common & has
    names = tuple(sorted(common or ())) if wanted is None else wanted
    if not names:
        raise DataError(f"{who}: the sets {', '.join(sets)} must have a source in common, got none")
    return names


def describe(file: h5py.File, name: str, who: str, axes: Sequence[str] | None = None) -> Source:
    """What a batch of a source of an open file looks like; a DataError where it is none."""
    dataset = file.get(name)
    if not isinstance(dataset, h5py.Dataset) or dataset.ndim == 0:
        raise DataError(f"{who}: source {name!r} must be a dataset with the examples along its first axis")
    who = f"{who}: source {name!r}"
    if is_varying(dataset):
        source = describe_varying(dataset, who)
        return source if axes is None else replace(source, axes=axis_labels(axes, len(source.axes), who))
    if dataset.dtype.kind not in "biufcS":
        raise DataError(
            f"{who}: must hold numbers or bytes, got dtype {dataset.dtype} (texts of varying length?); "
            "choose other sources with sources=[...]"
        )
    labels = dimension_labels(dataset) if axes is None else axes
    return Source(dataset.dtype.newbyteorder("="), dataset.shape[1:], axis_labels(labels, dataset.ndim, who))


def _lengths(rows: Mapping[str, Rows], table: list[SplitRow], sets: tuple[str, ...]) -> list[tuple[str, int]] | None:
    """How many examples each set gives, in order; None where an example of two sets was left out."""
    lengths = {row.split: row.stop - row.start for row in table if row.available and row.source in rows}
    parts = [(split, int(lengths[split])) for split in sets]
    total = sum(length for _, length in parts)
    return parts if all(len(of_source) == total for of_source in rows.values()) else None


def _chosen_rows(
    file: h5py.File, table: list[SplitRow], sets: tuple[str, ...], names: tuple[str, ...], who: str
) -> dict[str, Rows]:
    rows_of = {row[:2]: row for row in table}
    parts: dict[str, list[Rows]] = {name: [] for name in names}
    for split in sets:
        for name in names:
            parts[name].append(set_rows(file, rows_of[split, name], who))
        lengths = {name: len(parts[name][-1]) for name in names}
        if len(set(lengths.values())) > 1:
            raise DataError(f"{who}: all sources of set {split!r} must be equally long, got {lengths}")
    return union(parts)
