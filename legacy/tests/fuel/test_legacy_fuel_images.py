"""Pictures: decoded, enlarged, cropped, turned."""

import io

import numpy as np
import pytest
from fuel.datasets import IndexableDataset
from fuel.exceptions import AxisLabelsMismatchError
from fuel.schemes import SequentialExampleScheme, SequentialScheme
from fuel.streams import DataStream
from fuel.transformers.defaults import ToBytes, rgb_images_from_encoded_bytes
from fuel.transformers.image import (
    ImagesFromBytes,
    MinimumImageDimensions,
    Random2DRotation,
    RandomFixedSizeCrop,
    SamplewiseCropTransformer,
)
from PIL import Image

PLACES = np.arange(2 * 6 * 8).reshape(1, 2, 6, 8).repeat(4, axis=0).astype("float32")
AXES = {"x": ("batch", "channel", "height", "width")}


def stream(examples=False, axis_labels=None, **sources):
    dataset = IndexableDataset(sources, axis_labels=axis_labels)
    n = dataset.num_examples
    return DataStream(dataset, iteration_scheme=SequentialExampleScheme(n) if examples else SequentialScheme(n, n))


def first(transformer):
    return next(transformer.get_epoch_iterator())


def png(array):
    content = io.BytesIO()
    Image.fromarray(array).save(content, "PNG")
    return content.getvalue()


def test_pictures_from_bytes():
    colour = np.random.RandomState(0).randint(0, 256, size=(4, 5, 3)).astype("uint8")
    grey = colour[:3, :, 0]
    pictures = stream(x=[png(colour), png(grey)], axis_labels={"x": ("batch", "bytes")})
    decoded = ImagesFromBytes(pictures)
    [(one, two)] = first(decoded)
    assert (one == colour.transpose(2, 0, 1)).all() and (two == np.stack([grey] * 3)).all()
    assert decoded.axis_labels["x"] == ("batch", "channel", "height", "width")
    assert first(ImagesFromBytes(pictures, color_mode=None))[0][1].shape == (1, 3, 5)
    assert first(ImagesFromBytes(pictures, color_mode="L"))[0][0].shape == (1, 4, 5)
    encoded = np.empty(1, object)
    encoded[:] = [np.frombuffer(png(colour), "uint8")]
    source = stream(x=encoded)
    for cls, args, kwargs in rgb_images_from_encoded_bytes(("x",)):
        source = cls(source, *args, **kwargs)
    assert (first(source)[0][0] == colour.transpose(2, 0, 1)).all()
    assert first(ToBytes(stream(True, x=encoded)))[0] == png(colour)


def test_pictures_that_are_too_small_are_enlarged():
    x = np.array([[[[1, 2, 3, 4], [5, 6, 7, 8]]]], "uint8")
    [enlarged] = first(MinimumImageDimensions(stream(x=x, axis_labels=AXES), (4, 4)))
    assert (enlarged[0, 0] == x[0, 0].repeat(2, axis=0).repeat(2, axis=1)).all() and enlarged.dtype == np.uint8
    assert first(MinimumImageDimensions(stream(x=x), (2, 3)))[0].shape == x.shape
    uneven = [np.zeros((3, 2, 4), "uint8"), np.zeros((1, 9, 9), "float32")]
    [images] = first(MinimumImageDimensions(stream(x=uneven), (4, 5)))
    assert type(images) is list and [image.shape for image in images] == [(3, 4, 8), (1, 9, 9)]
    smooth = first(MinimumImageDimensions(stream(x=x), (4, 4), resample="bilinear"))[0]
    assert (smooth != enlarged).any()  # the method asked for is the one taken
    with pytest.raises(ValueError, match="resample"):
        MinimumImageDimensions(stream(x=x), (4, 4), resample="best")


@pytest.mark.parametrize("kind", ["array", "list", "objects", "examples"])
def test_crops_are_windows_at_random_places(kind):
    images = PLACES if kind in ("array", "examples") else list(PLACES)
    if kind == "objects":
        images = np.empty(4, object)
        images[:] = [image[:, :, :7] if number else image for number, image in enumerate(PLACES)]
    crops = RandomFixedSizeCrop(stream(kind == "examples", x=images, axis_labels=AXES), (3, 5))
    places = set()
    for _ in range(40):
        for batch in crops.get_epoch_iterator():
            for crop in batch[0] if kind != "examples" else batch:
                top, left = divmod(int(crop[0, 0, 0]), 8)
                assert (crop == PLACES[0][:, top : top + 3, left : left + 5]).all()
                places.add((top, left))
    assert places == {(top, left) for top in range(4) for left in range(4)}
    assert type(batch[0]) is (list if kind == "list" else np.ndarray)
    with pytest.raises(ValueError, match="at least"):
        first(RandomFixedSizeCrop(stream(x=PLACES), (7, 5)))


def test_crops_are_drawn_from_the_generator_given():
    one, two = (RandomFixedSizeCrop(stream(x=PLACES), (3, 5), rng=np.random.RandomState(seed)) for seed in (3, 3))
    assert (first(one)[0] == first(two)[0]).all()


def test_pictures_and_segmentations_are_cropped_alike():
    crops = SamplewiseCropTransformer(
        stream(x=PLACES, y=list(PLACES[:, :1]), n=np.arange(4)), (2, 2), which_sources=("x", "y")
    )
    x, y, n = first(crops)
    assert x.shape == (4, 2, 2, 2) and type(y) is list and n.tolist() == [0, 1, 2, 3]
    assert all((a[:1] == b).all() for a, b in zip(x, y, strict=True)) and len({a[0, 0, 0] for a in x}) > 1
    with pytest.raises(ValueError, match="agree in height and width"):
        first(SamplewiseCropTransformer(stream(x=PLACES, y=PLACES[..., :5]), (2, 2)))


def test_pictures_are_turned():
    x = np.zeros((3, 1, 7, 7), "uint8")
    x[..., 3, 3] = 9  # the middle stays
    x[..., 0, 3] = 5
    [turned] = first(Random2DRotation(stream(x=x, axis_labels=AXES), rng=np.random.RandomState(1)))
    assert turned.shape == x.shape and (turned[..., 3, 3] == 9).all() and (turned != x).any()
    [still] = first(Random2DRotation(stream(x=PLACES), maximum_rotation=0))
    assert (still == PLACES).all() and still.dtype == np.float32
    with pytest.raises(ValueError, match="resample"):
        Random2DRotation(stream(x=x), resample="antialias")


def test_axes_must_be_those_of_pictures():
    wrong = stream(x=PLACES, axis_labels={"x": ("batch", "height", "width", "channel")})
    with pytest.raises(AxisLabelsMismatchError):
        first(RandomFixedSizeCrop(wrong, (2, 2)))
    with pytest.raises(ValueError, match="channel"):
        first(RandomFixedSizeCrop(stream(x=PLACES[:, 0]), (2, 2)))
