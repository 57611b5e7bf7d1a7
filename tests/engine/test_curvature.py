"""Products with Hessians: beside matrices written out, central differences of gradients, symmetry and Gauss-Newton."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

import bricks
from bricks import engine, gauss_newton_vector_product, hessian_vector_product
from bricks.errors import ShapeError, UsageError
from bricks.gated import LSTM
from bricks.layers import GELU, MLP, CategoricalCrossEntropy, Tanh

H = 1e-5


@pytest.fixture(scope="module")
def float64():
    with pytensor.config.change_flags(floatX="float64"):
        yield


def mlp_cost(rng):
    x, t = pt.dmatrix("x"), pt.ivector("t")
    mlp = MLP([Tanh(), GELU(), None], [4, 3, 2, 5], seed=1)
    logits = mlp(x)
    batch = [rng.normal(size=(6, 4)), rng.integers(0, 5, 6).astype("int32")]
    return CategoricalCrossEntropy()(t, logits), mlp, [x, t], batch, logits


def lstm_cost(rng):
    x = pt.tensor("x", dtype="float64", shape=(3, 4, 3))
    unit = LSTM(3, 2, seed=1)
    output = unit(x).output
    return (output**2).mean() + output[-1].sum() ** 2, unit, [x], [rng.normal(size=(3, 4, 3))], output


@pytest.mark.parametrize("make", [mlp_cost, lstm_cost])
def test_products_are_central_differences_of_gradients(make, float64):
    rng = np.random.default_rng(0)
    cost, brick, inputs, batch, _ = make(rng)
    parameters = list(brick.all_parameters().values())
    for p in parameters:
        p.set_value(p.get_value() + 0.3 * rng.normal(size=p.type.shape))
    vectors = [p.type() for p in parameters]
    product = engine.function([*inputs, *vectors], hessian_vector_product(cost, parameters, vectors))
    gradient = engine.function(inputs, engine.grad(cost, parameters))
    values = [p.get_value() for p in parameters]

    def gradient_at(length, direction):
        for p, value, d in zip(parameters, values, direction, strict=True):
            p.set_value(value + length * d)
        found = gradient(*batch)
        for p, value in zip(parameters, values, strict=True):
            p.set_value(value)
        return found

    u, v = ([rng.normal(size=value.shape) for value in values] for _ in range(2))
    of_u, of_v = product(*batch, *u), product(*batch, *v)
    sides = gradient_at(H, u), gradient_at(-H, u)
    for p, ours, right, left in zip(parameters, of_u, *sides, strict=True):
        difference = (right - left) / (2 * H)
        assert np.abs(difference).max() > 1e-4, f"{p} has no curvature"
        np.testing.assert_allclose(ours, difference, rtol=1e-6, atol=1e-8, err_msg=str(p))
    dots = [sum(np.sum(a * b) for a, b in zip(*pair, strict=True)) for pair in ((v, of_u), (u, of_v))]
    assert dots[0] == pytest.approx(dots[1], rel=1e-9)


def test_a_quadratic_form_has_its_own_matrix_and_the_gradient_as_vector_is_held_constant():
    A = np.array([[2.0, -1], [3, 4]])
    x = pt.dvector("x")
    cost = 0.5 * pt.dot(x, pt.dot(A, x))
    symmetric = (A + A.T) / 2
    products = [hessian_vector_product(cost, x, vector) for vector in (x, engine.grad(cost, x))]
    by_itself, by_gradient = engine.function([x], products)(np.array([1.0, 2]))
    np.testing.assert_allclose(by_itself, symmetric @ [1, 2])
    np.testing.assert_allclose(by_gradient, symmetric @ symmetric @ [1, 2])


@pytest.mark.slow
def test_gradients_of_gradients_of_a_recurrence_reach_its_input(float64):
    """A penalty on the gradient with respect to the input, as a cost that is trained."""
    rng = np.random.default_rng(2)
    cost, unit, [x], [value], _ = lstm_cost(rng)
    penalty = (engine.grad(cost, x) ** 2).sum()
    W = unit.all_parameters()["lstm/forget_gate/W_output"]
    f = engine.function([x], [penalty, engine.grad(penalty, W)])
    before, direction = W.get_value(), rng.normal(size=W.type.shape)
    _, gradient = f(value)
    sides = []
    for sign in (1, -1):
        W.set_value(before + sign * H * direction)
        sides.append(f(value)[0])
    assert abs(np.sum(gradient * direction)) > 1e-6
    assert np.sum(gradient * direction) == pytest.approx((sides[0] - sides[1]) / (2 * H), rel=1e-6)


def test_the_gauss_newton_product_is_that_of_the_matrix_written_out(float64):
    rng = np.random.default_rng(1)
    cost, mlp, inputs, batch, logits = mlp_cost(rng)
    parameters = list(mlp.all_parameters().values())
    v = [rng.normal(size=p.type.shape) for p in parameters]
    product = gauss_newton_vector_product(cost, logits, parameters, v)
    outputs_of = engine.function(inputs, logits, on_unused_input="ignore")
    J = []
    for parameter in parameters:
        value = parameter.get_value()
        for place in np.ndindex(value.shape):
            sides = []
            for sign in (1, -1):
                moved = value.copy()
                moved[place] += sign * H
                parameter.set_value(moved)
                sides.append(outputs_of(*batch).ravel())
            J.append((sides[0] - sides[1]) / (2 * H))
        parameter.set_value(value)
    J = np.transpose(J)
    z = outputs_of(*batch)
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    curvature = np.zeros((30, 30))
    for b in range(6):
        curvature[5 * b : 5 * b + 5, 5 * b : 5 * b + 5] = (np.diag(p[b]) - np.outer(p[b], p[b])) / 6
    found = engine.function(inputs, product)(*batch)
    expected = J.T @ curvature @ J @ np.concatenate([part.ravel() for part in v])
    ours = np.concatenate([part.ravel() for part in found])
    np.testing.assert_allclose(ours, expected, rtol=1e-6, atol=1e-9)
    assert ours @ np.concatenate([part.ravel() for part in v]) > 0


def test_where_the_cost_is_linear_products_are_zeros():
    x, w = pt.dvector("x"), pt.dvector("w")
    products = hessian_vector_product((2 * x).sum() + (w**2).sum(), [x, w], [np.ones(3), np.ones(2)])
    zeros, twos = engine.function([x, w], products, on_unused_input="ignore")(np.ones(3), np.ones(2))
    assert zeros.tolist() == [0, 0, 0] and twos.tolist() == [2, 2]


def test_vectors_that_do_not_fit_are_refused():
    x = pt.dmatrix("x")
    cost = (x**2).sum()
    with pytest.raises(UsageError, match="must be a vector for each of the 1 parameters, got 2"):
        hessian_vector_product(cost, [x], [np.ones((2, 2)), np.ones((2, 2))])
    with pytest.raises(UsageError, match="the vector of x must be float64, got float32; cast it"):
        hessian_vector_product(cost, x, np.ones((2, 2), "float32"))
    with pytest.raises(ShapeError, match=r"the vector of x must have shape \(None, None\), got \(2,\)"):
        gauss_newton_vector_product(cost, x**2, x, np.ones(2))
    with pytest.raises(UsageError, match="hessian_vector_product: parameters must be symbolic variables, got array"):
        bricks.hessian_vector_product(cost, np.ones(2), np.ones(2))
