"""Transformers between examples and batches: grouping, sorting, padding, side by side."""

import itertools

import numpy

from fuel._numpy import stacked
from fuel.config_parser import config
from fuel.schemes import BatchSizeScheme
from fuel.streams import AbstractDataStream
from fuel.transformers.base import Transformer, need, no_request


class Batch(Transformer):
    """Examples in batches.

    Parameters
    ----------
    data_stream : AbstractDataStream
        Of examples.
    iteration_scheme : BatchSizeScheme
        How many for each batch.
    strictness : int
        What becomes of a last batch that is too small: 0 it is given, 1 left out, 2 it is a ValueError.
    **kwargs
        As `Transformer` takes them.

    Notes
    -----
    Where examples have one shape they make one array, else a vector of dtype object.
    """

    def __init__(self, data_stream, iteration_scheme, strictness=0, **kwargs):
        need(data_stream, True, "Batch")
        if data_stream.axis_labels is not None:
            kwargs.setdefault("axis_labels", _with_batch(data_stream.axis_labels))
        super().__init__(data_stream, iteration_scheme=iteration_scheme, **kwargs)
        self.strictness = strictness

    def get_data(self, request=None):
        if request is None:
            raise ValueError("Batch: needs a request; ask it by an epoch iterator")
        examples = list(itertools.islice(self.child_epoch_iterator, request))
        if len(examples) < request:
            if examples and self.strictness > 1:
                raise ValueError(
                    f"Batch: strictness 2 needs whole batches, of {request}, got {len(examples)} at the end"
                )
            if not examples or self.strictness:
                raise StopIteration
        return tuple(stacked(list(source)) for source in zip(*examples, strict=True))


class Unpack(Transformer):
    """The examples of batches one by one."""

    def __init__(self, data_stream, **kwargs):
        need(data_stream, False, "Unpack")
        if data_stream.axis_labels is not None:
            kwargs.setdefault("axis_labels", _without_batch(data_stream.axis_labels))
        super().__init__(data_stream, produces_examples=True, **kwargs)
        self._forget()

    def _forget(self):
        self._batch, self._place = None, 0

    def get_epoch_iterator(self, **kwargs):
        self._forget()
        return super().get_epoch_iterator(**kwargs)

    def get_data(self, request=None):
        if request is not None:
            raise no_request(self)
        while self._batch is None or self._place >= len(self._batch[0]):
            self._batch, self._place = next(self.child_epoch_iterator), 0
        self._place += 1
        return tuple(source[self._place - 1] for source in self._batch)


class Cache(Transformer):
    """Small batches cut off large ones.

    Parameters
    ----------
    data_stream : AbstractDataStream
        Of batches.
    iteration_scheme : BatchSizeScheme
        How many examples for each batch.
    **kwargs
        As `Transformer` takes them.

    Notes
    -----
    What is left when the stream below has ended is not given, as in Fuel; a scheme with `num_examples` asks for it.
    """

    def __init__(self, data_stream, iteration_scheme, **kwargs):
        if not isinstance(iteration_scheme, BatchSizeScheme):
            raise ValueError(
                f"Cache: the scheme must ask for numbers of examples, as ConstantScheme, got {iteration_scheme!r}"
            )
        kwargs.setdefault("axis_labels", data_stream.axis_labels)
        super().__init__(data_stream, iteration_scheme=iteration_scheme, **kwargs)
        self.cache = [[] for _ in self.sources]

    def get_epoch_iterator(self, **kwargs):
        self.cache = [[] for _ in self.sources]
        return super().get_epoch_iterator(**kwargs)

    def get_data(self, request=None):
        if request is None:
            raise ValueError("Cache: needs a request; ask it by an epoch iterator")
        if request > len(self.cache[0]):
            self._add(next(self.child_epoch_iterator))
        while request > len(self.cache[0]):
            batch = next(self.child_epoch_iterator, None)
            if batch is None:
                break
            self._add(batch)
        data = tuple(stacked(cached[:request]) for cached in self.cache)
        self.cache = [cached[request:] for cached in self.cache]
        return data

    def _add(self, batch):
        for cached, source in zip(self.cache, batch, strict=True):
            cached.extend(source)


