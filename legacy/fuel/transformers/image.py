"""Pictures, (channel, height, width): decoded, enlarged, cropped, turned. Sizes and angles by Pillow."""

import io
import math

import numpy

from fuel._numpy import stacked
from fuel.config_parser import config
from fuel.transformers.base import ExpectsAxisLabels, SourcewiseTransformer

RESAMPLES = ("nearest", "bilinear", "bicubic", "antialias")


AXES = ("channel", "height", "width")


class _Images(ExpectsAxisLabels, SourcewiseTransformer):
    """Does something to each picture, by `image`; a batch stays what it is, an array or a list."""

    def __init__(self, data_stream, **kwargs):
        kwargs.setdefault("axis_labels", data_stream.axis_labels)
        super().__init__(data_stream, data_stream.produces_examples, **kwargs)

    def transform_source_example(self, source_example, source_name):
        self._verify(AXES, source_name)
        return self._one(source_example, source_name)

    def transform_source_batch(self, source_batch, source_name):
        self._verify(("batch", *AXES), source_name)
        images = [self._one(image, source_name) for image in source_batch]
        return images if isinstance(source_batch, list | tuple) else stacked(images)

    def _verify(self, expected, source_name):
        self.verify_axis_labels(expected, (self.data_stream.axis_labels or {}).get(source_name), source_name)

    def _one(self, image, source_name):
        image = numpy.asarray(image)
        if image.ndim != 3:
            who = type(self).__name__
            raise ValueError(f"{who}: a picture of {source_name!r} must be {AXES}, got shape {image.shape}")
        return self.image(image)


class ImagesFromBytes(SourcewiseTransformer):
    """Bytes of PNG, JPEG or alike become pictures, uint8 (channel, height, width).

    Parameters
    ----------
    data_stream : AbstractDataStream
    color_mode : str or None
        One of Pillow's, as "RGB" or "L"; None leaves each as it is.
    **kwargs
        `which_sources`, as `SourcewiseTransformer` takes them.
    """

    def __init__(self, data_stream, color_mode="RGB", **kwargs):
        super().__init__(data_stream, data_stream.produces_examples, **kwargs)
        if self.axis_labels is None:
            axes = AXES if self.produces_examples else ("batch", *AXES)
            self.axis_labels = {**(data_stream.axis_labels or {}), **dict.fromkeys(self.which_sources, axes)}
        self.color_mode = color_mode

    def transform_source_example(self, source_example, source_name):
        from PIL import Image

        content = source_example if isinstance(source_example, bytes) else numpy.asarray(source_example).tobytes()
        image = Image.open(io.BytesIO(content))
        pixels = numpy.array(image if self.color_mode is None else image.convert(self.color_mode))
        if pixels.ndim == 2:
            return pixels[None]
        return numpy.ascontiguousarray(pixels.transpose(2, 0, 1))

    def transform_source_batch(self, source_batch, source_name):
        return [self.transform_source_example(image, source_name) for image in source_batch]


class MinimumImageDimensions(_Images):
    """Pictures that are too small are enlarged, both sides by one factor; the others stay as they are.

    Parameters
    ----------
    data_stream : AbstractDataStream
    minimum_shape : (int, int)
        Height and width.
    resample : str
        nearest, bilinear, bicubic or antialias.
    **kwargs
        `which_sources`, as `SourcewiseTransformer` takes them.
    """

    def __init__(self, data_stream, minimum_shape, resample="nearest", **kwargs):
        super().__init__(data_stream, **kwargs)
        self.minimum_shape, self.resample = minimum_shape, _resample(resample, "MinimumImageDimensions")

    def image(self, image):
        factor = max(wanted / size for wanted, size in zip(self.minimum_shape, image.shape[1:], strict=True))
        if factor <= 1:
            return image
        size = [
            max(wanted, math.ceil(size * factor))
            for wanted, size in zip(self.minimum_shape, image.shape[1:], strict=True)
        ]
        return _by_channel(image, lambda channel: channel.resize(size[::-1], self.resample))


