"""Streams: a data set, an order and transformers, as epochs of batches.

A stream has no position. Each of its iterators has one, two integers that can be saved; several over one
stream do not disturb each other.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from bricks.data.contracts import Batch, Dataset, Scheme, Source, Stream, Transformer
from bricks.errors import CheckpointError, DataError


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

    Attributes
    ----------
    sources : dict of str to Source
        What a batch holds, known before the first one.
    num_examples, batches_per_epoch : int
        In one epoch; the last batch may be short.

    Raises
    ------
    DataError
        The data set is empty, or does not fit a transformer.

    Examples
    --------
    >>> from bricks.data import ArrayDataset, DataStream, SequentialScheme
    >>> stream = DataStream(ArrayDataset({"x": [1, 2, 3]}), SequentialScheme(batch_size=2))
    >>> [batch["x"].tolist() for batch in stream.iterator()]
    [[1, 2], [3]]
    """

    def __init__(self, dataset: Dataset, scheme: Scheme, transformers: Sequence[Transformer] = ()):
        if dataset.num_examples == 0:
            raise DataError("DataStream: the data set must have at least one example, got an empty one")
        self.dataset, self.scheme, self.transformers = dataset, scheme, tuple(transformers)
        self.sources: dict[str, Source] = dict(dataset.sources)
        for transformer in self.transformers:
            self.sources = transformer.sources(self.sources)
        self.num_examples: int = dataset.num_examples
        self.batches_per_epoch: int = -(-dataset.num_examples // scheme.batch_size)

    def iterator(self) -> "BatchIterator":
        """A new iterator at the start of epoch 0."""
        return BatchIterator(self)

    def batches(self, epoch: int) -> Callable[[int], Batch]:
        """What gives batch 0, 1, ... of this epoch."""
        order, size = self.scheme.indices(self.num_examples, epoch), self.scheme.batch_size
        return lambda batch: self.read(order[batch * size : (batch + 1) * size])

    def read(self, indices: np.ndarray) -> Batch:
        """The batch of the examples of these numbers, in fresh arrays."""
        return self.transform(self.dataset.read(indices))

    def transform(self, batch: Batch) -> Batch:
        """A batch as the data set has it, through the transformers."""
        for transformer in self.transformers:
            batch = transformer.apply(batch)
        return batch

    @property
    def arrays(self) -> Mapping[str, np.ndarray] | None:
        """The data set's arrays, where a batch can be made on the device: `transform({name: array[rows]})`.

        None where the data set is not in memory, a transformer wants NumPy's arrays, or reading was overridden.
        """
        own = all(getattr(getattr(self, name), "__func__", None) is getattr(DataStream, name) for name in _READING)
        if not own or not all("traceable" in vars(type(t)) and t.traceable for t in self.transformers):
            return None
        return getattr(self.dataset, "arrays", None)


_READING = ("iterator", "batches", "read", "transform")


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
        self._order: tuple[int, np.ndarray] | None = None  # an epoch and its order, once rows were taken

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
            self._batches = self._stream.batches(self._epoch)
        batch = self._batches(self._batch)
        self._batch += 1
        return batch

    def take_rows(self, most: int) -> np.ndarray:
        """Go on by up to `most` batches without reading them: the numbers of their examples, (batches, examples).

        The batches are of one size: a short last one comes alone. None, as an empty array, at the end of the
        epoch; then the iterator stands at the start of the next one.
        """
        scheme, total, epoch = self._stream.scheme, self._stream.num_examples, self._epoch
        size, first = scheme.batch_size, self._batch * scheme.batch_size
        if self.at_end:
            self._epoch, self._batch, self._batches = self._epoch + 1, 0, None
            return np.zeros((0, size), np.int64)
        if self._order is None or self._order[0] != epoch:
            self._order = (epoch, scheme.indices(total, epoch))
        whole = min(most, (total - first) // size)
        count = max(whole, 1)
        self._batch += count
        return self._order[1][first : first + count * size].reshape(count, -1)

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
