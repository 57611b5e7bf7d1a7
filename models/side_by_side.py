"""Several units beside each other: each classifies the same batches by itself, in one compiled step.

    cost = sum over the units of their own costs, which share no parameter

What is monitored has the unit's name: `error_lstm`.
"""

from typing import Annotated, Any

from pydantic import Field, PositiveInt

import bricks
from bricks.gated import applied
from bricks.layers import CategoricalCrossEntropy, Linear, MisclassificationRate, Softmax


def build(
    sources,
    *,
    seed: int,
    units: dict[str, str | dict[str, Any]],
    dim: PositiveInt = 128,
    classes: Annotated[int, Field(ge=2)] = 10,
    ignore: list[str] = [],  # noqa: B006 (never changed)
) -> bricks.Model:
    """The graph of some units over `features` (time, batch, columns) and `targets` (batch,).

    Parameters
    ----------
    sources : dict of str to Variable
    seed : int
        Of the initial weights.
    units : mapping
        From the names that they are to have to wirings: names in `bricks.gated.WIRINGS`, or neurons and where they
        act (see `bricks.gated.notation`).
    dim : int
        Units of each.
    classes : int
    ignore : list of str
        Sources that none of the units sees.
    """
    targets = sources["targets"]
    costs, monitored, outputs = {}, {}, {}
    for name, wiring in units.items():
        _, trace = applied(sources, "models/side_by_side.py", wiring, dim, name=name, seed=seed, ignore=ignore)
        classifier = Linear(dim, classes, name=f"{name}_classifier", seed=seed)
        logits = classifier(trace.final_output)
        costs[name] = CategoricalCrossEntropy()(targets, logits)
        monitored[f"error_{name}"] = MisclassificationRate()(targets, logits)
        outputs[f"probabilities_{name}"] = Softmax()(logits)
    if not costs:
        raise bricks.errors.UsageError("models/side_by_side.py: units must be at least one, got none")
    total = sum(costs.values())
    monitored = {"cost": total, **{f"cost_{name}": cost for name, cost in costs.items()}, **monitored}
    return bricks.Model(total, monitored=monitored, outputs=outputs)
