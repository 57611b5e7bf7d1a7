"""Lesions: what a model says with a neuron of a gated unit held where it is open, shut, or as it is on average."""

from collections.abc import Mapping, Sequence

import numpy as np
from pytensor.graph.basic import Variable

import bricks
from bricks.gated import GatedUnit, dynamics
from bricks.training import Evaluation

NONE = ("", "")
"""Of what is measured without a lesion."""


def lesions(
    measures: Mapping[str, Variable],
    unit: GatedUnit,
    stream,
    held: Mapping[str, Mapping[str, float | np.ndarray]],
    shuffled: Sequence[str] = (),
) -> dict[tuple[str, str], dict[str, float]]:
    """Means over a stream of what is measured, with each of some neurons held at each of some values.

    Parameters
    ----------
    measures : mapping of str to scalar
        Of a model's inference graph, such as its error rate; all depend on the unit.
    unit : GatedUnit
    stream : Stream
        With what the graph needs.
    held : mapping
        From neurons to what they are held at: from a name to a number, or an array (dim,).
    shuffled : sequence of str
        Neurons that are also held as they are in the next example of the batch.

    Returns
    -------
    dict
        From (neuron, name), or (neuron, "shuffled"), to what was measured; first, from ("", ""), without any lesion.

    Examples
    --------
    >>> import pytensor.tensor as pt
    >>> from bricks.data import ArrayDataset, DataStream, SequentialScheme, TimeMajor
    >>> x = pt.tensor("x", shape=(None, None, 4), dtype="float32")
    >>> unit = bricks.gated.LSTM(4, 8, seed=0)
    >>> size = (unit(x).final_output ** 2).mean()
    >>> rows = ArrayDataset({"x": np.ones((6, 3, 4), "float32")}, {"x": ("batch", "time", "feature")})
    >>> stream = DataStream(rows, SequentialScheme(6), [TimeMajor("x")])
    >>> table = lesions({"size": size}, unit, stream, {"output_gate": {"shut": 0.0, "open": 1.0}})
    >>> table["output_gate", "shut"]["size"], table["output_gate", "open"]["size"] > table[NONE]["size"] > 0
    (0.0, True)
    """
    at = {neuron: bricks.shared(np.zeros(unit.dim, unit.dtype)) for neuron in held}
    graphs = {(NONE, name): variable for name, variable in measures.items()}
    for neuron, value in at.items():
        lesioned = dynamics.lesioned(dict(measures), unit, {neuron: value})
        graphs |= {((neuron, ""), name): variable for name, variable in lesioned.items()}
    for neuron in shuffled:
        lesioned = dynamics.lesioned(dict(measures), unit, {neuron: dynamics.SHUFFLED})
        graphs |= {((neuron, dynamics.SHUFFLED), name): variable for name, variable in lesioned.items()}
    evaluation = Evaluation({f"m{k}": variable for k, variable in enumerate(graphs.values())}, stream, "lesion")
    found: dict[tuple[str, str], dict[str, float]] = {NONE: {}}
    for k in range(max(map(len, held.values()), default=1)):  # all neurons' k-th value at once: one compiled function
        now = {neuron: list(values)[k] for neuron, values in held.items() if k < len(values)}
        for neuron, name in now.items():
            value = np.broadcast_to(np.asarray(held[neuron][name], unit.dtype), (unit.dim,))
            at[neuron].set_value(np.ascontiguousarray(value))
        said = evaluation.evaluate()
        for j, ((neuron, kind), name) in enumerate(graphs):
            if neuron and not kind and neuron not in now:
                continue
            case = (neuron, now[neuron]) if neuron and not kind else (neuron, kind)
            found.setdefault(case, {})[name] = said[f"lesion_m{j}"]
    cases = [(neuron, name) for neuron in held for name in held[neuron]]
    cases += [(neuron, dynamics.SHUFFLED) for neuron in shuffled]
    order = [*held, *shuffled]
    return {case: found[case] for case in [NONE, *sorted(cases, key=lambda case: order.index(case[0]))]}
