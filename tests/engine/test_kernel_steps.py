"""Steps that are easily got wrong, and those that no kernel can do: the same numbers, by XLA's loop if need be."""

import numpy as np
import pytensor.tensor as pt
import pytest
from random_steps import assert_same, both

from bricks import function
from bricks.engine.recurrences import Recurrence, recurrence

RNG = np.random.default_rng(1)
TIME, BATCH, N = 5, 4, 3
BY_ROW = RNG.normal(size=(BATCH, N)).astype("float32")


def tensor(name, *shape, free=0, dtype="float32"):
    return pt.tensor(name, shape=(None,) * free + shape[free:], dtype=dtype), RNG.normal(size=shape).astype(dtype)


def compare(step, sequences=(), states=(), constants=(), static=False):
    """`step(x, *sequences, h, *states)` both ways, with x and h by example; why it is a loop."""
    batch = 0 if static else 1
    x, h = tensor("x", TIME, BATCH, N, free=1 + batch), tensor("h", BATCH, N, free=batch)
    if static:
        x = pt.tensor("x", shape=(None, BATCH, N), dtype="float32"), x[1]
    given = [x, *sequences, h, *states]
    last, rows = recurrence(step, [v for v, _ in [x, *sequences]], [v for v, _ in [h, *states]])
    given += constants
    found, wanted, why = both([v for v, _ in given], [*last, *rows], [value for _, value in given])
    assert_same(found, wanted, 1e-6)
    return why[0]


G = tensor("g", BATCH, N, free=1)
VECTOR, ROWS = tensor("s", N), tensor("v", TIME, N, free=1)
KERNELS = {
    "no scratch and no matrix": lambda: compare(lambda x, h: ([x + h], [x + h])),
    "two states that change places": lambda: compare(lambda x, h, g: ([g, h + x], [h]), states=[G]),
    "two states with one new value": lambda: compare(lambda x, h, g: ([h + x, h + x], [h + x, h + x]), states=[G]),
    "a state that is the row before": lambda: compare(lambda x, h: ([x], [h])),
    "a state beside, in nothing else": lambda: compare(lambda x, h, g: ([x + h, pt.tanh(g)], [x]), states=[G]),
    "a product that leaves, is joined twice and split": lambda: compare(joined),
    "constants with a row for each example": lambda: compare(
        lambda x, h: ([pt.tanh(x + h * pt.constant(BY_ROW))], [x + pt.constant(BY_ROW[:, :1])])
    ),
    "constants with a row for each example of a known batch": lambda: compare(
        lambda x, h: ([pt.tanh(x + h * pt.constant(BY_ROW))], [x + pt.constant(BY_ROW[:, :1])]), static=True
    ),
    "rows that are the same for all examples": lambda: compare(
        lambda x, v, h: ([pt.tanh(x + h * pt.concatenate([v[:, None], v[:, None]], axis=1).sum(axis=1))], [h + v]),
        sequences=[ROWS],
    ),
    "a sum over the batch that is collected": lambda: compare(
        lambda x, h, s: ([pt.tanh(x + h), s + (x * h).sum(axis=0)], []), states=[VECTOR]
    ),
    "a total that is collected": lambda: compare(
        lambda x, h, s: ([pt.tanh(x + h), s + (x * h).sum()], []), states=[tensor("s")]
    ),
    "a small whole number a row": lambda: compare(
        lambda x, k, h: ([pt.switch(pt.eq(k, 1), x, h)], []),
        sequences=[(pt.tensor("k", shape=(None, None, 1), dtype="int8"), np.ones((TIME, BATCH, 1), "int8"))],
    ),
    "comparisons that leave": lambda: compare(lambda x, h: ([x + h], [x > h, ~(x > h) & (h > 0)])),
    "numbers that are negative": lambda: compare(lambda x, h: ([x - -2.5], [-(h * -0.5), x**2, x**-1.0])),
}


def joined(x, h):
    product = pt.dot(h, pt.constant(BY_ROW[:N]))
    whole = pt.join(1, product, x, pt.join(1, product, h + x))
    a, b = pt.split(pt.tanh(whole), [5, 7], n_splits=2, axis=1)
    return [pt.split(b, [3, 4], n_splits=2, axis=1)[0]], [product, whole, a, b]


@pytest.mark.parametrize("which", KERNELS)
def test_a_step_is_a_kernel_with_the_same_numbers(which):
    assert KERNELS[which]() == ""


