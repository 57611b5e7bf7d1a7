"""The global heaps of an HDF5 file, of texts and values of varying length, looked through before HDF5 reads them.

HDF5's library walks a heap by the sizes that stand in it, and never comes back where a size is 0. A heap is

    "GCOL", version 1, 3 zeros; its size (8 bytes); objects: number (2), references (2), 4 zeros, size (8), content

with contents filled up to 8 bytes. Number 0 is the free rest, whose size counts its header too. All is little-endian.
The HDF5 Group, "HDF5 file format specification version 3.0", 2016, III.E.
"""

import re
import struct
from typing import BinaryIO

HEAP = re.compile(rb"GCOL\x01\0\0\0")
OBJECT = struct.Struct("<HHIQ")

SPAN = 1 << 26
"""Bytes at the beginning and at the end of a file that are looked through; the middle of a larger one is not."""


def broken_heap(file: BinaryIO, size: int) -> int | None:
    """Where a heap lies in a file of `size` bytes that HDF5's library would not come back from; None if nowhere."""
    for start in sorted({0, max(0, size - SPAN)}):
        file.seek(start)
        content = file.read(SPAN)
        for match in HEAP.finditer(content):
            if not _walks(content, match.start()):
                return start + match.start()
    return None


def _walks(content: bytes, place: int) -> bool:
    """Whether a heap's objects, each number once, follow one another to its end; True for one not wholly in view."""
    if place + 16 > len(content):
        return True
    end = place + int.from_bytes(content[place + 8 : place + 16], "little")
    place += 16
    seen: set[int] = set()
    while place + OBJECT.size <= min(end, len(content)):
        number, _, _, length = OBJECT.unpack_from(content, place)
        step = OBJECT.size + (length + 7) // 8 * 8 if number else length
        if step < OBJECT.size or place + step > end or number in seen:
            return False
        seen |= {number} if number else set()
        place += step
    return True
