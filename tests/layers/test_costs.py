"""Costs where numbers get hard: extreme logits, absent classes, ties, NaN; and a net that learns."""

import numpy as np
import pytensor.tensor as pt
import pytest

from bricks import engine
from bricks.errors import ShapeError, UsageError
from bricks.layers import MLP, CategoricalCrossEntropy, MisclassificationRate, Rectifier, SquaredError, Tanh


@pytest.fixture(scope="module")
def cross_entropy():
    z, t, rows = pt.fmatrix("logits"), pt.ivector("targets"), pt.fmatrix("rows")
    costs = [CategoricalCrossEntropy()(targets, z) for targets in (t, rows)]
    return engine.function([z, t, rows], [*costs, *(engine.grad(c, z) for c in costs)])


EXTREME = np.array([[1e4, -1e4, 0], [-1e4, 1e4, 0], [1e4, 1e4, -1e4], [1e38, -1e38, 0]], "float32")


def test_cost_and_gradient_are_exact_at_extreme_logits_in_float32(cross_entropy):
    targets = np.array([0, 0, 1, 0], "int32")
    expected_rows = np.array([0, 2e4, np.log(2), 0])
    expected_gradient = np.array([[0, 0, 0], [-1, 1, 0], [0.5, -0.5, 0], [0, 0, 0]]) / 4
    rows = np.eye(3, dtype="float32")[targets]
    for i in (0, 1):
        results = cross_entropy(EXTREME, targets, rows)
        np.testing.assert_allclose(results[i], expected_rows.mean(), rtol=1e-6)
        np.testing.assert_allclose(results[2 + i], expected_gradient, atol=1e-7)


def test_probabilities_of_the_model_itself_have_gradient_zero(cross_entropy):
    z = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    results = cross_entropy(z, np.zeros(4, "int32"), p)
    np.testing.assert_allclose(results[3], np.zeros((4, 3)), atol=1e-7)
    np.testing.assert_allclose(results[1], -(p * np.log(p)).sum(1).mean(), rtol=1e-6)


@pytest.mark.parametrize("stranger", [3, -1, 255])
def test_a_class_that_is_not_there_makes_the_cost_nan_and_not_that_of_another_class(stranger, cross_entropy):
    z = np.zeros((4, 3), "float32")
    rows = np.full((4, 3), 1 / 3, "float32")
    assert np.isnan(cross_entropy(z, np.array([0, 1, 2, stranger], "int32"), rows)[0])
    assert cross_entropy(z, np.array([0, 1, 2, 0], "int32"), rows)[0] == pytest.approx(np.log(3))


def test_nan_logits_are_not_hidden(cross_entropy):
    z = np.zeros((4, 3), "float32")
    z[1, 2] = np.nan
    results = cross_entropy(z, np.zeros(4, "int32"), np.full((4, 3), 1 / 3, "float32"))
    assert np.isnan(results[0]) and np.isnan(results[1])


def test_small_integer_targets_work_as_they_come_from_files():
    z, t = pt.fmatrix("z"), pt.matrix("t", dtype="uint8", shape=(None, 1))
    f = engine.function([z, t], [CategoricalCrossEntropy()(t, z), MisclassificationRate()(t, z)])
    cost, error = f(np.zeros((300, 256), "float32"), np.full((300, 1), 255, "uint8"))
    assert cost == pytest.approx(np.log(256)) and error == 1
    with pytest.raises(Exception, match="shape|size|broadcast"):
        f(np.zeros((300, 256), "float32"), np.full((200, 1), 255, "uint8"))


def test_of_equal_outputs_the_first_counts():
    y, t = pt.fmatrix("y"), pt.ivector("t")
    rate = engine.function([y, t], MisclassificationRate()(t, y))
    assert rate(np.ones((2, 3), "float32"), np.array([0, 1], "int32")) == 0.5


def test_costs_and_rates_are_scalars_of_the_outputs_dtype():
    t, y = pt.ivector("t"), pt.fmatrix("y")
    for brick, targets in (
        (CategoricalCrossEntropy(), t),
        (MisclassificationRate(), t),
        (SquaredError(), pt.fmatrix("t")),
    ):
        assert (brick(targets, y).type.dtype, brick(targets, y).type.ndim) == ("float32", 0)


def test_mixed_float_targets_are_refused_where_they_would_widen_the_graph():
    with pytest.raises(UsageError, match="squared_error: targets must be float32, got float64"):
        SquaredError()(pt.dmatrix("t"), pt.fmatrix("y"))
    assert CategoricalCrossEntropy()(pt.dmatrix("t"), pt.fmatrix("z")).type.dtype == "float32"


def test_a_vector_of_probabilities_is_refused():
    with pytest.raises(ShapeError, match="targets must have the shape of logits"):
        CategoricalCrossEntropy()(pt.fvector("t"), pt.fmatrix("z"))


def test_a_rectifier_passes_nan_on():
    x = pt.fvector("x")
    f = engine.function([x], Rectifier()(x))
    np.testing.assert_array_equal(f(np.array([np.nan, -1, 0, 2], "float32")), [np.nan, 0, 0, 2])


def test_a_net_from_default_initialisers_learns_what_no_linear_map_can():
    x, t = pt.fmatrix("x"), pt.ivector("t")
    mlp = MLP([Tanh(), None], [2, 8, 2], seed=1)
    z = mlp(x)
    cost = CategoricalCrossEntropy()(t, z)
    parameters = list(mlp.all_parameters().values())
    steps = zip(parameters, engine.grad(cost, parameters), strict=True)
    train = engine.function(
        [x, t],
        [cost, MisclassificationRate()(t, z)],
        updates=[(p, p - np.float32(0.5) * g) for p, g in steps],
    )
    corners, xor = np.float32([[-1, -1], [-1, 1], [1, -1], [1, 1]]), np.int32([0, 1, 1, 0])
    first, _ = train(corners, xor)
    for _ in range(150):
        last, error = train(corners, xor)
    assert error == 0 and last < 0.1 * first
