"""Going on from a saved state of a main loop, as if nothing had been."""

import numpy as np
import pytensor.tensor as pt
import pytest

from bricks import engine
from bricks.data import ArrayDataset, DataStream, SequentialScheme, ShuffledScheme
from bricks.layers import Dropout
from bricks.training import (
    Adam,
    Decay,
    EarlyStopping,
    Evaluation,
    Extension,
    FinishAfter,
    GradientDescent,
    MainLoop,
)


def network(*more, seed=7):
    """A small net with all that has a state: noise, Adam, decay, early stopping, shuffled batches."""
    features = np.random.default_rng(0).normal(size=(24, 3)).astype("float32")
    data = ArrayDataset({"x": features, "t": features @ np.float32([1, 2, 3])})
    x, t = pt.matrix("x", dtype="float32", shape=(None, 3)), pt.vector("t", dtype="float32")
    W, b = engine.shared(np.full(3, 0.1, "float32"), name="W"), engine.shared(np.float32(0), name="b")
    cost = ((pt.dot(Dropout(0.3, seed=seed)(x), W) + b - t) ** 2).mean()
    measures = Evaluation({"cost": cost}, DataStream(data[:10], SequentialScheme(5)), "valid")
    judges = [EarlyStopping("valid_cost", patience=2), Decay(0.9), FinishAfter(epochs=4)]
    descent = GradientDescent(cost, step_rule=Adam(0.05))
    return MainLoop(descent, DataStream(data, ShuffledScheme(8, seed=seed)), [measures, *judges, *more])


class Save(Extension):
    """Keeps the loop's state and log at some moments, as processes that are then killed leave them behind."""

    MOMENTS = [("before_batch", 4), ("after_batch", 4), ("after_batch", 6), ("after_epoch", 6)]

    def __init__(self):
        super().__init__()
        self.saved = {}

    def save(self, callback):
        moment = (callback, self.main_loop.iteration)
        if moment in self.MOMENTS:
            log = list(self.main_loop.log)
            self.saved[moment] = (self.main_loop.state_dict(), log)

    def before_batch(self, batch):
        self.save("before_batch")

    def after_batch(self, batch):
        self.save("after_batch")

    def after_epoch(self):
        self.save("after_epoch")


def without_time(value):
    if isinstance(value, dict):
        return {key: without_time(item) for key, item in value.items() if key != "time"}
    return value.tobytes() if isinstance(value, np.ndarray) else value


@pytest.fixture(scope="module")
def uninterrupted():
    save = Save()
    loop = network(save)
    loop.run()
    return loop, save.saved


@pytest.fixture(scope="module")
def another():
    """A loop of new objects; what an earlier test left in it must not show either."""
    return network()


@pytest.mark.parametrize("moment", Save.MOMENTS)
def test_resumed_equals_uninterrupted_bit_for_bit(uninterrupted, another, moment):
    """Saved in the middle of an epoch, after its last batch, and within its last callback."""
    loop, saved = uninterrupted
    state, rows = saved[moment]
    another.load_state_dict(state)
    another.log = list(rows)
    assert another.iteration == moment[1] < loop.iteration
    another.run()
    assert without_time(another.state_dict()) == without_time(loop.state_dict())
    assert [without_time(row) for row in another.log] == [without_time(row) for row in loop.log]
    times = [row["time"]["total"] for row in another.log]
    assert times == sorted(times) and times[0] > 0


def test_saving_does_not_change_the_training(uninterrupted, another):
    """A loop at its beginning, without any saving on the way, ends alike."""
    loop, _ = uninterrupted
    another.load_state_dict(network().state_dict())
    another.log = []
    another.run()
    assert without_time(another.state_dict()) == without_time(loop.state_dict())


def test_the_state_is_plain_data():
    def plain(value):
        if isinstance(value, dict):
            return all(isinstance(key, str) and plain(item) for key, item in value.items())
        return value is None or isinstance(value, np.ndarray | int | float | bool | str | list)

    assert plain(network().state_dict())
