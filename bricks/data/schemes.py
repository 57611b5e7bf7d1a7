"""Iteration schemes: in which order an epoch takes the examples, and how many make a batch.

A scheme has no state: the order of an epoch is a function of the scheme and of the epoch's number alone,
so any epoch can be had without those before it.
"""

import numpy as np

from bricks.errors import UsageError


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
        random = np.random.Generator(np.random.PCG64(np.random.SeedSequence([self.seed, epoch])))
        return random.permutation(num_examples).astype(np.int64, copy=False)


def whole(value: object, least: int, what: str, who: str) -> int:
    """`value` as an int, where it is an integer of at least `least`; a UsageError where not."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer) or value < least:
        raise UsageError(f"{who}: {what} must be an integer of at least {least}, got {value!r}")
    return int(value)
