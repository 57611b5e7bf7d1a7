"""A wiring as a mapping, as a config writes it, is the wiring in Python; an invented one is what its equations say."""

import copy
import pickle

import numpy as np
import oracle
import pytest
import yaml
from gated_cases import CASES, DIM, MASK, assert_same, make, parameters_of, run, values_for
from oracle import sigma, softplus

from bricks.gated import WIRINGS, Complement, Connection, Constant, Membrane, Neuron, Same, build, multiply, wiring_of


def written(wiring):
    """A wiring as the mapping that a person would write in full."""

    def neuron(n):
        if isinstance(n, Complement):
            return {"complement": n.of, "shift": n.shift}
        if isinstance(n, Same):
            return {"same": n.of}
        if isinstance(n, Constant):
            return {"constant": n.value, "learned": n.learned, "clip": list(n.clip)}
        if isinstance(n, Membrane):
            return {"tau": n.tau, "dt": n.dt, "method": n.method, "learned": n.learned}
        sees = {c.source: {"kind": c.kind, "gated_by": c.gated_by, "at": c.at, "init": c.init and list(c.init)}
                for c in n.sees}  # fmt: skip
        bias = neuron(n.bias) if isinstance(n.bias, Membrane) else False if n.bias is None else n.bias
        return {"sees": sees, "activation": n.activation, "bias": bias, "hidden": list(n.hidden)}

    def place(actions):
        return "cut" if actions is None else [{a.kind: a.neuron, "strength": a.strength} for a in actions]

    mapping = {name: place(getattr(wiring, name)) for name in ("dendrite", "body", "axon")}
    mapping["neurons"] = {name: neuron(n) for name, n in wiring.neurons.items()}
    mapping["sequences"] = dict(wiring.sequences)
    return mapping | {"squash": wiring.squash, "name": wiring.name, "reference": wiring.reference}


@pytest.mark.parametrize("case", CASES)
def test_every_wiring_can_be_written_as_yaml_and_read_back(case):
    wiring = WIRINGS[CASES[case].name](**CASES[case].options)
    text = yaml.safe_dump(written(wiring), sort_keys=False)
    assert wiring_of(yaml.safe_load(text)) == wiring


LSTM = """
neurons:
  candidate: {sees: [input, output], activation: tanh}
  input_gate: {sees: [input, output]}
  forget_gate: {sees: [input, output], bias: 1}
  output_gate: {sees: [input, output]}
dendrite: [{multiply: input_gate}]
body: [{multiply: forget_gate}]
axon: [{multiply: output_gate}]
"""
GRU = """
neurons:
  candidate: {sees: {input: dense, output: {gated_by: reset_gate, at: product}}, activation: tanh}
  forget_gate: {sees: [input, output]}
  input_gate: {complement: forget_gate}
  reset_gate: {sees: [input, output]}
dendrite: {multiply: input_gate}
body: {multiply: forget_gate}
squash: identity
"""


@pytest.mark.parametrize(("text", "wiring"), [(LSTM, WIRINGS["lstm"]()), (GRU, WIRINGS["gru"]("product"))])
def test_what_a_person_writes_gives_the_wiring_of_that_name(text, wiring):
    assert wiring_of(yaml.safe_load(text)).but(name=wiring.name, reference=wiring.reference) == wiring


def test_like_begins_from_a_wiring_with_options_and_changes_parts_of_it():
    assert wiring_of({"like": "gru", "at": "product"}) == WIRINGS["gru"]("product")
    more = wiring_of({"like": "lstm", "peepholes": True, "neurons": {"forget_gate": {"constant": 0.5}}})
    assert more.neurons["forget_gate"] == Constant(0.5)
    assert more.neurons["input_gate"] == WIRINGS["lstm_peephole"]().neurons["input_gate"]
    assert wiring_of("mgu") == WIRINGS["mgu"]() == wiring_of(WIRINGS["mgu"]())


def test_build_takes_options_of_the_wiring_beside_those_of_the_unit():
    unit = build("gru", 4, 6, at="product", name="cortex", seed=2)
    assert unit.wiring == WIRINGS["gru"]("product") and unit.path == "cortex" and unit.seed == 2


@pytest.mark.parametrize("given", [WIRINGS["lstm"](), {"like": "lstm"}, "lstm"])
def test_build_takes_a_name_a_mapping_or_a_wiring(given):
    assert build(given, 4, 6).wiring == WIRINGS["lstm"]()


XH = (Connection("input"), Connection("output"))
SAME = {
    "a width for widths": (Neuron(XH, hidden=16), Neuron(XH, hidden=(16,))),
    "NumPy's width": (Neuron(XH, hidden=np.int64(16)), Neuron(XH, hidden=(16,))),
    "a connection for connections": (Neuron(XH[0]), Neuron(XH[:1])),
    "sigmoid for logistic": (Neuron(XH, "sigmoid"), Neuron(XH, "logistic")),
    "relu for rectifier": (Neuron(XH, hidden_activation="relu"), Neuron(XH, hidden_activation="rectifier")),
    "sigmoid to squash": (WIRINGS["lstm"]().but(squash="sigmoid"), WIRINGS["lstm"]().but(squash="logistic")),
    "an action for actions": (WIRINGS["lstm"]().but(axon=multiply("output_gate")), WIRINGS["lstm"]()),
    "a list of actions": (WIRINGS["lstm"]().but(axon=[multiply("output_gate")]), WIRINGS["lstm"]()),
    "cut for None": (WIRINGS["lstm"]().but(body="cut"), WIRINGS["lstm"]().but(body=None)),
    "names for sequences": (
        WIRINGS["lstm"]().but(sequences=["touch"], neurons={"skin": Neuron((Connection("touch"),))}),
        WIRINGS["lstm"]().but(sequences={"touch": None}, neurons={"skin": Neuron((Connection("touch"),))}),
    ),
    "NumPy's number": (WIRINGS["leaky"](np.float32(5)), WIRINGS["leaky"](5.0)),
    "an array of numbers": (WIRINGS["leaky"](np.array([5.0, 6.0])), WIRINGS["leaky"]((5.0, 6.0))),
    "one hidden layer": (wiring_of({"like": "deep_gates", "hidden": 16}), WIRINGS["deep_gates"]((16,))),
    "one source": (wiring_of({"like": "modulated_membrane", "sees": "modulator"}), WIRINGS["modulated_membrane"]()),
}


