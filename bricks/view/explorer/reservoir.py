"""A sample of fixed size of rows that go by in any order, each with the same chance, whatever their number will be."""

from collections.abc import Mapping

import numpy as np

from bricks.data.contracts import Batch


class Reservoir:
    """So many of the rows that went by: each draws a number, and those with the least are kept.

    >>> reservoir = Reservoir(3, seed=0)
    >>> for start in (0, 10, 20):
    ...     reservoir.add(np.arange(start, start + 10), {"x": np.arange(start, start + 10)})
    >>> numbers, sample = reservoir.result()
    >>> len(numbers), (numbers == sample["x"]).all()
    (3, np.True_)
    """

    def __init__(self, most: int, seed: int | tuple[int, ...]):
        self.most, self._random = most, np.random.default_rng(seed)
        self._limit = 1.0
        self._kept: list[tuple[np.ndarray, np.ndarray, Batch]] = []

    def add(self, numbers: np.ndarray, batch: Mapping[str, np.ndarray]) -> None:
        """Rows that go by."""
        drawn = self._random.random(len(numbers))
        (where,) = np.nonzero(drawn < self._limit)
        if len(where) > self.most:
            where = where[np.argsort(drawn[where])[: self.most]]
        self._kept.append((drawn[where], numbers[where], {name: array[where] for name, array in batch.items()}))
        if sum(len(kept[0]) for kept in self._kept) > 2 * self.most:
            self._prune()

    def result(self) -> tuple[np.ndarray, Batch]:
        """The numbers of the rows kept, ascending, and the rows."""
        self._prune()
        _, numbers, batch = self._kept[0]
        order = np.argsort(numbers, kind="stable")
        return numbers[order], {name: array[order] for name, array in batch.items()}

    def _prune(self) -> None:
        drawn = np.concatenate([kept[0] for kept in self._kept])
        order = np.argsort(drawn)[: self.most]
        numbers = np.concatenate([kept[1] for kept in self._kept])[order]
        batch = {}
        for name in list(self._kept[0][2]):
            batch[name] = np.concatenate([kept[2].pop(name) for kept in self._kept])[order]
        if len(order) == self.most:
            self._limit = float(drawn[order[-1]])
        self._kept = [(drawn[order], numbers, batch)]
