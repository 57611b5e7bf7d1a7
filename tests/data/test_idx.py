"""The IDX reader: right, or a DataError that names the file."""

import gzip

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bricks.data import read_idx
from bricks.errors import DataError

DTYPES = ["uint8", "int8", "int16", "int32", "float32", "float64"]
on_files = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
arrays = st.sampled_from(DTYPES).flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5))
)


@on_files
@given(array=arrays, packed=st.booleans())
def test_any_array_comes_back(tmp_path, idx_bytes, array, packed):
    content = idx_bytes(array)
    (tmp_path / "a").write_bytes(gzip.compress(content) if packed else content)
    found = read_idx(tmp_path / "a")
    assert found.dtype == array.dtype
    assert found.dtype.isnative
    np.testing.assert_array_equal(found, array)
    assert found.shape == array.shape


def test_files_larger_than_one_piece_come_back(tmp_path, idx_bytes):
    array = np.random.default_rng(0).integers(0, 256, (3, 1000, 1000), dtype=np.uint8)
    (tmp_path / "a.gz").write_bytes(gzip.compress(idx_bytes(array), 1))
    np.testing.assert_array_equal(read_idx(tmp_path / "a.gz"), array)


LABELS = np.array([5, 0, 4, 1, 9, 2], np.uint8)


@on_files
@given(data=st.data(), packed=st.booleans())
def test_a_file_cut_anywhere_is_refused(tmp_path, idx_bytes, data, packed):
    whole = gzip.compress(idx_bytes(LABELS)) if packed else idx_bytes(LABELS)
    (tmp_path / "labels").write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    with pytest.raises(DataError, match="labels: "):
        read_idx(tmp_path / "labels")


@on_files
@given(data=st.data())
def test_a_packed_file_with_a_changed_bit_is_read_right_or_refused(tmp_path, idx_bytes, data):
    damaged = bytearray(gzip.compress(idx_bytes(LABELS)))
    position = data.draw(st.integers(0, len(damaged) - 1))
    damaged[position] ^= 1 << data.draw(st.integers(0, 7))
    (tmp_path / "labels").write_bytes(damaged)
    try:
        found = read_idx(tmp_path / "labels")
    except DataError as error:
        assert "labels" in str(error)
    else:  # a bit of no weight, as one of the time in gzip's header
        np.testing.assert_array_equal(found, LABELS)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "must begin with two zero bytes"),
        (b"PK\x03\x04 a zip file", r"got \[80, 75, 3, 4\]"),
        (bytes([0, 0, 7, 1, 0, 0, 0, 0]), "a type of"),
        (bytes([0, 1, 8, 1, 0, 0, 0, 0]), "must begin with two zero bytes"),
        (bytes([0, 0, 8, 3, 0, 0, 0, 1]), "truncated: the header must hold 3 sizes"),
        (bytes([0, 0, 8, 1, 0, 0, 0, 3, 1, 2]), "3 bytes must follow, got 2"),
        (bytes([0, 0, 8, 1, 0, 0, 0, 3, 1, 2, 3, 4]), "3 bytes must follow, got more"),
        (bytes([0, 0, 8, 4]) + b"\xff" * 16 + b"few", "bytes must follow, got 3"),
        (bytes([0, 0, 12, 1, 0, 0, 0, 1, 0, 0]), "4 bytes must follow, got 2"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_a_header_that_does_not_fit_is_refused(tmp_path, content, message, packed):
    (tmp_path / "digits").write_bytes(gzip.compress(content) if packed else content)
    with pytest.raises(DataError, match=f"digits: .*{message}"):
        read_idx(tmp_path / "digits")


def test_a_truncated_gzip_file_is_called_so(tmp_path, idx_bytes):
    whole = gzip.compress(idx_bytes(np.random.default_rng(0).integers(0, 256, 5000, dtype=np.uint8)))
    (tmp_path / "cut.gz").write_bytes(whole[:-1000])
    with pytest.raises(DataError, match="cut.gz: damaged or truncated gzip file"):
        read_idx(tmp_path / "cut.gz")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match="nothing.gz: cannot be read: No such file"):
        read_idx(tmp_path / "nothing.gz")
