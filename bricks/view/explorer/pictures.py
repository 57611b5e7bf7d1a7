"""Images as they are shown: (examples, height, width, channels), whatever the order of axes in the file is."""

from collections.abc import Sequence

import numpy as np

VARYING = 32
"""Height and width that images of varying size are brought to."""


def pictures(array: np.ndarray, image: Sequence[int] | None = None, axes: Sequence[str] = ()) -> np.ndarray:
    """A batch of images with the channels, one or three, last.

    Parameters
    ----------
    array : np.ndarray
        (examples, height, width), with channels first or last, or flat; or `ragged`, of any sizes.
    image : tuple of int, optional
        Height, width and channels of flat ones; of three channels they come after another, a pixel at a time.
    axes : sequence of str, optional
        Labels of the axes, "batch" first.

    >>> pictures(np.zeros((5, 3, 8, 9))).shape, pictures(np.zeros((5, 72)), (8, 9)).shape
    ((5, 8, 9, 3), (5, 8, 9, 1))
    """
    if array.dtype == object:
        return np.stack([_resized(pictures(example[None])[0]) for example in array])
    if image is not None:
        height, width, *channels = image
        return array.reshape(len(array), height, width, *(channels or (1,)))
    if array.ndim == 3:
        return array[..., None]
    if "channel" in axes and len(axes) == 4:
        first = axes.index("channel") == 1
    else:
        first = array.shape[1] <= 4 and array.shape[1] <= array.shape[3]
    array = np.moveaxis(array, 1, 3) if first else array
    return array if array.shape[3] in (1, 3) else _few_channels(array)


def shown(images: np.ndarray, low: float | None = None, high: float | None = None) -> np.ndarray:
    """Images as uint8, (examples, height, width, 3): bytes as they are, other numbers from the least to the most.

    >>> shown(np.array([[[[0.0]], [[2.0]]]]))[0, :, 0, 0].tolist()
    [0, 255]
    """
    if images.dtype != np.uint8 or low is not None:
        finite = images[np.isfinite(images)]
        low = float(finite.min(initial=0)) if low is None else low
        high = float(finite.max(initial=low)) if high is None else high
        scaled = (np.nan_to_num(images.astype(np.float32), nan=low) - low) / ((high - low) or 1)
        images = (255 * np.clip(scaled, 0, 1)).round().astype(np.uint8)
    return np.broadcast_to(images, (*images.shape[:3], 3)) if images.shape[3] == 1 else images


def _few_channels(array: np.ndarray) -> np.ndarray:
    """Four channels are red, green, blue and opacity; of any other number the mean is shown."""
    return array[..., :3] if array.shape[3] == 4 else array.mean(axis=3, keepdims=True, dtype=np.float32)


def _resized(image: np.ndarray) -> np.ndarray:
    """By the nearest pixels."""
    rows, columns = (np.arange(VARYING) * length // VARYING for length in image.shape[:2])
    return image[rows][:, columns]
