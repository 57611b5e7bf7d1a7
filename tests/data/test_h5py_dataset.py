"""H5PYDataset: sets, subsets and sources of a file, from memory and from disk; files that are none."""

import multiprocessing
import pickle

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bricks.data import H5PYDataset, SplitRow, split_table, write_hdf5
from bricks.errors import DataError, UsageError

X = np.random.default_rng(0).integers(0, 256, (40, 3, 2), dtype=np.uint8)
Y = np.arange(40, dtype=np.int32)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("h5py") / "data.hdf5"
    parts = {"train": slice(0, 20), "valid": slice(20, 30), "test": slice(30, 40)}
    write_hdf5(path, {name: {"x": X[part], "y": Y[part]} for name, part in parts.items()})
    return path


@pytest.fixture
def rewrite(path, tmp_path):
    """A copy of the file, with a function done to it."""

    def rewritten(change):
        copy = tmp_path / "changed.hdf5"
        copy.write_bytes(path.read_bytes())
        with h5py.File(copy, "a") as file:
            change(file)
        return copy

    return rewritten


def table(*rows):
    """Sets the split attribute of an open file."""

    def change(file):
        resolved = [row._replace(indices=file[row.indices].ref) if row.indices else row for row in rows]
        file.attrs["split"] = split_table(resolved)
        file.attrs.pop("bricks_crc32", None)  # the sum of the table that was written with the file

    return change


def everything(dataset):
    return dataset.read(np.arange(dataset.num_examples))


@pytest.mark.parametrize("in_memory", [True, False])
def test_a_set_has_its_examples_and_tells_its_sources(path, in_memory):
    dataset = H5PYDataset(path, "valid", load_in_memory=in_memory)
    assert dataset.num_examples == 10
    assert {name: (s.dtype, s.shape, s.axes) for name, s in dataset.sources.items()} == {
        "x": (np.dtype("uint8"), (3, 2), ("batch", "", "")),
        "y": (np.dtype("int32"), (), ("batch",)),
    }
    np.testing.assert_array_equal(everything(dataset)["x"], X[20:30])
    np.testing.assert_array_equal(everything(dataset)["y"], Y[20:30])


@pytest.mark.parametrize("in_memory", [True, False])
def test_several_sets_follow_one_another_in_the_order_given(path, in_memory):
    for sets, expected in [
        (("train", "valid"), range(30)),
        (("test", "train"), [*range(30, 40), *range(20)]),
    ]:
        dataset = H5PYDataset(path, sets, load_in_memory=in_memory)
        assert everything(dataset)["y"].tolist() == list(expected)


def test_an_example_of_two_sets_comes_once(rewrite):
    changed = rewrite(table(SplitRow("a", "y", 0, 6), SplitRow("b", "y", 4, 8), SplitRow("c", "y", 2, 5)))
    assert everything(H5PYDataset(changed, ["a", "b"]))["y"].tolist() == [0, 1, 2, 3, 4, 5, 6, 7]
    assert everything(H5PYDataset(changed, ["b", "c", "a"]))["y"].tolist() == [4, 5, 6, 7, 2, 3, 0, 1]


def test_a_set_of_only_some_sources_gives_what_all_have(rewrite):
    changed = rewrite(
        table(
            SplitRow("a", "x", 0, 6),
            SplitRow("a", "y", 0, 6),
            SplitRow("b", "x", 6, 8),
            SplitRow("b", "y", available=False),
        )
    )
    assert list(H5PYDataset(changed, "a").sources) == ["x", "y"]
    dataset = H5PYDataset(changed, ["a", "b"])
    assert list(dataset.sources) == ["x"]
    np.testing.assert_array_equal(everything(dataset)["x"], X[:8])


@pytest.mark.parametrize("in_memory", [True, False])
def test_indices_win_over_start_and_stop_and_keep_their_order(rewrite, in_memory):
    def change(file):
        file["rows"] = np.array([7, 3, 3, 39])
        table(SplitRow("odd", "y", 0, 40, indices="rows"))(file)

    assert everything(H5PYDataset(rewrite(change), "odd", load_in_memory=in_memory))["y"].tolist() == [
        7,
        3,
        3,
        39,
    ]


