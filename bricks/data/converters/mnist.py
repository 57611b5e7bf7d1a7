"""MNIST: from the four original IDX files to `mnist.hdf5`, as Fuel's converter made it.

LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition", 1998.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from bricks.data.arrays import ArrayDataset
from bricks.data.checksums import verify_arrays, verify_file
from bricks.data.ensure import unusable
from bricks.data.hdf5 import H5PYDataset
from bricks.data.idx import read_idx
from bricks.data.writing import write_hdf5
from bricks.errors import DataError

FILES = {
    "train": ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"),
    "test": ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"),
}

SHA256 = {
    "train-images-idx3-ubyte.gz": "0b367032e93c5d0cea0925647cfdb18614af8ee15f83e6f2fc2ad904a6835971",
    "train-labels-idx1-ubyte.gz": "1787548bbe0bff1ec2ecdc0ef292b02df999e2d1a6002d27500982c652b17203",
    "t10k-images-idx3-ubyte.gz": "1a1a05eab793c14bb050b398624a11b0ffd1a2953baed553b1b9bd079e2a20be",
    "t10k-labels-idx1-ubyte.gz": "b91679a0acfe4ba0e50a2437a903084cba1f5f92592b016a25a7dfd00455798b",
}

# As LeCun distributed them; the same content, packed otherwise.
ORIGINAL_SHA256 = {
    "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}

KNOWN = {name: (SHA256[name], ORIGINAL_SHA256[name]) for name in SHA256}

# Of the converted arrays, the same in Fuel's own files.
CRC32 = {
    "train": {"features": 0xF3639B56, "targets": 0xBA07E8EF},
    "test": {"features": 0xE4CA5F57, "targets": 0xEE8604D9},
}

AXES = {"features": ("batch", "channel", "height", "width"), "targets": ("batch", "index")}


def convert_mnist(
    folder: str | os.PathLike,
    output: str | os.PathLike,
    *,
    checksums: Mapping[str, str | Sequence[str]] | None = KNOWN,
    compression: str | None = None,
) -> None:
    """Convert the four files in `folder` to one HDF5 file in Fuel's layout.

    Parameters
    ----------
    folder : path
        Has the files as they are distributed, packed by gzip.
    output : path
        Of the HDF5 file: `features` uint8 (70000, 1, 28, 28) and `targets` uint8 (70000, 1), the 60,000
        examples of set `train` before the 10,000 of `test`. It appears there whole or not at all.
    checksums : dict of str to str or list of str, or None
        The SHA-256 sums that the four files must have, or one of them; by default those of the copy that comes with
        bricks, and of the files as LeCun distributed them. None takes any.
    compression : str, optional
        As `write_hdf5` takes it.

    Raises
    ------
    DataError
        A file is missing, has another sum or is damaged; the output cannot be written.
    """
    for name in (name for pair in FILES.values() for name in pair if checksums is not None):
        verify_file(Path(folder, name), checksums[name])
    sets = {}
    for split, (images, labels) in FILES.items():
        pixels, digits = read_idx(Path(folder, images)), read_idx(Path(folder, labels))
        if pixels.ndim != 3 or digits.ndim != 1 or len(pixels) != len(digits):
            raise DataError(
                f"{Path(folder, images)}: must hold images (n, height, width) and {labels} as many labels "
                f"(n,), got {pixels.shape} and {digits.shape}"
            )
        sets[split] = {"features": pixels[:, None], "targets": digits[:, None]}
    write_hdf5(output, sets, axes=AXES, compression=compression, command="bricks.data.convert_mnist")


def read_mnist(path: str | os.PathLike) -> dict[str, ArrayDataset]:
    """The sets `train` and `test` of a converted file, ours or Fuel's, in memory and known to be MNIST.

    Parameters
    ----------
    path : path
        Of the HDF5 file.

    Raises
    ------
    DataError
        The file is damaged, or holds something else; the error says to delete it.
    """
    try:
        sets = {name: H5PYDataset(path, name, sources=CRC32[name]).to_memory() for name in CRC32}
        for name, dataset in sets.items():
            verify_arrays(dataset.arrays, CRC32[name], f"set {name!r}")
    except DataError as error:
        raise unusable(path, error) from error
    return sets
