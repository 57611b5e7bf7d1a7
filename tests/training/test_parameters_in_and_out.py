"""Parameters in and out: the same arrays in every format, opened by its own library; loaded whole or in part."""

import builtins
import io
import json
import pickle
import tarfile
import zipfile

import h5py
import numpy as np
import pytensor.tensor as pt
import pytest

import bricks
from bricks.errors import CheckpointError, UsageError
from bricks.layers import MLP, BatchNormalization, Linear, Rectifier, Sequence, Tanh
from bricks.training import checkpoints
from bricks.training.parameters import read_parameters

SUFFIXES = [".npz", ".safetensors", ".h5"]


def net(seed, units=3, name="net"):
    brick = Sequence([Linear(4, units), BatchNormalization(units), Tanh(), Linear(units, 2)], name=name, seed=seed)
    for buffer in brick.all_buffers().values():
        buffer.set_value(np.random.default_rng(seed).normal(size=buffer.type.shape).astype("float32"))
    return brick


def values(brick):
    return {path: v.get_value() for path, v in (brick.all_parameters() | brick.all_buffers()).items()}


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    for path, value in expected.items():
        assert found[path].dtype == value.dtype and np.array_equal(found[path], value), path


def open_by_its_library(path):
    """What a program that knows nothing of bricks reads."""
    if path.suffix == ".npz":
        return dict(np.load(path, allow_pickle=False).items())
    if path.suffix == ".safetensors":
        from safetensors.numpy import load_file

        return load_file(path)
    found = {}
    with h5py.File(path) as file:
        for kind in ("parameters", "buffers"):
            file["model"][kind].visititems(
                lambda name, item: found.update({name: item[()]} if isinstance(item, h5py.Dataset) else {})
            )
    return found


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_export_opens_in_its_own_library_with_the_same_arrays(suffix, tmp_path):
    brick, path = net(1), tmp_path / f"net{suffix}"
    bricks.save_parameters(brick, path)
    assert_same(open_by_its_library(path), values(brick))
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_was_written_reads_back_into_a_brick_a_model_and_a_mapping(suffix, tmp_path):
    one, path = net(1), tmp_path / f"net{suffix}"
    x = pt.fmatrix("x")
    bricks.save_parameters(bricks.Model((one(x) ** 2).mean(), brick=one), path)
    two, three = net(2), net(3)
    report = bricks.load_parameters(two, path)
    assert report.loaded.keys() == values(one).keys() and not report.problems
    assert_same(values(two), values(one))
    bricks.load_parameters(bricks.Model((three(x) ** 2).mean(), brick=three), path)
    assert_same(values(three), values(one))
    loose = {"w": bricks.shared(np.zeros((4, 3), "float32"))}
    bricks.load_parameters(loose, path, partial=True, rename={"net/linear/W": "w"})
    np.testing.assert_array_equal(loose["w"].get_value(), values(one)["net/linear/W"])


def test_safetensors_say_what_they_are(tmp_path):
    from safetensors import safe_open

    bricks.save_parameters(net(1), tmp_path / "net.safetensors")
    with safe_open(tmp_path / "net.safetensors", framework="np") as file:
        about = {"format": "bricks parameters", "version": "1", "bricks": bricks.__version__}
        assert file.metadata() == about
        assert "net/batch_normalization/population_mean" in file.keys()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_any_name_and_order_in_memory_is_kept(suffix, tmp_path):
    shared = {
        "file": bricks.shared(np.asfortranarray(np.arange(6.0).reshape(2, 3))),
        "allow_pickle": bricks.shared(np.float32(2.5)),
        "a/b": bricks.shared(np.arange(3, dtype="int32")),
        **{dtype: bricks.shared(np.ones(2, dtype)) for dtype in ("bool", "uint8", "int64", "float16")},
    }
    bricks.save_parameters(shared, tmp_path / f"x{suffix}")
    assert_same(read_parameters(tmp_path / f"x{suffix}"), {name: v.get_value() for name, v in shared.items()})


def test_bfloat16_which_numpy_has_not_is_read_as_float32(tmp_path):
    """Written by hand, by the format's specification: length of the header, header, bytes."""
    exact = np.array([1, -2.5, 3e38, 0], "f4")
    upper = (exact.view("u4") >> 16).astype("<u2")
    header = json.dumps({"w": {"dtype": "BF16", "shape": [2, 2], "data_offsets": [0, 8]}}).encode()
    path = tmp_path / "x.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + upper.tobytes())
    expected = (upper.astype("u4") << 16).view("f4").reshape(2, 2)
    assert_same(read_parameters(path), {"w": expected})
    np.testing.assert_allclose(expected.ravel(), exact, rtol=2**-8)


# Partly.


