"""Units that compute segments again for their backward pass: the numbers of those that keep everything."""

import numpy as np
import pytensor.tensor as pt
import pytest
from gated_cases import BATCH, DIM, INPUT, apply, floats, inputs_of, randomised

import bricks
from bricks import training_graph
from bricks.engine.recurrences import Recurrence
from bricks.gated import build

LENGTHS = (6, 7)  # two segments of three steps, two of them and one step more
ROW, ROWS = np.linspace(0.1, 0.9, DIM), np.linspace(0.1, 0.9, BATCH * DIM).reshape(BATCH, DIM)
OVER_TIME = "over time"  # a sequence that is differentiated by, too

UNITS = {
    "lstm, masked": ("lstm_peephole", {}, {}, {"mask": True}),
    "gru, from last to first": ("gru", {}, {}, {"mask": True, "reverse": True}),
    "given first states": ("lstm", {}, {"learned_initial": False}, {"initial": {"output": ROW, "cell": ROWS}}),
    "noise": ("lstm", {}, {"zoneout": {"cell": 0.2, "output": 0.3}, "recurrent_dropout": 0.25}, {"training": True}),
    "clamps": (
        "lstm",
        {},
        {},
        {"clamp": {"input_gate": 0.5, "forget_gate": ROWS, "output_gate": OVER_TIME, "candidate": ROW}},
    ),
    "nudges": ("lstm", {}, {}, {"nudge": {"cell": OVER_TIME, "forget_gate": OVER_TIME}, "reverse": True}),
    "neurons that see sequences alone": ("modulated_membrane", {"modulator": 2}, {}, {}),
    "several sequences": ("lgn", {"feedback": 3, "hippocampus": 2}, {}, {}),
    "layers in gates": ("deep_gates", {}, {"hidden": (5,)}, {}),
    "layer normalization": ("lstm", {}, {"layer_normalization": "separate"}, {}),
    "gates of the step before": ("lstm_full_gate_recurrence", {}, {}, {}),
}


def graph(of, backward, dtype):
    """Inputs, and the trace with gradients of a cost of all of it by all parameters and sequences."""
    name, widths, settings, how = UNITS[of]
    how = dict(how)
    with floats(dtype):
        unit = build(name, INPUT, DIM, dict(widths), seed=1, backward=backward, **settings)
        randomised(unit)
        sequences = inputs_of(unit, dtype)
        over_time = pt.tensor("over_time", shape=(None, None, DIM), dtype=dtype)
        mask = pt.tensor("mask", shape=(None, None), dtype=dtype)
        for what in {"clamp", "nudge"} & set(how):
            how[what] = {n: over_time if isinstance(v, str) else v for n, v in how[what].items()}
        training = how.pop("training", False)
        how |= {"mask": mask} if how.pop("mask", False) else {}
        trace = list(apply(unit, sequences, **how).values())
        cost = pt.add(*[(v**2).mean() * (k + 1) for k, v in enumerate(trace)])
        outputs = [cost, *trace]
        outputs = training_graph(outputs).outputs if training else outputs
        wrt = [*unit.all_parameters().values(), *sequences.values(), over_time]
        gradients = bricks.grad(outputs[0], wrt, disconnected_inputs="ignore")
        f = bricks.function([*sequences.values(), over_time, mask], [*outputs, *gradients], on_unused_input="ignore")
    return unit, f


def values(unit, time, dtype):
    rng = np.random.default_rng(time)
    widths = [unit.input_dim, *unit.sequences.values(), DIM]
    given = [rng.uniform(0, 1, size=(time, BATCH, width)) for width in widths]
    return [v.astype(dtype) for v in [*given, rng.random((time, BATCH)) > 0.3]]


QUICK = ("clamps",)


@pytest.mark.parametrize("of", [pytest.param(of, marks=() if of in QUICK else pytest.mark.slow) for of in UNITS])
def test_traces_and_gradients_equal_those_of_a_unit_that_keeps_everything(of):
    (unit, saved), (_, recomputed) = (graph(of, backward, "float64") for backward in ("saved", "recomputed"))
    for time in LENGTHS:
        given = values(unit, time, "float64")
        for wanted, got in zip(saved(*given), recomputed(*given), strict=True):
            assert got.shape == wanted.shape
            np.testing.assert_allclose(got, wanted, rtol=1e-11, atol=1e-13)


@pytest.mark.slow
def test_in_float32_they_are_close():
    (unit, saved), (_, recomputed) = (
        graph("lstm, masked", backward, "float32") for backward in ("saved", "recomputed")
    )
    given = values(unit, 16, "float32")
    for wanted, got in zip(saved(*given), recomputed(*given), strict=True):
        assert got.dtype == "float32"
        np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-5)


def test_nothing_of_the_length_of_the_sequence_is_kept_that_is_wider_than_the_input():
    """Neither products nor gates: the loops that are left outside go over states, one a segment, and the input."""
    x = pt.tensor("x", shape=(64, BATCH, INPUT), dtype="float32")
    with floats("float32"):
        unit = build("lstm", INPUT, DIM, seed=1, backward="recomputed")
        cost = (unit(x).final_output ** 2).sum()
        f = bricks.function([x], bricks.grad(cost, list(unit.all_parameters().values())))
    nodes = f.maker.fgraph.toposort()
    assert sum(isinstance(node.op, Recurrence) for node in nodes) == 2
    shapes = [v.type.shape for node in nodes for v in node.outputs if None not in v.type.shape]
    assert max(np.prod(shape) for shape in shapes) <= 64 * BATCH * INPUT
