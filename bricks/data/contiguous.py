"""Rows of a dataset that lies in its file as one piece, read past HDF5: a request a row, straight to its place.

HDF5 takes about fifty microseconds for a selection, and sorts and checks it; the system call takes one, and lets other
threads of Python run. Memory maps would do as well, but their pages count as this process's.
"""

import os

import h5py
import numpy as np

MOST_PIECES = 512
"""In one request; systems allow 1024."""


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
    # Rows that are neighbours in the file are read by one request, which scatters them to where they are wanted.
    ends = np.append(np.flatnonzero(np.diff(ascending) != 1) + 1, len(rows)).tolist()
    places, offsets = (order * size).tolist(), (start + ascending * size).tolist()
    begin = 0
    for end in ends:
        while begin < end:
            stop = min(end, begin + MOST_PIECES)
            pieces = [view[place : place + size] for place in places[begin:stop]]
            if not _filled(handle, pieces, offsets[begin]):
                return None
            begin = stop
    return out


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
