"""Loops whose backward pass computes segments again: the numbers of those that keep everything, in less memory."""

import jax
import numpy as np
import pytensor.tensor as pt
import pytest
from pytensor.compile.mode import Mode
from test_recurrence import N, cost_of, loops, rich, tanh_net, values

import bricks
from bricks.engine import function, grad, in_segments, recurrence
from bricks.errors import ShapeError, UsageError

LENGTHS = (6, 7, 1, 2)  # two segments; a prime, so that a step is left; one step alone; a root that is 1


def both(make, lengths):
    """What a function of the graph that `make(backward)` gives returns, saved and recomputed, for every length."""
    saved, recomputed = (function(*make(backward)) for backward in ("saved", "recomputed"))
    return [(saved(*values(time)), recomputed(*values(time))) for time in lengths]


def graph(reverse=False):
    def make(backward):
        inputs, last, rows = rich(reverse, backward)
        wrt = [inputs[i] for i in (0, 2, 3, 4, 5)]
        return inputs, [*last, *rows, *grad(cost_of(last, rows), wrt)]

    return make


def assert_equal(pairs):
    for saved, recomputed in pairs:
        for wanted, got in zip(saved, recomputed, strict=True):
            assert got.shape == wanted.shape and got.dtype == wanted.dtype
            np.testing.assert_allclose(got, wanted, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("reverse", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_values_and_gradients_equal_those_of_a_loop_that_keeps_everything_for_every_length(reverse):
    """In one function each: the length is known when it runs."""
    assert_equal(both(graph(reverse), LENGTHS))


def test_no_step_at_all_leaves_the_states_and_gives_gradients_of_zero():
    assert_equal(both(graph(), (0,)))


@pytest.mark.parametrize("mode", ["perform", pytest.param("FAST_COMPILE", marks=pytest.mark.slow)])
def test_other_modes_give_the_same_numbers(mode):
    """With nothing left after the segments, and with something."""
    x, W, (last,), (h,) = tanh_net(backward="recomputed")
    gradients = grad((h**3).sum() + last.sum(), [x, W])
    other = function([x], [last, h, *gradients], mode=Mode(linker="py", optimizer=None) if mode == "perform" else mode)
    ours = function([x], [last, h, *gradients])
    for time in (4, 5):
        given = np.random.default_rng(3).normal(size=(time, 2, 4))
        assert_equal([(ours(given), other(given))])


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize(("time", "shape"), [(12, (4, 3)), (16, (4, 4)), (13, (4, 3)), (1, (1, 1))])
def test_a_known_length_is_cut_in_equal_segments_where_it_can_be(time, shape, reverse):
    x = pt.tensor("x", shape=(time, 2, N), dtype="float64")
    (h,), (rows,) = recurrence(
        lambda xt, h: ([pt.tanh(xt + h)], [h]), [x], [x[0]], reverse=reverse, backward="recomputed"
    )
    f = function([x], [h, rows, grad((h * rows).sum(), x)])
    over = [node.inputs[0].type.shape[:2] for node in loops(f) if node.inputs[0].type.ndim == 4]
    assert shape in over
    assert len(loops(f)) == (2 if shape[0] * shape[1] == time else 4)  # there and back; what is left, too
    x_ = np.random.default_rng(0).normal(size=(time, 2, N))
    state, wanted = x_[0], np.zeros_like(x_)
    for t in range(time)[:: -1 if reverse else 1]:
        wanted[t], state = state, np.tanh(x_[t] + state)
    last, stacked, _ = f(x_)
    np.testing.assert_allclose(last, state, rtol=1e-12)
    np.testing.assert_allclose(stacked, wanted, rtol=1e-12)


def test_what_goes_before_and_after_a_loop_is_computed_again_with_it():
    """Products of whole parts, whose weights' gradients add up from part to part, and rows that no loop makes."""
    x, W, V = pt.tensor3("x", dtype="float64"), pt.dmatrix("W"), pt.dmatrix("V")

    def work(part, h):
        seen = pt.dot(part, W)
        (h,), (rows,) = recurrence(lambda a, h: ([pt.tanh(a + pt.dot(h, V))], [h * a]), [seen], [h])
        return [h], [pt.dot(rows, V) ** 2, seen]

    start = pt.zeros((x.shape[1], N), dtype="float64")
    whole, parts = work(x, start), in_segments(work, [x], [start])
    results = []
    for (h,), (rows, seen) in (whole, parts):
        cost = (h**2).sum() + rows.sum() + (seen**3).sum()
        results.append(function([x, W, V], [h, rows, seen, cost, *grad(cost, [x, W, V])]))
    rng = np.random.default_rng(1)
    for time in (9, 11):
        given = [rng.normal(size=s) * 0.5 for s in ((time, 2, 4), (4, N), (N, N))]
        assert_equal([(results[0](*given), results[1](*given))])


def temporary(backward: str, time: int) -> int:
    """Bytes that XLA's program works in, beside inputs and outputs, for a training step of a net in float32."""
    x, W, (h,), _ = tanh_net("float32", backward=backward)
    f = function([x], grad((h**2).sum(), W))
    example = np.zeros((time, 50, 4), "float32")
    with jax.enable_x64(f._jitted.x64):
        return f._jitted.fn.lower(*f._abstract([example])).compile().memory_analysis().temp_size_in_bytes


def test_memory_grows_as_the_root_of_the_length():
    """Sixteen times as many steps."""
    states = 1024 * 50 * 4 * 4  # bytes of all states, the least that keeping everything takes
    assert temporary("saved", 1024) > states
    short, long = temporary("recomputed", 64), temporary("recomputed", 1024)
    assert long < 6 * short and long < states / 2


def test_sequences_of_different_lengths_and_numbers_without_time_are_refused():
    x, y = pt.fvector("x"), pt.fvector("y")
    zero = pt.constant(np.float32(0))
    (s,), _ = recurrence(lambda xt, yt, s: ([s + xt * yt], []), [x, y], [zero], backward="recomputed")
    f = function([x, y], s)
    for lengths in ((4, 5), (5, 4), (4, 6), (6, 4)):
        with pytest.raises(Exception, match="length|shape|size|fit"):
            f(*(np.ones(n, "float32") for n in lengths))
    with pytest.raises(ShapeError, match="first axis"):
        in_segments(lambda xt, s: ([s], []), [pt.fscalar()], [zero])
    with pytest.raises(UsageError, match="at least one"):
        in_segments(lambda s: ([s], []), [], [zero])


def test_loops_may_follow_each_other():
    x, W = pt.tensor3("x", dtype="float64"), bricks.shared(np.full((N, N), 0.2), name="W")

    def layer(sequence, backward):
        start = pt.zeros((x.shape[1], N), dtype="float64")
        _, (rows,) = recurrence(lambda a, h: ([pt.tanh(a + pt.dot(h, W))], [h]), [sequence], [start], backward=backward)
        return rows

    costs = [(layer(layer(x, backward), backward) ** 2).sum() for backward in ("saved", "recomputed")]
    f = function([x], [grad(cost, v) for cost in costs for v in (x, W)])
    found = f(np.random.default_rng(2).normal(size=(10, 2, N)))
    assert_equal([(found[:2], found[2:])])
