"""Lesions and measures work on graphs that were rebuilt, and one after another."""

import numpy as np
import pytensor.tensor as pt
import pytest

import bricks
from bricks.errors import ShapeError, UsageError
from bricks.gated import GRU, LSTM, Bidirectional, build, dynamics, layered
from bricks.graph import training_graph

X = np.random.default_rng(0).normal(size=(6, 2, 3)).astype("float32")
CUT = {"forget_gate": 0.0}


def sequence():
    return pt.tensor("x", shape=(None, None, 3), dtype="float32")


def same(x, a, b):
    a, b = bricks.function([x], [a, b])(X)
    np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_a_lesion_of_a_graph_in_which_the_input_was_replaced():
    x, unit = sequence(), LSTM(3, 4, seed=0)
    replaced = bricks.replace(unit(x).final_output.sum(), {x: x * 2})
    same(x, dynamics.lesioned(replaced, unit, CUT), unit(x * 2, clamp=CUT).final_output.sum())
    same(x, dynamics.trace_of(replaced, unit).output, unit(x * 2).output)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_both_layers_of_a_stack_in_any_order(order):
    x, stack = sequence(), layered("lstm", 3, 4, layers=2, seed=1)
    cost = stack(x).final_output.sum()
    for k in order:
        cost = dynamics.lesioned(cost, stack.units[k], CUT)
    same(x, cost, stack(x, clamp={unit.name: CUT for unit in stack.units}).final_output.sum())


def test_a_unit_applied_to_its_own_output_is_lesioned_in_both_places():
    x, unit = sequence(), LSTM(3, 3, seed=0)
    cost = unit(unit(x).output).output.sum()
    same(x, dynamics.lesioned(cost, unit, CUT), unit(unit(x, clamp=CUT).output, clamp=CUT).output.sum())


def test_a_second_lesion_adds_to_the_first_and_to_what_was_clamped_from_the_start():
    x, unit = sequence(), LSTM(3, 4, seed=0)
    cost = unit(x, clamp={"candidate": 0.3}).output.sum()
    twice = dynamics.lesioned(dynamics.lesioned(cost, unit, CUT), unit, {"input_gate": 0.5})
    same(x, twice, unit(x, clamp={"candidate": 0.3, "input_gate": 0.5, **CUT}).output.sum())


def test_a_mean_and_a_shuffled_gate_come_from_the_net_as_it_is():
    x, unit = sequence(), LSTM(3, 4, seed=0)
    trace = unit(x)
    for name, value in {"mean": trace.input_gate.mean((0, 1)), "shuffled": pt.roll(trace.input_gate, 1, 1)}.items():
        lesioned = dynamics.lesioned(trace.output.sum(), unit, {"input_gate": name})
        same(x, lesioned, unit(x, clamp={"input_gate": value}).output.sum())
        both = dynamics.lesioned(lesioned, unit, CUT)
        same(x, both, unit(x, clamp={"input_gate": value, **CUT}).output.sum())


def test_a_lesion_of_the_graph_of_training():
    x, unit = sequence(), build("lstm", 3, 4, zoneout=0.2, seed=0)
    cost, _ = training_graph(unit(x).output.sum())
    same(x, dynamics.lesioned(cost, unit, {"output_gate": 0.0, "candidate": 0.0}), pt.zeros((), dtype="float32"))


def test_a_direction_is_lesioned_alone():
    x, both = sequence(), Bidirectional(GRU(3, 4), GRU(3, 4), seed=1)
    cost = both(x).final_output.sum()
    same(x, dynamics.lesioned(cost, both.backward, CUT), both(x, clamp={"backward": CUT}).final_output.sum())


def test_the_gradient_over_time_of_a_lesioned_graph():
    x, unit = sequence(), LSTM(3, 4, seed=0)
    lesioned = dynamics.lesioned(unit(x).output.sum(), unit, CUT)
    direct = unit(x, clamp=CUT).output.sum()
    same(x, dynamics.gradient_over_time(lesioned, unit), dynamics.gradient_over_time(direct, unit))


