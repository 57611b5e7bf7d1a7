"""Zoneout and recurrent dropout: expected values at inference, samples in the training graph, one path for both."""

from functools import partial

import numpy as np
import oracle
import pytest
from gated_cases import (
    BATCH,
    CASES,
    DIM,
    MASK,
    TIME,
    apply,
    assert_same,
    floats,
    inputs_of,
    make,
    parameters_of,
    run,
    values_for,
)

import bricks
from bricks import ComputationGraph, UsageError, VariableFilter, training_graph
from bricks.roles import NOISE

RATES = {"output": 0.25, "cell": 0.5}


def trained(unit, time=TIME, batch=BATCH, **how):
    """The trace of the training graph, the sampled noises by name, and the inputs; two calls."""
    with floats("float64"):
        sequences = inputs_of(unit, "float64")
        trace = apply(unit, sequences, **how)
        outputs = training_graph(list(trace.values())).outputs
        noises = VariableFilter(role=NOISE)(ComputationGraph(outputs).variables)
        f = bricks.function(list(sequences.values()), [*outputs, *noises])
    shape = {name: (time, batch, v.type.shape[-1]) for name, v in sequences.items()}
    values = {name: np.random.default_rng(2).normal(size=of) for name, of in shape.items()}
    names = [*trace, *(noise.name.split(".")[-1] for noise in noises)]
    calls = [dict(zip(names, f(*values.values()), strict=True)) for _ in range(2)]
    noises = [{name: call.pop(name) for name in names[len(trace) :]} for call in calls]
    return calls, noises, values


@pytest.mark.parametrize("how", [{}, {"mask": MASK, "reverse": True}])
@pytest.mark.parametrize("case", ["lstm_peephole", "gru(source)"])
def test_at_inference_zoneout_is_its_expected_value(case, how):
    of = CASES[case]
    rates = RATES if len(of.states) == 2 else {"output": 0.25}
    unit = make(of.unit().wiring, zoneout=rates)
    p = parameters_of(unit)
    assert_same(run(unit, **how), oracle.loop(of.step, p, values_for(unit), of.states, zoneout=rates, **how))


def test_in_training_zoneout_keeps_samples_of_the_state_and_the_output_is_that_of_the_cell_before_zoneout():
    unit = make("lstm_peephole", zoneout=RATES)
    (trace, later), (noise, _), sequences = trained(unit, mask=MASK, reverse=True)
    kept = {state: noise[f"zoneout_{state}"] for state in RATES}
    how = {"mask": MASK, "reverse": True, "zoneout": kept}
    step = CASES["lstm_peephole"].step
    assert_same(trace, oracle.loop(step, parameters_of(unit), sequences, ("output", "cell"), **how))
    assert not np.array_equal(trace["output"], later["output"])


def test_zoneout_samples_are_zeros_and_ones_at_their_rates_and_keep_the_state_exactly():
    unit = make("lstm", zoneout=RATES)
    time, batch = 40, 50
    (trace, _), (noise, other), _ = trained(unit, time, batch)
    for state, rate in RATES.items():
        d = noise[f"zoneout_{state}"]
        assert d.shape == (time, batch, DIM) and set(np.unique(d)) == {0, 1}
        assert abs(d.mean() - rate) < 5 * np.sqrt(rate * (1 - rate) / d.size)
        kept, value = d[1:] == 1, trace[state]
        np.testing.assert_array_equal(value[1:][kept], value[:-1][kept])
        assert not (value[1:][~kept] == value[:-1][~kept]).any()
        assert not np.array_equal(d, other[f"zoneout_{state}"])
    assert abs(np.corrcoef(*(d.ravel() for d in noise.values()))[0, 1]) < 5 / np.sqrt(time * batch * DIM)


def test_a_number_is_the_rate_of_every_state_and_units_with_one_state_take_it_under_either_name():
    assert make("lstm", zoneout=0.1).noise.zoneout == {"output": 0.1, "cell": 0.1}
    for given in (0.1, {"cell": 0.1}, {"output": 0.1}):
        assert make("gru", zoneout=given).noise.zoneout == {"output": 0.1}
    assert make("lstm", zoneout={"cell": 0.0}).noise.zoneout == {}


@pytest.mark.parametrize("p", [1, -0.1, "half", float("nan")])
def test_what_is_no_probability_is_refused(p):
    with pytest.raises(UsageError, match="lstm: zoneout of the output.* must be .*at least 0 and below 1, got"):
        make("lstm", zoneout=p)
    with pytest.raises(UsageError, match="lstm: recurrent_dropout.* must be .*at least 0 and below 1, got"):
        make("lstm", recurrent_dropout=p)


def lstm_that_sees(hidden, p, now, was, hold):
    """The peephole LSTM, which sees only some of its output a step ago."""
    return CASES["lstm_peephole"].step(p, now, {**was, "output": hidden * was["output"]}, hold)


def test_recurrent_dropout_is_nothing_at_inference_and_one_mask_a_sequence_in_training():
    unit = make("lstm_peephole", recurrent_dropout=0.5)
    p, states = parameters_of(unit), ("output", "cell")
    assert_same(run(unit), oracle.loop(CASES["lstm_peephole"].step, p, values_for(unit), states))
    (trace, _), (noise, later), sequences = trained(unit, mask=MASK)
    hidden = noise["recurrent_dropout"]
    assert hidden.shape == (BATCH, DIM) and set(np.unique(hidden)) <= {0, 2}
    step = partial(lstm_that_sees, hidden)
    assert_same(trace, oracle.loop(step, p, sequences, states, mask=MASK))
    assert not np.array_equal(hidden, later["recurrent_dropout"])


def test_recurrent_dropout_hides_outputs_at_its_rate_and_scales_the_others():
    unit, p = make("lstm", recurrent_dropout=0.2), 0.2
    _, (noise, _), _ = trained(unit, 2, 2000)
    hidden = noise["recurrent_dropout"]
    assert set(np.unique(hidden)) == {0, 1.25}
    assert abs((hidden == 0).mean() - p) < 5 * np.sqrt(p * (1 - p) / hidden.size)


def test_noise_does_not_change_the_inference_graph_of_a_masked_step():
    unit = make("lstm", zoneout=RATES)
    got = run(unit, mask=np.array([[1] * BATCH] * 3 + [[0] * BATCH] * 2))
    for name in ("output", "cell"):
        np.testing.assert_array_equal(got[f"final_{name}"], got[name][2])
