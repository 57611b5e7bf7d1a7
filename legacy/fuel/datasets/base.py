"""Data sets: what gives examples when asked for them. Where one stands in it is a state that the stream keeps."""

import copy
from abc import ABC, abstractmethod
from collections.abc import Iterable

from fuel.schemes import SequentialExampleScheme
from fuel.streams import DataStream
from fuel.utils import Subset


class Dataset(ABC):
    """A data set. A subclass has `provides_sources` and `get_data`, and `open` where it has a state.

    Parameters
    ----------
    sources : list of str, optional
        Those wanted of `provides_sources`.
    axis_labels : dict of str to tuple of str, optional
        From each source to the names of its axes.
    """

    provides_sources = None
    default_transformers = ()
    _shared = ()  # attributes that copies have in common: large, and changed by nobody

    def __init__(self, sources=None, axis_labels=None):
        if not self.provides_sources:
            raise ValueError(f"{type(self).__name__}: must have provides_sources, a tuple of names, got none")
        if sources is not None:
            unknown = [source for source in sources if source not in self.provides_sources]
            if not sources or unknown or isinstance(sources, str):
                raise ValueError(
                    f"{type(self).__name__}: sources must be some of {tuple(self.provides_sources)}, got {sources!r}"
                )
            self.sources = tuple(sources)
        self.axis_labels = axis_labels

    @property
    def sources(self):
        """The sources wanted; all by default."""
        return getattr(self, "_sources", None) or self.provides_sources

    @sources.setter
    def sources(self, sources):
        self._sources = sources

    def apply_default_transformers(self, stream):
        """The stream through the transformers that this data set suggests, `(class, args, kwargs)` each."""
        for cls, args, kwargs in self.default_transformers:
            stream = cls(stream, *args, **kwargs)
        return stream

    @property
    def example_iteration_scheme(self):
        """A scheme that goes through the examples one by one."""
        if not hasattr(self, "_example_iteration_scheme"):
            raise AttributeError(f"{type(self).__name__}: has no scheme of its own for single examples")
        return self._example_iteration_scheme

    @example_iteration_scheme.setter
    def example_iteration_scheme(self, value):
        self._example_iteration_scheme = value

    def get_example_stream(self):
        """A stream of the examples one by one."""
        return DataStream(self, iteration_scheme=self.example_iteration_scheme)

    def open(self):
        """A state at the beginning; None where there is none."""
        return None

    def reset(self, state):
        """A state at the beginning in place of this one."""
        self.close(state)
        return self.open()

    def next_epoch(self, state):
        """The state for the next epoch."""
        return self.reset(state)

    def close(self, state):
        """Let go of what belongs to the state; the state that remains."""
        return None

    @abstractmethod
    def get_data(self, state=None, request=None):
        """What was asked for: a tuple in the order of `sources`; StopIteration where there is no more."""

    def __deepcopy__(self, memo):
        twin = memo[id(self)] = type(self).__new__(type(self))
        memo.update({id(self.__dict__[name]): self.__dict__[name] for name in self._shared if name in self.__dict__})
        twin.__dict__.update(copy.deepcopy(self.__dict__, memo))
        return twin

    def filter_sources(self, data):
        """Of data for all of `provides_sources` that for `sources`."""
        provided = [source for source in self.provides_sources if source in self.sources]
        if provided != list(self.sources):
            raise ValueError(
                f"{type(self).__name__}: sources must be in the order of provides_sources, {tuple(provided)}, got "
                f"{tuple(self.sources)}: the data would come under wrong names"
            )
        return tuple(d for d, source in zip(data, self.provides_sources, strict=True) if source in self.sources)


class IterableDataset(Dataset):
    """Examples of iterables, gone through in order.

    Parameters
    ----------
    iterables : dict of str to iterable, or iterable
        By source, or of the one source `data`.
    **kwargs
        As `Dataset` takes them.

    Examples
    --------
    >>> dataset = IterableDataset({"x": [1, 2], "y": "ab"})
    >>> list(DataStream(dataset).get_epoch_iterator())
    [(1, 'a'), (2, 'b')]
    """

    example_iteration_scheme = None

    def __init__(self, iterables, **kwargs):
        named = iterables if isinstance(iterables, dict) else {"data": iterables}
        for source, iterable in named.items():
            if not isinstance(iterable, Iterable):
                raise ValueError(f"IterableDataset: source {source!r} must be an iterable, got {iterable!r:.60}")
        self.provides_sources = tuple(named)
        super().__init__(**kwargs)
        self.iterables = [named[source] for source in self.sources]

    @property
    def num_examples(self):
        """How many examples there are; nan where an iterable does not say."""
        try:
            lengths = {len(iterable) for iterable in self.iterables}
        except TypeError:
            return float("nan")
        if len(lengths) > 1:
            raise ValueError(f"IterableDataset: sources must be equally long, got {sorted(lengths)}")
        return lengths.pop()

    def open(self):
        return _Together([iter(iterable) for iterable in self.iterables])

    def get_data(self, state=None, request=None):
        if state is None or request is not None:
            raise ValueError("IterableDataset: gives what comes next of a state, and takes no requests; use no scheme")
        return next(state)


class _Together:
    """Several iterators in step; can be pickled where they can."""

    def __init__(self, iterators: list):
        self._iterators = iterators

    def __iter__(self):
        return self

    def __next__(self) -> tuple:
        return tuple([next(iterator) for iterator in self._iterators])


class IndexableDataset(Dataset):
    """Examples of what can be indexed: arrays, lists.

    Parameters
    ----------
    indexables : dict of str to indexable, or indexable
        By source, or of the one source `data`. Those of a dict are attributes too.
    start, stop : int, optional
        The first example that is meant, and the one after the last.
    **kwargs
        As `Dataset` takes them.

    Examples
    --------
    >>> import numpy
    >>> dataset = IndexableDataset({"x": numpy.arange(9)}, start=2, stop=6)
    >>> dataset.num_examples, dataset.get_data(request=[3, 0])
    (4, (array([5, 2]),))
    """

    _shared = ("indexables",)

    def __init__(self, indexables, start=None, stop=None, **kwargs):
        named = indexables if isinstance(indexables, dict) else {"data": indexables}
        self.provides_sources = tuple(named)
        super().__init__(**kwargs)
        self.start, self.stop = start, stop
        self.indexables = [named[source][start:stop] for source in self.sources]
        lengths = {source: len(own) for source, own in zip(self.sources, self.indexables, strict=True)}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"IndexableDataset: sources must be equally long, got {lengths}")
        self.example_iteration_scheme = SequentialExampleScheme(self.num_examples)
        self.subset = Subset(slice(0, self.num_examples), self.num_examples)

    def __getattr__(self, key):
        if not key.startswith("_") and "indexables" in self.__dict__ and key in self.sources:
            return self.indexables[self.sources.index(key)]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {key!r}")

    @property
    def num_examples(self):
        """How many examples there are."""
        return len(self.indexables[0])

    def get_data(self, state=None, request=None):
        if state is not None or request is None:
            raise ValueError("IndexableDataset: has no state, and needs a request; give the stream an iteration scheme")
        return tuple(self.subset.index_within_subset(indexable, request) for indexable in self.indexables)
