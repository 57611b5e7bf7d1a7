"""The IDX format of the original MNIST files: a magic number with dtype and rank, the sizes, the values.

All numbers are big-endian. A file may be packed by gzip. http://yann.lecun.com/exdb/mnist (1998).
"""

import gzip
import math
import os
import struct
import zlib
from typing import BinaryIO

import numpy as np

from bricks.data.checksums import RESTORE
from bricks.errors import DataError

DTYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}

PIECE = 1 << 20  # bytes read at a time: a header that lies about its sizes claims no memory


def read_idx(path: str | os.PathLike) -> np.ndarray:
    """The array in an IDX file, packed by gzip or not.

    Parameters
    ----------
    path : path
        Of the file.

    Returns
    -------
    np.ndarray
        Of the shape and dtype that the header names, in this machine's byte order.

    Raises
    ------
    DataError
        The file is missing, its packing is damaged, or header and length do not agree; the file is named.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "labels-idx1-ubyte"
    >>> _ = path.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 2, 1]))
    >>> read_idx(path)
    array([7, 2, 1], dtype=uint8)
    """
    try:
        with open(path, "rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rb") if packed else open(path, "rb") as file:
            return _read(file, os.fspath(path))
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{path}: damaged or truncated gzip file ({error}); {RESTORE}") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error


def is_idx(path: str | os.PathLike) -> bool:
    """Whether a file, packed or not, begins as an IDX file does; False for one that can't be read."""
    try:
        with open(path, "rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rb") if packed else open(path, "rb") as file:
            magic = file.read(4)
    except (OSError, EOFError, zlib.error):
        return False
    return len(magic) == 4 and magic[:2] == b"\0\0" and magic[2] in DTYPES


def _read(file: BinaryIO, who: str) -> np.ndarray:
    magic = file.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in DTYPES:
        raise DataError(
            f"{who}: an IDX file must begin with two zero bytes, a type of {sorted(DTYPES)} and a number "
            f"of dimensions, got {list(magic)}; is it another kind of file?"
        )
    sizes = file.read(4 * magic[3])
    if len(sizes) < 4 * magic[3]:
        raise DataError(f"{who}: truncated: the header must hold {magic[3]} sizes, the file ends there; {RESTORE}")
    shape = struct.unpack(f">{magic[3]}I", sizes)
    dtype = np.dtype(DTYPES[magic[2]])
    length = math.prod(shape) * dtype.itemsize
    content = bytearray()
    # One byte more than there may be: it shows what is too much, and makes gzip compare its check sum.
    while len(content) <= length and (piece := file.read(min(PIECE, length + 1 - len(content)))):
        content += piece
    if len(content) != length:
        got = "more" if len(content) > length else len(content)
        raise DataError(
            f"{who}: the header says shape {shape} of {dtype}, so {length} bytes must follow, got {got}; "
            f"the file is damaged, {RESTORE}"
        )
    return np.frombuffer(content, dtype).reshape(shape).astype(dtype.newbyteorder("="), copy=False)
