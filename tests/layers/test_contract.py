"""The contract of every brick: values, shapes, names, parameters, gradients, state, wrong input.

Each case says what a brick is to compute, in NumPy and independently of its code. All of it runs in float64,
where a finite difference tells a right gradient from a nearly right one.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

from bricks import ComputationGraph, Model, engine, layers, named_parameters
from bricks.errors import BricksError
from bricks.graph import annotations_of
from bricks.initialization import Gaussian
from bricks.layers import (
    MLP,
    BatchNormalization,
    CategoricalCrossEntropy,
    Dropout,
    Identity,
    Linear,
    Logistic,
    MisclassificationRate,
    Rectifier,
    Sequence,
    Softmax,
    SquaredError,
    Tanh,
)
from bricks.roles import COST, has_roles


def logistic(x):
    return 1 / (1 + np.exp(-x))


def softmax(x, axis=-1):
    return np.exp(x) / np.exp(x).sum(axis, keepdims=True)


def cross_entropy(rows, logits):
    return -np.mean(
        [sum(t * np.log(p) for t, p in zip(*pair, strict=True)) for pair in zip(rows, softmax(logits), strict=True)]
    )


def normalized(x, p):
    centred = (x - p["population_mean"]) / np.sqrt(p["population_variance"] + 1e-5)
    return centred * p["scale"] + p["shift"]


def one_hot(classes, number):
    return np.eye(number)[np.ravel(classes)]


@dataclass(frozen=True)
class Case:
    """A brick, what it computes, and what it is not to be given.

    `inputs` are static shapes: of floats, or of class numbers where the first entry is "int". `paths` are the
    parameters and buffers, relative to the brick; `oracle(p, *inputs)` has these as arrays by name. `wrong`
    are dtypes and static shapes, with a part of the message.
    """

    make: Callable
    inputs: list
    oracle: Callable
    paths: tuple = ()
    output: tuple | None = None
    wrong: list = field(default_factory=list)
    differentiable: bool = True


ELEMENT_WISE = [([("int64", (3, 4))], "input must be of a float dtype, got int64; cast it with input.astype")]
TWO_LAYERS = ("linear_0/W", "linear_0/b", "linear_1/W", "linear_1/b")

CASES = {
    "linear": Case(
        lambda: Linear(4, 3, biases_init=Gaussian()),
        [(5, 4)],
        lambda p, x: np.einsum("bi,io->bo", x, p["W"]) + p["b"],
        ("W", "b"),
        (5, 3),
        [
            (
                [("float64", (100, 784))],
                r"linear: input must have 4 columns \(input_dim=4\), got shape \(100, 784\); is the",
            ),
            (
                [("float32", (5, 4))],
                r"linear: input must be float64, got float32; cast it with input.astype\('float64'\)",
            ),
            ([("int64", (5, 4))], "linear: input must be float64, got int64"),
            ([("float64", ())], r"linear: input must have at least 1 axis \(..., input_dim\), got 0"),
        ],
    ),
    "linear on sequences": Case(
        lambda: Linear(4, 3, use_bias=False),
        [(2, 5, 4)],
        lambda p, x: np.einsum("tbi,io->tbo", x, p["W"]),
        ("W",),
        (2, 5, 3),
        [([("float64", (2, 5, 3))], r"got shape \(2, 5, 3\)")],
    ),
    "identity": Case(Identity, [(3, 4)], lambda p, x: x, output=(3, 4), wrong=ELEMENT_WISE),
    "tanh": Case(Tanh, [(3, 4)], lambda p, x: 2 * logistic(2 * x) - 1, output=(3, 4), wrong=ELEMENT_WISE),
    "logistic": Case(Logistic, [(3, 4)], lambda p, x: logistic(x), output=(3, 4), wrong=ELEMENT_WISE),
    "rectifier": Case(Rectifier, [(3, 4)], lambda p, x: x * (x > 0), output=(3, 4), wrong=ELEMENT_WISE),
    "softmax": Case(Softmax, [(3, 4)], lambda p, x: softmax(x), output=(3, 4), wrong=ELEMENT_WISE),
    "softmax over the middle axis": Case(
        lambda: Softmax(axis=1),
        [(2, 3, 4)],
        lambda p, x: softmax(x, 1),
        output=(2, 3, 4),
        wrong=[([("float64", (3,))], r"softmax: input must have an axis 1, got shape \(3,\)")],
    ),
    "sequence": Case(
        lambda: Sequence([Linear(4, 3), Tanh(), Linear(3, 2, use_bias=False)]),
        [(5, 4)],
        lambda p, x: np.tanh(x @ p["linear/W"] + p["linear/b"]) @ p["linear_1/W"],
        ("linear/W", "linear/b", "linear_1/W"),
        (5, 2),
        [([("float64", (5, 2))], r"sequence/linear: input must have 4 columns")],
    ),
    "mlp": Case(
        lambda: MLP([Tanh(), Softmax()], [4, 3, 2], biases_init=Gaussian()),
        [(5, 4)],
        lambda p, x: softmax(
            np.tanh(x @ p["linear_0/W"] + p["linear_0/b"]) @ p["linear_1/W"] + p["linear_1/b"],
        ),
        TWO_LAYERS,
        (5, 2),
        [
            (
                [("float64", (5, 3))],
                r"mlp/linear_0: input must have 4 columns \(input_dim=4\), got shape \(5, 3\)",
            )
        ],
    ),
    "dropout": Case(lambda: Dropout(0.3), [(3, 4)], lambda p, x: x, output=(3, 4), wrong=ELEMENT_WISE),
    "batch normalization": Case(
        lambda: BatchNormalization(4),
        [(3, 4)],
        lambda p, x: normalized(x, p),
        ("scale", "shift", "population_mean", "population_variance"),
        (3, 4),
        [
            ([("float64", (3, 5))], r"batch_normalization: input must have 4 columns \(dim=4\)"),
            ([("float64", (4,))], r"must have at least 2 axes \(batch, ..., dim\), got 1"),
        ],
    ),
    "batch normalization of sequences": Case(
        lambda: BatchNormalization(4),
        [(2, 3, 4)],
        lambda p, x: normalized(x, p),
        ("scale", "shift", "population_mean", "population_variance"),
        (2, 3, 4),
    ),
    "cross entropy of class numbers": Case(
        CategoricalCrossEntropy,
        [("int", (5,)), (5, 3)],
        lambda p, t, z: cross_entropy(one_hot(t, 3), z),
        output=(),
        wrong=[
            (
                [("int64", (5, 2)), ("float64", (5, 3))],
                r"integer targets must be one class number a row, .* got shape \(5, 2\)",
            ),
            (
                [("int64", (4,)), ("float64", (5, 3))],
                r"as many rows as the other input, got \(4,\) and \(5, 3\)",
            ),
            (
                [("float64", (5, 3)), ("int64", (5,))],
                "logits must be of a float dtype, got int64; .*targets come first",
            ),
            (
                [("int64", (5,)), ("float64", (2, 2, 5, 3))],
                r"logits must have 2 axes \(batch, classes\) or 3 \(time, batch, classes\), got 4",
            ),
            ([("int64", (5,)), ("float64", (2, 5, 3))], r"of shape \(time, batch\), got shape \(5,\)"),
            ([("int64", (2, 4)), ("float64", (2, 5, 3))], r"as many rows as the other input, got \(2, 4\)"),
        ],
    ),
    "cross entropy of sequences": Case(
        CategoricalCrossEntropy,
        [("int", (4, 5)), (4, 5, 3)],
        lambda p, t, z: np.mean([cross_entropy(one_hot(u, 3), y) for u, y in zip(t, z, strict=True)]),
        output=(),
    ),
    "cross entropy of a column": Case(
        CategoricalCrossEntropy,
        [("int", (5, 1)), (5, 3)],
        lambda p, t, z: cross_entropy(one_hot(t, 3), z),
        output=(),
    ),
    "cross entropy of probabilities": Case(
        CategoricalCrossEntropy,
        [(5, 3), (5, 3)],
        lambda p, t, z: cross_entropy(t, z),
        output=(),
        wrong=[([("float64", (5, 4)), ("float64", (5, 3))], r"shape of logits \(5, 3\), got \(5, 4\)")],
    ),
    "squared error": Case(
        SquaredError,
        [(5, 3), (5, 3)],
        lambda p, t, y: sum((a - b) ** 2 for a, b in zip(t.flat, y.flat, strict=True)) / 5,
        output=(),
        wrong=[
            ([("float64", (5, 1)), ("float64", (5, 3))], r"shape of outputs \(5, 3\), got \(5, 1\)"),
            ([("float64", (5,)), ("float64", (5, 3))], r"shape of outputs \(5, 3\), got \(5,\)"),
            ([("int64", (5, 3)), ("float64", (5, 3))], "targets must be float64, got int64"),
        ],
    ),
    "misclassification rate": Case(
        MisclassificationRate,
        [("int", (50,)), (50, 3)],
        lambda p, t, y: sum(max(range(3), key=row.__getitem__) != k for row, k in zip(y, t, strict=True)) / 50,
        output=(),
        differentiable=False,
        wrong=[([("int64", (5, 2)), ("float64", (5, 3))], "one class number a row")],
    ),
    "misclassification rate of a column": Case(
        MisclassificationRate,
        [("int", (50, 1)), (50, 3)],
        lambda p, t, y: np.mean([np.argmax(row) != k for row, (k,) in zip(y, t, strict=True)]),
        output=(),
        differentiable=False,
    ),
    "misclassification rate of rows": Case(
        MisclassificationRate,
        [(50, 3), (50, 3)],
        lambda p, t, y: np.mean([np.argmax(a) != np.argmax(b) for a, b in zip(t, y, strict=True)]),
        output=(),
        differentiable=False,
    ),
}


def test_every_brick_has_a_case():
    covered = {type(case.make()) for case in CASES.values()}
    public = {getattr(layers, name) for name in layers.__all__} - {layers.Activation}
    assert covered == public


@pytest.fixture
def float64():
    with pytensor.config.change_flags(floatX="float64"):
        yield


def symbolic(spec, i=0):
    dtype, shape = ("int64", spec[1]) if spec[0] == "int" else ("float64", spec)
    return pt.tensor(f"x{i}", dtype=dtype, shape=shape)


def drawn(spec, rng):
    return rng.integers(0, 3, spec[1]) if spec[0] == "int" else rng.normal(size=spec)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_brick_computes_what_it_says_with_gradients_names_and_state(case, float64):
    rng = np.random.default_rng(1)
    brick = case.make()
    inputs = [symbolic(spec, i) for i, spec in enumerate(case.inputs)]
    arrays = [drawn(spec, rng) for spec in case.inputs]
    output = brick(*inputs)

    # Names, shapes and dtypes.
    kept = {**brick.all_parameters(), **brick.all_buffers()}
    assert tuple(kept) == tuple(f"{brick.path}/{path}" for path in case.paths)
    assert all(v.name == path and v.type.dtype == "float64" for path, v in kept.items())
    assert output.name == f"{brick.path}.output" and output.type.dtype == "float64"
    assert output.type.shape == case.output
    assert [a.brick for a in annotations_of(output)] == [brick]
    graph = ComputationGraph(output)
    assert named_parameters(graph.parameters) == brick.all_parameters()
    assert set(graph.inputs) == set(inputs)
    assert has_roles(output, COST) == (type(brick) in (CategoricalCrossEntropy, SquaredError))

    # Values, against the oracle; parameters and buffers away from their first values.
    for v in kept.values():
        v.set_value(v.get_value() + 0.3 * rng.normal(size=v.type.shape))
    for v in brick.all_buffers().values():
        v.set_value(np.abs(v.get_value()))
    weights = rng.normal(size=case.output)
    cost = pt.sum(output * weights)
    varied = [v for v in inputs if v.type.dtype == "float64"] + list(brick.all_parameters().values())
    gradients = engine.grad(cost, varied) if case.differentiable else []
    f = engine.function(inputs, [output, cost, *gradients])
    found, _, *derivatives = f(*arrays)
    by_name = {path: kept[f"{brick.path}/{path}"].get_value() for path in case.paths}
    np.testing.assert_allclose(found, case.oracle(by_name, *arrays), rtol=1e-12, atol=1e-14)
    assert found.shape == case.output

    # Gradients, against central differences along a random direction.
    for v, gradient in zip(varied, derivatives, strict=case.differentiable):
        direction, h = rng.normal(size=gradient.shape), 1e-6
        sides = []
        for sign in (1, -1):
            moved = list(arrays)
            if v in inputs:
                moved[inputs.index(v)] = arrays[inputs.index(v)] + sign * h * direction
                sides.append(f(*moved)[1])
            else:
                before = v.get_value()
                v.set_value(before + sign * h * direction)
                sides.append(f(*moved)[1])
                v.set_value(before)
        difference = (sides[0] - sides[1]) / (2 * h)
        assert np.sum(gradient * direction) == pytest.approx(difference, rel=1e-6, abs=1e-8), v

    # State, into a second brick whose values are its own.
    model, twin = Model(cost), case.make()
    twin_model = Model(pt.sum(twin(*inputs) * weights))
    twin_model.load_state_dict(model.state_dict())
    for path, v in {**twin.all_parameters(), **twin.all_buffers()}.items():
        np.testing.assert_array_equal(v.get_value(), kept[path].get_value())


WRONG = [
    pytest.param(case.make, specs, message, id=f"{name}: {message}")
    for name, case in CASES.items()
    for specs, message in case.wrong
]


@pytest.mark.parametrize("make, specs, message", WRONG)
def test_a_wrong_input_is_refused_with_who_what_and_what_to_do(make, specs, message, float64):
    inputs = [pt.tensor(f"x{i}", dtype=dtype, shape=shape) for i, (dtype, shape) in enumerate(specs)]
    with pytest.raises(BricksError, match=message):
        make()(*inputs)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_is_not_symbolic_is_refused(case):
    with pytest.raises(BricksError, match="must be a symbolic tensor, got"):
        case.make()(*(["x"] * len(case.inputs)))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_unknown_lengths_are_accepted(case, float64):
    def unknown(spec):
        return ("int", tuple(None for _ in spec[1])) if spec[0] == "int" else tuple(None for _ in spec)

    output = case.make()(*(symbolic(unknown(spec), i) for i, spec in enumerate(case.inputs)))
    assert output.type.ndim == len(case.output)
