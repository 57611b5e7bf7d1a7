"""Gaussian noise and `apply_noise`: the distribution, what draws anew, weight noise in training, what is refused."""

import numpy as np
import pytensor.tensor as pt
import pytest

import bricks
from bricks import ComputationGraph, VariableFilter, apply_noise, engine, training_graph
from bricks.errors import UsageError
from bricks.graph import annotations_of
from bricks.layers import MLP, GaussianNoise, Linear, Tanh
from bricks.roles import INPUT, NOISE, WEIGHT
from bricks.training import GradientDescent, Scale

N = 20000


@pytest.fixture(scope="module")
def draws():
    """Of a brick applied twice and `apply_noise` called twice: at inference, then two calls in training."""
    x = pt.fmatrix("x")
    brick = GaussianNoise(0.5, name="brick", seed=1)
    y = [brick(x), brick(x)]
    h = x + np.float32(0)
    z = apply_noise([h + np.float32(0), x], [h], std=0.5, seed=1)
    w = apply_noise(z, [x], std=0.5, seed=1)
    outputs = [*y, z[0], w[1]]
    ones = np.ones((N // 100, 100), "float32")
    inference = engine.function([x], outputs)(ones)
    f = engine.function([x], training_graph(outputs).outputs)
    return ones, inference, f(ones), f(ones)


def test_inference_has_no_noise_and_training_has_that_of_the_given_deviation(draws):
    ones, inference, *samples = draws
    for output in inference:
        np.testing.assert_array_equal(output, ones)
    for sample in (sample for call in samples for sample in call):
        assert abs(sample.mean() - 1) < 5 * 0.5 / np.sqrt(N)
        assert abs(sample.std() - 0.5) < 5 * 0.5 / np.sqrt(2 * N)


def test_each_call_of_a_brick_each_apply_noise_and_each_step_draws_numbers_of_its_own(draws):
    _, _, now, later = draws
    noises = [sample.ravel() - 1 for sample in (*now, *later)]
    for i, a in enumerate(noises):
        for b in noises[:i]:
            assert abs(np.corrcoef(a, b)[0, 1]) < 5 / np.sqrt(N)


def noisy_net(**settings):
    x = pt.matrix("x", dtype="float32", shape=(None, 4))
    mlp = MLP([Tanh(), None], [4, 3, 2], seed=3)
    cost = pt.mean(mlp(x) ** 2)
    weights = VariableFilter(role=WEIGHT)(ComputationGraph(cost).variables)
    return mlp, cost, apply_noise(cost, weights, std=0.3, **settings)


def test_noise_follows_the_seed_of_the_model_or_its_own():
    for settings, seed in ({}, 3), ({"seed": 8}, 8):
        _, _, noisy = noisy_net(**settings)
        noises = VariableFilter(role=NOISE)(ComputationGraph(noisy).variables)
        assert [annotations_of(noise)[0].brick.seed for noise in noises] == [seed, seed]


def test_what_is_trained_with_weight_noise_are_the_weights():
    mlp, _, cost = noisy_net()
    descent = GradientDescent(cost, step_rule=Scale(0.1))
    before = [linear.W.get_value() for linear in mlp.linears]
    batch = {"x": np.random.default_rng(0).normal(size=(6, 4)).astype("float32")}
    descent.process_batch(batch)
    assert descent.check() is None and set(descent.parameters) == set(mlp.all_parameters())
    assert all(np.any(linear.W.get_value() != old) for linear, old in zip(mlp.linears, before, strict=True))


def test_a_step_with_weight_noise_is_the_gradient_at_the_disturbed_weights():
    x, w = pt.fvector("x"), engine.shared(np.float32([1, 2, 3]), name="w")
    cost = pt.sum(x * w**2)
    noisy = apply_noise(cost, w, std=0.1, seed=5)
    descent = GradientDescent(noisy, [w], step_rule=Scale(0.5))
    disturbed = engine.function(
        [], training_graph(VariableFilter(role=NOISE)(ComputationGraph(noisy).variables)).outputs
    )
    (state,) = engine.random.states([descent.cost])
    (at,) = disturbed()
    state.step.set_value(np.uint32(0))
    descent.process_batch({"x": np.float32([1, 1, 1])})
    assert 0 < np.abs(at - [1, 2, 3]).max() < 0.6
    np.testing.assert_allclose(w.get_value(), np.float32([1, 2, 3]) - at, rtol=1e-6)


def test_what_bricks_take_in_can_be_noisy_and_names_do_not_clash():
    _, cost, noisy = noisy_net()
    inputs = VariableFilter(brick=Linear, role=INPUT)(ComputationGraph(noisy).variables)
    twice = apply_noise(noisy, inputs, std=0.1)
    names = [v.name for v in VariableFilter(role=NOISE)(ComputationGraph(twice).variables)]
    assert sorted(names) == ["noise#1.noise", "noise.noise", "noise_1#1.noise", "noise_1.noise"]
    assert VariableFilter(role=NOISE)(ComputationGraph(cost).variables) == []


def test_impossible_noise_is_refused():
    mlp, cost, _ = noisy_net()
    with pytest.raises(UsageError, match="noise: std must be above 0, got 0"):
        apply_noise(cost, [mlp.linears[0].W], std=0)
    with pytest.raises(UsageError, match="apply_noise: variables must be symbolic tensors, at least one, got"):
        apply_noise(cost, [], std=1.0)
    with pytest.raises(UsageError, match="stranger is not in the graph"):
        apply_noise(cost, [bricks.shared(np.float32(1), name="stranger")], std=1.0)
