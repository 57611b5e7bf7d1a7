"""HDF5Writer: batch by batch, as all at once; chunks, compression, examples of unequal shape; whole or not at all."""

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bricks.data import H5PYDataset, HDF5Writer, SplitRow, checking, ragged, seals, split_table, write_hdf5
from bricks.errors import DataError, UsageError

on_files = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
X = np.random.default_rng(0).integers(0, 256, (50, 3, 2), dtype=np.uint8)
Y = np.arange(50)


def sequences(random, count, dtype="float32"):
    return [random.normal(size=(random.integers(0, 6), 2)).astype(dtype) for _ in range(count)]


def same(found, expected):
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("compression", [None, "gzip", "lzf"])
def test_batches_of_any_size_make_the_sets(tmp_path, compression):
    with HDF5Writer(tmp_path / "a.hdf5", compression=compression, chunk_bytes=40) as writer:
        for start, stop in ((0, 1), (1, 14), (14, 14), (14, 30)):
            writer.append("train", {"x": X[start:stop], "y": Y[start:stop]})
        writer.append("test", {"x": X[30:], "y": Y[30:]})
    for name, part in (("train", slice(0, 30)), ("test", slice(30, None))):
        for in_memory in (True, False):
            dataset = H5PYDataset(tmp_path / "a.hdf5", name, load_in_memory=in_memory)
            batch = dataset.read(np.arange(dataset.num_examples)[::-1])
            np.testing.assert_array_equal(batch["x"], X[part][::-1])
            np.testing.assert_array_equal(batch["y"], Y[part][::-1])
    with h5py.File(tmp_path / "a.hdf5") as file:
        assert file["x"].chunks == (6, 3, 2)  # whole examples of 6 bytes, 40 at most
        assert file["x"].compression == compression
        assert file["x"].fletcher32


def test_an_example_larger_than_a_chunk_has_one_to_itself(tmp_path):
    with HDF5Writer(tmp_path / "a.hdf5", chunk_bytes=5) as writer:
        writer.append("all", {"x": X})
    with h5py.File(tmp_path / "a.hdf5") as file:
        assert file["x"].chunks == (1, 3, 2)


def test_what_is_written_at_once_lies_in_one_piece_unless_it_is_packed(tmp_path):
    write_hdf5(tmp_path / "a.hdf5", {"all": {"x": X}})
    write_hdf5(tmp_path / "b.hdf5", {"all": {"x": X}}, compression="gzip")
    with h5py.File(tmp_path / "a.hdf5") as one, h5py.File(tmp_path / "b.hdf5") as packed:
        assert (one["x"].chunks, packed["x"].compression) == (None, "gzip")
    np.testing.assert_array_equal(H5PYDataset(tmp_path / "b.hdf5", "all").to_memory().arrays["x"], X)


@on_files
@given(data=st.data(), dtype=st.sampled_from(["uint8", "int64", "float32", ">i2"]), ndim=st.integers(1, 3))
def test_examples_of_any_shapes_come_back(tmp_path, data, dtype, ndim):
    shapes = st.tuples(*[st.integers(0, 4)] * ndim)
    arrays = shapes.flatmap(lambda shape: hnp.arrays(dtype, shape))
    train, test = (data.draw(st.lists(arrays, min_size=1, max_size=6)) for _ in range(2))
    axes = {"x": ("batch", "time", "row", "column")[: ndim + 1]}
    with HDF5Writer(tmp_path / "a.hdf5", axes=axes) as writer:
        for example in train:
            writer.append("train", {"x": ragged([example])})
        writer.append("test", {"x": ragged(test)})
    everything = [example.astype(example.dtype.newbyteorder("=")) for example in train + test]
    order = data.draw(st.permutations(range(len(everything))))
    for in_memory in (True, False):
        dataset = H5PYDataset(tmp_path / "a.hdf5", ["train", "test"], load_in_memory=in_memory)
        source = dataset.sources["x"]
        assert (source.axes, source.ragged, source.dtype) == (axes["x"], True, everything[0].dtype)
        for size, *found in zip(source.shape, *(example.shape for example in everything), strict=True):
            assert size == (found[0] if len(set(found)) == 1 else None)
        same(dataset.read(order)["x"], [everything[number] for number in order])


