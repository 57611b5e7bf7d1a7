"""`recurrence` against a NumPy loop and finite differences, and the graph that it is compiled to."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.compile.mode import Mode
from pytensor.tensor.math import Dot

import bricks
from bricks import function, grad
from bricks.engine.recurrences import Recurrence, recurrence

SLOW = pytest.mark.slow
WAYS = [
    (False, "saved"),
    (True, "saved"),
    pytest.param(False, "recomputed", marks=SLOW),
    pytest.param(True, "recomputed", marks=SLOW),
]
N = 3


def rich(reverse=False, backward="saved", time=None):
    """A step that uses everything in every way: masks, counters, W as a factor, transposed and element by element."""
    x, m = pt.tensor("x", shape=(time, None, N), dtype="float64"), pt.dmatrix("m")
    h0, W, v, a = pt.dmatrix("h0"), pt.dmatrix("W"), pt.dvector("v"), pt.dscalar("a")

    def step(xt, mt, h, c, k):
        gate = pt.sigmoid(pt.dot(xt, W) + v * c)
        new = pt.tanh(xt + pt.dot(h, W) + pt.dot(gate * h, W.T) + a * h + (W * W).sum() * c)
        c = gate * c + new
        h = pt.switch(pt.gt(mt[:, None], 0), new, h)
        return [h, c, k + 1], [h, c * xt, k, v]

    start = [h0, pt.zeros_like(h0), pt.constant(np.int64(0))]
    return [x, m, h0, W, v, a], *recurrence(step, [x, m], start, reverse=reverse, backward=backward)


def rich_numpy(x, m, h, W, v, a, reverse=False):
    c, k, rows = np.zeros_like(h), 0, []
    for t in range(len(x))[:: -1 if reverse else 1]:
        gate = 1 / (1 + np.exp(-(x[t] @ W + v * c)))
        new = np.tanh(x[t] + h @ W + (gate * h) @ W.T + a * h + (W**2).sum() * c)
        c = gate * c + new
        h = np.where(m[t][:, None] > 0, new, h)
        rows.append([h, c * x[t], k, v])
        k += 1
    return [h, c, k], [np.stack(stack) for stack in zip(*rows[:: -1 if reverse else 1], strict=True)]


def values(time=4, batch=2, seed=0):
    rng = np.random.default_rng(seed)
    mask = (rng.random((time, batch)) > 0.3).astype("float64")
    x, h0, W, v = (rng.normal(size=s) * 0.4 for s in ((time, batch, N), (batch, N), (N, N), N))
    return [x, mask, h0, W, v, np.float64(0.3)]


def cost_of(last, rows):
    weights = pt.arange(1, N + 1)
    return (last[0] * weights).sum() + (last[1] ** 2).sum() + (rows[0] ** 2 * weights).sum() + (rows[1] ** 3).sum()


def differences(f, arguments, i, eps=1e-6):
    """The gradient of the scalar function `f` by argument number `i`."""
    result = np.zeros_like(arguments[i])
    for at in np.ndindex(result.shape):
        ends = []
        for sign in (1, -1):
            moved = [np.array(value) for value in arguments]
            moved[i][at] += sign * eps
            ends.append(f(*moved))
        result[at] = (ends[0] - ends[1]) / (2 * eps)
    return result


def loops(fn):
    """The recurrences of a compiled function, in order."""
    return [node for node in fn.maker.fgraph.toposort() if isinstance(node.op, Recurrence)]


def dots(graph):
    return sum(isinstance(getattr(node.op, "core_op", node.op), Dot) for node in graph.apply_nodes)


def tanh_net(dtype="float64", **settings):
    x, W = pt.tensor("x", shape=(None, None, 4), dtype=dtype), bricks.shared(np.full((4, 4), 0.1, dtype), name="W")

    def step(xt, h):
        h = pt.tanh(xt + pt.dot(h, W))
        return [h], [h]

    return x, W, *recurrence(step, [x], [pt.zeros((x.shape[1], 4), dtype=dtype)], **settings)


# Numbers.


@pytest.mark.parametrize("reverse", [False, True])
def test_last_states_and_rows_equal_a_numpy_loop_for_every_length_and_batch(reverse):
    inputs, last, rows = rich(reverse)
    f = function(inputs, [*last, *rows])
    for time, batch in ((4, 2), (1, 2), (6, 1)):
        given = values(time, batch)
        expected = rich_numpy(*given, reverse=reverse)
        for got, wanted in zip(f(*given), [*expected[0], *expected[1]], strict=True):
            np.testing.assert_allclose(got, wanted, rtol=1e-12)


@pytest.mark.parametrize(("reverse", "backward"), WAYS)
def test_first_and_second_derivatives_equal_finite_differences(reverse, backward):
    inputs, last, rows = rich(reverse, backward, time=None if backward == "saved" else 4)  # no rest: it takes a minute
    wrt = [i for i in range(len(inputs)) if i != 1]
    cost = cost_of(last, rows)
    gradients = grad(cost, [inputs[i] for i in wrt])
    again = sum((g**2).sum() for g in gradients)
    f = function(inputs, [cost, again, *gradients, *grad(again, [inputs[i] for i in wrt])])
    given = values()
    cost_, again_, *found = f(*given)
    for order, results in enumerate((found[: len(wrt)], found[len(wrt) :])):
        for i, result in zip(wrt, results, strict=True):
            numeric = differences(lambda *moved, order=order: f(*moved)[order], given, i)
            np.testing.assert_allclose(result, numeric, rtol=1e-5, atol=1e-6 * np.abs(numeric).max())


def test_a_loop_over_vectors_and_numbers_has_the_right_gradients():
    """No axis for the batch: the weights' gradient is not one product, and adds up in the loop."""
    x, h0, W, a = pt.dmatrix("x"), pt.dvector("h0"), pt.dmatrix("W"), pt.dscalar("a")

    def step(xt, h, s):
        h = pt.tanh(xt + pt.dot(W, h) + a * s)
        return [h, s + (h**2).sum()], [s]

    last, (sums,) = recurrence(step, [x], [h0, a])
    inputs, cost = [x, h0, W, a], (last[0] ** 2).sum() + (sums**2).sum()
    f = function(inputs, [cost, *grad(cost, inputs)])
    rng = np.random.default_rng(1)
    given = [rng.normal(size=(5, 3)), rng.normal(size=3), rng.normal(size=(3, 3)) * 0.3, np.float64(0.2)]
    for i, result in enumerate(f(*given)[1:]):
        np.testing.assert_allclose(result, differences(lambda *moved: f(*moved)[0], given, i), rtol=1e-5, atol=1e-6)


