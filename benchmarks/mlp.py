"""The net with one hidden layer, each step with its data: 50,000 examples in memory, in an order that is shuffled.

All contenders begin with the same weights and take the same batches, and read their loss every 100 steps. Ours goes
the way its users go: a stream over arrays, and a main loop, which puts several steps into a compiled call; besides,
`process_batch` with one batch after the other.
"""

import math
import tempfile
from functools import cache, partial
from pathlib import Path

import numpy as np

EXAMPLES, READ_EVERY = 50_000, 100


def contenders(effort, hidden: int, batch: int) -> dict:
    import peers_jax
    import peers_torch

    weights = first_weights(hidden)

    def torch_run(compiled: bool):
        return peers_torch.on_shuffled(peers_torch.mlp(weights), *data(), orders(batch), batch, READ_EVERY, compiled)

    def jax_run():
        return peers_jax.on_shuffled(peers_jax.mlp_cost, weights, *data(), orders(batch), batch, READ_EVERY)

    found = {
        "bricks": partial(loop_run, hidden, batch),
        "bricks, a step a call": partial(step_run, hidden, batch),
        "PyTorch eager": partial(torch_run, False),
    }
    if effort.compiler:
        found["PyTorch compiled"] = partial(torch_run, True)
    return found | {"JAX by hand": jax_run}


def loop_run(hidden: int, batch: int):
    """A main loop that an extension finishes after so many steps, and whose means it reads."""
    from bricks import MainLoop
    from bricks.training import Extension, Log

    class Read(Extension):
        until = 0

        def steps_until_due(self) -> int:
            done = self.main_loop.iteration
            return min(self.until - done, READ_EVERY - done % READ_EVERY)

        def after_steps(self) -> None:
            if self.main_loop.iteration >= self.until:
                self.main_loop.finish("enough for a round")
            elif self.main_loop.iteration % READ_EVERY == 0:
                descent.read_monitored()

    descent, read = descend(hidden), Read()
    folder = tempfile.TemporaryDirectory(prefix="bench-")
    loop = MainLoop(descent, stream(batch), [read], Log(Path(folder.name) / "log.jsonl"))

    def run(steps: int, folder=folder) -> float:  # which goes when nobody runs any more
        read.until = loop.iteration + steps
        loop.run()
        return descent.read_monitored().get("cost", math.nan)  # NaN: the epoch's end has just read it

    return run


def step_run(hidden: int, batch: int):
    """`process_batch`, as in a loop of one's own."""
    descent, batches = descend(hidden), _forever(stream(batch))

    def run(steps: int) -> float:
        for step in range(steps):
            descent.process_batch(next(batches))
            if (step + 1) % READ_EVERY == 0 and step + 1 < steps:
                descent.read_monitored()
        return descent.read_monitored()["cost"]

    return run


def stream(batch: int):
    from bricks.data import ArrayDataset, DataStream

    features, targets = data()
    return DataStream(ArrayDataset({"features": features, "targets": targets}), scheme(batch))


def descend(hidden: int, **settings):
    """Our training step, with the first weights."""
    import pytensor.tensor as pt

    from bricks import GradientDescent
    from bricks.layers import MLP, CategoricalCrossEntropy, Identity, Tanh
    from bricks.training.step_rules import Scale

    x = pt.tensor("features", shape=(None, 784), dtype="float32")
    y = pt.tensor("targets", shape=(None,), dtype="int32")
    net = MLP([Tanh(), Identity()], [784, hidden, 10], seed=1)
    for name, value in first_weights(hidden).items():
        parameter, layer = name.split("_")
        net.all_parameters()[f"mlp/linear_{layer}/{parameter}"].set_value(value)
    return GradientDescent(CategoricalCrossEntropy()(y, net(x)), step_rule=Scale(0.1), **settings)


def scheme(batch: int):
    from bricks.data import ShuffledScheme

    return ShuffledScheme(batch, seed=1)


def orders(batch: int):
    """The orders of the epochs, without end."""
    epoch = 0
    while True:
        yield scheme(batch).indices(EXAMPLES, epoch)
        epoch += 1


@cache
def data() -> tuple[np.ndarray, np.ndarray]:
    return few(EXAMPLES)


def few(count: int) -> tuple[np.ndarray, np.ndarray]:
    """So many examples: features of MNIST's size, and classes."""
    rng = np.random.default_rng(0)
    return rng.random((count, 784), dtype="float32"), rng.integers(0, 10, count).astype("int32")


@cache
def first_weights(hidden: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    shapes = {"W_0": (784, hidden), "b_0": (hidden,), "W_1": (hidden, 10), "b_1": (10,)}
    return {name: rng.normal(0, 0.05, shape).astype("float32") for name, shape in shapes.items()}


def _forever(stream):
    iterator = stream.iterator()
    while True:
        yield from iterator