def test_ragged_sources_lie_as_fuel_had_them(tmp_path):
    examples = [np.arange(6.0).reshape(3, 2), np.arange(2.0).reshape(1, 2)]
    write_hdf5(tmp_path / "a.hdf5", {"all": {"x": ragged(examples)}}, axes={"x": ("batch", "time", "feature")})
    with h5py.File(tmp_path / "a.hdf5") as file:
        assert h5py.check_vlen_dtype(file["x"].dtype) == np.float64
        assert file["x"].shape == (2,)
        assert file["x"][0].tolist() == [0, 1, 2, 3, 4, 5]
        assert file["x"].dims[0]["shapes"][...].tolist() == [[3, 2], [1, 2]]
        assert file["x"].dims[0]["shape_labels"][...].tolist() == [b"time", b"feature"]
        assert file["x"].dims[0].label == "batch"


def test_varying_length_in_the_other_byte_order_and_without_shapes_is_read_right(tmp_path):
    with h5py.File(tmp_path / "a.hdf5", "w") as file:
        dataset = file.create_dataset("x", (3,), h5py.vlen_dtype(np.dtype(">i2")))
        for number in range(3):
            dataset[number] = np.arange(number, dtype=">i2")
        file.attrs["split"] = split_table([SplitRow("all", "x", 0, 3)])
    for in_memory in (True, False):
        dataset = H5PYDataset(tmp_path / "a.hdf5", "all", load_in_memory=in_memory)
        assert repr(dataset.sources["x"]) == "Source(int16, (None,), batch -, ragged)"
        same(dataset.read([2, 0, 1])["x"], [np.arange(number, dtype="int16") for number in (2, 0, 1)])


def test_in_memory_examples_of_unequal_shape_are_nobody_elses(tmp_path):
    write_hdf5(tmp_path / "a.hdf5", {"all": {"x": ragged([np.arange(3), np.arange(2)])}})
    dataset = H5PYDataset(tmp_path / "a.hdf5", "all")
    dataset.read([0])["x"][0][:] = 7
    same(dataset.read([1, 0])["x"], [np.arange(2), np.arange(3)])
    same(dataset.to_memory()[1:].read([0])["x"], [np.arange(2)])


@pytest.mark.parametrize(
    ("batches", "error", "message"),
    [
        ([("a", {"x": X, "y": Y[:3]})], DataError, "equally long, got {'x': 50, 'y': 3}"),
        ([("a", {})], UsageError, "set 'a': needs at least one source"),
        ([], UsageError, "at least one set"),
        ([("a", {"x": X}), ("a", {"x": X, "y": Y})], DataError, r"must have the sources \['x'\]"),
        ([("a", {"x": X}), ("b", {"x": X}), ("a", {"x": X})], UsageError, "followed by another set already"),
        ([("a", {"x": X}), ("a", {"x": X.astype("int8")})], DataError, "alike.*uint8.*got int8"),
        ([("a", {"x": X}), ("a", {"x": X[:, :1]})], DataError, r"alike.*\(3, 2\), got uint8 \(1, 2\)"),
        ([("a", {"x": ragged(X)}), ("b", {"x": X})], DataError, "alike"),
        ([("a", {"x": ragged([X[0], Y])})], DataError, "one dtype and number of axes.*example 1"),
        ([("a", {"x": ragged([])})], DataError, "at least one example"),
        ([("a", {"x": np.float32(1)})], DataError, "along an axis, got a scalar"),
        ([("a", {"x": np.array(["u"])})], DataError, "numbers or bytes, got dtype <U1"),
        ([("a", {"x/y": X})], UsageError, "without slashes"),
    ],
)
def test_what_does_not_fit_is_refused_and_the_old_file_stays(tmp_path, batches, error, message):
    (tmp_path / "a.hdf5").write_text("old")
    with pytest.raises(error, match=message), HDF5Writer(tmp_path / "a.hdf5") as writer:
        for which_set, batch in batches:
            writer.append(which_set, batch)
    assert (tmp_path / "a.hdf5").read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


