"""Iteration schemes: in which order an epoch takes the examples, and how many make a batch.

A scheme has no state: the order of an epoch is a function of the scheme and of the epoch's number alone,
so any epoch can be had without those before it. `indices` is the order; a scheme whose batches are not simply
`batch_size` examples each, the last of them fewer, says by `cuts` where they begin and end, as many in each epoch.
Schemes that know something of each example by its number (`by_number`) are in balanced.py, one for large files is in
blocks.py.
"""

from collections.abc import Sequence

import numpy as np

from bricks.data.contracts import Scheme
from bricks.errors import DataError, UsageError


class SequentialScheme:
    """The examples as they come, the same in each epoch; the last batch may be short.

    Parameters
    ----------
    batch_size : int
        At least 1.

    Raises
    ------
    UsageError
        `batch_size` is no positive integer.

    Examples
    --------
    >>> from bricks.data import SequentialScheme
    >>> SequentialScheme(batch_size=2).indices(5, epoch=0)
    array([0, 1, 2, 3, 4])
    """

    def __init__(self, batch_size: int):
        self.batch_size = whole(batch_size, 1, "batch_size", type(self).__name__)

    def indices(self, num_examples: int, epoch: int) -> np.ndarray:
        """0 to num_examples - 1, in order."""
        return np.arange(num_examples, dtype=np.int64)


class ShuffledScheme:
    """Each epoch in an order of its own, drawn from (seed, epoch); the last batch may be short.

    Parameters
    ----------
    batch_size : int
        At least 1.
    seed : int
        At least 0.

    Raises
    ------
    UsageError
        `batch_size` is no positive integer, or `seed` no integer from 0 up.

    Notes
    -----
    The permutation of epoch e is the first one that `Generator(PCG64(SeedSequence([seed, e])))` gives. NumPy
    promises the same one for the same version of NumPy.

    Examples
    --------
    >>> from bricks.data import ShuffledScheme
    >>> scheme = ShuffledScheme(batch_size=2, seed=1)
    >>> sorted(scheme.indices(5, epoch=0).tolist())
    [0, 1, 2, 3, 4]
    >>> bool((scheme.indices(5, epoch=7) == ShuffledScheme(3, seed=1).indices(5, epoch=7)).all())
    True
    """

    def __init__(self, batch_size: int, seed: int):
        self.batch_size = whole(batch_size, 1, "batch_size", type(self).__name__)
        self.seed = whole(seed, 0, "seed", type(self).__name__)

    def indices(self, num_examples: int, epoch: int) -> np.ndarray:
        """A permutation of 0 to num_examples - 1."""
        return generator(self.seed, epoch).permutation(num_examples).astype(np.int64, copy=False)


class SequentialExampleScheme(SequentialScheme):
    """The examples as they come, one by one: without a batch axis.

    Examples
    --------
    >>> from bricks.data import ArrayDataset, DataStream, SequentialExampleScheme
    >>> stream = DataStream(ArrayDataset({"x": [[1, 2], [3, 4]]}), SequentialExampleScheme())
    >>> [example["x"].tolist() for example in stream.iterator()]
    [[1, 2], [3, 4]]
    """

    produces_examples = True

    def __init__(self):
        super().__init__(1)


class ShuffledExampleScheme(ShuffledScheme):
    """The examples one by one, without a batch axis, each epoch in the order that `ShuffledScheme` has.

    Parameters
    ----------
    seed : int
        At least 0.

    Examples
    --------
    >>> from bricks.data import ShuffledExampleScheme
    >>> sorted(ShuffledExampleScheme(seed=1).indices(3, epoch=0).tolist())
    [0, 1, 2]
    """

    produces_examples = True

    def __init__(self, seed: int):
        super().__init__(1, seed)


class ConstantScheme:
    """Epochs of `times` batches of one size, however many examples there are: over and over, without a seam.

        example k of epoch e = example (e times batch_size + k) mod N of the data set

    The next epoch goes on where this one ended. For a data set too large for one's patience, or so small that its
    end would come all the time; every batch has the same size, so that one compilation serves.

    Parameters
    ----------
    batch_size : int
        At least 1.
    times : int
        Batches in an epoch, at least 1.
    seed : int, optional
        With one, each pass over the examples has an order of its own, drawn from (seed, pass); without, they come
        as they are.

    Raises
    ------
    UsageError
        A number is out of range.

    Examples
    --------
    >>> from bricks.data import ConstantScheme
    >>> scheme = ConstantScheme(batch_size=2, times=2)
    >>> scheme.indices(5, epoch=0), scheme.indices(5, epoch=1)
    (array([0, 1, 2, 3]), array([4, 0, 1, 2]))
    """

    def __init__(self, batch_size: int, times: int, seed: int | None = None):
        self.batch_size = whole(batch_size, 1, "batch_size", "ConstantScheme")
        self.times = whole(times, 1, "times", "ConstantScheme")
        self.seed = None if seed is None else whole(seed, 0, "seed", "ConstantScheme")

    def indices(self, num_examples: int, epoch: int) -> np.ndarray:
        """The next times x batch_size numbers."""
        size = self.times * self.batch_size
        done, place = np.divmod(np.arange(epoch * size, (epoch + 1) * size, dtype=np.int64), num_examples)
        if self.seed is None:
            return place
        orders = [generator(self.seed, n).permutation(num_examples) for n in range(done[0], done[-1] + 1)]
        return np.stack(orders)[done - done[0], place].astype(np.int64, copy=False)

    def cuts(self, num_examples: int, epoch: int) -> np.ndarray:
        """0, batch_size, 2 batch_size, ..."""
        return np.arange(self.times + 1, dtype=np.int64) * self.batch_size


