"""Random streams under Theano's signatures: the same distributions, and states that advance as they did."""

import numpy as np
import pytest
import theano
import theano.tensor as T
from scipy import stats
from theano.sandbox.rng_mrg import MRG_RandomStreams
from theano.tensor.shared_randomstreams import RandomStreams

from bricks.errors import UsageError

N = 20_000


@pytest.fixture(scope="module", params=[RandomStreams, MRG_RandomStreams])
def drawn(request):
    """Draws that both kinds have, and more of them at a second call."""
    theano._variables.install()
    streams = request.param(seed=123)
    with theano.change_flags(floatX="float64"):
        p = T.constant(np.array([0.002, 0.3]))
        draws = [
            streams.uniform((N,), low=-1.0, high=3.0),
            streams.normal((N,), avg=5.0, std=0.1),
            streams.binomial((N,), p=0.8, dtype="float32"),
            streams.binomial((N, 2), 1, p),
            streams.normal(size=(N,), avg=T.constant(1.0), std=2.0, dtype="float32"),
        ]
        f = theano.function([], draws)
        first, second = f(), f()
    theano._variables.remove()
    return first, second


def test_average_and_width_are_what_was_asked_for(drawn):
    (uniform, normal, kept, rare, wide), _ = drawn
    assert stats.kstest(uniform, stats.uniform(-1, 4).cdf).pvalue > 1e-3
    assert stats.kstest(normal, stats.norm(5, 0.1).cdf).pvalue > 1e-3
    assert stats.kstest(wide, stats.norm(1, 2).cdf).pvalue > 1e-3
    assert wide.dtype == kept.dtype == "float32" and rare.dtype == "int64" and uniform.dtype == "float64"
    for count, p in ((kept.sum(), 0.8), (rare[:, 0].sum(), 0.002), (rare[:, 1].sum(), 0.3)):
        assert stats.binomtest(int(count), N, p).pvalue > 1e-3
    assert set(np.unique(kept)) == {0, 1}


def test_each_call_and_each_draw_is_another(drawn):
    first, second = drawn
    for a, b in zip(first, second, strict=True):
        assert not np.array_equal(a, b)
    both = [(first[1] - 5) / 0.1, (second[1] - 5) / 0.1, (first[4] - 1) / 2]
    assert abs(np.corrcoef(both) - np.eye(3)).max() < 0.05


def test_draws_of_one_stream_are_others_of_each_other():
    streams = MRG_RandomStreams(seed=9)
    a, b = theano.function([], [streams.normal((1000,)), streams.normal((1000,))])()
    assert abs(np.corrcoef(a, b)[0, 1]) < 0.15


def test_what_is_rare_happens_as_often_as_was_asked_for():
    streams, n, p = MRG_RandomStreams(seed=9), 2 * 10**6, 5e-6  # which 16 bits would round to never
    often, rarely = theano.function([], [streams.binomial((n,), p=q).sum() for q in (1 - p, p)])()
    assert stats.binomtest(n - int(often), n, p).pvalue > 1e-3
    assert stats.binomtest(int(rarely), n, p).pvalue > 1e-3


def test_draws_of_random_streams_alone():
    streams = RandomStreams(seed=5)
    weights = np.array([0.2, 0.5, 0.3])
    draws = [
        streams.random_integers((N,), low=-1, high=2),
        streams.poisson((N,), lam=4.0),
        streams.binomial((N,), n=10, p=0.3),
        streams.multinomial((N,), n=1, pvals=list(weights)),
        streams.multinomial(n=1000, pvals=weights),
        streams.choice((N,), a=np.array([10, 20, 30]), p=weights),
        streams.permutation((50,), n=4),
        streams.choice((3,), a=5, replace=False),
        streams.shuffle_row_elements(T.constant(np.tile(np.arange(6.0), (40, 1)))),
    ]
    integers, counts, ten, one_hot, thousand, chosen, orders, some, shuffled = theano.function([], draws)()
    assert stats.chisquare(np.unique(integers, return_counts=True)[1]).pvalue > 1e-3
    assert set(integers) == {-1, 0, 1, 2} and integers.dtype == "int64"  # both ends
    assert abs(counts.mean() - 4) < 0.1 and abs(counts.var() - 4) < 0.3
    assert abs(ten.mean() - 3) < 0.1 and abs(ten.var() - 2.1) < 0.2 and ten.max() <= 10
    assert one_hot.shape == (N, 3) and (one_hot.sum(axis=1) == 1).all()
    assert stats.chisquare(one_hot.sum(axis=0), weights * N).pvalue > 1e-3
    assert thousand.shape == (3,) and stats.chisquare(thousand, weights * 1000).pvalue > 1e-3
    assert stats.chisquare([(chosen == v).sum() for v in (10, 20, 30)], weights * N).pvalue > 1e-3
    assert (np.sort(orders, axis=1) == np.arange(4)).all() and len(np.unique(orders, axis=0)) > 10
    assert len(set(some)) == 3 and max(some) < 5
    assert (np.sort(shuffled, axis=1) == np.arange(6)).all() and len(np.unique(shuffled, axis=0)) > 30


