"""Fuel's HDF5 layout: what is written is the historic one; the historic and the present form are read."""

import resource

import h5py
import numpy as np
import pytest

from bricks.data import H5PYDataset, SplitRow, ragged, read_splits, split_table, write_hdf5
from bricks.errors import DataError, UsageError

SETS = {
    "train": {"features": np.arange(24, dtype=np.uint8).reshape(4, 2, 3), "targets": np.arange(4)[:, None]},
    "unlabeled": {"features": np.arange(100, 112, dtype=np.uint8).reshape(2, 2, 3)},
}
AXES = {"features": ("batch", "height", "width"), "targets": ("batch", "index")}

# The field types of Fuel 0.2, with NumPy's "shape 1" that once meant a scalar.
PRESENT = [
    ("split", "S", 9),
    ("source", "S", 8),
    ("start", np.int64, 1),
    ("stop", np.int64, 1),
    ("indices", h5py.special_dtype(ref=h5py.Reference)),
    ("available", np.bool_, 1),
    ("comment", "S", 1),
]
ROWS = [
    (b"train", b"features", 0, 4, True),
    (b"train", b"targets", 0, 4, True),
    (b"unlabeled", b"features", 4, 6, True),
    (b"unlabeled", b"targets", 0, 0, False),
]


def write_by_hand(path, dtype):
    """The file that Fuel's own code makes of SETS under the NumPy that turns the field types into `dtype`."""
    table = np.empty(len(ROWS), dtype)
    for row, (split, source, start, stop, available) in zip(table, ROWS, strict=True):
        row["split"], row["source"], row["start"], row["stop"] = split, source, start, stop
        row["indices"], row["available"], row["comment"] = h5py.Reference(), available, b"."
    with h5py.File(path, "w") as file:
        for source, labels in AXES.items():
            file[source] = np.concatenate([arrays[source] for arrays in SETS.values() if source in arrays])
            for dimension, label in zip(file[source].dims, labels, strict=True):
                dimension.label = label
        file.attrs["split"] = table


def test_split_attribute_has_the_historic_fields(tmp_path):
    write_hdf5(tmp_path / "a.hdf5", SETS, axes=AXES)
    with h5py.File(tmp_path / "a.hdf5") as file:
        table = file.attrs["split"]
        stored = file.attrs.get_id("split").get_type()
    assert table.shape == (4,)
    assert [(name, table.dtype[name].str, table.dtype[name].shape) for name in table.dtype.names] == [
        ("split", "|S9", ()),
        ("source", "|S8", ()),
        ("start", "<i8", ()),
        ("stop", "<i8", ()),
        ("indices", "|O", ()),
        ("available", "|b1", ()),
        ("comment", "|S1", ()),
    ]
    assert [tuple(row[name] for name in ("split", "source", "start", "stop", "available")) for row in table] == ROWS
    assert not any(table["indices"])
    assert set(table["comment"]) == {b"."}
    members = [stored.get_member_type(number) for number in range(stored.get_nmembers())]
    assert [member.get_class() for member in members] == [
        h5py.h5t.STRING, h5py.h5t.STRING, h5py.h5t.INTEGER, h5py.h5t.INTEGER,
        h5py.h5t.REFERENCE, h5py.h5t.ENUM, h5py.h5t.STRING,
    ]  # fmt: skip


def test_file_holds_sources_labels_and_marks_as_fuel_convert_leaves_them(tmp_path):
    write_hdf5(tmp_path / "a.hdf5", SETS, axes=AXES, command="make it")
    with h5py.File(tmp_path / "a.hdf5") as file:
        assert sorted(file) == ["features", "targets"]
        assert file["features"].dtype == np.uint8
        np.testing.assert_array_equal(file["features"][:4], SETS["train"]["features"])
        np.testing.assert_array_equal(file["features"][4:], SETS["unlabeled"]["features"])
        np.testing.assert_array_equal(file["targets"][...], SETS["train"]["targets"])
        labels = {name: tuple(dimension.label for dimension in file[name].dims) for name in file}
        marks = {name: file.attrs[name] for name in file.attrs if name not in ("split", "bricks_crc32")}
    assert labels == AXES
    assert marks == {
        "h5py_interface_version": "0.3",
        "fuel_convert_version": "0.2",
        "fuel_convert_command": "make it",
    }


