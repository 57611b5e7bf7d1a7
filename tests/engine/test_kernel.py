"""Kernels give what XLA's loop gives, whatever the sizes and whatever numbers come."""

import numpy as np
import pytensor.tensor as pt
import pytest
from pytensor.tensor.elemwise import CAReduce
from pytensor.tensor.math import Dot
from random_steps import RandomStep, assert_same, both

from bricks import function, grad
from bricks.engine.kernel import absorb
from bricks.engine.recurrences import Recurrence, recurrence

RNG = np.random.default_rng(0)


def array(*shape, dtype="float32"):
    return RNG.normal(size=shape).astype(dtype)


def tensors(*shapes, dtype="float32"):
    return [pt.tensor(f"v{k}", shape=shape, dtype=dtype) for k, shape in enumerate(shapes)]


def net(n, dtype):
    """A loop with two products, its results and all gradients; and values for a time and a batch."""
    x, h, g, W, V = tensors((None, None, n), (None, n), (None, n), (n, n), (n, n), dtype=dtype)

    def step(x, h, g):
        h = pt.tanh(pt.dot(h, W) + x)
        return [h, 0.9 * g + pt.sigmoid(pt.dot(h, V))], [h * g, h.sum(axis=1)]

    last, rows = recurrence(step, [x], [h, g])
    cost = sum((r**2).sum() for r in [*last, *rows])
    inputs = [x, h, g, W, V]

    def values(time, batch):
        shapes = [(time, batch, n), (batch, n), (batch, n), (n, n), (n, n)]
        return [array(*shape, dtype=dtype) * n**-0.5 for shape in shapes]

    return inputs, [*last, *rows, *grad(cost, inputs)], values


@pytest.mark.parametrize(("n", "dtype"), [(1, "float32"), (3, "float64"), (17, "float32"), (33, "float64")])
def test_any_batch_and_number_of_steps_gives_what_xlas_loop_gives(n, dtype):
    inputs, outputs, values = net(n, dtype)
    found, wanted, why = both(
        inputs, outputs, *(values(*size) for size in [(1, 1), (3, 2), (2, 3), (4, 67), (0, 2)][::-1])
    )
    assert set(why) == {""}
    assert_same(found, wanted, 1e-12 if dtype == "float64" else 1e-5)


@pytest.mark.parametrize(("n", "inside"), [(40, True), (600, False)])
def test_a_projection_is_in_the_step_where_matrices_fit_into_a_cache(n, inside):
    x, h, W, U = tensors((None, None, 5), (None, n), (5, n), (n, n))
    assert (n * (n + 5) <= absorb.ROOM) == inside
    last, rows = recurrence(lambda a, h: ([pt.tanh(a + pt.dot(h, U))], [h]), [pt.dot(x, W)], [h])
    f = function([x, h, W, U], [*last, *rows])
    values = [array(2, 3, 5), array(3, n), array(5, n), array(n, n) * n**-0.5]
    found = f(*values)
    (node,) = [node for node in f.maker.fgraph.apply_nodes if isinstance(node.op, Recurrence)]
    assert node.op.loop == "" and sum(isinstance(i.op, Dot) for i in node.op.fgraph.apply_nodes) == 1 + inside
    state = values[1]
    for row in values[0]:
        state = np.tanh(row @ values[2] + state @ values[3])
    assert_same([found[:1]], [[state]], 1e-5)


def test_sums_of_what_a_loop_gives_are_collected_inside():
    """Over time and batch, and over everything: nothing goes over the rows again. Not a sum over time alone."""
    x, h, W = tensors((None, None, 3), (None, 3), (3, 3))
    _, (rows,) = recurrence(lambda x, h: ([(new := pt.tanh(x + pt.dot(h, W)))], [new]), [x], [h])
    f = function([x, h, W], [rows.mean(), rows.sum(axis=(0, 1)), rows.sum(axis=0)])
    left = [n for n in f.maker.fgraph.apply_nodes if isinstance(n.op, CAReduce) and n.inputs[0].type.ndim == 3]
    assert [node.op.axis for node in left] == [(0,)]
    values = [array(4, 5, 3), array(5, 3), array(3, 3)]
    wanted, state = [], values[1]
    for row in values[0]:
        state = np.tanh(row + state @ values[2])
        wanted.append(state)
    wanted = np.array(wanted)
    assert_same([f(*values)], [[wanted.mean(), wanted.sum((0, 1)), wanted.sum(0)]], 1e-5)


