"""How many examples a batch has: counted along the axis that the stream's sources say, first or not.

Streams of five examples in batches of two: the last is short, and an equal weight for each batch, or a count
of steps in time, would give another mean.
"""

import numpy as np
import pytensor.tensor as pt
import pytest

from bricks import engine
from bricks.data import ArrayDataset, DataStream, SequentialScheme, ShuffledScheme, TimeMajor
from bricks.errors import ShapeError
from bricks.training import Evaluation, FinishAfter, GradientDescent, MainLoop, Scale
from bricks.training.sources import example_axis

EXAMPLES, STEPS = 5, 7
VALUES = np.float32([1, 2, 3, 4, 100])
FEATURES = np.broadcast_to(VALUES[:, None, None], (EXAMPLES, STEPS, 3))
TARGETS = {
    "vector": VALUES,
    "column": VALUES[:, None],
    "sequence": np.broadcast_to(VALUES[:, None], (EXAMPLES, STEPS)),
}


def stream(targets="vector", *, time_major=True, seed=None, examples=EXAMPLES):
    arrays = {"features": FEATURES[:examples], "targets": TARGETS[targets][:examples]}
    scheme = SequentialScheme(2) if seed is None else ShuffledScheme(2, seed)
    turned = ["features", "targets"] if targets == "sequence" else ["features"]
    return DataStream(ArrayDataset(arrays), scheme, [TimeMajor(*turned)] if time_major else [])


def graph(targets="vector"):
    """A cost of both sources, and what is to be monitored."""
    x = pt.tensor3("features", dtype="float32")
    t = pt.tensor("targets", dtype="float32", shape=(None,) * TARGETS[targets].ndim)
    w = engine.shared(np.float32(0), name="w")
    cost = (t.mean() - w) ** 2 + 0 * (w * x).mean()
    return cost, {"features": x.mean(), "targets": t.mean()}


@pytest.mark.parametrize("targets", TARGETS)
@pytest.mark.parametrize("time_major", [True, False])
@pytest.mark.parametrize("seed", [None, 0, 1])
def test_means_are_over_examples_on_whichever_axis_they_lie(targets, time_major, seed):
    cost, monitored = graph(targets)
    evaluation = Evaluation(monitored, stream(targets, time_major=time_major), "valid")
    descent = GradientDescent(cost, step_rule=Scale(1e-9), monitored=monitored)
    train = stream(targets, time_major=time_major, seed=seed)
    loop = MainLoop(descent, train, [evaluation, FinishAfter(epochs=1)])
    loop.run()
    for name in ("train_features", "train_targets", "valid_features", "valid_targets"):
        assert loop.log[0][name] == pytest.approx(VALUES.mean(), rel=1e-6), name
    test = evaluation.evaluate(stream(targets, time_major=time_major, examples=3), prefix="test")
    assert test["test_targets"] == pytest.approx(2, rel=1e-6)


@pytest.mark.parametrize("first", ["features", "targets"])
def test_it_does_not_matter_which_source_is_counted(first):
    cost, monitored = graph()
    inputs = dict(sorted(GradientDescent(cost, monitored=monitored)._inputs.items(), reverse=first == "targets"))
    variable, axis = example_axis(inputs, stream().sources)
    assert (variable.name, axis) == (first, 1 if first == "features" else 0)
    batches = list(stream().iterator())
    assert [batch[first].shape[axis] for batch in batches] == [2, 2, 1]


def test_the_count_of_a_saved_epoch_goes_on():
    cost, monitored = graph()
    loops = [
        MainLoop(GradientDescent(cost, step_rule=Scale(1e-9), monitored=monitored), stream(seed=3), [stop])
        for stop in (FinishAfter(epochs=1), FinishAfter(iterations=2), FinishAfter(epochs=1))
    ]
    whole, before, after = loops
    whole.run()
    before.run()
    after.load_state_dict(before.state_dict())
    after.run()
    rows = [{key: value for key, value in loop.log[-1].items() if key != "time"} for loop in (whole, after)]
    assert rows[0] == rows[1] and rows[0]["train_targets"] == pytest.approx(22)


def test_a_stream_of_the_other_layout_is_refused_after_compilation():
    _, monitored = graph()
    evaluation = Evaluation(monitored, stream(), "valid")
    assert evaluation.evaluate()["valid_targets"] == 22
    said = r"Evaluation\('valid'\): the examples of source 'features' must lie along axis 1"
    with pytest.raises(ShapeError, match=said):
        evaluation.evaluate(stream(time_major=False))
    x = pt.tensor3("features", dtype="float32")
    descent = GradientDescent((x * engine.shared(np.float32(1), name="w")).mean())
    descent.process_batch(next(stream().iterator()))  # nobody told it of the axis
    with pytest.raises(ShapeError, match="must lie along axis 0.*the stream has them along axis 1"):
        descent.prepare(stream().sources)
    descent.prepare(stream(time_major=False).sources)


def test_what_has_no_axis_counts_nothing():
    assert example_axis({"rate": pt.fscalar("rate")}, {}) is None
