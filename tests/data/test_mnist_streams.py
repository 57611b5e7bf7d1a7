"""The lab's MNIST: the real data, its three streams, read once a process."""

import doctest
import hashlib
import inspect

import h5py
import numpy as np
import pydantic
import pytest

from bricks.errors import DataError, UsageError

TRAIN_COUNTS = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
TEST_COUNTS = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


def gathered(stream, source):
    return np.concatenate([batch[source] for batch in stream.iterator()])


def test_converted_contents_have_the_known_md5_sums(mnist_data_folder):
    with h5py.File(mnist_data_folder / "mnist.hdf5") as file:
        features, targets = file["features"], file["targets"]
        assert (features.shape, features.dtype) == ((70000, 1, 28, 28), np.uint8)
        assert (targets.shape, targets.dtype) == ((70000, 1), np.uint8)
        # As published with the original distribution, headers included.
        for start, stop, images, labels in [
            (0, 60000, "6bbc9ace898e44ae57da46a324031adb", "a25bea736e30d166cdddb491f175f624"),
            (60000, 70000, "2646ac647ad5339dbf082846283269ea", "27ae3e4e09519cfbb04c329615203637"),
        ]:
            count = (stop - start).to_bytes(4, "big")
            head = bytes([0, 0, 8, 3]) + count + bytes([0, 0, 0, 28]) * 2
            assert hashlib.md5(head + features[start:stop].tobytes()).hexdigest() == images
            assert hashlib.md5(bytes([0, 0, 8, 1]) + count + targets[start:stop].tobytes()).hexdigest() == labels


def test_streams_have_the_sizes_and_sources_of_the_contract(mnist):
    streams = mnist.streams(seed=1)
    assert {name: stream.num_examples for name, stream in streams.items()} == {
        "train": 50000,
        "valid": 10000,
        "test": 10000,
    }
    assert {name: stream.batches_per_epoch for name, stream in streams.items()} == {
        "train": 500,
        "valid": 10,
        "test": 10,
    }
    for name, size in (("train", 100), ("valid", 1000), ("test", 1000)):
        sources = streams[name].sources
        assert (sources["features"].dtype, sources["features"].shape) == (np.float32, (784,))
        assert (sources["targets"].dtype, sources["targets"].shape) == (np.int32, ())
        batch = next(streams[name].iterator())
        assert (batch["features"].shape, batch["features"].dtype) == ((size, 784), np.float32)
        assert (batch["targets"].shape, batch["targets"].dtype) == ((size,), np.int32)


def test_label_counts_are_the_known_ones(mnist):
    streams = mnist.streams(seed=1)
    counts = {name: np.bincount(gathered(stream, "targets"), minlength=10) for name, stream in streams.items()}
    assert (counts["train"] + counts["valid"]).tolist() == TRAIN_COUNTS
    assert counts["test"].tolist() == TEST_COUNTS


def test_valid_is_the_last_of_train_in_order_and_pixels_keep_their_values(mnist, mnist_data_folder):
    streams = mnist.streams(seed=1)
    with h5py.File(mnist_data_folder / "mnist.hdf5") as file:
        pixels, digits = file["features"][...], file["targets"][...]
    for name, part in (("valid", slice(50000, 60000)), ("test", slice(60000, 70000))):
        expected = pixels[part].reshape(-1, 784) / 255.0
        np.testing.assert_allclose(gathered(streams[name], "features"), expected, rtol=2**-23)
        np.testing.assert_array_equal(gathered(streams[name], "targets"), digits[part, 0])
    batch = next(streams["train"].iterator())
    order = streams["train"].scheme.indices(50000, 0)[:100]
    np.testing.assert_allclose(batch["features"], pixels[order].reshape(-1, 784) / 255.0, rtol=2**-23)
    np.testing.assert_array_equal(batch["targets"], digits[order, 0])
    assert (batch["features"].min(), batch["features"].max()) == (0, 1)


