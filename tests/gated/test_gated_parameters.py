"""Parameters that a person can find, and their first values."""

import numpy as np
import pytest
from gated_cases import CASES, TAUS

from bricks.gated import GRU, LSTM, LeakyIntegrator, SimpleRecurrent, build
from bricks.initialization import Gaussian


def paths(unit):
    return [path[len(unit.path) + 1 :] for path in unit.all_parameters()]


def values(unit):
    return {path[len(unit.path) + 1 :]: v.get_value() for path, v in unit.all_parameters().items()}


def test_an_lstm_has_the_paths_and_shapes_of_the_notes():
    shapes = {p: v.shape for p, v in values(build("lstm_peephole", 4, 6, seed=0)).items()}
    seen = {"W_input": (4, 6), "W_output": (6, 6), "b": (6,)}
    wanted = {f"candidate/{name}": shape for name, shape in seen.items()}
    for gate, peephole in (("input_gate", "w_cell"), ("forget_gate", "w_cell"), ("output_gate", "w_new_cell")):
        wanted |= {f"{gate}/{name}": shape for name, shape in (seen | {peephole: (6,)}).items()}
    assert shapes == wanted | {"initial/output": (6,), "initial/cell": (6,)}


def test_other_wirings_have_the_paths_of_the_notes():
    full = paths(build("lstm_full_gate_recurrence", 4, 6, seed=0))
    assert sum("W_previous_" in path for path in full) == 9 and "forget_gate/W_previous_input_gate" in full
    assert "candidate/b_output" in paths(GRU(4, 6, at="product", seed=0))
    assert "candidate/b_output" not in paths(GRU(4, 6, seed=0))
    deep = paths(build("deep_gates", 4, 6, hidden=(5,), seed=0))
    assert {"forget_gate/W_1", "forget_gate/b_1"} <= set(deep) and "candidate/W_1" not in deep
    lgn = set(paths(build("lgn", 4, 6, {"feedback": 3, "hippocampus": 2}, seed=0)))
    assert {"forget_gate/W_input_gate", "forget_gate/w_cell", "forget_gate/W_hippocampus"} <= lgn
    assert "initial/cell" not in paths(build("mgu", 4, 6, seed=0))


def test_classes_that_people_look_for_are_the_wirings_of_that_name():
    for unit, name in ((LSTM, "lstm"), (GRU, "gru"), (SimpleRecurrent, "simple"), (LeakyIntegrator, "leaky")):
        one, other = unit(4, 6, seed=3), build(name, 4, 6, seed=3)
        assert one.path == name and one.wiring == other.wiring and paths(one) == paths(other)


@pytest.mark.parametrize("case", CASES)
def test_the_same_seed_gives_the_same_values_and_another_gives_others(case):
    one, two, other = (values(CASES[case].unit(seed=seed)) for seed in (5, 5, 6))
    for path, value in one.items():
        np.testing.assert_array_equal(value, two[path])
    assert all(not np.array_equal(value, other[path]) for path, value in one.items() if "/W_" in path)


def test_gates_of_one_unit_differ():
    unit = values(build("lstm", 4, 6, seed=5))
    assert not np.array_equal(unit["input_gate/W_output"], unit["forget_gate/W_output"])


def test_first_values_are_those_that_the_wiring_shows():
    lstm = values(build("lstm", 4, 6, forget_bias=2.0, seed=0))
    assert set(lstm["forget_gate/b"]) == {2} and set(lstm["input_gate/b"]) == {0}
    assert (values(build("lstm", 4, 6, seed=0))["forget_gate/b"] == 1).all()
    u = values(build("lstm", 4, 6, seed=0))["candidate/W_output"]
    np.testing.assert_allclose(u @ u.T, np.eye(6), atol=1e-6)
    assert (values(build("sub_lstm_fixed", 4, 6, seed=0))["forget_gate/value"] == np.float32(0.9)).all()
    diagonal = values(build("independent", 4, 200, weights_init=Gaussian(0.1), seed=0))["candidate/w_output"]
    assert 0 <= diagonal.min() < 0.1 and 0.9 < diagonal.max() <= 1


@pytest.mark.parametrize(("method", "dt", "name"), [("exact", 1.0, "log_tau"), ("euler", 0.5, "p")])
def test_a_learned_time_constant_begins_at_tau(method, dt, name):
    unit = build("leaky", 4, 6, tau=TAUS, dt=dt, method=method, learned=True, seed=0)
    kept = values(unit)[f"forget_gate/{name}"].astype("float64")
    tau = np.exp(kept) if method == "exact" else dt + np.log1p(np.exp(kept))
    np.testing.assert_allclose(tau, TAUS, rtol=1e-6)


def test_chrono_draws_the_forget_bias_from_log_uniform_times_and_the_input_bias_is_its_negative():
    longest = 50
    unit = values(build("lstm", 4, 200, chrono=longest, seed=1, weights_init=Gaussian(0.1)))
    forget = unit["forget_gate/b"]
    assert forget.min() >= 0 and forget.max() <= np.log(longest - 1)
    np.testing.assert_array_equal(unit["input_gate/b"], -forget)
    times = np.exp(forget)  # uniform in [1, T - 1], so that b_f is in [0, log(T - 1)]
    assert abs(times.mean() - longest / 2) < 5 * (longest - 2) / np.sqrt(12 * 200)
    assert set(unit["output_gate/b"]) == {0}


def test_chrono_on_units_with_one_of_the_two_gates_sets_that():
    janet = values(build("janet", 4, 6, chrono=10, seed=1))
    assert (janet["forget_gate/b"] > 0).all()
    ungated = values(build("lstm_no_forget_gate", 4, 6, chrono=10, seed=1))
    assert (ungated["input_gate/b"] < 0).all()
