"""What is measured of a unit is what its equations say."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

import bricks
from bricks.errors import UsageError
from bricks.gated import GRU, LSTM, LeakyIntegrator, Stack, build, dynamics
from bricks.graph import training_graph

RNG = np.random.default_rng(0)
X = RNG.normal(size=(6, 3, 4))


@pytest.fixture(scope="module")
def lstm():
    with pytensor.config.change_flags(floatX="float64"):
        x = pt.tensor("x", shape=(None, None, 4), dtype="float64")
        unit = LSTM(4, 5, seed=0)
        trace = unit(x)
    return x, unit, trace, (trace.output**2).sum() + trace.final_cell.sum()


def test_a_recorder_gives_the_activations_of_chosen_neurons(lstm):
    x, unit, trace, cost = lstm
    record = dynamics.recorder(trace, ["forget_gate", "final_output", "output"])
    values = record(x=X)
    assert values["forget_gate"].shape == (6, 3, 5)
    assert (0 < values["forget_gate"]).all() and (values["forget_gate"] < 1).all()
    np.testing.assert_array_equal(values["final_output"], values["output"][-1])
    with pytest.raises(UsageError, match="did you mean 'forget_gate'"):
        dynamics.recorder(trace, ["forget_gat"])


def test_a_lesion_in_a_models_graph_is_the_clamp_of_a_new_application(lstm):
    x, unit, trace, cost = lstm
    held = RNG.uniform(size=5)
    clamped = unit(x, clamp={"forget_gate": held, "output_gate": 1.0})
    expected = (clamped.output**2).sum() + clamped.final_cell.sum()
    got = dynamics.lesioned(cost, unit, {"forget_gate": held, "output_gate": 1.0})
    a, b, c = bricks.function([x], [expected, got, cost])(X)
    np.testing.assert_allclose(a, b, rtol=1e-12)
    assert abs(a - c) > 1e-3


def test_a_shuffled_gate_is_that_of_the_next_example(lstm):
    x, unit, trace, cost = lstm
    rolled = unit(x, clamp={"input_gate": pt.roll(trace.input_gate, 1, axis=1)})
    expected = (rolled.output**2).sum() + rolled.final_cell.sum()
    a, b = bricks.function([x], [expected, dynamics.lesioned(cost, unit, {"input_gate": "shuffled"})])(X)
    np.testing.assert_allclose(a, b, rtol=1e-12)


def test_a_lesion_reaches_a_unit_inside_a_stack():
    x = pt.tensor("x", shape=(None, None, 4), dtype="float32")
    stack = Stack([LSTM(4, 5), GRU(5, 5)], seed=1)
    cost = (stack(x).final_output ** 2).sum()
    lesioned = dynamics.lesioned(cost, stack.units[0], {"forget_gate": 0.0})
    clamped = (stack(x, clamp={"lstm": {"forget_gate": 0.0}}).final_output ** 2).sum()
    a, b, c = bricks.function([x], [lesioned, clamped, cost])(X.astype("float32"))
    np.testing.assert_allclose(a, b, rtol=1e-6)
    assert abs(a - c) > 1e-4


def test_influence_is_the_factor_that_each_gate_has_in_the_cells_equation(lstm):
    x, unit, trace, cost = lstm
    names = ["forget_gate", "input_gate", "candidate", "output_gate"]
    influence = dynamics.influence(cost, unit)
    at_axon = dynamics.influence(cost, unit, of="output")["output_gate"]
    traced = [trace[name] for name in ("cell", "candidate", "input_gate")]
    values = bricks.function([x], [*(influence[n] for n in names), at_axon, *traced])(X)
    on_forget, on_input, on_candidate, on_output, axon, cell, z, i = values
    past = np.concatenate([np.zeros((1, 3, 5)), cell[:-1]])
    np.testing.assert_allclose(on_forget, abs(past), atol=1e-12)
    np.testing.assert_allclose(on_input, abs(z), atol=1e-12)
    np.testing.assert_allclose(on_candidate, abs(i), atol=1e-12)
    assert not on_output.any()
    np.testing.assert_allclose(axon, abs(np.tanh(cell)), atol=1e-12)


def test_the_gradient_over_time_is_what_a_nudge_of_the_output_does(lstm):
    x, unit, trace, cost = lstm
    norms = bricks.function([x], dynamics.gradient_over_time(cost, unit))(X)
    assert norms.shape == (6, 3)
    nudge = pt.tensor("nudge", shape=(None, None, 5), dtype="float64")
    nudged = bricks.function([x, nudge], dynamics.reapplied(cost, unit, nudge={"output": nudge}))
    gradient = np.zeros(5)
    for k in range(5):
        step = np.zeros((6, 3, 5))
        step[2, 1, k] = 1e-6
        gradient[k] = (nudged(X, step) - nudged(X, -step)) / 2e-6
    np.testing.assert_allclose(norms[2, 1], np.linalg.norm(gradient), rtol=1e-7)


@pytest.mark.parametrize("method", ["exact", "euler"])
def test_the_recorded_decay_after_a_pulse_has_the_membranes_time_constant(method):
    tau, dt = 8.0, 0.5
    with pytensor.config.change_flags(floatX="float64"):
        x = pt.tensor("x", shape=(None, None, 1), dtype="float64")
        unit = LeakyIntegrator(1, 3, tau=tau, dt=dt, method=method, seed=0)
        unit.all_parameters()["leaky/candidate/W_output"].set_value(np.zeros((3, 3)))
        record = dynamics.recorder(unit(x), ["cell"])
    pulse = np.zeros((40, 1, 1))
    pulse[0] = 1
    fitted = dynamics.fitted_time_constant(record(x=pulse)["cell"][:, 0], dt)
    expected = tau if method == "exact" else -dt / np.log(1 - dt / tau)
    np.testing.assert_allclose(fitted, expected, rtol=1e-3)


def test_time_constants_and_saturation_of_gates():
    np.testing.assert_allclose(dynamics.time_constants(np.exp(-2 / np.array([3.0, 30.0])), dt=2), [3, 30])
    assert dynamics.time_constants([1.0, 1.5, 0.0, -1.0]).tolist() == [np.inf, np.inf, 0, 0]
    assert dynamics.saturation([[0.0, 0.5], [1.0, 1.0]], axis=0)["above"].tolist() == [0.5, 0.5]
    with pytest.raises(UsageError, match="not 0"):
        dynamics.fitted_time_constant(np.zeros(5))


def test_a_unit_that_is_not_in_the_graph_and_a_clamp_of_an_unknown_gate_are_refused(lstm):
    x, unit, trace, cost = lstm
    with pytest.raises(UsageError, match="lstm: is not applied in the graph"):
        dynamics.lesioned(cost, LSTM(4, 5, seed=1), {"forget_gate": 0.0})
    for value in (0.0, "shuffled"):
        with pytest.raises(UsageError, match="clamp has 'forget'; did you mean 'forget_gate'"):
            dynamics.lesioned(cost, unit, {"forget": value})


def test_lesions_work_in_the_training_graph_too():
    x = pt.tensor("x", shape=(None, None, 4), dtype="float32")
    unit = build("lstm", 4, 5, zoneout=0.3, seed=1)
    cost = unit(x).output.sum()
    lesioned, _ = training_graph(dynamics.lesioned(cost, unit, {"output_gate": 0.0}))
    fn = bricks.function([x], lesioned)
    assert abs(fn(X.astype("float32"))) < 1e-6
