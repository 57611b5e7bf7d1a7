"""What is monitored, kept on the device from batch to batch until somebody reads it.

A plain scalar is averaged over examples:

    mean = sum over batches of n * value  /  sum of n

So a last batch that is short counts for what it holds. n is the length of the axis that `Source.batch_axis` says.
"""

from collections.abc import Mapping

import numpy as np
import pytensor.tensor as pt

from bricks import engine
from bricks.engine.provenance import Part, claim
from bricks.training.aggregation import Aggregation
from bricks.training.values import read_values, write_values


class Accumulators:
    """What aggregations keep over calls of a compiled function.

    Parameters
    ----------
    monitored : mapping of str to Aggregation
        Sums of float64 are kept in float64, all others in floatX at least.
    prefix : str
        For the names of the shared variables.
    """

    def __init__(self, monitored: Mapping[str, Aggregation], prefix: str):
        self.monitored = dict(monitored)
        self._start = {
            f"{prefix}/{part}/{name}": first
            for name, aggregation in monitored.items()
            for part, first in aggregation.start().items()
        }
        self._start[f"{prefix}/examples"] = np.zeros((), "int32")
        self._shared = {name: engine.shared(first.copy(), name=name) for name, first in self._start.items()}
        self._kept = {
            name: {part: self._shared[f"{prefix}/{part}/{name}"] for part in aggregation.start()}
            for name, aggregation in monitored.items()
        }
        self.count = self._shared[f"{prefix}/examples"]

    def updates(self, example_axis) -> list:
        """Pairs for `function`: what a batch adds; `example_axis` is (input, axis), or None for weight 1."""
        n = example_axis[0].shape[example_axis[1]] if example_axis else pt.constant(1)
        pairs = []
        for name, aggregation in self.monitored.items():
            kept = self._kept[name]
            new = aggregation.add(kept, aggregation.variables, n)
            claim(new.values(), Part("monitoring", name), aggregation.variables)
            pairs += [(kept[part], new[part]) for part in kept]
        return [*pairs, (self.count, self.count + n.astype("int32"))]

    def read(self, reset: bool = True) -> dict[str, float | list]:
        """The entries of a row, waiting for them; empty if nothing was added."""
        count = int(self.count.get_value())
        values = {}
        if count:
            for name, aggregation in self.monitored.items():
                values[name] = aggregation.value(read_values(self._kept[name]), count)
        if reset:
            self.reset()
        return values

    def reset(self) -> None:
        """Start anew."""
        for name, variable in self._shared.items():
            variable.set_value(self._start[name].copy())

    def state_dict(self) -> dict:
        """All that is kept."""
        return read_values(self._shared)

    def load_state_dict(self, state: Mapping) -> None:
        """Put it back. CheckpointError where other things are monitored."""
        write_values(self._shared, state, "monitored means")
