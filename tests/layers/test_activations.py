"""Activations where numbers get hard, in float32: at corners, far out, not a number; and the settings they refuse."""

import math

import numpy as np
import pytensor.tensor as pt
import pytest

from bricks import engine
from bricks.errors import UsageError
from bricks.layers import ELU, GELU, LeakyRectifier, Logistic, Rectifier, Softplus, Tanh

BRICKS = {
    "softplus": Softplus(),
    "rectifier": Rectifier(),
    "leaky": LeakyRectifier(0.01),
    "elu": ELU(),
    "gelu": GELU(),
    "gelu by tanh": GELU(approximate=True),
    "tanh": Tanh(),
    "logistic": Logistic(),
}


@pytest.fixture(scope="module")
def at():
    """Values and slopes of all activations, by name, at some points."""
    x = pt.fvector("x")
    outputs = [brick(x) for brick in BRICKS.values()]
    slopes = [engine.grad(pt.sum(y), x) for y in outputs]
    f = engine.function([x], [*outputs, *slopes])

    def at(*points):
        found = f(np.array(points, "float32"))
        assert all(array.dtype == "float32" for array in found)
        return dict(zip(BRICKS, found, strict=False)), dict(zip(BRICKS, found[len(BRICKS) :], strict=True))

    return at


def test_slopes_at_zero_are_those_of_one_side_or_of_both(at):
    _, slopes = at(0.0, -0.0)
    expected = {"softplus": 0.5, "elu": 1, "gelu": 0.5, "gelu by tanh": 0.5, "tanh": 1, "logistic": 0.25}
    for name, slope in expected.items():
        np.testing.assert_allclose(slopes[name], [slope, slope], rtol=1e-6, err_msg=name)
    for name, sides in {"rectifier": (0, 1), "leaky": (np.float32(0.01), 1)}.items():
        assert set(slopes[name]) <= set(sides), name


def test_far_out_values_and_slopes_are_the_limits_and_finite(at):
    values, slopes = at(1e4, 100, -100, -1e4)
    below = {"softplus": 0, "rectifier": 0, "elu": -1, "gelu": 0, "gelu by tanh": 0}
    for name, limit in below.items():
        np.testing.assert_allclose(values[name], [1e4, 100, limit, limit], rtol=1e-6, atol=1e-30, err_msg=name)
        np.testing.assert_allclose(slopes[name], [1, 1, 0, 0], atol=1e-30, err_msg=name)
    np.testing.assert_allclose(values["leaky"], [1e4, 100, -1, -100], rtol=1e-6)
    np.testing.assert_allclose(slopes["leaky"], [1, 1, 0.01, 0.01], rtol=1e-6)


def test_small_numbers_keep_their_digits(at):
    points = [-5.0, -3.0, -1e-6, 1e-6]
    values, _ = at(*points)
    np.testing.assert_allclose(values["elu"], [math.expm1(min(x, 0)) + max(x, 0) for x in points], rtol=1e-6)
    np.testing.assert_allclose(values["gelu"], [x * math.erfc(-x / math.sqrt(2)) / 2 for x in points], rtol=1e-5)
    np.testing.assert_allclose(values["softplus"], [math.log1p(math.exp(x)) for x in points], rtol=1e-6)


def test_the_approximate_gelu_is_within_the_distance_that_its_help_says(at):
    values, _ = at(*np.linspace(-6, 6, 2001))
    assert 1e-4 < np.abs(values["gelu"] - values["gelu by tanh"]).max() < 5e-4


def test_nan_comes_through(at):
    values, _ = at(np.nan)
    assert all(np.isnan(value).all() for value in values.values())


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: LeakyRectifier(1.0), "leaky_rectifier: leak must be at least 0 and below 1, got 1.0"),
        (lambda: LeakyRectifier(-0.1), "leaky_rectifier: leak must be at least 0"),
        (lambda: ELU(0), "elu: alpha must be above 0, got 0"),
        (lambda: ELU(math.inf), "elu: alpha must be above 0, got inf"),
        (lambda: ELU(True), "elu: alpha must be above 0, got True"),
    ],
)
def test_impossible_settings_are_refused(make, message):
    with pytest.raises(UsageError, match=message):
        make()
