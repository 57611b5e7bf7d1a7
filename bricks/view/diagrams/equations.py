"""The equations of a wiring, as the literature writes them: columns, W for the input, U for the output a step ago."""

from collections.abc import Callable

from bricks.gated.wiring import (
    Action,
    Complement,
    Connection,
    Constant,
    Membrane,
    Neuron,
    Same,
    Wiring,
    depends_on,
    previous_of,
)
from bricks.view.page import shortened

_LETTERS = {"candidate": "z", "input_gate": "i", "forget_gate": "f", "output_gate": "o", "reset_gate": "r"}
_TAKEN = set("xhcbtWUVτ")
_FUNCTIONS = {"logistic": "σ", "tanh": "tanh", "rectifier": "relu", "softplus": "softplus", "identity": ""}


def letters(wiring: Wiring) -> dict[str, str]:
    """A short symbol for each neuron: the usual letter, the first of its name where that is free, or its name.

    >>> from bricks.gated import WIRINGS
    >>> letters(WIRINGS["gru"]())
    {'candidate': 'z', 'forget_gate': 'f', 'input_gate': 'i', 'reset_gate': 'r'}
    """
    found = {name: letter for name, letter in _LETTERS.items() if name in wiring.neurons}
    for name in wiring.neurons:
        if name not in found:
            free = name[0] not in {*_TAKEN, *found.values()}
            found[name] = name[0] if free else _word(name)
    return {name: found[name] for name in wiring.neurons}


def function(activation: str | Callable) -> str:
    """What an activation is called in a formula.

    >>> function("logistic"), function("identity")
    ('σ', '')
    """
    if isinstance(activation, str):
        return _FUNCTIONS.get(activation, activation)
    name = getattr(activation, "__name__", "")
    return name if name.isidentifier() else "φ"


def source(name: str, symbols: dict[str, str]) -> str:
    """What a neuron sees, as a symbol with its time.

    >>> source("output", {}), source("previous(input_gate)", {"input_gate": "i"}), source("hippocampus", {})
    ('h_{t-1}', 'i_{t-1}', 'hippocampus_t')
    """
    own = {"input": "x_t", "output": "h_{t-1}", "cell": "c_{t-1}", "new_cell": "c_t"}
    before = previous_of(name)
    if before is not None:
        return f"{symbols[before]}_{{t-1}}"
    return own.get(name) or f"{symbols.get(name) or _word(name)}_t"


def _word(name: str) -> str:
    return shortened(name.replace("_", " "), 14)


def equations(wiring: Wiring) -> list[str]:
    """The equations of one step, in an order in which they can be worked out, in the marks of `drawing.maths`.

    >>> from bricks.gated import WIRINGS
    >>> for line in equations(WIRINGS["gru"]()):
    ...     print(line)
    f_t = σ(W_f x_t + U_f h_{t-1} + b_f)
    i_t = 1 − f_t
    r_t = σ(W_r x_t + U_r h_{t-1} + b_r)
    z_t = tanh(W_z x_t + U_z (r_t ⊙ h_{t-1}) + b_z)
    h_t = f_t ⊙ h_{t-1} + i_t ⊙ z_t
    """
    symbols, lines = letters(wiring), []
    for name in _order(wiring):
        if name == "new_cell":
            lines.append(_cell(wiring, symbols))
        else:
            lines.append(f"{symbols[name]}_t = {_neuron(wiring, name, symbols)}")
    if not wiring.one_state:
        h = _acted(_called(function(wiring.squash), "c_t"), wiring.acting("axon"), symbols)
        lines.append(f"h_t = {h}")
    return lines


def _order(wiring: Wiring) -> list[str]:
    order: list[str] = []
    waiting = [*wiring.neurons, "new_cell"]
    while waiting:
        name = next(n for n in waiting if all(other in order for other in depends_on(wiring, n)))
        order.append(name)
        waiting.remove(name)
    return order


