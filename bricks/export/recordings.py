"""What the neurons of gated units do for some example sequences."""

from collections.abc import Mapping

import numpy as np

from bricks.errors import UsageError
from bricks.gated import GatedUnit, dynamics
from bricks.graph import ComputationGraph, annotations_of
from bricks.model import Model


def units_of(model: Model) -> list[GatedUnit]:
    """The gated units that a model is computed with; each once, those below first."""
    bricks = (annotation.brick for variable in model.graph.variables for annotation in annotations_of(variable))
    return list(dict.fromkeys(brick for brick in bricks if isinstance(brick, GatedUnit)))


def recorded(model: Model, batch: Mapping[str, np.ndarray]) -> tuple[dict[str, dict[str, np.ndarray]], list[str]]:
    """Activations (time, batch, dim) for a batch, by the paths of units and the names of their neurons and states.

    Returns
    -------
    (recordings, notes)
        A note for each unit that could not be recorded.
    """
    found: dict[str, dict[str, np.ndarray]] = {}
    notes = []
    outputs = [model.cost, *model.outputs.values()]
    for unit in units_of(model):
        try:
            trace = dynamics.trace_of(outputs, unit)
        except UsageError as error:  # one that is applied twice
            notes.append(f"not recorded: {error}")
            continue
        names = [name for name, variable in trace.items() if variable.type.ndim == 3]  # the others are the last steps
        needed = {variable.name for variable in ComputationGraph([trace[name] for name in names]).inputs}
        found[unit.path] = dynamics.recorder(trace, names)(**{name: batch[name] for name in needed})
    return found, notes