def test_train_is_shuffled_by_the_seed_and_the_others_are_not(mnist):
    first, same, other = (mnist.streams(seed=seed) for seed in (1, 1, 2))
    targets = [gathered(streams["train"], "targets") for streams in (first, same, other)]
    np.testing.assert_array_equal(targets[0], targets[1])
    assert (targets[0] != targets[2]).any()
    np.testing.assert_array_equal(np.bincount(targets[0]), np.bincount(targets[2]))
    np.testing.assert_array_equal(gathered(first["valid"], "targets"), gathered(other["valid"], "targets"))


def test_sizes_are_parameters(mnist):
    streams = mnist.streams(1, batch_size=64, valid=59_999, evaluation_batch_size=7)
    assert [streams[name].num_examples for name in ("train", "valid", "test")] == [1, 59_999, 10_000]
    assert len(next(streams["train"].iterator())["targets"]) == 1
    assert len(next(streams["test"].iterator())["targets"]) == 7


@pytest.mark.parametrize(
    "wrong",
    [
        {"valid": 0},
        {"valid": 60_000},
        {"valid": -1},
        {"valid": 0.5},
        {"batch_size": 0},
        {"evaluation_batch_size": 0},
        {"view": "columns"},
    ],
)
def test_sizes_out_of_range_are_refused_here_and_by_the_annotations(mnist, wrong):
    with pytest.raises(UsageError):
        mnist.streams(1, **wrong)
    ((name, value),) = wrong.items()
    annotation = inspect.signature(mnist.streams).parameters[name].annotation
    with pytest.raises(pydantic.ValidationError):
        pydantic.TypeAdapter(annotation).validate_python(value)
    default = inspect.signature(mnist.streams).parameters[name].default
    assert pydantic.TypeAdapter(annotation).validate_python(default) == default


def test_data_is_read_once_a_process_and_shared(mnist):
    first, second = mnist.streams(1), mnist.streams(2, valid=5000)
    assert np.shares_memory(first["train"].dataset.arrays["features"], second["train"].dataset.arrays["features"])
    assert first["train"].dataset.arrays["features"].dtype == np.uint8
    assert np.shares_memory(first["test"].dataset.arrays["features"], second["test"].dataset.arrays["features"])


