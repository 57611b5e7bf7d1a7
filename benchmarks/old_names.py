"""The MLP of `mlp.py` as a program of 2016 says it, `theano.function` with updates, beside the same net by bricks.

Both begin with the same weights and take the same batches, a step a call; the old one reads its cost at each step, as
such programs did. Bricks are imported first, so that both compute in float32.
"""

import warnings
from functools import partial

import mlp
import numpy as np


def contenders(effort, hidden: int, batch: int) -> dict:
    return {
        "theano.function": partial(theano_run, hidden, batch),
        "bricks, a step a call": partial(mlp.step_run, hidden, batch),
    }


def theano_run(hidden: int, batch: int):
    """A loop of one's own over shuffled batches."""
    import bricks  # noqa: F401  (float32 is its default)

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "bricks or PyTensor was imported before theano")
        import theano
    import theano.tensor as T

    W, b, V, c = (theano.shared(value) for value in mlp.first_weights(hidden).values())
    x, y = T.matrix("x"), T.ivector("y")
    p = T.nnet.softmax(T.dot(T.tanh(T.dot(x, W) + b), V) + c)
    cost = -T.mean(T.log(p)[T.arange(y.shape[0]), y])
    params = [W, b, V, c]
    updates = [(param, param - 0.1 * grad) for param, grad in zip(params, T.grad(cost, params), strict=True)]
    train = theano.function([x, y], cost, updates=updates)
    batches = _forever(batch)

    def run(steps: int) -> float:
        costs = [float(train(*next(batches))) for _ in range(steps)]
        return float(np.mean(costs[-mlp.READ_EVERY :]))

    return run


def _forever(batch: int):
    features, targets = mlp.data()
    for order in mlp.orders(batch):
        for start in range(0, len(order), batch):
            chosen = order[start : start + batch]
            yield features[chosen], targets[chosen]