def test_gradients_flow_through_every_mix_of_outputs():
    """Those that nobody asks of, that are a row as it came, a state as it came, one variable twice, or W itself."""
    x, W = pt.dmatrix("x"), pt.dmatrix("W")

    def step(xt, h, idle):
        new = pt.dot(h * xt, W)
        return [new, idle], [new, new, xt, h, W]

    (h, idle), rows = recurrence(step, [x], [x[:2], x[0]])
    rng = np.random.default_rng(2)
    x_, W_ = rng.normal(size=(4, 3)), rng.normal(size=(3, 3)) * 0.5
    results = [h, idle, *rows]
    costs = [(r**2).sum() for r in results] + [(rows[0] * rows[1]).sum() + rows[3].sum() + (h * idle).sum()]
    f = function([x, W], [*costs, *(g for c in costs for g in grad(c, [x, W], disconnected_inputs="ignore"))])
    outputs = f(x_, W_)
    for k in range(len(costs)):
        for i in (0, 1):
            numeric = differences(lambda *moved, k=k: f(*moved)[k], [x_, W_], i, eps=1e-5)
            np.testing.assert_allclose(outputs[len(costs) + 2 * k + i], numeric, rtol=1e-5, atol=1e-7, err_msg=str(k))


def test_float32_stays_float32_beside_float64_weights_and_integers():
    x, W, k = pt.ftensor3("x"), pt.dmatrix("W"), pt.ivector("k")

    def step(xt, kt, h):
        h = pt.tanh(xt + pt.dot(h, W) * kt).astype("float32")
        return [h], [h]

    (h,), _ = recurrence(step, [x, k], [pt.zeros((x.shape[1], 2), "float32")])
    gradients = grad(h.sum(), [x, W])
    results = function([x, k, W], [h, *gradients])(
        np.ones((3, 1, 2), "float32"), np.arange(3, dtype="int32"), np.eye(2) * 0.1
    )
    assert [r.dtype.name for r in results] == ["float32", "float32", "float64"]


def test_recurrences_within_recurrences_have_gradients():
    x, W = pt.dmatrix("x"), pt.dmatrix("W")

    def inner(h):
        (last,), _ = recurrence(lambda w, s: ([pt.tanh(s * w)], []), [W], [h])
        return last

    (h,), (rows,) = recurrence(lambda xt, h: ([inner(h + xt)], [h]), [x], [pt.ones(3, "float64")])
    cost = (h**2).sum() + rows.sum()
    x_, W_ = np.random.default_rng(3).normal(size=(2, 4, 3))
    for mode in (None, "FAST_COMPILE"):
        f = function([x, W], [cost, *grad(cost, [x, W])], mode=mode)
        for i, result in enumerate(f(x_, W_)[1:]):
            numeric = differences(lambda *moved, f=f: f(*moved)[0], [x_, W_], i)
            np.testing.assert_allclose(result, numeric, rtol=1e-5, atol=1e-7)