def test_the_reset_gate_moves_the_cell_through_the_candidate_and_nothing_moves_where_a_mask_is_0():
    x, unit = sequence(), GRU(3, 4, seed=0)
    mask = np.float32([[1, 1]] * 3 + [[1, 0]] * 3)
    sizes = dynamics.influence(unit(x, mask=mask).output, unit)
    reset, update = bricks.function([x], [sizes["reset_gate"], sizes["forget_gate"]])(X)
    assert reset[1:, 0].all() and update[1:, 0].all()
    assert not reset[3:, 1].any() and not update[3:, 1].any()


@pytest.mark.parametrize("name", ["lstm_full_gate_recurrence", "gru"])
def test_a_sequence_in_two_parts_gives_what_it_gives_in_one(name):
    x, unit = sequence(), build(name, 3, 4, seed=0)
    first = unit(x[:2])
    second = unit(x[2:], initial=unit.final(first))
    same(x, pt.join(0, first.output, second.output), unit(x).output)


SHAPES = {
    "mask": ((6, 3), "lstm: mask must have as many steps and examples as the input, got shape (6, 3)"),
    "initial": ((3, 4), "lstm: initial output must be (batch, dim), as the input is: (?, 4), got shape (3, 4)"),
    "clamp": ((2, 6, 4), "lstm: clamp of forget_gate must be (time, batch, dim), as the input is: (?, ?, 4), got"),
}


@pytest.mark.parametrize("what", SHAPES)
@pytest.mark.parametrize("known", [False, True])
def test_a_shape_that_does_not_fit_names_the_unit_when_it_becomes_known(what, known):
    shape, message = SHAPES[what]
    x = pt.tensor("x", shape=X.shape if known else (None, None, 3), dtype="float32")
    given = pt.tensor(what, shape=shape if known else (None,) * len(shape), dtype="float32")
    argument = {"mask": given, "initial": {"output": given}, "clamp": {"forget_gate": given}}[what]
    message = message.split(":")[0] if known else message
    with pytest.raises(ShapeError) as error:
        output = LSTM(3, 4, seed=0)(x, **{what: argument}).output
        bricks.function([x, given], output)(X, np.ones(shape, "float32"))
    assert message in str(error.value) and str(shape) in str(error.value)


@pytest.mark.parametrize("value", [None, "one"])
def test_a_clamp_that_is_no_number_is_refused(value):
    with pytest.raises(UsageError, match="lstm: clamp of forget_gate must be a number or an array of numbers"):
        LSTM(3, 4, seed=0)(sequence(), clamp={"forget_gate": value})


def test_first_biases_of_gates_with_hidden_layers_are_those_of_the_gates():
    unit = build("deep_gates", 3, 64, chrono=200, seed=0)
    values = {path: v.get_value() for path, v in unit.all_parameters().items()}
    np.testing.assert_array_equal(values["deep_gates/input_gate/b_1"], -values["deep_gates/forget_gate/b_1"])
    assert values["deep_gates/forget_gate/b_1"].std() > 0.3 and not values["deep_gates/forget_gate/b"].any()


def test_normalising_a_gate_with_a_hidden_layer_leaves_its_bias():
    means = []
    for bias in (0.0, 5.0):
        unit = build("deep_gates", 3, 4, hidden=(8,), forget_bias=bias, layer_normalization="joint", seed=0)
        x = sequence()
        means.append(float(bricks.function([x], unit(x).forget_gate.mean())(X)))
    assert means[0] < 0.6 and means[1] > 0.95


def test_a_slow_learned_membrane_of_eulers_method_stays_finite():
    unit = build("leaky", 3, 4, tau=5000.0, method="euler", learned=True, seed=0)
    x = sequence()
    gate = bricks.function([x], unit(x).forget_gate)(X)
    np.testing.assert_allclose(gate, 1 - 1 / 5000, rtol=1e-6)
