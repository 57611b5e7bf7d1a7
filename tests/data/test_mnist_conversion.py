"""Conversion at first use: verified, whole or not at all, safe with two processes, nothing written over."""

import gzip
import hashlib
import json
import os
import re

import h5py
import numpy as np
import pytest

from bricks.data import H5PYDataset, convert_mnist, ensure, read_mnist, verify_arrays, verify_file, write_hdf5
from bricks.errors import DataError


def expect_converted(path, arrays):
    for split in ("train", "test"):
        batch = H5PYDataset(path, split).to_memory().arrays
        np.testing.assert_array_equal(batch["features"], arrays[split]["features"][:, None])
        np.testing.assert_array_equal(batch["targets"], arrays[split]["targets"][:, None])


def test_converted_file_has_fuels_shapes_labels_and_sets(tmp_path, small_digits):
    folder, sums, arrays = small_digits
    convert_mnist(folder, tmp_path / "mnist.hdf5", checksums=sums)
    expect_converted(tmp_path / "mnist.hdf5", arrays)
    with h5py.File(tmp_path / "mnist.hdf5") as file:
        assert (file["features"].shape, file["features"].dtype) == ((10, 1, 4, 5), np.uint8)
        assert (file["targets"].shape, file["targets"].dtype) == ((10, 1), np.uint8)
        assert [dimension.label for dimension in file["features"].dims] == [
            "batch",
            "channel",
            "height",
            "width",
        ]
        assert [dimension.label for dimension in file["targets"].dims] == ["batch", "index"]
        rows = [tuple(row[name] for name in ("split", "source", "start", "stop")) for row in file.attrs["split"]]
    assert rows == [
        (b"train", b"features", 0, 7),
        (b"train", b"targets", 0, 7),
        (b"test", b"features", 7, 10),
        (b"test", b"targets", 7, 10),
    ]


@pytest.mark.parametrize("which", range(4))
def test_a_wrong_check_sum_is_told_before_anything_is_used(tmp_path, small_digits, which):
    folder, sums, _ = small_digits
    name = sorted(sums)[which]
    content = bytearray((folder / name).read_bytes())
    content[-1] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(DataError) as raised:
        convert_mnist(folder, tmp_path / "mnist.hdf5", checksums=sums)
    message = str(raised.value)
    found = re.search(r"got ([0-9a-f]{64})", message)
    assert str(folder / name) in message
    assert f"must be {sums[name]}" in message
    assert found and found[1] != sums[name]
    assert "restore it" in message
    assert not (tmp_path / "mnist.hdf5").exists()


def test_the_sums_of_mnist_itself_are_the_default(tmp_path, small_digits):
    folder, _, _ = small_digits
    with pytest.raises(DataError, match="0b367032e93c5d0cea0925647cfdb18614af8ee15f83e6f2fc2ad904a6835971"):
        convert_mnist(folder, tmp_path / "mnist.hdf5")


def test_a_missing_file_is_named_with_what_to_do(tmp_path, small_digits):
    folder, sums, _ = small_digits
    (folder / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(DataError, match="t10k-labels-idx1-ubyte.gz: cannot be read: No such file.*restore it"):
        convert_mnist(folder, tmp_path / "mnist.hdf5", checksums=sums)


def test_images_and_labels_must_belong_together(tmp_path, small_digits, idx_bytes):
    folder, sums, _ = small_digits
    name = "train-labels-idx1-ubyte.gz"
    (folder / name).write_bytes(gzip.compress(idx_bytes(np.zeros(6, np.uint8))))
    sums = {**sums, name: hashlib.sha256((folder / name).read_bytes()).hexdigest()}
    with pytest.raises(DataError, match=r"as many labels \(n,\), got \(7, 4, 5\) and \(6,\)"):
        convert_mnist(folder, tmp_path / "mnist.hdf5", checksums=sums)


def test_first_use_converts_with_a_line_and_later_ones_find_the_file(data_folder, small_digits, capsys):
    folder, sums, arrays = small_digits
    calls = []

    def convert(path):
        calls.append(path)
        convert_mnist(folder, path, checksums=sums)

    first = ensure("digits.hdf5", convert)
    printed = capsys.readouterr()
    assert first == data_folder / "digits.hdf5"
    assert (printed.out, printed.err.count("\n")) == ("", 1)
    assert str(first) in printed.err
    expect_converted(first, arrays)
    modified = os.stat(first).st_mtime_ns
    assert ensure("digits.hdf5", convert) == first
    assert (calls, os.stat(first).st_mtime_ns) == ([first], modified)
    assert capsys.readouterr().err == ""


def test_a_file_in_a_later_folder_is_used_as_it_is(tmp_path, monkeypatch, small_digits):
    folder, sums, _ = small_digits
    shared, mine = tmp_path / "shared", tmp_path / "mine"
    shared.mkdir()
    convert_mnist(folder, shared / "digits.hdf5", checksums=sums)
    monkeypatch.setenv("BRICKS_DATA_PATH", os.pathsep.join(map(str, (mine, shared))))
    assert ensure("digits.hdf5", lambda path: pytest.fail("converted again")) == shared / "digits.hdf5"
    assert not mine.exists()


@pytest.mark.parametrize("damage", ["cut", "empty", "text", "changed", "foreign"])
def test_a_damaged_file_stays_and_the_error_says_to_delete_it(data_folder, small_digits, damage):
    folder, sums, arrays = small_digits
    data_folder.mkdir()
    path = data_folder / "digits.hdf5"
    convert_mnist(folder, path, checksums=sums)
    whole = path.read_bytes()
    place = whole.index(arrays["train"]["features"].tobytes())
    changed = whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]
    if damage == "foreign":
        with h5py.File(path, "w") as file:
            file["something"] = [1, 2]
    else:
        path.write_bytes({"cut": whole[:-100], "empty": b"", "text": b"hello\n" * 100, "changed": changed}[damage])
    before = path.read_bytes()
    with pytest.raises(DataError, match="cannot be used; delete it") as raised:
        ensure("digits.hdf5", lambda path: pytest.fail("wrote over it"))
    assert str(raised.value).startswith(str(path))
    assert path.read_bytes() == before


