"""Schedules: their formulas, and that a compiled step has the value of its own number."""

import math

import numpy as np
import pytensor.tensor as pt
import pytest

from bricks import engine
from bricks.data import ArrayDataset, DataStream, SequentialScheme
from bricks.errors import UsageError
from bricks.training import FinishAfter, GradientDescent, MainLoop, Momentum, Scale, StepClipping, schedules
from bricks.training.rule import CompositeRule

FORMULAS = {
    "constant": (schedules.Constant(0.3), lambda k: 0.3),
    "step": (schedules.Step(4, 0.5), lambda k: 0.5 ** (k // 4)),
    "exponential": (schedules.Exponential(4, 0.5), lambda k: 0.5 ** (k / 4)),
    "cosine": (schedules.Cosine(8, 0.1), lambda k: 0.1 + 0.9 * math.cos(math.pi / 2 * min(k / 8, 1)) ** 2),
    "warm-up": (schedules.WarmUp(3, schedules.Step(2)), lambda k: (k + 1) / 3 if k < 3 else 0.1 ** ((k - 3) // 2)),
    "one cycle": (
        schedules.OneCycle(10, 0.4, 0.1, 0.01),
        lambda k: (
            0.1 + 0.9 * math.sin(math.pi / 2 * k / 4) ** 2
            if k < 4
            else 0.01 + 0.99 * math.cos(math.pi / 2 * min((k - 4) / 6, 1)) ** 2
        ),
    ),
}


@pytest.mark.parametrize(("schedule", "formula"), FORMULAS.values(), ids=FORMULAS)
def test_each_step_has_the_value_of_its_number(schedule, formula):
    """By the parameter itself: a gradient of 1 makes steps of the learning rate."""
    expected = [formula(k) for k in range(13)]
    assert [schedule.factor(k) for k in range(13)] == pytest.approx(expected)
    x, w = pt.fvector("x"), engine.shared(np.float32(0), name="w")
    descent = GradientDescent((w * x).mean(), step_rule=Scale(0.5), schedules={"learning_rate": schedule})
    stream = DataStream(ArrayDataset({"x": np.ones(26, "float32")}), SequentialScheme(2))
    loop = MainLoop(descent, stream, [FinishAfter(epochs=1)], steps_per_call=5)
    loop.run()
    assert float(w.get_value()) == pytest.approx(-0.5 * sum(expected), rel=1e-5)
    assert loop.log[0]["train_learning_rate"] == pytest.approx(0.5 * expected[-1], rel=1e-5)


def test_any_hyperparameter_of_any_rule_follows_with_buffers_and_clipping():
    x, w = pt.fvector("x"), engine.shared(np.float32(0), name="w")
    rule = CompositeRule([StepClipping(2.0), Momentum(0.1, 0.9)])
    halved = schedules.Step(2, 0.5)
    descent = GradientDescent(
        (w * x).mean(), step_rule=rule, schedules={"momentum/momentum": halved, "threshold": schedules.Step(1, 0.9)}
    )
    velocity = value = 0.0
    for k in range(6):
        descent.process_batch({"x": np.float32([4, 4])})
        gradient = 4 * min(1, 2 * 0.9**k / 4)
        velocity = 0.9 * 0.5 ** (k // 2) * velocity + 0.1 * gradient
        value -= velocity
    assert float(w.get_value()) == pytest.approx(value, rel=1e-5)
    assert float(rule.find_hyperparameter("momentum/momentum").get_value()) == pytest.approx(0.9)
    with pytest.raises(UsageError, match="no one hyper-parameter is called 'rate'; there are: scale"):
        GradientDescent((w * x).mean(), step_rule=Scale(0.5), schedules={"rate": halved})


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: schedules.Step(0), "Step: every must be above 0, got 0"),
        (lambda: schedules.Cosine(-1), "Cosine: steps must be above 0, got -1"),
        (lambda: schedules.OneCycle(10, warm_up=1.0), "OneCycle: warm_up must be between 0 and 1, got 1.0"),
    ],
)
def test_lengths_that_cannot_be_are_refused(make, message):
    with pytest.raises(UsageError, match=message):
        make()
