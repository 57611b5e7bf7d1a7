"""A neuron held at a value: the unit is what its equations give with that value in the neuron's place."""

import numpy as np
import oracle
import pytensor.tensor as pt
import pytest
from gated_cases import (
    BATCH,
    DIM,
    MASK,
    TIME,
    apply,
    assert_same,
    expected,
    floats,
    inputs_of,
    make,
    parameters_of,
    run,
    unit_of,
    values_for,
)

import bricks
from bricks.gated import Connection, Neuron, Wiring, multiply

RNG = np.random.default_rng(4)
SHAPES = {"number": (), "(dim,)": (DIM,), "(batch, dim)": (BATCH, DIM), "(time, batch, dim)": (TIME, BATCH, DIM)}
VALUES = {shown: RNG.uniform(0, 1, shape) for shown, shape in SHAPES.items()}


@pytest.mark.parametrize("shown", VALUES)
def test_a_clamp_may_be_a_number_or_one_value_a_cell_an_example_or_a_step(shown):
    clamp = {"forget_gate": VALUES[shown]}
    wanted = expected("lstm_peephole", clamp=clamp, mask=MASK, reverse=True)
    assert_same(run(unit_of("lstm_peephole"), clamp=clamp, mask=MASK, reverse=True), wanted)


@pytest.mark.parametrize(
    ("case", "neuron", "shown"),
    [
        ("gru(product)", "reset_gate", "(dim,)"),
        ("lstm_sensory", "sensory", "(time, batch, dim)"),
        ("leaky(tau=vector)", "forget_gate", "(batch, dim)"),
        ("lgn", "input_gate", "number"),
        ("lstm_full_gate_recurrence(peepholes)", "output_gate", "(dim,)"),
        ("simple", "candidate", "(time, batch, dim)"),
        ("modulated_membrane", "forget_gate", "(dim,)"),
    ],
)
def test_whoever_sees_a_clamped_neuron_sees_the_value(case, neuron, shown):
    clamp = {neuron: VALUES[shown]}
    got = run(unit_of(case), clamp=clamp)
    assert_same(got, expected(case, clamp=clamp))
    np.testing.assert_array_equal(got[neuron], np.broadcast_to(VALUES[shown], (TIME, BATCH, DIM)))


def test_the_same_neuron_follows_a_clamp_and_the_complement_does_not():
    got = run(unit_of("mgu"), clamp={"input_gate": 0.25})
    assert_same(got, expected("mgu", clamp={"input_gate": 0.25}))
    assert (got["reset_gate"] == 0.25).all() and not (got["forget_gate"] == 0.75).any()


def test_a_clamped_neuron_of_sequences_alone_is_seen_clamped_through_every_kind_of_connection():
    sees = {
        "dense": Connection("sensory"),
        "diagonal": Connection("sensory", "diagonal"),
        "direct": Connection("sensory", "direct"),
    }
    gates = {name: Neuron((Connection("output"), connection)) for name, connection in sees.items()}
    candidate = Neuron((Connection("input"), Connection("output", gated_by="sensory")), "tanh")
    sensory = {"candidate": candidate, "sensory": Neuron((Connection("input"),), "tanh")}
    unit = make(Wiring(sensory | gates, dendrite=tuple(map(multiply, gates))))
    got, p = run(unit, clamp={"sensory": 0.5}), parameters_of(unit)
    h = p["initial/output"]
    seen = {"dense": p["dense/W_sensory"].sum(0) / 2, "diagonal": p["diagonal/w_sensory"] / 2, "direct": 0.5}
    for name, value in seen.items():
        wanted = oracle.sigma(h @ p[f"{name}/W_output"] + p[f"{name}/b"] + value)
        np.testing.assert_allclose(got[name][0], np.broadcast_to(wanted, (BATCH, DIM)), rtol=1e-12)


def test_a_clamp_can_be_an_input_of_the_function_and_has_a_gradient():
    unit = unit_of("lstm")
    with floats("float64"):
        sequences, held = inputs_of(unit, "float64"), pt.tensor3("held", dtype="float64")
        cost = apply(unit, sequences, clamp={"forget_gate": held}).output.sum()
        f = bricks.function([held, *sequences.values()], [cost, bricks.grad(cost, held)])
    values, value, step = list(values_for(unit).values()), VALUES["(time, batch, dim)"], RNG.normal(size=(5, 3, 6))
    _, gradient = f(value, *values)
    numeric = (f(value + 1e-5 * step, *values)[0] - f(value - 1e-5 * step, *values)[0]) / 2e-5
    assert abs(numeric - (gradient * step).sum()) < 1e-8 and np.abs(gradient[0]).max() > 0


def test_arrays_of_another_precision_are_cast_and_variables_are_not():
    unit = unit_of("lstm", "float32")
    with floats("float32"):
        x = inputs_of(unit, "float32")["input"]
        trace = unit(x, clamp={"forget_gate": np.full(DIM, 0.5)}, initial={"cell": np.zeros(DIM)})
        assert trace.output.type.dtype == trace.forget_gate.type.dtype == "float32"
        with pytest.raises(bricks.UsageError, match="lstm: clamp of forget_gate must be float32, got float64"):
            unit(x, clamp={"forget_gate": pt.vector("held", dtype="float64")})