@pytest.mark.parametrize("what", SAME)
def test_what_stands_for_the_same_is_the_same(what):
    one, other = SAME[what]
    assert one == other and hash(one) == hash(other)


def test_numpy_s_numbers_become_python_s_that_do_not_change_a_dtype():
    assert type(multiply("gate", np.float64(0.5)).strength) is float
    assert type(Membrane(np.float32(5), dt=np.int64(1)).dt) is int


@pytest.mark.parametrize("of", [copy.copy, copy.deepcopy, lambda wiring: pickle.loads(pickle.dumps(wiring))])
def test_a_wiring_is_copied_and_hashed_by_what_it_says_and_nobody_changes_it(of):
    wiring = WIRINGS["lgn"]()
    other = of(wiring)
    assert other == wiring and {wiring: 1}[other] == 1 and hash(other) != hash(WIRINGS["lstm"]())
    for part in (other.neurons, other.sequences):
        with pytest.raises(TypeError):
            part["hippocampus"] = None


INVENTED = """
sequences: [touch]
neurons:
  candidate: {sees: {input: dense, output: {gated_by: reset, at: source}, touch: direct}, activation: tanh}
  interneuron: {sees: {input: dense, previous(interneuron): dense}, activation: tanh, bias: false}
  inhibition: {sees: {interneuron: direct, output: diagonal, leak: direct}, activation: softplus}
  reset: {sees: {touch: dense, cell: diagonal, inhibition: {kind: diagonal, gated_by: interneuron}}, hidden: [6]}
  forget: {sees: {input: dense, inhibition: dense, previous(reset): {gated_by: reset, at: product}}, bias: 1}
  twin: {same: reset}
  opposite: {complement: forget, shift: 0.5}
  leak: {tau: 4, dt: 2, method: euler, learned: true}
  axonal: {sees: {new_cell: diagonal, twin: dense}}
dendrite: [{shunt: inhibition}, {multiply: twin, strength: 0.5}]
body: [{multiply: forget}, {subtract: opposite, strength: 0.3}]
axon: [{subtract: axonal}, {shunt: inhibition, strength: 0.5}]
squash: logistic
"""
STATES = ("output", "cell", "previous(interneuron)", "previous(reset)")


def invented(p, now, was, hold):
    x, touch, h, c = now["input"], now["touch"], was["output"], was["cell"]
    leak = 1 - 2 / (2 + softplus(p["leak/p"])) + 0 * c
    inter = np.tanh(x @ p["interneuron/W_input"]
                    + was["previous(interneuron)"] @ p["interneuron/W_previous_interneuron"])  # fmt: skip
    inhibition = softplus(inter + p["inhibition/w_output"] * h + leak + p["inhibition/b"])
    a = touch @ p["reset/W_touch"] + p["reset/w_cell"] * c + p["reset/w_inhibition"] * inter * inhibition
    reset = sigma(np.tanh(a + p["reset/b"]) @ p["reset/W_1"] + p["reset/b_1"])
    gated = reset * (was["previous(reset)"] @ p["forget/W_previous_reset"] + p["forget/b_previous_reset"])
    a = x @ p["forget/W_input"] + inhibition @ p["forget/W_inhibition"] + gated + p["forget/b"]
    forget, opposite = sigma(a), 1 - sigma(a - 0.5)
    z = x @ p["candidate/W_input"] + (reset * h) @ p["candidate/W_output"] + touch + p["candidate/b"]
    z = np.tanh(z)
    new_c = forget * c - 0.3 * opposite + z / (1 + inhibition) * (0.5 + 0.5 * reset)
    axonal = sigma(p["axonal/w_new_cell"] * new_c + reset @ p["axonal/W_twin"] + p["axonal/b"])
    new_h = (sigma(new_c) - axonal) / (1 + 0.5 * inhibition)
    neurons = {"candidate": z, "interneuron": inter, "inhibition": inhibition, "reset": reset, "forget": forget}
    neurons |= {"twin": reset, "opposite": opposite, "leak": leak, "axonal": axonal}
    before = {"previous(interneuron)": inter, "previous(reset)": reset}
    return {"output": new_h, "cell": new_c, **neurons, **before}


@pytest.fixture(scope="module")
def unit():
    return make(yaml.safe_load(INVENTED), {"touch": DIM})


@pytest.mark.parametrize("how", [{}, {"mask": MASK, "reverse": True}])
def test_an_invented_wiring_equals_its_equations(unit, how):
    p = parameters_of(unit)
    assert_same(run(unit, **how), oracle.loop(invented, p, values_for(unit), STATES, **how))
    assert p.read == set(p) and unit.states == STATES


def test_previous_of_a_state_can_be_given_first():
    unit = make(yaml.safe_load(INVENTED), {"touch": DIM})
    start = {"previous(reset)": np.full((3, DIM), 0.3), "previous(interneuron)": np.linspace(-1, 1, DIM)}
    wanted = oracle.loop(invented, parameters_of(unit), values_for(unit), STATES, initial=start)
    assert_same(run(unit, initial=start), wanted)
