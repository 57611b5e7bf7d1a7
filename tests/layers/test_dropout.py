"""Dropout: nothing at inference, fresh and independent samples in training."""

import numpy as np
import pytensor.tensor as pt
import pytest

from bricks import VariableFilter, engine, training_graph
from bricks.errors import UsageError
from bricks.graph import walk
from bricks.layers import Dropout, Linear, Sequence
from bricks.roles import NOISE

N = 20_000


@pytest.fixture(scope="module")
def samples():
    """Two calls of a graph with four noises: two bricks, one of them twice, and one with another p."""
    x = pt.fmatrix("x")
    first, second, rare = Dropout(0.5), Dropout(0.5), Dropout(0.2)
    top = Sequence([first, second, rare], seed=3)
    outputs = training_graph([first(x), first(x), second(x), rare(x)]).outputs
    f = engine.function([x], outputs)
    ones = np.ones((N // 100, 100), "float32")
    return top, [f(ones) for _ in range(2)]


def test_values_are_dropped_with_probability_p_and_the_others_scaled_so_that_the_mean_stays(samples):
    _, ((half, _, _, rare), _) = samples
    assert set(np.unique(half)) == {0, 2} and set(np.unique(rare)) == {0, np.float32(1.25)}
    for sample, p in ((half, 0.5), (rare, 0.2)):
        assert abs((sample == 0).mean() - p) < 5 * np.sqrt(p * (1 - p) / N)
        assert abs(sample.mean() - 1) < 5 * np.sqrt(p / (1 - p) / N)


def test_samples_differ_between_bricks_calls_steps_and_elements(samples):
    _, (now, later) = samples
    masks = [sample.ravel() != 0 for sample in (*now, *later)]
    for i, a in enumerate(masks):
        assert abs(np.corrcoef(a[:-1], a[1:])[0, 1]) < 5 / np.sqrt(N)
        for b in masks[:i]:
            assert abs(np.corrcoef(a, b)[0, 1]) < 5 / np.sqrt(N)


def test_noise_depends_on_seed_path_and_step_and_comes_from_the_roots_state(samples):
    top, (now, later) = samples
    assert top.random_state.step.get_value() == 2

    def build(seed, name="sequence"):
        x = pt.fmatrix("x")
        dropout = Dropout(0.5)
        root = Sequence([dropout, Linear(2, 2)], name=name, seed=seed)
        return root, engine.function([x], training_graph(dropout(x)).outputs)

    ones = np.ones((N // 100, 100), "float32")
    root, f = build(3)
    np.testing.assert_array_equal(f(ones), now[0])
    np.testing.assert_array_equal(f(ones), later[0])
    root.random_state.step.set_value(np.uint32(0))
    np.testing.assert_array_equal(f(ones), now[0])
    assert not np.array_equal(build(4)[1](ones), now[0])
    assert not np.array_equal(build(3, "other")[1](ones), now[0])


def test_a_graph_built_before_adoption_draws_from_the_root_that_there_is_when_it_is_trained():
    x, dropout = pt.fmatrix("x"), Dropout(0.5)
    y = dropout(x)
    root = Sequence([dropout], name="top", seed=9)
    (state,) = engine.random.states([training_graph(y).outputs])
    assert state is root.random_state


def test_stacked_dropouts_act_on_the_same_gradient():
    x = pt.fmatrix("x")
    net = Sequence([Dropout(0.5), Dropout(0.5), Dropout(0.5)], seed=1)
    y = training_graph(net(x)).outputs
    f = engine.function([x], [y, engine.grad(y.sum(), x)])
    sample, gradient = f(np.full((200, 100), 3, "float32"))
    assert set(np.unique(sample)) == {0, 24}
    assert abs((sample != 0).mean() - 1 / 8) < 5 * np.sqrt(7 / 64 / N)
    np.testing.assert_allclose(sample, 3 * gradient)


def test_noise_is_found_by_role_and_by_brick():
    x = pt.fmatrix("x")
    net = Sequence([Linear(2, 2), Dropout(0.5)], name="net", seed=1)
    graph = walk([net(x)])
    (noise,) = VariableFilter(role=NOISE)(graph)
    assert noise.name == "net/dropout.noise"
    assert VariableFilter(brick=Dropout, role=NOISE)(graph) == [noise]


def test_p_zero_leaves_everything_and_impossible_p_is_refused():
    x = pt.fmatrix("x")
    y = training_graph(Dropout(0.0, seed=1)(x)).outputs
    ones = np.ones((10, 10), "float32")
    np.testing.assert_array_equal(y.eval({x: ones}, mode="FAST_COMPILE"), ones)
    for p in (1, -0.1, 1.5, "half", float("nan")):
        with pytest.raises(UsageError, match="dropout: p, the probability of a 0, must be at least 0 and below 1, got"):
            Dropout(p)


def test_known_lengths_stay_known():
    x = pt.matrix("x", shape=(None, 7))
    assert training_graph(Dropout(0.5, seed=1)(x)).outputs.type.shape == (None, 7)