def test_partial_loading_takes_what_fits_and_reports_the_rest(tmp_path):
    old = net(1, units=5, name="old")
    bricks.save_parameters(old, tmp_path / "old.npz")
    new = Sequence([Linear(4, 5), Rectifier(), Linear(5, 3), Linear(3, 3)], name="net", seed=2)
    before = values(new)
    report = bricks.load_parameters(new, tmp_path / "old.npz", partial=True, rename={"old": "net"})
    assert set(report.loaded) == {"net/linear/W", "net/linear/b"}
    assert set(report.missing) == {"net/linear_2/W", "net/linear_2/b"}
    batch = {f"net/batch_normalization/{n}" for n in ("scale", "shift", "population_mean", "population_variance")}
    assert set(report.unknown) == batch
    assert report.other_shape == {"net/linear_1/W": ((5, 3), (5, 2)), "net/linear_1/b": ((3,), (2,))}
    assert_same(values(new), before | {f"net/linear/{name}": values(old)[f"old/linear/{name}"] for name in "Wb"})
    lines = str(report).splitlines()
    assert lines[0].split() == ["path", "in", "the", "model", "in", "the", "file"]
    assert lines[1].split(None, 1)[0] == "loaded" and "net/linear/W" in lines[1] and lines[1].count("(4, 5)") == 2
    assert "other shape  net/linear_1/W" in str(report)
    assert lines[-1] == "2 loaded, 2 missing, 4 unknown, 2 of another shape or dtype"


def test_without_partial_all_must_fit_or_nothing_is_changed(tmp_path):
    bricks.save_parameters(net(1, units=5), tmp_path / "net.npz")
    other = net(2)
    before = values(other)
    with pytest.raises(CheckpointError, match=r"linear/W must have shape \(4, 3\), got \(4, 5\).*partial=True takes"):
        bricks.load_parameters(other, tmp_path / "net.npz")
    assert_same(values(other), before)


def test_where_nothing_fits_that_is_an_error_and_not_a_silent_start_from_scratch(tmp_path):
    bricks.save_parameters(net(1, name="other"), tmp_path / "net.npz")
    with pytest.raises(CheckpointError, match=r"nothing of it fits the model:\n.*\nmissing +net/linear/W"):
        bricks.load_parameters(net(2), tmp_path / "net.npz", partial=True)


def test_renaming_replaces_whole_beginnings_the_longest_first(tmp_path):
    shared = {path: bricks.shared(np.zeros(1, "float32")) for path in ("a/b/W", "a/c/W", "ab/W")}
    bricks.save_parameters(shared, tmp_path / "x.npz")

    def renamed(rename):
        into = {path: bricks.shared(np.ones(1, "float32")) for path in ("x/c/W", "y/W", "ab/W", "top/ab/W")}
        return set(bricks.load_parameters(into, tmp_path / "x.npz", partial=True, rename=rename).loaded)

    assert renamed({"a": "x", "a/b": "y"}) == {"x/c/W", "y/W", "ab/W"}
    assert renamed({"": "top"}) == {"top/ab/W"}
    assert renamed({"a/b/W": "y/W"}) == {"y/W", "ab/W"}
    with pytest.raises(UsageError, match=r"no array of .* begins with 'a/d'; there are: a/b/W"):
        renamed({"a/d": "x"})
    with pytest.raises(UsageError, match="gives two arrays of .* the name 'x/W'"):
        renamed({"a/b": "x", "a/c": "x"})


def test_numbers_of_another_kind_do_not_fit(tmp_path):
    given = {"a": bricks.shared(np.ones(2, "complex64")), "b": bricks.shared(np.ones(2))}
    bricks.save_parameters(given, tmp_path / "x.npz")
    into = {"a": bricks.shared(np.zeros(2, "float32")), "b": bricks.shared(np.zeros(2, "float32"))}
    report = bricks.load_parameters(into, tmp_path / "x.npz", partial=True)
    assert report.other_dtype == {"a": ("float32", "complex64")} and list(report.loaded) == ["b"]
    assert into["b"].get_value().dtype == "float32" and into["b"].get_value().tolist() == [1, 1]


# Blocks.


def blocks_archive(path, members):
    """What `blocks.serialization.dump` wrote: an uncompressed tar, `_parameters` first."""
    with tarfile.open(path, "w") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


def npz(**arrays):
    content = io.BytesIO()
    np.savez(content, **arrays)
    return content.getvalue()


class Trap:
    """Unpickling it fails the test."""

    def __reduce__(self):
        return (pytest.fail, ("unpickled",))


