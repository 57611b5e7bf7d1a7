"""Transformers for sequences: time first, symbols as one-hot vectors, values in another order.

Data sets keep their examples along the first axis; a stream puts time first at its end, for recurrent nets
read a batch step by step.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bricks.data.contracts import Source
from bricks.data.names import several
from bricks.data.schemes import whole
from bricks.data.transformers import Names, Sourcewise, check_examples_first, numeric_dtype
from bricks.errors import DataError, UsageError


class TimeMajor(Sourcewise):
    """Time first: (batch, time, ...) becomes (time, batch, ...), contiguous in memory.

    From here on the source's axes are labelled "time", "batch", ...: which is how training knows along which
    axis to count examples. Cheapest while values are small, so before ScaleAndShift and OneHot.

    Parameters
    ----------
    *sources : str
        Names; all where there is none.

    Raises
    ------
    DataError
        A source has no time axis, or is time-major already.

    Examples
    --------
    >>> from bricks.data import TimeMajor
    >>> TimeMajor("features").apply({"features": np.zeros((100, 28, 3))})["features"].shape
    (28, 100, 3)
    """

    traceable = True

    def __init__(self, *sources: str):
        super().__init__(several(sources) or None)

    def source(self, name: str, source: Source) -> Source:
        check_examples_first(name, source, "TimeMajor")
        if len(source.axes) < 2:
            raise DataError(
                f"TimeMajor: source {name!r} must have axes (batch, time, ...), got {source.axes}; "
                "name the sources that are sequences"
            )
        return replace(source, axes=(source.axes[1] or "time", "batch", *source.axes[2:]))

    def array(self, array: np.ndarray) -> np.ndarray:
        swapped = array.swapaxes(0, 1)
        return np.ascontiguousarray(swapped) if isinstance(swapped, np.ndarray) else swapped


class OneHot(Sourcewise):
    """Symbols as vectors: integers k of any shape (...) become (..., size), 1 at k and 0 elsewhere.

    Parameters
    ----------
    size : int
        How many symbols there are, numbered from 0.
    sources : str or list of str, optional
        Names; all by default.
    dtype : str or dtype
        Of what comes out.

    Raises
    ------
    UsageError
        `size` is no positive integer, or `dtype` not numeric.
    DataError
        A source does not hold integers; a symbol is not among them.

    Examples
    --------
    >>> from bricks.data import OneHot
    >>> OneHot(3, "x").apply({"x": np.array([2, 0])})["x"]
    array([[0., 0., 1.],
           [1., 0., 0.]], dtype=float32)
    """

    elementwise = True

    def __init__(self, size: int, sources: Names = None, dtype: str | np.dtype = "float32"):
        super().__init__(sources)
        self._rows = np.eye(whole(size, 1, "size", "OneHot"), dtype=numeric_dtype(dtype, "OneHot"))

    def source(self, name: str, source: Source) -> Source:
        if source.dtype.kind not in "iu":
            raise DataError(f"OneHot: source {name!r} must hold integers, got dtype {source.dtype}")
        shape, axes = (*source.shape, len(self._rows)), (*source.axes, "feature")
        return replace(source, dtype=self._rows.dtype, shape=shape, axes=axes)

    def array(self, array: np.ndarray) -> np.ndarray:
        if array.size and not 0 <= array.min() <= array.max() < len(self._rows):
            raise DataError(
                f"OneHot: symbols must be from 0 to {len(self._rows) - 1}, got {array.min()} to {array.max()}"
            )
        return self._rows.take(array, axis=0)


class Permute(Sourcewise):
    """The values of each flat example in another order: x becomes x[:, order].

    Parameters
    ----------
    order : list of int
        Each number from 0 to its length - 1, once.
    sources : str or list of str, optional
        Names; all by default.

    Raises
    ------
    UsageError
        `order` is no permutation.
    DataError
        A source's examples are not flat, or of another length.

    Examples
    --------
    >>> from bricks.data import Permute
    >>> Permute([2, 0, 1]).apply({"x": np.array([[10, 11, 12]])})["x"]
    array([[12, 10, 11]])
    """

    def __init__(self, order: Sequence[int] | np.ndarray, sources: Names = None):
        super().__init__(sources)
        self.order = np.asarray(order)
        if self.order.ndim != 1 or not np.array_equal(np.sort(self.order), np.arange(len(self.order))):
            raise UsageError(f"Permute: order must have each number from 0 to its length - 1 once, got {order!r:.80}")

    def source(self, name: str, source: Source) -> Source:
        check_examples_first(name, source, "Permute")
        if source.shape != self.order.shape:
            raise DataError(
                f"Permute: an example of {name!r} must have shape {self.order.shape}, as the order has, "
                f"got {source.shape}; flatten it first"
            )
        return source

    def array(self, array: np.ndarray) -> np.ndarray:
        return array.take(self.order, axis=1)
