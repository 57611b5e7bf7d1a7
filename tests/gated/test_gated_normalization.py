"""Layer normalisation of a neuron's sum before peepholes and bias, joint, or separate as Ba et al. have it."""

import numpy as np
import oracle
import pytest
from gated_cases import DIM, MASK, assert_same, make, parameters_of, run, values_for
from oracle import sigma

from bricks.gated import build

EPSILON = 0.01
STATES = ("output", "cell")


def normal(a):
    return (a - a.mean(-1, keepdims=True)) / np.sqrt(a.var(-1, keepdims=True) + EPSILON)


def joint(p, name, x, h):
    return p[f"{name}/gain"] * normal(x @ p[f"{name}/W_input"] + h @ p[f"{name}/W_output"])


def separate(p, name, x, h):
    from_input = p[f"{name}/gain_input"] * normal(x @ p[f"{name}/W_input"])
    return from_input + p[f"{name}/gain_output"] * normal(h @ p[f"{name}/W_output"])


def lstm(kind, peepholes=True):
    def step(p, now, was, hold):
        x, h, c = now["input"], was["output"], was["cell"]

        def gate(name, label, cell):
            peephole = p[f"{name}/{label}"] * cell if peepholes else 0
            return sigma(kind(p, name, x, h) + peephole + p[f"{name}/b"])

        z = np.tanh(kind(p, "candidate", x, h) + p["candidate/b"])
        i, f = gate("input_gate", "w_cell", c), gate("forget_gate", "w_cell", c)
        new_c = f * c + i * z
        o = gate("output_gate", "w_new_cell", new_c)
        shown = new_c
        if kind is separate:
            shown = p["cell_normalization/gain"] * normal(new_c) + p["cell_normalization/shift"]
        gates = {"candidate": z, "input_gate": i, "forget_gate": f, "output_gate": o}
        return {"output": o * np.tanh(shown), "cell": new_c, **gates}

    return step


@pytest.mark.parametrize("how", [{}, {"mask": MASK, "reverse": True}])
@pytest.mark.parametrize("kind", [joint, separate])
def test_a_normalised_lstm_equals_its_equations(kind, how):
    unit = make("lstm_peephole", layer_normalization=kind.__name__, epsilon=EPSILON)
    p = parameters_of(unit)
    assert_same(run(unit, **how), oracle.loop(lstm(kind), p, values_for(unit), STATES, **how))
    assert p.read == set(p)


def gru(p, now, was, hold):
    x, h = now["input"], was["output"]
    r = sigma(joint(p, "reset_gate", x, h) + p["reset_gate/b"])
    f = sigma(joint(p, "forget_gate", x, h) + p["forget_gate/b"])
    z = np.tanh(joint(p, "candidate", x, r * h) + p["candidate/b"])
    new_h = f * h + (1 - f) * z
    return {"output": new_h, "cell": new_h, "candidate": z, "forget_gate": f, "input_gate": 1 - f, "reset_gate": r}


def test_a_normalised_gru_equals_its_equations():
    unit = make("gru", layer_normalization="joint", epsilon=EPSILON)
    p = parameters_of(unit)
    assert_same(run(unit), oracle.loop(gru, p, values_for(unit), ("output",)))
    assert p.read == set(p)


def test_zoneout_goes_with_normalisation():
    unit = make("lstm_peephole", layer_normalization="separate", epsilon=EPSILON, zoneout=0.3)
    rates = {"output": 0.3, "cell": 0.3}
    p = parameters_of(unit)
    assert_same(
        run(unit, mask=MASK), oracle.loop(lstm(separate), p, values_for(unit), STATES, zoneout=rates, mask=MASK)
    )


@pytest.mark.parametrize("kind", ["joint", "separate"])
def test_gains_begin_at_one_and_shifts_at_zero(kind):
    unit = build("lstm", 4, DIM, layer_normalization=kind, seed=1)
    values = {path: v.get_value() for path, v in unit.all_parameters().items()}
    gains = [value for path, value in values.items() if "gain" in path]
    assert len(gains) == (4 if kind == "joint" else 9) and all((gain == 1).all() for gain in gains)
    assert all((value == 0).all() for path, value in values.items() if path.endswith("shift"))
