"""The wirings people have published, and some that the essay asks for, as data.

x is `input`, h `output`, c `cell`. Neurons see x and h densely and have a bias of 0 unless said.
"""

from collections.abc import Callable
from inspect import signature

from bricks.errors import UsageError, nearest
from bricks.gated.wiring import (
    Complement,
    Connection,
    Constant,
    Membrane,
    Neuron,
    Same,
    Wiring,
    multiply,
    subtract,
)

GATES = ("input_gate", "forget_gate", "output_gate")
_XH = (Connection("input"), Connection("output"))
_PLACE = {"input_gate": "dendrite", "forget_gate": "body", "output_gate": "axon"}


def lstm(peepholes: bool = False, forget_bias: float = 1.0) -> Wiring:
    """i, f, o logistic; c' = f c + i tanh(a); h' = o tanh(c'). Hochreiter & Schmidhuber 1997, Gers et al. 2000.

    `peepholes`: the cell to i and f, the new cell to o, through diagonals (Gers & Schmidhuber 2000).
    `forget_bias`: first value of the forget gate's bias (Jozefowicz et al. 2015 advise 1).
    """
    if not isinstance(peepholes, bool):
        raise UsageError(f"lstm: peepholes must be true or false, got {peepholes!r}")
    peep = {"input_gate": "cell", "forget_gate": "cell", "output_gate": "new_cell"}
    neurons = {"candidate": Neuron(_XH, "tanh")}
    for gate in GATES:
        sees = (*_XH, Connection(peep[gate], "diagonal")) if peepholes else _XH
        neurons[gate] = Neuron(sees, bias=forget_bias if gate == "forget_gate" else 0.0)
    return Wiring(
        neurons,
        dendrite=(multiply("input_gate"),),
        body=(multiply("forget_gate"),),
        axon=(multiply("output_gate"),),
        name="lstm",
        reference="Hochreiter & Schmidhuber 1997; Gers, Schmidhuber & Cummins 2000",
    )


def lstm_peephole(forget_bias: float = 1.0) -> Wiring:
    """An LSTM whose gates see the cell through diagonals. Gers & Schmidhuber 2000."""
    return lstm(True, forget_bias).but(name="lstm_peephole", reference="Gers & Schmidhuber 2000")


def lstm_coupled(peepholes: bool = False) -> Wiring:
    """f = 1 - i (CIFG). Greff et al. 2015."""
    return _greff("lstm_coupled", peepholes, neurons={"forget_gate": Complement("input_gate")})


def lstm_no_input_gate(peepholes: bool = False, forget_bias: float = 1.0) -> Wiring:
    """c' = f c + z. Greff et al. 2015."""
    return _without("input_gate", peepholes, forget_bias)


def lstm_no_forget_gate(peepholes: bool = False) -> Wiring:
    """c' = c + i z: Hochreiter & Schmidhuber's of 1997. Greff et al. 2015."""
    return _without("forget_gate", peepholes)


def lstm_no_output_gate(peepholes: bool = False, forget_bias: float = 1.0) -> Wiring:
    """h' = tanh(c'). Greff et al. 2015."""
    return _without("output_gate", peepholes, forget_bias)


def lstm_no_input_activation(peepholes: bool = False, forget_bias: float = 1.0) -> Wiring:
    """phi the identity. Greff et al. 2015."""
    linear = {"candidate": Neuron(_XH, "identity")}
    return _greff("lstm_no_input_activation", peepholes, forget_bias, neurons=linear)


def lstm_no_output_activation(peepholes: bool = False, forget_bias: float = 1.0) -> Wiring:
    """psi the identity. Greff et al. 2015."""
    return _greff("lstm_no_output_activation", peepholes, forget_bias, squash="identity")


def lstm_full_gate_recurrence(peepholes: bool = False, forget_bias: float = 1.0) -> Wiring:
    """Each gate sees all three gates a step ago, through nine matrices. Greff et al. 2015."""
    base = lstm(peepholes, forget_bias)
    seen = tuple(Connection(f"previous({gate})") for gate in GATES)
    neurons = {g: Neuron((*base.neurons[g].sees, *seen), bias=base.neurons[g].bias) for g in GATES}
    return base.but(name="lstm_full_gate_recurrence", reference="Greff et al. 2015", neurons=neurons)


