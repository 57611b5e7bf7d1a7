"""Streams: a data set, an order and transformers, as epochs of batches.

A stream has no position. Each of its iterators has one, two integers that can be saved; several over one
stream do not disturb each other.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

import numpy as np

from bricks.data.contracts import Batch, Dataset, Scheme, Source, Stream, Transformer
from bricks.data.draws import Place, through
from bricks.data.readahead import ReadAhead, Thread
from bricks.data.schemes import Shard, batch_cuts, whole
from bricks.data.showing import as_table
from bricks.data.workers import SLOTS, Workers
from bricks.errors import CheckpointError, DataError, UsageError


class DataStream:
    """Batches of a data set, in the order of a scheme, through transformers.

    Parameters
    ----------
    dataset : ArrayDataset, H5PYDataset or alike
        Where the examples come from.
    scheme : SequentialScheme, ShuffledScheme or alike
        The order of the examples and the size of a batch.
    transformers : list of Transformer
        Applied to each batch, first to last.
    shard : (int, int), optional
        (i, n): of each batch the i-th of n equal parts, for the i-th of n processes; see `Shard`.
    read_ahead : int, optional
        Batches that a thread makes before they are asked for. By default, where they are read from disk, two or as
        many as the scheme reads at once; where the data set is in memory none.
    workers : int
        Processes that make the batches, 0 for none: for transformers that are heavy. They start with the second
        batch that an iterator is asked for, and end with the stream, or with this process, however it ends.

    Attributes
    ----------
    sources : dict of str to Source
        What a batch holds, known before the first one.
    num_examples, batches_per_epoch : int
        In one epoch; the last batch may be short.
    produces_examples : bool
        Whether the scheme gives examples one by one, without a batch axis.

    Raises
    ------
    UsageError
        A number is out of range, an argument is of another kind, or the stream cannot be sent to worker processes.
    DataError
        The data set is empty, or does not fit a transformer.

    Notes
    -----
    Whether a batch is made when it is asked for, ahead by a thread, or in another process: it has the same bits,
    comes in the same order, and a saved position means the same. Processes get the stream pickled, so what it refers
    to must be importable, and a data set in memory is copied to each.

    Examples
    --------
    >>> from bricks.data import ArrayDataset, DataStream, SequentialScheme
    >>> stream = DataStream(ArrayDataset({"x": [1, 2, 3]}), SequentialScheme(batch_size=2))
    >>> [batch["x"].tolist() for batch in stream.iterator()]
    [[1, 2], [3]]
    """

    def __init__(
        self,
        dataset: Dataset,
        scheme: Scheme,
        transformers: Iterable[Transformer] = (),
        *,
        shard: tuple[int, int] | None = None,
        read_ahead: int | None = None,
        workers: int = 0,
    ):
        transformers = _checked(dataset, scheme, transformers)
        if dataset.num_examples == 0:
            raise DataError("DataStream: the data set must have at least one example, got an empty one")
        self.dataset, self.transformers = dataset, transformers
        self.scheme = scheme if shard is None else Shard(scheme, *shard)
        self.sources: dict[str, Source] = dict(dataset.sources)
        for transformer in self.transformers:
            self.sources = transformer.sources(self.sources)
        self.produces_examples: bool = getattr(scheme, "produces_examples", False)
        if self.produces_examples:
            self._axis = {name: source.batch_axis for name, source in self.sources.items()}
            self.sources = {name: _of_one(source) for name, source in self.sources.items()}
        cuts = batch_cuts(self.scheme, dataset.num_examples, 0)
        self.num_examples, self.batches_per_epoch = int(cuts[-1]), len(cuts) - 1
        if self.batches_per_epoch == 0:
            raise DataError(f"DataStream: no batch of {dataset.num_examples} examples has a part for each shard")
        self.read_batches: int = getattr(self.scheme, "read_batches", 1) if reads_disk(dataset) else 1
        self.read_every = 1  # of the batches that are read at once, whose turn it is here
        self.workers = whole(workers, 0, "workers", "DataStream")
        self.asked_ahead = None if read_ahead is None else whole(read_ahead, 0, "read_ahead", "DataStream")
        self._processes: Workers | None = None

    @property
    def ahead(self) -> int:
        """Batches that are made before they are asked for."""
        if self.asked_ahead is not None and not self.workers:
            return self.asked_ahead
        if self.workers:
            return max(self.asked_ahead or 0, SLOTS * self.workers - 1)
        return max(2, self.read_batches) if reads_disk(self.dataset) else 0

    @property
    def worker_processes(self) -> Workers:
        """The processes, started when they are first needed, and again where one of them is gone."""
        if self._processes is None or self._processes.broken:
            self.close()
            self._processes = Workers(self, self.workers)
        return self._processes

    def close(self) -> None:
        """End the worker processes, if there are any; the next batch starts them again."""
        processes, self._processes = self._processes, None
        if processes is not None:
            processes.close()

    def __getstate__(self) -> dict:
        return {**self.__dict__, "_processes": None}  # they belong to their process

    def iterator(self) -> "BatchIterator":
        """A new iterator at the start of epoch 0."""
        return BatchIterator(self)

    def plan(self, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        """An epoch's examples in order, and where its batches begin and end among them."""
        total = self.dataset.num_examples
        return self.scheme.indices(total, epoch), batch_cuts(self.scheme, total, epoch)

    def batches(self, epoch: int) -> Callable[[int], Batch]:
        """What gives batch 0, 1, ... of this epoch."""
        order, cuts = self.plan(epoch)
        own = getattr(self.read, "__func__", None) is DataStream.read
        if not own and any(hasattr(transformer, "apply_at") for transformer in self.transformers):
            raise UsageError(
                f"{type(self).__name__}: where transformers draw at random, `read` must be DataStream's own, since it "
                "is not told the epoch; override `transform`"
            )
        read = _Stretches(self, order, cuts) if own and self.read_batches > 1 else None

        def batch(number: int) -> Batch:
            rows = order[cuts[number] : cuts[number + 1]]
            if not own:
                return self.read(rows)
            raw = self.dataset.read(rows) if read is None else read(number)
            return self.transform(raw, Place(epoch, number, rows))

        return batch

    def read(self, indices: np.ndarray) -> Batch:
        """The batch of the examples of these numbers, in fresh arrays; where transformers draw, as first in epoch 0."""
        return self.transform(self.dataset.read(indices), Place(0, 0, np.asarray(indices)))

    def transform(self, batch: Batch, place: Place | None = None) -> Batch:
        """A batch as the data set has it, through the transformers."""
        batch = through(self.transformers, batch, place)
        if self.produces_examples:
            return {name: np.moveaxis(array, self._axis[name], 0)[0] for name, array in batch.items()}
        return batch

    def _repr_html_(self) -> str:
        about = f"{self.num_examples:,} examples in {self.batches_per_epoch:,} batches an epoch"
        return as_table(f"{type(self).__name__}, {type(self.scheme).__name__}", about, self.sources, batches=True)

    @property
    def arrays(self) -> Mapping[str, np.ndarray] | None:
        """The data set's arrays, where a batch can be made on the device: `transform({name: array[rows]})`.

        None where the data set is not in memory or has examples of unequal shape, a transformer wants NumPy's arrays,
        or reading was overridden.
        """
        if self.produces_examples or any(source.ragged for source in self.dataset.sources.values()):
            return None
        own = all(getattr(getattr(self, name), "__func__", None) is getattr(DataStream, name) for name in _READING)
        if not own or not all("traceable" in vars(type(t)) and t.traceable for t in self.transformers):
            return None
        return getattr(self.dataset, "arrays", None)


