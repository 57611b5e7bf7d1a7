"""Iteration schemes: what a stream asks its data set for, request by request.

A request is a list of numbers of examples, the number of one example, or how many to take. Orders are drawn as Fuel
drew them, by `RandomState.shuffle`, whose numbers NumPy has frozen: an old program sees its old order again. Request
iterators can be pickled.
"""

import operator
from abc import ABC, abstractmethod
from collections.abc import Iterable

import numpy

from fuel.config_parser import config


class IterationScheme(ABC):
    """What requests an epoch has. `requests_examples` says that each is for one example, not for a batch."""

    requests_examples = None

    @abstractmethod
    def get_request_iterator(self):
        """An iterator over the requests of one epoch."""


class BatchSizeScheme(IterationScheme):
    """Requests are numbers of examples."""

    requests_examples = False


class IndexScheme(IterationScheme):
    """Requests name examples by their numbers.

    Parameters
    ----------
    examples : int or iterable of int
        How many there are, or the numbers of those wanted.
    """

    requests_examples = True

    def __init__(self, examples):
        self.indices = examples if isinstance(examples, Iterable) else range(operator.index(examples))


class BatchScheme(IndexScheme):
    """Requests are lists of numbers of examples, `batch_size` of them, the last list maybe fewer.

    Parameters
    ----------
    examples : int or iterable of int
    batch_size : int
    """

    requests_examples = False

    def __init__(self, examples, batch_size):
        super().__init__(examples)
        self.batch_size = _size(batch_size, type(self).__name__)


class ConcatenatedScheme(IterationScheme):
    """The requests of several schemes, one scheme after the other.

    >>> scheme = ConcatenatedScheme([SequentialScheme(3, 2), SequentialScheme([7, 8], 2)])
    >>> list(scheme.get_request_iterator())
    [[0, 1], [2], [7, 8]]
    """

    def __init__(self, schemes):
        self.schemes = list(schemes)
        kinds = {scheme.requests_examples for scheme in self.schemes}
        if len(kinds) != 1:
            raise ValueError(
                "ConcatenatedScheme: schemes must all ask for examples or all for batches, got both or none"
            )
        [self.requests_examples] = kinds

    def get_request_iterator(self):
        return _Chain([scheme.get_request_iterator() for scheme in self.schemes])


class ConstantScheme(BatchSizeScheme):
    """The same number of examples over and over.

    Parameters
    ----------
    batch_size : int
    num_examples : int, optional
        In an epoch: the last request is for what is left.
    times : int, optional
        Requests in an epoch. Without both an epoch has no end of its own.

    Examples
    --------
    >>> list(ConstantScheme(3, num_examples=7).get_request_iterator())
    [3, 3, 1]
    """

    def __init__(self, batch_size, num_examples=None, times=None):
        if num_examples is not None and times is not None:
            raise ValueError("ConstantScheme: takes num_examples or times, got both")
        self.batch_size = _size(batch_size, "ConstantScheme")
        self.num_examples, self.times = num_examples, times

    def get_request_iterator(self):
        if self.num_examples is not None:
            whole, rest = divmod(self.num_examples, self.batch_size)
            return _Repeated(self.batch_size, whole, rest)
        return _Repeated(self.batch_size, self.times)


class SequentialScheme(BatchScheme):
    """Batches of the examples in order.

    >>> list(SequentialScheme(5, batch_size=2).get_request_iterator())
    [[0, 1], [2, 3], [4]]
    """

    def get_request_iterator(self):
        return _Batches(_sliceable(self.indices), self.batch_size)


class ShuffledScheme(BatchScheme):
    """Batches of the examples in an order drawn anew for each epoch.

    Parameters
    ----------
    examples, batch_size
        As `BatchScheme` takes them.
    rng : RandomState, optional
        By default one of `config.default_seed`; it goes on from epoch to epoch.
    sorted_indices : bool
        Whether the numbers within each batch ascend.
    """

    def __init__(self, *args, rng=None, sorted_indices=False, **kwargs):
        super().__init__(*args, **kwargs)
        self.rng, self.sorted_indices = _rng(rng), sorted_indices

    def get_request_iterator(self):
        return _Batches(_shuffled(self.indices, self.rng), self.batch_size, self.sorted_indices)


