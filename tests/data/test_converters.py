"""Converters: historic archives and folders of pictures, made here, to the arrays that were put into them."""

import hashlib
import io
import tarfile

import h5py
import numpy as np
import pytest
from converted import notes, read

from bricks.data import (
    H5PYDataset,
    convert_cifar10,
    convert_cifar100,
    convert_images,
    convert_svhn,
)
from bricks.errors import DataError


def make_cifar(random, labels):
    """Files of an archive, and the arrays in them, by set."""
    files, arrays = {}, {}
    names = {"train": [f"data_batch_{n}.bin" for n in range(1, 6)], "test": ["test_batch.bin"]}
    if len(labels) > 1:
        names = {"train": ["train.bin"], "test": ["test.bin"]}
    for which_set, of_set in names.items():
        rows = []
        for name in of_set:
            given = [[random.integers(0, largest + 1) for largest in labels] for _ in range(3)]
            pixels = random.integers(0, 256, (3, 3, 32, 32), dtype=np.uint8)
            files[name] = b"".join(
                bytes(map(int, row)) + image.tobytes() for row, image in zip(given, pixels, strict=True)
            )
            rows += zip(given, pixels, strict=True)
        arrays[which_set] = np.array([row for row, _ in rows]), np.stack([image for _, image in rows])
    return files, arrays


def make_tar(path, folder, files):
    with tarfile.open(path, "w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(f"{folder}/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))


@pytest.mark.parametrize("given", ["archive", "folder of archive", "unpacked", "files"])
@pytest.mark.parametrize("kind", ["cifar10", "cifar100"])
def test_cifar(tmp_path, kind, given):
    convert, labels, archive, folder = {
        "cifar10": (convert_cifar10, {"targets": 9}, "cifar-10-binary.tar.gz", "cifar-10-batches-bin"),
        "cifar100": (
            convert_cifar100,
            {"coarse_labels": 19, "fine_labels": 99},
            "cifar-100-binary.tar.gz",
            "cifar-100-binary",
        ),
    }[kind]
    files, arrays = make_cifar(np.random.default_rng(0), list(labels.values()))
    source = tmp_path / "originals"
    (source / folder).mkdir(parents=True)
    sums = None
    if "archive" in given:
        make_tar(source / archive, folder, files)
        sums = {archive: hashlib.sha256((source / archive).read_bytes()).hexdigest()}
    else:
        for name, content in files.items():
            (source / folder / name).write_bytes(content)
    source = {"archive": source / archive, "files": source / folder}.get(given, source)
    convert(source, tmp_path / "a.hdf5", checksums=sums)
    for which_set, (numbers, pixels) in arrays.items():
        batch = read(tmp_path / "a.hdf5", which_set)
        np.testing.assert_array_equal(batch.pop("features"), pixels)
        assert sorted(batch) == sorted(labels)
        for column, name in enumerate(labels):
            assert batch[name].dtype == np.uint8
            np.testing.assert_array_equal(batch[name], numbers[:, column : column + 1])
    assert H5PYDataset(tmp_path / "a.hdf5", "train").sources["features"].axes == ("batch", "channel", "height", "width")
    with h5py.File(tmp_path / "a.hdf5") as file:
        assert file.attrs["fuel_convert_command"] == f"bricks.data.convert_{kind}"


def test_cifar_that_is_damaged_is_refused(tmp_path):
    files, _ = make_cifar(np.random.default_rng(0), [9])
    archive, output = tmp_path / "cifar-10-binary.tar.gz", tmp_path / "a.hdf5"
    make_tar(archive, "x", files)
    with pytest.raises(DataError, match="SHA-256 sum must be c4a38c50"):
        convert_cifar10(archive, output)
    for change, message in [
        ({"data_batch_2.bin": files["data_batch_2.bin"][:-1]}, "data_batch_2.bin: must be examples of 3073 bytes"),
        ({"data_batch_3.bin": b"\x0a" + files["data_batch_3.bin"][1:]}, "targets must be from 0 to 9, got 10"),
        ({"test_batch.bin": b""}, "test_batch.bin: must have at least one example"),
    ]:
        make_tar(archive, "x", files | change)
        with pytest.raises(DataError, match=message):
            convert_cifar10(archive, output, checksums=None)
    del files["test_batch.bin"]
    make_tar(archive, "x", files)
    with pytest.raises(DataError, match="must contain test_batch.bin, got data_batch_1.bin"):
        convert_cifar10(archive, output, checksums=None)
    archive.write_bytes(archive.read_bytes()[:-3000])
    with pytest.raises(DataError, match="tar.gz: damaged or no archive"):
        convert_cifar10(archive, output, checksums=None)
    with pytest.raises(DataError, match="must contain data_batch_1.bin; is it the folder"):
        (tmp_path / "empty").mkdir()
        convert_cifar10(tmp_path / "empty", output)
    assert not output.exists()