_READING = ("iterator", "batches", "read", "transform")


class _Stretches:
    """Reads several batches of an epoch at once, sorted, and gives them one by one."""

    def __init__(self, stream: DataStream, order: np.ndarray, cuts: np.ndarray):
        self._dataset, self._order, self._cuts = stream.dataset, order, cuts
        self._batches, self._every = stream.read_batches, stream.read_every
        self._which: tuple[int, int] | None = None

    def __call__(self, number: int) -> Batch:
        which = number // self._batches, number % self._every
        if which != self._which:
            start = which[0] * self._batches
            numbers = range(start, min(start + self._batches, len(self._cuts) - 1))
            mine = [self._of(n) for n in numbers if n % self._every == which[1]]
            self._rows = np.unique(np.concatenate(mine))
            self._which = self._arrays = None  # let go before the next is read
            self._arrays = self._dataset.read(self._rows)
            self._which = which
        places = np.searchsorted(self._rows, self._of(number))
        return {name: array.take(places, axis=0) for name, array in self._arrays.items()}

    def _of(self, number: int) -> np.ndarray:
        return self._order[self._cuts[number] : self._cuts[number + 1]]


def _checked(dataset: object, scheme: object, transformers: object) -> tuple[Transformer, ...]:
    """The transformers; arguments in another order, or of another kind, fail here and not somewhere within."""
    if not hasattr(dataset, "num_examples"):
        raise UsageError(f"DataStream: dataset must be one, as an ArrayDataset, got {dataset!r:.80}")
    if not hasattr(scheme, "indices"):
        raise UsageError(f"DataStream: scheme must be one, as ShuffledScheme(100, seed=1), got {scheme!r:.80}")
    if not isinstance(transformers, Iterable):
        raise UsageError(f"DataStream: transformers must be a list of them, got {transformers!r:.80}")
    several = tuple(transformers)
    for transformer in several:
        if isinstance(transformer, type) or not hasattr(transformer, "apply"):
            raise UsageError(f"DataStream: a transformer must be one, as Flatten('features'), got {transformer!r:.80}")
    return several


