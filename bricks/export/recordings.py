"""What the neurons of gated units do for some example sequences."""

from collections.abc import Mapping

import numpy as np

from bricks.errors import UsageError
from bricks.gated import dynamics
from bricks.graph import ComputationGraph
from bricks.model import Model


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
    for unit in dynamics.units_of(model.graph):
        try:
            trace = dynamics.trace_of(outputs, unit)
        except UsageError as error:  # one that is applied twice
            notes.append(f"not recorded: {error}")
            continue
        names = [name for name, variable in trace.items() if variable.type.ndim == 3]  # the others are the last steps
        needed = {variable.name for variable in ComputationGraph([trace[name] for name in names]).inputs}
        found[unit.path] = dynamics.recorder(trace, names)(**{name: batch[name] for name in needed})
    return found, notes
