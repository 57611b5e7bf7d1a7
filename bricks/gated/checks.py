"""What a wiring must be to work; each refusal names the neuron and the source."""

import math
from collections.abc import Mapping
from numbers import Real

import numpy as np

from bricks.errors import UsageError, nearest
from bricks.gated.activations import activation_of
from bricks.gated.neurons import decay_of
from bricks.gated.wiring import (
    ACTIONS,
    CONNECTIONS,
    POINTS,
    RESERVED,
    STATES,
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


def check_wiring(wiring: Wiring) -> None:
    """UsageError for a wiring that cannot work."""
    who = wiring.name
    if not isinstance(who, str):
        raise UsageError(f"wiring: name must be text, got {who!r}")
    if not isinstance(wiring.neurons, Mapping):
        raise UsageError(f"{who}: neurons must be a mapping from names, got {wiring.neurons!r}")
    if not isinstance(wiring.sequences, Mapping):
        raise UsageError(
            f"{who}: sequences must be names, or a mapping from names to what stands in, got {wiring.sequences!r}"
        )
    for name in [*wiring.neurons, *wiring.sequences]:
        if not isinstance(name, str) or not name.isidentifier() or name in RESERVED or name.startswith("final_"):
            raise UsageError(
                f"{who}: a neuron or sequence must be named by an identifier that is not one of "
                f"{', '.join(RESERVED)} and does not start with final_, got {name!r}"
            )
    for name in wiring.sequences:
        if name in wiring.neurons:
            raise UsageError(f"{who}: {name} is both a neuron and a sequence; give one of them another name")
    if "candidate" not in wiring.neurons or not isinstance(wiring.neurons["candidate"], Neuron):
        raise UsageError(
            f"{who}: neurons must have `candidate`, the cell's dendrites, that sees something; "
            f"got {', '.join(wiring.neurons) or 'none'}"
        )
    for name, neuron in wiring.neurons.items():
        _check_neuron(wiring, name, neuron)
    for place in ("dendrite", "body", "axon"):
        actions = getattr(wiring, place)
        if actions is None and place == "body":
            continue
        if not isinstance(actions, tuple):
            raise UsageError(f"{who}: {place} must hold actions, got {actions!r}; write multiply('forget_gate')")
        for action in actions:
            _check_action(wiring, place, action)
    activation_of(wiring.squash, f"{who}: squash")
    for name, stand_in in wiring.sequences.items():
        if stand_in is not None and stand_in not in STATES:
            raise UsageError(
                f"{who}: what stands in for the sequence {name} must be one of {', '.join(STATES)}, got {stand_in!r}"
            )
    seen = {c.source for neuron in wiring.neurons.values() if isinstance(neuron, Neuron) for c in neuron.sees}
    for name in wiring.sequences:
        if name not in seen:
            raise UsageError(
                f"{who}: sequences has {name!r}, which no neuron sees; let one see it, or leave it out (`like` and "
                "but() keep the sequences of the wiring that they begin from: begin from one without it)"
            )
    _check_order(wiring)


def _check_neuron(wiring: Wiring, name: str, neuron) -> None:
    who = f"{wiring.name}/{name}"
    if isinstance(neuron, Complement | Same):
        kind = "complement" if isinstance(neuron, Complement) else "same"
        if not _has(wiring, neuron.of):
            known = nearest(neuron.of, wiring.neurons)
            raise UsageError(f"{who}: is {kind} of {neuron.of!r}, which is not a neuron of the unit; {known}")
        other = _meant(wiring, neuron.of)
        if isinstance(neuron, Complement) and isinstance(other, Complement):
            mutual = other.of == name
            raise UsageError(
                f"{who}: is the complement of {neuron.of}, which is the complement of {other.of}"
                + ("; of two gates that complement each other one must see something" if mutual else "; say same")
            )
        if isinstance(neuron, Complement):
            _check_number(f"{who}: shift", neuron.shift)
            if neuron.shift and not isinstance(other, Neuron | Same):
                raise UsageError(
                    f"{who}: is the shifted complement of {neuron.of}, a constant, which has no sum to shift, "
                    f"got shift={neuron.shift}; leave it out"
                )
    elif isinstance(neuron, Constant):
        _check_values(f"{who}: the constant", neuron.value)
        _check_flag(f"{who}: learned", neuron.learned)
        if neuron.clip is not None:
            _check_interval(f"{who}: clip", neuron.clip)
            low, high = neuron.clip
            if not all(low <= value <= high for value in _each(neuron.value)):
                raise UsageError(
                    f"{who}: the constant must lie within clip={neuron.clip}, got {neuron.value}; change one of them"
                )
    elif isinstance(neuron, Membrane):
        check_membrane(who, neuron)
    elif isinstance(neuron, Neuron):
        activation_of(neuron.activation, f"{who}: activation")
        activation_of(neuron.hidden_activation, f"{who}: hidden_activation")
        widths = neuron.hidden if isinstance(neuron.hidden, tuple) else (None,)
        if not all(isinstance(width, int) and not isinstance(width, bool) and width >= 1 for width in widths):
            raise UsageError(
                f"{who}: hidden must be whole numbers of at least 1, a layer's width each, got {neuron.hidden!r}"
            )
        if isinstance(neuron.bias, Membrane):
            check_membrane(f"{who}: bias", neuron.bias)
            _check_invertible(f"{who}: bias", neuron.bias)
            if neuron.activation != "logistic" or neuron.bias.learned:
                raise UsageError(
                    f"{who}: a membrane as bias is the first decay sigma(b) of a logistic neuron, and is learned as b, "
                    f"got activation={neuron.activation!r}, learned={neuron.bias.learned}"
                )
        elif neuron.bias is not None:
            _check_init(f"{who}: bias", neuron.bias)
        if not isinstance(neuron.sees, tuple):
            raise UsageError(f"{who}: sees must be a tuple of connections, got {neuron.sees!r}")
        if not neuron.sees:
            raise UsageError(f"{who}: must see something; a gate that sees nothing is a Constant")
        for connection in neuron.sees:
            _check_connection(wiring, who, name, connection)
        seen = [c.label for c in neuron.sees]
        for label in seen:
            if seen.count(label) > 1:
                raise UsageError(f"{who}: sees {label} twice; one connection a source")
    else:
        raise UsageError(
            f"{who}: must be a Neuron, Constant, Membrane, Complement or Same, got {neuron!r}; "
            "a mapping is read by Wiring's notation: bricks.gated.wiring_of(mapping)"
        )


def _has(wiring: Wiring, name) -> bool:
    """Whether it is the name of a neuron; it may be anything, even what cannot be hashed."""
    return isinstance(name, str) and name in wiring.neurons


def _meant(wiring: Wiring, name: str):
    """The neuron itself, where a name is the same as others; a circle of such names is refused later."""
    passed = set()
    while _has(wiring, name) and isinstance(wiring.neurons[name], Same) and name not in passed:
        passed.add(name)
        name = wiring.neurons[name].of
    return wiring.neurons[name] if _has(wiring, name) else None


def check_membrane(who: str, membrane: Membrane) -> None:
    """tau > 0, and tau >= dt for Euler's method, whose decay would be negative."""
    if membrane.method not in ("exact", "euler"):
        raise UsageError(f"{who}: method must be exact or euler, got {membrane.method!r}")
    _check_number(f"{who}: dt", membrane.dt)
    _check_values(f"{who}: tau", membrane.tau)
    _check_flag(f"{who}: learned", membrane.learned)
    taus = _each(membrane.tau)
    if membrane.dt <= 0 or min(taus) <= 0:
        raise UsageError(f"{who}: tau and dt must be above 0, got tau={membrane.tau}, dt={membrane.dt}")
    if membrane.method == "euler" and min(taus) < membrane.dt:
        raise UsageError(
            f"{who}: with Euler's method tau must be at least dt, since 1 - dt/tau would be negative, "
            f"got tau={membrane.tau}, dt={membrane.dt}; take smaller steps, or method exact"
        )


def _check_invertible(who: str, membrane: Membrane) -> None:
    """A decay f that b = log f - log(1 - f) is finite for: in float64 neither 0 nor 1."""
    for tau in _each(membrane.tau):
        decay = decay_of(membrane, np.float64(tau))
        if decay in (0, 1):
            remedy = "take longer steps" if decay else "take smaller steps"
            remedy += ", or method exact" if membrane.method == "euler" and not decay else ""
            raise UsageError(
                f"{who}: no finite b gives a decay of {decay:.0f}, which method {membrane.method} has (in float64) "
                f"with tau={tau}, dt={membrane.dt}; {remedy}"
            )


def _check_connection(wiring: Wiring, who: str, name: str, connection: Connection) -> None:
    if not isinstance(connection, Connection):
        raise UsageError(f"{who}: sees must be connections, got {connection!r}; write Connection('input')")
    source = connection.source
    if not isinstance(source, str):
        raise UsageError(f"{who}: a source must be named by text, got {source!r}; write Connection('input')")
    before = previous_of(source)
    known = ["input", *STATES, "new_cell", *wiring.neurons, *wiring.sequences]
    if (before if before is not None else source) not in (wiring.neurons if before is not None else known):
        known += [f"previous({n})" for n in wiring.neurons]
        raise UsageError(
            f"{who}: sees {source!r}, which is neither a sequence, a state nor a neuron of the unit; "
            f"{nearest(source, known)}; sequences besides `input` are named in `sequences`"
        )
    if connection.kind not in CONNECTIONS:
        raise UsageError(
            f"{who}: the connection to {source} must be one of {', '.join(CONNECTIONS)}, got {connection.kind!r}"
        )
    if connection.at not in POINTS:
        raise UsageError(f"{who}: `at` of the connection to {source} must be source or product, got {connection.at!r}")
    gate = connection.gated_by
    if gate is None and connection.at == "product":
        raise UsageError(
            f"{who}: `at: product` says where the connection to {source} is gated, and nothing gates it; "
            "say gated_by: NEURON, or leave `at` out"
        )
    if gate is not None and not _has(wiring, gate):
        raise UsageError(
            f"{who}: the connection to {source} is gated by {gate!r}, which is not a neuron of the unit; "
            f"{nearest(gate, wiring.neurons)}"
        )
    if connection.init is not None:
        _check_init(f"{who}: init of the connection to {source}", connection.init)


def _check_action(wiring: Wiring, place: str, action) -> None:
    if not isinstance(action, Action):
        raise UsageError(f"{wiring.name}: {place} must hold actions, got {action!r}; write multiply('forget_gate')")
    if action.kind not in ACTIONS:
        raise UsageError(
            f"{wiring.name}: an action at {place} must be one of {', '.join(ACTIONS)}, got {action.kind!r}"
        )
    if not _has(wiring, action.neuron):
        raise UsageError(
            f"{wiring.name}: {place} has {action.kind} {action.neuron!r}, which is not a neuron of the unit; "
            f"{nearest(action.neuron, wiring.neurons)}"
        )
    _check_number(f"{wiring.name}: strength of {action.kind} {action.neuron} at {place}", action.strength)


def _check_order(wiring: Wiring) -> None:
    """No neuron can wait for itself within a step, nor for the new cell before that exists."""
    path: list[str] = []
    done: set[str] = set()

    def visit(name: str) -> None:
        if name in path:
            circle = [*path[path.index(name) :], name]
            shown = " <- ".join(circle)
            if "new_cell" in circle:
                turned = circle[circle.index("new_cell") : -1] + circle[: circle.index("new_cell")]
                late = turned[-1]
                raise UsageError(
                    f"{wiring.name}/{late}: sees new_cell before it exists, since the new cell is computed from it "
                    f"({shown}); let it see `cell`, or act at the axon only"
                )
            raise UsageError(
                f"{wiring.name}: neurons of one step must not wait for each other in a circle, got {shown}; "
                f"let one see previous({circle[1]})"
            )
        if name in done:
            return
        path.append(name)
        for other in depends_on(wiring, name):
            visit(other)
        done.add(path.pop())

    for name in ["new_cell", *wiring.neurons]:
        visit(name)


def _check_number(what: str, value) -> None:
    if not isinstance(value, Real) or isinstance(value, bool) or not math.isfinite(value):
        raise UsageError(f"{what} must be a finite number, got {value!r}")


def _check_flag(what: str, value) -> None:
    if not isinstance(value, bool):
        raise UsageError(f"{what} must be true or false, got {value!r}")


def _each(value) -> tuple:
    return value if isinstance(value, tuple) else (value,)


def _check_values(what: str, value) -> None:
    for each in _each(value):
        _check_number(what if not isinstance(value, tuple) else f"{what}, one number a cell,", each)
    if isinstance(value, tuple) and not value:
        raise UsageError(f"{what} must be a number, or one a cell, got none")


def _check_interval(what: str, value) -> None:
    if not isinstance(value, tuple) or len(value) != 2:
        raise UsageError(f"{what} must be two numbers, low and high, got {value!r}")
    for each in value:
        _check_number(what, each)
    if value[0] >= value[1]:
        raise UsageError(f"{what} must be low and then high, got {value}")


def _check_init(what: str, value) -> None:
    if isinstance(value, tuple):
        _check_interval(what, value)
    else:
        _check_number(what, value)
