"""What a config's `training.monitor` asks for, against NumPy."""

import numpy as np
import pytensor.tensor as pt
import pytest

from bricks import ComputationGraph
from bricks.errors import UsageError
from bricks.gated import LSTM
from bricks.layers import MLP, Logistic, Rectifier, SquaredError, Tanh
from bricks.training import GradientDescent, Scale, observations

X = np.random.default_rng(0).normal(size=(6, 3)).astype("float32")
T = np.random.default_rng(1).normal(size=(6, 2)).astype("float32")


@pytest.fixture
def net():
    x, t = pt.matrix("x", dtype="float32"), pt.matrix("t", dtype="float32")
    mlp = MLP([Rectifier(), Tanh(), None], [3, 4, 5, 2], seed=1)
    return mlp, SquaredError()(t, mlp(x))


def test_activations_and_norms_are_those_of_the_definitions(net):
    mlp, cost = net
    asked = {
        "mean": ["mlp/tanh"],
        "dead": ["*rectifier*"],
        "saturated": ["mlp/tanh.output"],
        "gradient_norm": ["*/W"],
        "update_norm": ["mlp/linear_2/?"],
        "norm": ["mlp/linear_0/W"],
    }
    descent = GradientDescent(
        cost, step_rule=Scale(0.1), monitored=observations.activations(ComputationGraph(cost), asked)
    )
    for name, aggregation in observations.steps(descent, asked).items():
        descent.monitor(name, aggregation)
    W, b = ([p.get_value() for n, p in mlp.all_parameters().items() if n.endswith(end)] for end in ("W", "b"))
    descent.process_batch({"x": X, "t": T})
    row = descent.read_monitored()
    h1 = np.maximum(X @ W[0] + b[0], 0)
    h2 = np.tanh(h1 @ W[1] + b[1])
    error = 2 * (h2 @ W[2] + b[2] - T) / len(X)
    assert row["mean/mlp/tanh.output"] == pytest.approx(h2.mean(), rel=1e-5)
    assert row["dead/mlp/rectifier.output"] == pytest.approx((h1 <= 0).all(axis=0).mean())
    assert row["saturated/mlp/tanh.output"] == pytest.approx((np.abs(h2) >= 0.9).mean())
    assert row["norm/mlp/linear_0/W"] == pytest.approx(np.linalg.norm(W[0]), rel=1e-5)
    assert row["gradient_norm/mlp/linear_2/W"] == pytest.approx(np.linalg.norm(h2.T @ error), rel=1e-5)
    assert row["update_norm/mlp/linear_2/b"] == pytest.approx(0.1 * np.linalg.norm(error.sum(0)), rel=1e-5)
    assert {"gradient_norm/mlp/linear_0/W", "gradient_norm/mlp/linear_1/W", "update_norm/mlp/linear_2/W"} <= set(row)


def test_gates_that_nothing_else_uses_can_be_asked_for():
    x = pt.tensor("x", shape=(None, None, 3), dtype="float32")
    unit = LSTM(3, 4, seed=1)
    trace = unit(x)
    cost = (trace.final_output**2).mean()
    asked = {"mean": ["lstm.*gate"], "saturated": ["lstm.forget_gate", "lstm.candidate"]}
    entries = observations.activations(ComputationGraph(cost), asked)
    gates = [f"mean/lstm.{name}_gate" for name in ("input", "forget", "output")]
    assert sorted(entries) == sorted([*gates, "saturated/lstm.forget_gate", "saturated/lstm.candidate"])
    descent = GradientDescent(cost, monitored={"forget": trace.forget_gate.mean()} | entries)
    descent.process_batch({"x": X.reshape(2, 3, 3) * 20})
    row = descent.read_monitored()
    assert row["mean/lstm.forget_gate"] == row["forget"] != 0.5
    assert 0 < row["saturated/lstm.forget_gate"] <= 1


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"mean": ["mlp/tan"]}, "monitor: mean 'mlp/tan' fits no output of a brick; did you mean 'mlp/tanh.output'"),
        (
            {"saturated": ["mlp/linear_0"]},
            "saturated 'mlp/linear_0' fits mlp/linear_0.output, of which no range is known",
        ),
        ({"norm": ["mlp/linear_9/W"]}, "monitor: norm 'mlp/linear_9/W' fits no parameter; did you mean"),
    ],
)
def test_a_pattern_that_fits_nothing_is_told_what_there_is(net, asked, message):
    with pytest.raises(UsageError, match=message):
        observations.activations(ComputationGraph(net[1]), asked)
        observations.steps(GradientDescent(net[1]), asked)


def test_bounds_are_those_of_the_function():
    assert Logistic().bounds("output") == (0, 1) and Rectifier().bounds("output") is None
    assert LSTM(3, 4, seed=1).bounds("candidate") == (-1, 1) and LSTM(3, 4, seed=1).bounds("cell") is None
