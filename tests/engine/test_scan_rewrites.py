"""What leaves the loops of people's own scans, and that the numbers stay: against PyTensor's own backend."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.scan.op import Scan
from scans_by_hand import CELLS, SPELLINGS, parameters, simple, zeros

from bricks import function, grad, scan, shared
from bricks.engine.linker import XLA
from bricks.engine.scan_parts import is_product


def _x(length=None):
    return pt.tensor("x", shape=(length, None, 5), dtype="float32")


def _value(T=6, B=3, seed=1):
    return np.random.default_rng(seed).normal(size=(T, B, 5)).astype("float32")


def _inside(fn) -> list[int]:
    """The number of products in each loop of a compiled function."""
    loops = [node for node in fn.maker.fgraph.toposort() if isinstance(node.op, Scan)]
    return [sum(map(is_product, loop.op.fgraph.apply_nodes)) for loop in loops]


def _trained(x, h, parameters, wrt_x=True):
    cost = (h[-1] ** 2).sum()
    return [cost, *grad(cost, [*parameters, x] if wrt_x else parameters)]


def _equal(inputs, outputs, *values, mode=None):
    """A function of `outputs`, after a look that it gives what PyTensor's own backend gives."""
    ours = function(inputs, outputs, mode=mode)
    with pytensor.config.change_flags(cxx=""):  # nothing is compiled for the reference
        theirs = function(inputs, outputs, mode="FAST_COMPILE")
        for value in values:
            for got, expected in zip(ours(value), theirs(value), strict=True):
                np.testing.assert_allclose(got, expected, rtol=2e-4, atol=2e-6)
    return ours


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("cell", CELLS)
def test_only_the_products_with_a_state_stay_in_the_loops(cell, spelling):
    x = _x()
    h, ps = CELLS[cell](x, SPELLINGS[spelling])
    fn = _equal([x], _trained(x, h, ps), _value(), _value(4, 2))
    each = len(ps) // 3
    assert _inside(fn) == [each, each]


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("kind", ["backwards", "truncated", "sliced", "known length", "cost over time"])
def test_products_leave_loops_of_every_kind(kind, spelling):
    options = {"backwards": {"go_backwards": True}, "truncated": {"truncate_gradient": 3}}.get(kind, {})
    x = _x(6 if kind == "known length" else None)
    h, ps = simple(x[1:-1] if kind == "sliced" else x, SPELLINGS[spelling], **options)
    cost = (h**2).sum() if kind == "cost over time" else (h[-1] ** 2).sum()
    fn = _equal([x], [cost, *grad(cost, [*ps, x])], _value())
    assert _inside(fn) == [1, 1]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_loop_of_several_taps_keeps_one_product_for_each_tap_that_is_multiplied(spelling):
    dot, x = SPELLINGS[spelling], _x()
    (W, U, b), V = parameters(5, 4, gates=1), shared(np.eye(4, dtype="float32"), name="V")
    start = dict(initial=pt.zeros((2, x.shape[1], 4), dtype="float32"), taps=[-2, -1])

    def step(xt, before, h, W, U, V, b):
        return pt.tanh(dot(xt, W) + dot(h, U) + dot(before, V) + b)

    h = scan(step, [x], [start], [W, U, V, b])
    assert _inside(_equal([x], _trained(x, h, [W, U, V, b]), _value())) == [2, 2]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_vectors_and_matrices_from_the_left_leave_the_loop_too(spelling):
    dot, x = SPELLINGS[spelling], pt.fmatrix("x")
    W, U, b = parameters(5, 4, gates=1)

    def step(xt, h, W, U, b):
        return pt.tanh(dot(W.T, xt) + dot(h, U) + b)

    h = scan(step, [x], [pt.zeros((4,), dtype="float32")], [W, U, b])
    assert _inside(_equal([x], _trained(x, h, [W, U, b]), _value()[:, 0])) == [1, 1]


