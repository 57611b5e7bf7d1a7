"""What must hold of a parameter holds after each step, whatever the step rule; nothing else is changed."""

import numpy as np
import pytensor.tensor as pt
import pytest

import bricks
from bricks import Brick, engine
from bricks.errors import ShapeError, UsageError
from bricks.graph import project, projections_of
from bricks.initialization import Constant
from bricks.roles import WEIGHT
from bricks.training import Adam, CompositeRule, GradientDescent, Momentum, Scale, StepClipping, VariableClipping

RNG = np.random.default_rng(7)
X = RNG.normal(size=(16, 3)).astype("float32")
TARGETS = (X @ RNG.normal(size=(3, 2)) * 3).astype("float32")
SIGNS = np.float32([[1], [-1], [1]])
START = np.abs(RNG.normal(size=(3, 2)).astype("float32")) * SIGNS


def dale(new):
    """All weights from one source, a row, have its sign."""
    return SIGNS * pt.maximum(SIGNS * new, 0)


def unit_interval(new):
    return pt.clip(new, np.float32(0), np.float32(1))


def regression():
    x, t = pt.matrix("x", shape=(None, 3), dtype="float32"), pt.matrix("t", shape=(None, 2), dtype="float32")
    W = engine.shared(START, name="W", shape=(3, 2))
    a = engine.shared(np.float32([0.5, 0.5]), name="a", shape=(2,))
    return ((pt.dot(x, W) * a - t) ** 2).mean(), W, a


def train(descent, steps=1):
    for _ in range(steps):
        descent.process_batch({"x": X, "t": TARGETS})


@pytest.mark.parametrize(
    "rule",
    [
        lambda: Scale(0.5),
        lambda: CompositeRule([StepClipping(1.0), Momentum(0.5, 0.9), VariableClipping(0.7)]),
        lambda: Adam(0.3),
    ],
    ids=["scale", "clipping and momentum", "adam"],
)
def test_after_each_step_the_constraints_hold(rule):
    cost, W, a = regression()
    project(W, dale), project(a, unit_interval)
    descent = GradientDescent(cost, step_rule=rule())
    met = []
    for _ in range(6):
        train(descent)
        assert (SIGNS * W.get_value() >= 0).all() and ((0 <= a.get_value()) & (a.get_value() <= 1)).all()
        met.append((W.get_value() == 0).any() or np.isin(a.get_value(), [0, 1]).any())
    assert any(met) and descent.check() is None


def test_a_step_is_the_rules_step_and_then_the_projection_and_others_are_as_before():
    free_cost, free_W, free_a = regression()
    free = GradientDescent(free_cost, step_rule=Scale(2.0))
    cost, W, a = regression()
    project(W, dale)
    descent = GradientDescent(cost, step_rule=Scale(2.0))
    train(free), train(descent)
    assert (SIGNS * free_W.get_value() < 0).any()
    expected = np.where(SIGNS * free_W.get_value() < 0, 0, free_W.get_value())
    np.testing.assert_allclose(W.get_value(), expected, rtol=1e-6)
    np.testing.assert_array_equal(a.get_value(), free_a.get_value())


def test_several_projections_follow_each_other_in_the_order_given():
    v = engine.shared(np.float32([3, 4]), name="v")
    project(v, lambda new: new / new.norm(2).astype("float32"))
    assert project(v, unit_interval) is v and len(projections_of(v)) == 2
    descent = GradientDescent(v.sum(), step_rule=Scale(6.0))
    descent.process_batch({})
    np.testing.assert_allclose(v.get_value(), np.clip(np.float32([-3, -2]) / np.sqrt(13), 0, 1), rtol=1e-6)
    assert projections_of(engine.shared(np.float32(0))) == ()


def test_values_that_somebody_sets_are_left_as_they_are_until_the_next_step():
    cost, W, _ = regression()
    project(W, dale)
    descent = GradientDescent(cost, step_rule=Scale(1e-3))
    train(descent)
    W.set_value(-START)
    np.testing.assert_array_equal(W.get_value(), -START)
    state = descent.state_dict()
    train(descent)
    assert (W.get_value() == 0).all()
    descent.load_state_dict(state)
    np.testing.assert_array_equal(W.get_value(), -START)


def test_a_projection_hides_no_step_that_is_not_finite():
    cost, W, a = regression()
    project(W, unit_interval), project(a, unit_interval)
    descent = GradientDescent(cost, step_rule=Scale(0.1))
    descent.process_batch({"x": np.full_like(X, np.inf), "t": TARGETS})
    assert descent.check() == 1
    np.testing.assert_array_equal(W.get_value(), START)


def test_a_projection_that_makes_values_not_finite_is_caught_and_named():
    v = engine.shared(np.float32([1, 1]), name="v")
    project(v, lambda new: new / new.norm(2).astype("float32"))
    descent = GradientDescent(v.sum(), step_rule=Scale(1.0))  # to 0, which has no direction
    descent.process_batch({})
    assert descent.check() == 1 and v.get_value().tolist() == [1, 1]
    assert "the new value of v" in descent.explain({})


def test_a_brick_gives_its_parameter_a_projection():
    class Mixture(Brick):
        """Shares of two inputs."""

        def __init__(self, **settings):
            super().__init__(**settings)
            self.share = self.add_parameter("share", (2,), WEIGHT, Constant(0.5), projection=unit_interval)

        def apply(self, input_):
            return pt.dot(input_, self.share)

    x = pt.fmatrix("x")
    mixture = Mixture(seed=1)
    descent = GradientDescent(mixture(x).mean(), step_rule=Scale(1.0))
    descent.process_batch({"x": np.float32([[1, -1]])})
    assert mixture.share.get_value().tolist() == [0, 1]


@pytest.mark.parametrize(
    ("projection", "error", "message"),
    [
        (lambda new: new.astype("float64"), UsageError, r"W: .* must give a symbolic float32 .*got float64; cast"),
        (lambda new: pt.gt(new, 0), UsageError, "W: .* must give a symbolic float32 .*got bool"),
        (lambda new: None, UsageError, "W: .* must give a symbolic float32 .*got NoneType None"),
        (lambda new: new.sum(axis=0), ShapeError, r"W: .* must give the shape .*\(3, 2\), got \(2,\); .*keepdims"),
        (lambda new: new[:2], ShapeError, r"W: .* must give the shape .*\(3, 2\), got \(2, 2\)"),
        (0.5, UsageError, "project: the projection of W must be a function .*got float 0.5"),
    ],
)  # fmt: skip
def test_what_is_no_projection_is_refused(projection, error, message):
    _, W, _ = regression()
    with pytest.raises(error, match=message):
        bricks.project(W, projection)
    assert projections_of(W) == ()


@pytest.mark.parametrize("variable", [pt.fvector("x"), engine.shared(np.int32(1), name="n"), 3])
def test_only_what_can_be_trained_has_projections(variable):
    with pytest.raises(UsageError, match="project: a parameter must be a shared variable of floats, got"):
        project(variable, unit_interval)
