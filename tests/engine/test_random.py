"""Random draws: a function of (seed, stream, step) alone, with the right statistics, saved and restored."""

import numpy as np
import pytensor.tensor as pt
import pytest

from bricks import RandomState, UsageError, function


def test_draws_depend_on_seed_stream_and_step_alone():
    def draws(seed, extra=False):
        state = RandomState(seed)
        a, b = state.normal((5,), stream="a"), state.normal((5,), stream="b")
        outputs = [a, b, *([state.uniform((2, 2), stream="c")] if extra else [])]
        f = function([], outputs)
        return [f()[:2] for _ in range(3)]

    first, again, other = draws(1), draws(1, extra=True), draws(2)
    np.testing.assert_array_equal(first, again)
    flat = np.array([*first, *other]).reshape(-1, 5)
    assert len({tuple(row) for row in flat.tolist()}) == 12


def test_state_is_saved_and_restored():
    state = RandomState(7)
    f = function([], state.uniform((4,), stream="x"))
    f()
    saved = state.root.get_value(), state.step.get_value()
    expected = [f() for _ in range(3)]
    f()
    state.root.set_value(saved[0])
    state.step.set_value(saved[1])
    np.testing.assert_array_equal([f() for _ in range(3)], expected)


def test_every_backend_draws_the_same_numbers():
    results = []
    for mode in ("FAST_RUN", "FAST_COMPILE"):
        state = RandomState(3)
        n = pt.lscalar("n")
        outputs = [
            state.uniform((3, 4), stream="u", low=-1, high=2),
            state.normal((5,), stream="n", mean=1, std=2),
            state.bernoulli((7, 3), 0.3, stream="b"),
        ]
        results.append(function([], outputs, mode=mode)())
        del n
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_distributions_have_their_moments():
    state, n = RandomState(11), 200_000
    u, z, b = function(
        [], [state.uniform((n,), "u", low=2, high=4), state.normal((n,), "z", 1, 3), state.bernoulli((n,), 0.2, "b")]
    )()
    assert abs(u.mean() - 3) < 0.01 and u.min() >= 2 and u.max() < 4 and abs(u.var() - 4 / 12) < 0.005
    assert abs(z.mean() - 1) < 0.03 and abs(z.std() - 3) < 0.03
    assert set(np.unique(b)) == {0, 1} and abs(b.mean() - 0.2) < 5 * np.sqrt(0.16 / n)


def test_a_shape_may_be_symbolic():
    x, state = pt.fmatrix("x"), RandomState(1)
    f = function([x], [state.bernoulli(x.shape, 0.5, "a"), state.normal((x.shape[0], 3), "b")])
    for shape in ((2, 5), (4, 1)):
        mask, noise = f(np.zeros(shape, "float32"))
        assert mask.shape == shape and noise.shape == (shape[0], 3)


def test_wrong_arguments():
    with pytest.raises(UsageError, match="seed must be from 0"):
        RandomState(-1)
    with pytest.raises(UsageError, match="stream must be a name"):
        RandomState(1).uniform((2,), stream="")
