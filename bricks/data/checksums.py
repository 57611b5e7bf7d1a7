"""Check sums: a file or an array is what it is known to be, or a DataError says what differs."""

import hashlib
import os
import zlib
from collections.abc import Mapping, Sequence

import numpy as np

from bricks.errors import DataError

RESTORE = "restore it (in a checkout: git checkout -- FILE) or fetch it anew"


def verify_file(path: str | os.PathLike, sha256: str | Sequence[str]) -> None:
    """Raise a DataError unless the file is there and has this SHA-256 sum (hexadecimal), or one of these.

    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "a"
    >>> _ = path.write_bytes(b"")
    >>> verify_file(path, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    """
    try:
        with open(path, "rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}; {RESTORE}") from error
    known = [sha256] if isinstance(sha256, str) else list(sha256)
    if found not in known:
        raise DataError(
            f"{path}: the SHA-256 sum must be {' or '.join(known)}, got {found}: the file is damaged or another one; "
            f"{RESTORE}"
        )


def array_sum(array: np.ndarray, start: int = 0) -> int:
    """CRC-32 of an array's bytes in little-endian order; of a ragged one, of the shapes and bytes of its examples.

    The sum of two arrays one after the other is `array_sum(second, array_sum(first))`.

    >>> f"{array_sum(np.frombuffer(b'123456789', np.uint8)):08x}"  # the check value of CRC-32's definition
    'cbf43926'
    """
    if array.dtype == object:
        for example in array:
            start = array_sum(example, zlib.crc32(np.array(example.shape, "<i8").tobytes(), start))
        return start
    bytes_ = np.ascontiguousarray(array.astype(array.dtype.newbyteorder("<"), copy=False))
    return zlib.crc32(bytes_.view(np.uint8) if bytes_.ndim and bytes_.size else bytes_.tobytes(), start)


def verify_arrays(arrays: Mapping[str, np.ndarray], sums: Mapping[str, int], who: str) -> None:
    """Raise a DataError unless each array's bytes have the CRC-32 given for its name.

    CRC-32 finds what goes wrong by accident and takes a tenth of the time of SHA-256, so it can be
    had at each start.
    """
    for name, expected in sums.items():
        found = array_sum(arrays[name])
        if found != expected:
            raise DataError(f"{who}: the CRC-32 of {name!r} must be {expected:08x}, got {found:08x}")
