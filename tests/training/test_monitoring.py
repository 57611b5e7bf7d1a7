"""Means weighted by examples, on train and other streams."""

import numpy as np
import pytensor.tensor as pt
import pytest

from bricks import RandomState, engine
from bricks.data import ArrayDataset, DataStream, SequentialScheme
from bricks.errors import DataError, UsageError
from bricks.training import (
    Evaluation,
    FinishAfter,
    GradientDescent,
    MainLoop,
    Momentum,
)

VALUES = np.float32([1, 2, 3, 4, 100])  # in batches of 2: the last counts for one example, not for a third


def stream(values=VALUES, name="x", batch_size=2):
    return DataStream(ArrayDataset({name: values}), SequentialScheme(batch_size))


def test_means_are_weighted_by_examples_on_train_and_on_other_streams():
    x, w = pt.fvector("x"), engine.shared(np.float32(0), name="w")
    cost = ((x - w) ** 2).mean()
    monitored = {"mean": x.mean(), "count": x.shape[0], "constant": pt.constant(3)}
    evaluation = Evaluation(monitored, stream(), "valid")
    descent = GradientDescent(cost, step_rule=Momentum(1e-9), monitored=monitored)
    loop = MainLoop(descent, stream(), [evaluation, FinishAfter(epochs=2)])
    loop.run()
    for row in loop.log:
        assert row["train_mean"] == row["valid_mean"] == 22
        assert row["train_count"] == row["valid_count"] == pytest.approx(9 / 5)
        assert row["train_constant"] == row["valid_constant"] == 3
        assert row["train_cost"] == pytest.approx(np.mean(VALUES**2), rel=1e-5)
    assert list(loop.log[0]) == [
        "iteration", "epoch", "train_cost", "train_mean", "train_count", "train_constant",
        "valid_mean", "valid_count", "valid_constant", "time",
    ]  # fmt: skip
    assert loop.row_entries == list(loop.log[0])[2:-1]
    assert evaluation.evaluate(stream(VALUES[1:3]), prefix="test")["test_mean"] == 2.5


def test_evaluation_draws_anew_for_each_batch_and_leaves_the_training_random_state():
    state = RandomState(seed=4)
    x = pt.fvector("x")
    noise = state.uniform((x.shape[0],), "noise")
    state.step.set_value(np.uint32(17))
    evaluation = Evaluation(
        {"noise": noise.mean(), "square": noise.mean() ** 2}, stream(np.zeros(6, "float32")), "valid"
    )
    first = evaluation.evaluate()
    assert state.step.get_value() == 17 and evaluation.evaluate() == first
    assert first["valid_square"] > first["valid_noise"] ** 2 + 1e-6, "equal draws would have equal means"


def test_a_quantity_without_data_is_computed_once():
    w = engine.shared(np.float32([3, 4]), name="w")
    assert Evaluation({"norm": w.norm(2)}, stream(), "valid").evaluate() == {"valid_norm": 5}


def test_evaluation_names_what_is_wrong_with_it():
    x = pt.fvector("features")
    with pytest.raises(UsageError, match="monitored 'x' must be a symbolic scalar, got Vector"):
        Evaluation({"x": x}, stream(), "valid")
    evaluation = Evaluation({"mean": x.mean()}, stream(), "valid")
    w = engine.shared(np.float32(0), name="w")
    loop = MainLoop(GradientDescent((pt.fvector("x") * w).mean()), stream(), [evaluation])
    with pytest.raises(UsageError, match=r"Evaluation\('valid'\): the graph's input 'features' needs a source"):
        loop.run()
    assert loop.iteration == 0

    class Empty:
        sources = stream(name="features").sources

        def iterator(self):
            return iter([])

    with pytest.raises(DataError, match="at least one example"):
        evaluation.evaluate(Empty())
