"""What a wiring must be to work; each refusal names the neuron and the source."""

import math

from bricks.errors import UsageError, nearest
from bricks.gated.activations import activation_of
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
        for action in getattr(wiring, place) or ():
            _check_action(wiring, place, action)
    activation_of(wiring.squash, f"{who}: squash")
    for name, stand_in in wiring.sequences.items():
        if stand_in is not None and stand_in not in STATES:
            raise UsageError(
                f"{who}: what stands in for the sequence {name} must be one of {', '.join(STATES)}, got {stand_in!r}"
            )
    _check_order(wiring)


def _check_neuron(wiring: Wiring, name: str, neuron) -> None:
    who = f"{wiring.name}/{name}"
    if isinstance(neuron, Complement | Same):
        kind = "complement" if isinstance(neuron, Complement) else "same"
        if neuron.of not in wiring.neurons:
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
        if neuron.clip is not None:
            _check_interval(f"{who}: clip", neuron.clip)
    elif isinstance(neuron, Membrane):
        check_membrane(who, neuron)
    elif isinstance(neuron, Neuron):
        activation_of(neuron.activation, f"{who}: activation")
        activation_of(neuron.hidden_activation, f"{who}: hidden_activation")
        for width in neuron.hidden:
            if not isinstance(width, int) or isinstance(width, bool) or width < 1:
                raise UsageError(f"{who}: hidden must be widths of at least 1, got {neuron.hidden}")
        if isinstance(neuron.bias, Membrane):
            check_membrane(f"{who}: bias", neuron.bias)
            taus = neuron.bias.tau if isinstance(neuron.bias.tau, tuple) else (neuron.bias.tau,)
            if neuron.bias.method == "euler" and min(taus) == neuron.bias.dt:
                raise UsageError(
                    f"{who}: bias: no finite b gives a decay of 0, as Euler's method has at tau = dt, "
                    f"got tau={neuron.bias.tau}, dt={neuron.bias.dt}; take smaller steps, or method exact"
                )
            if neuron.activation != "logistic" or neuron.bias.learned:
                raise UsageError(
                    f"{who}: a membrane as bias is the first decay sigma(b) of a logistic neuron, and is learned as b, "
                    f"got activation={neuron.activation!r}, learned={neuron.bias.learned}"
                )
        elif neuron.bias is not None:
            _check_init(f"{who}: bias", neuron.bias)
        if not isinstance(neuron.sees, tuple | list):
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


def _meant(wiring: Wiring, name: str):
    """The neuron itself, where a name is the same as others; a circle of such names is refused later."""
    passed = set()
    while isinstance(wiring.neurons.get(name), Same) and name not in passed:
        passed.add(name)
        name = wiring.neurons[name].of
    return wiring.neurons.get(name)


def check_membrane(who: str, membrane: Membrane) -> None:
    """tau > 0, and tau >= dt for Euler's method, whose decay would be negative."""
    if membrane.method not in ("exact", "euler"):
        raise UsageError(f"{who}: method must be exact or euler, got {membrane.method!r}")
    _check_number(f"{who}: dt", membrane.dt)
    _check_values(f"{who}: tau", membrane.tau)
    taus = membrane.tau if isinstance(membrane.tau, tuple) else (membrane.tau,)
    if membrane.dt <= 0 or min(taus) <= 0:
        raise UsageError(f"{who}: tau and dt must be above 0, got tau={membrane.tau}, dt={membrane.dt}")
    if membrane.method == "euler" and min(taus) < membrane.dt:
        raise UsageError(
            f"{who}: with Euler's method tau must be at least dt, since 1 - dt/tau would be negative, "
            f"got tau={membrane.tau}, dt={membrane.dt}; take smaller steps, or method exact"
        )


def _check_connection(wiring: Wiring, who: str, name: str, connection: Connection) -> None:
    if not isinstance(connection, Connection):
        raise UsageError(f"{who}: sees must be connections, got {connection!r}; write Connection('input')")
    source, before = connection.source, previous_of(connection.source)
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
    if gate is not None and gate not in wiring.neurons:
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
    if action.neuron not in wiring.neurons:
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
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise UsageError(f"{what} must be a finite number, got {value!r}")


def _check_values(what: str, value) -> None:
    for each in value if isinstance(value, tuple) else (value,):
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
