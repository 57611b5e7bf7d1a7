"""A step that is not finite: the state stays as before it, step and variable are named, and one can go on."""

import numpy as np
import pytensor.tensor as pt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spoilt import Stream, descent

from bricks import engine
from bricks.errors import NotFiniteError
from bricks.training import (
    Adam,
    Extension,
    FinishAfter,
    GradientDescent,
    MainLoop,
    Scale,
    StepClipping,
    StepRule,
)
from bricks.training.health import all_finite


@pytest.fixture(scope="module")
def net():
    """Compiled once; every test starts it from the same state."""
    algorithm = descent()
    return algorithm, algorithm.state_dict()


@pytest.fixture
def make_loop(net):
    def make(stream, *extensions, **settings):
        algorithm, start = net
        algorithm.load_state_dict(start)
        return MainLoop(algorithm, stream, extensions, name="net", **settings)

    return make


def same(a, b):
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    return np.array_equal(a, b)


def put_nan(batch):
    batch["features"][5, 1] = np.nan


def without_time(state):
    return {key: value for key, value in state.items() if key != "time"}


@pytest.mark.parametrize("check_every", [1, 2, 100])
def test_the_loop_stands_before_the_bad_step_and_can_go_on(make_loop, check_every):
    reference = make_loop(Stream(), FinishAfter(iterations=6))
    reference.run()
    before_bad = without_time(reference.state_dict())
    reference = make_loop(Stream(), FinishAfter(epochs=2))
    reference.run()
    whole = without_time(reference.state_dict())

    class Told(Extension):
        error = None

        def on_error(self, error):
            self.error, self.state = error, self.main_loop.state_dict()

    stream, told = Stream(), Told()
    stream.spoil[1, 2] = put_nan
    loop = make_loop(stream, told, FinishAfter(epochs=2), check_every=check_every)
    with pytest.raises(NotFiniteError) as caught:
        loop.run()
    assert str(caught.value) == (
        "net: step 7 (epoch 2, batch 3) is not finite: source 'features' is not finite: 1 NaN of 24 values; "
        "look at the data. The parameters are as they were before this step."
    )
    assert told.error is caught.value
    assert loop.iteration == 6 and loop.epoch == 1 and same(without_time(told.state), before_bad)

    stream.spoil.clear()
    loop.run()
    assert same(without_time(loop.state_dict()), whole)


def test_nothing_after_a_bad_step_takes_effect(net, make_loop):
    make_loop(Stream())
    algorithm, start = net
    good, bad = next(Stream().iterator()), next(Stream().iterator())
    put_nan(bad)
    algorithm.process_batch(bad)
    for _ in range(3):
        algorithm.process_batch(good)
    assert algorithm.check() == 1 and same(algorithm.state_dict(), start) and algorithm.read_monitored() == {}
    algorithm.rewind()
    algorithm.process_batch(good)
    assert algorithm.check() is None and algorithm.steps_done.get_value() == 1


def test_the_first_variable_in_order_of_computation_is_named_by_its_brick(net, make_loop):
    loop = make_loop(Stream(), FinishAfter(epochs=1))
    weights = net[0].parameters["mlp/linear_1/W"]
    weights.set_value(np.full((5, 4), 3e38, "float32"))
    with pytest.raises(NotFiniteError, match=r"step 1 \(epoch 1, batch 1\)") as caught:
        loop.run()
    message = str(caught.value)
    assert "Dot(mlp/linear_1.input" in message and "mlp/linear_1/W" in message
    assert "for mlp/linear_1.output" in message and "for the cost" in message
    assert "infinite of 32 values" in message and "smaller learning rate" in message
    assert "linear_0" not in message
    assert (weights.get_value() == np.float32(3e38)).all()


class Quotient(StepRule):
    """Divides by the gradient's square: not finite at 0, though the gradient is."""

    def compute_steps(self, steps):
        return {p: g / g**2 for p, g in steps.items()}, []


def explain(cost, batch, rule=None, **start):
    """Train a step on shared scalars of these values; what is said, after checking that they stayed."""
    algorithm = GradientDescent(cost, step_rule=rule or Scale(0.5))
    algorithm.process_batch(batch)
    assert algorithm.check() == 1
    for name, value in start.items():
        np.testing.assert_array_equal(algorithm.parameters[name].get_value(), np.float32(value))
    return algorithm.explain(batch)


def scalar(name, value):
    return engine.shared(np.asarray(value, "float32"), name=name)


