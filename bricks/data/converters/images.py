"""Folders of pictures, a folder for each class: to HDF5, by Pillow."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bricks.data.ragged import ragged
from bricks.data.writing import HDF5Writer
from bricks.errors import DataError

SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")

AXES = {"features": ("batch", "channel", "height", "width"), "targets": ("batch", "index")}

BATCH_BYTES = 1 << 24  # of pixels read before they are written


def convert_images(
    source: str | os.PathLike,
    output: str | os.PathLike,
    *,
    size: tuple[int, int] | None = None,
    grey: bool = False,
    compression: str | None = None,
) -> None:
    """Convert a folder of pictures to one HDF5 file in Fuel's layout.

    Parameters
    ----------
    source : path
        Of a folder with a folder for each class, whose pictures are the set `all`; or with a folder for each set that
        has one for each class. Files that are no pictures by their suffix are left out.
    output : path
        Of the HDF5 file: `features` uint8 (n, channels, height, width), of varying length if the pictures are not all
        of one size; `targets` int64 (n, 1), the number of the class, with the attribute `classes`. Sets, classes and
        pictures are in the order of their names.
    size : (int, int), optional
        Height and width to which each picture is resized.
    grey : bool
        One channel in place of red, green and blue.
    compression : str, optional
        As `HDF5Writer` takes it; not for pictures of unequal size.

    Raises
    ------
    UsageError, DataError
        There is no picture; one is damaged, or has more than 8 bits a channel; the output cannot be written.
    """
    folder = Path(source)
    sets = _found(folder)
    classes = sorted({name for pictures in sets.values() for name, _ in pictures})
    places = {name: place for place, name in enumerate(classes)}
    sizes = {size} if size else {_size(path) for pictures in sets.values() for _, path in pictures}
    alike, channels = len(sizes) == 1, 1 if grey else 3
    with HDF5Writer(output, axes=AXES, compression=compression, command="bricks.data.convert_images") as writer:
        for name, pictures in sets.items():
            for batch in _batches(pictures, max(height * width for height, width in sizes) * channels):
                arrays = [_pixels(path, size, grey) for _, path in batch]
                targets = np.array([[places[label]] for label, _ in batch], np.int64)
                writer.append(name, {"features": np.stack(arrays) if alike else ragged(arrays), "targets": targets})
        writer.note("targets", classes=classes)


def _found(folder: Path) -> dict[str, list[tuple[str, Path]]]:
    """From each set to its pictures, with the names of their classes."""
    if not folder.is_dir():
        raise DataError(f"{folder}: must be a folder of pictures, a folder for each class; there is none")
    pictures = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )
    depths = {len(path.relative_to(folder).parts) for path in pictures}
    if depths not in ({2}, {3}):
        kind = "none of a known kind" if not depths else "some directly in it or at different depths"
        raise DataError(f"{folder}: pictures must lie in CLASS/... or all in SET/CLASS/..., got {kind}")
    sets: dict[str, list[tuple[str, Path]]] = {}
    for path in pictures:
        *split, name, _ = path.relative_to(folder).parts
        sets.setdefault(split[0] if split else "all", []).append((name, path))
    return sets


def _batches(pictures: list[tuple[str, Path]], most_bytes: int) -> Iterator[list[tuple[str, Path]]]:
    count = max(1, BATCH_BYTES // max(1, most_bytes))
    for start in range(0, len(pictures), count):
        yield pictures[start : start + count]


def _size(path: Path) -> tuple[int, int]:
    """Height and width."""
    from PIL import Image

    with _damage(path), Image.open(path) as picture:
        return picture.height, picture.width


def _pixels(path: Path, size: tuple[int, int] | None, grey: bool) -> np.ndarray:
    """Channel, height, width."""
    from PIL import Image

    with _damage(path), Image.open(path) as picture:
        if picture.mode.startswith(("I", "F")):  # which Pillow would cut off at 255
            raise DataError(f"{path}: must have 8 bits a channel, got Pillow's mode {picture.mode}; convert it first")
        converted = picture.convert("L" if grey else "RGB")
        if size is not None:
            converted = converted.resize((size[1], size[0]), Image.Resampling.BILINEAR)
        pixels = np.asarray(converted, np.uint8)
    return pixels[None] if grey else np.ascontiguousarray(pixels.transpose(2, 0, 1))


class _damage:
    """What Pillow raises on a damaged picture comes out as a DataError that names it."""

    def __init__(self, path: Path):
        self.path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind, error, traceback) -> None:
        if isinstance(error, Exception) and not isinstance(error, DataError):
            raise DataError(f"{self.path}: damaged or no picture ({error})") from error
