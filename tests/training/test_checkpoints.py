"""Checkpoints: what is written reads back equal; what is damaged is refused, never crashed on."""

import math
import random
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bricks.errors import CheckpointError
from bricks.training import checkpoints

DTYPES = st.sampled_from(["?", "u1", "i4", "i8", "u4", "f2", "f4", "f8", "c8", ">f4"])
ARRAYS = DTYPES.flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3))
)
VALUES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=())) | ARRAYS
)
KEYS = st.text(st.characters(exclude_categories=())) | st.sampled_from(
    ["a", "a/b", "mlp/linear_0/W", "", ".", "=", "a/"]
)
STATES = st.recursive(
    st.dictionaries(KEYS, VALUES, max_size=4),
    lambda inner: st.dictionaries(KEYS, VALUES | inner | st.lists(VALUES | inner, max_size=3), max_size=4),
    max_leaves=8,
)


def same(one, other):
    """Equal in value, type, dtype and shape; a NaN equals a NaN."""
    if isinstance(one, dict):
        return type(other) is dict and one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if isinstance(one, list):
        return type(other) is list and len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, np.ndarray):
        equal_nan = one.dtype.kind in "fc"
        return (
            isinstance(other, np.ndarray)
            and one.dtype == other.dtype
            and one.shape == other.shape
            and np.array_equal(one, other, equal_nan=equal_nan)
        )
    if isinstance(one, float) and math.isnan(one):
        return isinstance(other, float) and math.isnan(other)
    return type(one) is type(other) and one == other


@pytest.fixture
def path(tmp_path):
    return tmp_path / "checkpoint.h5"


@pytest.fixture
def state():
    rng = np.random.default_rng(1)
    return {
        "model": {
            "mlp/linear_0/W": rng.normal(size=(20, 30)).astype("f4"),
            "mlp/linear_0/b": np.zeros(30, "f4"),
        },
        "main_loop": {"epoch": 3, "random": {"root": np.array([1, 2], "u4")}, "seen": [0.1, None, "x"]},
    }


@settings(max_examples=80, deadline=None)
@given(state=STATES)
def test_any_nested_state_reads_back_equal(tmp_path_factory, state):
    path = tmp_path_factory.getbasetemp() / "any.h5"
    checkpoints.write(path, state)
    assert same(state, checkpoints.read(path))


def test_equal_states_make_equal_files(path, state):
    checkpoints.write(path, state)
    first = path.read_bytes()
    checkpoints.write(path, checkpoints.read(path))
    assert path.read_bytes() == first


def test_a_person_can_open_it(path, state):
    checkpoints.write(path, state)
    with h5py.File(path) as file:
        assert file.attrs["format"].startswith(b"bricks state, version 2; bytes ")
        assert np.array_equal(file["model/mlp/linear_0/W"], state["model"]["mlp/linear_0/W"])
        assert file["main_loop/epoch"][()] == b"3"
        assert file["main_loop/seen"][()] == b'[0.1, null, "x"]'


def test_numpy_scalars_and_tuples_become_arrays_and_lists(path):
    checkpoints.write(path, {"a": np.float32(2.5), "b": (1, 2)})
    assert same(checkpoints.read(path), {"a": np.array(2.5, "f4"), "b": [1, 2]})


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (object(), "state a/b: can't store a object"),
        (np.array(["x"]), "state a/b: can't store an array of dtype <U1"),
        (np.array([None]), "state a/b: can't store an array of dtype object"),
        ({1: 2}, "state a/b: keys must be strings, got 1"),
        ([{"c": {1}}], "state a/b/0/c: can't store a set"),
    ],
)
def test_what_cannot_be_stored_is_named_and_the_file_left(path, state, value, said):
    checkpoints.write(path, state)
    before = path.read_bytes()
    with pytest.raises(CheckpointError, match=said):
        checkpoints.write(path, {"a": {"b": value}})
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_a_file_cut_short_anywhere_is_refused(path, state):
    checkpoints.write(path, state)
    whole = path.read_bytes()
    lengths = {*range(0, 600, 7), *range(600, len(whole), 211), len(whole) - 1}
    for length in lengths:
        path.write_bytes(whole[:length])
        with pytest.raises(CheckpointError, match=r"checkpoint\.h5: "):
            checkpoints.read(path)


