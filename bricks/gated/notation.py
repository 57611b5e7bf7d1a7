"""Wirings as mappings, as a YAML config writes them.

    like: lstm                                   # start from one of WIRINGS (optional), with its options
    sequences: [hippocampus]                     # besides `input`; or {feedback: output}: what stands in
    neurons:
      candidate: {sees: [input, output], activation: tanh}
      forget_gate: {sees: {input: dense, output: dense, cell: diagonal}, bias: 1}
      input_gate: {complement: forget_gate, shift: 1}
      reset_gate: {sees: [input, output], hidden: [32]}
      leak: {tau: 20, dt: 1, method: exact, learned: true}
      half: {constant: 0.5}
      twin: {same: forget_gate}
    dendrite: [{multiply: input_gate}]
    body: [{multiply: forget_gate}]              # or: cut
    axon: [{shunt: reset_gate, strength: 0.5}]
    squash: tanh

A connection that is gated: `output: {gated_by: reset_gate, at: source}`.
"""

from collections.abc import Mapping
from dataclasses import fields

from bricks.errors import UsageError, nearest
from bricks.gated.wiring import (
    ACTIONS,
    Action,
    Complement,
    Connection,
    Constant,
    Membrane,
    Neuron,
    Same,
    Wiring,
)

_KINDS = {"sees": Neuron, "constant": Constant, "tau": Membrane, "complement": Complement, "same": Same}
_FIRST = {Complement: "complement", Same: "same", Constant: "constant"}
_PARTS = ("like", "name", "reference", "neurons", "sequences", "dendrite", "body", "axon", "squash")


def wiring_of(given, who: str = "wiring") -> Wiring:
    """A wiring from its name, from a mapping, or as it is.

    Parameters
    ----------
    given : str, mapping or Wiring
        A mapping as in this module's heading; with `like`, further keys are options of that wiring.
    who : str
        Begins the error messages.

    Raises
    ------
    UsageError
        If something in it is unknown, of a wrong kind, or cannot work.

    >>> wiring_of({"like": "lstm", "axon": []}).one_state, wiring_of({"like": "gru", "at": "product"}).name
    (False, 'gru')
    """
    from bricks.gated.wirings import named

    if isinstance(given, Wiring):
        return given
    if isinstance(given, str):
        return named(given)
    if not isinstance(given, Mapping):
        raise UsageError(f"{who}: must be a wiring's name, a mapping or a Wiring, got {given!r}")
    own = {key: value for key, value in given.items() if key in _PARTS and key != "like"}
    others = {key: value for key, value in given.items() if key not in _PARTS}
    for key in others:
        if "like" not in given or not isinstance(key, str):
            raise UsageError(f"{who}: unknown key {key!r}; {nearest(key, _PARTS)}")
    if "like" not in given:
        if "neurons" not in own:
            raise UsageError(f"{who}: must have neurons, or be `like` one of the known wirings; got {dict(given)!r}")
        return Wiring(**{"name": "gated_unit", **_parts(own, who)})
    base = named(given["like"], **others)
    parts = _parts(own, who)
    return base.but(**{"name": "gated_unit", **parts}) if parts else base


def _parts(own: Mapping, who: str) -> dict:
    parts = dict(own)
    if "neurons" in own:
        if not isinstance(own["neurons"], Mapping):
            raise UsageError(f"{who}: neurons must be a mapping from names, got {own['neurons']!r}")
        parts["neurons"] = {name: neuron_of(value, f"{who}/{name}") for name, value in own["neurons"].items()}
    for place in ("dendrite", "body", "axon"):
        if place in own:
            cut = place == "body" and (own[place] is None or own[place] == "cut")
            parts[place] = None if cut else tuple(_action(a, f"{who}: {place}") for a in _listed(own[place]))
    return parts


def neuron_of(given, who: str):
    """A neuron from a mapping, or as it is."""
    if not isinstance(given, Mapping):
        if isinstance(given, Neuron | Constant | Membrane | Complement | Same):
            return given
        raise UsageError(f"{who}: must be a mapping such as {{sees: [input, output]}}, got {given!r}")
    kinds = [key for key in _KINDS if key in given]
    if len(kinds) != 1:
        what = " and ".join(kinds) or "none of them"
        extra = "; a gate that is another's complement or the same has no connections of its own" if kinds else ""
        raise UsageError(f"{who}: must have one of {', '.join(_KINDS)}, got {what}{extra}")
    kind = _KINDS[kinds[0]]
    settings = dict(given)
    if kind in _FIRST:
        settings["value" if kind is Constant else "of"] = settings.pop(_FIRST[kind])
    known = [f.name for f in fields(kind)]
    for key in settings:
        if key not in known:
            shown = [_FIRST.get(kind, name) if name in ("of", "value") else name for name in known]
            raise UsageError(f"{who}: unknown key {key!r}; {nearest(key, shown)}")
    if "sees" in settings:
        settings["sees"] = _connections(settings["sees"], who)
    if settings.get("bias") is False:
        settings["bias"] = None
    elif settings.get("bias") is True:
        settings["bias"] = 0.0
    elif isinstance(settings.get("bias"), Mapping):
        settings["bias"] = neuron_of(settings["bias"], f"{who}: bias")
    return kind(**settings)


def _connections(given, who: str) -> tuple[Connection, ...]:
    if isinstance(given, Mapping):
        return tuple(_connection(source, how, who) for source, how in given.items())
    return tuple(c if isinstance(c, Connection) else _connection(c, "dense", who) for c in _listed(given))


def _connection(source, how, who: str) -> Connection:
    if not isinstance(source, str):
        raise UsageError(f"{who}: a source must be named by text, got {source!r}")
    if how is None or isinstance(how, str):
        return Connection(source, how or "dense")
    if not isinstance(how, Mapping):
        raise UsageError(f"{who}: the connection to {source} must be a kind or a mapping, got {how!r}")
    known = ("kind", "gated_by", "at", "init")
    for key in how:
        if key not in known:
            raise UsageError(f"{who}: the connection to {source} has an unknown key {key!r}; {nearest(key, known)}")
    return Connection(source, **how)


def _action(given, who: str) -> Action:
    if isinstance(given, Action):
        return given
    kinds = [key for key in ACTIONS if isinstance(given, Mapping) and key in given]
    if len(kinds) != 1 or set(given) - {kinds[0], "strength"}:
        raise UsageError(
            f"{who}: an action must be one of {', '.join(ACTIONS)} with a neuron, and may have a strength, such as "
            f"{{multiply: forget_gate, strength: 0.5}}; got {given!r}"
        )
    return Action(kinds[0], given[kinds[0]], given.get("strength", 1.0))


def _listed(given) -> list:
    return list(given) if isinstance(given, list | tuple) else [given]
