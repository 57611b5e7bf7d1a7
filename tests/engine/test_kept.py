"""What comes of shared variables that a function only reads is computed once for their values."""

import numpy as np
import pytensor.tensor as pt
import pytest

from bricks.engine import function, shared
from bricks.engine.steps import Steps


def gates():
    A, B = (shared(np.full((3, 2), k, "float32"), name=f"gate {k}") for k in (1, 2))
    x = pt.matrix("x", dtype="float32", shape=(1, 3))
    return A, B, x, pt.dot(x, pt.concatenate([A, B], axis=1))


def kept(fn):
    return fn._jitted.kept.variables


def test_joined_weights_are_kept_and_follow_their_values():
    A, B, x, y = gates()
    f = function([x], y)
    assert len(kept(f)) == 1 and "concatenate" not in f.hlo(np.ones((1, 3), "float32"))
    ones = np.ones((1, 3), "float32")
    assert f(ones).tolist() == [[3, 3, 6, 6]]
    same = f._template[-1]
    assert f(2 * ones).tolist() == [[6, 6, 12, 12]] and f._template[-1] is same
    A.set_value(np.zeros((3, 2), "float32"))
    assert f(ones).tolist() == [[0, 0, 6, 6]]
    change = function([], updates={B: B + 1})
    for expected in (9, 12):
        change()
        assert f(ones).tolist() == [[0, 0, expected, expected]]


def test_what_the_function_updates_itself_is_not_kept():
    A, B, x, y = gates()
    f = function([x], y, updates={A: A + 1})
    ones = np.ones((1, 3), "float32")
    assert not kept(f) and f(ones)[0, 0] == 3 and f(ones)[0, 0] == 6


def test_an_update_with_what_is_kept_is_a_copy_that_may_be_given_up():
    A, B, x, _ = gates()
    both, state = pt.exp(A - B), shared(np.zeros((3, 2), "float32"), name="state")
    f = function([x], [(both * x.sum()).sum(), both], updates={state: both})
    for _ in range(3):
        total, again = f(np.ones((1, 3), "float32"))
        assert total == pytest.approx(18 * np.exp(-1)) and again[0, 0] == pytest.approx(np.exp(-1))
        assert state.get_value()[0, 0] == again[0, 0]


@pytest.mark.parametrize(
    "use",
    [
        lambda A, x: pt.dot(A.T, x.T),
        lambda A, x: x[0, :2] * A[0],
        lambda A, x: pt.dot(A.reshape((2, 3)), x.T),
        lambda A, x: (1 - A.sum()) * x,
        lambda A, x: x * A.shape[0],
    ],
)
def test_views_scalars_and_shapes_are_not_worth_keeping(use):
    A, _, x, _ = gates()
    f = function([x], use(A, x))
    assert not kept(f)
    f(np.ones((1, 3), "float32"))


def test_steps_in_one_call_use_what_is_kept():
    A, B, x, y = gates()
    total = shared(np.zeros((1, 4), "float32"))
    steps = Steps(function([x], updates={total: total + y}))
    steps([np.ones((5, 1, 3), "float32")])
    B.set_value(np.zeros((3, 2), "float32"))
    steps([np.ones((5, 1, 3), "float32")])
    assert total.get_value().tolist() == [[30, 30, 30, 30]]
    assert "concatenate" not in steps.hlo([np.ones((5, 1, 3), "float32")])


def test_a_function_of_shared_variables_alone_keeps_nothing():
    A, B, _, _ = gates()
    assert not kept(function([], pt.dot(A.T, B)))
    f = function([], pt.dot(A.T, B))
    assert f()[0, 0] == 6
    export = function([pt.fmatrix("z")], pt.dot(A.T, B), on_unused_input="ignore")
    assert export.export(np.ones((1, 1), "float32")).platforms == ("cuda",)
