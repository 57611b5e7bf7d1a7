"""Every wiring is the plain NumPy loop of its equations, in all ways that a unit can be run."""

from itertools import product

import numpy as np
import oracle
import pytest
from gated_cases import (
    BATCH,
    CASES,
    MASK,
    assert_same,
    compiled,
    expected,
    floats,
    inputs_of,
    parameters_of,
    run,
    starts_of,
    unit_of,
    values_for,
)

import bricks


@pytest.mark.parametrize("case", CASES)
def test_a_wiring_from_given_initial_states_equals_its_equations(case):
    assert_same(compiled(case).given, expected(case, initial=starts_of(case)))


@pytest.mark.parametrize("case", CASES)
def test_a_wiring_masked_reversed_and_from_learned_states_equals_its_equations(case):
    assert_same(compiled(case).masked, expected(case, mask=MASK, reverse=True))


@pytest.mark.parametrize("case", CASES)
def test_a_wiring_in_float32_equals_its_equations(case):
    starts = {state: value.astype("float32") for state, value in starts_of(case).items()}
    how = {"mask": MASK.astype("float32"), "reverse": True, "initial": starts}
    assert_same(run(unit_of(case, "float32"), "float32", **how), expected(case, "float32", **how), 1e-5)


# All but those above: (masked, reversed, given).
WAYS = [w for w in product((False, True), repeat=3) if w not in ((False, False, True), (True, True, False))]


@pytest.mark.parametrize(("masked", "reverse", "given"), WAYS)
@pytest.mark.parametrize("case", ["lstm_full_gate_recurrence(peepholes)"])
def test_masks_reversal_and_initial_states_go_with_each_other(case, masked, reverse, given):
    how = {"reverse": reverse}
    how |= {"mask": MASK} if masked else {}
    how |= {"initial": starts_of(case)} if given else {}
    assert_same(run(unit_of(case), **how), expected(case, **how))


@pytest.mark.parametrize("case", CASES)
def test_a_wiring_has_the_parameters_that_its_equations_name_and_no_others(case):
    unit = unit_of(case)
    p, sequences = parameters_of(unit), values_for(unit)
    oracle.loop(CASES[case].step, p, sequences, CASES[case].states)
    assert p.read == set(p)
    assert unit.states == CASES[case].states


def test_a_masked_step_leaves_states_as_they_were_and_a_masked_end_is_as_if_the_sequence_were_shorter():
    case = "lstm_full_gate_recurrence(peepholes)"
    got = run(unit_of(case), mask=np.array([[1] * BATCH] * 3 + [[0] * BATCH] * 2))
    for name in ("output", "cell"):
        np.testing.assert_array_equal(got[name][3], got[name][2])
        np.testing.assert_array_equal(got[name][4], got[name][2])
        np.testing.assert_array_equal(got[f"final_{name}"], got[name][2])


def test_reversal_is_reversal_of_inputs_and_of_the_trace():
    case = "gru(source)"
    unit = unit_of(case)
    with floats("float64"):
        sequences = inputs_of(unit, "float64")
        one = unit(sequences["input"], reverse=True).output
        other = unit(sequences["input"][::-1]).output[::-1]
        f = bricks.function(list(sequences.values()), [one, other])
    np.testing.assert_array_equal(*f(*values_for(unit).values()))