def test_a_weight_used_twice_and_a_readout_leave_the_loop():
    x = _x()
    (W, U, b), V = parameters(5, 4, gates=1), shared(np.ones((4, 3), "float32"), name="V")

    def step(xt, h, W, U, V, b):
        h = pt.tanh(xt @ W + pt.tanh(h @ U) @ U + b)
        return h, h @ V + b[:3]

    _, y = scan(step, [x], [zeros(x, 4), None], [W, U, V, b])
    cost = (y**2).sum()
    assert _inside(_equal([x], [y, cost, *grad(cost, [W, U, V, b])], _value())) == [2, 2]


def test_a_gradient_reads_what_the_forward_loop_computed():
    x = _x()
    h, ps = simple(x, pt.dot)
    gates = scan(lambda xt, s, U: s * pt.sigmoid(pt.dot(s, U)) + xt, [h], [zeros(x, 4)], [ps[1]])
    cost = (gates[-1] ** 2).sum()
    fn = _equal([x], [cost, *grad(cost, ps)], _value())
    assert sum(_inside(fn)) == 4
    unsaved = function([x], [cost, *grad(cost, ps)], mode=XLA.excluding("saved_rows"))
    products = [sum(map(is_product, f.maker.fgraph.apply_nodes)) for f in (fn, unsaved)]
    assert products[0] == products[1] - 1  # of all steps, done again


def test_a_scan_without_states_is_no_loop():
    x, (W, *_) = _x(), parameters(5, 4, gates=1)
    y = scan(lambda xt, W: pt.tanh(xt @ W), [x], [None], [W])
    assert _inside(_equal([x], [y, grad((y**2).sum(), W)], _value())) == []


def test_sums_of_products_of_which_more_than_the_last_is_asked_stay():
    x = _x()
    running = scan(lambda xt, s: s + xt.T @ xt, [x], [pt.zeros((5, 5), dtype="float32")])
    assert _inside(_equal([x], [running], _value())) == [1]
    assert _inside(_equal([x], [running[-1]], _value())) == []


@pytest.mark.parametrize("rest, stays", [(lambda h: h.sum(), 1), (lambda h: pt.tanh(h.sum()), 2)])
def test_a_sum_of_a_product_and_of_more_keeps_the_rest(rest, stays):
    x = _x()
    start = pt.ones((5, 5), dtype="float32")
    s, h = scan(lambda xt, s, h: (s + xt.T @ h + rest(h), h + xt), [x], [start, zeros(x, 5)])
    fn = _equal([x], [s[-1], h], _value())
    (loop,) = [node for node in fn.maker.fgraph.toposort() if isinstance(node.op, Scan)]
    assert _inside(fn) == [0] and loop.op.info.n_sit_sot + loop.op.info.n_untraced_sit_sot == stays


def test_gradients_of_gradients_and_scans_within_scans_keep_their_numbers():
    x = _x()
    h, ps = simple(x, pt.dot)
    first = grad((h[-1] ** 2).sum(), ps[1])
    _equal([x], [grad((first**2).sum(), ps[0])], _value(4))

    def outer(block, s, W, U, b):
        inner = scan(lambda xt, h, W, U, b: pt.tanh(xt @ W + h @ U + b), [block], [s], [W, U, b])
        return inner[-1]

    blocks = pt.tensor4("blocks", dtype="float32")
    last = scan(outer, [blocks], [pt.zeros((3, 4), dtype="float32")], ps)[-1]
    _equal([blocks], [last, *grad((last**2).sum(), ps)], np.stack([_value(), _value(seed=2)]))


def test_modes_of_pytensors_own_know_nothing_of_it():
    x = _x(6)
    h, ps = simple(x, pt.dot)
    fn = pytensor.function([x], h[-1], mode="JAX")
    assert _inside(fn) == [2]
    np.testing.assert_allclose(fn(_value()), function([x], h[-1])(_value()), rtol=1e-5, atol=1e-6)
