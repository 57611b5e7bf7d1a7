"""Transformers: what is done to each batch between the data set and the model.

They have no state. `sources` tells what comes out, before the first batch; `apply` does it to a batch, which
stays as it is; what comes out may be views of its arrays.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from bricks.data.contracts import Batch, Source
from bricks.data.names import as_names, axis_labels, chosen, several
from bricks.data.ragged import ragged
from bricks.errors import DataError, UsageError

Sources = Mapping[str, Source]
Names = str | Iterable[str] | None


class Sourcewise:
    """Does the same to each chosen source: `source` to its description, `array` to its arrays.

    `traceable` says that `array` takes JAX's arrays too and gives the same bits: then a batch can be made where
    the data set lies on the device. It must not be claimed where a product is added to, which XLA may round once.
    A subclass claims it anew, or has it not. `elementwise` says that `array` takes an array of any shape, so that
    examples of unequal shape can go through it one by one.
    """

    traceable = elementwise = False

    def __init__(self, names: Names):
        self._names = as_names(names)

    def sources(self, sources: Sources) -> dict[str, Source]:
        names = chosen(self._names, sources, type(self).__name__)
        for name in names:
            if sources[name].ragged and not self.elementwise:
                raise DataError(
                    f"{type(self).__name__}: the examples of source {name!r} must have one shape, got {sources[name]}; "
                    "do this after Padding, or name the other sources"
                )
        return {**sources, **{name: self.source(name, sources[name]) for name in names}}

    def apply(self, batch: Batch) -> Batch:
        changed = dict(batch)
        for name in batch if self._names is None else self._names:
            array = batch[name]
            uneven = isinstance(array, np.ndarray) and array.dtype.hasobject  # JAX's arrays come by here too
            changed[name] = ragged(map(self.array, array)) if uneven else self.array(array)
        return changed


class Flatten(Sourcewise):
    """Each example becomes one row: (batch, a, b, ...) becomes (batch, a b ...), scalars (batch, 1).

    Parameters
    ----------
    *sources : str
        Names; all where there is none.

    Examples
    --------
    >>> from bricks.data import Flatten
    >>> Flatten("features").apply({"features": np.zeros((2, 1, 3, 4))})["features"].shape
    (2, 12)
    """

    traceable = True

    def __init__(self, *sources: str):
        super().__init__(several(sources) or None)

    def source(self, name: str, source: Source) -> Source:
        check_examples_first(name, source, "Flatten")
        size = None if None in source.shape else math.prod(source.shape)
        return replace(source, shape=(size,), axes=(source.axes[0], "feature"))

    def array(self, array: np.ndarray) -> np.ndarray:
        return array.reshape(len(array), math.prod(array.shape[1:]))


class Reshape(Sourcewise):
    """Each example gets this shape; `Reshape((), "targets")` makes scalars of rows of length one.

    Parameters
    ----------
    shape : tuple of int
        Of an example, without the batch axis; () for scalars.
    sources : str or list of str, optional
        Names; all by default.
    axes : tuple of str, optional
        Labels of the new axes, without the batch axis.

    Raises
    ------
    UsageError
        A size is no positive integer.
    DataError
        An example of a source has another number of elements.

    Examples
    --------
    >>> from bricks.data import Reshape
    >>> Reshape((), "targets").apply({"targets": np.array([[3], [1]])})["targets"]
    array([3, 1])
    """

    traceable = True

    def __init__(self, shape: Sequence[int], sources: Names = None, axes: Sequence[str] | None = None):
        super().__init__(sources)
        self.shape = tuple(shape)
        if not all(isinstance(size, int) and size > 0 for size in self.shape):
            raise UsageError(f"Reshape: shape must be a tuple of positive integers, got {shape!r}")
        self.axes = axis_labels(None if axes is None else ("batch", *axes), len(self.shape) + 1, "Reshape")

    def source(self, name: str, source: Source) -> Source:
        check_examples_first(name, source, "Reshape")
        if None in source.shape or math.prod(source.shape) != math.prod(self.shape):
            raise DataError(
                f"Reshape: an example of {name!r} must have {math.prod(self.shape)} elements "
                f"(shape={self.shape}), got shape {source.shape}"
            )
        return replace(source, shape=self.shape, axes=(source.axes[0], *self.axes[1:]))

    def array(self, array: np.ndarray) -> np.ndarray:
        return array.reshape(len(array), *self.shape)


class ScaleAndShift(Sourcewise):
    """x becomes scale x + shift, in floating point.

    Parameters
    ----------
    scale, shift : float
        1/255 and 0 take uint8 pixels to [0, 1].
    sources : str or list of str, optional
        Names; all by default.
    dtype : str or dtype
        A floating dtype, of the computation and of what comes out.

    Raises
    ------
    UsageError
        `scale` or `shift` is not finite, or `dtype` not floating.
    DataError
        A source does not hold numbers.

    Examples
    --------
    >>> from bricks.data import ScaleAndShift
    >>> ScaleAndShift(1 / 255, 0, "x").apply({"x": np.array([[0, 255]], "uint8")})["x"]
    array([[0., 1.]], dtype=float32)
    """

    elementwise = True

    def __init__(self, scale: float, shift: float, sources: Names = None, dtype: str | np.dtype = "float32"):
        super().__init__(sources)
        self.dtype = floating(dtype, "ScaleAndShift")
        if not (math.isfinite(scale) and math.isfinite(shift)):
            raise UsageError(f"ScaleAndShift: scale and shift must be finite, got {scale} and {shift}")
        self.scale, self.shift = float(scale), float(shift)  # Python's: NumPy takes them in the array's dtype

    @property
    def traceable(self) -> bool:
        return not self.shift and self.dtype == np.float32

    def source(self, name: str, source: Source) -> Source:
        return replace(source, dtype=_numeric(name, source, self.dtype, "ScaleAndShift"))

    def array(self, array: np.ndarray) -> np.ndarray:
        # A conversion and a product in place: measured faster than np.multiply(array, scale, dtype=...).
        scaled = array.astype(self.dtype)
        scaled *= self.scale
        if self.shift:
            scaled += self.shift
        return scaled


class Cast(Sourcewise):
    """The same values in another dtype, as NumPy's `astype` makes them.

    To integers, fractions are cut off and what is out of range wraps around.

    Parameters
    ----------
    dtype : str or dtype
        A boolean, integer, floating or complex one.
    sources : str or list of str, optional
        Names; all by default.

    Raises
    ------
    UsageError
        There is no such dtype.
    DataError
        A source does not hold numbers.

    Examples
    --------
    >>> from bricks.data import Cast
    >>> Cast("int32", "targets").apply({"targets": np.array([3, 1], "uint8")})["targets"]
    array([3, 1], dtype=int32)
    """

    elementwise = True

    def __init__(self, dtype: str | np.dtype, sources: Names = None):
        super().__init__(sources)
        self.dtype = numeric_dtype(dtype, "Cast")

    def source(self, name: str, source: Source) -> Source:
        return replace(source, dtype=_numeric(name, source, self.dtype, "Cast"))

    def array(self, array: np.ndarray) -> np.ndarray:
        return array.astype(self.dtype, copy=False)


def check_examples_first(name: str, source: Source, who: str) -> None:
    """A DataError where the examples of a source do not lie along the first axis."""
    if source.batch_axis != 0:
        raise DataError(
            f"{who}: source {name!r} must have the examples along its first axis, got axes "
            f"{source.axes}; do this before TimeMajor"
        )


def floating(name: object, who: str) -> np.dtype:
    """The floating dtype of this name."""
    dtype = numeric_dtype(name, who)
    if dtype.kind != "f":
        raise UsageError(f"{who}: dtype must be floating, as float32, got {dtype}")
    return dtype


def numeric_dtype(name: object, who: str) -> np.dtype:
    """The dtype of numbers, or of truth values, of this name."""
    try:
        dtype = np.dtype(name if name is not None else "none")  # NumPy's dtype(None) is float64
    except TypeError as error:
        raise UsageError(f"{who}: dtype must be one of NumPy's, as float32, got {name!r}") from error
    if dtype.kind not in "biufc":
        raise UsageError(f"{who}: dtype must be a numeric one, as float32, got {name!r}")
    return dtype


def _numeric(name: str, source: Source, becomes: np.dtype, who: str) -> np.dtype:
    if source.dtype.kind not in "biufc":
        raise DataError(f"{who}: source {name!r} must hold numbers, got dtype {source.dtype}")
    return becomes