def test_one_damaged_byte_of_the_converted_file_is_found(mnist, mnist_data_folder, data_folder):
    content = bytearray((mnist_data_folder / "mnist.hdf5").read_bytes())
    content[len(content) // 2] ^= 1
    data_folder.mkdir()
    (data_folder / "mnist.hdf5").write_bytes(content)
    with pytest.raises(DataError, match=r"cannot be used; delete it.*source 'features'.*CRC-32") as raised:
        mnist.streams(1)
    assert str(raised.value).startswith(str(data_folder / "mnist.hdf5"))
    assert (data_folder / "mnist.hdf5").read_bytes() == content


def test_fuels_own_file_is_used_as_it_is(mnist, mnist_data_folder, tmp_path, monkeypatch, capsys):
    # What Fuel's converter under today's NumPy writes: the same arrays, the table in the present form.
    path = tmp_path / "mnist.hdf5"
    fields = [
        ("split", "S", 5), ("source", "S", 8), ("start", np.int64, 1), ("stop", np.int64, 1),
        ("indices", h5py.special_dtype(ref=h5py.Reference)), ("available", np.bool_, 1), ("comment", "S", 1),
    ]  # fmt: skip
    with h5py.File(mnist_data_folder / "mnist.hdf5") as ours, h5py.File(path, "w") as file:
        file["features"], file["targets"] = ours["features"][...], ours["targets"][...]
        table = np.empty(4, fields)
        for row, old in zip(table, ours.attrs["split"], strict=True):
            for name in table.dtype.names:
                row[name] = old[name]
        file.attrs["split"] = table
    before = path.stat().st_mtime_ns
    monkeypatch.delenv("BRICKS_DATA_PATH")
    monkeypatch.setenv("FUEL_DATA_PATH", str(tmp_path))
    targets = gathered(mnist.streams(1)["test"], "targets")
    assert np.bincount(targets).tolist() == TEST_COUNTS
    assert path.stat().st_mtime_ns == before
    assert capsys.readouterr().err == ""


def test_resume_in_the_middle_of_a_real_epoch_is_exact(mnist):
    iterator = mnist.streams(3)["train"].iterator()
    for _ in range(501 + 250):
        next(iterator, None)
    assert iterator.state_dict() == {"epoch": 1, "batch": 250}
    resumed = mnist.streams(3)["train"].iterator()
    resumed.load_state_dict({"epoch": 1, "batch": 250})
    rest = list(zip(iterator, resumed, strict=True))
    assert len(rest) == 250
    for one, other in rest:
        for name in one:
            np.testing.assert_array_equal(one[name], other[name])


def raw_pixels(folder):
    with h5py.File(folder / "mnist.hdf5") as file:
        return file["features"][60000:60300, 0]


@pytest.mark.parametrize(
    ("view", "shape", "axes"),
    [
        ("flat", (784,), ("batch", "feature")),
        ("rows", (28, 28), ("time", "batch", "feature")),
        ("pixels", (784, 1), ("time", "batch", "feature")),
    ],
)
@pytest.mark.parametrize("permuted", [False, True])
def test_views_hold_the_same_pixels_where_they_belong(mnist, mnist_data_folder, view, shape, axes, permuted):
    streams = mnist.streams(1, view=view, permuted=permuted, evaluation_batch_size=300)
    order = mnist.permutation(0) if permuted else np.arange(784)
    expected = raw_pixels(mnist_data_folder).reshape(300, 784)[:, order] / 255.0
    batch = next(streams["test"].iterator())
    for stream in streams.values():
        features, targets = stream.sources["features"], stream.sources["targets"]
        assert (features.dtype, features.shape, features.axes) == (np.float32, shape, axes)
        assert (targets.dtype, targets.shape, targets.axes) == (np.int32, (), ("batch",))
    wanted = [300 if length is None else length for length in features.batch_shape]
    assert (list(batch["features"].shape), batch["features"].dtype) == (wanted, np.float32)
    assert batch["features"].flags.c_contiguous and batch["targets"].shape == (300,)
    for example in (0, 123, 299):
        found = np.take(batch["features"], example, axis=features.batch_axis)
        np.testing.assert_allclose(found.ravel(), expected[example], rtol=2**-23)


def test_rows_are_the_rows_of_the_picture_from_the_top(mnist, mnist_data_folder):
    pictures = raw_pixels(mnist_data_folder)
    batch = next(mnist.streams(1, view="rows", evaluation_batch_size=300)["test"].iterator())
    for row in (0, 9, 27):
        np.testing.assert_allclose(batch["features"][row, 5], pictures[5, row] / 255.0, rtol=2**-23)


def test_views_differ_in_shape_alone_and_share_the_data(mnist):
    flat, rows = mnist.streams(4), mnist.streams(4, view="rows")
    assert np.shares_memory(flat["train"].dataset.arrays["features"], rows["train"].dataset.arrays["features"])
    one, other = next(flat["train"].iterator()), next(rows["train"].iterator())
    np.testing.assert_array_equal(one["targets"], other["targets"])
    np.testing.assert_array_equal(one["features"], other["features"].transpose(1, 0, 2).reshape(100, 784))


def test_the_permutation_is_one_of_all_pixels_and_the_same_for_ever(mnist):
    order = mnist.permutation(0)
    assert sorted(order.tolist()) == list(range(784))
    assert order[:5].tolist() == [269, 11, 403, 600, 196]  # PCG64's raw numbers never change
    assert hashlib.sha256(order.astype("<i8").tobytes()).hexdigest()[:16] == "80af0db09bbbf7a2"
    assert (mnist.permutation(1) != order).any()
    assert doctest.testmod(mnist).failed == 0


def test_the_order_of_pixels_is_that_of_its_own_seed_not_of_the_run(mnist):
    plain = next(mnist.streams(1, view="pixels")["test"].iterator())["features"]
    for seed in (1, 2):
        for name in ("valid", "test"):
            streams = mnist.streams(seed, view="pixels", permuted=True)
            found = next(streams[name].iterator())["features"]
            unpermuted = next(mnist.streams(seed, view="pixels")[name].iterator())["features"]
            np.testing.assert_array_equal(found, unpermuted[mnist.permutation(0)])
    other = next(mnist.streams(1, view="pixels", permuted=True, permutation_seed=7)["test"].iterator())
    np.testing.assert_array_equal(other["features"], plain[mnist.permutation(7)])