class SequentialExampleScheme(IndexScheme):
    """The examples one by one, in order."""

    def get_request_iterator(self):
        return iter(self.indices)


class ShuffledExampleScheme(IndexScheme):
    """The examples one by one, in an order drawn anew for each epoch; `rng` as `ShuffledScheme` has it."""

    def __init__(self, *args, rng=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.rng = _rng(rng)

    def get_request_iterator(self):
        return iter(_listed(_shuffled(self.indices, self.rng)))


def cross_validation(scheme_class, num_examples, num_folds, strict=True, **kwargs):
    """Pairs of schemes, to train and to validate, one a fold; the folds are stretches of the examples in order.

    Parameters
    ----------
    scheme_class : subclass of IndexScheme
    num_examples, num_folds : int
    strict : bool
        True refuses folds of unequal size; False allows them and gives each fold's size as a third.
    **kwargs
        For the schemes.

    Examples
    --------
    >>> [(list(a.indices), list(b.indices)) for a, b in cross_validation(SequentialExampleScheme, 4, 2)]
    [([2, 3], [0, 1]), ([0, 1], [2, 3])]
    """
    if strict and num_examples % num_folds:
        raise ValueError(
            f"cross_validation: {num_examples} examples can't be divided into {num_folds} folds of equal size; "
            "strict=False allows unequal ones"
        )
    for fold in range(num_folds):
        begin, end = num_examples * fold // num_folds, num_examples * (fold + 1) // num_folds
        train = scheme_class([*range(begin), *range(end, num_examples)], **kwargs)
        valid = scheme_class(range(begin, end), **kwargs)
        yield (train, valid) if strict else (train, valid, end - begin)


def _size(value, who: str) -> int:
    """A batch size; Python 2 had divided integers to integers."""
    if not hasattr(value, "__index__") or value < 1:
        raise ValueError(f"{who}: batch_size must be an integer of at least 1, got {value!r}; // divides to integers")
    return operator.index(value)


def _rng(rng):
    return numpy.random.RandomState(config.default_seed) if rng is None else rng


def _shuffled(indices, rng):
    """The indices in the order that `rng.shuffle(list(indices))` gives."""
    if isinstance(indices, range) and isinstance(rng, numpy.random.RandomState):
        order = numpy.arange(indices.start, indices.stop, indices.step)  # the same draws, ten times faster
    else:
        order = list(indices)
    rng.shuffle(order)
    return order


def _sliceable(indices):
    return indices if isinstance(indices, range | list | tuple) else list(indices)


def _listed(indices) -> list:
    return indices.tolist() if isinstance(indices, numpy.ndarray) else list(indices)


class _Iterator:
    """What the iterators below share; generators could not be pickled."""

    def __iter__(self):
        return self


class _Batches(_Iterator):
    def __init__(self, indices, size: int, ascending: bool = False):
        self._indices, self._size, self._ascending, self._place = indices, size, ascending, 0

    def __next__(self) -> list:
        batch = _listed(self._indices[self._place : self._place + self._size])
        if not batch:
            raise StopIteration
        self._place += self._size
        return sorted(batch) if self._ascending else batch


class _Repeated(_Iterator):
    def __init__(self, size: int, times: int | None, rest: int = 0):
        self._size, self._times, self._rest = size, times, rest

    def __next__(self) -> int:
        if self._times is None:
            return self._size
        if self._times > 0:
            self._times -= 1
            return self._size
        rest, self._rest = self._rest, 0
        if not rest:
            raise StopIteration
        return rest


class _Chain(_Iterator):
    def __init__(self, iterators: list):
        self._iterators = iterators

    def __next__(self):
        while self._iterators:
            for request in self._iterators[0]:
                return request
            del self._iterators[0]
        raise StopIteration
