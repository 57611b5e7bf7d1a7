"""Monitoring on other data than the training's: over a whole stream, of any variables of a graph.

A batch adds to sums on the device, which are read once, at the end; only a `Quantity` sees each batch's values.
"""

from collections.abc import Mapping

import numpy as np

from bricks import engine
from bricks.errors import DataError
from bricks.graph import ComputationGraph
from bricks.training.accumulators import Accumulators
from bricks.training.aggregation import aggregated, variables_of
from bricks.training.extensions import Extension
from bricks.training.quantities import Quantity
from bricks.training.sources import check_inputs, check_same_axis, check_sources, example_axis


class Evaluation(Extension):
    """Means over a stream, weighted by examples, and what else is asked for; as an extension, in the row of each epoch.

    Parameters
    ----------
    monitored : mapping of str to scalar Variable, Aggregation or Quantity
        Of the given graph: that of inference, where models build it.
    stream : DataStream or alike
        Read from its beginning each time, so a shuffled one gives the same as any other.
    prefix : str
        `valid` puts `valid_cost` into the row for a monitored `cost`.

    Raises
    ------
    UsageError, ShapeError
        For a stream that doesn't give what the graph needs, before training, and before anything is compiled;
        for another stream, whose examples lie along another axis than the first one's.
    DataError
        For a stream without batches.

    Notes
    -----
    Random draws, if the graph has any, differ from batch to batch and are the same again for the
    next evaluation; the training's random state is left as it was.
    """

    def __init__(self, monitored: Mapping, stream, prefix: str):
        super().__init__(f"evaluation_{prefix}")
        self.stream, self.prefix = stream, prefix
        self._who = f"Evaluation({prefix!r})"
        self.quantities = {name: given for name, given in monitored.items() if isinstance(given, Quantity)}
        symbolic = {name: given for name, given in monitored.items() if name not in self.quantities}
        self.monitored = aggregated(symbolic, self._who)
        self._order = tuple(monitored)
        self.adds = tuple(f"{prefix}_{name}" for name in self._order)
        self._seen = [variable for quantity in self.quantities.values() for variable in quantity.variables]
        needed = [*variables_of(self.monitored), *self._seen]
        self._inputs = check_inputs(ComputationGraph(needed).inputs, self._who)
        self._accumulators = Accumulators(self.monitored, prefix)
        self._random = engine.random.states(needed)
        self._function = self._example_axis = None

    def before_training(self) -> None:
        check_sources(self._inputs, self.stream.sources, self._who)

    def after_epoch(self) -> None:
        self.main_loop.row.update(self.evaluate())

    def evaluate(self, stream=None, prefix: str | None = None) -> dict[str, float | list]:
        """One pass over the stream, or over another one with the same function: {prefix_name: value}."""
        stream = self.stream if stream is None else stream
        check_sources(self._inputs, stream.sources, self._who)
        if self._function is None:
            self._compile(stream)
        check_same_axis(self._example_axis, stream.sources, self._who)
        counters = [(state.step, state.step.get_value()) for state in self._random]
        self._accumulators.reset()
        for quantity in self.quantities.values():
            quantity.reset()
        for batch in stream.iterator():
            self._add(self._function(*(batch[name] for name in self._inputs)))
            if not self._inputs:
                break
        examples = int(self._accumulators.count.get_value())
        values = self._accumulators.read()
        for counter, value in counters:
            counter.set_value(np.asarray(value))
        if not examples:
            raise DataError(f"{self._who}: the stream must give at least one example, got none")
        values |= {name: quantity.value() for name, quantity in self.quantities.items()}
        prefix = self.prefix if prefix is None else prefix
        return {f"{prefix}_{name}": values[name] for name in self._order}

    def _add(self, seen) -> None:
        left = iter(seen or ())
        for quantity in self.quantities.values():
            quantity.add(*(next(left) for _ in quantity.variables))

    def _compile(self, stream) -> None:
        self._example_axis = example_axis(self._inputs, stream.sources)
        self._function = engine.function(
            list(self._inputs.values()),
            self._seen or None,
            updates=self._accumulators.updates(self._example_axis),
            host=bool(self._seen),
            name=f"evaluation on {self.prefix}",
        )
