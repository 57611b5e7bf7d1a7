"""Wirings that cannot work are refused, with the neuron and the source, and with what to do about it."""

import re

import numpy as np
import pytest
from gated_cases import DIM, INPUT

from bricks import UsageError
from bricks.gated import (
    LSTM,
    WIRINGS,
    Bidirectional,
    Complement,
    Connection,
    Constant,
    GatedUnit,
    Membrane,
    Neuron,
    Same,
    Stack,
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
        "lstm/forget_gate: the constant must lie within clip=.0.0, 1.0., got 1.5",
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
    "a constant outside its clip, not learned": (
        lambda: lstm(forget_gate=Constant((0.5, 2.0), clip=(0.0, 1.0))),
        "lstm/forget_gate: the constant must lie within clip=.0.0, 1.0., got .0.5, 2.0.",
    ),
    "a decay of zero, rounded, from a bias": (
        lambda: WIRINGS["modulated_membrane"](tau=(5.0, 1e-3)),
        "modulated_membrane/forget_gate: bias: no finite b gives a decay of 0, .*exact.* tau=0.001, dt=1.0; .* smaller",
    ),
    "a decay of one, rounded, from a bias": (
        lambda: WIRINGS["modulated_membrane"](tau=1e20, method="euler"),
        "modulated_membrane/forget_gate: bias: no finite b gives a decay of 1, .* tau=1e.20, dt=1.0; .* longer",
    ),
    "a sequence that nobody sees": (
        lambda: lstm().but(sequences=["touch"]),
        "lstm: sequences has 'touch', which no neuron sees; let one see it, or leave it out",
    ),
    "a sequence that nobody sees any more": (
        lambda: wiring_of({"like": "modulated_membrane", "sees": ["input"]}),
        "modulated_membrane: sequences has 'modulator', which no neuron sees; .* begin from one without it",
    ),
    "the place of a gating that isn't there": (
        lambda: lstm(forget_gate=sees("output", at="product")),
        "lstm/forget_gate: `at: product` says .* connection to output .* nothing gates it; say gated_by",
    ),
    "an unknown option of build": (
        lambda: build("lstm", INPUT, DIM, peephole=True),
        "lstm: unknown option 'peephole'; did you mean 'peepholes'",
    ),
    "an option of the unit, misspelt": (
        lambda: LSTM(INPUT, DIM, name="eye", zoneuot=0.1),
        "eye: unknown option 'zoneuot'; did you mean 'zoneout'",
    ),
    "an option of another wiring": (lambda: LSTM(INPUT, DIM, hidden=3), "lstm: unknown option 'hidden'; .* peepholes"),
    "classes in a stack": (
        lambda: Stack([LSTM, LSTM]),
        "stack: must be made of units such as LSTM.4, 8., .* got <class",
    ),
    "classes run both ways": (lambda: Bidirectional(LSTM, LSTM), "bidirectional: must be made of units such as"),
    "a stack of no list": (
        lambda: Stack(LSTM(DIM, DIM)),
        "stack: units must be a list of at least one unit, got <LSTM",
    ),
    "a unit twice in a stack": (lambda: Stack([LSTM(DIM, DIM)] * 2), "stack: has the unit lstm twice; make another"),
    "a unit both ways": (lambda: Bidirectional(*[LSTM(DIM, DIM)] * 2), "bidirectional: has the unit lstm twice"),
}


@pytest.mark.parametrize("what", CANNOT_WORK)
def test_what_cannot_work_is_refused_and_the_message_says_where_and_why(what):
    attempt, message = CANNOT_WORK[what]
    with pytest.raises(UsageError) as refusal:
        attempt()
    assert re.search(message, str(refusal.value), re.DOTALL), str(refusal.value)


