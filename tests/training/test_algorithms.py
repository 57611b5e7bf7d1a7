"""GradientDescent: any cost and shared variables, with bricks or without."""

import numpy as np
import pytensor.tensor as pt
import pytest

from bricks import ComputationGraph, engine
from bricks.errors import CheckpointError, ShapeError, UsageError
from bricks.initialization import Constant
from bricks.layers import BatchNormalization, Dropout, Linear
from bricks.roles import WEIGHT
from bricks.training import Adam, GradientDescent, Momentum, Scale

RNG = np.random.default_rng(5)
X = RNG.normal(size=(20, 3)).astype("float32")
TARGETS = (X @ np.float32([1, -2, 3]) + 4).astype("float32")


def linear_regression(dtype="float32"):
    x, t = pt.tensor("x", dtype=dtype, shape=(None, 3)), pt.tensor("t", dtype=dtype, shape=(None,))
    W, b = engine.shared(np.zeros(3, dtype), name="W"), engine.shared(np.zeros((), dtype), name="b")
    return ((pt.dot(x, W) + b - t) ** 2).mean(), x, W, b


def test_bare_pytensor_is_trained_step_by_step_as_numpy_says():
    cost, _, W, b = linear_regression()
    descent = GradientDescent(cost, step_rule=Momentum(0.1, momentum=0.5))
    w, c, vw, vc = np.zeros(3), 0.0, np.zeros(3), 0.0
    costs = []
    for _ in range(5):
        descent.process_batch({"x": X, "t": TARGETS})
        error = X @ w + c - TARGETS
        costs.append(np.mean(error**2))
        vw, vc = 0.5 * vw + 0.1 * 2 * X.T @ error / 20, 0.5 * vc + 0.1 * 2 * error.mean()
        w, c = w - vw, c - vc
    np.testing.assert_allclose(W.get_value(), w, rtol=1e-5)
    np.testing.assert_allclose(b.get_value(), c, rtol=1e-5)
    assert descent.inputs == ["x", "t"] and set(descent.parameters) == {"W", "b"}
    assert descent.steps_given == descent.steps_done.get_value() == 5 and descent.check() is None
    assert descent.read_monitored() == {"cost": pytest.approx(np.mean(costs), rel=1e-5)}
    assert descent.read_monitored() == {}


def test_the_assignments_derivation_by_hand_equals_the_symbolic_gradient():
    """h = tanh(x W + b), y = softmax(h V + c), cost = -mean log y[target]; derivatives from the cost back."""
    n, inputs, hidden, classes = 7, 6, 5, 4
    x, t = RNG.normal(size=(n, inputs)), RNG.integers(0, classes, n)
    values = {"W": (inputs, hidden), "b": (hidden,), "V": (hidden, classes), "c": (classes,)}
    values = {name: RNG.normal(size=shape) for name, shape in values.items()}

    h = np.tanh(x @ values["W"] + values["b"])
    scores = h @ values["V"] + values["c"]
    y = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    delta_y = (y - np.eye(classes)[t]) / n  # d cost / d scores: softmax and logarithm together leave y - t
    delta_h = (delta_y @ values["V"].T) * (1 - h**2)  # through V, then tanh' = 1 - tanh^2
    by_hand = {"W": x.T @ delta_h, "b": delta_h.sum(axis=0), "V": h.T @ delta_y, "c": delta_y.sum(axis=0)}

    shared = {name: engine.shared(value, name=name) for name, value in values.items()}
    features, targets = pt.dmatrix("x"), pt.lvector("t")
    output = pt.dot(pt.tanh(pt.dot(features, shared["W"]) + shared["b"]), shared["V"]) + shared["c"]
    cost = -pt.log(pt.special.softmax(output, axis=1)[pt.arange(targets.shape[0]), targets]).mean()
    compute = engine.function([features, targets], [cost, *engine.grad(cost, list(shared.values()))])
    result, *gradients = compute(x, t)
    np.testing.assert_allclose(result, -np.log(y[np.arange(n), t]).mean(), rtol=1e-12)
    for name, gradient in zip(shared, gradients, strict=True):
        np.testing.assert_allclose(gradient, by_hand[name], rtol=1e-10, atol=1e-15, err_msg=name)


