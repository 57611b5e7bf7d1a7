"""What built-in data sets suggest to be done to them, `(class, args, kwargs)` each."""

import numpy

from fuel.transformers import Cast, ScaleAndShift, SourcewiseTransformer
from fuel.transformers.image import ImagesFromBytes


def uint8_pixels_to_floatX(which_sources):  # noqa: N802, the name is Fuel's
    """Pixels from 0 to 255 become `config.floatX` from 0 to 1."""
    return (
        (ScaleAndShift, [1 / 255.0, 0], {"which_sources": which_sources}),
        (Cast, ["floatX"], {"which_sources": which_sources}),
    )


def rgb_images_from_encoded_bytes(which_sources):
    """Bytes of files of pictures become uint8 (3, height, width)."""
    return (
        (ToBytes, [], {"which_sources": which_sources}),
        (ImagesFromBytes, [], {"which_sources": which_sources, "color_mode": "RGB"}),
    )


class ToBytes(SourcewiseTransformer):
    """Arrays of bytes become `bytes`."""

    def __init__(self, data_stream, **kwargs):
        kwargs.setdefault("axis_labels", data_stream.axis_labels)
        super().__init__(data_stream, data_stream.produces_examples, **kwargs)

    def transform_source_example(self, source_example, source_name):
        return numpy.asarray(source_example).tobytes()

    def transform_source_batch(self, source_batch, source_name):
        return [self.transform_source_example(example, source_name) for example in source_batch]
