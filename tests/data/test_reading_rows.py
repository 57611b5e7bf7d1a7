"""Rows of an HDF5 dataset, in any order and any layout: past HDF5 where it is one piece, each chunk once where not."""

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bricks.data.contiguous import read_contiguous, stretches
from bricks.data.selection import read_rows

COUNT = 50
LAYOUTS = {
    "contiguous": {},
    "chunked": {"chunks": (7, 3)},
    "compressed": {"chunks": (7, 3), "compression": "gzip"},
    "growing": {"chunks": (4, 3), "maxshape": (None, 3)},
}
DTYPES = ("uint8", "<i4", ">i4", "<f8", ">f8", "bool", "S3", "<c8")


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("rows") / "a.hdf5"
    values = np.random.default_rng(0).integers(0, 100, (COUNT, 3))
    with h5py.File(path, "w") as file:
        for layout, settings_ in LAYOUTS.items():
            for dtype in DTYPES:
                file.create_dataset(f"{layout} {dtype}", data=values.astype(dtype), **settings_)
        file.create_dataset("scalars", data=values[:, 0])
        file.create_dataset("empty", (COUNT, 0), "uint8")
        file.create_dataset("never written", (COUNT, 3), "int32")
    with h5py.File(path, "r") as file:
        yield file


rows = st.lists(st.integers(0, COUNT - 1), max_size=70).map(lambda rows: np.array(rows, np.int64)) | st.builds(
    lambda a, b: range(min(a, b), max(a, b)), st.integers(0, COUNT), st.integers(0, COUNT)
)


@settings(deadline=None, max_examples=200)
@given(rows=rows, layout=st.sampled_from(list(LAYOUTS)), dtype=st.sampled_from(DTYPES))
def test_rows_are_those_of_the_whole_array(file, rows, layout, dtype):
    dataset = file[f"{layout} {dtype}"]
    found = read_rows(dataset, rows)
    np.testing.assert_array_equal(found, dataset[...][np.asarray(rows, np.int64)])
    assert found.dtype == dataset.dtype.newbyteorder("=") and found.flags.writeable and found.flags.c_contiguous


def test_what_is_one_piece_of_numbers_is_read_past_hdf5_and_all_else_by_it(file):
    two = np.array([3, 1])
    for dtype in DTYPES:
        past = read_contiguous(file[f"contiguous {dtype}"], two)
        assert (past is not None) == (np.dtype(dtype).kind in "iuf")
        assert all(
            read_contiguous(file[f"{layout} {dtype}"], two) is None for layout in LAYOUTS if layout != "contiguous"
        )
    assert read_contiguous(file["never written"], two) is None
    assert read_rows(file["never written"], two).tolist() == [[0, 0, 0]] * 2
    np.testing.assert_array_equal(read_rows(file["scalars"], two), file["scalars"][...][two])
    assert read_rows(file["empty"], two).shape == (2, 0)


def test_long_runs_are_read_in_requests_of_a_size_that_systems_allow(tmp_path):
    values = np.arange(1500 * 200).reshape(1500, 200)
    with h5py.File(tmp_path / "a.hdf5", "w") as file:
        file["wide"], file["narrow"] = values, values[:, 0]
    order = np.random.default_rng(0).permutation(1500)
    with h5py.File(tmp_path / "a.hdf5", "r") as file:
        for asked in (order, order[:40], order[order % 100 < 20], np.sort(order[:1000]), np.repeat(order[:30], 2)):
            np.testing.assert_array_equal(read_contiguous(file["wide"], asked), values[asked])
            np.testing.assert_array_equal(read_contiguous(file["narrow"], asked), values[asked, 0])


def test_a_file_cut_off_is_left_to_hdf5(tmp_path):
    with h5py.File(tmp_path / "a.hdf5", "w") as file:
        file["x"] = np.arange(10000)
    with h5py.File(tmp_path / "a.hdf5", "r") as file:
        with open(tmp_path / "a.hdf5", "r+b") as cut:
            cut.truncate(file["x"].id.get_offset() + 800)
        assert read_contiguous(file["x"], np.array([5, 99])).tolist() == [5, 99]
        assert read_contiguous(file["x"], np.array([5, 100])) is None
        assert read_contiguous(file["x"], range(50, 200)) is None


def test_a_file_with_bytes_of_its_own_before_hdf5s_is_read_right(tmp_path):
    with h5py.File(tmp_path / "a.hdf5", "w", userblock_size=1024) as file:
        file["x"] = np.arange(10)
    with h5py.File(tmp_path / "a.hdf5", "r") as file:
        assert read_rows(file["x"], np.array([7, 2])).tolist() == [7, 2]


@settings(deadline=None)
@given(
    asked=st.lists(st.integers(0, 500), min_size=1, max_size=60).map(sorted),
    row_bytes=st.sampled_from([1, 1 << 12, 1 << 15, 1 << 22, 1 << 25]),
    chunk=st.integers(1, 40),
)
def test_stretches_cover_the_rows_and_no_chunk_is_in_two(asked, row_bytes, chunk):
    ascending = np.array(asked)
    pieces = list(stretches(ascending, row_bytes, chunk))
    assert [k for begin, end in pieces for k in range(begin, end)] == list(range(len(asked)))
    chunks = [{row // chunk for row in asked[begin:end]} for begin, end in pieces]
    if chunk > 1:
        assert sum(map(len, chunks)) == len(set().union(*chunks))
    for begin, end in pieces:
        assert (asked[end - 1] - asked[begin] + 1) * row_bytes <= max(1 << 24, chunk * row_bytes)
