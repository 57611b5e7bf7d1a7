"""Scans with symbolic time and batch: values and gradients against PyTensor's own backend, changing lengths."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

from bricks import function, grad, scan, shared

RNG = np.random.default_rng(0)
W0 = (RNG.normal(size=(4, 4)) * 0.3).astype("float32")


def _loss(x, W, kind):
    start = pt.zeros((x.shape[1], 4), dtype="float32")
    options = {"go_backwards": True} if "backwards" in kind else {}
    if "two taps" in kind:
        start = [dict(initial=pt.zeros((2, x.shape[1], 4), dtype="float32"), taps=[-2, -1])]
        h = scan(lambda xt, h2, h, W: pt.tanh(xt + pt.dot(h, W) + 0.5 * h2), [x], start, [W], **options)
    else:
        if "truncated" in kind:
            options["truncate_gradient"] = 3
        h = scan(lambda xt, h, W: pt.tanh(xt + pt.dot(h, W)), [x], [start], [W], **options)
    if "reshape" in kind:
        h = h.reshape((h.shape[0] * h.shape[1], h.shape[2]))
    return (h[-1] ** 2).sum() if "last" in kind else (h**2).sum()


@pytest.mark.parametrize(
    "kind", ["all", "last", "two taps", "backwards", "truncated", "reshape", "last two taps backwards"]
)
def test_training_through_a_scan_with_changing_lengths_equals_the_reference(kind):
    results = []
    for mode in ("FAST_COMPILE", "FAST_RUN"):
        W, x = shared(W0, name="W"), pt.tensor("x", shape=(None, None, 4), dtype="float32")
        loss = _loss(x, W, kind)
        step = function([x], loss, updates={W: W - np.float32(0.1) * grad(loss, W)}, mode=mode)
        lengths = np.random.default_rng(1)
        losses = [float(step(lengths.normal(size=(t, b, 4)).astype("float32"))) for t, b in ((5, 3), (7, 2), (5, 3))]
        results.append((losses, W.get_value()))
    np.testing.assert_allclose(results[1][0], results[0][0], rtol=1e-5)
    np.testing.assert_allclose(results[1][1], results[0][1], rtol=1e-4, atol=1e-6)


def test_a_recurrence_and_its_gradient_equal_numpy():
    x, W = pt.ftensor3("x"), shared(W0, name="W")
    h = scan(lambda xt, h, W: pt.tanh(xt + pt.dot(h, W)), [x], [pt.zeros((x.shape[1], 4), "float32")], [W])
    value = RNG.normal(size=(6, 2, 4)).astype("float32")
    got, gradient = function([x], [h, grad(h[-1].sum(), W)])(value)
    states, state = [], np.zeros((2, 4))
    for row in value.astype("float64"):
        state = np.tanh(row + state @ W0)
        states.append(state)
    np.testing.assert_allclose(got, states, rtol=1e-5, atol=1e-6)
    expected, delta = np.zeros((4, 4)), np.ones((2, 4))
    for t in range(5, -1, -1):
        delta = delta * (1 - states[t] ** 2)
        expected += (states[t - 1] if t else np.zeros((2, 4))).T @ delta
        delta = delta @ W0.T
    np.testing.assert_allclose(gradient, expected, rtol=1e-4, atol=1e-6)


def test_a_scan_keeps_what_the_graph_asks_for():
    x = pt.fvector("x")
    running, doubled = scan(lambda xt, s: (s + xt, 2 * xt), [x], [np.float32(0), None])
    f = function([x], [running, doubled, running[-1], running[1:3]])
    out = f(np.arange(5, dtype="float32"))
    assert out[0].tolist() == [0, 1, 3, 6, 10] and out[1].tolist() == [0, 2, 4, 6, 8]
    assert out[2] == 10 and out[3].tolist() == [1, 3]


def test_a_scan_that_ends_by_a_condition_is_refused_with_the_remedy():
    from pytensor.scan.utils import until

    x = pt.fvector("x")
    values = scan(lambda xt, s: (s + xt, until(s > 3)), [x], [np.float32(0)])
    with pytest.raises(Exception, match="mode='NUMBA'"):
        function([x], values)(np.ones(9, "float32"))


def test_pytensors_own_jax_mode_stays_as_it_was():
    x, v = pt.fvector("x"), pytensor.shared(np.float32(2), name="v")
    theirs = pytensor.function([x], x * v, mode="JAX")
    function([x], x * v)
    from pytensor.link.jax.dispatch.basic import jax_funcify
    from pytensor.scan.op import Scan

    assert jax_funcify.dispatch(Scan).__module__ == "pytensor.link.jax.dispatch.scan"
    assert pytensor.compile.mode.get_mode("JAX").linker.__class__.__name__ == "JAXLinker"
    assert np.asarray(theirs(np.float32([1, 2]))).tolist() == [2, 4]
    steps = pytensor.scan(lambda s: s * 2, outputs_info=[np.float32(1)], n_steps=3, return_updates=False)
    assert np.asarray(pytensor.function([], steps, mode="JAX")()).tolist() == [2, 4, 8]


def test_sparse_products_of_pytensors_jax_mode_work_though_jaxs_module_loads_late():
    import scipy.sparse
    from pytensor import sparse

    S = sparse.as_sparse_variable(scipy.sparse.csr_matrix(np.eye(3, dtype="float32") * 2))
    x = pt.fmatrix("x")
    assert np.asarray(pytensor.function([x], sparse.dot(S, x), mode="JAX")(np.ones((3, 2), "float32"))).sum() == 12