@pytest.mark.parametrize("extra", [False, True])
def test_svhn(tmp_path, extra):
    from scipy.io import savemat

    random, arrays, sums = np.random.default_rng(0), {}, {}
    for name in ("train", "test", *(["extra"] if extra else [])):
        pixels = random.integers(0, 256, (4, 5, 3, 6), dtype=np.uint8)
        digits = np.array([[1], [10], [9], [2], [10], [5]], np.uint8)
        path = tmp_path / f"{name}_32x32.mat"
        savemat(path, {"X": pixels, "y": digits}, do_compression=True)
        arrays[name], sums[path.name] = pixels, hashlib.sha256(path.read_bytes()).hexdigest()
    convert_svhn(tmp_path, tmp_path / "a.hdf5", checksums=sums, compression="gzip")
    for name, pixels in arrays.items():
        batch = read(tmp_path / "a.hdf5", name)
        for number in range(6):
            for channel in range(3):
                np.testing.assert_array_equal(batch["features"][number, channel], pixels[:, :, channel, number])
        assert batch["targets"].tolist() == [[1], [0], [9], [2], [0], [5]]
    path = tmp_path / "test_32x32.mat"
    with pytest.raises(DataError, match="train_32x32.mat: the SHA-256 sum must be 435e94d6"):
        convert_svhn(tmp_path, tmp_path / "b.hdf5")
    savemat(path, {"X": pixels, "y": digits[:-1]})
    with pytest.raises(DataError, match="test_32x32.mat: must have X"):
        convert_svhn(tmp_path, tmp_path / "b.hdf5", checksums=None)
    savemat(path, {"X": pixels, "y": digits + np.uint8(1)})
    with pytest.raises(DataError, match="y must be from 1 to 10, got 2 to 11"):
        convert_svhn(tmp_path, tmp_path / "b.hdf5", checksums=None)
    path.write_bytes(b"MATLAB 5.0 MAT-file" * 20)
    with pytest.raises(DataError, match="test_32x32.mat: damaged or no file of MATLAB's"):
        convert_svhn(tmp_path, tmp_path / "b.hdf5", checksums=None)
    path.unlink()
    with pytest.raises(DataError, match="test_32x32.mat: cannot be read: No such file"):
        convert_svhn(tmp_path, tmp_path / "b.hdf5", checksums=None)
    assert not (tmp_path / "b.hdf5").exists()


@pytest.fixture
def pictures(tmp_path):
    """Makes pictures: from paths to arrays (height, width, 3)."""
    image = pytest.importorskip("PIL.Image")

    def make(arrays):
        for name, array in arrays.items():
            (tmp_path / "p" / name).parent.mkdir(parents=True, exist_ok=True)
            image.fromarray(array).save(tmp_path / "p" / name)
        return tmp_path / "p"

    return make


def random_picture(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_images_of_one_size(tmp_path, pictures):
    arrays = {f"{name}/{n}.png": random_picture(3, 4, n) for name in ("dog", "cat") for n in (2, 1)}
    folder = pictures(arrays)
    (folder / "notes.txt").write_text("no picture")
    pictures({".thumbnails/1.png": random_picture(1, 1), "cat/.2.png": random_picture(1, 1)})
    convert_images(folder, tmp_path / "a.hdf5")
    batch = read(tmp_path / "a.hdf5")
    assert batch["targets"].tolist() == [[0], [0], [1], [1]]
    assert notes(tmp_path / "a.hdf5", "targets") == {"classes": ["cat", "dog"]}
    for row, name in enumerate(["cat/1.png", "cat/2.png", "dog/1.png", "dog/2.png"]):
        np.testing.assert_array_equal(batch["features"][row], arrays[name].transpose(2, 0, 1))


def test_images_of_many_sizes_and_sets(tmp_path, pictures):
    arrays = {
        "train/a/1.png": random_picture(3, 4),
        "train/b/1.png": random_picture(2, 2),
        "test/b/2.png": random_picture(5, 1),
    }
    folder = pictures(arrays)
    convert_images(folder, tmp_path / "a.hdf5")
    dataset = H5PYDataset(tmp_path / "a.hdf5", "train", load_in_memory=False)
    assert repr(dataset.sources["features"]) == "Source(uint8, (3, None, None), batch channel height width, ragged)"
    for found, name in zip(dataset.read([0, 1])["features"], list(arrays)[:2], strict=True):
        np.testing.assert_array_equal(found, arrays[name].transpose(2, 0, 1))
    assert read(tmp_path / "a.hdf5", "test")["targets"].tolist() == [[1]]
    convert_images(folder, tmp_path / "a.hdf5", size=(6, 7), grey=True)
    assert read(tmp_path / "a.hdf5", "train")["features"].shape == (2, 1, 6, 7)


def test_images_that_are_none_are_refused(tmp_path, pictures):
    folder = pictures({"a/1.png": random_picture(20, 20)})
    whole = (folder / "a" / "1.png").read_bytes()
    (folder / "a" / "2.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="2.png: damaged or no picture"):
        convert_images(folder, tmp_path / "a.hdf5")
    (folder / "a" / "2.png").write_text("text")
    with pytest.raises(DataError, match="2.png: damaged or no picture"):
        convert_images(folder, tmp_path / "a.hdf5")
    pictures({"a/2.png": np.full((2, 2), 4096, np.uint16)})
    with pytest.raises(DataError, match="2.png: must have 8 bits a channel, got Pillow's mode I;16"):
        convert_images(folder, tmp_path / "a.hdf5", grey=True)
    (folder / "3.png").write_bytes(whole)
    with pytest.raises(DataError, match="must lie in CLASS/... or all in SET/CLASS/..., got some"):
        convert_images(folder, tmp_path / "a.hdf5")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="got none of a known kind"):
        convert_images(tmp_path / "empty", tmp_path / "a.hdf5")
    with pytest.raises(DataError, match="there is none"):
        convert_images(tmp_path / "missing", tmp_path / "a.hdf5")
    assert not (tmp_path / "a.hdf5").exists()