def test_precisions_in_one_step_stay_what_they_are():
    x = pt.dvector("x")
    narrow, wide = engine.shared(np.float32(1), name="narrow"), engine.shared(np.float64(1), name="wide")
    cost = ((narrow.astype("float64") * x - wide) ** 2).mean()
    descent = GradientDescent(cost, step_rule=Adam(0.1))
    descent.process_batch({"x": np.array([3.0, 5.0])})
    assert narrow.get_value().dtype == "float32" and wide.get_value().dtype == "float64"
    # Adam's first step is learning_rate * sign(gradient).
    np.testing.assert_allclose(narrow.get_value(), 0.9, rtol=1e-6)
    np.testing.assert_allclose(wide.get_value(), 1.1, rtol=1e-6)
    assert wide.get_value() != np.float32(wide.get_value())


def test_own_updates_and_monitored_quantities_are_part_of_the_step():
    cost, x, W, _ = linear_regression()
    seen = engine.shared(np.int32(0), name="seen")
    descent = GradientDescent(
        cost, [W], Scale(0.1), updates={seen: seen + x.shape[0].astype("int32")}, monitored={"first": x[0, 0]}
    )
    descent.monitor("gradient_norm", descent.gradients[W].norm(2))
    for _ in range(3):
        descent.process_batch({"x": X, "t": TARGETS, "not of the graph": X})
    means = descent.read_monitored(reset=False)
    assert seen.get_value() == 60 and list(descent.parameters) == ["W"]
    assert means["first"] == pytest.approx(X[0, 0], rel=1e-6) and means["gradient_norm"] > 0
    assert descent.read_monitored() == means
    assert descent.state_dict()["updates"] == {"seen": 60}
    with pytest.raises(UsageError, match="before the first step"):
        descent.monitor("late", x[0, 0])


def test_training_means_are_those_of_the_training_graph():
    """Dropout's expected value has mean 1, and so has its sample; the square's mean is 1 and 1 / (1 - p)."""
    x = pt.fmatrix("x")
    h = Dropout(0.75, seed=2)(Linear(4, 4, weights_init=Constant(1.0), use_bias=False, seed=1)(x))
    square = (h**2).mean()
    descent = GradientDescent(h.mean(), step_rule=Scale(1e-9), monitored={"square": square})
    batch = {"x": np.full((500, 4), 0.25, "float32")}
    for _ in range(4):
        descent.process_batch(batch)
    assert engine.function([x], square)(batch["x"]) == pytest.approx(1, rel=1e-5)
    assert descent.read_monitored()["square"] == pytest.approx(4, rel=0.1)
    (steps,) = (value for name, value in descent.state_dict()["random"].items() if name.endswith("step"))
    assert steps == 4


def test_population_statistics_are_buffers_updated_by_the_step():
    x = pt.matrix("x", dtype="float32", shape=(None, 3))
    normalization = BatchNormalization(3, seed=1)
    descent = GradientDescent((normalization(x) ** 3).mean(), step_rule=Scale(1e-9))
    assert set(descent.buffers) == set(normalization.all_buffers())
    assert set(descent.parameters) == set(normalization.all_parameters())
    before = descent.state_dict()
    descent.process_batch({"x": X + 5})
    after = descent.state_dict()
    assert all(np.any(after["buffers"][name] != before["buffers"][name]) for name in before["buffers"])
    descent.load_state_dict(before)
    again = descent.state_dict()
    assert all((again["buffers"][name] == before["buffers"][name]).all() for name in before["buffers"])
    assert descent.steps_given == 0


def test_parameters_are_by_default_the_bricks_or_all_shared_floats():
    x = pt.fmatrix("x")
    linear, scale = Linear(3, 2, seed=1), engine.shared(np.float32(2), name="scale")
    with_brick = GradientDescent((scale * linear(x)).mean())
    assert set(with_brick.parameters) == {"linear/W", "linear/b"}
    bare = GradientDescent((scale * x).mean())
    assert set(bare.parameters) == {"scale"}
    (weight,) = (p for p in ComputationGraph(with_brick.cost).parameters if WEIGHT in p.tag.roles)
    assert set(GradientDescent((scale * linear(x)).mean(), [weight, scale]).parameters) == {
        "linear/W",
        "scale",
    }


