"""A small net, and a stream of batches of which some can be spoilt or left out."""

import numpy as np
import pytensor.tensor as pt

from bricks.data import Source
from bricks.layers import MLP, CategoricalCrossEntropy, Dropout, Tanh
from bricks.training import Adam, GradientDescent


def descent() -> GradientDescent:
    """With noise and a rule that remembers."""
    x, t = pt.matrix("features", dtype="float32", shape=(None, 3)), pt.ivector("targets")
    mlp = MLP([Tanh(), None], [3, 5, 4], seed=1)
    cost = CategoricalCrossEntropy()(t, mlp(Dropout(0.2, seed=2)(x)))
    return GradientDescent(cost, step_rule=Adam(0.01))


class Stream:
    """Batches an epoch, each its own; `spoil[epoch, batch]` changes one, those in `missing` aren't there."""

    sources = {
        "features": Source(np.dtype("float32"), (3,), ("batch", "feature")),
        "targets": Source(np.dtype("int32"), (), ("batch",)),
    }

    def __init__(self, batches=4, spoil=None, missing=()):
        self.batches, self.spoil, self.missing = batches, dict(spoil or {}), set(missing)

    def iterator(self):
        return Position(self)


class Position:
    def __init__(self, stream):
        self.stream, self.epoch, self.batch = stream, 0, 0

    def __iter__(self):
        return self

    def __next__(self):
        while (self.epoch, self.batch) in self.stream.missing:
            self.batch += 1
        if self.batch >= self.stream.batches:
            self.epoch, self.batch = self.epoch + 1, 0
            raise StopIteration
        rng = np.random.default_rng((self.epoch, self.batch))
        batch = {
            "features": rng.normal(size=(8, 3)).astype("float32"),
            "targets": rng.integers(0, 4, 8).astype("int32"),
        }
        self.stream.spoil.get((self.epoch, self.batch), lambda batch: None)(batch)
        self.batch += 1
        return batch

    def state_dict(self):
        return {"epoch": self.epoch, "batch": self.batch}

    def load_state_dict(self, state):
        self.epoch, self.batch = state["epoch"], state["batch"]
