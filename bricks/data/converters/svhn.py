"""SVHN, cropped digits: from MATLAB's files to HDF5, as Fuel's converter (format 2) made it.

Netzer, Wang, Coates, Bissacco, Wu and Ng, "Reading digits in natural images with unsupervised feature learning", 2011.
"""

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from bricks.data.checksums import verify_file
from bricks.data.writing import HDF5Writer
from bricks.errors import DataError

FILES = {"train": "train_32x32.mat", "test": "test_32x32.mat", "extra": "extra_32x32.mat"}

SHA256 = {
    "train_32x32.mat": "435e94d69a87fde4fd4d7f3dd208dfc32cb6ae8af2240d066de1df7508d083b8",
    "test_32x32.mat": "cdce80dfb2a2c4c6160906d0bd7c68ec5a99d7ca4831afa54f09182025b6a75b",
    "extra_32x32.mat": "a133a4beb38a00fcdda90c9489e0c04f900b660ce8a316a5e854838379a71eb3",
}

AXES = {"features": ("batch", "channel", "height", "width"), "targets": ("batch", "index")}

BATCH = 5000  # examples written at a time


def convert_svhn(
    source: str | os.PathLike,
    output: str | os.PathLike,
    *,
    checksums: Mapping[str, str] | None = SHA256,
    compression: str | None = None,
) -> None:
    """Convert SVHN's cropped digits to one HDF5 file in Fuel's layout.

    Parameters
    ----------
    source : path
        Of a folder with `train_32x32.mat` and `test_32x32.mat`; `extra_32x32.mat` is taken too where it is there. SciPy
        reads each of them whole: 0.2 GB of memory, 1.6 GB for the last.
    output : path
        Of the HDF5 file: `features` uint8 (n, 3, 32, 32) and `targets` uint8 (n, 1), the digits from 0 to 9 (the
        originals call 0 "10"). It appears there whole or not at all.
    checksums : dict of str to str, or None
        The SHA-256 sums that the files must have; None takes any.
    compression : str, optional
        As `HDF5Writer` takes it.

    Raises
    ------
    DataError
        A file is missing, has another sum or is damaged; the output cannot be written.
    """
    names = {split: name for split, name in FILES.items() if split != "extra" or Path(source, name).exists()}
    for name in names.values() if checksums is not None else ():
        verify_file(Path(source, name), checksums[name])
    with HDF5Writer(output, axes=AXES, compression=compression, command="bricks.data.convert_svhn") as writer:
        for split, name in names.items():
            pixels, digits = _read(Path(source, name))
            for start in range(0, len(digits), BATCH):
                part = slice(start, start + BATCH)
                images = np.ascontiguousarray(pixels[..., part].transpose(3, 2, 0, 1))
                writer.append(split, {"features": images, "targets": digits[part]})


def _read(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (height, width, channel, n) and digits (n, 1)."""
    from scipy.io import loadmat

    try:
        with open(path, "rb") as file:  # SciPy says of a missing one that it wants another
            found = loadmat(file, variable_names=["X", "y"])
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    except Exception as error:  # SciPy has no base class for what a damaged file makes it raise
        raise DataError(f"{path}: damaged or no file of MATLAB's ({error})") from error
    pixels, digits = found.get("X"), found.get("y")
    if (
        pixels is None
        or digits is None
        or (pixels.dtype, pixels.ndim, digits.ndim) != (np.uint8, 4, 2)
        or digits.shape != (pixels.shape[3], 1)
    ):
        raise DataError(f"{path}: must have X, uint8 (height, width, 3, n), and y (n, 1); is it another file?")
    if not ((1 <= digits) & (digits <= 10)).all():
        raise DataError(f"{path}: y must be from 1 to 10, got {digits.min()} to {digits.max()}")
    return pixels, (digits % 10).astype(np.uint8)
