"""Several steps in one call of XLA's: the same bits however they are grouped, and the numbers of single calls."""

import jax
import numpy as np
import pytensor.tensor as pt
import pytest

from bricks import engine
from bricks.engine.steps import Steps
from bricks.errors import UsageError

COUNT, ROOM = 7, 5


def program():
    """A function with all that a step may have: noise, a guard, outputs, a state that is read but not updated."""
    x, n = pt.fmatrix("x"), pt.iscalar("n")
    state = engine.RandomState(3)
    W = engine.shared(np.float32([[0.5, -0.25], [1.5, 0.125], [0.3, 0.7]]), name="W")
    square = engine.shared(np.zeros((), "float32"), name="square")
    rate, seen = engine.shared(np.float32(0.999), name="rate"), engine.shared(np.int32(0), name="seen")
    y = pt.dot(x * state.bernoulli((4, 3), 0.75, "noise"), W)
    mean = y.mean()
    fn = engine.function(
        [x, n],
        [mean, y],
        updates={
            W: W - 0.1 * pt.dot(x.T, y),
            square: rate * square + (1 - rate) * mean * mean,
            seen: seen + 1,
        },
        guard=pt.eq(n, seen) & pt.lt(mean, 1e6),
    )
    return fn, [W, square, seen, state.step]


def values(variables):
    return [variable.get_value().tobytes() for variable in variables]


def inputs():
    rng = np.random.default_rng(0)
    return [(rng.normal(size=(4, 3)).astype("float32"), np.int32(i)) for i in range(COUNT)]


def grouped(groups, room):
    fn, variables = program()
    steps, given, outputs = Steps(fn), inputs(), []
    for count in groups:
        batch, given = given[:count], given[count:]
        means, ys = steps(steps.stack(batch, room), count)
        outputs += zip(np.asarray(means)[:count], np.asarray(ys)[:count], strict=True)
    assert steps._jitted._cache_size() == 1, "a shorter group is compiled anew"
    return outputs, variables


@pytest.fixture(scope="module")
def one_by_one():
    outputs, variables = grouped((1,) * COUNT, room=1)
    return outputs, values(variables)


@pytest.mark.parametrize("groups", [(5, 2), (1, 1, 5), (3, 4), (1,) * 7])
def test_steps_in_one_call_give_the_same_bits_however_grouped(one_by_one, groups):
    outputs, variables = grouped(groups, ROOM)
    assert values(variables) == one_by_one[1]
    for (mean, y), (expected_mean, expected_y) in zip(outputs, one_by_one[0], strict=True):
        assert mean.tobytes() == expected_mean.tobytes() and y.tobytes() == expected_y.tobytes()


def test_single_calls_and_loops_go_on_from_each_other(one_by_one):
    fn, variables = program()
    steps, given = Steps(fn), inputs()
    fn(*given[0])
    steps(steps.stack(given[1:4], ROOM), 3)
    fn(*given[4])
    steps(steps.stack(given[5:], ROOM), 2)
    for variable, expected in zip(variables, one_by_one[1], strict=True):
        value = variable.get_value()
        np.testing.assert_allclose(value, np.frombuffer(expected, value.dtype).reshape(value.shape), rtol=1e-5)


def test_a_set_value_between_calls_is_seen():
    x, total = pt.fscalar("x"), engine.shared(np.float32(0))
    steps = Steps(engine.function([x], updates={total: total + x}))
    steps([np.ones(3, "float32")])
    total.set_value(np.float32(10))
    steps([np.ones(3, "float32")], count=2)
    assert float(total.get_value()) == 12


def test_memory_that_batches_are_stacked_in_is_not_written_while_it_is_read():
    """Each call gets batches of its own number, large enough to be read where they lie."""
    x, total = pt.fmatrix("x"), engine.shared(np.zeros(3, "float32"))
    slow = engine.shared(np.full((512, 512), 1e-9, "float32"))
    steps = Steps(engine.function([x], updates={total: total + x[:3, 0] + pt.tanh(pt.dot(x, slow)).max()}))
    for i in range(12):
        steps(steps.stack([[np.full((256, 512), i, "float32")]] * 4, 4))
    assert total.get_value() == pytest.approx(4 * sum(range(12)), abs=1)


def test_inputs_are_checked_and_converted_as_by_a_single_call():
    x, total = pt.fvector("x"), engine.shared(np.float32(0))
    steps = Steps(engine.function([x], updates={total: total + x.sum()}))
    steps(steps.stack([[np.uint8([1, 2])], [np.uint8([250, 250])]], 2))
    assert float(total.get_value()) == 503
    with pytest.raises(TypeError, match="input x must be .*float32.*got float64"):
        steps.stack([[np.float64([0.1, 0.2])]], 1)


def test_float64_stays_float64():
    x, total = pt.dscalar("x"), engine.shared(np.float64(0))
    steps = Steps(engine.function([x], total * 1, updates={total: total + x}))
    (before,) = steps(steps.stack([[0.1], [0.2]], 2))
    assert before.dtype == np.float64 and float(before[1]) == 0.1 and float(total.get_value()) == 0.1 + 0.2
    assert not jax.config.jax_enable_x64


def test_a_batch_may_be_made_on_the_device():
    x, total = pt.fvector("x"), engine.shared(np.float32(0))
    steps = Steps(
        engine.function([x], updates={total: 2 * total + x.sum()}), lambda table, slices: [table[slices[0]] * 0.5]
    )
    table = np.arange(10, dtype="float32")
    steps([np.int32([[0, 1], [8, 9], [4, 4]])], data=jax.numpy.asarray(table))
    assert float(total.get_value()) == 2 * (2 * 0.5 + 8.5) + 4


def test_what_changes_its_shape_is_refused_with_its_name():
    x, kept = pt.fvector("x"), engine.shared(np.zeros(1, "float32"), name="kept")
    steps = Steps(engine.function([x], updates={kept: pt.concatenate([kept, x])}, name="growing"))
    with pytest.raises(UsageError, match="growing: kept must keep its shape.*from step to step"):
        steps([np.ones((2, 1), "float32")])
