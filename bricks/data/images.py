"""Transformers for images, (batch, channel, height, width) or ragged with (channel, height, width) an example.

What is random is a function of (seed, epoch, example), the same for all sources named: a picture and its segmentation
are cropped, flipped and turned alike. Sizes and angles by Pillow.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from bricks.data.contracts import Batch, Source
from bricks.data.draws import Drawing, Place
from bricks.data.names import as_names, chosen
from bricks.data.ragged import ragged
from bricks.data.schemes import whole
from bricks.data.transformers import Names
from bricks.errors import DataError, UsageError, nearest

RESAMPLES = ("nearest", "bilinear", "bicubic", "lanczos")


class Images(Drawing):
    """Does something to each image of the chosen sources: `image` to one, told what was drawn for it.

    `draws` says how many numbers from [0, 1) it wants for each and `use` whose they are, `shape` what comes out of
    (channel, height, width), and `fixes_shape` that this is the same for all.
    """

    draws, fixes_shape = 0, False

    def __init__(self, sources: Names, seed: int | None = None):
        self._names, self.use = as_names(sources), type(self).__name__
        who = self.use
        self.seed = None if seed is None else whole(seed, 0, "seed", who)

    def sources(self, sources: Mapping[str, Source]) -> dict[str, Source]:
        who = type(self).__name__
        described = dict(sources)
        for name in chosen(self._names, sources, who):
            source = sources[name]
            if len(source.shape) != 3 or source.batch_axis != 0 or source.dtype not in (np.uint8, np.float32):
                raise DataError(
                    f"{who}: source {name!r} must be images, uint8 or float32 (batch, channel, height, width), got "
                    f"{source}; name the sources that are"
                )
            shape = self.shape(name, source.shape)
            described[name] = replace(source, shape=shape, ragged=source.ragged and not self.fixes_shape)
        return described

    def apply_at(self, batch: Batch, place: Place) -> Batch:
        changed = dict(batch)
        count = self.draws if self.seed is not None else 0
        drawn = place.uniform(self.seed, count, self.use) if count else np.full((len(place.examples), self.draws), 0.5)
        for name in batch if self._names is None else self._names:
            images = [self.image(image, row) for image, row in zip(batch[name], drawn, strict=True)]
            if batch[name].dtype.hasobject and not self.fixes_shape:
                changed[name] = ragged(images)
                continue
            if len({image.shape for image in images}) > 1:
                found = sorted({len(image) for image in images})
                raise DataError(
                    f"{type(self).__name__}: images of {name!r} must have one number of channels, got {found}"
                )
            changed[name] = np.stack(images)
        return changed

    def shape(self, name: str, shape: tuple) -> tuple:
        return shape


class Resize(Images):
    """Every image in one size; examples of unequal size come out as one array.

    Parameters
    ----------
    shape : (int, int)
        Height and width, in pixels.
    sources : str or list of str, optional
        Names; all by default.
    resample : str
        nearest, bilinear, bicubic or lanczos: Pillow's. A smaller image is averaged over all but by nearest.

    Raises
    ------
    UsageError
        A size is no positive integer, or the method is unknown.
    DataError
        A source does not hold images.

    Examples
    --------
    >>> from bricks.data import Resize
    >>> Resize((2, 1), "x").apply({"x": np.array([[[[0, 2], [4, 6]]]], "float32")})["x"]
    array([[[[1.],
             [5.]]]], dtype=float32)
    """

    fixes_shape = True

    def __init__(self, shape: tuple[int, int], sources: Names = None, resample: str = "bilinear"):
        super().__init__(sources)
        self.size, self.resample = _size(shape, "Resize"), _resample(resample, RESAMPLES, "Resize")

    def shape(self, name: str, shape: tuple) -> tuple:
        return (shape[0], *self.size)

    def image(self, image: np.ndarray, drawn: np.ndarray) -> np.ndarray:
        from PIL import Image

        method, size = Image.Resampling[self.resample.upper()], self.size[::-1]
        return _channels(image, lambda channel: Image.fromarray(channel).resize(size, method))


class Crop(Images):
    """A part of each image of this size: at a random place, or from the middle.

    Parameters
    ----------
    shape : (int, int)
        Height and width, in pixels.
    sources : str or list of str, optional
        Names; all by default.
    seed : int, optional
        With one the place is drawn from (seed, epoch, example), each with equal probability.

    Raises
    ------
    UsageError
        A number is out of range.
    DataError
        A source does not hold images; one is smaller than that.

    Examples
    --------
    >>> from bricks.data import Crop
    >>> Crop((1, 1), "x").apply({"x": np.arange(9, dtype="uint8").reshape(1, 1, 3, 3)})["x"].tolist()
    [[[[4]]]]
    """

    draws, fixes_shape = 2, True

    def __init__(self, shape: tuple[int, int], sources: Names = None, seed: int | None = None):
        super().__init__(sources, seed)
        self.size = _size(shape, "Crop")

    def shape(self, name: str, shape: tuple) -> tuple:
        if any(size is not None and size < wanted for size, wanted in zip(shape[1:], self.size, strict=True)):
            raise DataError(f"Crop: images of {name!r} must be at least {self.size}, got {shape[1:]}")
        return (shape[0], *self.size)

    def image(self, image: np.ndarray, drawn: np.ndarray) -> np.ndarray:
        (height, width), (_, rows, columns) = self.size, image.shape
        if rows < height or columns < width:
            raise DataError(f"Crop: images must be at least {self.size}, got {image.shape[1:]}; do this after Resize")
        top, left = int(drawn[0] * (rows - height + 1)), int(drawn[1] * (columns - width + 1))
        if self.seed is None:
            top, left = (rows - height) // 2, (columns - width) // 2
        return image[:, top : top + height, left : left + width]


class Flip(Images):
    """Each image mirrored, or not.

    Parameters
    ----------
    seed : int
        Whether one is mirrored is drawn from (seed, epoch, example).
    sources : str or list of str, optional
        Names; all by default.
    probability : float
        Of being mirrored.
    vertical : bool
        Whether up and down change places instead of left and right.

    Raises
    ------
    UsageError
        A number is out of range.
    DataError
        A source does not hold images.

    Examples
    --------
    >>> from bricks.data import Flip
    >>> Flip(seed=1, probability=1).apply({"x": np.array([[[[1, 2]]]], "uint8")})["x"].tolist()
    [[[[2, 1]]]]
    """

    draws = 1

    def __init__(self, seed: int, sources: Names = None, probability: float = 0.5, vertical: bool = False):
        super().__init__(sources, whole(seed, 0, "seed", "Flip"))
        if not 0 <= probability <= 1:
            raise UsageError(f"Flip: probability must be from 0 to 1, got {probability!r}")
        self.probability, self.axis = probability, 1 if vertical else 2
        self.use = f"Flip {self.axis}"

    def image(self, image: np.ndarray, drawn: np.ndarray) -> np.ndarray:
        return np.flip(image, self.axis) if drawn[0] < self.probability else image


class Rotate(Images):
    """Each image turned about its middle; what comes in from outside is 0.

    Parameters
    ----------
    seed : int
        The angle is drawn from (seed, epoch, example), evenly from -degrees to degrees, against the clock.
    sources : str or list of str, optional
        Names; all by default.
    degrees : float
        The greatest angle.
    resample : str
        nearest, bilinear or bicubic: Pillow's.

    Raises
    ------
    UsageError
        A number is out of range, or the method is unknown.
    DataError
        A source does not hold images.

    Examples
    --------
    >>> from bricks.data import Rotate
    >>> x = np.ones((2, 1, 5, 5), "uint8")
    >>> Rotate(seed=1, degrees=10).apply({"x": x})["x"].shape
    (2, 1, 5, 5)
    """

    draws = 1

    def __init__(self, seed: int, sources: Names = None, degrees: float = 180.0, resample: str = "bilinear"):
        super().__init__(sources, whole(seed, 0, "seed", "Rotate"))
        if not 0 <= degrees <= 180:
            raise UsageError(f"Rotate: degrees must be from 0 to 180, got {degrees!r}")
        self.degrees, self.resample = degrees, _resample(resample, RESAMPLES[:3], "Rotate")

    def image(self, image: np.ndarray, drawn: np.ndarray) -> np.ndarray:
        from PIL import Image

        angle = (2 * drawn[0] - 1) * self.degrees
        method = Image.Resampling[self.resample.upper()]
        return _channels(image, lambda channel: Image.fromarray(channel).rotate(angle, method))


def _channels(image: np.ndarray, change) -> np.ndarray:
    """Pillow knows one channel of float32; so each goes by itself."""
    return np.stack([np.asarray(change(np.ascontiguousarray(channel)), image.dtype) for channel in image])


def _size(shape: tuple[int, int], who: str) -> tuple[int, int]:
    if len(shape) != 2:
        raise UsageError(f"{who}: shape must be (height, width), got {shape!r}")
    return tuple(whole(size, 1, "a size", who) for size in shape)


def _resample(name: str, known: tuple[str, ...], who: str) -> str:
    if name not in known:
        raise UsageError(f"{who}: there is no method {name!r}; {nearest(name, known)}")
    return name