class RandomFixedSizeCrop(_Images):
    """A part of each picture, at a random place; all places are equally likely.

    Parameters
    ----------
    data_stream : AbstractDataStream
    window_shape : (int, int)
        Height and width.
    rng : RandomState, optional
        By default one of `config.default_seed`.
    **kwargs
        `which_sources`, as `SourcewiseTransformer` takes them.
    """

    def __init__(self, data_stream, window_shape, rng=None, **kwargs):
        super().__init__(data_stream, **kwargs)
        self.window_shape, self.rng = tuple(window_shape), _rng(rng)

    def image(self, image):
        return _cropped(image, self.window_shape, self._place(image))

    def _place(self, image) -> tuple[int, int]:
        """The upper left corner."""
        room = [size - wanted for size, wanted in zip(image.shape[1:], self.window_shape, strict=True)]
        if min(room) < 0:
            raise ValueError(
                f"{type(self).__name__}: pictures must be at least {self.window_shape}, got {image.shape[1:]}; do this "
                "after MinimumImageDimensions"
            )
        return tuple(int(self.rng.randint(0, most + 1)) if most else 0 for most in room)


class SamplewiseCropTransformer(RandomFixedSizeCrop):
    """As `RandomFixedSizeCrop`, the same part of all chosen sources: of a picture and of its segmentation, say.

    They must agree in height and width.
    """

    def transform_example(self, example):
        chosen = [
            numpy.asarray(part)
            for part, source in zip(example, self.data_stream.sources, strict=True)
            if source in self.which_sources
        ]
        sizes = {image.shape[-2:] for image in chosen}
        if len(sizes) != 1:
            raise ValueError(f"SamplewiseCropTransformer: sources must agree in height and width, got {sorted(sizes)}")
        place = self._place(chosen[0])
        return self._each(example, lambda part, source: _cropped(numpy.asarray(part), self.window_shape, place))

    def transform_batch(self, batch):
        examples = [self.transform_example(example) for example in zip(*batch, strict=True)]
        return tuple(
            list(part) if isinstance(before, list | tuple) else stacked(list(part))
            for part, before in zip(zip(*examples, strict=True), batch, strict=True)
        )


class Random2DRotation(_Images):
    """Each picture turned about its middle, by an angle drawn evenly; what comes in from outside is 0.

    Parameters
    ----------
    data_stream : AbstractDataStream
    maximum_rotation : float
        The greatest angle, in radians, either way.
    resample : str
        nearest, bilinear or bicubic.
    rng : RandomState, optional
        By default one of `config.default_seed`.
    **kwargs
        `which_sources`, as `SourcewiseTransformer` takes them.
    """

    def __init__(self, data_stream, maximum_rotation=math.pi, resample="nearest", rng=None, **kwargs):
        super().__init__(data_stream, **kwargs)
        if resample == "antialias":
            raise ValueError("Random2DRotation: resample must be nearest, bilinear or bicubic, got 'antialias'")
        self.maximum_rotation, self.resample = maximum_rotation, _resample(resample, "Random2DRotation")
        self.rng = _rng(rng)

    def image(self, image):
        angle = numpy.rad2deg(self.rng.uniform(-self.maximum_rotation, self.maximum_rotation))
        return _by_channel(image, lambda channel: channel.rotate(angle, self.resample))


def _cropped(image: numpy.ndarray, shape: tuple[int, int], place: tuple[int, int]) -> numpy.ndarray:
    top, left = place
    return image[..., top : top + shape[0], left : left + shape[1]]


def _by_channel(image: numpy.ndarray, change) -> numpy.ndarray:
    """Pillow knows one channel of float32; so each goes by itself."""
    from PIL import Image

    plain = image.astype("float32") if image.dtype.kind == "f" else image
    channels = [change(Image.fromarray(numpy.ascontiguousarray(channel))) for channel in plain]
    return numpy.stack([numpy.asarray(channel) for channel in channels]).astype(image.dtype)


def _resample(name: str, who: str):
    from PIL import Image

    if name not in RESAMPLES:
        raise ValueError(f"{who}: resample must be one of {', '.join(RESAMPLES)}, got {name!r}")
    return Image.Resampling["LANCZOS" if name == "antialias" else name.upper()]


def _rng(rng):
    return numpy.random.RandomState(config.default_seed) if rng is None else rng
