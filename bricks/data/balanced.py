"""Schemes that look at the examples: batches of like lengths, batches with every class in its proportion."""

from collections.abc import Sequence

import numpy as np

from bricks.data.schemes import check_count, even_cuts, generator, whole
from bricks.errors import UsageError


class LengthBuckets:
    """Batches of examples of like length, so that little of a padded batch is padding.

        bucket of an example = number of bounds below its length
        each bucket shuffled and cut into batches, the batches of all buckets shuffled: by (seed, epoch)

    Parameters
    ----------
    lengths : array of int, (examples,)
        Of the examples of the data set, in its order.
    batch_size : int
        At least 1; the last batch of each bucket may be short.
    seed : int
        At least 0.
    bounds : list of int, optional
        The greatest lengths of all buckets but the last, ascending. By default those that cut the examples into
        `buckets` parts of equal number.
    buckets : int
        How many, where `bounds` are not given; lengths that are often equal make fewer.

    Raises
    ------
    UsageError
        A number is out of range, `lengths` are no vector of integers, or `bounds` do not ascend.
    DataError
        When a stream is made: the data set has another number of examples.

    Examples
    --------
    >>> from bricks.data import LengthBuckets
    >>> lengths = np.array([3, 9, 2, 8, 3, 9])
    >>> scheme = LengthBuckets(lengths, batch_size=3, seed=1, bounds=[5])
    >>> sorted(sorted(lengths[batch].tolist()) for batch in np.split(scheme.indices(6, epoch=0), 2))
    [[2, 3, 3], [8, 9, 9]]
    """

    by_number = True

    def __init__(
        self,
        lengths: Sequence[int] | np.ndarray,
        batch_size: int,
        seed: int,
        bounds: Sequence[int] | None = None,
        buckets: int = 10,
    ):
        self.lengths = np.asarray(lengths)
        if self.lengths.ndim != 1 or self.lengths.dtype.kind not in "iu":
            raise UsageError(f"LengthBuckets: lengths must be a vector of integers, got {lengths!r:.80}")
        self.batch_size = whole(batch_size, 1, "batch_size", "LengthBuckets")
        self.seed = whole(seed, 0, "seed", "LengthBuckets")
        if bounds is None and len(self.lengths):
            parts = np.arange(1, whole(buckets, 1, "buckets", "LengthBuckets")) / buckets
            bounds = np.unique(np.quantile(self.lengths, parts, method="inverted_cdf")) if len(parts) else []
        self.bounds = np.asarray([] if bounds is None else bounds, np.int64)
        if self.bounds.ndim != 1 or (np.diff(self.bounds) <= 0).any():
            raise UsageError(f"LengthBuckets: bounds must be a list of integers that ascend, got {bounds!r}")
        self._bucket = np.searchsorted(self.bounds, self.lengths)

    def indices(self, num_examples: int, epoch: int) -> np.ndarray:
        """The examples, batch by batch."""
        return np.concatenate(self._batches(num_examples, epoch))

    def cuts(self, num_examples: int, epoch: int) -> np.ndarray:
        """The short batch of a bucket may be anywhere."""
        return np.append(0, np.cumsum([len(batch) for batch in self._batches(num_examples, epoch)])).astype(np.int64)

    def _batches(self, num_examples: int, epoch: int) -> list[np.ndarray]:
        check_count(self.lengths, num_examples, "lengths", "LengthBuckets")
        random = generator(self.seed, epoch)
        batches = []
        for bucket in np.unique(self._bucket):
            members = random.permutation(np.flatnonzero(self._bucket == bucket))
            batches += np.split(members, range(self.batch_size, len(members), self.batch_size))
        return [batches[number] for number in random.permutation(len(batches))]


class StratifiedScheme:
    """Shuffled batches that have each class in its proportion.

    The n_c examples of class c, shuffled by (seed, epoch), are spread evenly over the epoch: the j-th lies at
    (j + 1/2) / n_c of it. With k classes and N examples a batch of B has B n_c / N of them, give or take at most
    1 + k n_c / N: two where the classes are equally large.

    Parameters
    ----------
    labels : array, (examples,)
        The class of each example of the data set, in its order: integers, strings or booleans.
    batch_size : int
        At least 1; the last batch may be short.
    seed : int
        At least 0.

    Raises
    ------
    UsageError
        A number is out of range, or `labels` are no vector.
    DataError
        When a stream is made: the data set has another number of examples.

    Examples
    --------
    >>> from bricks.data import StratifiedScheme
    >>> labels = np.array([0] * 6 + [1] * 3)
    >>> scheme = StratifiedScheme(labels, batch_size=3, seed=1)
    >>> [sorted(labels[batch].tolist()) for batch in np.split(scheme.indices(9, epoch=0), 3)]
    [[0, 0, 1], [0, 0, 1], [0, 0, 1]]
    """

    by_number = True

    def __init__(self, labels: Sequence | np.ndarray, batch_size: int, seed: int):
        self.labels = np.asarray(labels)
        if self.labels.ndim != 1 or self.labels.dtype.hasobject:
            raise UsageError(f"StratifiedScheme: labels must be a vector of one type, got {labels!r:.80}")
        self.batch_size = whole(batch_size, 1, "batch_size", "StratifiedScheme")
        self.seed = whole(seed, 0, "seed", "StratifiedScheme")
        self._classes, self._class = np.unique(self.labels, return_inverse=True)

    def cuts(self, num_examples: int, epoch: int) -> np.ndarray:
        """Every `batch_size` examples; asked for when a stream is made, so that wrong labels are found then."""
        check_count(self.labels, num_examples, "labels", "StratifiedScheme")
        return even_cuts(num_examples, self.batch_size)

    def indices(self, num_examples: int, epoch: int) -> np.ndarray:
        """A permutation of 0 to num_examples - 1."""
        check_count(self.labels, num_examples, "labels", "StratifiedScheme")
        random = generator(self.seed, epoch)
        shuffled = random.permutation(num_examples)
        place = np.empty(num_examples)
        for number in range(len(self._classes)):
            members = np.flatnonzero(self._class[shuffled] == number)
            place[members] = (np.arange(len(members)) + 0.5) / len(members)
        # Classes that share a place come in an order that the shuffle has made: no class is first by its number.
        return shuffled[np.argsort(place, kind="stable")].astype(np.int64, copy=False)
