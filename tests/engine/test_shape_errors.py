"""Shapes that do not fit are found when a function is compiled for them; the message names function and brick."""

import numpy as np
import pytensor.tensor as pt
import pytest

from bricks.brick import Brick
from bricks.engine import function, grad, recurrence
from bricks.engine.shape_errors import shape_error
from bricks.errors import ShapeError
from bricks.gated import LSTM, GatedUnit
from bricks.layers import MLP, Tanh
from bricks.training import GradientDescent


def ones(*shape):
    return np.ones(shape, "float32")


def test_a_batch_of_another_width_names_the_layer():
    x = pt.fmatrix("features")
    mlp = MLP([Tanh(), None], [3, 5, 4], seed=1)
    f = function([x], mlp(x), name="predict")
    with pytest.raises(ShapeError) as caught:
        f(ones(8, 2))
    message = str(caught.value)
    assert message.startswith("predict: brick mlp/linear_0 (Linear): the inputs of Dot must fit together, got ")
    assert "(8, 2), mlp/linear_0/W (3, 5)" in message
    assert "; called with features (8, 2), declared as (?, ?): compare these, and declare the lengths" in message
    assert isinstance(caught.value.__cause__, TypeError)  # XLA's own words, kept
    assert f(ones(8, 3)).shape == (8, 4)


def test_a_training_step_names_the_cost():
    """Targets of another batch than the features."""

    class Distance(Tanh):
        def apply(self, a, b):
            return ((a - b) ** 2).mean()

    x, t = pt.fmatrix("features"), pt.fmatrix("targets")
    descent = GradientDescent(Distance()(MLP([Tanh()], [3, 4], seed=1)(x), t))
    with pytest.raises(ShapeError) as caught:
        descent.process_batch({"features": ones(8, 3), "targets": ones(7, 4)})
    assert str(caught.value) == (
        "training step: brick distance (Distance): lengths must fit together (Could not broadcast dimensions); called "
        "with features (8, 3), declared as (?, ?); targets (7, 4), declared as (?, ?): compare these, and declare the "
        "lengths that are known, so that others are refused at once"
    )


@pytest.mark.parametrize("wiring", [None, {"name": "own", "like": "lstm", "squash": "identity"}])
def test_a_mask_of_another_length_names_the_unit(wiring):
    x, mask = pt.tensor("x", shape=(None, None, 3), dtype="float32"), pt.fmatrix("mask")
    unit = LSTM(3, 4, seed=1) if wiring is None else GatedUnit(wiring, 3, 4, seed=1)
    f = function([x, mask], unit(x, mask=mask).output.sum(), name="read")
    with pytest.raises(ShapeError) as caught:
        f(ones(6, 2, 3), ones(5, 2))
    message = str(caught.value)
    assert message.startswith(f"read: {unit.name}: mask must have as many steps and examples as the input, got ")
    assert "called with x (6, 2, 3), declared as (?, ?, 3); mask (5, 2), declared as (?, ?)" in message


@pytest.mark.slow
def test_a_mask_of_another_width_is_told_in_a_gradient_too():
    """What is found first depends on PyTensor's version: a length of the cost, which is nobody's, or the unit's."""
    x = pt.tensor("x", shape=(None, None, 3), dtype="float32")
    mask = pt.fmatrix("mask")
    unit = LSTM(3, 4, seed=1)
    cost = (unit(x, mask=mask).output ** 2).mean()
    f = function([x, mask], grad(cost, list(unit.all_parameters().values())), name="slope")
    with pytest.raises(ShapeError, match=r"slope: .*x \(6, 2, 3\), .*mask \(6, 5\)"):
        f(ones(6, 2, 3), ones(6, 5))


def test_sequences_of_two_lengths_in_a_brick_of_ones_own():
    class Sums(Brick):
        def apply(self, a, b):
            return recurrence(lambda at, bt, s: ([s + at * bt], []), [a, b], [pt.zeros(3)])[0][0]

    a, b = pt.fmatrix("a"), pt.fmatrix("b")
    f = function([a, b], Sums()(a, b))
    with pytest.raises(ShapeError) as caught:
        f(ones(6, 3), ones(5, 3))
    assert str(caught.value).startswith(
        "function: brick sums (Sums): the inputs of Recurrence{recurrence} must fit together, got a (6, 3), b (5, 3), "
    )
    assert "(all sequences must have the same length, got [6, 5]); called with a (6, 3)" in str(caught.value)


def test_a_graph_without_bricks_is_told_of_as_well():
    x, y = pt.fvector("x"), pt.fvector("y")
    with pytest.raises(ShapeError, match=r"function: the inputs of Add must fit together, got x \(2,\), y \(3,\) \("):
        function([x, y], x + y)(ones(2), ones(3))


def test_of_many_inputs_the_first_are_shown_and_the_rest_counted():
    node = pt.join(0, *(pt.fmatrix(f"x{n}") for n in range(10))).owner  # and the axis
    message = str(shape_error(node, [np.int8(0), *(ones(n, 2) for n in range(10))], ValueError("a reason.\nand more")))
    assert message == (
        "the inputs of Join must fit together, got 0 (), x0 (0, 2), x1 (1, 2), x2 (2, 2), x3 (3, 2), x4 (4, 2), "
        "x5 (5, 2), x6 (6, 2) and 3 more (a reason)"
    )
