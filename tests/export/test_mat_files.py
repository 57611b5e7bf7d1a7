"""`.mat` files: legal names, what Octave reads and writes, and Matlab's arrays into parameters."""

import numpy as np
import pytest
from export_lab import octave, said_by
from scipy.io import loadmat, savemat
from scipy.sparse import csc_matrix

import bricks
from bricks import mat
from bricks.errors import CheckpointError, UsageError
from bricks.layers import MLP, Linear, Tanh
from bricks.mat import legal_names, read_mat, write_mat
from bricks.training.parameters import read_parameters

RNG = np.random.default_rng(0)


def cell(*elements):
    """A 1 x n cell."""
    found = np.empty((1, len(elements)), object)
    for place, element in enumerate(elements):
        found[0, place] = element
    return found


def net(seed=1):
    return MLP([Tanh(), None], [4, 3, 2], seed=seed)


def values(brick):
    return {path: v.get_value() for path, v in brick.all_parameters().items()}


# Names.


def test_names_are_legal_in_matlab_and_no_two_are_the_same():
    long = "a" * 40 + "/" + "b" * 40
    paths = ["mlp/linear_0/W", "mlp/linear/0_W", "mlp.linear_0.W", "2nd/W", "_x", "end", "größe", long, f"{long}2", ""]
    found = legal_names(paths)
    assert list(found) == paths and len(set(found.values())) == len(paths)
    assert all(name.isascii() and name.isidentifier() and name[0].isalpha() for name in found.values())
    assert max(map(len, found.values())) == 63 and found[long].endswith("b" * 40)
    assert found["mlp/linear_0/W"] == "mlp_linear_0_W" and found["end"] == "end_"
    assert [found["mlp/linear/0_W"], found["mlp.linear_0.W"]] == ["mlp_linear_0_W_2", "mlp_linear_0_W_3"]


def test_what_is_written_reads_back_by_its_paths(tmp_path):
    arrays = {"a/W": np.arange(6.0).reshape(2, 3), "a_W": np.float32([1, 2]), "größe\\u": np.int64(7)}
    kept = arrays | {"half": np.float16([1.5]), "flags": np.array([True, False]), "empty": np.zeros((0, 3), "f4")}
    write_mat(tmp_path / "x.mat", {"p": {"unit": kept}, "about": {"text": "größe <b>"}, "nothing": {}})
    found = read_mat(tmp_path / "x.mat", "x.mat", CheckpointError)
    assert found.keys() == {f"p/unit/{name}" for name in kept}
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[f"p/unit/{name}"].ravel(), np.ravel(array))
    assert found["p/unit/a_W"].shape == (2, 1) and found["p/unit/a_W"].dtype == "float32"
    assert found["p/unit/half"].dtype == "float32" and found["p/unit/größe\\u"].dtype == "int64"
    assert loadmat(tmp_path / "x.mat")["about"]["text"][0, 0].item() == "gr\\xf6\\xdfe <b>"


def test_a_variable_that_is_too_large_is_refused_before_anything_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(mat, "LARGEST", 100)
    with pytest.raises(UsageError, match=r"recordings has 0.0 GiB.*fewer examples, or write .npz"):
        write_mat(tmp_path / "x.mat", {"recordings": {"lstm": {"a": np.zeros(10), "b": np.zeros(10)}}})
    assert list(tmp_path.iterdir()) == []


# Into parameters.


def test_parameters_written_as_mat_come_back(tmp_path):
    one, two = net(1), net(2)
    bricks.save_parameters(one, tmp_path / "x.mat")
    assert loadmat(tmp_path / "x.mat")["parameters"]["mlp_linear_0_b"][0, 0].shape == (1, 3)
    report = bricks.load_parameters(two, tmp_path / "x.mat")
    assert not report.problems
    for path, value in values(one).items():
        found = values(two)[path]
        assert found.dtype == value.dtype
        np.testing.assert_array_equal(found, value)


