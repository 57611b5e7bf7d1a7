"""Transformers of each source by itself: shape, scale, dtype, one-hot."""

import numpy

from bricks.data import ragged
from fuel._numpy import scalar_pair, stacked
from fuel.config_parser import config
from fuel.transformers.base import AgnosticSourcewiseTransformer, SourcewiseTransformer


class Flatten(SourcewiseTransformer):
    """Each example becomes one row: a batch (n, a, b) becomes (n, a b), an example (a, b) becomes (a b,).

    Parameters
    ----------
    data_stream : AbstractDataStream
    **kwargs
        `which_sources`, as `SourcewiseTransformer` takes them.
    """

    def __init__(self, data_stream, **kwargs):
        super().__init__(data_stream, data_stream.produces_examples, **kwargs)
        if self.axis_labels is None and data_stream.axis_labels is not None:
            flat = ("feature",) if self.produces_examples else ("batch", "feature")
            self.axis_labels = {
                source: flat if source in self.which_sources else labels
                for source, labels in data_stream.axis_labels.items()
            }

    def transform_source_example(self, source_example, source_name):
        return numpy.asarray(source_example).flatten()

    def transform_source_batch(self, source_batch, source_name):
        array = stacked(source_batch)
        if array.dtype == object:
            raise ValueError(
                f"Flatten: the examples of source {source_name!r} must have one shape; do this before Batch, on "
                "examples, or after Padding"
            )
        return array.reshape(len(array), int(numpy.prod(array.shape[1:])))


class _Elementwise(AgnosticSourcewiseTransformer):
    """Keeps shapes and axes; `change` does it to an array."""

    def __init__(self, data_stream, **kwargs):
        kwargs.setdefault("axis_labels", data_stream.axis_labels)
        super().__init__(data_stream, data_stream.produces_examples, **kwargs)

    def transform_any_source(self, source_data, source_name):
        array = stacked(source_data)
        if array.dtype == object:  # examples of unequal shape, one by one
            return ragged(self.change(numpy.asarray(example)) for example in array)
        return self.change(array)


class ScaleAndShift(_Elementwise):
    """x becomes scale x + shift.

    Parameters
    ----------
    data_stream : AbstractDataStream
    scale, shift : float
        In the dtype that NumPy took for them in Fuel's days: float32 stays float32, uint8 becomes float64.
    **kwargs
        `which_sources`, as `SourcewiseTransformer` takes them.
    """

    def __init__(self, data_stream, scale, shift, **kwargs):
        super().__init__(data_stream, **kwargs)
        self.scale, self.shift = scale, shift

    def change(self, array):
        # What is a copy anyway is worked on in place: large arrays are dear to make.
        scaled, scale = scalar_pair(array, self.scale)
        scaled = numpy.multiply(scaled, scale, out=None if scaled is array else scaled)
        shifted, shift = scalar_pair(numpy.asarray(scaled), self.shift)
        if numpy.ndim(shift):
            return numpy.add(shifted, shift)
        return numpy.add(shifted, shift, out=shifted) if shift else shifted


class Cast(_Elementwise):
    """The same values in another dtype.

    Parameters
    ----------
    data_stream : AbstractDataStream
    dtype : str or dtype
        "floatX" is `config.floatX`.
    **kwargs
        `which_sources`, as `SourcewiseTransformer` takes them.
    """

    def __init__(self, data_stream, dtype, **kwargs):
        super().__init__(data_stream, **kwargs)
        self.dtype = config.floatX if isinstance(dtype, str) and dtype == "floatX" else dtype

    def change(self, array):
        return numpy.asarray(array, dtype=self.dtype)


class ForceFloatX(_Elementwise):
    """What is floating gets the dtype `config.floatX`; the rest stays as it is."""

    def __init__(self, data_stream, **kwargs):
        super().__init__(data_stream, **kwargs)
        self.dtype = config.floatX

    def transform_any_source(self, source_data, source_name):
        floating = isinstance(source_data, numpy.ndarray) and source_data.dtype.kind == "f"
        return source_data.astype(self.dtype, copy=False) if floating else source_data


class OneHotEncoding(SourcewiseTransformer):
    """Each class number becomes a row that is 1 at its place and 0 elsewhere.

    Parameters
    ----------
    data_stream : AbstractDataStream
    num_classes : int
    **kwargs
        `which_sources`, as `SourcewiseTransformer` takes them.

    Notes
    -----
    A batch (n,) or (n, 1) becomes (n, num_classes), an example (1, num_classes); float64.
    """

    def __init__(self, data_stream, num_classes, **kwargs):
        kwargs.setdefault("axis_labels", data_stream.axis_labels)
        super().__init__(data_stream, data_stream.produces_examples, **kwargs)
        self.num_classes = num_classes

    def transform_source_example(self, source_example, source_name):
        return self._encoded(numpy.reshape(source_example, 1), source_name)

    def transform_source_batch(self, source_batch, source_name):
        batch = numpy.asarray(source_batch)
        if batch.shape not in ((len(batch),), (len(batch), 1)):
            raise ValueError(f"OneHotEncoding: {source_name!r} must be one number an example, got shape {batch.shape}")
        return self._encoded(batch.reshape(-1), source_name)

    def _encoded(self, numbers, source_name):
        if numbers.size and not 0 <= numbers.min() <= numbers.max() < self.num_classes:
            wrong = numbers.max() if numbers.min() >= 0 else numbers.min()
            raise ValueError(f"OneHotEncoding: {source_name!r} must be from 0 to {self.num_classes - 1}, got {wrong}")
        return numpy.eye(self.num_classes)[numbers]
