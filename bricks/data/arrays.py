"""Data sets held in memory.

A data set, here and in hdf5.py, has `sources` (name to Source), `num_examples` and `read(indices)`,
which gives fresh arrays; it knows nothing of order or batches (schemes.py, streams.py).
"""

import copy
from collections.abc import Mapping, Sequence

import numpy as np

from bricks.data.contracts import Batch, Source, Transformer
from bricks.data.names import axis_labels, chosen
from bricks.data.ragged import common, ragged
from bricks.data.showing import as_table
from bricks.errors import DataError, UsageError


class ArrayDataset:
    """Named arrays of equal length, the examples along their first axis.

    Contiguous arrays are used as they are, without a copy; only `read` copies.

    Parameters
    ----------
    arrays : dict of str to array-like
        At least one; each of shape (examples, ...), or a `ragged` vector of examples of unequal shape.
    axes : dict of str to tuple of str, optional
        Labels of all axes of a source, "batch" first.
    name : str
        What errors call the data set; a file's path, say.

    Attributes
    ----------
    part_of : (ArrayDataset, range) or None
        The data set that this is a slice of, and which examples.

    Raises
    ------
    UsageError, DataError
        There is no array; an array has no axis, or holds Python objects; the lengths differ.

    Examples
    --------
    >>> from bricks.data import ArrayDataset
    >>> dataset = ArrayDataset({"features": [[0, 1], [2, 3], [4, 5]], "targets": [0, 1, 0]})
    >>> dataset.num_examples
    3
    >>> dataset.read([2, 0])["features"]
    array([[4, 5],
           [0, 1]])
    >>> dataset[1:].read([0])["targets"]
    array([1])
    """

    def __init__(
        self,
        arrays: Mapping[str, object],
        axes: Mapping[str, Sequence[str]] | None = None,
        *,
        name: str = "ArrayDataset",
    ):
        self.name = who = name
        if not isinstance(arrays, Mapping):
            raise UsageError(f"{who}: needs arrays by name, as {{'features': ...}}, got {type(arrays).__name__}")
        if not arrays:
            raise UsageError(f"{who}: needs at least one named array, got none")
        self.arrays = {source: _checked(source, array, who) for source, array in arrays.items()}
        chosen(tuple(axes or ()), self.arrays, who)
        lengths = {source: len(array) for source, array in self.arrays.items()}
        if len(set(lengths.values())) > 1:
            raise DataError(f"{who}: all sources must have equally many examples, got {lengths}")
        self.num_examples: int = next(iter(lengths.values()))
        self.part_of: tuple[ArrayDataset, range] | None = None
        self.sources = {
            source: _described(array, (axes or {}).get(source), f"{who}: source {source!r}")
            for source, array in self.arrays.items()
        }

    def read(self, indices: Sequence[int] | np.ndarray) -> Batch:
        """The examples of these numbers, in this order, as fresh arrays; negative ones count from the end."""
        # Streams come by here thousands of times a second: their int64 vectors are left to `take` to check.
        if not (isinstance(indices, np.ndarray) and indices.ndim == 1 and indices.dtype == np.int64):
            indices = example_numbers(indices, self.num_examples, self.name)
        try:
            taken = {name: array.take(indices, axis=0) for name, array in self.arrays.items()}
        except IndexError:
            example_numbers(indices, self.num_examples, self.name)  # says which one
            raise
        for array in taken.values():
            if array.dtype == object:  # the vector is fresh, its elements are ours
                array[:] = ragged([example.copy() for example in array])
        return taken

    def values(self, source: str) -> np.ndarray:
        """A source's values of all examples; not to be changed."""
        chosen((source,), self.arrays, self.name)
        return self.arrays[source]

    def transformed(self, *transformers: Transformer) -> "ArrayDataset":
        """The data set after these transformers: done once and kept, instead of to each batch again.

        For what costs no memory worth the name: a reshape, a dtype of the same size, small sources.
        """
        arrays, sources = self.arrays, self.sources
        for transformer in transformers:
            sources = transformer.sources(sources)
            arrays = transformer.apply(arrays)
        axes = {name: source.axes for name, source in sources.items()}
        return ArrayDataset(arrays, axes, name=self.name)

    def __getitem__(self, part: slice) -> "ArrayDataset":
        """The data set of a slice of the examples; its arrays are views of these."""
        if not isinstance(part, slice):
            raise UsageError(f"{self.name}: [...] takes a slice, as in dataset[:100], got {part!r}")
        dataset = copy.copy(self)
        dataset.arrays = {name: array[part] for name, array in self.arrays.items()}
        dataset.num_examples = len(range(self.num_examples)[part])
        dataset.part_of = self, range(self.num_examples)[part]
        return dataset

    def _repr_html_(self) -> str:
        return as_table(self.name, f"{self.num_examples:,} examples in memory", self.sources)


def example_numbers(indices: Sequence[int] | np.ndarray, num_examples: int, who: str) -> np.ndarray:
    """`indices` as an int64 vector of numbers from 0; negative ones count from the end, as in NumPy."""
    rows = np.asarray(indices)
    if rows.size == 0:
        return np.zeros(0, np.int64)
    if rows.ndim != 1 or rows.dtype.kind not in "iu":
        raise UsageError(f"{who}: indices must be a list of integers, got {indices!r}")
    outside = (rows < -num_examples) | (rows >= num_examples)
    if outside.any():
        raise DataError(f"{who}: there are {num_examples} examples, numbered from 0, got {rows[outside][0]}")
    rows = rows.astype(np.int64)
    return np.where(rows < 0, rows + num_examples, rows)


def native(array: np.ndarray) -> np.ndarray:
    """The array in this machine's byte order; files keep either."""
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _described(array: np.ndarray, axes: Sequence[str] | None, who: str) -> Source:
    if array.dtype != object:
        return Source(array.dtype, array.shape[1:], axis_labels(axes, array.ndim, who))
    dtype, shape = common(array, who)
    return Source(dtype, shape, axis_labels(axes, 1 + len(shape), who), ragged=True)


def _checked(source: str, array: object, who: str) -> np.ndarray:
    try:
        array = np.asarray(array)
    except ValueError as error:
        raise DataError(f"{who}: source {source!r} must be one array, got uneven rows") from error
    if array.ndim == 0:
        raise DataError(f"{who}: source {source!r} must have the examples along an axis, got a scalar")
    if array.dtype == object and array.ndim == 1 and all(isinstance(example, np.ndarray) for example in array):
        array = ragged([native(example).view() for example in array])
        for example in array:
            example.flags.writeable = False
    elif array.dtype.hasobject:
        raise DataError(f"{who}: source {source!r} must hold numbers, got dtype {array.dtype}")
    # `take` would copy the whole of an array that is not contiguous, at every read.
    array = np.ascontiguousarray(native(array)).view()
    array.flags.writeable = False  # what one reader would change, all would see
    return array