def thesis(path, row_bias=False):
    """A net as a thesis in Matlab has it: columns, y = V tanh(W x + b) + c, in doubles."""
    W, b, V, c = RNG.normal(size=(3, 4)), RNG.normal(size=(3, 1)), RNG.normal(size=(2, 3)), RNG.normal(size=(2, 1))
    savemat(path, {"W": W, "b": b.T if row_bias else b, "V": V, "c": c, "note": "my thesis", "names": cell("W", "b")})
    return W, b, V, c


THESIS = {"W": "mlp/linear_0/W", "b": "mlp/linear_0/b", "V": "mlp/linear_1/W", "c": "mlp/linear_1/b"}


@pytest.mark.parametrize("row_bias", [False, True])
def test_a_net_of_columns_is_transposed_where_asked_and_computes_the_same(row_bias, tmp_path):
    W, b, V, c = thesis(tmp_path / "net.mat", row_bias)
    brick, x = net(), RNG.normal(size=(4, 5))
    report = bricks.load_parameters(brick, tmp_path / "net.mat", rename=THESIS, transpose=["mlp"])
    assert len(report.loaded) == 4 and not report.problems
    w = values(brick)
    said = np.tanh(x.T @ w["mlp/linear_0/W"] + w["mlp/linear_0/b"]) @ w["mlp/linear_1/W"] + w["mlp/linear_1/b"]
    np.testing.assert_allclose(said, (V @ np.tanh(W @ x + b) + c).T, rtol=1e-5)


def test_matrices_that_would_fit_the_other_way_round_are_told_how(tmp_path):
    thesis(tmp_path / "net.mat")
    brick = net()
    before = values(brick)
    with pytest.raises(CheckpointError) as refused:
        bricks.load_parameters(brick, tmp_path / "net.mat", rename=THESIS)
    said = str(refused.value)
    assert "mlp/linear_0/W must have shape (4, 3), got (3, 4)" in said
    assert "transpose=['mlp/linear_0/W', 'mlp/linear_1/W'] turns matrices" in said
    assert all(np.array_equal(values(brick)[path], value) for path, value in before.items())
    asked = ["mlp/linear_0/W", "mlp/linear_1/W"]
    assert not bricks.load_parameters(brick, tmp_path / "net.mat", rename=THESIS, transpose=asked).problems


def test_transpose_is_for_any_format_and_is_refused_where_there_is_nothing_to_turn(tmp_path):
    np.savez(tmp_path / "x.npz", **{"linear/W": np.ones((2, 4)), "linear/b": np.zeros(2)})
    brick = Linear(4, 2, seed=1)
    assert not bricks.load_parameters(brick, tmp_path / "x.npz", transpose=["linear"]).problems
    with pytest.raises(UsageError, match="has no matrix at 'linear/b'"):
        bricks.load_parameters(brick, tmp_path / "x.npz", transpose=["linear/b"])
    with pytest.raises(UsageError, match="has nothing at 'linea'; did you mean 'linear/"):
        bricks.load_parameters(brick, tmp_path / "x.npz", transpose=["linea"])
    with pytest.raises(UsageError, match="must be a list of paths, got 'linear'"):
        bricks.load_parameters(brick, tmp_path / "x.npz", transpose="linear")
    np.savez(tmp_path / "y.npz", **{"linear/W": np.ones((4, 2)), "linear/b": np.zeros((1, 2))})
    with pytest.raises(CheckpointError, match=r"linear/b must have shape \(2,\), got \(1, 2\)"):
        bricks.load_parameters(brick, tmp_path / "y.npz")  # only Matlab has no vectors


def test_a_net_of_cells_and_structs_is_read_by_its_places(tmp_path):
    """The shape of a net of MatConvNet's (simplenn): filters (height, width, inputs, outputs), biases rows."""
    filters, bias = RNG.normal(size=(1, 1, 4, 3)).astype("f4"), RNG.normal(size=(1, 3)).astype("f4")
    layers = cell({"type": "conv", "weights": cell(filters, bias)}, {"type": "relu"})
    savemat(tmp_path / "net.mat", {"net": {"layers": layers, "meta": {"classes": cell("a", "b")}}})
    assert read_parameters(tmp_path / "net.mat").keys() == {"net/layers/1/weights/1", "net/layers/1/weights/2"}
    brick = Linear(4, 3, seed=1)
    places = {"net/layers/1/weights/1": "linear/W", "net/layers/1/weights/2": "linear/b"}
    assert not bricks.load_parameters(brick, tmp_path / "net.mat", rename=places).problems
    np.testing.assert_array_equal(values(brick)["linear/W"], filters[0, 0])
    np.testing.assert_array_equal(values(brick)["linear/b"], bias[0])


