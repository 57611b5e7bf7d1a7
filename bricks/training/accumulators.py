"""Means weighted by examples, kept on the device as (sum, number of examples) until somebody reads them.

    mean = sum over batches of n * value  /  sum of n

So a last batch that is short counts for what it holds. n is the length of the axis that `Source.batch_axis` says.
"""

from collections.abc import Mapping

import numpy as np
import pytensor.tensor as pt

from bricks import engine
from bricks.errors import UsageError
from bricks.training.values import read_values, write_values


def check_monitored(monitored: Mapping, who: str) -> dict:
    """The variables as they came; UsageError for one that is no scalar number."""
    for name, variable in monitored.items():
        if not isinstance(variable, pt.TensorVariable) or variable.type.ndim or "complex" in variable.type.dtype:
            raise UsageError(
                f"{who}: monitored {name!r} must be a symbolic scalar, "
                f"got {getattr(variable, 'type', variable)!s}; take its mean or norm"
            )
    return dict(monitored)


class Accumulators:
    """Sums of scalar variables over calls of a compiled function.

    Parameters
    ----------
    monitored : mapping
        Scalars by name. Sums of float64 are kept in float64, all others in floatX at least.
    prefix : str
        For the names of the shared variables.
    """

    def __init__(self, monitored: Mapping, prefix: str):
        self.monitored = dict(monitored)
        self.sums = {
            name: engine.shared(np.zeros((), _sum_dtype(variable)), name=f"{prefix}/sum/{name}")
            for name, variable in monitored.items()
        }
        self.count = engine.shared(np.zeros((), "int32"), name=f"{prefix}/examples")

    def updates(self, example_axis) -> list:
        """Pairs for `function`: what a batch adds; `example_axis` is (input, axis), or None for weight 1."""
        n = example_axis[0].shape[example_axis[1]] if example_axis else pt.constant(1)
        pairs = [
            (
                self.sums[name],
                self.sums[name] + variable.astype(total.type.dtype) * n.astype(total.type.dtype),
            )
            for (name, variable), total in zip(self.monitored.items(), self.sums.values(), strict=True)
        ]
        return [*pairs, (self.count, self.count + n.astype("int32"))]

    def read(self, reset: bool = True) -> dict[str, float]:
        """The means, waiting for them; empty if nothing was added."""
        count = int(self.count.get_value())
        means = {name: float(total.get_value()) / count for name, total in self.sums.items()} if count else {}
        if reset:
            self.reset()
        return means

    def reset(self) -> None:
        """Start anew."""
        for variable in (*self.sums.values(), self.count):
            variable.set_value(np.zeros((), variable.type.dtype))

    def state_dict(self) -> dict:
        """Sums and count."""
        return read_values(self._named())

    def load_state_dict(self, state: Mapping) -> None:
        """Put sums and count back. CheckpointError where other things are monitored."""
        write_values(self._named(), state, "monitored means")

    def _named(self) -> dict:
        return {variable.name: variable for variable in (*self.sums.values(), self.count)}


def _sum_dtype(variable) -> str:
    dtype = variable.type.dtype
    return np.result_type(dtype, engine.floatX()).name if dtype.startswith("float") else engine.floatX()
