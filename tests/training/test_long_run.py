"""A hundred thousand steps: memory and the time of a step stay as they were."""

import time

import numpy as np
import pytensor.tensor as pt
import pytest

from bricks.data import ArrayDataset, DataStream, SequentialScheme, ShuffledScheme
from bricks.layers import MLP, CategoricalCrossEntropy, Dropout, Tanh
from bricks.training import Adam, Callback, Evaluation, FinishAfter, GradientDescent, MainLoop, Timing

STEPS = 100_000


def resident() -> int:
    """Bytes of memory of this process that are in use."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


@pytest.mark.slow
@pytest.mark.parametrize("seen", [False, True], ids=["held", "read"])
def test_memory_and_the_time_of_a_step_stay_flat(seen):
    rng = np.random.default_rng(0)
    data = ArrayDataset(
        {"x": rng.normal(size=(1000, 8)).astype("float32"), "y": rng.integers(0, 4, 1000).astype("int32")}
    )
    x, y = pt.matrix("x", dtype="float32", shape=(None, 8)), pt.ivector("y")
    cost = CategoricalCrossEntropy()(y, MLP([Tanh(), None], [8, 16, 4], seed=1)(Dropout(0.1, seed=1)(x)))
    measured = []

    def look(loop):
        measured.append((loop.iteration, resident(), time.perf_counter()))

    extensions = [
        Timing(),
        Evaluation({"cost": cost}, DataStream(data[:100], SequentialScheme(50)), "valid"),
        FinishAfter(iterations=STEPS),
        Callback(every=STEPS // 10, after_steps=look),
        *([Callback(before_batch=lambda loop, batch: None, name="batches")] if seen else []),
    ]
    loop = MainLoop(
        GradientDescent(cost, step_rule=Adam(0.001)), DataStream(data, ShuffledScheme(10, seed=1)), extensions
    )
    loop.run()
    assert [iteration for iteration, _, _ in measured] == list(range(STEPS // 10, STEPS + 1, STEPS // 10))
    first, last = measured[0][1], measured[-1][1]
    assert last < 1.02 * first, f"{first / 2**20:.0f} MiB at 10 %, {last / 2**20:.0f} MiB at the end"
    tenths = np.diff([at for _, _, at in measured])
    print(f"memory {first / 2**20:.1f} to {last / 2**20:.1f} MiB; seconds of each tenth: {np.round(tenths, 2)}")
