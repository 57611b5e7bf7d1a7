"""`bricks.function`: inputs, outputs, updates, precision, what stays on the device."""

import warnings

import jax
import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

from bricks import function, shared
from bricks.errors import NotFiniteError, ShapeError, UsageError


def test_an_input_overwritten_right_after_the_call_changes_nothing():
    x, total = pt.fmatrix("x"), shared(np.zeros((200, 300), "float32"), name="total")
    add = function([x], updates={total: total + pt.tanh(x)}, host=False)
    expected = np.zeros((200, 300))
    for step in range(20):
        memory = np.empty(200 * 300 * 4 + 64, np.uint8)  # aligned as XLA likes it, so that it would alias
        start = -memory.ctypes.data % 64
        batch = memory[start : start + 200 * 300 * 4].view("float32").reshape(200, 300)
        batch[...] = step
        expected += np.tanh(np.float64(step))
        add(batch)
        batch[...] = np.nan
    np.testing.assert_allclose(total.get_value(), expected, rtol=1e-5)


def test_a_value_given_to_a_shared_variable_is_copied():
    value = np.ones(4, "float32")
    v = shared(value)
    value[:] = 7
    assert v.get_value().tolist() == [1, 1, 1, 1]
    v.set_value(value)
    value[:] = 9
    v.get_value()[:] = 11
    assert v.get_value().tolist() == [7, 7, 7, 7]


def test_a_compiled_function_touches_what_it_reads():
    v = shared(np.ones(4, "float32"), name="v")
    assert not v.touched
    function([], v.sum())
    assert v.touched


def test_updates_all_see_the_values_before_the_call_and_never_share_memory():
    a, b, c = (shared(np.full(3, k, "float32"), name=n) for k, n in ((1, "a"), (2, "b"), (3, "c")))
    swap = function([], [a, a + 1], updates=[(a, b), (b, a), (c, a)])
    first, second = swap()
    assert (first[0], second[0]) == (1, 2)
    assert [v.get_value()[0] for v in (a, b, c)] == [2, 1, 1]
    swap()
    assert [v.get_value()[0] for v in (a, b, c)] == [1, 2, 2]
    source, x = shared(np.full(3, 5, "float32"), name="source"), pt.fvector("x")
    give = function([x], updates=[(a, source), (b, x), (c, x)])
    give(np.ones(3, "float32"))
    held = [v.get_value(return_internal_type=True) for v in (a, b, c)]
    held += [give._merge([None])[i] for i, container in give._shared.items() if container is source.container]
    assert len({array.unsafe_buffer_pointer() for array in held}) == len(held)
    function([], updates={a: a + 1})()
    assert (a.get_value()[0], source.get_value()[0]) == (6, 5)
    give(np.ones(3, "float32"))
    assert a.get_value()[0] == 5


def test_an_updated_variable_stays_on_the_device_and_reads_as_numpy():
    v = shared(np.zeros(5, "float32"), name="v")
    function([], updates={v: v + 1})()
    assert isinstance(v.get_value(return_internal_type=True), jax.Array)
    assert type(v.get_value()) is np.ndarray and v.get_value().flags.writeable


def test_a_variable_that_two_functions_read_is_held_on_the_device_once():
    v = pytensor.shared(np.ones((100, 100), "float32"), name="v")
    x = pt.fscalar("x")
    first, second = function([x], (v * x).sum()), function([x], (v + x).sum())
    assert float(first(2.0)) == 20000 and float(second(2.0)) == 30000
    assert first._merge([None])[-1] is second._merge([None])[-1]
    v.set_value(np.zeros((100, 100), "float32"))
    assert float(first(2.0)) == 0 and float(second(2.0)) == 20000


def test_a_guard_that_fails_holds_every_update_counters_included():
    from bricks import RandomState

    state = RandomState(1)
    x, v = pt.fscalar("x"), shared(np.float32(0), name="v")
    noise = state.uniform((), stream="noise")
    step = function([x], noise, updates={v: v + x}, guard=pt.isfinite(x))
    good = step(1.0)
    step(np.float32(np.nan))
    assert float(v.get_value()) == 1 and int(state.step.get_value()) == 1
    assert step(1.0) != good and int(state.step.get_value()) == 2


def test_float64_and_float32_functions_live_in_one_process():
    x, y = pt.fvector("x"), pt.dvector("y")
    w = shared(np.ones(3, "float32"), name="w")
    single = function([x], pt.exp(x).sum(), updates={w: w + x})
    double = function([y], pt.exp(y).sum())
    value = np.array([0.1, 0.2, 0.3])
    for _ in range(2):
        assert single(value.astype("float32")).dtype == "float32"
        assert double(value).dtype == "float64"
        assert abs(double(value) - np.exp(value).sum()) < 1e-15
    assert w.get_value().dtype == "float32" and w.get_value(return_internal_type=True).dtype == "float32"
    assert not jax.config.jax_enable_x64


def test_mixed_dtypes_are_computed_as_the_graph_says():
    i, x = pt.ivector("i"), pt.fvector("x")
    result = function([i, x], i * x)(np.int32([16777217, 3]), np.float32([1, 0.5]))
    assert result.dtype == "float64" and result.tolist() == [16777217.0, 1.5]


def test_integers_keep_their_dtype_and_large_sums_their_value():
    pixels = pt.tensor("pixels", dtype="uint8", shape=(None,))
    total = function([pixels], pixels.sum())(np.full(20_000_000, 255, np.uint8))
    assert total == 20_000_000 * 255 and total.dtype == "uint64"
    n = pt.lscalar("n")
    twice = function([n], 2 * n)
    assert twice(21).dtype == "int64" and twice(21) == 42
    with pytest.raises(UsageError, match="over 32 bits"):
        twice(2**40)
    counter = shared(np.int64(2**40), name="counter")
    function([], updates={counter: counter + 1})()
    assert counter.get_value() == 2**40 + 1