WHOLE = (pt.tensor("k", shape=(None, None, 1), dtype="int32"), np.full((TIME, BATCH, 1), 2**24, "int32"))
COUNT = (pt.tensor("k", shape=(None,), dtype="int32"), np.int32([1, 2, 3, 2**24 + 1]))
MATRICES = tensor("W", TIME, N, N, free=1)
LOOPS = {
    "a whole number as a state": (lambda: compare(lambda x, h, k: ([x + h, k], [h]), states=[COUNT]), "int32"),
    "whole numbers that a float does not hold": (
        lambda: compare(lambda x, k, h: ([pt.switch(pt.eq(k, 2**24 + 1), x, h)], []), sequences=[WHOLE]),
        "int32",
    ),
    "a counter": (lambda: compare(lambda x, h, k: ([x + h, k + 1], []), states=[COUNT]), ""),
    "the batch's mean": (lambda: compare(lambda x, h: ([h - x.mean(axis=0)], [h])), ""),
    "a product of examples": (lambda: compare(lambda x, h: ([x + h], [pt.dot(x, h.T)])), ""),
    "a state with three axes": (
        lambda: compare(lambda x, h, c: ([x + h, c + 1], []), states=[tensor("c", BATCH, N, 2, free=1)]),
        "more axes",
    ),
    "a row with three axes": (lambda: compare(lambda x, h: ([x + h], [(x + h)[:, None, :]])), "no row for each"),
    "a matrix of the step": (
        lambda: compare(lambda x, W, h: ([x + pt.dot(h, W)], []), sequences=[MATRICES]),
        "changes from step to step",
    ),
    "a state without examples": (
        lambda: compare(lambda x, h, s: ([x + h, s * 0.5], []), states=[VECTOR]),
        "no row for each",
    ),
    "a total into every column": (
        lambda: compare(lambda x, h, s: ([x + h, s + (x * h).sum()], []), states=[VECTOR]),
        "a sum over the batch",
    ),
    "a join without examples that leaves": (
        lambda: compare(lambda x, v, h: ([x + h], [pt.concatenate([v * 2, v])]), sequences=[ROWS]),
        "no row for each",
    ),
    "truths that are added": (
        lambda: compare(lambda x, h: ([x + h], [pt.eq(((x > 0) + (h > 0)).astype("float32"), 1.0)])),
        "not known",
    ),
    "floats of two widths": (
        lambda: compare(lambda x, h: ([x + h], [(x + h).astype("float64") * 1e-3])),
        "one width",
    ),
}


@pytest.mark.parametrize("which", LOOPS)
def test_what_no_kernel_does_is_xlas_loop_with_a_reason(which):
    compared, reason = LOOPS[which]
    why = compared()
    assert why and reason in why


@pytest.mark.parametrize(("rows", "wanted"), [("truths", "int64"), ("numbers", "float64")])
def test_sums_of_truths_and_more_exact_sums_stay_outside(rows, wanted):
    (x, xs), (h, hs) = tensor("x", TIME, BATCH, N, free=2), tensor("h", BATCH, N, free=1)
    _, (row,) = recurrence(lambda x, h: ([x + h], [x > h if rows == "truths" else x * h]), [x], [h])
    total = row.sum(axis=(0, 1), dtype=wanted)
    found, by_loop, why = both([x, h], [total], [xs, hs])
    assert why == [""] and found[0][0].dtype == wanted
    assert_same(found, by_loop, 1e-15)


def test_arrays_that_do_not_fit_are_refused_as_by_xlas_loop():
    (x, xs), (h, hs) = tensor("x", TIME, BATCH, N, free=2), tensor("h", BATCH, N, free=1)
    y, ys = tensor("y", TIME, BATCH, N, free=2)
    last, rows = recurrence(lambda x, y, h: ([x + y * h], [h]), [x, y], [h])
    f = function([x, y, h], [*last, *rows])
    for given in ([xs, ys[:3], hs], [xs, ys[:, :1], hs], [xs, ys, hs[:2]], [xs, ys, hs[:1]]):
        with pytest.raises(Exception, match="fit together"):
            f(*given)


def test_what_is_exported_has_no_kernel_of_this_machine():
    (x, xs), (h, hs) = tensor("x", TIME, BATCH, N, free=2), tensor("h", BATCH, N, free=1)
    last, rows = recurrence(lambda x, h: ([pt.tanh(x + h)], [h]), [x], [h])
    f = function([x, h], [*last, *rows])
    f(xs, hs)
    assert [n.op.loop for n in f.maker.fgraph.apply_nodes if isinstance(n.op, Recurrence)] == [""]
    text = f.export(xs, hs, platforms=("cpu", "cuda")).mlir_module()
    assert "stablehlo.while" in text and "bricks_" not in text
