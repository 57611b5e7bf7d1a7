"""Gated units: one cell, many wirings. Every gate is a brick, every variant a piece of data."""

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
    "layered",
    "load_blocks",
    "load_torch",
    "multiply",
    "shunt",
    "subtract",
    "torch_state",
    "wiring_of",
]
