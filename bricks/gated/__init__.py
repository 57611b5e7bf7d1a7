"""Gated units: one cell, many wirings. Every gate is a brick, every variant a piece of data.

    z_t = candidate                            dendrite: what the dendrites bring, gated
    c_t = body(c_{t-1}) + dendrite(z_t)        body: the cell's own past, gated
    h_t = axon(psi(c_t))                       axon: the squashed cell, gated

`LSTM`, `GRU`, `SimpleRecurrent`, `LeakyIntegrator`, and `build(name, input_dim, dim)` for each of `WIRINGS`, make a
`GatedUnit`; so does any `Wiring` of one's own, or a mapping (`bricks.gated.notation` has the form). A unit takes
sequences (time, batch, features), masks, first states, further sequences, clamps; it gives the trace of every
neuron. `Stack`, `Bidirectional` and `layered` put units together; `dynamics` records, lesions and measures them;
`load_torch`, `torch_state` and `load_blocks` exchange weights; `dales_law` keeps signs.
"""

from bricks.gated import dynamics
from bricks.gated.dale import dales_law
from bricks.gated.interchange import load_blocks, load_torch, torch_state
from bricks.gated.notation import wiring_of
from bricks.gated.stacks import Bidirectional, Stack, applied, layered
from bricks.gated.trace import Trace
from bricks.gated.unit import GatedUnit
from bricks.gated.variants import GRU, LSTM, LeakyIntegrator, SimpleRecurrent, build
from bricks.gated.wiring import (
    Action,
    Complement,
    Connection,
    Constant,
    Membrane,
    Neuron,
    Same,
    Wiring,
    multiply,
    shunt,
    subtract,
)
from bricks.gated.wirings import WIRINGS

__all__ = [
    "GRU",
    "LSTM",
    "WIRINGS",
    "Action",
    "Bidirectional",
    "Complement",
    "Connection",
    "Constant",
    "GatedUnit",
    "LeakyIntegrator",
    "Membrane",
    "Neuron",
    "Same",
    "SimpleRecurrent",
    "Stack",
    "Trace",
    "Wiring",
    "applied",
    "build",
    "dales_law",
    "dynamics",
    "layered",
    "load_blocks",
    "load_torch",
    "multiply",
    "shunt",
    "subtract",
    "torch_state",
    "wiring_of",
]
