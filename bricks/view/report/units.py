"""The gated units of a model, and what their neurons did for some examples."""

from collections.abc import Mapping

import numpy as np

from bricks.gated import GatedUnit, dynamics
from bricks.gated.wiring import Complement, Constant, Membrane, Neuron, Same
from bricks.graph import ComputationGraph
from bricks.model import Model
from bricks.view.report.sample import Sample

MOST_RECORDED = 16_000_000
"""Numbers that one recording may hold: 64 MB."""


def gates_of(unit: GatedUnit) -> list[str]:
    """A unit's neurons but for the candidate and second names."""
    return [n for n, neuron in unit.wiring.neurons.items() if n != "candidate" and not isinstance(neuron, Same)]


def is_between_0_and_1(unit: GatedUnit, name: str) -> bool:
    """Whether a neuron's activation always lies there, so that it is shut at 0 and open at 1."""
    neuron = unit.wiring.neurons[name]
    if isinstance(neuron, Complement):
        return is_between_0_and_1(unit, neuron.of)
    if isinstance(neuron, Neuron):
        return unit.bounds(name) == (0, 1)
    if isinstance(neuron, Constant):
        return 0 <= np.min(neuron.value) <= np.max(neuron.value) <= 1
    return True  # a membrane's decay


def is_fixed(unit: GatedUnit, name: str) -> bool:
    """Whether a neuron sees nothing: one value a cell, the same in all steps."""
    neuron = unit.wiring.neurons[name]
    return is_fixed(unit, neuron.of) if isinstance(neuron, Complement) else isinstance(neuron, Constant | Membrane)


class Recording:
    """What the neurons of a unit do for the examples of a batch.

    Parameters
    ----------
    model : Model
    unit : GatedUnit
        Applied in it, once.
    batch : dict of str to array

    Attributes
    ----------
    names : list of str
        The gates, `cell` and `output`.
    mask : array of bool (time, batch) or None
        Where there is something to see.
    """

    def __init__(self, model: Model, unit: GatedUnit, batch: Mapping[str, np.ndarray]):
        self.unit = unit
        trace = dynamics.trace_of([model.cost, *model.outputs.values()], unit)
        self.names = [*gates_of(unit), *(("cell",) if unit.wiring.one_state else ("cell", "output"))]
        self._record = dynamics.recorder(trace, self.names)
        needed = {v.name for v in ComputationGraph([trace[name] for name in self.names]).inputs}
        self._given = {name: batch[name] for name in needed}
        mask = dynamics.application_of([model.cost, *model.outputs.values()], unit).arguments.get("mask")
        sources = [] if mask is None else [v.name for v in ComputationGraph(mask).inputs if v.name in batch]
        self.mask = batch[sources[0]] > 0 if len(sources) == 1 and batch[sources[0]].ndim == 2 else None

    def __call__(self) -> dict[str, np.ndarray]:
        """Activations (time, batch, dim) with the parameters that the model has now."""
        return self._record(**self._given)

    def seen(self, values: np.ndarray) -> np.ndarray:
        """(steps, dim): those steps of all examples in which the mask lets the unit move."""
        flat = values.reshape(-1, values.shape[-1])
        return flat if self.mask is None else flat[self.mask.ravel()]

    def kept(self, activations: Mapping[str, np.ndarray]) -> np.ndarray | None:
        """What part of the cell is kept in a step, (time, batch, dim): the product of what acts at the body."""
        wiring = self.unit.wiring
        if wiring.body is None:
            return None
        found = np.ones_like(activations["cell"])
        for action in wiring.acting("body"):
            if action.kind == "subtract":
                return None
            gate = activations[self._first_name(action.neuron)]
            found *= 1 - action.strength + action.strength * gate if action.kind == "multiply" else 1
            found /= 1 + action.strength * gate if action.kind == "shunt" else 1
        return found

    def _first_name(self, name: str) -> str:
        neuron = self.unit.wiring.neurons[name]
        return self._first_name(neuron.of) if isinstance(neuron, Same) else name


def steps_of(sample: Sample) -> int:
    """How many steps of time an example has, as far as its sources' axes tell."""
    shapes = {name: array.shape for name, array in sample.batches[0].items()}
    axes = {name: sample.sources[name].batch_axis for name in shapes}
    timed = [shape[0] for name, shape in shapes.items() if axes[name] == 1]
    return max(timed or [shape[1] for shape in shapes.values() if len(shape) > 2] or [1])


def examples_for(unit: GatedUnit, sample: Sample, most: int = 200) -> int:
    """How many examples a recording of a unit may have."""
    numbers = steps_of(sample) * unit.dim * (len(gates_of(unit)) + 2)
    return max(1, min(most, MOST_RECORDED // numbers))
