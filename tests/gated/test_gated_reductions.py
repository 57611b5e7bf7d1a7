"""A special case equals the simpler unit, to 1e-12."""

import numpy as np
import pytest
from gated_cases import DIM, INPUT, TAUS, assert_same, floats, make, run

from bricks.gated import WIRINGS, Complement, Connection, Constant, GatedUnit, Neuron, multiply, shunt, subtract

XH = (Connection("input"), Connection("output"))
GATES = ("input_gate", "forget_gate", "output_gate")


def copy(one, other):
    """Give `other` the values of `one` wherever the paths below the unit are the same."""
    values = {path[len(one.path) :]: v.get_value() for path, v in one.all_parameters().items()}
    found = [(values[path[len(other.path) :]], v) for path, v in other.all_parameters().items()
             if path[len(other.path) :] in values]  # fmt: skip
    for value, variable in found:
        variable.set_value(value)
    assert found


def fill(unit, end, value):
    """Set all parameters whose paths end so."""
    found = [v for path, v in unit.all_parameters().items() if path.endswith(end)]
    for variable in found:
        variable.set_value(np.full(variable.type.shape, value))
    assert found


def assert_reduces(one, other):
    """Both have the same states over time, from the same parameters where they share them."""
    names = ("output", "cell", "final_output", "final_cell")
    first, second = run(one), run(other)
    assert_same({n: first[n] for n in names}, {n: second[n] for n in names})


def test_peepholes_of_zero_are_no_peepholes():
    lstm, peephole = make("lstm"), make("lstm_peephole")
    copy(lstm, peephole)
    fill(peephole, "w_cell", 0)
    fill(peephole, "w_new_cell", 0)
    assert_reduces(peephole, lstm)


def test_lstm_peephole_is_lstm_with_peepholes():
    one, other = WIRINGS["lstm_peephole"](), WIRINGS["lstm"](peepholes=True)
    for part in ("neurons", "dendrite", "body", "axon", "squash"):
        assert getattr(one, part) == getattr(other, part)


def test_an_lstm_whose_past_is_cut_without_gates_and_squashing_is_simple():
    cut = make(WIRINGS["lstm"]().but(body=None, dendrite=(), axon=(), squash="identity"))
    simple = make("simple")
    copy(simple, cut)
    assert_reduces(cut, simple)


@pytest.mark.parametrize("tau", [10.0, TAUS])
def test_an_lstm_with_a_constant_forget_gate_and_its_complement_as_input_gate_is_leaky(tau):
    decay = np.exp(-1 / np.asarray(tau)).tolist()
    neurons = {
        "candidate": Neuron(XH, "identity"),
        "forget_gate": Constant(tuple(decay) if isinstance(decay, list) else decay),
        "input_gate": Complement("forget_gate"),
    }
    lstm, leaky = make(WIRINGS["lstm"]().but(neurons=neurons, axon=())), make(WIRINGS["leaky"](tau))
    copy(leaky, lstm)
    assert_reduces(lstm, leaky)


def test_deep_gates_without_hidden_layers_are_an_lstm():
    deep, lstm = make(WIRINGS["deep_gates"](hidden=())), make("lstm")
    copy(lstm, deep)
    assert_reduces(deep, lstm)


@pytest.mark.parametrize("action", [multiply, subtract, shunt])
def test_an_action_of_strength_zero_is_an_action_left_out(action):
    lstm = WIRINGS["lstm"]()
    off = {"dendrite": (action("input_gate", 0),), "body": (action("forget_gate", 0.0),)}
    off["axon"] = (action("output_gate", 0),)
    one, other = make(lstm.but(**off)), make(lstm.but(dendrite=(), body=(), axon=()))
    copy(one, other)
    assert_reduces(one, other)


def test_a_strength_of_zero_at_the_axon_leaves_one_state():
    lstm = WIRINGS["lstm"]().but(squash="identity")
    assert not lstm.one_state and lstm.but(axon=(multiply("output_gate", 0),)).one_state


@pytest.mark.parametrize("method", ["exact", "euler"])
def test_a_modulated_membrane_with_zero_weights_is_leaky(method):
    with_bias = WIRINGS["modulated_membrane"](TAUS, method=method, sees=("modulator", "input", "output"))
    modulated, leaky = make(with_bias, {"modulator": 2}), make(WIRINGS["leaky"](TAUS, method=method))
    copy(leaky, modulated)
    decay = np.exp(-1 / np.array(TAUS)) if method == "exact" else 1 - 1 / np.array(TAUS)
    with floats("float64"):
        unit = GatedUnit(with_bias, INPUT, DIM, {"modulator": 2}, seed=1)
    fresh = unit.all_parameters()["modulated_membrane/forget_gate/b"].get_value()
    np.testing.assert_allclose(1 / (1 + np.exp(-fresh)), decay, rtol=1e-14)
    modulated.all_parameters()["modulated_membrane/forget_gate/b"].set_value(fresh)
    for source in ("modulator", "input", "output"):
        fill(modulated, f"forget_gate/W_{source}", 0)
    assert_reduces(modulated, leaky)


def test_a_gate_that_is_the_same_equals_a_second_gate_with_the_same_parameters():
    mgu = make("mgu")
    twice = make(WIRINGS["mgu"]().but(neurons={"reset_gate": Neuron(XH)}))
    copy(mgu, twice)
    for name in ("W_input", "W_output", "b"):
        of = mgu.all_parameters()[f"mgu/input_gate/{name}"].get_value()
        twice.all_parameters()[f"mgu/reset_gate/{name}"].set_value(of)
    assert_reduces(mgu, twice)
    assert not any("reset_gate" in path for path in mgu.all_parameters())


def test_a_janet_without_shift_is_an_lstm_with_coupled_gates_and_nothing_at_the_axon():
    neurons = {"input_gate": Complement("forget_gate")}
    coupled = make(WIRINGS["lstm"]().but(neurons=neurons, axon=(), squash="identity"))
    janet = make(WIRINGS["janet"](shift=0.0))
    copy(janet, coupled)
    assert_reduces(janet, coupled)