class SortMapping:
    """For `Mapping`: the examples of a batch in order.

    Parameters
    ----------
    key : callable
        From an example, a tuple by source, to what it is sorted by.
    reverse : bool

    Examples
    --------
    >>> SortMapping(lambda example: len(example[0]))(([[1, 2], [3]], ["b", "a"]))
    ([[3], [1, 2]], ['a', 'b'])
    """

    def __init__(self, key, reverse=False):
        self.key, self.reverse = key, reverse

    def __call__(self, batch):
        examples = sorted(zip(*batch, strict=True), key=self.key, reverse=self.reverse)
        return tuple(
            stacked(list(part)) if isinstance(before, numpy.ndarray) else list(part)
            for part, before in zip(zip(*examples, strict=True), batch, strict=True)
        )


class Padding(Transformer):
    """Sequences of unequal length as one array with zeros at the end, and a mask that is 1 where the sequence is.

    Parameters
    ----------
    data_stream : AbstractDataStream
        Of batches; each (time, ...) an example.
    mask_sources : tuple of str, optional
        The sources that are sequences; all by default. Each is followed by its `<source>_mask`.
    mask_dtype : str or dtype, optional
        `config.floatX` by default.
    **kwargs
        As `Transformer` takes them.

    Notes
    -----
    The arrays are (batch, time, ...); a recurrent net that wants time first has them transposed.
    """

    def __init__(self, data_stream, mask_sources=None, mask_dtype=None, **kwargs):
        need(data_stream, False, "Padding")
        super().__init__(data_stream, produces_examples=False, **kwargs)
        self.mask_sources = data_stream.sources if mask_sources is None else mask_sources
        self.mask_dtype = config.floatX if mask_dtype is None else mask_dtype

    @property
    def sources(self):
        masked = ((s, f"{s}_mask") if s in self.mask_sources else (s,) for s in self.data_stream.sources)
        return tuple(source for several in masked for source in several)

    def transform_batch(self, batch):
        padded = []
        for source, examples in zip(self.data_stream.sources, batch, strict=True):
            padded += self._padded(source, examples) if source in self.mask_sources else [examples]
        return tuple(padded)

    def _padded(self, source, examples) -> tuple[numpy.ndarray, numpy.ndarray]:
        arrays = [numpy.asarray(example) for example in examples]
        shapes = {array.shape[1:] for array in arrays}
        if len(shapes) != 1 or any(array.ndim == 0 for array in arrays):
            found = sorted({array.shape for array in arrays})
            raise ValueError(f"Padding: examples of {source!r} must differ in length alone, got shapes {found[:5]}")
        lengths = numpy.array([len(array) for array in arrays])
        dtype = numpy.result_type(*({array.dtype for array in arrays if array.size} or {arrays[0].dtype}))
        out = numpy.zeros((len(arrays), lengths.max(), *shapes.pop()), dtype)
        for row, array in zip(out, arrays, strict=True):
            row[: len(array)] = array
        return out, (numpy.arange(lengths.max()) < lengths[:, None]).astype(self.mask_dtype)


class Merge(AbstractDataStream):
    """Several streams side by side; an epoch ends with the shortest.

    Parameters
    ----------
    data_streams : list of AbstractDataStream
        All of examples or all of batches.
    sources : tuple of str
        Names for all their sources, in order.
    axis_labels : dict of str to tuple of str, optional
    """

    def __init__(self, data_streams, sources, axis_labels=None):
        super().__init__(axis_labels=axis_labels)
        self.data_streams = list(data_streams)
        if len({bool(stream.produces_examples) for stream in self.data_streams}) != 1:
            raise ValueError("Merge: streams must all give examples or all batches, got both or no stream")
        self.produces_examples = self.data_streams[0].produces_examples
        own = [source for stream in self.data_streams for source in stream.sources]
        if len(own) != len(sources) or isinstance(sources, str):
            raise ValueError(f"Merge: sources must be {len(own)} names, for {tuple(own)}, got {sources!r}")
        self.sources = sources

    def close(self):
        for stream in self.data_streams:
            stream.close()

    def reset(self):
        for stream in self.data_streams:
            stream.reset()

    def next_epoch(self):
        for stream in self.data_streams:
            stream.next_epoch()

    def get_epoch_iterator(self, **kwargs):
        self.child_epoch_iterators = [stream.get_epoch_iterator() for stream in self.data_streams]
        return super().get_epoch_iterator(**kwargs)

    def get_data(self, request=None):
        if request is not None:
            raise no_request(self)
        return tuple([part for iterator in self.child_epoch_iterators for part in next(iterator)])


def _with_batch(labels: dict) -> dict:
    return {source: ("batch", *names) if names else names for source, names in labels.items()}


def _without_batch(labels: dict) -> dict:
    return {source: tuple(n for n in names if n != "batch") if names else names for source, names in labels.items()}
