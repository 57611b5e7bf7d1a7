"""Streams over streams: several side by side, examples one by one, examples in batches anew, mixed in a buffer.

Where a stream is regrouped, a batch is found by going through those before it: a run that is resumed in the middle of
an epoch does that once. Where all that is wanted is another batch size or order, let the scheme of a DataStream do it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from bricks.data.contracts import Batch as Arrays
from bricks.data.contracts import Source, Stream, Transformer
from bricks.data.draws import Place, through
from bricks.data.ragged import ragged
from bricks.data.schemes import BUFFER, generator, whole
from bricks.data.streams import BatchIterator
from bricks.errors import DataError, UsageError


class _Over:
    """What streams over streams share: sources after transformers, iterators, a thread where it is of use below."""

    workers = 0
    produces_examples = False

    def __init__(self, streams: Sequence[Stream], sources: Mapping[str, Source], transformers: Sequence[Transformer]):
        self.transformers = tuple(transformers)
        self.sources: dict[str, Source] = dict(sources)
        for transformer in self.transformers:
            self.sources = transformer.sources(self.sources)
        self.ahead: int = max(getattr(stream, "ahead", 0) for stream in streams)

    def iterator(self) -> BatchIterator:
        """A new iterator at the start of epoch 0."""
        return BatchIterator(self)


class Merge(_Over):
    """The batches of several streams side by side, their sources in one batch; an epoch ends with the shortest.

    Parameters
    ----------
    streams : list of Stream
        At least one; no two with a source of one name (`Rename` gives another).
    transformers : list of Transformer
        Applied to what came together.

    Raises
    ------
    UsageError, DataError
        There is no stream, or two have a source of one name.

    Examples
    --------
    >>> from bricks.data import ArrayDataset, DataStream, Merge, SequentialScheme
    >>> a = DataStream(ArrayDataset({"a": [1, 2, 3]}), SequentialScheme(2))
    >>> b = DataStream(ArrayDataset({"b": [7, 8]}), SequentialScheme(2))
    >>> [{name: array.tolist() for name, array in batch.items()} for batch in Merge([a, b]).iterator()]
    [{'a': [1, 2], 'b': [7, 8]}]
    """

    def __init__(self, streams: Sequence[Stream], transformers: Sequence[Transformer] = ()):
        self.streams = tuple(streams)
        if not self.streams:
            raise UsageError("Merge: needs at least one stream, got none")
        sources: dict[str, Source] = {}
        for stream in self.streams:
            twice = sorted(set(sources) & set(stream.sources))
            if twice:
                raise DataError(f"Merge: a source must be in one stream alone, {twice[0]!r} is in two; rename one")
            sources |= stream.sources
        super().__init__(self.streams, sources, transformers)
        self.num_examples: int = min(stream.num_examples for stream in self.streams)
        self.batches_per_epoch: int = min(stream.batches_per_epoch for stream in self.streams)
        self.produces_examples = all(getattr(stream, "produces_examples", False) for stream in self.streams)

    def _count(self, batch: Arrays) -> int:
        """How many examples a batch of the streams has."""
        name, source = next(iter(self.streams[0].sources.items()))
        return 1 if self.produces_examples else batch[name].shape[source.batch_axis]

    def batches(self, epoch: int) -> Callable[[int], Arrays]:
        """What gives batch 0, 1, ... of this epoch."""
        readers = [stream.batches(epoch) for stream in self.streams]

        def batch(number: int) -> Arrays:
            merged = {name: array for read in readers for name, array in read(number).items()}
            # Their numbers in a data set would be those of several; these are no others' of the epoch.
            examples = (number << 32) + np.arange(self._count(merged), dtype=np.int64)
            return through(self.transformers, merged, Place(epoch, number, examples))

        return batch


class _Regrouped(_Over):
    """Goes through the examples of a stream, in order."""

    def __init__(self, stream: Stream, sources: Mapping[str, Source], transformers: Sequence[Transformer] = ()):
        self.stream, self.num_examples = stream, stream.num_examples
        self._one_by_one = getattr(stream, "produces_examples", False)
        for name, source in stream.sources.items():
            if not self._one_by_one and source.batch_axis != 0:
                raise DataError(
                    f"{type(self).__name__}: source {name!r} must have the examples along its first axis, got "
                    f"{source}; let time come first afterwards"
                )
        super().__init__([stream], sources, transformers)

    def batches(self, epoch: int) -> Callable[[int], Arrays]:
        """What gives batch 0, 1, ... of this epoch; quick in order, since those before are gone through."""
        return _InOrder(lambda: self._go(epoch))

    def _examples(self, epoch: int) -> Iterator[Arrays]:
        read = self.stream.batches(epoch)
        for number in range(self.stream.batches_per_epoch):
            batch = read(number)
            if self._one_by_one:
                yield batch
                continue
            for k in range(len(next(iter(batch.values())))):
                yield {name: array[k] for name, array in batch.items()}


class Unpack(_Regrouped):
    """The examples of a stream's batches one by one, without a batch axis.

    Parameters
    ----------
    stream : Stream

    Raises
    ------
    DataError
        The examples of a source do not lie along its first axis.

    Examples
    --------
    >>> from bricks.data import ArrayDataset, DataStream, SequentialScheme, Unpack
    >>> stream = DataStream(ArrayDataset({"x": [[1, 2], [3, 4]]}), SequentialScheme(2))
    >>> [example["x"].tolist() for example in Unpack(stream).iterator()]
    [[1, 2], [3, 4]]
    """

    produces_examples = True

    def __init__(self, stream: Stream):
        super().__init__(stream, _of_examples(stream))
        self.batches_per_epoch: int = stream.num_examples

    def _go(self, epoch: int) -> Iterator[Arrays]:
        return self._examples(epoch)


class Batch(_Regrouped):
    """The examples of a stream, or of its batches, in batches of another size.

    Parameters
    ----------
    stream : Stream
    batch_size : int
        At least 1.
    partial : str
        What becomes of the last examples where they are too few for a batch: "keep", "drop", or "refuse".
    transformers : list of Transformer
        Applied to each batch, first to last: Padding, say.

    Raises
    ------
    UsageError, DataError
        A number is out of range; the last batch would be short, and is refused; there would be no batch.

    Examples
    --------
    >>> from bricks.data import ArrayDataset, Batch, DataStream, SequentialScheme
    >>> stream = DataStream(ArrayDataset({"x": range(5)}), SequentialScheme(2))
    >>> [batch["x"].tolist() for batch in Batch(stream, 3).iterator()]
    [[0, 1, 2], [3, 4]]
    """

    def __init__(
        self, stream: Stream, batch_size: int, partial: str = "keep", transformers: Sequence[Transformer] = ()
    ):
        self.batch_size = whole(batch_size, 1, "batch_size", "Batch")
        if partial not in ("keep", "drop", "refuse"):
            raise UsageError(f"Batch: partial must be keep, drop or refuse, got {partial!r}")
        one = getattr(stream, "produces_examples", False)
        sources = {name: _batched(source) if one else _loose(source) for name, source in stream.sources.items()}
        self._ragged = {name for name, source in sources.items() if source.ragged}
        super().__init__(stream, sources, transformers)
        left = self.num_examples % self.batch_size
        if left and partial == "refuse":
            raise DataError(f"Batch: {self.num_examples} examples leave {left} where batches have {self.batch_size}")
        if partial == "drop":
            self.num_examples -= left
        self.batches_per_epoch: int = -(-self.num_examples // self.batch_size)
        if self.batches_per_epoch == 0:
            raise DataError(f"Batch: there must be {self.batch_size} examples at least, got {left}")

    def _go(self, epoch: int) -> Iterator[Arrays]:
        examples = self._examples(epoch)
        for number in range(self.batches_per_epoch):
            start = number * self.batch_size
            count = min(self.batch_size, self.num_examples - start)
            taken = [next(examples) for _ in range(count)]
            batch = {name: self._stacked(name, [example[name] for example in taken]) for name in taken[0]}
            yield through(self.transformers, batch, Place(epoch, number, np.arange(start, start + count)))

    def _stacked(self, name: str, examples: list[np.ndarray]) -> np.ndarray:
        return ragged(examples) if name in self._ragged else np.stack(examples)


class ShuffleBuffer(_Regrouped):
    """The examples of a stream one by one, each drawn from a buffer that the stream keeps full.

    For data that can only be gone through in order; where examples can be read by number, ShuffledScheme and
    BlockShuffledScheme mix better.

    Parameters
    ----------
    stream : Stream
    size : int
        Examples in the buffer. One comes at most `size` - 1 places earlier than in the stream; how much later is not
        bounded.
    seed : int
        The order of epoch e is a function of (seed, e), and of the stream's.

    Raises
    ------
    UsageError, DataError
        A number is out of range; the examples of a source do not lie along its first axis.

    Examples
    --------
    >>> from bricks.data import ArrayDataset, Batch, DataStream, SequentialScheme, ShuffleBuffer
    >>> stream = DataStream(ArrayDataset({"x": range(6)}), SequentialScheme(2))
    >>> mixed = Batch(ShuffleBuffer(stream, size=4, seed=1), 6)
    >>> sorted(next(mixed.iterator())["x"].tolist())
    [0, 1, 2, 3, 4, 5]
    """

    produces_examples = True

    def __init__(self, stream: Stream, size: int, seed: int):
        self.size, self.seed = whole(size, 1, "size", "ShuffleBuffer"), whole(seed, 0, "seed", "ShuffleBuffer")
        super().__init__(stream, _of_examples(stream))
        self.batches_per_epoch: int = stream.num_examples

    def _go(self, epoch: int) -> Iterator[Arrays]:
        random, buffer = generator(self.seed, epoch, use=BUFFER), []
        for example in self._examples(epoch):
            if len(buffer) < self.size:
                buffer.append(example)
                continue
            place = int(random.integers(self.size))
            buffer[place], example = example, buffer[place]
            yield example
        random.shuffle(buffer)
        yield from buffer


class _InOrder:
    """Batches by number out of a generator, which is started over for one that has gone by."""

    def __init__(self, start: Callable[[], Iterator[Arrays]]):
        self._start, self._going, self._next = start, None, 0

    def __call__(self, number: int) -> Arrays:
        if self._going is None or number < self._next:
            self._going, self._next = self._start(), 0
        try:
            for _ in range(number - self._next):
                next(self._going)
            batch = next(self._going)
        except BaseException:
            self._going = None  # a generator that has raised has ended
            raise
        self._next = number + 1
        return batch


def _of_examples(stream: Stream) -> dict[str, Source]:
    if getattr(stream, "produces_examples", False):
        return dict(stream.sources)
    return {
        name: replace(source, axes=tuple(label for label in source.axes if label != "batch"), ragged=False)
        for name, source in stream.sources.items()
    }


def _batched(source: Source) -> Source:
    return replace(source, axes=("batch", *source.axes), ragged=None in source.shape)


def _loose(source: Source) -> Source:
    """Batches of padded sequences may be of another length each: their examples together are ragged."""
    return replace(source, ragged=None in source.shape)