def test_a_gradient_that_is_not_finite_is_found_though_the_cost_is():
    w = scalar("w", [0, 0])
    assert "for the gradient of w" in explain(pt.sqrt((w**2).sum()), {}, w=[0, 0])


def test_what_is_infinite_but_replaced_by_rewriting_is_not_blamed():
    """exp(200) is infinite in float32; PyTensor computes log(1 + exp(x)) otherwise, and rightly."""
    x, w = pt.fvector("x"), scalar("w", -1)
    text = explain(pt.log(1 + pt.exp(x)).mean() + pt.log(w), {"x": np.float32([200, 1])}, w=-1)
    assert text.startswith("Log(w) is not finite: 1 NaN of 1 value, for the cost")


def test_steps_of_a_rule_that_does_not_keep_finite_are_looked_at_too():
    x, w = pt.fvector("x"), scalar("w", 2)
    text = explain((w * x).sum(), {"x": np.zeros(1, "float32")}, Quotient(), w=2)
    assert text.startswith("the step of w in step rule (Quotient) is not finite: 1 NaN of 1 value")


def test_a_gradient_that_cannot_be_squared_is_refused_before_adam_divides_by_infinity():
    x, w = pt.fvector("x"), scalar("w", 1e-15)
    text = explain((w * x).sum(), {"x": np.float32([1e25])}, Adam(0.1), w=1e-15)
    assert "infinite of 1 value" in text and "for the new value of adam/second_moment/w" in text


def test_a_norm_beyond_the_range_does_not_become_a_step_of_zero():
    w = scalar("w", np.full(500, 1e-3))
    x = pt.fvector("x")
    batch = {"x": np.full(500, 1.5e18, "float32")}  # each fits when squared, their sum does not
    text = explain((w * x).sum(), batch, StepClipping(1.0), w=np.full(500, 1e-3))
    assert "infinite of 1 value" in text and "the norm of all steps" in text


def test_a_cost_too_large_to_be_squared_is_named():
    x, w = pt.fvector("x"), scalar("w", 1e20)
    text = explain((w * x).sum(), {"x": np.float32([1])}, w=1e20)
    assert text.startswith("the square of the cost is not finite: 1 infinite of 1 value; a smaller learning rate")


def test_gradients_too_large_to_be_squared_are_named_though_a_scale_could_bear_them():
    x, w = pt.fvector("x"), scalar("w", 0)
    text = explain((w * x).sum(), {"x": np.float32([1e20])}, Scale(1e-20), w=0)
    assert text.startswith("the square of the gradient of w is not finite: 1 infinite of 1 value")


def test_a_monitored_value_that_is_not_finite_does_not_end_the_training():
    x, w = pt.fvector("x"), scalar("w", 2)
    algorithm = GradientDescent((w * x).sum(), monitored={"odd": pt.log(-pt.abs(x).sum())})
    algorithm.process_batch({"x": np.float32([1])})
    assert algorithm.check() is None and np.isnan(algorithm.read_monitored()["odd"])


@pytest.fixture(scope="module")
def finite():
    arguments = [pt.fscalar(), pt.fvector(), pt.fmatrix(), pt.ftensor3(), pt.dmatrix(), pt.imatrix()]
    return engine.function(arguments, all_finite(arguments), on_unused_input="ignore")


SHAPES = [(), (5,), (3, 4), (2, 3, 2), (2, 2), (2, 2)]
DTYPES = ["float32"] * 4 + ["float64", "int32"]


@settings(max_examples=80, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    scale=st.sampled_from([1e-30, 1.0, 1e15]),
    which=st.integers(0, 4),
    bad=st.sampled_from([np.nan, np.inf, -np.inf]),
)
def test_a_single_bad_value_anywhere_is_seen(finite, seed, scale, which, bad):
    rng = np.random.default_rng(seed)
    values = [
        np.asarray(rng.normal(size=s) * (scale if d[0] == "f" else 9), d) for s, d in zip(SHAPES, DTYPES, strict=True)
    ]
    assert finite(*values)
    values[which][tuple(rng.integers(n) for n in SHAPES[which])] = bad
    assert not finite(*values)


def test_large_values_that_would_cancel_in_a_plain_sum_are_seen(finite):
    values = [np.ones(s, d) for s, d in zip(SHAPES, DTYPES, strict=True)]
    values[2][:, :] = [[1e25, -1e25, 0, 0]] * 3
    assert not finite(*values)
