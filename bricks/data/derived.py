"""Data sets made of another: the examples that pass a test; those that are kept once they were made."""

import threading
from collections.abc import Callable, Sequence

import numpy as np

from bricks.data.arrays import example_numbers
from bricks.data.contracts import Batch, Dataset, Source, Transformer
from bricks.data.draws import through
from bricks.data.streams import reads_disk
from bricks.errors import DataError, UsageError

AT_ONCE = 256
"""Examples read at once where all of them are gone through."""


class Filter:
    """The examples of a data set for which a function is true.

    All are read once, some at a time, when the filter is made; kept are the numbers of those that pass. So their
    number is known before the first batch, and they can be shuffled, cut into shards and come back to.

    Parameters
    ----------
    dataset : Dataset
    predicate : callable
        From an example, a dict of arrays without a batch axis, to whether it is wanted.

    Attributes
    ----------
    numbers : np.ndarray, int64
        Of the examples that pass, in the data set.

    Examples
    --------
    >>> from bricks.data import ArrayDataset, Filter
    >>> odd = Filter(ArrayDataset({"x": [1, 2, 3, 5]}), lambda example: example["x"] % 2 == 1)
    >>> odd.num_examples, odd.read([2, 0])["x"]
    (3, array([5, 1]))
    """

    def __init__(self, dataset: Dataset, predicate: Callable[[Batch], bool]):
        self.dataset, self.sources = dataset, dataset.sources
        passed: list[int] = []
        for start in range(0, dataset.num_examples, AT_ONCE):
            numbers = np.arange(start, min(start + AT_ONCE, dataset.num_examples))
            batch = dataset.read(numbers)
            examples = ({name: array[k] for name, array in batch.items()} for k in range(len(numbers)))
            passed += [number for number, example in zip(numbers, examples, strict=True) if predicate(example)]
        self.numbers = np.array(passed, np.int64)
        self.num_examples: int = len(passed)
        self.from_disk = reads_disk(dataset)

    def read(self, indices: Sequence[int] | np.ndarray) -> Batch:
        """The examples of these numbers among those that pass."""
        return self.dataset.read(self.numbers[example_numbers(indices, self.num_examples, "Filter")])


class Cache:
    """A data set whose examples are kept in memory once they were read, after transformers that cost time.

    Parameters
    ----------
    dataset : Dataset
    transformers : list of Transformer
        Applied to an example once, whatever batch it is in first; none that draws.
    most_bytes : int
        Of memory. Examples beyond it are made anew each time. Sources of unequal shape count with 8 bytes an example
        and what their arrays have.

    Raises
    ------
    UsageError
        A transformer draws at random.
    DataError
        The data set does not fit a transformer, or a transformer puts the examples along another axis.

    Notes
    -----
    Worker processes have a cache each.

    Examples
    --------
    >>> from bricks.data import ArrayDataset, Cache
    >>> cached = Cache(ArrayDataset({"x": [1, 2, 3]}))
    >>> cached.read([2, 0])["x"], cached.kept
    (array([3, 1]), 2)
    """

    def __init__(self, dataset: Dataset, transformers: Sequence[Transformer] = (), most_bytes: int = 2**30):
        self.dataset, self.transformers, self.most_bytes = dataset, tuple(transformers), most_bytes
        self.num_examples: int = dataset.num_examples
        self.sources: dict[str, Source] = dict(dataset.sources)
        for transformer in self.transformers:
            if hasattr(transformer, "apply_at"):
                raise UsageError(f"Cache: {type(transformer).__name__} may draw anew each epoch; do it in the stream")
            self.sources = transformer.sources(self.sources)
        for name, source in self.sources.items():
            if source.batch_axis != 0 or not source.ragged and None in source.shape:
                raise DataError(
                    f"Cache: source {name!r} must have the examples along its first axis and of one shape, or ragged, "
                    f"got {source}; do Padding and TimeMajor in the stream"
                )
        self.from_disk = reads_disk(dataset)
        self._forget()

    @property
    def kept(self) -> int:
        """How many examples are in memory."""
        return self._kept

    def read(self, indices: Sequence[int] | np.ndarray) -> Batch:
        """The examples of these numbers, in this order, as fresh arrays."""
        numbers = example_numbers(indices, self.num_examples, "Cache")
        with self._lock:  # the thread of one iterator may read ahead while another iterator reads
            return self._read(numbers)

    def _read(self, numbers: np.ndarray) -> Batch:
        missing = np.unique(numbers[self._places[numbers] < 0])
        made = through(self.transformers, self.dataset.read(missing), None) if len(missing) else {}
        batch = {}
        have = self._places[numbers] >= 0
        for name, source in self.sources.items():
            array = np.empty((len(numbers), *(() if source.ragged else source.shape)), self._dtype(source))
            if have.any():
                array[have] = self._arrays[name][self._places[numbers[have]]]
            if len(missing):
                array[~have] = made[name][np.searchsorted(missing, numbers[~have])]
            batch[name] = _copied(array)
        if len(missing):
            self._keep(missing, made)
        return batch

    def __getstate__(self) -> dict:
        return {name: value for name, value in self.__dict__.items() if name not in _HELD}

    def __setstate__(self, state: dict) -> None:
        self.__dict__.update(state)
        self._forget()

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._places, self._kept, self._bytes = np.full(self.num_examples, -1, np.int64), 0, 0
        self._arrays: dict[str, np.ndarray] = {}

    def _keep(self, numbers: np.ndarray, made: Batch) -> None:
        """As many of these as there is room for; the arrays grow by doubling."""
        sizes = np.zeros(len(numbers), np.int64)
        for name, source in self.sources.items():
            array = made[name]
            sizes += [8 + example.nbytes for example in array] if source.ragged else array[:1].nbytes
        count = int(np.searchsorted(self._bytes + np.cumsum(sizes), self.most_bytes, side="right"))
        if count == 0:
            return
        end = self._kept + count
        for name, source in self.sources.items():
            array = self._arrays.get(name)
            if array is None or len(array) < end:
                room = min(self.num_examples, max(end, 2 * self._kept))
                larger = np.empty((room, *(() if source.ragged else source.shape)), self._dtype(source))
                if array is not None:
                    larger[: self._kept] = array[: self._kept]
                self._arrays[name] = array = larger
            array[self._kept : end] = made[name][:count]
            _copied(array[self._kept : end])
        self._places[numbers[:count]] = np.arange(self._kept, end)
        self._kept, self._bytes = end, self._bytes + int(sizes[:count].sum())

    @staticmethod
    def _dtype(source: Source) -> np.dtype:
        return np.dtype(object) if source.ragged else source.dtype


_HELD = ("_places", "_arrays", "_kept", "_bytes", "_lock")


def _copied(array: np.ndarray) -> np.ndarray:
    """For a ragged array, with a copy of each example: nobody else shall hold it."""
    if array.dtype.hasobject:
        for number, example in enumerate(array):
            array[number] = example.copy()
    return array
