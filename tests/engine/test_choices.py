"""`ifelse` under XLA: what is chosen at run time, what is known before, and what stays known."""

import numpy as np
import pytensor.tensor as pt
import pytest

import bricks
from bricks.engine.compat import IfElse


def choice(condition, yes, no):
    return IfElse(n_outs=1)(condition, yes, no)


@pytest.mark.parametrize("condition", [0, 1, -2])
def test_either_branch_is_taken_by_the_value_of_the_condition(condition):
    c, x = pt.iscalar("c"), pt.fmatrix("x")
    given = np.array([[1.0, 2.0]], "float32")
    np.testing.assert_array_equal(
        bricks.function([c, x], choice(c, 2 * x, x + 5))(condition, given), 2 * given if condition else given + 5
    )


def test_a_shape_that_is_the_same_either_way_stays_known():
    c, x = pt.iscalar("c"), pt.fmatrix("x")
    chosen = choice(c, 2 * x, x + 5)
    flat = bricks.function([c, x], (chosen.reshape((chosen.shape[0] * chosen.shape[1],)), pt.zeros(chosen.shape) + c))
    given = np.arange(6, dtype="float32").reshape(2, 3)
    for condition, expected in ((1, 2 * given), (0, given + 5)):
        values, filled = flat(condition, given)
        np.testing.assert_array_equal(values, expected.ravel())
        np.testing.assert_array_equal(filled, np.full((2, 3), condition))


def test_gradients_go_through_the_branch_that_was_taken():
    c, x = pt.iscalar("c"), pt.fvector("x")
    gradient = bricks.function([c, x], bricks.grad(choice(c, (x**2).sum(), 3 * x.sum()), x))
    given = np.array([1.0, -2.0], "float32")
    np.testing.assert_array_equal(gradient(1, given), 2 * given)
    np.testing.assert_array_equal(gradient(0, given), [3, 3])
