"""CIFAR-10 and CIFAR-100: from their binary archives to HDF5, as Fuel's converters made it.

In the archives an example is one label (CIFAR-10) or two, coarse and fine (CIFAR-100), a byte each, and then 3072
bytes, the red, green and blue values of 32 x 32 pixels row by row. The archives "python version" are pickles, which
can run any code, and are not read.

Krizhevsky, "Learning multiple layers of features from tiny images", 2009.
"""

import os
from collections.abc import Callable, Mapping
from typing import BinaryIO

import numpy as np

from bricks.data.converters.originals import members
from bricks.data.writing import HDF5Writer
from bricks.errors import DataError

ARCHIVES = {"cifar10": "cifar-10-binary.tar.gz", "cifar100": "cifar-100-binary.tar.gz"}

SHA256 = {
    "cifar-10-binary.tar.gz": "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    "cifar-100-binary.tar.gz": "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
}

IMAGE = (3, 32, 32)
PIXELS = 3 * 32 * 32
BATCH = 5000  # examples read at a time

CIFAR10 = {"train": [f"data_batch_{n}.bin" for n in range(1, 6)], "test": ["test_batch.bin"]}
CIFAR100 = {"train": ["train.bin"], "test": ["test.bin"]}


def convert_cifar10(
    source: str | os.PathLike,
    output: str | os.PathLike,
    *,
    checksums: Mapping[str, str] | None = SHA256,
    compression: str | None = None,
) -> None:
    """Convert CIFAR-10 to one HDF5 file in Fuel's layout.

    Parameters
    ----------
    source : path
        `cifar-10-binary.tar.gz`, or the folder that it is in or was unpacked to.
    output : path
        Of the HDF5 file: `features` uint8 (60000, 3, 32, 32) and `targets` uint8 (60000, 1) from 0 to 9, the 50,000
        examples of set `train` before the 10,000 of `test`. It appears there whole or not at all.
    checksums : dict of str to str, or None
        The SHA-256 sum that the archive must have; None takes any.
    compression : str, optional
        As `HDF5Writer` takes it.

    Raises
    ------
    DataError
        A file is missing, has another sum or is damaged; the output cannot be written.
    """
    _convert(source, output, ARCHIVES["cifar10"], CIFAR10, ("targets",), (9,), checksums, compression)


def convert_cifar100(
    source: str | os.PathLike,
    output: str | os.PathLike,
    *,
    checksums: Mapping[str, str] | None = SHA256,
    compression: str | None = None,
) -> None:
    """Convert CIFAR-100 to one HDF5 file in Fuel's layout.

    As `convert_cifar10`, from `cifar-100-binary.tar.gz`; in place of `targets` there are `coarse_labels`, from 0 to
    19, and `fine_labels`, from 0 to 99, uint8 (60000, 1) both.
    """
    labels = ("coarse_labels", "fine_labels")
    _convert(source, output, ARCHIVES["cifar100"], CIFAR100, labels, (19, 99), checksums, compression)


def _convert(source, output, archive: str, files, labels, largest, checksums, compression) -> None:
    axes = {"features": ("batch", "channel", "height", "width")} | {name: ("batch", "index") for name in labels}
    command = f"bricks.data.convert_{archive.split('-binary')[0].replace('-', '')}"
    with (
        members(source, archive, checksums) as opened,
        HDF5Writer(output, axes=axes, compression=compression, command=command) as writer,
    ):
        for which_set, names in files.items():
            for name in names:
                _append(writer, which_set, opened, name, dict(zip(labels, largest, strict=True)))


def _append(
    writer: HDF5Writer, which_set: str, opened: Callable[[str], BinaryIO], name: str, labels: Mapping[str, int]
) -> None:
    size, count = len(labels) + PIXELS, 0
    with opened(name) as file:
        while content := file.read(BATCH * size):
            if len(content) % size:
                raise DataError(f"{name}: must be examples of {size} bytes each, the last has {len(content) % size}")
            rows = np.frombuffer(content, np.uint8).reshape(-1, size)
            for column, (label, largest) in enumerate(labels.items()):
                if rows[:, column].max() > largest:
                    raise DataError(f"{name}: {label} must be from 0 to {largest}, got {rows[:, column].max()}")
            batch = {label: rows[:, column : column + 1] for column, label in enumerate(labels)}
            writer.append(which_set, {"features": rows[:, len(labels) :].reshape(-1, *IMAGE), **batch})
            count += len(rows)
    if not count:
        raise DataError(f"{name}: must have at least one example, got an empty file")
