"""Wirings that cannot work are refused, with the neuron and the source, and with what to do about it."""

import re

import pytest
from gated_cases import DIM, INPUT

from bricks import UsageError
from bricks.gated import (
    WIRINGS,
    Complement,
    Connection,
    Constant,
    GatedUnit,
    Membrane,
    Neuron,
    Same,
    Wiring,
    build,
    multiply,
    wiring_of,
)

XH = (Connection("input"), Connection("output"))


def lstm(**neurons):
    """An LSTM but for some neurons."""
    return WIRINGS["lstm"]().but(neurons=neurons)


def sees(source, *others, **how):
    return Neuron((*others, Connection(source, **how)))


def unit(**neurons):
    return GatedUnit(lstm(**neurons), INPUT, DIM, seed=1)


CANNOT_WORK = {
    "a circle of neurons in one step": (
        lambda: lstm(input_gate=sees("forget_gate"), forget_gate=sees("input_gate")),
        "lstm: neurons of one step must not wait .* input_gate <- forget_gate <- input_gate; .* previous.forget_gate",
    ),
    "a neuron that sees itself": (lambda: lstm(input_gate=sees("input_gate")), "input_gate <- input_gate; let one see"),
    "a circle through what gates a connection": (
        lambda: lstm(input_gate=sees("output", gated_by="forget_gate"), forget_gate=sees("input_gate")),
        "input_gate <- forget_gate <- input_gate",
    ),
    "the new cell seen before it exists": (
        lambda: lstm(forget_gate=sees("new_cell", kind="diagonal")),
        "lstm/forget_gate: sees new_cell before it exists, .* let it see `cell`, or act at the axon only",
    ),
    "the new cell seen before it exists, through another": (
        lambda: lstm(eye=sees("new_cell"), input_gate=sees("eye")),
        "lstm/eye: sees new_cell before it exists",
    ),
    "a complement of what isn't there": (
        lambda: lstm(input_gate=Complement("forget_gat")),
        "lstm/input_gate: is complement of 'forget_gat', which is not a neuron .* did you mean 'forget_gate'",
    ),
    "the same as what isn't there": (
        lambda: lstm(input_gate=Same("outputgate")),
        "lstm/input_gate: is same of 'outputgate', which is not a neuron .* did you mean 'output_gate'",
    ),
    "complements of each other": (
        lambda: lstm(input_gate=Complement("forget_gate"), forget_gate=Complement("input_gate")),
        "lstm/(input|forget)_gate: is the complement of .* that complement each other one must see something",
    ),
    "a complement of a complement, under another name": (
        lambda: lstm(input_gate=Complement("forget_gate"), twin=Same("input_gate"), output_gate=Complement("twin")),
        "lstm/output_gate: is the complement of twin, which is the complement of forget_gate; say same",
    ),
    "the same as each other": (lambda: lstm(one=Same("two"), two=Same("one")), "one <- two <- one"),
    "a shifted complement of a constant": (
        lambda: lstm(forget_gate=Constant(0.5), input_gate=Complement("forget_gate", 1.0)),
        "lstm/input_gate: is the shifted complement of forget_gate, a constant, which has no sum to shift",
    ),
    "a diagonal between unequal dimensions": (
        lambda: unit(input_gate=sees("input", kind="diagonal")),
        "input_gate: a diagonal connection must join equal dimensions, got input of 4 and 6; make it dense",
    ),
    "an identity between unequal dimensions": (
        lambda: unit(input_gate=sees("input", kind="direct")),
        "input_gate: a direct connection must join equal dimensions, got input of 4 and 6",
    ),
    "a diagonal to a hidden layer of another width": (
        lambda: unit(input_gate=Neuron((Connection("cell", "diagonal"),), hidden=(5,))),
        "input_gate: a diagonal connection must join equal dimensions, got cell of 6 and 5",
    ),
    "a gate that is not as wide as the source it multiplies": (
        lambda: unit(input_gate=sees("input", gated_by="output_gate")),
        "input_gate: output_gate of 6 gates the connection to input at its source, which must be as wide, got 4",
    ),
    "a gate that is not as wide as the product it multiplies": (
        lambda: unit(input_gate=Neuron((Connection("input", gated_by="output_gate", at="product"),), hidden=(5,))),
        "input_gate: output_gate of 6 gates the connection to input at its product, which must be as wide, got 5",
    ),
    "a shared gate with connections of its own": (
        lambda: wiring_of({"like": "lstm", "neurons": {"input_gate": {"same": "forget_gate", "sees": ["input"]}}}),
        "wiring/input_gate: must have one of .* got sees and same; .* has no connections of its own",
    ),
    "an unknown source": (
        lambda: lstm(input_gate=sees("inptu")),
        "lstm/input_gate: sees 'inptu', which is neither .* did you mean 'input'",
    ),
    "a sequence that is not named": (
        lambda: lstm(input_gate=sees("touch")),
        "lstm/input_gate: sees 'touch', .* sequences besides `input` are named in `sequences`",
    ),
    "previous of what isn't there": (
        lambda: lstm(input_gate=sees("previous(gate)")),
        r"lstm/input_gate: sees 'previous\(gate\)'",
    ),
    "a source seen twice": (
        lambda: lstm(input_gate=sees("input", *XH)),
        "lstm/input_gate: sees input twice; one connection a source",
    ),
    "an unknown kind of connection": (
        lambda: lstm(input_gate=sees("input", kind="sparse")),
        "lstm/input_gate: the connection to input must be one of dense, diagonal, direct, got 'sparse'",
    ),
    "an unknown gate of a connection": (
        lambda: lstm(input_gate=sees("input", gated_by="forgetgate")),
        "lstm/input_gate: the connection to input is gated by 'forgetgate', .* did you mean 'forget_gate'",
    ),
    "an unknown place of gating": (
        lambda: lstm(input_gate=sees("output", gated_by="forget_gate", at="sink")),
        "lstm/input_gate: `at` of the connection to output must be source or product, got 'sink'",
    ),
    "a time constant of zero": (lambda: WIRINGS["leaky"](tau=0.0), "leaky/forget_gate: tau and dt must be above 0"),
    "a time constant below zero": (lambda: WIRINGS["leaky"](tau=(5.0, -1.0)), "leaky/forget_gate: tau and dt must be"),
    "a time constant below the time step for Euler": (
        lambda: WIRINGS["leaky"](tau=0.5, method="euler"),
        "leaky/forget_gate: with Euler's method tau must be at least dt, .* got tau=0.5, dt=1.0; take smaller steps",
    ),
    "a first decay of zero from a bias": (
        lambda: WIRINGS["modulated_membrane"](tau=1.0, method="euler"),
        "modulated_membrane/forget_gate: bias: no finite b gives a decay of 0",
    ),
    "time constants for another number of cells": (
        lambda: build("leaky", INPUT, DIM, tau=(1.0, 2.0), seed=1),
        "forget_gate: tau must be one number, or 6, one a cell, got 2",
    ),
    "zoneout twice where h = c": (
        lambda: build("gru", INPUT, DIM, zoneout={"output": 0.1, "cell": 0.1}),
        "gru: has one state, h = c, so that zoneout can be given once, .* leave out one of cell and output",
    ),
    "an unknown wiring": (lambda: build("lstn", INPUT, DIM), "unknown wiring 'lstn'; did you mean 'lstm'"),
    "an unknown option": (
        lambda: wiring_of({"like": "lstm", "peephole": True}),
        "lstm: unknown option 'peephole'; did you mean 'peepholes'",
    ),
    "an unknown activation": (
        lambda: lstm(input_gate=Neuron(XH, "tahn")),
        "lstm/input_gate: activation must be one of .* got 'tahn'; did you mean 'tanh'",
    ),
    "an activation that is no name": (lambda: lstm(input_gate=Neuron(XH, ["tanh"])), "input_gate: activation must be"),
    "an unknown squashing": (
        lambda: WIRINGS["lstm"]().but(squash="tan"),
        "lstm: squash must be one of .* did you mean 'tanh'",
    ),
    "an unknown actor": (
        lambda: WIRINGS["lstm"]().but(dendrite=(multiply("inputgate"),)),
        "lstm: dendrite has multiply 'inputgate', which is not a neuron of the unit; did you mean 'input_gate'",
    ),
    "an unknown key": (
        lambda: wiring_of({"neurons": {"candidate": {"sees": ["input"], "activatoin": "tanh"}}}),
        "wiring/candidate: unknown key 'activatoin'; did you mean 'activation'",
    ),
    "no candidate": (lambda: Wiring({"gate": Neuron(XH)}), "gated_unit: neurons must have `candidate`, .* got gate"),
    "a neuron that sees nothing": (lambda: lstm(input_gate=Neuron(())), "lstm/input_gate: must see something"),
    "a neuron under the name of a state": (lambda: lstm(cell=Neuron(XH)), "lstm: a neuron .* got 'cell'"),
    "a first value outside its clip": (
        lambda: unit(forget_gate=Constant(1.5, learned=True, clip=(0.0, 1.0))),
        "forget_gate: the first value must lie within clip=.0.0, 1.0., got 1.5",
    ),
    "a membrane of another method": (lambda: lstm(leak=Membrane(3.0, method="rk4")), "lstm/leak: method must be exact"),
    "chrono without a gate to set": (
        lambda: build("simple", INPUT, DIM, chrono=10),
        "simple: chrono sets the first biases of forget_gate and input_gate, .* it has candidate",
    ),
    "a sequence without a width": (
        lambda: build("lgn", INPUT, DIM),
        "lgn: needs the sequence 'hippocampus'; say how many features it has",
    ),
    "the width of an unknown sequence": (
        lambda: build("lgn", INPUT, DIM, {"hippocampus": 2, "feedbak": 3}),
        "lgn: sequences has 'feedbak'; did you mean 'feedback'",
    ),
}


@pytest.mark.parametrize("what", CANNOT_WORK)
def test_what_cannot_work_is_refused_and_the_message_says_where_and_why(what):
    attempt, message = CANNOT_WORK[what]
    with pytest.raises(UsageError) as refusal:
        attempt()
    assert re.search(message, str(refusal.value), re.DOTALL), str(refusal.value)