def lstm_sensory(peepholes: bool = False, forget_bias: float = 1.0) -> Wiring:
    """A neuron tanh(W x) that all others see instead of x: the essay's question."""
    base = lstm(peepholes, forget_bias)
    neurons = {"sensory": Neuron((Connection("input"),), "tanh", bias=None)}
    for name, neuron in base.neurons.items():
        sees = tuple(Connection("sensory") if c.source == "input" else c for c in neuron.sees)
        neurons[name] = Neuron(sees, neuron.activation, neuron.bias)
    return base.but(name="lstm_sensory", reference="the essay", neurons=neurons)


def gru(at: str = "source", update_bias: float = 0.0) -> Wiring:
    """c' = f c + (1 - f) tanh(W x + U(r c)); f is PyTorch's z. Cho et al. 2014.

    `at`: the reset gate r acts on h before the product ("source", Cho's), or after it ("product", PyTorch's).
    """
    candidate = Neuron((Connection("input"), Connection("output", gated_by="reset_gate", at=at)), "tanh")
    return Wiring(
        {
            "candidate": candidate,
            "forget_gate": Neuron(_XH, bias=update_bias),
            "input_gate": Complement("forget_gate"),
            "reset_gate": Neuron(_XH),
        },
        dendrite=(multiply("input_gate"),),
        body=(multiply("forget_gate"),),
        squash="identity",
        name="gru",
        reference="Cho et al. 2014",
    )


def mgu() -> Wiring:
    """One gate i for everything: c' = (1 - i) c + i tanh(W x + U(i c)). Zhou et al. 2016, whose f is our i."""
    return Wiring(
        {
            "candidate": Neuron((Connection("input"), Connection("output", gated_by="reset_gate")), "tanh"),
            "input_gate": Neuron(_XH),
            "forget_gate": Complement("input_gate"),
            "reset_gate": Same("input_gate"),
        },
        dendrite=(multiply("input_gate"),),
        body=(multiply("forget_gate"),),
        squash="identity",
        name="mgu",
        reference="Zhou et al. 2016",
    )


def janet(shift: float = 1.0, forget_bias: float = 1.0) -> Wiring:
    """c' = sigma(a) c + (1 - sigma(a - shift)) z; only a forget gate. Van der Westhuizen & Lasenby 2018 (beta)."""
    return Wiring(
        {
            "candidate": Neuron(_XH, "tanh"),
            "forget_gate": Neuron(_XH, bias=forget_bias),
            "input_gate": Complement("forget_gate", shift),
        },
        dendrite=(multiply("input_gate"),),
        body=(multiply("forget_gate"),),
        squash="identity",
        name="janet",
        reference="van der Westhuizen & Lasenby 2018",
    )


def sub_lstm(forget_bias: float = 1.0) -> Wiring:
    """Gates that subtract: c' = f c + z - i; h' = sigma(c') - o; all logistic. Costa et al. 2017."""
    return Wiring(
        {
            "candidate": Neuron(_XH),
            "input_gate": Neuron(_XH),
            "forget_gate": Neuron(_XH, bias=forget_bias),
            "output_gate": Neuron(_XH),
        },
        dendrite=(subtract("input_gate"),),
        body=(multiply("forget_gate"),),
        axon=(subtract("output_gate"),),
        squash="logistic",
        name="sub_lstm",
        reference="Costa et al. 2017",
    )


def sub_lstm_fixed(forget: float = 0.9) -> Wiring:
    """A sub_lstm whose forget gate is a learned vector in [0, 1], one value a cell. Costa et al. 2017."""
    vector = {"forget_gate": Constant(forget, learned=True, clip=(0.0, 1.0))}
    return sub_lstm().but(name="sub_lstm_fixed", neurons=vector)


def leaky(tau: float = 10.0, dt: float = 1.0, method: str = "exact", learned: bool = False) -> Wiring:
    """A membrane, tau dV/dt = W x + U h + b - V, whose output is tanh(V)."""
    return Wiring(
        {
            "candidate": Neuron(_XH, "identity"),
            "forget_gate": Membrane(tau, dt, method, learned),
            "input_gate": Complement("forget_gate"),
        },
        dendrite=(multiply("input_gate"),),
        body=(multiply("forget_gate"),),
        name="leaky",
        reference="the membrane equation",
    )


def modulated_membrane(
    tau: float = 10.0, dt: float = 1.0, method: str = "exact", sees: str | tuple[str, ...] = ("modulator",)
) -> Wiring:
    """A membrane whose time constant is set by the sequence `modulator`; weights of 0 give `leaky`.

    `sees`: what the forget gate sees: `modulator`, and by choice `input` and `output`.
    """
    sources = sees if isinstance(sees, list | tuple) else (sees,)
    forget = Neuron(tuple(Connection(source) for source in sources), bias=Membrane(tau, dt, method))
    return leaky(tau, dt, method).but(
        name="modulated_membrane",
        neurons={"forget_gate": forget},
        sequences={"modulator": None},
        reference="the essay's hippocampal time cells",
    )


