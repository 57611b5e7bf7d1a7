"""The one-hidden-layer net's training step, plain SGD, as a user of each library would write it."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import torch

READ_EVERY = 100


def data(batch: int, count: int = 50):
    """Batches in host memory: float32 features, integer labels."""
    rng = np.random.default_rng(0)
    return [
        (rng.random((batch, 784), dtype="float32"), rng.integers(0, 10, batch).astype("int32")) for _ in range(count)
    ]


def bricks_steps(hidden: int, batch: int):
    import pytensor.tensor as pt

    from bricks import GradientDescent
    from bricks.layers import MLP, CategoricalCrossEntropy, Identity, Tanh
    from bricks.training.step_rules import Scale

    x = pt.tensor("features", shape=(None, 784), dtype="float32")
    y = pt.tensor("targets", shape=(None,), dtype="int32")
    logits = MLP([Tanh(), Identity()], [784, hidden, 10], seed=1)(x)
    descent = GradientDescent(CategoricalCrossEntropy()(y, logits), step_rule=Scale(0.1))
    batches = [{"features": a, "targets": b} for a, b in data(batch)]

    def run(steps: int) -> None:
        for step in range(steps):
            descent.process_batch(batches[step % len(batches)])
            if (step + 1) % READ_EVERY == 0:
                descent.read_monitored()

    return run


def torch_steps(hidden: int, batch: int):
    net = torch.nn.Sequential(torch.nn.Linear(784, hidden), torch.nn.Tanh(), torch.nn.Linear(hidden, 10))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    batches = [(torch.from_numpy(a), torch.from_numpy(b).long()) for a, b in data(batch)]

    def run(steps: int) -> None:
        for step in range(steps):
            x, y = batches[step % len(batches)]
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(net(x), y)
            loss.backward()
            optimizer.step()
            if (step + 1) % READ_EVERY == 0:
                loss.item()

    return run


def jax_steps(hidden: int, batch: int):
    rng = np.random.default_rng(1)
    shapes = [(784, hidden), (hidden,), (hidden, 10), (10,)]
    parameters = [jnp.asarray(rng.normal(0, 0.05, shape).astype("float32")) for shape in shapes]
    batches = data(batch)

    def cost(p, x, y):
        logits = jnp.tanh(x @ p[0] + p[1]) @ p[2] + p[3]
        return -jnp.take_along_axis(jax.nn.log_softmax(logits), y[:, None], 1).mean()

    @partial(jax.jit, donate_argnums=0)
    def train(p, x, y):
        value, gradients = jax.value_and_grad(cost)(p, x, y)
        return [a - 0.1 * g for a, g in zip(p, gradients, strict=True)], value

    def run(steps: int) -> None:
        nonlocal parameters
        for step in range(steps):
            parameters, value = train(parameters, *batches[step % len(batches)])
            if (step + 1) % READ_EVERY == 0:
                float(value)

    return run


PEERS = {"bricks": bricks_steps, "PyTorch eager": torch_steps, "JAX by hand": jax_steps}