GATE = "gated_unit/forget_gate: "
WRONG_KIND = [
    ({"sees": ["input"], "hidden": 3.5}, GATE + "hidden must be whole numbers .* got 3.5"),
    ({"sees": ["input"], "hidden": None}, GATE + "hidden must be whole numbers .* got None"),
    ({"sees": ["input"], "hidden": True}, GATE + "hidden must be whole numbers .* got .True"),
    ({"sees": {"input": {"gated_by": {}}}}, GATE + "the connection to input is gated by {}, .* there are: candidate"),
    ({"sees": None}, "wiring/forget_gate: a source must be named by text, got None"),
    ({"complement": ["input_gate"]}, GATE + "is complement of .*did you mean 'input_gate'"),
    ({"same": {}}, GATE + "is same of {}, which is not a neuron"),
    ({"constant": 0.5, "learned": "no"}, GATE + "learned must be true or false, got 'no'"),
    ({"tau": 5, "learned": "false"}, GATE + "learned must be true or false, got 'false'"),
    ({"tau": "10ms"}, GATE + "tau must be a finite number, got '10ms'"),
    ({"constant": float("nan")}, GATE + "the constant must be a finite number, got nan"),
    ({"constant": True}, GATE + "the constant must be a finite number, got True"),
]


@pytest.mark.parametrize(("forget_gate", "message"), WRONG_KIND)
def test_a_neuron_s_value_of_a_wrong_kind_is_refused_where_it_is_written(forget_gate, message):
    with pytest.raises(UsageError, match=message):
        wiring_of({"like": "lstm", "neurons": {"forget_gate": forget_gate}})


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ({"like": "lstm", "axon": [{"multiply": ["output_gate"]}]}, "axon has multiply .* did you mean 'output_gate'"),
        ({"like": "lstm", "axon": [{"multiply": {}}]}, "axon has multiply {}, which is not a neuron"),
        ({"like": "lstm", "peepholes": "no"}, "lstm: peepholes must be true or false, got 'no'"),
        ({"like": "lstm", "neurons": ["gate"]}, "neurons must be a mapping from names"),
        ({"like": "lstm", "sequences": 3}, "sequences must be names, or a mapping .* got 3"),
        ({"like": "lstm", "name": 3}, "name must be text, got 3"),
        ({"like": "lstm", 3: 4}, "wiring: unknown key 3"),
        ({"like": ["lstm"]}, "unknown wiring .*; did you mean 'lstm'"),
        ({"like": "leaky", "tau": "10ms"}, "leaky/forget_gate: tau must be a finite number, got '10ms'"),
        ({"like": "leaky", "learned": "false"}, "leaky/forget_gate: learned must be true or false"),
        ({"like": "deep_gates", "hidden": "16"}, "deep_gates/input_gate: hidden must be whole numbers .* got '16'"),
        ({"like": "modulated_membrane", "sees": None}, "forget_gate: a source must be named by text, got None"),
    ],
)
def test_an_option_of_a_wrong_kind_is_refused(written, message):
    with pytest.raises(UsageError, match=message):
        wiring_of(written)


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (
            lambda: lstm(forget_gate=Neuron(Connection(None))),
            "lstm/forget_gate: a source must be named by text, got None",
        ),
        (lambda: lstm().but(neurons=["gate"]), "lstm: neurons must be a mapping from names"),
        (lambda: Wiring(["gate"]), "gated_unit: neurons must be a mapping from names"),
        (lambda: lstm().but(axon="output_gate"), "lstm: axon must hold actions, got 'output_gate'; write multiply"),
        (lambda: lstm().but(axon=None), "lstm: axon must hold actions, got None"),
        (lambda: WIRINGS["leaky"](np.float64("nan")), "leaky/forget_gate: tau must be a finite number, got nan"),
        (lambda: build(3, INPUT, DIM), "must be a wiring's name, a mapping or a Wiring, got 3"),
    ],
)
def test_what_is_no_wiring_in_python_is_refused(attempt, message):
    with pytest.raises(UsageError, match=message):
        attempt()


@pytest.mark.parametrize("name", ["clamp", "reverse", "nudge", "input_", "sequences", "items", "keys", "update", "get"])
def test_names_of_arguments_and_of_a_trace_s_methods_are_reserved(name):
    with pytest.raises(UsageError, match=f"must be named by an identifier .* got '{name}'"):
        lstm(**{name: Constant(0.5)})