def reads_disk(dataset: Dataset) -> bool:
    """Whether a batch of the data set comes from a file; one in memory has `arrays`, or says so by `from_disk`."""
    return getattr(dataset, "from_disk", getattr(dataset, "arrays", None) is None)


def _of_one(source: Source) -> Source:
    axes = source.axes[: source.batch_axis] + source.axes[source.batch_axis + 1 :]
    return replace(source, axes=axes, ragged=False)


class BatchIterator:
    """A position in a stream; a `for` loop over it gives the batches up to the end of the epoch.

    After the loop it stands at the start of the next epoch. `epoch` and `batch` count what is done: whole
    epochs, and batches of the present one.

    Examples
    --------
    >>> from bricks.data import ArrayDataset, DataStream, ShuffledScheme
    >>> stream = DataStream(ArrayDataset({"x": range(6)}), ShuffledScheme(batch_size=2, seed=1))
    >>> iterator = stream.iterator()
    >>> first = next(iterator)
    >>> iterator.state_dict()
    {'epoch': 0, 'batch': 1}
    >>> other = stream.iterator()
    >>> other.load_state_dict({"epoch": 0, "batch": 1})
    >>> all((a["x"] == b["x"]).all() for a, b in zip(iterator, other, strict=True))
    True
    """

    def __init__(self, stream: Stream):
        self._stream = stream
        self._epoch = self._batch = 0
        self._batches: Callable[[int], Batch] | None = None  # of the present epoch, from its first batch on
        self._plan: tuple | None = None  # an epoch, its order and cuts, once rows were taken
        self._thread = Thread()

    @property
    def epoch(self) -> int:
        """Epochs done."""
        return self._epoch

    @property
    def batch(self) -> int:
        """Batches of the present epoch done."""
        return self._batch

    @property
    def at_end(self) -> bool:
        """Whether the present epoch has no batch left."""
        return self._batch >= self._stream.batches_per_epoch

    def __iter__(self) -> "BatchIterator":
        return self

    def __next__(self) -> Batch:
        if self.at_end:
            self._epoch, self._batch, self._batches = self._epoch + 1, 0, None
            raise StopIteration
        if self._batches is None:
            ahead = getattr(self._stream, "ahead", 0)
            stream, epoch = self._stream, self._epoch
            self._batches = ReadAhead(stream, epoch, self._thread) if ahead else stream.batches(epoch)
        batch = self._batches(self._batch)
        self._batch += 1
        return batch

    def take_rows(self, most: int) -> np.ndarray:
        """Go on by up to `most` batches without reading them: the numbers of their examples, (batches, examples).

        The batches are of one size: a short one comes alone. None, as an empty array, at the end of the
        epoch; then the iterator stands at the start of the next one.
        """
        if self.at_end:
            self._epoch, self._batch, self._batches = self._epoch + 1, 0, None
            return np.zeros((0, self._stream.scheme.batch_size), np.int64)
        if self._plan is None or self._plan[0] != self._epoch:
            self._plan = self._epoch, *self._stream.plan(self._epoch)
        _, order, cuts = self._plan
        cuts = cuts[self._batch : self._batch + most + 1]
        sizes = np.diff(cuts)
        count = int(np.argmin(np.append(sizes == sizes[0], False)))
        self._batch += count
        return order[cuts[0] : cuts[count]].reshape(count, -1)

    def state_dict(self) -> dict[str, int]:
        """The position: all that an iterator over an equal stream needs to go on."""
        return {"epoch": self._epoch, "batch": self._batch}

    def load_state_dict(self, state: Mapping[str, int]) -> None:
        """Go to a position that `state_dict` gave.

        Raises
        ------
        CheckpointError
            It is no position in this stream; the iterator stays where it is.
        """
        if not isinstance(state, Mapping) or set(state) != {"epoch", "batch"}:
            raise CheckpointError(f"stream: a saved position must have 'epoch' and 'batch', got {state!r}")
        for name, value in state.items():
            if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 0:
                raise CheckpointError(f"stream: a saved {name!r} must be an integer from 0, got {value!r}")
        if state["batch"] > self._stream.batches_per_epoch:
            raise CheckpointError(
                f"stream: an epoch has {self._stream.batches_per_epoch} batches, the saved position has "
                f"{state['batch']} of them done; was it saved with another data set or batch size?"
            )
        self._epoch, self._batch, self._batches = int(state["epoch"]), int(state["batch"]), None