@pytest.mark.parametrize("in_memory", [True, False])
@pytest.mark.parametrize(
    "subset", [slice(3, 8), slice(None, None, 3), slice(9, 2, -2), slice(-4, None), [5, 0, 5, 9], [], [-1, 1]]
)
def test_subset_means_what_it_means_for_a_list(path, subset, in_memory):
    dataset = H5PYDataset(path, ["valid"], subset=subset, load_in_memory=in_memory)
    expected = Y[20:30][subset] if subset != [] else Y[:0]
    assert dataset.num_examples == len(expected)
    assert everything(dataset)["y"].tolist() == expected.tolist()
    assert everything(dataset)["x"].shape == (len(expected), 3, 2)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sets=st.permutations(["train", "valid", "test"]).flatmap(lambda names: st.integers(1, 3).map(lambda n: names[:n])),
    data=st.data(),
)
def test_disk_memory_and_numpy_agree_on_any_selection(path, sets, data):
    rows = np.concatenate([{"train": Y[:20], "valid": Y[20:30], "test": Y[30:]}[name] for name in sets])
    subset = data.draw(st.lists(st.integers(0, len(rows) - 1), min_size=1, max_size=30))
    indices = data.draw(st.lists(st.integers(-len(subset), len(subset) - 1), max_size=20))
    expected = rows[subset][np.array(indices, int)]
    for in_memory in (True, False):
        batch = H5PYDataset(path, sets, subset, load_in_memory=in_memory).read(indices)
        np.testing.assert_array_equal(batch["y"], expected)
        np.testing.assert_array_equal(batch["x"], X[expected])


def test_rows_far_apart_and_long_stretches_are_read_right_from_disk(tmp_path):
    # 20,000 rows of 8 KB: gaps beyond and within one read, and stretches longer than one read may be.
    with h5py.File(tmp_path / "big.hdf5", "w") as file:
        dataset = file.create_dataset("x", (20_000, 2048), "float32", chunks=(100, 2048), compression=1)
        dataset[:, 0] = np.arange(20_000)
        table(SplitRow("all", "x", 0, 20_000))(file)
    dataset = H5PYDataset(tmp_path / "big.hdf5", "all", load_in_memory=False)
    for indices in (np.arange(0, 20_000, 4001)[::-1], np.random.default_rng(1).permutation(5000)):
        np.testing.assert_array_equal(dataset.read(indices)["x"][:, 0], indices)


@pytest.mark.parametrize("in_memory", [True, False])
def test_arrays_read_are_nobody_elses(path, in_memory):
    dataset = H5PYDataset(path, "test", load_in_memory=in_memory)
    for indices in (np.arange(10), np.array([2, 1])):
        batch = dataset.read(indices)
        batch["x"][...] = 0
        batch["y"][...] = -1
        np.testing.assert_array_equal(dataset.read(indices)["x"], X[30:][indices])
        np.testing.assert_array_equal(dataset.read(indices)["y"], Y[30:][indices])


def test_numbers_come_in_the_machines_byte_order(tmp_path):
    with h5py.File(tmp_path / "a.hdf5", "w") as file:
        file["y"] = np.array([1, 2, 3], ">i4")
        table(SplitRow("all", "y", 0, 3))(file)
    for in_memory in (True, False):
        dataset = H5PYDataset(tmp_path / "a.hdf5", "all", load_in_memory=in_memory)
        for indices in ([0, 1, 2], [2, 0]):
            assert dataset.sources["y"].dtype.isnative
            assert dataset.read(indices)["y"].dtype == np.dtype("=i4")
            assert dataset.read(indices)["y"].tolist() == [[1, 2, 3][i] for i in indices]


def read_in_another_process(dataset):
    return dataset.read([4, 2])["y"].tolist()


@pytest.mark.parametrize("in_memory", [True, False])
def test_each_process_opens_the_file_itself(path, in_memory):
    dataset = H5PYDataset(path, "train", load_in_memory=in_memory)
    dataset.read([0])
    copy = pickle.loads(pickle.dumps(dataset))
    assert copy.read([4, 2])["y"].tolist() == [4, 2]
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(read_in_another_process, [dataset]) == [4, 2]
    assert dataset.read([1])["y"].tolist() == [1]