def impossible(case):
    cost, x, W, b = linear_regression()
    unnamed = pt.fvector()
    other = engine.shared(np.float32(1), name="other")
    counter = engine.shared(np.int32(1), name="counter")
    return {
        "vector": lambda: GradientDescent((x * W) ** 2),
        "integer": lambda: GradientDescent(counter + 1),
        "unnamed": lambda: GradientDescent(cost + unnamed.sum()),
        "twice": lambda: GradientDescent(cost + pt.fmatrix("x").sum()),
        "unrelated": lambda: GradientDescent(cost, [W, other]),
        "not shared": lambda: GradientDescent(cost, [x]),
        "nothing": lambda: GradientDescent((x**2).mean()),
        "no gradient": lambda: GradientDescent(W.shape[0].astype("float32") + x.sum()),
        "monitored": lambda: GradientDescent(cost, monitored={"W": W}),
        "updated twice": lambda: GradientDescent(cost, updates={W: 2 * W}).process_batch({"x": X, "t": TARGETS}),
        "rule used": lambda: [GradientDescent(cost, step_rule=rule) for rule in [Scale(1.0)] * 2],
    }[case]()


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("vector", "the cost must be a symbolic scalar of floats, got Matrix.*take the mean"),
        ("integer", "the cost must be a symbolic scalar of floats, got Scalar.int"),
        ("unnamed", "every input of the graph must have the name of the source.*Vector"),
        ("twice", "two different inputs of the graph are called 'x'"),
        ("unrelated", "the cost does not depend on parameter 'other'"),
        ("not shared", "a parameter must be a shared variable of floats, got x"),
        ("nothing", "nothing to train"),
        ("no gradient", "the cost has no gradient for"),
        ("monitored", "monitored 'W' must be a symbolic scalar, got Vector"),
        ("updated twice", "W is updated twice"),
        ("rule used", "already belongs to an algorithm"),
    ],
)
def test_what_cannot_be_trained_is_said_so(case, message):
    with pytest.raises(UsageError, match=message):
        impossible(case)


def test_batches_that_lack_a_source_or_have_wrong_dtypes_change_nothing():
    cost, _, W, _ = linear_regression()
    descent = GradientDescent(cost)
    with pytest.raises(UsageError, match="lacks the source 't'; did you mean 'tt'"):
        descent.process_batch({"x": X, "tt": TARGETS})
    with pytest.raises(TypeError, match="input x must be"):
        descent.process_batch({"x": X.astype("float64"), "t": TARGETS})
    assert descent.check() is None and (W.get_value() == 0).all()


def test_state_of_another_algorithm_is_refused_by_name():
    cost, _, W, _ = linear_regression()
    descent = GradientDescent(cost, step_rule=Momentum(0.1))
    state = descent.state_dict()
    for change, message in (
        ({"parameters": {"W": np.zeros(3, "float32")}}, "parameters: the state lacks 'b'"),
        (
            {"parameters": {"W": np.zeros(4, "float32"), "b": np.float32(0)}},
            r"W must be float32 \(3,\) as in this model",
        ),
        ({"step_rule": {}}, "step rule momentum: the state lacks 'momentum/learning_rate'"),
        ({"monitored": {}}, "monitored means: the state lacks"),
    ):
        with pytest.raises(CheckpointError, match=message):
            descent.load_state_dict(state | change)
    with pytest.raises(CheckpointError, match="the state lacks random"):
        descent.load_state_dict({k: v for k, v in state.items() if k != "random"})


@pytest.mark.parametrize(
    ("dtype", "shape", "error", "message"),
    [
        ("float64", (3,), UsageError, "source 'x' must be float32.*gives float64"),
        (
            "float32",
            (4,),
            ShapeError,
            r"source 'x' must have batches of shape \(any, 3\).*\(any \(batch\), 4 \(feature\)\)",
        ),
        ("float32", (3, 1), ShapeError, r"the stream gives \(any"),
        ("uint8", (3,), None, None),
        ("float32", (None,), None, None),
    ],
)
def test_sources_are_compared_with_inputs(dtype, shape, error, message):
    from bricks.data import Source

    axes = ("batch", "feature", "")[: len(shape) + 1]
    sources = {
        "x": Source(np.dtype(dtype), shape, axes),
        "t": Source(np.dtype("float32"), (), ("batch",)),
        "more": Source(np.dtype("int64"), (), ("batch",)),
    }
    descent = GradientDescent(linear_regression()[0])
    if error is None:
        descent.prepare(sources)
    else:
        with pytest.raises(error, match=message):
            descent.prepare(sources)
    with pytest.raises(UsageError, match="input 't' needs a source of that name.*there are: more, x"):
        descent.prepare(
            {k: v for k, v in sources.items() if k != "t"} | {"x": Source(np.dtype("float32"), (3,), axes[:2])}
        )
