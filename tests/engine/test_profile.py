"""Seconds by brick: what XLA's instructions took, each under the brick that it comes from."""

import os
import subprocess
import sys

import numpy as np
import pytensor.tensor as pt
import pytest

import bricks
from bricks.engine.profiles import BETWEEN, NOBODY, Profiler, bricks_of
from bricks.errors import UsageError
from bricks.gated import LSTM
from bricks.layers import MLP, CategoricalCrossEntropy, Tanh
from bricks.training import GradientDescent, Momentum


def rows(profile):
    return {row.name: row for row in profile.rows}


def test_a_table_of_bricks_adds_up_to_the_calls():
    x = pt.tensor("x", shape=(None, 400), dtype="float32")
    mlp = MLP([Tanh(), None], [400, 600, 4], seed=1)
    cost = (mlp(x) ** 2).mean()
    outputs = [cost, *bricks.grad(cost, list(mlp.all_parameters().values()))]
    step = bricks.function([x], outputs, name="step", profile=True)
    batch = np.random.default_rng(1).normal(size=(256, 400)).astype("float32")
    for _ in range(4):
        results = step(batch)
    profile = step.profile()
    assert profile.calls == profile.traced == 3  # the first one compiles
    found = rows(profile)
    wide, narrow = found["mlp/linear_0"], found["mlp/linear_1"]
    assert wide.calls == narrow.calls == 3
    assert wide.seconds > narrow.seconds > 0  # of 100 times the arithmetic
    assert 0 < wide.gradient < wide.seconds
    assert NOBODY in found  # the mean of squares is nobody's
    assert sum(row.seconds for row in profile.rows) >= 0.999 * profile.traced_seconds
    assert profile.seconds >= profile.traced_seconds > 0

    text = str(profile).splitlines()
    assert text[0].startswith("step: 3 calls in ") and text[1].split() == [
        "seconds",
        "share",
        "gradient",
        "calls",
        "brick",
    ]
    assert any(line.endswith("  mlp/linear_0") for line in text) and any(line.endswith(NOBODY) for line in text)
    shares = [float(line.split()[1].rstrip("%")) for line in text[2:]]
    assert abs(sum(shares) - 100) < 1

    for ours, theirs in zip(results, bricks.function([x], outputs)(batch), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_what_was_not_profiled_says_how():
    x = pt.fvector("x")
    with pytest.raises(UsageError, match=r"double: was not profiled; compile it with bricks.function\(.*profile=True"):
        bricks.function([x], 2 * x, name="double").profile()
    once = bricks.function([x], 2 * x, name="double", profile=True)
    once(np.ones(2, "float32"))
    assert str(once.profile()) == "double: 0 calls, none of them traced: call it again, the first one compiles"


@pytest.mark.slow
def test_a_training_step_has_its_rule_its_guard_and_the_kernel_of_a_loop():
    x, t = pt.tensor("x", shape=(6, None, 3), dtype="float32"), pt.ivector("t")
    unit = LSTM(3, 4, seed=1)
    descent = GradientDescent(CategoricalCrossEntropy()(t, unit(x).final_output), step_rule=Momentum(0.1))
    descent._compile()
    descent._step.profiler = Profiler("training step")
    batch = {"x": np.ones((6, 5, 3), "float32"), "t": np.zeros(5, "int32")}
    for _ in range(3):
        descent.process_batches([batch, batch])
    found = rows(descent._step.profile())
    assert {"lstm", "categorical_cross_entropy", "step rule", "guard"} <= set(found)
    assert found["lstm"].calls == 4 and found["lstm"].gradient > 0  # two calls of two steps
    assert found["step rule"].gradient == 0


PROGRAM = """\
HloModule jit_step, is_scheduled=true

%fused_computation (p.0: f32[4], p.1: pred[]) -> f32[4] {
  %p.1 = pred[] parameter(1)
  %broadcast.1 = pred[4]{0} broadcast(%p.1), dimensions={}, metadata={op_name="jit(step)/[guard]/select_n"}
  %p.0 = f32[4]{0} parameter(0)
  %add.2 = f32[4]{0} add(%p.0, %p.0), metadata={op_name="jit(step)/[net/linear]/add"}
  ROOT %tanh.3 = f32[4]{0} tanh(%add.2), metadata={op_name="jit(step)/[net/tanh]/tanh"}
}

%body (arg: (f32[4])) -> (f32[4]) {
  %arg = (f32[4]{0}) parameter(0)
  ROOT %exp.9 = (f32[4]{0}) exponential(%arg), metadata={op_name="jit(step)/[lstm]/while/body/[lstm/gate|gradient]/exp"}
}

ENTRY %main (x: f32[4], ok: pred[]) -> f32[4] {
  %x = f32[4]{0} parameter(0)
  %ok = pred[] parameter(1)
  %loop = (f32[4]{0}) while(%x), condition=%never, body=%body, metadata={op_name="jit(step)/[lstm]/while"}
  %sum.4 = f32[4]{0} add(%x, %x), metadata={op_name="jit(step)/add"}
  ROOT %fusion = f32[4]{0} fusion(%x, %ok), kind=kLoop, calls=%fused_computation, metadata={op_name="[net/tanh]/tanh"}
}
"""


def test_instructions_belong_to_the_innermost_name_and_fusions_to_their_first_work():
    found = bricks_of(PROGRAM)
    assert found["exp.9"] == "lstm/gate|gradient" and found["fusion"] == "net/linear" and "sum.4" not in found


@pytest.mark.slow
def test_the_flag_prints_the_table_when_the_process_ends():
    code = (
        "import bricks, numpy as np, pytensor.tensor as pt\n"
        "from bricks.layers import Tanh\n"
        "x = pt.fmatrix('x')\n"
        "f = bricks.function([x], Tanh()(x).sum(), name='squash')\n"
        "for _ in range(3): f(np.ones((50, 50), 'float32'))\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"THEANO_FLAGS": "profile=True"}, capture_output=True, text=True
    )
    assert told.returncode == 0 and told.stdout == ""
    assert "squash: 2 calls in " in told.stderr and "  tanh" in told.stderr and BETWEEN in told.stderr