def test_a_file_read_from_disk_can_be_closed_and_read_again(path):
    dataset = H5PYDataset(path, "train", load_in_memory=False)
    dataset.close()
    assert dataset.read([3])["y"].tolist() == [3]


def test_the_file_is_open_for_reading_only_and_not_after_loading(path, tmp_path):
    copy = tmp_path / "copy.hdf5"
    copy.write_bytes(path.read_bytes())
    from_disk = H5PYDataset(copy, "train", load_in_memory=False)
    with pytest.raises(OSError, match="lock|open"):
        h5py.File(copy, "a")
    from_disk.close()
    loaded = H5PYDataset(copy, "train")
    with h5py.File(copy, "a") as file:
        file["y"][...] = 0
    assert loaded.read([5])["y"].tolist() == [5]


def test_unknown_sets_and_sources_are_named_with_those_that_exist(path):
    with pytest.raises(DataError, match="data.hdf5: there is no set 'trian'; did you mean 'train'.*test, train, valid"):
        H5PYDataset(path, "trian")
    with pytest.raises(DataError, match="set 'train' has no source 'z'; there are: x, y"):
        H5PYDataset(path, "train", sources=["x", "z"])
    for none in ([], ["train", "train"]):
        with pytest.raises(UsageError, match="which_sets must name sets, each once"):
            H5PYDataset(path, none)


def test_sources_are_chosen_in_the_order_given(path):
    assert list(H5PYDataset(path, "train", sources=["y", "x"]).sources) == ["y", "x"]
    assert list(H5PYDataset(path, "train", sources="y").read([0])) == ["y"]


@pytest.mark.parametrize("subset", [slice(0, 11), slice(-11, None), [10], [-11, 0], [3, 400]])
def test_a_subset_outside_is_refused(path, subset):
    with pytest.raises(DataError, match="10 examples"):
        H5PYDataset(path, "valid", subset)


@pytest.mark.parametrize("subset", [[0.5], [[1, 2]], [True, False], slice(0.0, 3), slice(0, 3, 0), ["a"]])
def test_a_subset_of_the_wrong_type_is_refused(path, subset):
    with pytest.raises(UsageError, match="integers"):
        H5PYDataset(path, "valid", subset)


@pytest.mark.parametrize("in_memory", [True, False])
def test_an_example_out_of_range_is_refused(path, in_memory):
    dataset = H5PYDataset(path, "valid", load_in_memory=in_memory)
    for indices in ([10], [0, -11], np.array([3, 10]), np.array([-11])):
        with pytest.raises(DataError, match="data.hdf5: there are 10 examples, numbered from 0, got -?1[01]"):
            dataset.read(indices)
    with pytest.raises(UsageError, match="list of integers"):
        dataset.read([0.5])


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            [SplitRow("a", "x", 0, 5), SplitRow("a", "y", 0, 4)],
            "set 'a' must be equally long.*'x': 5, 'y': 4",
        ),
        ([SplitRow("a", "y", 0, 41)], "examples 0 to 41 must lie in the dataset, which has 40"),
        ([SplitRow("a", "y", -1, 4)], "examples -1 to 4 must lie"),
        ([SplitRow("a", "y", 4, 3)], "examples 4 to 3 must lie"),
        ([SplitRow("a", "z", 0, 4)], "source 'z' must be a dataset"),
        ([SplitRow("a", "group", 0, 4)], "source 'group' must be a dataset"),
        ([SplitRow("a", "scalar", 0, 4)], "source 'scalar' must be a dataset with the examples"),
        ([SplitRow("a", "words", 0, 2)], "source 'words': must hold numbers or bytes, got dtype object"),
        ([SplitRow("a", "y", available=False)], "must have a source in common, got none"),
        ([SplitRow("a", "y", 0, 1), SplitRow("a", "y", 1, 2)], "set 'a', source 'y' twice"),
        ([SplitRow("a", "y", indices="outside")], "there are 40 examples, numbered from 0, got 40"),
        ([SplitRow("a", "y", indices="below")], "numbers from 0, got -1"),
        ([SplitRow("a", "y", indices="halves")], "list of integers"),
    ],
)
def test_a_table_that_does_not_fit_the_file_is_refused(rewrite, rows, message):
    def change(file):
        file.create_group("group")
        file["scalar"] = 1
        file.create_dataset("words", (2,), h5py.string_dtype())
        file["outside"], file["below"], file["halves"] = [0, 40], [0, -1], [0.5]
        table(*rows)(file)

    with pytest.raises((DataError, UsageError), match=message) as raised:
        H5PYDataset(rewrite(change), "a")
    assert "changed.hdf5" in str(raised.value)


