"""Checked gradients: right ones pass with all that training has, wrong ones are named, corners are no false alarm."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.gradient import grad_scale
from small_lab import REPOSITORY, make_lab

from bricks import engine
from bricks.errors import UsageError
from bricks.layers import (
    MLP,
    BatchNormalization,
    CategoricalCrossEntropy,
    Dropout,
    GaussianNoise,
    Linear,
    Rectifier,
    Sequence,
    Tanh,
)
from bricks.training import check_gradients, given
from bricks.training import config as configs
from bricks.training.command import main
from bricks.training.gradients import check_config
from bricks.training.lab import Lab


@pytest.fixture
def float64():
    with pytensor.config.change_flags(floatX="float64"):
        yield


def classification(net):
    x, t = pt.dmatrix("x"), pt.ivector("t")
    rng = np.random.default_rng(0)
    batch = {"x": rng.normal(size=(6, 4)), "t": rng.integers(0, 3, 6).astype("int32"), "more": None}
    return CategoricalCrossEntropy()(t, net(x)), batch


def test_noise_statistics_of_batches_and_rectifiers_are_no_trouble(float64):
    parts = [
        Linear(4, 5),
        BatchNormalization(5),
        Rectifier(),
        Dropout(0.5),
        GaussianNoise(0.1),
        Linear(5, 3),
    ]
    net = Sequence(parts, seed=1)
    cost, batch = classification(net)
    before = {path: p.get_value() for path, p in net.all_parameters().items()}
    checks = check_gradients(cost, batch)
    assert [check.verdict for check in checks] == ["right"] * 6
    assert max(check.error for check in checks) < 1e-5
    for path, p in net.all_parameters().items():
        np.testing.assert_array_equal(p.get_value(), before[path])
    assert net.random_state.step.get_value() == 0


class Wrong(Tanh):
    """Tanh whose gradient is a little too large."""

    def activate(self, input_):
        return grad_scale(super().activate(input_), 1.001)


def test_a_gradient_wrong_by_a_thousandth_is_seen_where_it_goes(float64):
    mlp = MLP([Tanh(), Wrong(), None], [4, 3, 3, 3], seed=1)
    cost, batch = classification(mlp)
    checks = check_gradients(cost, batch)
    assert {check.parameter.name: check.verdict for check in checks} == {
        "mlp/linear_0/W": "wrong", "mlp/linear_0/b": "wrong", "mlp/linear_1/W": "wrong",
        "mlp/linear_1/b": "wrong", "mlp/linear_2/W": "right", "mlp/linear_2/b": "right",
    }  # fmt: skip
    assert checks[0].error == pytest.approx(1e-3, rel=0.1)


def shared(*values):
    return engine.shared(np.array(values), name="w")


def verdict(cost, w, batch=None, **settings):
    (check,) = check_gradients(cost, batch or {}, [w], **settings)
    return check.verdict


def test_a_single_wrong_entry_is_seen():
    w = shared(*np.linspace(1, 2, 50))
    ones, factor = np.ones(50), np.ones(50)
    factor[7] = 1.01
    cost = (ones * grad_scale(w, 1.0) ** 2).sum()
    assert verdict(cost, w) == "right"
    bent = pt.switch(factor > 1, grad_scale(w, 1.01), w)
    assert verdict((bent**2).sum(), w) == "wrong"


def test_at_a_corner_any_slope_between_those_of_the_sides_will_do():
    w = shared(0.0, 0.0, 0.0)
    assert verdict(pt.maximum(w, 0).sum(), w) == "corner"
    assert verdict(pt.maximum(w, 3 * w).sum(), w) == "corner"
    assert verdict(pt.abs(w).sum(), w) == "right"  # whose gradient is the mean of both sides
    assert verdict(3 * grad_scale(pt.abs(w - 1), 2).sum(), w) == "wrong"
    assert verdict(pt.maximum(grad_scale(w, 1.5), 0).sum(), w) == "wrong"


def test_a_corner_nearby_is_stepped_over():
    w = shared(3e-6, -3e-6, 1.0)
    assert verdict(pt.maximum(w, 0).sum(), w) == "right"


def test_what_has_no_influence_is_right_and_what_should_have_none_is_seen():
    w = shared(1.0, 2.0)
    flat = pt.sum(pt.exp(100 + w - w))
    assert verdict(flat, w) == "right"
    assert verdict(pt.cos(w).sum() * 1e-9 + 1.0, w) == "right"
    assert verdict(grad_scale(w, 0).sum(), w) == "wrong"


def test_a_scalar_and_a_missing_source():
    x, w = pt.dvector("x"), engine.shared(np.array(0.5), name="w")
    cost = ((x * w) ** 2).sum()
    assert verdict(cost, w, {"x": np.ones(2)}) == "right"
    with pytest.raises(UsageError, match="the batch lacks 'x'; did you mean|the batch lacks 'x'; there are"):
        check_gradients(cost, {"y": np.ones(2)}, [w])


def test_float32_cannot_tell_and_is_refused():
    w = engine.shared(np.float32([1.0]), name="w")
    with pytest.raises(
        UsageError, match="must be float64, where differences can tell, got float32; set pytensor.config"
    ):
        check_gradients((w**2).sum(), {}, [w])


@pytest.fixture
def lab(tmp_path):
    return make_lab(tmp_path / "lab")


def test_the_command_prints_a_table_and_writes_nothing(lab, capsys):
    assert main(["blobs", "--check-gradients", "model.batch_normalization=true"], lab) == 0
    out = capsys.readouterr().out
    lines = out.splitlines()
    assert lines[1] == "blobs: gradients in float64, on 8 examples, beside central differences"
    assert lines[2].split() == ["parameter", "shape", "relative", "error", "verdict"]
    assert [line.split()[0] for line in lines[3:-1]] == [
        "mlp/linear_0/W", "mlp/linear_0/b", "mlp/batch_normalization_0/scale",
        "mlp/batch_normalization_0/shift", "mlp/linear_1/W", "mlp/linear_1/b",
    ]  # fmt: skip
    assert all(line.endswith("right") for line in lines[3:-1])
    assert lines[-1] == "none of the 6 gradients is wrong"
    assert not (lab / "runs").exists() and engine.floatX() == "float32"


def test_the_command_names_the_parameter_its_brick_and_where_to_look(lab, capsys):
    model = lab / "models" / "mlp.py"
    text = model.read_text().replace("    logits = mlp(features)", "    logits = grad_scale(mlp(features), 0.9)")
    model.write_text(text.replace("import bricks\n", "import bricks\nfrom pytensor.gradient import grad_scale\n", 1))
    assert main(["blobs", "--check-gradients", "model.hidden=[6]", "model.dropout=0"], lab) == 1
    out = capsys.readouterr().out
    assert "wrong: mlp/linear_0/W of mlp/linear_0 (Linear): along " in out
    assert out.splitlines()[-1] == "4 of 4 gradients are wrong; look first at what is computed from mlp/linear_1/b"


def test_a_batch_that_is_smaller_is_taken_whole(lab, capsys):
    assert main(["blobs", "--check-gradients", "dataset.batch_size=3", "model.hidden=[]"], lab) == 0
    assert "in float64, on 3 examples" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(path.stem for path in (REPOSITORY / "configs").glob("*.yaml")))
def test_all_gradients_of_every_config_are_right(name, capsys):
    lab = Lab(REPOSITORY)
    found = given.load(lab.config_path(name), lab)
    if found.is_sweep:
        pytest.skip("a sweep of models that have configs of their own")
    assert check_config(configs.validated(found, lab, name), lab) == 0
    assert "wrong" not in capsys.readouterr().out.replace("is wrong", "")


def test_the_command_checks_a_config_and_not_a_run(lab, capsys):
    assert main(["--resume", "runs/blobs/1", "--check-gradients"], lab) == 2
    assert "--check-gradients is for a CONFIG, not for a run that goes on" in capsys.readouterr().err