def test_an_error_of_the_caller_goes_through_and_leaves_the_old_file(tmp_path):
    (tmp_path / "a.hdf5").write_text("old")
    with pytest.raises(FileNotFoundError), HDF5Writer(tmp_path / "a.hdf5") as writer:
        writer.append("all", {"x": X})
        open(tmp_path / "missing")
    assert [(entry.name, entry.read_text()) for entry in tmp_path.iterdir()] == [("a.hdf5", "old")]


def test_fewer_examples_than_announced_are_an_error(tmp_path):
    for count in (49, 51):
        with pytest.raises(DataError, match=f"{count} examples announced"):
            with HDF5Writer(tmp_path / "a.hdf5", examples={"x": count}) as writer:
                writer.append("all", {"x": X})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("options", [{"compression": "zip"}, {"chunk_bytes": 0}])
def test_unknown_options_are_refused(tmp_path, options):
    with pytest.raises(UsageError, match="compression|chunk_bytes"):
        HDF5Writer(tmp_path / "a.hdf5", **options)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DataError, match="none/a.hdf5: cannot be written: No such file"):
        with HDF5Writer(tmp_path / "none" / "a.hdf5") as writer:
            writer.append("all", {"x": X})


def test_a_small_disk_while_streaming_leaves_the_old_file(tmp_path, start_python):
    program = """
import resource, signal, sys
import numpy as np
from bricks.data import HDF5Writer
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, 3_000_000))
try:
    with HDF5Writer(sys.argv[1]) as writer:
        for _ in range(100):
            writer.append("all", {"x": np.zeros((100, 1000), "uint8")})
except Exception as error:
    print(type(error).__name__, error)
"""
    path = tmp_path / "a.hdf5"
    path.write_text("old")
    out, err = start_python(program, path).communicate(timeout=60)
    assert out.startswith(f"DataError {path}: cannot be written: File too large"), out + err
    assert [(entry.name, entry.read_text()) for entry in tmp_path.iterdir()] == [("a.hdf5", "old")]


@pytest.mark.parametrize("kind", ["in one piece", "chunks", "gzip", "ragged"])
def test_a_process_outlives_a_disk_that_is_really_full(small_disk, start_python, kind):
    program = """
import gc, os, pathlib, sys
import numpy as np
from bricks.data import H5PYDataset, HDF5Writer, ragged
from bricks.errors import DataError
folder, kind = pathlib.Path(sys.argv[1]), sys.argv[2]
batch = {"x": np.random.default_rng(0).integers(0, 256, (100, 100), dtype=np.uint8)}
if kind == "ragged":
    batch["r"] = ragged([np.arange(n) for n in range(100)])
options = {"in one piece": {"examples": {"x": 2000}}, "gzip": {"compression": "gzip"}}.get(kind, {})
def write():
    with HDF5Writer(folder / "a.hdf5", chunk_bytes=5000, **options) as writer:
        for _ in range(20):
            writer.append("all", batch)
for room in (20_000, 60_000, 100_000, 200_000):
    with open(folder / "filler", "wb") as filler:
        filler.write(bytes(2**21 - 4096 - room))
    try:
        write()
    except DataError as error:
        print(str(error).rpartition("/")[2])
    gc.collect()
    assert os.listdir(folder) == ["filler"]
os.unlink(folder / "filler")
write()
print(H5PYDataset(folder / "a.hdf5", "all").num_examples)
"""
    process = start_python(program, small_disk, kind)
    out, err = process.communicate(timeout=60)
    full = "a.hdf5: cannot be written: No space left on device; make room or take another folder"
    assert [line.partition(" (")[0] for line in out.splitlines()] == [full] * 4 + ["2000"], out + err
    assert process.returncode == 0, err