def test_a_projection_that_is_reshaped_to_other_rows_stays_outside():
    """Half the steps, twice the batch."""
    x, h, W = tensors((None, None, 3), (None, 2), (3, 2))
    time, batch = x.shape[0], x.shape[1]
    y = pt.dot(x.reshape((time * batch, 3)), W).reshape((time // 2, batch * 2, 2))
    last, rows = recurrence(lambda y, h: ([pt.tanh(y + h)], [h]), [y], [h])
    found, wanted, why = both([x, h, W], [*last, *rows], [array(6, 4, 3), array(8, 2), array(3, 2)])
    assert why == [""]
    assert_same(found, wanted, 1e-6)


# Numbers.


def test_what_is_not_finite_stays_with_its_example_and_goes_through_every_function():
    x, h = tensors((None, None, 3), (None, 3))
    names = ["tanh", "sigmoid", "exp", "log", "log1p", "softplus", "sqrt", "abs", "sign", "sqr", "reciprocal"]
    special = [getattr(pt, name) for name in names]
    special += [lambda a: pt.maximum(a, 0.5), lambda a: pt.minimum(0.5, a), lambda a: pt.clip(a, -1, 1)]

    def step(x, h):
        return [h * 0.5 + x], [f(x) for f in special] + [pt.isnan(x), x > h, pt.switch(x > 0, x, h)]

    last, rows = recurrence(step, [x], [h])
    values = np.array([0.0, -0.0, np.nan, np.inf, -np.inf, 1e-42, -1e-42, 88.8, -104.5, 3e38, -1.0, -2.0], "float32")
    odd = np.repeat(np.stack([values, values[::-1]])[:, :, None], 3, 2)
    plain = np.abs(odd[:1] * 0) + array(1, len(values), 3)
    inputs = [np.concatenate([odd, plain]), array(len(values), 3)]
    found, wanted, why = both([x, h], [*last, *rows], inputs)
    assert why == [""]
    for a, b in zip(found[0], wanted[0], strict=True):
        np.testing.assert_array_equal(np.isnan(a), np.isnan(b))
        normal = np.isfinite(b) & (np.abs(b) > 1e-37)
        np.testing.assert_allclose(a[normal], b[normal], rtol=1e-5)
        np.testing.assert_array_equal(a[np.isinf(b)], b[np.isinf(b)])


def test_an_example_computes_the_same_bits_whatever_is_beside_it():
    inputs, outputs, values = net(17, "float32")
    f = function(inputs, outputs[:4])
    calm = values(5, 7)
    wild = [v.copy() for v in calm]
    wild[0][2, 3] = np.nan
    for a, b in zip(f(*calm), f(*wild), strict=True):
        others = np.arange(7) != 3
        axis = 0 if a.shape[0] == 7 else 1
        assert np.compress(others, a, axis).tobytes() == np.compress(others, b, axis).tobytes()
        assert np.isnan(b).any() and not np.isnan(a).any()


@pytest.mark.parametrize("seed", range(8))
def test_a_random_step_is_the_same_loop(seed):
    made = RandomStep(seed)
    found, wanted, _ = both(made.inputs, made.outputs, made.values)
    assert_same(found, wanted)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_many_random_steps_are_the_same_loops_and_most_are_kernels(dtype):
    kernels = 0
    for seed in range(1000, 1100):
        made = RandomStep(seed, dtype, size=20)
        found, wanted, why = both(made.inputs, made.outputs, made.values)
        assert_same(found, wanted, 1e-11 if dtype == "float64" else 1e-3)
        kernels += why.count("")
    assert kernels > 100