def test_historic_and_present_form_read_equal(tmp_path):
    present = np.dtype(PRESENT)
    assert present["start"].shape == present["available"].shape == (1,)
    historic = np.dtype([(name, present[name].base) for name in present.names])
    write_by_hand(tmp_path / "historic.hdf5", historic)
    write_by_hand(tmp_path / "present.hdf5", present)
    write_hdf5(tmp_path / "ours.hdf5", SETS, axes=AXES)
    tables = []
    for name in ("historic", "present", "ours"):
        with h5py.File(tmp_path / f"{name}.hdf5") as file:
            tables.append(read_splits(file, name))
        train = H5PYDataset(tmp_path / f"{name}.hdf5", "train")
        unlabeled = H5PYDataset(tmp_path / f"{name}.hdf5", ["unlabeled"])
        assert {source: train.sources[source].axes for source in train.sources} == AXES
        assert list(unlabeled.sources) == ["features"]
        for source, array in SETS["train"].items():
            np.testing.assert_array_equal(train.read(range(4))[source], array)
        np.testing.assert_array_equal(unlabeled.read([0, 1])["features"], SETS["unlabeled"]["features"])
    assert tables[0] == tables[1] == tables[2]
    assert tables[0][3] == SplitRow("unlabeled", "targets", available=False)


def test_comments_and_names_keep_their_letters(tmp_path):
    rows = [SplitRow("entraîné", "größe", 0, 2, comment="ein Wort …"), SplitRow("test", "größe", 2, 3)]
    with h5py.File(tmp_path / "a.hdf5", "w") as file:
        file.attrs["split"] = split_table(rows)
        assert read_splits(file, "a.hdf5") == rows


def test_two_writes_give_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        write_hdf5(tmp_path / name, SETS, axes=AXES)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_what_does_not_fit_together_is_refused_and_the_old_file_stays(tmp_path):
    path = tmp_path / "a.hdf5"
    write_hdf5(path, SETS)
    before = path.read_bytes()
    for sets, message in [
        ({"train": {"x": np.zeros(3), "y": np.zeros(2)}}, "equally long"),
        ({"train": {"x": np.zeros(3)}, "test": {"x": np.zeros(3, np.int8)}}, "alike in all sets"),
        ({"train": {"x": np.zeros((3, 2))}, "test": {"x": np.zeros((3, 4))}}, "alike in all sets"),
        ({"train": {"x": np.array([{}, {}])}}, "must be an array of numbers"),
    ]:
        with pytest.raises(DataError, match=message):
            write_hdf5(path, sets)
    with pytest.raises(UsageError, match="at least one source"):
        write_hdf5(path, {"train": {}})
    with pytest.raises(UsageError, match="one axis label for each of its 3 axes"):
        write_hdf5(path, SETS, axes={"features": ("batch",)})
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.hdf5"]


@pytest.mark.parametrize("room", [0, 100_000])
def test_a_full_disk_leaves_the_old_file_and_says_so(tmp_path, start_python, room):
    # A limit on the size of files stands for the full disk; it holds for a whole process.
    program = """
import resource, sys, numpy
from bricks.data import write_hdf5
from bricks.errors import DataError
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
try:
    write_hdf5(sys.argv[1], {"train": {"x": numpy.zeros((1000, 100))}})
except DataError as error:
    print(error)
"""
    path = tmp_path / "a.hdf5"
    path.write_text("old")
    out, err = start_python(program, path, room).communicate(timeout=60)
    assert f"{path}: cannot be written: File too large; make room" in out, err
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.hdf5"]
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != room