def test_one_changed_byte_anywhere_is_refused(path, state):
    checkpoints.write(path, state)
    whole = path.read_bytes()
    chooser = random.Random(3)
    seal = whole.index(b"bricks state")
    for place in [*range(seal, seal + 64), *(chooser.randrange(len(whole)) for _ in range(200))]:
        damaged = bytearray(whole)
        damaged[place] ^= 1 << chooser.randrange(8)
        path.write_bytes(damaged)
        with pytest.raises(CheckpointError):
            checkpoints.read(path)


def test_a_file_that_is_not_there_or_not_ours_is_refused(path, tmp_path):
    with pytest.raises(CheckpointError, match="No such file"):
        checkpoints.read(path)
    with pytest.raises(CheckpointError, match="can't be read"):
        checkpoints.read(tmp_path)
    with h5py.File(path, "w") as file:
        file["x"] = np.zeros(1000)
    with pytest.raises(CheckpointError, match="not a file of bricks' state"):
        checkpoints.read(path)


def test_a_later_version_is_refused(path, state):
    checkpoints.write(path, state)
    path.write_bytes(path.read_bytes().replace(b"version 2;", b"version 3;", 1))
    with pytest.raises(CheckpointError, match="has version 3, this bricks reads version 2"):
        checkpoints.read(path)


# What the file says of itself, and its versions.

OLD = Path(__file__).parent / "golden" / "state_version_1.h5"
OLD_STATE = {
    "about": {"config": {"seed": 1}, "versions": {"bricks": "0.1.0"}},
    "empty": {},
    "epoch": 3,
    "list": [np.array([1, 2], "u4"), {"x": np.array(0.5)}, None],
    "model": {"mlp/linear_0/W": np.arange(6, dtype="f4").reshape(2, 3), "mlp/linear_0/b": np.zeros(3, ">f8")},
    "quoted": {"a": np.array([True]), "a/b": np.array(1j, "c8"), "": np.zeros(0)},
}


def test_the_first_version_is_read_for_ever_and_its_damage_found(path):
    """The file was written by the first release's writer; it must not be made anew."""
    assert same(checkpoints.read(OLD), OLD_STATE)
    whole = OLD.read_bytes()
    for place in (*range(0, 60, 3), 520, 1000, len(whole) - 1):
        damaged = bytearray(whole)
        damaged[place] ^= 1
        path.write_bytes(damaged)
        with pytest.raises(CheckpointError):
            checkpoints.read(path)


def test_any_hdf5_reader_is_told_what_it_sees(path, state):
    state["main_loop"]["algorithm"] = {"parameters": {"mlp/linear_0/W": np.zeros(3)}}
    checkpoints.write(path, {"about": {"config": {}}, **state})
    with h5py.File(path, "r") as file:
        assert file.attrs["version"] == checkpoints.VERSION
        assert file.userblock_size == 0  # which simple readers, such as browsers', do not look behind
        for place in ("about", "model", "main_loop", "main_loop/algorithm/parameters"):
            assert file[place].attrs["description"]


def test_opened_for_writing_by_another_program_it_stays_whole(path, state):
    checkpoints.write(path, state)
    with h5py.File(path, "r+") as file:
        assert file["main_loop/epoch"][()] == b"3"
    assert same(checkpoints.read(path), state)


def test_what_looks_like_the_mark_in_the_data_does_not_mislead(path):
    mark = b"bricks state, version 2; bytes 000000000000000, crc32 00000000"
    state = {"a": np.frombuffer(mark * 50, "u1"), "b": {"text": mark.decode()}}
    checkpoints.write(path, state)
    assert same(checkpoints.read(path), {"a": state["a"], "b": state["b"]})
