"""What is compiled: no trace that nobody uses, and as few products a step as the wiring allows."""

import pytensor
import pytensor.tensor as pt
import pytest
from gated_cases import CASES, unit_of
from pytensor.tensor.math import Dot

import bricks
from bricks.engine.kernel.lowering import rewritten
from bricks.engine.linker import XLA
from bricks.engine.recurrences import Recurrence


def loops(unit, outputs, kernels=True):
    """The recurrences of what is compiled for `outputs(trace)`, forward ones first; without kernels, XLA's loops."""
    x = pt.tensor("x", shape=(None, None, unit.input_dim), dtype="float32")
    with pytensor.config.change_flags(**({} if kernels else {"cxx": ""})):
        f = bricks.function([x], outputs(unit(x)), mode="FAST_RUN")
    found = [node for node in f.maker.fgraph.apply_nodes if isinstance(node.op, Recurrence)]
    return sorted(found, key=lambda node: "gradient" in node.op.name)


def products(node):
    """Products of a step, as it is compiled."""
    return sum(isinstance(inner.op, Dot) for inner in rewritten(node.op, XLA).apply_nodes)


def gradients(unit):
    return lambda trace: bricks.grad(trace.output.sum(), list(unit.all_parameters().values()))


def test_traces_that_nobody_uses_are_not_compiled():
    unit = unit_of("lstm", "float32")
    states = 2
    (loop,) = loops(unit, lambda trace: trace.output)
    assert len(loop.outputs) == states + 1
    (loop,) = loops(unit, lambda trace: [trace.output, trace.forget_gate])
    assert len(loop.outputs) == states + 2
    (loop,) = loops(unit, lambda trace: trace.final_cell)
    assert len(loop.outputs) == states


@pytest.mark.parametrize(("case", "number"), [("lstm", 1), ("gru(source)", 2), ("gru(product)", 1)])
def test_training_does_as_many_products_a_step_backward_as_forward(case, number):
    unit = unit_of(case, "float32")
    forward, backward = loops(unit, gradients(unit), kernels=False)
    assert (products(forward), products(backward)) == (number, number)
    forward, backward = loops(unit, gradients(unit))
    assert (products(forward), products(backward)) == (number + 1, number), "a kernel multiplies its input itself"


@pytest.mark.parametrize(
    ("case", "number"),
    [
        ("lstm", 1),
        ("lstm_peephole", 1),
        ("lstm_coupled", 1),
        ("gru(source)", 2),
        ("gru(product)", 1),
        ("mgu", 2),
        ("janet", 1),
        ("sub_lstm", 1),
        ("simple", 1),
        ("independent", 0),
        ("lstm_sensory", 1),
        ("lstm_full_gate_recurrence(peepholes)", 4),
    ],
)
def test_there_is_one_product_a_step_for_each_source_that_is_multiplied(case, number):
    (loop,) = loops(unit_of(case, "float32"), lambda trace: trace.output, kernels=False)
    assert products(loop) == number
    (kernel,) = loops(unit_of(case, "float32"), lambda trace: trace.output)
    inside = case != "lstm_sensory"  # what its gates see is no product of the input, and comes computed
    assert products(kernel) == number + inside, "a kernel multiplies its input itself, once for all that see it"


def test_what_sees_sequences_alone_is_computed_outside_the_loop():
    unit = unit_of("modulated_membrane", "float32")
    x, m = (pt.tensor(n, shape=(None, None, width), dtype="float32") for n, width in (("x", 4), ("m", 2)))
    with pytensor.config.change_flags(cxx=""):  # a kernel does that work where its rows are in the cache
        f = bricks.function([x, m], unit(x, modulator=m).output)
    (loop,) = [node for node in f.maker.fgraph.apply_nodes if isinstance(node.op, Recurrence)]
    assert products(loop) == 1
    assert not any("sigmoid" in str(node.op).lower() for node in loop.op.fgraph.apply_nodes)
    assert CASES["modulated_membrane"].sequences == {"modulator": 2}
