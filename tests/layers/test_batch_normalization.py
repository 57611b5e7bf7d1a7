"""Batch normalisation in training: the batch's statistics, their gradient, the populations' updates."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

from bricks import engine, training_graph
from bricks.errors import UsageError
from bricks.layers import BatchNormalization, Linear, Sequence


def statistics(x):
    """Mean and biased variance over all axes but the last, by loops."""
    rows = x.reshape(-1, x.shape[-1])
    mean = np.array([sum(column) / len(column) for column in rows.T])
    return mean, np.array([sum((c - m) ** 2) / len(rows) for c, m in zip(rows.T, mean, strict=True)])


@pytest.mark.parametrize("shape", [(6, 3), (4, 5, 3)])
def test_training_normalises_by_the_batch_and_moves_the_populations(shape):
    rng = np.random.default_rng(0)
    with pytensor.config.change_flags(floatX="float64"):
        x, w = (
            pt.tensor("x", dtype="float64", shape=(None,) * (len(shape) - 1) + (3,)),
            rng.normal(size=shape),
        )
        brick = BatchNormalization(3, momentum=0.7, epsilon=0.01)
        brick.scale.set_value(np.array([2.0, -1.0, 0.5]))
        brick.shift.set_value(np.array([0.1, 0.2, 0.3]))
        outputs, updates = training_graph([brick(x)])
        cost = pt.sum(outputs[0] * w)
        f = engine.function([x], [outputs[0], cost, engine.grad(cost, x)], updates=updates)
    assert set(updates) == {brick.population_mean, brick.population_variance}

    batch = rng.normal(2, 3, size=shape)
    mean, variance = statistics(batch)
    y, _, gradient = f(batch)
    np.testing.assert_allclose(
        y, (batch - mean) / np.sqrt(variance + 0.01) * [2, -1, 0.5] + [0.1, 0.2, 0.3], rtol=1e-12
    )
    np.testing.assert_allclose(brick.population_mean.get_value(), 0.3 * mean, rtol=1e-12)
    np.testing.assert_allclose(brick.population_variance.get_value(), 0.7 + 0.3 * variance, rtol=1e-12)

    f(batch)
    np.testing.assert_allclose(brick.population_mean.get_value(), (1 - 0.7**2) * mean, rtol=1e-12)

    # The gradient knows that the statistics depend on the input.
    direction, h = rng.normal(size=shape), 1e-5
    difference = (f(batch + h * direction)[1] - f(batch - h * direction)[1]) / (2 * h)
    assert np.sum(gradient * direction) == pytest.approx(difference, rel=1e-6)


def test_after_many_batches_inference_agrees_with_training():
    x = pt.matrix("x", dtype="float32")
    net = Sequence([Linear(4, 3, seed=1), BatchNormalization(3)], name="net", seed=1)
    y = net(x)
    outputs, updates = training_graph(y)
    train = engine.function([x], outputs, updates=updates)
    infer = engine.function([x], y)
    batch = np.random.default_rng(0).normal(size=(50, 4)).astype("float32")
    assert abs(infer(batch) - train(batch)).max() > 0.1
    for _ in range(150):
        last = train(batch)
    np.testing.assert_allclose(infer(batch), last, atol=1e-4)
    one = infer(batch[:1])
    np.testing.assert_allclose(one, infer(batch)[:1], rtol=1e-5, atol=1e-6)


def test_a_constant_column_and_a_batch_of_one_give_the_shift_and_no_nan():
    x = pt.matrix("x", dtype="float32")
    brick = BatchNormalization(2)
    f = engine.function([x], training_graph(brick(x)).outputs)
    np.testing.assert_array_equal(f(np.full((5, 2), 7, "float32")), np.zeros((5, 2)))
    np.testing.assert_array_equal(f(np.full((1, 2), 7, "float32")), np.zeros((1, 2)))


def test_statistics_of_float32_stay_float32():
    x = pt.matrix("x", dtype="float32")
    outputs, updates = training_graph(BatchNormalization(3)(x))
    assert {v.type.dtype for v in (outputs, *updates.values())} == {"float32"}


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: BatchNormalization(0), "batch_normalization: dim must be an integer of at least 1, got 0"),
        (lambda: BatchNormalization(3, momentum=1), "momentum must be at least 0 and below 1, got 1"),
        (lambda: BatchNormalization(3, epsilon=0), "epsilon must be above 0, got 0"),
    ],
)
def test_impossible_settings_are_refused(make, message):
    with pytest.raises(UsageError, match=message):
        make()