def test_draws_of_mrg_streams_alone():
    streams = MRG_RandomStreams(5)
    pvals = np.tile([0.2, 0.5, 0.3], (N, 1)).astype("float32")
    draws = [
        streams.multinomial(pvals=pvals),
        streams.multinomial(n=7, pvals=pvals[:10]),
        streams.choice(size=2, p=pvals, replace=False),
        streams.choice(size=3, p=pvals[:10]),
        streams.truncated_normal((N,), avg=1.0, std=0.5),
    ]
    one_hot, seven, two, three, truncated = theano.function([], draws)()
    assert (one_hot.sum(axis=1) == 1).all() and stats.chisquare(one_hot.sum(axis=0), pvals[0] * N).pvalue > 1e-3
    assert (seven.sum(axis=1) == 7).all() and three.shape == (10, 3)
    assert (two[:, 0] != two[:, 1]).all()
    assert stats.binomtest(int((two[:, 0] == 1).sum()), N, 0.5).pvalue > 1e-3
    after_0 = two[two[:, 0] == 0, 1]  # once 0 is drawn, 1 has 5 in 8
    assert stats.binomtest(int((after_0 == 1).sum()), len(after_0), 5 / 8).pvalue > 1e-3
    assert stats.kstest(truncated, stats.truncnorm(-2, 2, 1, 0.5).cdf).pvalue > 1e-3
    with pytest.raises(NotImplementedError, match="n must be 1"):
        streams.binomial((3,), n=2)
    with pytest.raises(ValueError, match="0"):
        MRG_RandomStreams(0)


def test_sizes():
    x, streams = T.dmatrix("x"), RandomStreams(1)
    sizes = [x.shape, (x.shape[0], 1), [2, 3], (), 4, None]
    draws = [streams.normal(size) for size in sizes] + [streams.normal(avg=x, std=1.0)]
    found = theano.function([x], draws)(np.zeros((5, 6)))
    assert [v.shape for v in found] == [(5, 6), (5, 1), (2, 3), (), (4,), (), (5, 6)]
    assert draws[1].broadcastable == (False, True)
    with pytest.raises(UsageError, match="ndim"):
        streams.uniform(T.lvector("size"))
    assert streams.uniform(T.lvector("size"), ndim=2).ndim == 2


def test_streams_of_one_seed_are_the_same_and_seed_begins_anew():
    f, g = (theano.function([], RandomStreams(7).normal((3,))) for _ in range(2))
    assert (f() == g()).all() and (f() == g()).all()
    streams = RandomStreams(7)
    h = theano.function([], streams.normal((3,)))
    first = h()
    streams.seed(7)
    assert (h() == first).all() and (h() != first).all()
    assert (theano.function([], MRG_RandomStreams(7).normal((3,)))() != first).all()


def test_states_can_be_read_set_and_held():
    streams = RandomStreams(seed=234)
    rv = streams.uniform((2, 2))
    twice = theano.function([], [rv + 0, rv - rv])
    assert (twice()[1] == 0).all()  # one draw, used twice
    still = theano.function([], rv, no_default_updates=True)
    assert (still() == still()).all()
    explicit = theano.function([], rv, updates=streams.updates())
    assert (explicit() == still()).sum() == 0
    state = rv.rng.get_value(borrow=True)
    before = still()
    state.seed(89234)
    rv.rng.set_value(state, borrow=True)
    seeded = still()
    assert (seeded != before).all()
    other = RandomStreams(1).uniform((2, 2))
    for (ours, _), (theirs, _) in zip(streams.state_updates, [other.update], strict=True):
        theirs.set_value(ours.get_value())
    assert (theano.function([], other)() == seeded).all()


def test_gradients_go_through_scale_and_not_through_draws():
    s, streams = T.dscalar("s"), MRG_RandomStreams(3)
    noise = streams.normal((100,), avg=0.0, std=s)
    f = theano.function([s], [T.grad(noise.sum(), s), noise.sum() / s])
    slope, wanted = f(2.0)
    np.testing.assert_allclose(slope, wanted)
