"""The seal of a file that we write: a CRC-32 of all that HDF5's library trusts, compared before the library sees it.

A changed address or size in HDF5's own structure can make the library crash, or not come back. So behind the end of the
HDF5 file, where other programs do not look, lies a trailer:

    stretches   packed pairs (offset, length), int64, of what the sum leaves out: chunks that have check sums of their
                own (Fletcher-32), and large sources in one piece (sums.py has theirs)
    the end     48 bytes: length of the HDF5 file, length of `stretches`, CRC-32 of the HDF5 file without those
                stretches, CRC-32 of this trailer up to here (each 8 bytes), and 16 bytes that say what it is

HDF5's library cuts the trailer off when it opens a file for writing; a file that ends where HDF5 does is taken as is,
once its heaps were looked through (heaps.py).
"""

import functools
import os
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

import h5py
import numpy as np

from bricks.data.heaps import broken_heap
from bricks.data.sums import ATTRIBUTE, REMEDY
from bricks.errors import DataError

MAGIC = b"\nbricks: sealed\n"
SUPERBLOCK = b"\x89HDF\r\n\x1a\n\0"  # of version 0, which we write; 8 bytes at 40 are the length of the file
END = struct.Struct("<4Q16s")

LARGE = 1 << 24
"""Bytes of a source in one piece from which on it is left out."""

MOST = 1 << 26
"""Bytes that are compared at each opening; a file with more structure than that is compared by `check_file` alone."""

PIECE = 1 << 20


def write_seal(path: str | os.PathLike, protected: list[str]) -> None:
    """Put the trailer behind a closed file; the chunks of the datasets `protected` have sums of their own."""
    with h5py.File(path, "r") as file:
        stretches = sorted(stretch for name in protected for stretch in _stretches(file[name]))
    packed = zlib.compress(np.array(stretches, "<i8").tobytes(), 1)
    with open(path, "r+b") as file:
        length = file.seek(0, os.SEEK_END)
        crc = _crc(file, length, stretches)
        end = struct.pack("<3Q", length, len(packed), crc)
        file.seek(length)
        file.write(packed + end + struct.pack("<Q16s", zlib.crc32(packed + end), MAGIC))


def compare_seal(path: str | os.PathLike, everything: bool = False) -> None:
    """Raise a DataError where a file has a seal and is not what was sealed; once for each state of the file."""
    state = os.stat(path)
    _compare(os.fspath(path), state.st_mtime_ns, state.st_size, state.st_ino, everything)


@functools.lru_cache(maxsize=64)
def _compare(path: str, modified: int, size: int, inode: int, everything: bool) -> None:
    with open(path, "rb") as file:
        if size < END.size:
            return
        file.seek(size - END.size)
        length, packed_length, crc, own, magic = END.unpack(file.read(END.size))
        if magic != MAGIC:
            if _lost(file, size):
                raise _damaged(path, "its seal has changed")
            if (heap := broken_heap(file, size)) is not None:
                raise DataError(
                    f"{path}: damaged or truncated HDF5 file: the sizes in its heap at {heap} do not add up"
                )
            return
        if length + packed_length + END.size != size:
            raise _damaged(path, f"must have {length + packed_length + END.size} bytes, got {size}")
        file.seek(length)
        trailer = file.read(packed_length + 24)
        if zlib.crc32(trailer) != own:
            raise _damaged(path, "its seal has changed")
        pairs = np.frombuffer(zlib.decompress(trailer[:packed_length]), "<i8").reshape(-1, 2)
        if (everything or length - int(pairs[:, 1].sum()) <= MOST) and _crc(file, length, pairs.tolist()) != crc:
            raise _damaged(path, "it is not what was sealed (CRC-32)")


def _lost(file: BinaryIO, size: int) -> bool:
    """Whether something that is no seal lies behind the end of a file that we wrote, as its superblock has it."""
    file.seek(0)
    head = file.read(PIECE)
    file.seek(max(0, size - PIECE))
    ours = ATTRIBUTE.encode()
    if head[:9] != SUPERBLOCK or not (ours in head or ours in file.read()):
        return False
    return size > int.from_bytes(head[40:48], "little")


def _damaged(path: str, what: str) -> DataError:
    return DataError(f"{path}: damaged or truncated HDF5 file: {what}; {REMEDY}")


def _stretches(dataset: h5py.Dataset) -> list[tuple[int, int]]:
    if dataset.chunks is None:
        offset, size = dataset.id.get_offset(), dataset.id.get_storage_size()
        return [(offset, size)] if offset is not None and size >= LARGE else []
    found: list[tuple[int, int]] = []
    dataset.id.chunk_iter(lambda chunk: found.append((chunk.byte_offset, chunk.size)))
    return found


def _crc(file: BinaryIO, length: int, stretches: list) -> int:
    crc = 0
    for start, stop in _between(length, stretches):
        file.seek(start)
        while start < stop and (content := file.read(min(PIECE, stop - start))):
            crc = zlib.crc32(content, crc)
            start += len(content)
    return crc


def _between(length: int, stretches: list) -> Iterator[tuple[int, int]]:
    """What lies before, between and behind sorted stretches."""
    place = 0
    for offset, size in stretches:
        if offset > place:
            yield place, offset
        place = max(place, offset + size)
    if place < length:
        yield place, length