def _cell(wiring: Wiring, symbols: dict[str, str]) -> str:
    state = "h" if wiring.one_state else "c"
    new = _acted(f"{symbols['candidate']}_t", wiring.acting("dendrite"), symbols)
    if wiring.body is None:
        return f"{state}_t = {new}"
    return f"{state}_t = {_acted(f'{state}_{{t-1}}', wiring.acting('body'), symbols)} + {new}"


def _acted(value: str, actions: tuple[Action, ...], symbols: dict[str, str]) -> str:
    """What actions make of a value."""
    for action in actions:
        k, g = action.strength, f"{symbols[action.neuron]}_t"
        sign, kg = "−" if k < 0 else "+", g if abs(k) == 1 else f"{abs(k):g} {g}"
        whole = f"({value})" if " − " in value or " + " in value else value
        if action.kind == "multiply":
            value = f"{g} ⊙ {whole}" if k == 1 else f"({1 - k:g} {sign} {kg}) ⊙ {whole}"
        elif action.kind == "subtract":
            value = f"{value} {'+' if k < 0 else '−'} {kg}"
        else:
            value = f"{whole} / (1 {sign} {kg})"
    return value


def _neuron(wiring: Wiring, name: str, symbols: dict[str, str]) -> str:
    neuron, own = wiring.neurons[name], symbols[name]
    if isinstance(neuron, Same):
        return f"{symbols[neuron.of]}_t"
    if isinstance(neuron, Complement):
        if not neuron.shift:
            return f"1 − {symbols[neuron.of]}_t"
        other = wiring.neurons[neuron.of]
        act = function(other.activation) if isinstance(other, Neuron) else "σ"
        sign = "−" if neuron.shift > 0 else "+"
        return f"1 − {act}(a_{{{symbols[neuron.of]},t}} {sign} {abs(neuron.shift):g})"
    if isinstance(neuron, Constant | Membrane):
        return constant(neuron)
    total = " + ".join(_seen(connection, own, symbols) for connection in neuron.sees)
    if neuron.bias is not None:
        total += f" + b_{_below(own)}"
    for k, _ in enumerate(neuron.hidden, start=1):
        total = f"V_{{{own}{k}}} {_called(function(neuron.hidden_activation), total)} + b_{{{own}{k}}}"
    return _called(function(neuron.activation), total)


def constant(neuron: Constant | Membrane) -> str:
    """What a gate is that sees nothing."""
    learned = ", learned" if neuron.learned else ""
    if isinstance(neuron, Membrane):
        tau = f"{neuron.tau:g}" if isinstance(neuron.tau, float | int) else "one a cell"
        decay = f"exp(−{neuron.dt:g}/τ)" if neuron.method == "exact" else f"1 − {neuron.dt:g}/τ"
        return f"{decay},  τ = {tau}{learned}"
    value = f"{neuron.value:g}" if isinstance(neuron.value, float | int) else "one a cell"
    clip = "" if neuron.clip is None else f", from {neuron.clip[0]:g} to {neuron.clip[1]:g}"
    return f"{value}{learned}{clip}"


def _seen(connection: Connection, own: str, symbols: dict[str, str]) -> str:
    """One connection's part of a sum."""
    seen, gate = source(connection.source, symbols), connection.gated_by
    weight = {"input": "W", "output": "U", "cell": "V", "new_cell": "V"}.get(connection.source)
    below = _below(own if weight else f"{own},{seen.partition('_')[0]}")
    weight = weight or "W"
    gated = seen if gate is None else f"({symbols[gate]}_t ⊙ {seen})"
    value = gated if connection.at == "source" else seen
    if connection.kind == "dense":
        value = f"{weight}_{below} {value}"
    elif connection.kind == "diagonal":
        value = f"{weight.lower()}_{below} ⊙ {value}"
    if gate is not None and connection.at == "product":
        value = f"{symbols[gate]}_t ⊙ ({value} + b'_{_below(own)})"
    return value


def _below(label: str) -> str:
    return label if len(label) == 1 else f"{{{label}}}"


def _called(name: str, argument: str) -> str:
    return f"{name}({argument})" if name else argument