def test_inputs_by_name_and_by_position_and_their_errors():
    x, y = pt.fvector("x"), pt.fvector("y")
    f = function([x, y], x - y, name="difference")
    assert f(np.float32([3]), y=np.float32([1])).tolist() == [2]
    assert f(y=[1], x=[3]).tolist() == [2]
    with pytest.raises(TypeError, match="difference: input y is missing"):
        f([1])
    with pytest.raises(TypeError, match="no input is called 'z'"):
        f([1], z=[2])
    with pytest.raises(TypeError, match="input x must be .*float32.*got float64 of shape \\(1,\\)"):
        f(np.array([0.1]), [2])
    with pytest.raises(TypeError, match="takes 2 inputs, got 3"):
        f([1], [2], [3])


def test_shapes_that_do_not_fit_are_named_with_the_operation():
    x, w = pt.fmatrix("x"), shared(np.ones((4, 2), "float32"), name="w")
    with pytest.raises(ShapeError, match=r"Dot.*x \(3, 5\), w \(4, 2\)"):
        function([x], pt.dot(x, w))(np.ones((3, 5), "float32"))


def test_givens_and_pairs():
    x, y = pt.fscalar("x"), pt.fscalar("y")
    assert function([x], y + 1, givens=[(y, x * 2)])(5.0) == 11
    assert function([x], y + 1, givens={y: x * 3})(5.0) == 16
    with pytest.raises(UsageError, match="updates must be a mapping or pairs"):
        function([x], updates=[x])


@pytest.mark.parametrize("mode", ["FAST_COMPILE", "NUMBA"])
def test_other_modes_read_and_update_what_xla_left_on_the_device(mode):
    v = shared(np.zeros(3, "float32"), name="v")
    ours, theirs = function([], updates={v: v + 1}), function([], v.sum(), updates={v: v * 2}, mode=mode)
    ours()
    assert theirs() == 3
    ours()
    assert v.get_value().tolist() == [3, 3, 3]


def test_an_unknown_mode_is_an_error_with_the_nearest_name():
    with pytest.raises(UsageError, match="did you mean 'FAST_RUN'"):
        function([], pt.constant(1), mode="FAST_RUNN")


def test_what_xla_cannot_do_is_said_with_the_remedy():
    x = pt.fvector("x")
    with pytest.raises(UsageError, match="mode='NUMBA'"):
        function([x], x[x > 0])(np.ones(3, "float32"))
    rng = pytensor.shared(np.random.default_rng(1))
    with pytest.raises(UsageError, match="bricks.RandomState"):
        function([], pt.random.normal(rng=rng))


def test_lengths_may_be_any_arithmetic_of_shapes():
    x = pt.fmatrix("x")
    n = x.shape[0]
    outputs = [pt.arange(n * 2 + 1), pt.zeros((n + 1, 2)), x[: n // 2], x.reshape((-1, n * 1)), pt.repeat(x, 2, axis=0)]
    f = function([x], outputs)
    for rows in (2, 4):
        value = np.arange(rows * 4, dtype="float32").reshape(rows, 4)
        got = f(value)
        assert got[0].tolist() == list(range(2 * rows + 1)) and got[1].shape == (rows + 1, 2)
        assert got[2].tolist() == value[: rows // 2].tolist() and got[3].shape == (4, rows)
        assert got[4].tolist() == np.repeat(value, 2, axis=0).tolist()


@pytest.mark.parametrize(
    "make", [lambda x, i: x[i : 2 * i], lambda x, i: pt.arange(i), lambda x, i: pt.zeros((i, 2)) + x[0, 0]]
)
def test_a_length_that_is_a_value_is_refused_with_the_remedy(make):
    x, i = pt.fmatrix("x"), pt.iscalar("i")
    with pytest.raises(UsageError, match="known only when the function runs.*mode='NUMBA'"):
        function([x, i], make(x, i), on_unused_input="ignore")(np.ones((4, 4), "float32"), 1)


def test_many_shapes_are_warned_of():
    x = pt.fvector("x")
    f = function([x], x.sum(), name="total")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for n in range(8):
            f(np.ones(n, "float32"))
    with pytest.warns(UserWarning, match="total: compiled for 9 different shapes"):
        f(np.ones(99, "float32"))


def test_export_lowers_for_cuda_without_a_gpu():
    x, v = pt.fmatrix("x"), shared(np.ones((4, 2), "float32"), name="v")
    f = function([x], updates={v: v - pytensor.grad(pt.tanh(pt.dot(x, v)).sum(), v)})
    exported = f.export(np.ones((3, 4), "float32"), platforms=["cuda"])
    assert exported.platforms == ("cuda",) and "stablehlo.dot_general" in exported.mlir_module()
    assert "dot(" in f.hlo(np.ones((3, 4), "float32"))
    assert v.get_value().tolist() == np.ones((4, 2)).tolist()


def test_nan_guard_mode_names_the_first_bad_variable_and_changes_nothing():
    x, v = pt.fvector("x"), shared(np.float32(1), name="v")
    inner = pt.log(x)
    inner.name = "log of x"
    step = function([x], (inner * 2).sum(), updates={v: v + inner.sum()}, mode="NanGuardMode", name="step")
    assert step(np.float32([1, 1])) == 0 and v.get_value() == 1
    with pytest.raises(NotFiniteError, match="step: log of x is not finite: 1 NaN of 2 values, .*no update"):
        step(np.float32([1, -1]))
    assert v.get_value() == 1
