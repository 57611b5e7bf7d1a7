"""Examples and filters as images, where they are such; what an example looks like otherwise."""

import math

import numpy as np
from markupsafe import Markup

from bricks.data import Source
from bricks.view import figures

LEAST, LEAST_OF_SEQUENCE = 8, 16
"""Pixels of a side: smaller squares are not taken for pictures; a sequence of single numbers is a series more often."""

GAP = 1

_BLUE, _PAPER, _RED = (np.array(c, "float64") for c in ((47, 111, 208), (247, 247, 247), (201, 60, 75)))


def picture_shape(shape: tuple[int, ...]) -> tuple[int, ...] | None:
    """How an example of this shape is a picture: (height, width) or (channels, height, width); None where it is none.

    >>> picture_shape((784,)), picture_shape((3072,)), picture_shape((3, 32, 32)), picture_shape((784, 1))
    ((28, 28), (3, 32, 32), (3, 32, 32), (28, 28))
    >>> picture_shape((1, 28, 28)), picture_shape((28, 28)), picture_shape((13,)), picture_shape((100, 1))
    ((28, 28), (28, 28), None, None)
    """
    if any(length is None for length in shape):
        return None
    least = LEAST if len(shape) == 1 else LEAST_OF_SEQUENCE
    while len(shape) > 1 and 1 in shape:
        shape = tuple(length for length in shape if length != 1)
    if len(shape) == 1:
        side, third = math.isqrt(shape[0]), math.isqrt(shape[0] // 3)
        if side * side == shape[0] and side >= least:
            return side, side
        return (3, third, third) if 3 * third * third == shape[0] and third >= least else None
    if len(shape) == 3 and shape[0] != 3 or len(shape) > 3 or min(shape[-2:]) < LEAST:
        return None
    return shape


def source_of_pictures(sources: dict[str, Source]) -> str | None:
    """The source whose examples are pictures; of several the largest."""
    found = {name: s for name, s in sources.items() if s.dtype.kind in "fu" and picture_shape(s.shape) is not None}
    return max(found, key=lambda name: math.prod(found[name].shape), default=None)


def grey_or_colour(example: np.ndarray) -> np.ndarray:
    """An example that is a picture as uint8, (height, width) or (height, width, 3), over the range of its values."""
    pixels = example.reshape(picture_shape(example.shape)).astype("float64")
    pixels = np.nan_to_num(pixels, nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(pixels.min()), float(pixels.max())
    if low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    elif low >= 0 and high <= 255:
        low, high = 0.0, 255.0
    scaled = np.round(255 * (pixels - low) / (high - low or 1.0)).astype("uint8")
    return scaled.transpose(1, 2, 0) if scaled.ndim == 3 else scaled


def signed(values: np.ndarray) -> np.ndarray:
    """Weights as pixels: red above 0, blue below, pale at 0, each picture by its own largest; (height, width, 3)."""
    values = np.nan_to_num(values.astype("float64"))
    part = values / (np.abs(values).max() or 1.0)
    strength = np.abs(part)[..., None]
    colour = np.where(part[..., None] > 0, _RED, _BLUE)
    return np.round(_PAPER * (1 - strength) + colour * strength).astype("uint8")


def weights_as_picture(values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """A unit's weights to a picture of this shape; of three channels in colour, grey where they are 0."""
    values = values.reshape(shape)
    if len(shape) == 2:
        return signed(values)
    values = np.nan_to_num(values.astype("float64"))
    return np.round(127.5 + 127.5 * values.transpose(1, 2, 0) / (np.abs(values).max() or 1.0)).astype("uint8")


def tiles(pictures: list[np.ndarray], columns: int) -> np.ndarray:
    """Pictures of one size beside and below each other, (height, width, 4), with transparent gaps.

    >>> tiles([np.zeros((2, 2, 3), "uint8")] * 3, columns=2).shape
    (5, 5, 4)
    """
    height, width = pictures[0].shape[:2]
    rows = math.ceil(len(pictures) / columns)
    whole = np.zeros((rows * (height + GAP) - GAP, columns * (width + GAP) - GAP, 4), "uint8")
    for place, picture in enumerate(pictures):
        top, left = (place // columns) * (height + GAP), (place % columns) * (width + GAP)
        part = whole[top : top + height, left : left + width]
        part[..., :3], part[..., 3] = picture if picture.ndim == 3 else picture[..., None], 255
    return whole


def scale_for(picture: np.ndarray, wanted: int) -> int:
    """By what whole number a picture is enlarged to be about so many pixels wide."""
    return max(1, round(wanted / picture.shape[1]))


def small(picture: np.ndarray, description: str, wanted: int = 96) -> Markup:
    """A picture of about that width on a page."""
    return figures.image(picture, description, scale_for(picture, wanted))