@pytest.mark.parametrize("form", ["historic", "present"])
@pytest.mark.parametrize("in_memory", [True, False])
def test_sources_of_varying_length_read_equal_in_both_forms(tmp_path, form, in_memory):
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, (3, rng.integers(1, 4), 2), dtype=np.uint8) for _ in range(6)]
    present = np.dtype(PRESENT)
    dtype = present if form == "present" else np.dtype([(name, present[name].base) for name in present.names])
    rows = [(b"train", b"images", 0, 4, True), (b"train", b"names", 0, 4, True)]
    rows += [(b"test", b"images", 4, 6, True), (b"test", b"names", 4, 6, True)]
    table = np.empty(len(rows), dtype)
    for row, (split, source, start, stop, available) in zip(table, rows, strict=True):
        row["split"], row["source"], row["start"], row["stop"] = split, source, start, stop
        row["indices"], row["available"], row["comment"] = h5py.Reference(), available, b"."
    with h5py.File(tmp_path / "fuel.hdf5", "w") as file:
        source = file.create_dataset("images", (6,), h5py.vlen_dtype(np.uint8))
        for number, image in enumerate(images):
            source[number] = image.flatten()
        source.dims[0].label = "batch"
        file["images_shapes"] = np.array([image.shape for image in images], np.int32)
        file["images_shape_labels"] = np.array([b"channel", b"height", b"width"])
        for name in ("shapes", "shape_labels"):
            file[f"images_{name}"].make_scale(name)
            source.dims[0].attach_scale(file[f"images_{name}"])
        file["names"] = np.array([b"a", b"bb", b"c", b"d", b"e", b"f"])
        file.attrs["split"] = table
    write_hdf5(
        tmp_path / "ours.hdf5",
        {
            "train": {"images": ragged(images[:4]), "names": np.array([b"a", b"bb", b"c", b"d"])},
            "test": {"images": ragged(images[4:]), "names": np.array([b"e", b"f"], "S2")},
        },
        axes={"images": ("batch", "channel", "height", "width")},
    )
    for name in ("fuel", "ours"):
        dataset = H5PYDataset(tmp_path / f"{name}.hdf5", ["test", "train"], [5, 0, 2], load_in_memory=in_memory)
        assert dataset.sources["images"].axes == ("batch", "channel", "height", "width")
        assert dataset.sources["images"].shape == (3, None, 2)
        batch = dataset.read([2, 0, 1])
        assert batch["names"].tolist() == [b"a", b"d", b"e"]
        for found, number in zip(batch["images"], (0, 3, 4), strict=True):
            np.testing.assert_array_equal(found, images[number])
            assert found.dtype == np.uint8


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ("size", "an example of shape .* has 4 values; the file is damaged"),
        ("fewer", r"'shapes' must be integers \(2, axes\), got int32 \(1, 2\)"),
        ("negative", "'shapes' must be numbers from 0, got -1"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(tmp_path, damage, message):
    with h5py.File(tmp_path / "a.hdf5", "w") as file:
        source = file.create_dataset("x", (2,), h5py.vlen_dtype(np.float32))
        source[0], source[1] = np.zeros(4), np.zeros(2)
        shapes = {"size": [[1, 3], [1, 2]], "fewer": [[2, 2]], "negative": [[2, 2], [-1, 2]]}[damage]
        file["s"] = np.array(shapes, np.int32)
        file["s"].make_scale("shapes")
        source.dims[0].attach_scale(file["s"])
        file.attrs["split"] = split_table([SplitRow("all", "x", 0, 2)])
    with pytest.raises(DataError, match=f"a.hdf5: source 'x': {message}"):
        H5PYDataset(tmp_path / "a.hdf5", "all")


def test_axis_labels_may_be_given_in_place_of_the_files(tmp_path):
    write_hdf5(tmp_path / "a.hdf5", SETS, axes=AXES)
    dataset = H5PYDataset(tmp_path / "a.hdf5", "train", axes={"features": ("batch", "time", "feature")})
    assert dataset.sources["features"].axes == ("batch", "time", "feature")
    assert dataset.sources["targets"].axes == ("batch", "index")
    with pytest.raises(UsageError, match="one axis label for each of its 3 axes"):
        H5PYDataset(tmp_path / "a.hdf5", "train", axes={"features": ("batch",)})
    with pytest.raises(DataError, match="no source 'featurs'; did you mean 'features'"):
        H5PYDataset(tmp_path / "a.hdf5", "train", axes={"featurs": ("batch",)})
