"""Rows of a dataset that lies in its file as one piece, read past HDF5: by few requests, straight to their places.

HDF5 takes much longer for a selection than the system for a request, and lets no other thread of Python run meanwhile.
Memory maps would do as well, but their pages count as this process's.
"""

import bisect
import os
from collections.abc import Iterator

import h5py
import numpy as np

GAP_BYTES = 1 << 16  # rows nearer to each other than this are read in one go: cheaper than a second request
RUN_BYTES = 1 << 24  # but no more than this at a time, so that memory stays bounded
MOST_PIECES = 512  # in one request that scatters rows; systems allow 1024
SMALL = 256  # bytes of a row that is not worth a piece


def read_contiguous(dataset: h5py.Dataset, rows: range | np.ndarray) -> np.ndarray | None:
    """These rows, in this order, as a fresh array; None where HDF5 must be asked.

    That is where the dataset is chunked, compressed, not written yet, kept in other files or cut off.

    Parameters
    ----------
    dataset : h5py.Dataset
    rows : range of step 1, or np.ndarray, int64
        Within the dataset.
    """
    start = _offset(dataset)
    if start is None:
        return None
    out = np.empty((len(rows), *dataset.shape[1:]), dataset.dtype)
    size = out[:1].nbytes
    if size == 0:
        return out
    handle, view = dataset.file.id.get_vfd_handle(), memoryview(out.reshape(-1).view(np.uint8))
    if isinstance(rows, range):
        return out if _filled(handle, [view], start + rows.start * size) else None
    order = np.argsort(rows, kind="stable")
    ascending = rows[order]
    where, numbers = (order * size).tolist(), ascending.tolist()  # Python's integers: there may be many pieces
    for begin, end in stretches(ascending, size, 1):
        low, high = numbers[begin], numbers[end - 1] + 1
        if end - begin == 1:
            if not _filled(handle, [view[where[begin] : where[begin] + size]], start + low * size):
                return None
        elif size > SMALL and high - low == end - begin and _ascend_by_one(ascending[begin:end]):
            if _ascend_by_one(order[begin:end]):
                pieces = [view[where[begin] : where[end - 1] + size]]
            else:
                pieces = [view[place : place + size] for place in where[begin:end]]
            if not _scattered(handle, pieces, start + low * size):
                return None
        else:
            buffer = np.empty((high - low, *out.shape[1:]), out.dtype)
            if not _filled(handle, [memoryview(buffer.reshape(-1).view(np.uint8))], start + low * size):
                return None
            out[order[begin:end]] = buffer[ascending[begin:end] - low]
    return out


def _ascend_by_one(numbers: np.ndarray) -> bool:
    return bool((np.diff(numbers) == 1).all())


def _scattered(handle: int, pieces: list[memoryview], offset: int) -> bool:
    """Neighbours in the file, each to its place."""
    for first in range(0, len(pieces), MOST_PIECES):
        some = pieces[first : first + MOST_PIECES]
        if not _filled(handle, some, offset):
            return False
        offset += sum(map(len, some))
    return True


def _filled(handle: int, pieces: list[memoryview], offset: int) -> bool:
    """Whether the file had as much as was asked for; a system may give a large piece in parts."""
    total = sum(map(len, pieces))
    got = os.preadv(handle, pieces, offset) if total else 0
    while len(pieces) == 1 and 0 < got < total:
        more = os.preadv(handle, [pieces[0][got:]], offset + got)
        if more == 0:
            break
        got += more
    return got == total


def _offset(dataset: h5py.Dataset) -> int | None:
    """Where the dataset begins in its file, which is open by its descriptor."""
    if not hasattr(os, "preadv") or dataset.dtype.kind not in "iuf" or dataset.file.driver != "sec2":
        return None
    layout = dataset.id.get_create_plist()
    if layout.get_layout() != h5py.h5d.CONTIGUOUS or layout.get_external_count():
        return None
    if dataset.id.get_storage_size() != dataset.nbytes:
        return None
    return dataset.id.get_offset()


def stretches(ascending: np.ndarray, row_bytes: int, chunk: int) -> Iterator[tuple[int, int]]:
    """Where to cut sorted row numbers so that each piece is worth one read, and no chunk of rows is in two of them."""
    gap, longest = max(1, GAP_BYTES // row_bytes), max(1, RUN_BYTES // row_bytes // chunk) * chunk
    apart = (np.diff(ascending) > gap) & (np.diff(ascending // chunk) > 0)
    begin, numbers = 0, ascending.tolist()
    for end in (*(np.flatnonzero(apart) + 1).tolist(), len(numbers)):
        while begin < end:
            limit = numbers[begin] // chunk * chunk + longest
            piece = end if numbers[end - 1] < limit else bisect.bisect_left(numbers, limit, begin, end)
            yield begin, piece
            begin = piece
