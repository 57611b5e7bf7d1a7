"""What the tests' worker processes do; a module of its own, which imports little and so starts quickly."""

import os
import sys
import time

import numpy as np

from bricks.data import DataStream


def noisy(batch, random):
    return {"noise": random.random(len(batch["y"]))}


def failing_at_7(batch):
    if (batch["y"] == 7).any():
        raise ZeroDivisionError("seven came")
    return {}


def dying_at_7(batch):
    if (batch["y"] == 7).any():
        os._exit(3)
    return {}


def slow(batch):
    time.sleep(60 if batch["y"].any() else 0)
    return {}


def loaded(batch):
    names = [name for name in ("pytensor", "jax", "jaxlib", "pytest") if name in sys.modules]
    return {"loaded": np.full(len(batch["y"]), len(names))}


def lines():
    for n in range(60):
        yield {"y": np.int64(n), "x": np.arange(n % 5, dtype="int16")}


class Twice(DataStream):
    def read(self, indices):
        return {"y": 2 * super().read(indices)["y"]}


class Negative(DataStream):
    def transform(self, batch, place=None):
        return super().transform({"y": -batch["y"]}, place)