def test_a_conversion_that_fails_leaves_nothing_and_tells_its_reason(data_folder, small_digits):
    folder, sums, _ = small_digits
    (folder / "t10k-images-idx3-ubyte.gz").write_bytes(b"")
    with pytest.raises(DataError, match="t10k-images-idx3-ubyte.gz: the SHA-256 sum"):
        ensure("digits.hdf5", lambda path: convert_mnist(folder, path, checksums=sums))

    def refused(path):
        raise PermissionError(13, "Permission denied")

    with pytest.raises(DataError, match="Permission denied; name another folder.*BRICKS_DATA_PATH"):
        ensure("digits.hdf5", refused)
    assert list(data_folder.iterdir()) == []


def test_two_processes_that_both_find_nothing_both_get_a_whole_file(data_folder, small_digits, start_python, tmp_path):
    folder, sums, arrays = small_digits
    program = """
import json, os, pathlib, sys, time
from bricks.data import H5PYDataset, convert_mnist, ensure
folder, meeting, sums = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), json.loads(sys.argv[3])

def convert(path):
    # Wait until the other process, too, has found no file: then both write it.
    (meeting / str(os.getpid())).touch()
    deadline = time.monotonic() + 30
    while len(list(meeting.iterdir())) < 2 and time.monotonic() < deadline:
        time.sleep(0.002)
    convert_mnist(folder, path, checksums=sums)

path = ensure("digits.hdf5", convert)
print(path, len(list(meeting.iterdir())), H5PYDataset(path, "train").num_examples)
"""
    meeting = tmp_path / "meeting"
    meeting.mkdir()
    sums_text = json.dumps(sums)
    processes = [start_python(program, folder, meeting, sums_text, BRICKS_DATA_PATH=str(data_folder)) for _ in range(2)]
    for process in processes:
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        assert out.split() == [*str(data_folder / "digits.hdf5").split(), "2", "7"]
    expect_converted(data_folder / "digits.hdf5", arrays)
    assert [entry.name for entry in data_folder.iterdir()] == ["digits.hdf5"]


def test_a_converted_file_of_other_contents_is_not_taken_for_mnist(tmp_path, small_digits):
    folder, sums, _ = small_digits
    path = tmp_path / "mnist.hdf5"
    convert_mnist(folder, path, checksums=sums)
    with pytest.raises(DataError, match="mnist.hdf5: this converted.*delete it.*CRC-32 of 'features' must be f3639b56"):
        read_mnist(path)
    write_hdf5(path, {"all": {"features": np.zeros((2, 4))}})
    with pytest.raises(DataError, match="delete it.*there is no set 'train'"):
        read_mnist(path)


def test_sums_of_files_and_arrays_are_the_known_ones(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")
    verify_file(tmp_path / "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    digits = np.frombuffer(b"123456789", np.uint8)  # the check value of CRC-32's definition
    verify_arrays({"x": digits}, {"x": 0xCBF43926}, "here")
    with pytest.raises(DataError, match="here: the CRC-32 of 'x' must be cbf43926"):
        verify_arrays({"x": digits[::-1]}, {"x": 0xCBF43926}, "here")
