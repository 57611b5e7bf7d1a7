"""Streams over a stream: what a transformer of one's own is derived from."""

import logging

from fuel.exceptions import AxisLabelsMismatchError
from fuel.streams import AbstractDataStream

logger = logging.getLogger("fuel")


class Transformer(AbstractDataStream):
    """A stream that changes what another one gives.

    A subclass has `transform_example`, `transform_batch` or both; or `get_data`, which takes what it needs from
    `self.child_epoch_iterator`.

    Parameters
    ----------
    data_stream : AbstractDataStream
    produces_examples : bool, optional
        Whether single examples come out, not batches; where there is an iteration scheme it says so.
    **kwargs
        `iteration_scheme` and `axis_labels`.
    """

    def __init__(self, data_stream, produces_examples=None, **kwargs):
        super().__init__(**kwargs)
        if produces_examples is not None:
            self.produces_examples = produces_examples
        self.data_stream = data_stream

    @property
    def sources(self):
        """What a batch consists of; as in the stream below, unless set."""
        return self._sources if hasattr(self, "_sources") else self.data_stream.sources

    @sources.setter
    def sources(self, value):
        self._sources = value

    def close(self):
        self.data_stream.close()

    def reset(self):
        self.data_stream.reset()

    def next_epoch(self):
        self.data_stream.next_epoch()

    def get_epoch_iterator(self, **kwargs):
        """An iterator over one epoch, of the stream below too."""
        self.child_epoch_iterator = self.data_stream.get_epoch_iterator()
        return super().get_epoch_iterator(**kwargs)

    def get_data(self, request=None):
        if request is not None:
            raise no_request(self)
        data = next(self.child_epoch_iterator)
        if self.produces_examples != self.data_stream.produces_examples:
            came, goes = ("examples" if stream.produces_examples else "batches" for stream in (self.data_stream, self))
            raise NotImplementedError(f"{type(self).__name__}: makes {goes}, and the stream below gives {came}")
        return self.transform_example(data) if self.produces_examples else self.transform_batch(data)

    def transform_example(self, example):
        """What becomes of an example, a tuple by source."""
        raise NotImplementedError(f"{type(self).__name__}: takes batches, and the stream below gives examples")

    def transform_batch(self, batch):
        """What becomes of a batch, a tuple by source."""
        raise NotImplementedError(f"{type(self).__name__}: takes examples, and the stream below gives batches")


class AgnosticTransformer(Transformer):
    """A transformer that does the same to an example as to a batch: `transform_any`."""

    def transform_any(self, data):
        """What becomes of an example or a batch."""
        raise NotImplementedError(f"{type(self).__name__}: must have transform_any")

    def transform_example(self, example):
        return self.transform_any(example)

    def transform_batch(self, batch):
        return self.transform_any(batch)


class SourcewiseTransformer(Transformer):
    """A transformer that does the same to each of some sources.

    Parameters
    ----------
    data_stream : AbstractDataStream
    produces_examples : bool
    which_sources : tuple of str, optional
        All by default; what the stream does not have is passed over.
    **kwargs
        As `Transformer` takes them.
    """

    def __init__(self, data_stream, produces_examples, which_sources=None, **kwargs):
        super().__init__(data_stream, produces_examples, **kwargs)
        named = data_stream.sources if which_sources is None else which_sources
        self.which_sources = (named,) if isinstance(named, str) else tuple(named)

    def transform_source_example(self, source_example, source_name):
        """What becomes of one source of an example."""
        raise NotImplementedError(f"{type(self).__name__}: takes batches, and the stream below gives examples")

    def transform_source_batch(self, source_batch, source_name):
        """What becomes of one source of a batch."""
        raise NotImplementedError(f"{type(self).__name__}: takes examples, and the stream below gives batches")

    def transform_example(self, example):
        return self._each(example, self.transform_source_example)

    def transform_batch(self, batch):
        return self._each(batch, self.transform_source_batch)

    def _each(self, data, method) -> tuple:
        return tuple(
            method(part, source) if source in self.which_sources else part
            for part, source in zip(data, self.data_stream.sources, strict=True)
        )


class AgnosticSourcewiseTransformer(AgnosticTransformer, SourcewiseTransformer):
    """A transformer that does the same to each of some sources, of examples and of batches: `transform_any_source`."""

    def transform_any(self, data):
        return self._each(data, self.transform_any_source)

    def transform_any_source(self, source_data, source_name):
        """What becomes of one source of an example or a batch."""
        raise NotImplementedError(f"{type(self).__name__}: must have transform_any_source")


class ExpectsAxisLabels:
    """For transformers that need to know which axis is which."""

    def verify_axis_labels(self, expected, actual, source_name):
        """An AxisLabelsMismatchError where the labels of a source are others; a warning where it has none; once."""
        checked = self.__dict__.setdefault("_checked", set())
        if source_name in checked:
            return
        if actual is None:
            logger.warning(
                "%s: source %r has no axis labels, and is taken to have %s", type(self).__name__, source_name, expected
            )
        elif tuple(expected) != tuple(actual):
            raise AxisLabelsMismatchError(
                f"{type(self).__name__}: source {source_name!r} must have axes {tuple(expected)}, got {tuple(actual)}"
            )
        checked.add(source_name)


def no_request(stream) -> ValueError:
    """The error of a stream that is asked for something, and can only give what comes next."""
    return ValueError(f"{type(stream).__name__}: gives what comes next, and takes no requests; use no iteration scheme")


def need(data_stream, examples: bool, who: str) -> None:
    """A ValueError unless the stream gives examples, or batches."""
    if bool(data_stream.produces_examples) != examples:
        wanted, got = ("examples", "batches") if examples else ("batches", "examples")
        raise ValueError(f"{who}: the stream below must give {wanted}, got one that gives {got}")
