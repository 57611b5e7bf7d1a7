"""Training steps written by hand in JAX: one jitted function, its parameters donated; plain SGD.

Used by startup.py in processes without bricks, so it knows nothing of bricks. Within `run.py` JAX runs with the XLA
flags that bricks sets for the whole process, which does it good.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

RATE = 0.1


def cross_entropy(logits, targets):
    return -jnp.take_along_axis(jax.nn.log_softmax(logits), targets[:, None], 1).mean()


def mlp_cost(p, x, y):
    return cross_entropy(jnp.tanh(x @ p["W_0"] + p["b_0"]) @ p["W_1"] + p["b_1"], y)


def lstm_cost(p, x, y):
    """The product with the input before the loop, then a scan; gates in the order i, f, z, o."""
    projected = x @ p["W"] + p["b"]

    def step(states, row):
        h, c = states
        i, f, z, o = jnp.split(row + h @ p["U"], 4, axis=1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(z)
        return (jax.nn.sigmoid(o) * jnp.tanh(c), c), None

    zeros = jnp.zeros((x.shape[1], p["U"].shape[0]), x.dtype)
    (h, _), _ = jax.lax.scan(step, (zeros, zeros), projected)
    return cross_entropy(h @ p["V"] + p["d"], y)


def _step(cost, p, x, y):
    value, gradients = jax.value_and_grad(cost)(p, x, y)
    return jax.tree.map(lambda a, g: a - RATE * g, p, gradients), value


def on_one_batch(cost, weights: dict[str, np.ndarray], x: np.ndarray, y: np.ndarray):
    """A contender that sees the same batch again and again."""
    train = jax.jit(partial(_step, cost), donate_argnums=0)
    p, x, y = jax.device_put((weights, x, y), may_alias=False)

    def run(steps: int) -> float:
        nonlocal p
        for _ in range(steps):
            p, value = train(p, x, y)
        return float(value)

    return run


def on_shuffled(cost, weights, features, targets, orders, batch: int, read_every: int):
    """A contender that draws its batches by a shuffled index, within the step, from arrays on the device."""

    @partial(jax.jit, donate_argnums=0)
    def train(p, features, targets, index):
        return _step(cost, p, features[index], targets[index])

    p = jax.device_put(weights, may_alias=False)
    features, targets = jax.device_put((features, targets))
    batches = _indices(orders, batch)

    def run(steps: int) -> float:
        nonlocal p
        for step in range(steps):
            p, value = train(p, features, targets, next(batches))
            if (step + 1) % read_every == 0:
                float(value)
        return float(value)

    return run


def _indices(orders, batch: int):
    for order in orders:
        order = order.astype("int32")
        yield from (order[start : start + batch] for start in range(0, len(order), batch))