def test_memory_stays_that_of_a_batch(tmp_path, start_python):
    program = """
import resource, sys
import numpy as np
from bricks.data import HDF5Writer
batch = np.random.default_rng(0).integers(0, 256, (1000, 1000), dtype=np.uint8)
with HDF5Writer(sys.argv[1]) as writer:
    writer.append("all", {"x": batch})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(150):
        writer.append("all", {"x": batch})
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    out, err = start_python(program, tmp_path / "a.hdf5").communicate(timeout=60)
    assert (tmp_path / "a.hdf5").stat().st_size > 150e6, err
    assert int(out) < 15_000  # kB, of 150 MB written


@pytest.mark.parametrize("write", ["streamed", "at once"])
def test_a_value_that_changed_on_disk_is_not_read_as_it_stands(tmp_path, write):
    path = tmp_path / "a.hdf5"
    if write == "streamed":
        with HDF5Writer(path) as writer:
            writer.append("all", {"x": X, "z": ragged(X[:, 0])})
    else:
        write_hdf5(path, {"all": {"x": X, "z": ragged(X[:, 0])}})
    content = path.read_bytes()
    for pattern in (X.tobytes(), X[7, 0].tobytes() + b"\0" * 6):
        place = content.rindex(pattern)
        path.write_bytes(content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :])
        with pytest.raises(DataError, match="a.hdf5: .*(CRC-32|checksum|damaged)"):
            H5PYDataset(path, "all")
    path.write_bytes(content)
    np.testing.assert_array_equal(H5PYDataset(path, "all").read(range(50))["x"], X)


def test_a_value_that_changed_in_a_large_set_is_found_when_it_is_loaded_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(seals, "LARGE", 1)  # as for sets that are not read at each opening
    path = tmp_path / "a.hdf5"
    write_hdf5(path, {"a": {"x": X}, "b": {"x": X[:5], "y": Y[:5]}})
    content = path.read_bytes()
    place = content.rindex(X[:5].tobytes())  # of set b
    path.write_bytes(content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :])
    np.testing.assert_array_equal(H5PYDataset(path, "a").read(range(50))["x"], X)
    assert H5PYDataset(path, "b", sources=["y"]).num_examples == 5
    assert H5PYDataset(path, "b", load_in_memory=False).num_examples == 5
    for sets in ("b", ["a", "b"], ["b", "a"]):
        with pytest.raises(DataError, match=r"a.hdf5: set 'b', source 'x': the values are not those .* \(CRC-32\)"):
            H5PYDataset(path, sets, sources=["x"])


def test_a_set_that_is_read_through_in_many_steps_has_its_sum(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(checking, "STEP_BYTES", 64)
    monkeypatch.setattr(seals, "LARGE", 1)
    path = tmp_path / "a.hdf5"
    write_hdf5(path, {"a": {"x": X, "r": ragged(X[:, 0])}, "b": {"x": X[:5]}})
    checking.read_through(str(path))
    assert len(capsys.readouterr().out) > 5  # that it goes on, at each step
    content = path.read_bytes()
    place = content.index(X.tobytes())
    path.write_bytes(content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :])
    with pytest.raises(DataError, match="a.hdf5: set 'a', source 'x': the values are not those that were written"):
        checking.read_through(str(path))


def test_a_table_that_changed_on_disk_is_not_read_as_it_stands(tmp_path):
    path = tmp_path / "a.hdf5"
    write_hdf5(path, {"all": {"x": X}}, axes={"x": ("batch", "row", "column")})
    content = path.read_bytes()
    for place in (content.index((50).to_bytes(8, "little"), content.index(b"allx")), content.rindex(b"row")):
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        with pytest.raises(DataError, match="a.hdf5: damaged.*not what was sealed"):
            H5PYDataset(path, "all")


def test_a_table_that_another_program_changed_is_told(tmp_path):
    path = tmp_path / "a.hdf5"
    write_hdf5(path, {"all": {"x": X}})
    with h5py.File(path, "a") as file:
        file.attrs["split"] = split_table([SplitRow("all", "x", 0, 49)])
    with pytest.raises(DataError, match="a.hdf5: the sets and sources.*changed on purpose.*'bricks_crc32'"):
        H5PYDataset(path, "all")
    with h5py.File(path, "a") as file:
        del file.attrs["bricks_crc32"]
    assert H5PYDataset(path, "all").num_examples == 49


def test_notes_are_kept_with_their_source(tmp_path):
    with HDF5Writer(tmp_path / "a.hdf5") as writer:
        writer.append("all", {"y": Y})
        writer.note("y", classes=["größe", "b"], unit="cm")
    with h5py.File(tmp_path / "a.hdf5") as file:
        assert list(file["y"].attrs["classes"]) == ["größe", "b"]
        assert file["y"].attrs["unit"] == "cm"