def simple(activation: str | Callable = "tanh") -> Wiring:
    """h' = tanh(W x + U h + b). Elman 1990."""
    neurons = {"candidate": Neuron(_XH, activation)}
    return Wiring(neurons, body=None, squash="identity", name="simple", reference="Elman 1990")


def independent() -> Wiring:
    """h' = max(W x + u h + b, 0): each unit sees only itself (IndRNN). Li et al. 2018."""
    sees = (Connection("input"), Connection("output", "diagonal", init=(0.0, 1.0)))
    neurons = {"candidate": Neuron(sees, "rectifier")}
    return Wiring(neurons, body=None, squash="identity", name="independent", reference="Li et al. 2018")


def deep_gates(hidden: int | tuple[int, ...] = (32,), forget_bias: float = 1.0) -> Wiring:
    """An LSTM each of whose gates is an MLP of its own, with hidden layers of tanh units: the essay's unfolded gate."""
    base = lstm(forget_bias=forget_bias)
    neurons = {g: Neuron(_XH, bias=base.neurons[g].bias, hidden=hidden) for g in GATES}
    return base.but(name="deep_gates", reference="the essay", neurons=neurons)


def lgn(forget_bias: float = 1.0) -> Wiring:
    """The essay's example: a cell of the lateral geniculate nucleus.

    The input gate sees the retina (`input`) and the visual cortex (`feedback`; the unit's own output where none is
    given). The forget gate sees what the input gate sees, the input gate itself, the cell, and the `hippocampus`. The
    output gate sees what the input gate sees, and acts at the axon.
    """
    sees = (Connection("input"), Connection("feedback"))
    forget = (*sees, Connection("input_gate"), Connection("cell", "diagonal"), Connection("hippocampus"))
    return Wiring(
        {
            "candidate": Neuron(_XH, "tanh"),
            "input_gate": Neuron(sees),
            "forget_gate": Neuron(forget, bias=forget_bias),
            "output_gate": Neuron(sees),
        },
        dendrite=(multiply("input_gate"),),
        body=(multiply("forget_gate"),),
        axon=(multiply("output_gate"),),
        sequences={"feedback": "output", "hippocampus": None},
        name="lgn",
        reference="the essay",
    )


def _greff(name: str, peepholes: bool, forget_bias: float = 1.0, **changes) -> Wiring:
    """An ablation of the peephole LSTM; without peepholes it is of Greff's "no peepholes"."""
    base = lstm(peepholes, forget_bias)
    return base.but(name=name, reference="Greff et al. 2015", **changes)


def _without(gate: str, peepholes: bool, forget_bias: float = 1.0) -> Wiring:
    base = lstm(peepholes, forget_bias)
    neurons = {name: neuron for name, neuron in base.neurons.items() if name != gate}
    places = {"dendrite": base.dendrite, "body": base.body, "axon": base.axon, _PLACE[gate]: ()}
    return Wiring(neurons, **places, name=f"lstm_no_{gate}", reference="Greff et al. 2015")


WIRINGS: dict[str, Callable[..., Wiring]] = {
    recipe.__name__: recipe
    for recipe in (
        lstm,
        lstm_peephole,
        lstm_coupled,
        lstm_no_input_gate,
        lstm_no_forget_gate,
        lstm_no_output_gate,
        lstm_no_input_activation,
        lstm_no_output_activation,
        lstm_full_gate_recurrence,
        lstm_sensory,
        gru,
        mgu,
        janet,
        sub_lstm,
        sub_lstm_fixed,
        leaky,
        modulated_membrane,
        simple,
        independent,
        deep_gates,
        lgn,
    )
}


def named(name: str, **options) -> Wiring:
    """One of WIRINGS, with its options.

    >>> named("lstm", peepholes=True).neurons["output_gate"].sees[-1]
    Connection(source='new_cell', kind='diagonal', gated_by=None, at='source', init=None)
    """
    if not isinstance(name, str) or name not in WIRINGS:
        raise UsageError(f"unknown wiring {name!r}; {nearest(str(name), WIRINGS)}")
    known = signature(WIRINGS[name]).parameters
    for option in options:
        if option not in known:
            raise UsageError(f"wiring {name}: unknown option {option!r}; {nearest(option, known)}")
    return WIRINGS[name](**options)
