"""Heaps of HDF5 files in which its library would go round for ever are found; whole ones are left alone."""

import io
import struct

import h5py
import numpy as np
import pytest

from bricks.data import H5PYDataset, SplitRow, split_table
from bricks.data.heaps import broken_heap
from bricks.errors import DataError


def heap(*objects, size=4096):
    """(number, length) of each object, and their contents of zeros."""
    parts = [b"GCOL\x01\0\0\0", struct.pack("<Q", size)]
    for number, length in objects:
        parts += [struct.pack("<HHIQ", number, 1, 0, length), bytes((length + 7) // 8 * 8 if number else length - 16)]
    return b"".join(parts)


@pytest.mark.parametrize("before", [0, 40])
def test_heaps_whose_sizes_add_up_are_whole(before):
    whole = bytes(before) + heap((1, 5), (7, 16), (0, 4096 - 16 - 24 - 32))
    assert broken_heap(io.BytesIO(whole), len(whole)) is None
    assert broken_heap(io.BytesIO(whole[:60]), 60) is None  # cut: HDF5 finds that out itself


@pytest.mark.parametrize("damage", [(16, 0), (24, 2**63), (24, 5000), (16, 2**64 - 8)])
def test_heaps_whose_sizes_do_not_are_found(damage):
    place, value = damage
    content = bytearray(bytes(8) + heap((1, 5), (0, 4096 - 16 - 24)))
    if place == 16:  # an object's number
        content[8 + 16 : 8 + 18] = bytes(2)
        value = min(value, 0)
    content[8 + 24 : 8 + 32] = value.to_bytes(8, "little")
    assert broken_heap(io.BytesIO(content), len(content)) == 8


def test_a_number_that_comes_twice_is_found():
    content = heap((1, 5), (1, 8), (0, 4096 - 16 - 24 - 24))
    assert broken_heap(io.BytesIO(content), len(content)) == 0


def test_a_file_with_a_broken_heap_is_refused_before_hdf5_reads_it(tmp_path):
    path = tmp_path / "a.hdf5"
    with h5py.File(path, "w") as file:
        file["x"] = np.zeros((3, 2))
        file["x"].dims[0].label, file["x"].dims[1].label = "batch", "feature"
        file.attrs["split"] = split_table([SplitRow("all", "x", 0, 3)])
    content = bytearray(path.read_bytes())
    place = content.index(b"GCOL") + 16
    assert H5PYDataset(path, "all").sources["x"].axes == ("batch", "feature")
    content[place : place + 16] = bytes(16)
    path.write_bytes(content)
    with pytest.raises(DataError, match=f"a.hdf5: damaged.*its heap at {place - 16} do not add up"):
        H5PYDataset(path, "all")
