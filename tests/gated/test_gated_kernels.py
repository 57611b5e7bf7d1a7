"""Every wiring becomes kernels, forwards and backwards, that compute what XLA's loops do."""

import numpy as np
import oracle
import pytensor
import pytensor.tensor as pt
import pytest
import yaml
from gated_cases import (
    BATCH,
    CASES,
    DIM,
    MASK,
    TIME,
    apply,
    assert_same,
    compiled,
    floats,
    inputs_of,
    make,
    parameters_of,
)
from pytensor.tensor.math import Dot

import bricks
from bricks.engine.kernel.lowering import rewritten
from bricks.engine.linker import XLA
from bricks.engine.recurrences import Recurrence
from bricks.gated.notation import wiring_of


def reasons(f):
    """Why the recurrences of a compiled function are loops of XLA's; "" for those that are kernels."""
    return [node.op.loop for node in f.maker.fgraph.apply_nodes if isinstance(node.op, Recurrence)]


def by_loops(f, *values):
    """What a compiled function gives when its recurrences are XLA's loops."""
    f.vm.jit_fn.fn.clear_cache()
    with pytensor.config.change_flags(cxx=""):
        results = f(*values)
    assert set(reasons(f)) == {"there is no C++ compiler"}
    return results


def everything(unit, dtype, training=False, **how):
    """All of a trace and the gradients of a cost of it, in one function, and values for its inputs."""
    rng = np.random.default_rng(4)
    with floats(dtype):
        sequences = inputs_of(unit, dtype)
        trace = apply(unit, sequences, **how)
        weights = {3: rng.normal(size=(TIME, BATCH, DIM)), 2: rng.normal(size=(BATCH, DIM))}
        cost = pt.add(*[(v * weights[v.type.ndim].astype(dtype)).sum() for v in trace.values()])
        results = [*trace.values(), cost, *bricks.grad(cost, [*unit.all_parameters().values(), *sequences.values()])]
        f = bricks.function(list(sequences.values()), bricks.training_graph(results).outputs if training else results)
    return f, [rng.normal(size=(TIME, BATCH, v.type.shape[-1])).astype(dtype) for v in sequences.values()]


NOISY = {"zoneout": {"output": 0.25, "cell": 0.5}, "recurrent_dropout": 0.3}
NORMAL = {"layer_normalization": "joint", "epsilon": 1e-3}
SEPARATE = {"layer_normalization": "separate", "epsilon": 1e-3, "zoneout": {"output": 0.25, "cell": 0.5}}
CLAMPS = {"input_gate": np.linspace(0, 1, BATCH * DIM).reshape(BATCH, DIM), "forget_gate": 0.75}
WAYS = {
    "full gate recurrence": ("lstm_full_gate_recurrence(peepholes)", "float32", {}, {}),
    "gru(source), masked": ("gru(source)", "float64", {}, {"mask": MASK}),
    "modulated membrane, reversed": ("modulated_membrane(input,output)", "float32", {}, {"reverse": True}),
    "normalised jointly, masked": ("lstm_peephole", "float64", NORMAL, {"mask": MASK}),
    "normalised separately, zoneout": ("lstm_peephole", "float32", SEPARATE, {"reverse": True}),
    "clamped": ("lstm", "float64", {}, {"clamp": CLAMPS, "mask": MASK}),
    "zoneout and dropout in training": ("lstm_peephole", "float32", NOISY, {"training": True}),
}


@pytest.mark.parametrize("case", CASES)
def test_every_wiring_is_kernels_forwards_and_backwards(case):
    it = compiled(case)
    it()
    assert reasons(it.f) == [""] * len(reasons(it.f)) and len(reasons(it.f)) >= 2


@pytest.mark.parametrize("way", WAYS)
def test_kernels_give_all_values_and_gradients_of_xlas_loops(way):
    case, dtype, settings, how = WAYS[way]
    how = {k: v.astype(dtype) if isinstance(v, np.ndarray) else v for k, v in how.items()}
    unit = make(CASES[case].unit().wiring, CASES[case].sequences, dtype=dtype, **settings)
    f, values = everything(unit, dtype, **how)
    kept = {v: v.get_value() for v in f.get_shared()}  # random states go on from call to call
    found = f(*values)
    assert reasons(f) == ["", ""]
    for v, value in kept.items():
        v.set_value(value)
    for k, (a, b) in enumerate(zip(found, by_loops(f, *values), strict=True)):
        assert a.dtype == b.dtype == dtype and a.shape == b.shape
        far = np.abs(a - b).max() / max(np.abs(b).max(), 1e-3)
        assert far <= {"float32": 2e-5, "float64": 1e-12}[dtype], f"result {k} is {far:.1e} away"


INVENTED = """
neurons:
  candidate: {sees: [input, output], activation: tanh}
  opening: {sees: [input, output]}
  closing: {sees: {input: dense, output: diagonal}}
  third: {sees: {input: dense, opening: dense}}
dendrite: [{multiply: opening}, {subtract: closing}]
body: [{multiply: third}]
"""


def invented(p, now, was, hold):
    x, h, c = now["input"], was["output"], was["cell"]
    opening = oracle.sigma(oracle.xh(p, "opening", x, h))
    closing = oracle.sigma(x @ p["closing/W_input"] + h * p["closing/w_output"] + p["closing/b"])
    third = oracle.sigma(x @ p["third/W_input"] + opening @ p["third/W_opening"] + p["third/b"])
    z = np.tanh(oracle.xh(p, "candidate", x, h))
    new_c = third * c + opening * z - closing
    neurons = {"candidate": z, "opening": opening, "closing": closing, "third": third}
    return {"output": np.tanh(new_c), "cell": new_c, **neurons}


@pytest.fixture(scope="module")
def invention():
    """A wiring that nobody wrote a kernel for, compiled with all its gradients."""
    unit = make(wiring_of(yaml.safe_load(INVENTED)))
    return unit, *everything(unit, "float64")


def test_an_invented_wiring_is_kernels_that_compute_its_equations(invention):
    unit, f, (x,) = invention
    found = f(x)
    assert reasons(f) == ["", ""]
    wanted = oracle.loop(invented, parameters_of(unit), {"input": x}, ("output", "cell"))
    assert_same(dict(zip(unit(pt.dtensor3()), found, strict=False)), wanted)


def test_an_invented_wiring_has_the_gradients_that_finite_differences_say(invention):
    unit, f, (x,) = invention
    parameters = list(unit.all_parameters().values())
    gradients, rng = f(x)[-len(parameters) - 1 :], np.random.default_rng(6)
    for variable, gradient in zip(parameters, gradients, strict=False):
        value, step = variable.get_value(), rng.normal(size=variable.type.shape)
        ends = []
        for sign in (1, -1):
            variable.set_value(value + sign * 1e-5 * step)
            ends.append(f(x)[-len(parameters) - 2])
        variable.set_value(value)
        far = abs((ends[0] - ends[1]) / 2e-5 - (gradient * step).sum())
        assert far <= 1e-7 * max(1, np.linalg.norm(gradient) * np.linalg.norm(step)), variable.name


def test_an_invented_wiring_multiplies_as_its_connections_need(invention):
    """By what the output, the input and the opening gate are seen through: three matrices, forwards and backwards."""
    _, f, _ = invention
    loops = [node for node in f.maker.fgraph.toposort() if isinstance(node.op, Recurrence)]
    found = [sum(isinstance(inner.op, Dot) for inner in rewritten(node.op, XLA).apply_nodes) for node in loops]
    assert found == [3, 2]