def test_arrays_of_structs_and_sparse_matrices_are_read_too(tmp_path):
    params = np.array([("w", np.eye(2)), ("b", np.ones((1, 2)))], [("name", object), ("value", object)])
    savemat(tmp_path / "net.mat", {"params": params.reshape(1, 2), "s": csc_matrix(np.diag([1.0, 0, 2]))})
    found = read_parameters(tmp_path / "net.mat")
    assert found.keys() == {"params/1/value", "params/2/value", "s"}
    np.testing.assert_array_equal(found["s"], np.diag([1.0, 0, 2]))


def test_a_variable_of_somebody_s_own_may_be_called_names(tmp_path):
    savemat(tmp_path / "a.mat", {"names": np.eye(2), "x": np.ones((1, 1))})
    assert read_parameters(tmp_path / "a.mat").keys() == {"names", "x"}
    savemat(tmp_path / "b.mat", {"names": np.array([["x", "\\x"]], object), "x": np.ones((1, 1))})
    assert read_parameters(tmp_path / "b.mat").keys() == {"x"}


def test_what_is_no_mat_file_or_a_newer_one_is_refused(tmp_path):
    path = tmp_path / "x.mat"
    with pytest.raises(CheckpointError, match="can't be read: No such file"):
        read_parameters(path)
    thesis(path)
    whole = path.read_bytes()
    for content in (b"", b"no such thing", whole[:200], whole[:400], whole[:140] + b"\xff" * 40 + whole[180:]):
        path.write_bytes(content)
        with pytest.raises(CheckpointError, match="x.mat: is no .mat of Matlab's versions 4 to 7, or damaged"):
            read_parameters(path)
    path.write_bytes(b"MATLAB 7.3 MAT-file".ljust(124) + bytes([0, 2]) + b"IM" + bytes(400))
    with pytest.raises(CheckpointError, match=r"x.mat: is of Matlab's version 7.3; save it there with .*'-v7'"):
        read_parameters(path)


# The other side itself.


@octave
def test_octave_computes_a_net_that_it_is_given_and_gives_one_back(tmp_path):
    brick, x = net(), RNG.normal(size=(5, 4)).astype("float32")
    bricks.save_parameters(brick, tmp_path / "net.mat")
    write_mat(tmp_path / "x.mat", {"x": x})
    code = f"""
        cd('{tmp_path}'); x = load('x.mat').x; load('net.mat'); p = parameters;
        y = tanh(x * p.mlp_linear_0_W + p.mlp_linear_0_b) * p.mlp_linear_1_W + p.mlp_linear_1_b;
        names{{strcmp(names(:, 1), 'parameters.mlp_linear_1_b'), 2}}
        layers = {{struct('W', p.mlp_linear_0_W', 'b', p.mlp_linear_0_b'), struct('W', single(y))}};
        save('-v7', 'back.mat', 'y', 'layers');
    """
    assert "parameters/mlp/linear_1/b" in said_by("octave", "--no-gui", "-q", code=code)
    w = values(brick)
    expected = np.tanh(x @ w["mlp/linear_0/W"] + w["mlp/linear_0/b"]) @ w["mlp/linear_1/W"] + w["mlp/linear_1/b"]
    np.testing.assert_allclose(loadmat(tmp_path / "back.mat")["y"], expected, rtol=1e-5)
    other = Linear(4, 3, seed=5)
    found = {"layers/1/W": "linear/W", "layers/1/b": "linear/b"}
    report = bricks.load_parameters(other, tmp_path / "back.mat", partial=True, rename=found, transpose=["linear"])
    assert set(report.unknown) == {"layers/2/W", "y"}
    np.testing.assert_array_equal(values(other)["linear/W"], w["mlp/linear_0/W"])
    np.testing.assert_array_equal(values(other)["linear/b"], w["mlp/linear_0/b"])
