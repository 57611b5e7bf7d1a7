"""Statistics of a source in one pass: of each number of an example, over all examples seen; and counts of values."""

import math
from collections import Counter

import numpy as np

from bricks.data.contracts import Source

MOST_COLUMNS = 1 << 18
"""Of an example with more numbers than that all are taken as one column."""

MOST_VALUES = 1000
"""Different values that are counted; more are a measurement, not classes."""

PIECE = 1 << 19  # numbers at a time, so that what is made of them stays in the processor's cache


class Running:
    """Range, mean, deviation and missing values of each column, an example's numbers in a row being the columns.

        n, mean, M2 of both parts:  n = n1 + n2,  d = mean2 - mean1,
        mean = mean1 + d n2 / n,  M2 = M21 + M22 + d^2 n1 n2 / n

    Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances", 1979.

    Parameters
    ----------
    columns : int

    Examples
    --------
    >>> running = Running(2)
    >>> running.add(np.array([[1.0, np.nan], [3.0, 5.0]]))
    >>> running.mean.tolist(), running.deviation.tolist(), running.missing.tolist()
    ([2.0, 5.0], [1.0, 0.0], [0, 1])
    """

    def __init__(self, columns: int):
        self.columns = columns
        self.rows = 0  # for examples of varying length, steps
        self.count = np.zeros(self.columns, np.int64)
        self.infinite = 0
        self.mean, self.squares = np.zeros(self.columns), np.zeros(self.columns)
        self.least, self.most = np.full(self.columns, np.inf), np.full(self.columns, -np.inf)

    def add(self, array: np.ndarray) -> None:
        """Some examples more."""
        if array.dtype == object:
            array = np.concatenate([example.reshape(-1) for example in array]) if len(array) else np.zeros(0)
        if array.dtype.kind == "c":
            array = np.abs(array)
        values = array.reshape(-1, self.columns)
        step = max(1, PIECE // self.columns)
        with np.errstate(over="ignore", invalid="ignore"):  # squares of numbers beyond 1e154
            for start in range(0, len(values), step):
                self._add(values[start : start + step])

    @property
    def missing(self) -> np.ndarray:
        """Of each column, how many values are not finite."""
        return self.rows - self.count

    @property
    def deviation(self) -> np.ndarray:
        """Of each column, the root of the mean squared distance from the mean."""
        return np.sqrt(self.squares / np.maximum(self.count, 1))

    @property
    def constant(self) -> np.ndarray:
        """Which columns have one value, or none."""
        return ~(self.least < self.most)

    @property
    def overall(self) -> tuple[float, float, float, float]:
        """Least, most, mean and deviation of all values."""
        total = int(self.count.sum())
        if not total:
            return (math.nan,) * 4
        mean = float((self.mean * self.count).sum() / total)
        squares = float(self.squares.sum() + (self.count * (self.mean - mean) ** 2).sum())
        return float(self.least.min()), float(self.most.max()), mean, math.sqrt(squares / total)

    def _add(self, values: np.ndarray) -> None:
        n = len(values)
        if not n:
            return
        # So few rows at a time that sums in single precision are good to five digits and more.
        narrow = self.columns >= 256 and (values.dtype.itemsize <= 2 or values.dtype == np.float32)
        numbers = values.astype(np.float32 if narrow else np.float64)
        self.rows += n
        finite = None
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            finite = np.isfinite(values)
            self.infinite += int(np.isinf(values).sum())
            numbers[~finite] = 0
        count = np.full(self.columns, n) if finite is None else finite.sum(axis=0)
        low = values.min(axis=0) if finite is None else np.where(finite, values, np.inf).min(axis=0)
        high = values.max(axis=0) if finite is None else np.where(finite, values, -np.inf).max(axis=0)
        self.least, self.most = np.minimum(self.least, low), np.maximum(self.most, high)
        mean = numbers.sum(axis=0).astype(np.float64) / np.maximum(count, 1)
        numbers -= mean.astype(numbers.dtype)
        if finite is not None:
            numbers[~finite] = 0
        squares = np.einsum("ij,ij->j", numbers, numbers).astype(np.float64)
        total = np.maximum(self.count + count, 1)
        change = mean - self.mean
        self.squares += squares + change**2 * self.count * count / total
        self.mean += change * count / total
        self.count += count


def columns_of(source: Source) -> int:
    """How many columns a source has: of an example of varying length those of a step, or all numbers are one.

    >>> columns_of(Source(np.dtype("float32"), (None, 13), ("batch", "time", "feature"), ragged=True))
    13
    """
    shape = source.shape[1:] if source.ragged else source.shape
    columns = 1 if None in shape else math.prod(shape)
    return columns if 0 < columns <= MOST_COLUMNS else 1


class Counts:
    """How often each value comes, as long as there are no more than `MOST_VALUES`.

    >>> counts = Counts()
    >>> counts.add(np.array([3, 3, 1]))
    >>> dict(counts.of), counts.missing
    ({1: 1, 3: 2}, 0)
    """

    def __init__(self):
        self.of: Counter | None = Counter()
        self.missing = 0

    def add(self, array: np.ndarray) -> None:
        """Some values more."""
        if array.dtype == object:
            array = np.concatenate([example.reshape(-1) for example in array]) if len(array) else np.zeros(0)
        if self.of is None:
            return
        values = array.reshape(-1)
        if values.dtype.kind == "f":
            finite = np.isfinite(values)
            self.missing += int(len(values) - finite.sum())
            values = values[finite]
        found, counts = _unique(values)
        if len(found) <= MOST_VALUES:
            self.of.update(dict(zip(found.tolist(), counts.tolist(), strict=True)))
        if len(found) > MOST_VALUES or len(self.of) > MOST_VALUES:
            self.of = None


def _unique(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Different values, and how often each comes; of small whole numbers without sorting."""
    if values.dtype.kind in "iu" and len(values):
        low, high = int(values.min()), int(values.max())
        if high - low < 1 << 16:
            counts = np.bincount(values.astype(np.int64) - low)
            (places,) = np.nonzero(counts)
            return places + low, counts[places]
    return np.unique(values, return_counts=True)
