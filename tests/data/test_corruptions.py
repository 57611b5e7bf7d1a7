"""Damaged files of all kinds: read right or refused with our error; no hang, and no crash of HDF5's library.

corrupted.py is the fork server that reads the copies. Its numbers are the seeds.
"""

import collections
import gzip
import json
import random
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from bricks.data import H5PYDataset, HDF5Writer, SplitRow, check_file, ragged, split_table, write_hdf5
from bricks.errors import DataError
from bricks.training import checkpoints

HERE = Path(__file__).resolve().parent
OURS = ("hdf5", "hdf5 in one piece", "idx packed", "idx plain", "checkpoint")


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    """A folder with a small file of each kind."""
    folder, rng = tmp_path_factory.mktemp("originals"), np.random.default_rng(0)
    sets = {}
    for name, count in (("train", 20), ("test", 9)):
        words = [rng.normal(size=(rng.integers(1, 5), 2)) for _ in range(count)]
        pixels = rng.integers(0, 256, (count, 5, 4), dtype=np.uint8)
        sets[name] = {"x": pixels, "y": rng.normal(size=(count, 1)).astype("float32"), "z": ragged(words)}
    axes = {"x": ("batch", "height", "width"), "z": ("batch", "time", "feature")}
    with HDF5Writer(folder / "a.hdf5", axes=axes, chunk_bytes=300, compression="gzip") as writer:
        for name, arrays in sets.items():
            writer.append(name, arrays)
    write_hdf5(folder / "b.hdf5", {name: {"x": arrays["x"]} for name, arrays in sets.items()})
    with h5py.File(folder / "fuel.hdf5", "w") as file:
        file["x"] = np.concatenate([arrays["x"] for arrays in sets.values()])
        file.create_dataset("z", (29,), h5py.vlen_dtype(np.float64))
        everything = [example for arrays in sets.values() for example in arrays["z"]]
        for number, example in enumerate(everything):
            file["z"][number] = example.ravel()
        file["z_shapes"] = np.array([example.shape for example in everything], np.int32)
        file["z_shapes"].make_scale("shapes")
        file["z"].dims[0].attach_scale(file["z_shapes"])
        rows = [
            SplitRow(name, source, *part) for name, part in (("train", (0, 20)), ("test", (20, 29))) for source in "xz"
        ]
        file.attrs["split"] = split_table(rows)
    plain = bytes([0, 0, 11, 2, 0, 0, 0, 40, 0, 0, 0, 7]) + rng.integers(0, 9, 280).astype(">i2").tobytes()
    (folder / "plain").write_bytes(plain)
    (folder / "packed").write_bytes(gzip.compress(plain, mtime=0))
    state = {
        "mlp/W": rng.normal(size=(10, 20)),
        "random": {"key": np.arange(4, dtype="u4")},
        "epoch": 3,
        "seen": [1, "a"],
    }
    checkpoints.write(folder / "checkpoint.h5", state)
    return folder


def read_damaged(kind, folder, first, count):
    """[number, what was done, what came of it] of each copy."""
    words = [sys.executable, HERE / "corrupted.py", kind, folder, first, count]
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, cwd=HERE.parents[1], timeout=1800)
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [number for number, *_ in found] == list(range(first, first + count))
    return found


def expect_right_or_refused(kind, folder, first, count):
    found = read_damaged(kind, folder, first, count)
    bad = [case for case in found if case[2] not in ("right", "refused")]
    print(
        f"{kind}: copies {first} to {first + count - 1}:", dict(collections.Counter(verdict for *_, verdict in found))
    )
    assert not bad, f"{kind}, of {count}: {bad[:20]}"
    assert {verdict for *_, verdict in found} == {"right", "refused"}  # the damage is neither too little nor too much


@pytest.mark.parametrize("kind", OURS)
def test_damaged_files_are_read_right_or_refused(originals, kind):
    expect_right_or_refused(kind, originals, 0, 150)


def test_damage_in_a_file_without_sums_crashes_nothing_and_is_refused_where_it_shows(originals):
    found = {verdict for *_, verdict in read_damaged("hdf5 of Fuel", originals, 0, 300)}
    assert found <= {"right", "refused", "wrong"}  # wrong: values that changed, of which nothing in the file tells
    assert "refused" in found


@pytest.mark.slow
@pytest.mark.parametrize("kind", OURS)
def test_ten_thousand_damaged_files_are_read_right_or_refused(originals, kind):
    seed = random.SystemRandom().randrange(10**9)
    print(f"first seed {seed}")
    expect_right_or_refused(kind, originals, seed, 10_000)


@pytest.mark.slow
def test_what_crashes_hdf5s_library_in_a_foreign_file_is_contained_by_check_file(originals):
    seed = random.SystemRandom().randrange(10**9)
    found = read_damaged("hdf5 of Fuel", originals, seed, 10_000)
    verdicts = collections.Counter(verdict.partition(":")[0] for *_, verdict in found)
    print(f"hdf5 of Fuel, without sums: first seed {seed}:", dict(verdicts))
    assert set(verdicts) <= {"right", "refused", "wrong", "crashed", "hung"}
    kept = sorted(originals.glob("hdf5-of-Fuel-*.bad"))
    print("crashed or hung on:", [path.name for path in kept])
    for path in kept[:20]:
        with pytest.raises(DataError, match=f"{path.name}: "):
            check_file(path, stalled=2)


def test_the_foreign_file_reads_as_it_should(originals):
    ours, fuel = (
        H5PYDataset(originals / name, ["train", "test"], sources=["x", "z"]) for name in ("a.hdf5", "fuel.hdf5")
    )
    for one, other in zip(ours.read(range(29))["z"], fuel.read(range(29))["z"], strict=True):
        np.testing.assert_array_equal(one, other)
    check_file(originals / "fuel.hdf5")