def test_a_foreign_hdf5_file_is_told_from_a_damaged_one(rewrite):
    def forget(file):
        del file.attrs["split"]

    def other_split(file):
        file.attrs["split"] = np.array([1, 2, 3])

    with pytest.raises(DataError, match="changed.hdf5: .*must have the root attribute 'split'.*another kind"):
        H5PYDataset(rewrite(forget), "train")
    with pytest.raises(DataError, match="must be a table with the fields"):
        H5PYDataset(rewrite(other_split), "train")


def test_a_file_cut_anywhere_is_refused(path, tmp_path):
    whole = path.read_bytes()
    length = int.from_bytes(whole[-48:-40], "little")  # of the HDF5 file, as the trailer behind it says (seals.py)
    cut = tmp_path / "cut.hdf5"
    for stop in [*range(0, length, 97), length - 1, *range(length + 1, len(whole))]:
        cut.write_bytes(whole[:stop])
        with pytest.raises(DataError, match="cut.hdf5: (damaged or truncated|no HDF5 file)"):
            H5PYDataset(cut, "train")
    cut.write_bytes(whole[:length])  # only the trailer is lost, as when HDF5 opens a file for writing
    np.testing.assert_array_equal(everything(H5PYDataset(cut, "train"))["x"], X[:20])


def test_what_is_no_hdf5_file_is_refused(tmp_path):
    (tmp_path / "text.hdf5").write_text("features,targets\n" * 1000)
    with pytest.raises(DataError, match="text.hdf5: no HDF5 file"):
        H5PYDataset(tmp_path / "text.hdf5", "train")
    with pytest.raises(DataError, match="missing.hdf5: cannot be read: No such file"):
        H5PYDataset(tmp_path / "missing.hdf5", "train")
    with pytest.raises(DataError, match="cannot be read: Is a directory"):
        H5PYDataset(tmp_path, "train")


def test_a_file_that_claims_more_than_memory_holds_is_refused(tmp_path):
    with h5py.File(tmp_path / "huge.hdf5", "w") as file:
        file.create_dataset("x", (1 << 44, 1 << 10), "float64", chunks=(1, 1 << 10))
        table(SplitRow("all", "x", 0, 1 << 44))(file)
    with pytest.raises(DataError, match="huge.hdf5: does not fit into memory.*load_in_memory=False"):
        H5PYDataset(tmp_path / "huge.hdf5", "all")
    assert H5PYDataset(tmp_path / "huge.hdf5", "all", load_in_memory=False).read([1 << 43])["x"].shape == (
        1,
        1024,
    )


@pytest.mark.parametrize("load_in_memory", [False, True])
def test_values_are_a_source_of_all_examples_without_the_others(tmp_path, load_in_memory):
    arrays = {"x": np.arange(12.0).reshape(6, 2), "y": np.arange(6)}
    write_hdf5(tmp_path / "a.hdf5", {"a": {name: array[:4] for name, array in arrays.items()}, "b": {"y": [7]}})
    dataset = H5PYDataset(tmp_path / "a.hdf5", "a", subset=[3, 1], load_in_memory=load_in_memory)
    assert dataset.values("x").tolist() == [[6, 7], [2, 3]] and dataset.values("y").tolist() == [3, 1]
    with pytest.raises(DataError, match="a.hdf5: there is no source 'z'; there are: x, y"):
        dataset.values("z")
