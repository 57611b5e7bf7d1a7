"""Main loops for tests of what is around the steps: the algorithm only counts, the errors are said beforehand."""

import numpy as np

from bricks import engine
from bricks.data import ArrayDataset, DataStream, SequentialScheme
from bricks.training import Extension, FinishAfter, MainLoop, Momentum


class Plan:
    """An algorithm whose parameter is the number of steps; nothing is compiled."""

    monitored = {"cost": None}

    def __init__(self):
        self.steps_given = 0
        self.parameters, self.buffers = {"w": engine.shared(np.float32(0), name="w")}, {}
        self.step_rule = Momentum(0.5, momentum=0.5)

    def prepare(self, sources):
        pass

    def process_batch(self, batch):
        self.steps_given += 1
        self.parameters["w"].set_value(np.float32(self.steps_given))

    def check(self):
        return None

    def read_monitored(self, reset=True):
        return {"cost": 1.0}

    def state_dict(self):
        return {"steps": self.steps_given}

    def load_state_dict(self, state):
        self.steps_given = state["steps"]


class Errors(Extension):
    """Says what the valid error of each epoch is."""

    adds = ("valid_error",)

    def __init__(self, errors):
        super().__init__()
        self.errors = errors

    def after_epoch(self):
        self.main_loop.row["valid_error"] = self.errors[self.main_loop.epoch - 1]


def stream():
    """Two batches an epoch, of the examples 0, 1 and 2, 3."""
    return DataStream(ArrayDataset({"x": np.arange(4)}), SequentialScheme(2))


def loop_of(errors, *extensions, epochs=None):
    """With an epoch for each error, unless somebody says otherwise."""
    return MainLoop(Plan(), stream(), [Errors(errors), *extensions, FinishAfter(epochs=epochs or len(errors))])


def run(errors, *extensions, epochs=None):
    loop = loop_of(errors, *extensions, epochs=epochs)
    loop.run()
    return loop