# Modes.


def by_perform():
    return Mode(linker="py", optimizer=None)


@pytest.mark.parametrize("reverse", [False, pytest.param(True, marks=SLOW)])
@pytest.mark.parametrize("mode", ["perform", pytest.param("FAST_COMPILE", marks=SLOW)])
def test_other_modes_give_the_same_numbers(mode, reverse):
    inputs, last, rows = rich(reverse)
    wrt = [inputs[i] for i in (0, 2, 3, 4, 5)]
    outputs = [*last, *rows, *grad(cost_of(last, rows), wrt)]
    f = function(inputs, outputs, mode=by_perform() if mode == "perform" else mode)
    assert bool(loops(f)) == (mode == "perform")
    for result, wanted in zip(f(*values()), function(inputs, outputs)(*values()), strict=True):
        np.testing.assert_allclose(result, wanted, rtol=1e-10, atol=1e-13)


def test_pytensors_own_jax_mode_runs_it_as_a_scan():
    x, W = pt.tensor("x", shape=(5, 2, 3), dtype="float32"), pt.tensor("W", shape=(3, 3), dtype="float32")
    zeros = pt.zeros((2, 3), dtype="float32")
    (h,), (rows,) = recurrence(lambda xt, h: ([pt.tanh(xt + pt.dot(h, W))], [h]), [x], [zeros], reverse=True)
    outputs = [h, rows, *grad((h**2).sum() + rows.sum(), [x, W])]
    given = [np.random.default_rng(4).normal(size=s).astype("float32") for s in ((5, 2, 3), (3, 3))]
    theirs = pytensor.function([x, W], outputs, mode="JAX")
    assert not loops(theirs)
    for result, wanted in zip(theirs(*given), function([x, W], outputs)(*given), strict=True):
        np.testing.assert_allclose(result, wanted, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("reverse", [False, True])
def test_one_step_alone_is_a_loop_in_every_mode(reverse):
    x = pt.tensor("x", shape=(1, 2), dtype="float32")
    (s,), (rows,) = recurrence(lambda xt, s: ([s + xt], [s]), [x], [pt.ones(2, "float32")], reverse=reverse)
    for mode in (None, "FAST_COMPILE", by_perform()):
        last, stacked = function([x], [s, rows], mode=mode)(np.float32([[3, 4]]))
        assert (last.tolist(), stacked.tolist()) == ([4, 5], [[1, 1]])


def test_no_step_at_all_leaves_the_states_as_they_were():
    x = pt.fmatrix("x")
    (s,), (rows,) = recurrence(lambda xt, s: ([s + xt], [s]), [x], [pt.ones(2, "float32")])
    for mode in (None, by_perform()):
        last, stacked = function([x], [s, rows], mode=mode)(np.zeros((0, 2), "float32"))
        assert last.tolist() == [1, 1] and stacked.shape == (0, 2)


@pytest.mark.parametrize("mode", [None, "perform"])
def test_lengths_that_differ_at_run_time_are_refused(mode):
    x, y = pt.fvector("x"), pt.fvector("y")
    (s,), _ = recurrence(lambda xt, yt, s: ([s + xt * yt], []), [x, y], [pt.constant(np.float32(0))])
    f = function([x, y], s, mode=mode and by_perform())
    with pytest.raises(Exception, match="length|shape|size"):
        f(np.ones(2, "float32"), np.ones(3, "float32"))


# The compiled graph.


def test_training_is_one_loop_forward_and_one_back_with_the_weights_product_outside():
    x, W, _, (h,) = tanh_net()
    f = function([x], grad((h**2).sum(), [x, W]))
    forward, back = loops(f)
    assert [dots(node.op.fgraph) for node in (forward, back)] == [1, 1] and dots(f.maker.fgraph) == 1
    assert not forward.op.reverse and back.op.reverse


def test_a_step_with_four_gates_in_one_matrix_has_one_product_in_each_loop():
    n = 4
    x, W = pt.tensor("x", shape=(None, None, 4 * n), dtype="float32"), pt.fmatrix("W")
    zeros = pt.zeros((x.shape[1], n), dtype="float32")

    def lstm(xt, h, c):
        i, f, g, o = pt.split(xt + pt.dot(h, W), [n] * 4, n_splits=4, axis=1)
        c = pt.sigmoid(f) * c + pt.sigmoid(i) * pt.tanh(g)
        h = pt.sigmoid(o) * pt.tanh(c)
        return [h, c], [h]

    _, (h,) = recurrence(lstm, [x], [zeros, zeros])
    f = function([x, W], grad((h**2).sum(), [x, W]))
    assert [dots(node.op.fgraph) for node in loops(f)] == [1, 1] and dots(f.maker.fgraph) == 1


def test_what_a_step_uses_that_does_not_change_is_computed_once_outside():
    """Also where the step uses, before and after it, what it is computed from."""
    x, W = pt.fmatrix("x"), pt.fmatrix("W")
    (h,), _ = recurrence(lambda xt, h: ([pt.dot(h, W) + pt.dot(xt, pt.exp(W))[None] + h * W.sum()], []), [x], [x])
    assert not _held(h.owner, "Exp", "Sum")
    (forward, back) = loops(function([x, W], grad(h.sum(), [x, W])))
    assert not _held(forward, "Exp", "Sum") and not _held(back, "Exp")


def _held(node, *names):
    """Which of these operations a recurrence's step holds."""
    inside = {str(node.op).partition("{")[0] for node in node.op.fgraph.apply_nodes}
    return sorted(inside & set(names))


def test_parts_of_arrays_may_end_where_another_shape_says():
    """XLA must know where: what is computed of shapes is not kept as rows."""
    x, V = pt.dmatrix("x"), pt.dmatrix("V")
    n = V.shape[0]

    def step(xt, h):
        new = pt.dot(pt.concatenate([h, xt])[:n], V)
        return [pt.tanh(new + xt * h[-n:].sum())], [h[:n]]

    (h,), (rows,) = recurrence(step, [x], [pt.ones(3, "float64")])
    cost = (h**2).sum() + (rows**3).sum()
    f, scanned = (function([x, V], [cost, *grad(cost, [x, V])], mode=mode) for mode in (None, "FAST_COMPILE"))
    assert not loops(scanned)
    rng = np.random.default_rng(5)
    given = [rng.normal(size=(4, 3)), rng.normal(size=(2, 3))]
    for i, (result, same) in enumerate(zip(f(*given)[1:], scanned(*given)[1:], strict=True)):
        np.testing.assert_allclose(same, result, rtol=1e-10, atol=1e-13)
        np.testing.assert_allclose(result, differences(lambda *moved: f(*moved)[0], given, i), rtol=1e-5, atol=1e-7)


def test_rows_states_and_sequences_that_nobody_uses_are_not_computed():
    x, y = pt.fvector("x"), pt.fvector("y")

    def step(xt, yt, s, u):
        return [s + xt, u + yt], [pt.exp(s), pt.log(u), xt * yt]

    one = pt.constant(np.float32(1))
    (s, _), (e, *_) = recurrence(step, [x, y], [one, one])
    (loop,) = loops(function([x, y], e, on_unused_input="ignore"))
    assert (len(loop.inputs), len(loop.outputs), len(loop.op.fgraph.apply_nodes)) == (2, 2, 2)
    (loop,) = loops(function([x, y], s, on_unused_input="ignore"))
    assert (len(loop.inputs), len(loop.outputs)) == (2, 1)


def test_a_step_may_ignore_its_rows_but_still_knows_how_long_it_is():
    x = pt.fvector("x")
    one = pt.constant(np.float32(1))
    (s,), (rows,) = recurrence(lambda t, xt, s: ([2 * s], [s]), [pt.arange(x.shape[0]), x], [one])
    last, stacked = function([x], [s, rows])(np.zeros(3, "float32"))
    assert last == 8 and stacked.tolist() == [1, 2, 4]


def test_a_printed_graph_shows_the_step():
    x, _, (last,), _ = tanh_net(name="net")
    text = bricks.engine.debugprint(last, file="str")
    assert "Recurrence{net}" in text and "Inner graphs" in text and "Tanh" in text.partition("Inner graphs")[2]


def test_a_recurrence_and_its_gradient_are_lowered_for_cuda():
    x, W, _, (h,) = tanh_net("float32")
    f = function([x], grad((h**2).sum(), W))
    exported = f.export(np.zeros((5, 2, 4), "float32"), platforms=("cuda",))
    assert exported.platforms == ("cuda",) and exported.out_avals[0].shape == (4, 4)


def test_what_is_replaced_outside_reaches_the_loop():
    x, W, (last,), _ = tanh_net("float32")
    other = pt.fmatrix("other")
    f = function([x, other], bricks.replace(last, {W: other}))
    assert (f(np.ones((3, 1, 4), "float32"), np.zeros((4, 4), "float32")) == np.tanh(np.float32(1))).all()