class ConcatenatedScheme:
    """The epoch of one scheme, then that of the next one, over the same examples.

    Parameters
    ----------
    schemes : list of Scheme
        At least one.

    Raises
    ------
    UsageError
        There is none.

    Examples
    --------
    >>> from bricks.data import ArrayDataset, ConcatenatedScheme, DataStream, SequentialScheme
    >>> scheme = ConcatenatedScheme([SequentialScheme(1), SequentialScheme(3)])
    >>> [batch["x"].tolist() for batch in DataStream(ArrayDataset({"x": [7, 8]}), scheme).iterator()]
    [[7], [8], [7, 8]]
    """

    def __init__(self, schemes: Sequence[Scheme]):
        self.schemes = tuple(schemes)
        if not self.schemes:
            raise UsageError("ConcatenatedScheme: schemes must be at least one, got none")
        self.batch_size = max(scheme.batch_size for scheme in self.schemes)
        self.by_number = any(getattr(scheme, "by_number", False) for scheme in self.schemes)

    def indices(self, num_examples: int, epoch: int) -> np.ndarray:
        """Those of each scheme, one after the other."""
        return np.concatenate([scheme.indices(num_examples, epoch) for scheme in self.schemes])

    def cuts(self, num_examples: int, epoch: int) -> np.ndarray:
        """Those of each scheme, each from where the one before it ends."""
        return joined_cuts([batch_cuts(scheme, num_examples, epoch) for scheme in self.schemes])


class Shard:
    """Part `index` of `count` of each batch of a scheme: what one of several processes takes.

    The parts of a batch are stretches of it of equal length, so all processes have as many batches, and together
    they have the batches that one alone would have. The length of a batch that `count` does not divide, as the last
    one may be, is rounded down: fewer than `count` of its examples are left out.

    Parameters
    ----------
    scheme : Scheme
        Its `batch_size` must be a multiple of `count`.
    index, count : int
        0 <= index < count.

    Raises
    ------
    UsageError
        A number is out of range.

    Examples
    --------
    >>> from bricks.data import ArrayDataset, DataStream, SequentialScheme
    >>> parts = [DataStream(ArrayDataset({"x": range(6)}), SequentialScheme(4), shard=(i, 2)) for i in (0, 1)]
    >>> [[batch["x"].tolist() for batch in part.iterator()] for part in parts]
    [[[0, 1], [4]], [[2, 3], [5]]]
    """

    def __init__(self, scheme: Scheme, index: int, count: int):
        self.count = whole(count, 1, "count of parts", "shard")
        self.index = whole(index, 0, "index", "shard")
        if self.index >= self.count:
            raise UsageError(f"shard: index must be below the count of parts, {count}, got {index}")
        if scheme.batch_size % self.count:
            raise UsageError(
                f"shard: batch_size must be a multiple of the count of parts, {count}, so that they are equal, got "
                f"{scheme.batch_size}"
            )
        self.scheme, self.batch_size = scheme, scheme.batch_size // self.count
        self.read_batches, self.by_number = getattr(scheme, "read_batches", 1), getattr(scheme, "by_number", False)

    def indices(self, num_examples: int, epoch: int) -> np.ndarray:
        """This part of each batch, one after the other."""
        order, cuts = self.scheme.indices(num_examples, epoch), batch_cuts(self.scheme, num_examples, epoch)
        sizes = np.diff(cuts) // self.count
        begins = (cuts[:-1] + self.index * sizes)[sizes > 0]
        sizes = sizes[sizes > 0]
        # Where example k of the part lies: its batch's beginning, and as far into it as into the part's batch.
        into = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        return order[np.repeat(begins, sizes) + into]

    def cuts(self, num_examples: int, epoch: int) -> np.ndarray:
        """Those of the scheme, in numbers of this part."""
        sizes = np.diff(batch_cuts(self.scheme, num_examples, epoch)) // self.count
        return np.concatenate([[0], np.cumsum(sizes[sizes > 0])]).astype(np.int64)


def batch_cuts(scheme: Scheme, num_examples: int, epoch: int) -> np.ndarray:
    """Where the batches of an epoch begin and end in its order: int64 (batches + 1,), from 0 on."""
    cuts = getattr(scheme, "cuts", None)
    if cuts is not None:
        return cuts(num_examples, epoch)
    return even_cuts(num_examples, scheme.batch_size)


def even_cuts(num_examples: int, batch_size: int) -> np.ndarray:
    """Those of batches of one size, but for the last."""
    return np.append(np.arange(0, num_examples, batch_size, dtype=np.int64), num_examples)


def joined_cuts(several: Sequence[np.ndarray]) -> np.ndarray:
    """The cuts of stretches one after the other."""
    sizes = np.concatenate([np.diff(cuts) for cuts in several])
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)


def check_count(values: np.ndarray, num_examples: int, what: str, who: str) -> None:
    """A DataError where a scheme does not know as many examples as the data set has."""
    if len(values) != num_examples:
        raise DataError(f"{who}: {what} must have one entry for each of the {num_examples} examples, got {len(values)}")


def generator(*key: int, use: int | None = None) -> np.random.Generator:
    """The generator of these integers: that of (seed, epoch), say.

    Each `use` has other numbers, so that those of a scheme and of what comes after it, with one seed for both, have
    nothing to do with each other; folds.py has one more.
    """
    spawned = () if use is None else (use,)
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(list(key), spawn_key=spawned)))


BUFFER, BATCH = 2, 3
"""Uses: the shuffle of a buffer, what a function draws for a batch."""


def whole(value: object, least: int, what: str, who: str) -> int:
    """`value` as an int, where it is an integer of at least `least`; a UsageError where not."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer) or value < least:
        raise UsageError(f"{who}: {what} must be an integer of at least {least}, got {value!r}")
    return int(value)
