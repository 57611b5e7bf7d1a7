"""A single step, within another recurrence, and the first states."""

import numpy as np
import pytensor.tensor as pt
import pytest
from gated_cases import BATCH, DIM, apply, assert_same, expected, floats, inputs_of, make, run, unit_of, values_for

import bricks
from bricks.engine.recurrences import recurrence


@pytest.mark.parametrize("case", ["lstm_peephole", "gru(source)", "lgn", "lstm_full_gate_recurrence(peepholes)",
                                  "leaky(tau=vector)"])  # fmt: skip
def test_steps_in_a_recurrence_of_ones_own_are_the_unit(case):
    unit = unit_of(case)
    with floats("float64"):
        sequences = inputs_of(unit, "float64")
        names = list(unit.wiring.neurons)

        def step(*arguments):
            rows = dict(zip(sequences, arguments, strict=False))
            states = dict(zip(unit.states, arguments[len(rows) :], strict=True))
            new, activations = unit.step(rows, states)
            return list(new.values()), [*new.values(), *(activations[n] for n in names)]

        start = unit.initial(sequences["input"].shape[1])
        assert tuple(start) == unit.states
        finals, traces = recurrence(step, list(sequences.values()), list(start.values()))
        f = bricks.function(list(sequences.values()), [*finals, *traces])
    values = f(*values_for(unit).values())
    got = dict(zip([f"final_{s}" for s in unit.states] + [*unit.states, *names], values, strict=True))
    wanted = {name: value for name, value in expected(case).items() if name in got}
    assert_same({name: got[name] for name in wanted}, wanted)
    assert set(wanted) >= {"output", "final_output", *names}


def test_a_step_takes_the_inputs_row_alone_and_a_clamp():
    unit = unit_of("gru(source)")
    with floats("float64"):
        row = pt.matrix("row", dtype="float64")
        new, activations = unit.step(row, unit.initial(row.shape[0]), clamp={"reset_gate": 0.5})
        f = bricks.function([row], [*new.values(), activations["reset_gate"]])
    output, reset = f(values_for(unit)["input"][0])
    np.testing.assert_allclose(output, expected("gru(source)", clamp={"reset_gate": 0.5})["output"][0], rtol=1e-12)
    np.testing.assert_array_equal(reset, np.full((BATCH, DIM), 0.5))


def test_first_states_are_the_learned_ones_those_given_or_zeros():
    unit = unit_of("lstm")
    with floats("float64"):
        start = unit.initial(3, {"cell": np.arange(DIM)})
        output, cell = bricks.function([], [start["output"], start["cell"]])()
    learned = unit.all_parameters()["lstm/initial/output"].get_value()
    np.testing.assert_array_equal(output, np.tile(learned, (3, 1)))
    np.testing.assert_array_equal(cell, np.tile(np.arange(DIM), (3, 1)))
    without = make("lstm", learned_initial=False)
    assert not any("initial" in path for path in without.all_parameters())
    got = run(without)
    start = {"output": np.zeros(DIM), "cell": np.zeros(DIM)}
    assert_same(got, run(without, initial=start))


def test_a_sequence_in_two_halves_is_the_sequence():
    unit = unit_of("lstm_full_gate_recurrence(peepholes)")
    with floats("float64"):
        x = inputs_of(unit, "float64")
        first = apply(unit, {"input": x["input"][:2]})
        carried = {"output": first.final_output, "cell": first.final_cell}
        carried |= {s: first[s[9:-1]][-1] for s in unit.states if s.startswith("previous")}
        second = apply(unit, {"input": x["input"][2:]}, initial=carried)
        f = bricks.function([x["input"]], [pt.join(0, first.output, second.output), second.final_cell])
    output, cell = f(*values_for(unit).values())
    wanted = expected("lstm_full_gate_recurrence(peepholes)")
    assert_same({"output": output, "cell": cell}, {"output": wanted["output"], "cell": wanted["final_cell"]})


def test_a_step_needs_every_state():
    unit = unit_of("lstm")
    with floats("float64"), pytest.raises(bricks.UsageError, match="lstm: step needs the states output, cell, got out"):
        row = pt.matrix("row", dtype="float64")
        unit.step(row, {"output": pt.matrix("output", dtype="float64")})