@pytest.mark.parametrize("suffix", [".tar", ".pkl"])
def test_the_parameters_of_a_checkpoint_of_blocks_are_read_and_nothing_is_unpickled(suffix, tmp_path):
    rng = np.random.default_rng(0)
    W, b = rng.normal(size=(4, 3)), rng.normal(size=3)
    arrays = {"|mlp|linear_0.W": W, "|mlp|linear_0.b": b, "|lookup.W": W, "learning_rate": np.array(0.1)}
    path = tmp_path / f"blocks{suffix}"
    blocks_archive(path, {"_parameters": npz(**arrays), "_pkl": pickle.dumps(Trap())})
    assert_same(
        read_parameters(path),
        {"mlp/linear_0/W": W, "mlp/linear_0/b": b, "lookup/W": W, "learning_rate": np.array(0.1)},
    )
    mlp = MLP([Tanh(), None], [4, 3, 2], seed=1)
    report = bricks.load_parameters(mlp, path, partial=True)
    assert set(report.loaded) == {"mlp/linear_0/W", "mlp/linear_0/b"}
    np.testing.assert_array_equal(mlp.all_parameters()["mlp/linear_0/W"].get_value(), W.astype("float32"))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (lambda path: path.write_bytes(pickle.dumps(Trap())), "is no tar archive.*a plain pickle is not read"),
        (lambda path: path.write_bytes(b""), "is no tar archive"),
        (lambda path: blocks_archive(path, {"_pkl": b"x"}), "has no member '_parameters'"),
        (lambda path: blocks_archive(path, {"_parameters": b"PK\x03\x04"}), "is no .npz of plain arrays"),
        (lambda path: blocks_archive(path, {"_parameters": npz(a=np.array([Trap()]))}), "is no .npz of plain arrays"),
    ],
)
def test_what_is_no_archive_of_blocks_with_parameters_is_refused(content, said, tmp_path):
    content(tmp_path / "model.pkl")
    with pytest.raises(CheckpointError, match=said):
        read_parameters(tmp_path / "model.pkl")


# Of runs, and what can't be.


def test_a_runs_best_and_checkpoint_give_their_parameters(tmp_path):
    arrays = {"parameters": {"w": np.ones(2, "f4")}, "buffers": {"m": np.zeros(1, "f4")}}
    checkpoints.write(tmp_path / "best.h5", {"about": {}, "epoch": 1, "model": arrays})
    last = {"parameters": {"w": np.zeros(2, "f4")}, "buffers": {}, "steps": 3}
    checkpoints.write(tmp_path / "checkpoint.h5", {"about": {}, "main_loop": {"algorithm": last, "epoch": 1}})
    assert_same(read_parameters(tmp_path / "best.h5"), {"w": np.ones(2, "f4"), "m": np.zeros(1, "f4")})
    assert_same(read_parameters(tmp_path / "checkpoint.h5"), {"w": np.zeros(2, "f4")})
    checkpoints.write(tmp_path / "other.h5", {"about": {}, "x": np.zeros(1)})
    with pytest.raises(CheckpointError, match="other.h5: holds no parameters, but about, x"):
        read_parameters(tmp_path / "other.h5")


@pytest.mark.parametrize("suffix", [*SUFFIXES, ".tar"])
def test_a_file_that_is_missing_cut_short_or_of_another_kind_is_refused(suffix, tmp_path):
    path = tmp_path / f"x{suffix}"
    with pytest.raises(CheckpointError, match="can't be read: No such file"):
        read_parameters(path)
    path.write_text("no such thing")
    with pytest.raises(CheckpointError, match=f"x{suffix}: "):
        read_parameters(path)
    if suffix == ".tar":
        return
    bricks.save_parameters(net(1), path)
    whole = path.read_bytes()
    for length in (0, 9, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(CheckpointError, match=f"x{suffix}: "):
            read_parameters(path)


def test_a_damaged_npz_is_refused(tmp_path):
    bricks.save_parameters({"w": bricks.shared(np.zeros(100, "f4"))}, tmp_path / "x.npz")
    damaged = bytearray((tmp_path / "x.npz").read_bytes())
    with zipfile.ZipFile(tmp_path / "x.npz") as archive:
        place = archive.infolist()[0].header_offset + 300
    damaged[place] ^= 1
    (tmp_path / "x.npz").write_bytes(damaged)
    with pytest.raises(CheckpointError, match="Bad CRC"):
        read_parameters(tmp_path / "x.npz")


def test_what_is_asked_wrongly_is_said(tmp_path, monkeypatch):
    with pytest.raises(UsageError, match=r"x.safetensor must end in one of .*; did you mean '.safetensors'"):
        bricks.save_parameters(net(1), tmp_path / "x.safetensor")
    with pytest.raises(UsageError, match=r"must end in one of .npz, .safetensors, .mat, .h5;"):
        bricks.save_parameters(net(1), tmp_path / "x.tar")  # read, not written
    with pytest.raises(UsageError, match="a Model's, a Brick's or a mapping's"):
        bricks.save_parameters(3, tmp_path / "x.npz")
    with pytest.raises(CheckpointError, match="can't be written: No such file"):
        bricks.save_parameters(net(1), tmp_path / "nowhere" / "x.npz")

    def missing(name, *rest):
        if name.startswith("safetensors"):
            raise ImportError(name)
        return import_(name, *rest)

    import_ = builtins.__import__
    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(UsageError, match="pip install safetensors"):
        bricks.save_parameters(net(1), tmp_path / "x.safetensors")
    assert list(tmp_path.iterdir()) == []
