"""Gated units that say a number, or several, at the end of a sequence or at every step.

h_1 ... h_T = units(x_1 ... x_T)
y = h_T V + c                   where targets are (batch, outputs)
y_t = h_t V + c                 where targets are (time, batch, outputs)
"""

from typing import Annotated, Any, Literal

from pydantic import Field, NonNegativeInt, PositiveInt

import bricks
from bricks.gated import applied
from bricks.layers import Dropout, Linear, SquaredError

Probability = Annotated[float, Field(ge=0, lt=1)]
State = Literal["cell", "output"]


def build(
    sources,
    *,
    seed: int,
    unit: str | dict[str, Any] = "lstm",
    dim: PositiveInt = 128,
    layers: PositiveInt = 1,
    bidirectional: bool = False,
    skip: bool = False,
    dropout: Probability = 0.0,
    zoneout: Probability | dict[State, Probability] = 0.0,
    recurrent_dropout: Probability = 0.0,
    layer_normalization: Literal["none", "joint", "separate"] = "none",
    chrono: NonNegativeInt = 0,
    backward: Literal["saved", "recomputed"] = "saved",
    ignore: list[str] = [],  # noqa: B006 (never changed)
) -> bricks.Model:
    """The graph of gated units over `features` (time, batch, columns) and float `targets`, with mean squared error.

    Parameters
    ----------
    sources : dict of str to Variable
        `targets` are (batch, outputs) or (time, batch, outputs); besides the two, further sequences that the unit
        sees, by name, and a `mask` (time, batch).
    seed : int
        Of the initial weights and of the noise.
    unit : str or mapping
        A wiring: its name in `bricks.gated.WIRINGS`, or neurons and where they act (see `bricks.gated.notation`).
    dim, layers : int
        Units in a layer (and direction), and layers.
    bidirectional : bool
        Whether each layer runs both ways.
    skip : bool
        Whether every layer sees the input, and what is said depends on every layer.
    dropout : float
        The probability that an output is left out of what the layer above sees in a training step.
    zoneout : float or mapping
        The probability that a unit's state stays as it was in a step of training; for both, or for each of
        `{cell: 0.5, output: 0.05}`.
    recurrent_dropout : float
        The probability that a unit's output is hidden from the layer itself, for a sequence.
    layer_normalization : str
        Of each neuron's sum, or of its products apart.
    chrono : int
        The longest time to remember, in steps, that the first biases are made for; 0 for the wiring's own.
    backward : str
        Whether the backward pass keeps what it needs of each step, or computes it again (less memory).
    ignore : list of str
        Sources that the units do not see, as a baseline without a cue does not.
    """
    units, trace = applied(
        sources,
        "models/sequence_regressor.py",
        unit,
        dim,
        layers=layers,
        bidirectional=bidirectional,
        skip=skip,
        dropout=dropout,
        seed=seed,
        zoneout=zoneout,
        recurrent_dropout=recurrent_dropout,
        layer_normalization=layer_normalization,
        chrono=chrono,
        backward=backward,
        ignore=ignore,
    )
    targets = sources["targets"]
    outputs = targets.type.shape[-1] if targets.type.ndim else None
    if targets.type.ndim not in (2, 3) or outputs is None or not targets.type.dtype.startswith("float"):
        raise bricks.errors.ShapeError(
            "models/sequence_regressor.py: the source 'targets' must be floats of shape (batch, outputs) or "
            f"(time, batch, outputs), the number of outputs known, got {targets.type}"
        )
    regressor = Linear(units.output_dim, outputs, name="regressor", seed=seed)
    every_step = targets.type.ndim == 3
    seen = trace.output if every_step else trace.final_output
    seen = Dropout(dropout, name="dropout", seed=seed)(seen) if dropout else seen
    predictions = regressor(seen)
    counted = {"mask": sources["mask"]} if every_step and "mask" in sources else {}
    cost = SquaredError()(targets, predictions, **counted)
    return bricks.Model(cost, monitored={"cost": cost}, outputs={"predictions": predictions}, brick=units)
