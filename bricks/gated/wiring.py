"""Wirings: which neurons a gated unit has, what each sees, and where it acts. A variant is such a piece of data.

    z_t = candidate                            dendrite: what the dendrites bring, gated
    c_t = body(c_{t-1}) + dendrite(z_t)        body: the cell's own past, gated; cut = no past at all
    h_t = axon(psi(c_t))                       axon: the squashed cell, gated

Each place holds actions, applied in order. This module has the data and its algebra's grammar; `notation` reads
it from mappings, `checks` refuses what cannot work, `unit` makes bricks of it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace

import numpy as np

from bricks.gated.activations import canonical

ACTIONS = ("multiply", "subtract", "shunt")
CONNECTIONS = ("dense", "diagonal", "direct")
POINTS = ("source", "product")
STATES = ("output", "cell")
_ARGUMENTS = ("self", "input_", "mask", "initial", "reverse", "clamp", "nudge", "sequences")
_OF_DICT = tuple(name for name in dir(dict) if not name.startswith("_"))  # a trace is a dict
RESERVED = ("input", "output", "cell", "new_cell", "previous", *_ARGUMENTS, *_OF_DICT)
_PREVIOUS = re.compile(r"previous\((\w+)\)")


class _Plain:
    """Fields as a config would have them: Python's numbers instead of NumPy's, tuples instead of lists and arrays."""

    def __post_init__(self):
        for each in fields(self):
            value = getattr(self, each.name)
            value = value.tolist() if isinstance(value, np.ndarray | np.generic) else value
            object.__setattr__(self, each.name, tuple(value) if isinstance(value, list) else value)


@dataclass(frozen=True)
class Connection(_Plain):
    """What a neuron sees, and through what.

    Parameters
    ----------
    source : str
        `input`, another sequence's name, `output` (h_{t-1}), `cell` (c_{t-1}), `new_cell` (c_t), another neuron of
        the same step, or `previous(n)`: neuron n a step ago.
    kind : {"dense", "diagonal", "direct"}
        A matrix, a vector (to the cell this is a peephole), or the identity.
    gated_by : str, optional
        A neuron r that the connection is multiplied by.
    at : {"source", "product"}
        `source`: U(r * s), as in Cho et al. 2014. `product`: r * (U s + b), the product with a bias of its own, as in
        cuDNN and PyTorch.
    init : float or (low, high), optional
        First values: a number, or uniform between two; by default Glorot's for matrices from outside, orthogonal
        ones from the unit itself, and N(0, 0.1^2) for vectors.
    """

    source: str
    kind: str = "dense"
    gated_by: str | None = None
    at: str = "source"
    init: float | tuple[float, float] | None = None

    @property
    def label(self) -> str:
        """Of its parameters: `W_output`, `w_cell`, `W_previous_input_gate`."""
        return _PREVIOUS.sub(r"previous_\1", self.source)


@dataclass(frozen=True)
class Neuron(_Plain):
    """a = sum over what it sees + b;  its activation is act(a).

    Parameters
    ----------
    sees : tuple of Connection
    activation : str or callable
        A name (`logistic` or `sigmoid`, `tanh`, `rectifier` or `relu`, `identity`, `softplus`), or a function of a
        symbolic variable.
    bias : float, (low, high), Membrane or None
        First value of b, or limits that it is drawn between; a membrane's is such that sigma(b) is its decay. None for
        no b.
    hidden : tuple of int, or int
        Widths of hidden layers between what it sees and the neuron itself.
    hidden_activation : str or callable
    """

    sees: tuple[Connection, ...]
    activation: str | Callable = "logistic"
    bias: "float | tuple[float, float] | Membrane | None" = 0.0
    hidden: tuple[int, ...] = ()
    hidden_activation: str | Callable = "tanh"

    def __post_init__(self):
        super().__post_init__()
        hidden = (self.hidden,) if isinstance(self.hidden, int) else self.hidden
        sees = (self.sees,) if isinstance(self.sees, Connection) else self.sees
        own = {"hidden": hidden, "sees": sees, "activation": canonical(self.activation)}
        for name, value in (own | {"hidden_activation": canonical(self.hidden_activation)}).items():
            object.__setattr__(self, name, value)


@dataclass(frozen=True)
class Constant(_Plain):
    """A gate that sees nothing: a number, or one value a cell; fixed or learned.

    Parameters
    ----------
    value : float, or tuple of one float a cell
        The value, or its first one.
    learned : bool
    clip : (low, high), optional
        The value must lie between these; a learned one is kept there, within the step and after each step of training.
    """

    value: float | tuple[float, ...]
    learned: bool = False
    clip: tuple[float, float] | None = None


@dataclass(frozen=True)
class Membrane(_Plain):
    """A gate that is a membrane's decay over one time step: tau dV/dt = input - V.

        method "exact":  f = exp(-dt / tau)          method "euler":  f = 1 - dt / tau

    Parameters
    ----------
    tau : float, or tuple of one float a cell
        The time constant, in the unit of dt (ms, or steps).
    dt : float
        Length of a time step.
    method : {"exact", "euler"}
    learned : bool
        Stored so that it stays legal: as log tau (exact), or as p with tau = dt + softplus(p) (Euler).
    """

    tau: float | tuple[float, ...]
    dt: float = 1.0
    method: str = "exact"
    learned: bool = False


@dataclass(frozen=True)
class Complement(_Plain):
    """1 - act(a - shift), where act and a are those of the neuron `of`."""

    of: str
    shift: float = 0.0


@dataclass(frozen=True)
class Same(_Plain):
    """The very neuron `of`, under a second name."""

    of: str


@dataclass(frozen=True)
class Action(_Plain):
    """What a neuron g does to a value x at a place.

        multiply: x * (1 - k + k g)        subtract: x - k g        shunt: x / (1 + k g)

    Parameters
    ----------
    kind : {"multiply", "subtract", "shunt"}
    neuron : str
    strength : float
        k, the degree of effect; 0 is the same as no action.
    """

    kind: str
    neuron: str
    strength: float = 1.0


def multiply(neuron: str, strength: float = 1.0) -> Action:
    """x * (1 - k + k g): the gates of an LSTM."""
    return Action("multiply", neuron, strength)


def subtract(neuron: str, strength: float = 1.0) -> Action:
    """x - k g: inhibition that adds up (Costa et al. 2017)."""
    return Action("subtract", neuron, strength)


def shunt(neuron: str, strength: float = 1.0) -> Action:
    """x / (1 + k g): inhibition that divides."""
    return Action("shunt", neuron, strength)


class _ReadOnly(Mapping):
    """A mapping that nobody changes, which can be hashed, copied and pickled."""

    def __init__(self, items: Mapping):
        self._items = dict(items)

    def __getitem__(self, key):
        return self._items[key]

    def __iter__(self):
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __hash__(self) -> int:
        return hash(frozenset(self._items.items()))

    def __repr__(self) -> str:
        return repr(self._items)


Kind = Neuron | Constant | Membrane | Complement | Same


@dataclass(frozen=True)
class Wiring:
    """Neurons and places: all that makes one gated unit differ from another.

    Parameters
    ----------
    neurons : mapping
        From names to neurons; `candidate` must be there.
    dendrite, axon : tuple of Action, or Action
    body : tuple of Action, Action, or None
        None or "cut": cut.
    squash : str or callable
        psi, between the cell and its axon.
    sequences : mapping, or list of str
        The names of input sequences besides `input`, each with the source that stands in where no such sequence is
        given, or None if there is none. A list of names has none.
    name : str
    reference : str
        Where the variant was published.

    Raises
    ------
    UsageError
        If the wiring cannot work.

    >>> minimal = Wiring(
    ...     neurons={
    ...         "candidate": Neuron((Connection("input"), Connection("output")), "tanh"),
    ...         "update_gate": Neuron((Connection("input"), Connection("output"))),
    ...         "forget_gate": Complement("update_gate"),
    ...     },
    ...     dendrite=(multiply("update_gate"),),
    ...     body=(multiply("forget_gate"),),
    ...     squash="identity",
    ... )
    >>> minimal.one_state
    True
    """

    neurons: Mapping[str, Kind]
    dendrite: tuple[Action, ...] = ()
    body: tuple[Action, ...] | None = ()
    axon: tuple[Action, ...] = ()
    squash: str | Callable = "tanh"
    sequences: Mapping[str, str | None] = field(default_factory=dict)
    name: str = "gated_unit"
    reference: str = ""

    def __post_init__(self):
        from bricks.gated.checks import check_wiring

        neurons, sequences = self.neurons, _with_stand_ins(self.sequences)
        settled = {
            "neurons": _ReadOnly(neurons) if isinstance(neurons, Mapping) else neurons,
            "sequences": _ReadOnly(sequences) if isinstance(sequences, Mapping) else sequences,
            "dendrite": _actions(self.dendrite),
            "body": None if isinstance(self.body, str) and self.body == "cut" else _actions(self.body),
            "axon": _actions(self.axon),
            "squash": canonical(self.squash),
        }
        for name, value in settled.items():
            object.__setattr__(self, name, value)
        check_wiring(self)

    @property
    def one_state(self) -> bool:
        """Whether h = c: nothing acts at the axon, and psi is the identity."""
        return self.squash == "identity" and not self.acting("axon")

    def acting(self, place: str) -> tuple[Action, ...]:
        """The actions at a place that have a strength; none where the body is cut."""
        return tuple(action for action in getattr(self, place) or () if action.strength != 0)

    def diagram(self, steps: int | None = None, **how):
        """The wiring as a neuron with its gates, or unfolded over some steps: see `bricks.view.unit_diagram`."""
        from bricks.view import unit_diagram

        return unit_diagram(self, steps, **how)

    def _repr_html_(self) -> str:
        from bricks.view.shown import wiring_html

        return wiring_html(self)

    def but(self, **changes) -> "Wiring":
        """The same wiring with some parts changed; neurons and sequences are added to those that are there."""
        if "sequences" in changes:
            changes["sequences"] = _with_stand_ins(changes["sequences"])
        for part in ("neurons", "sequences"):
            if isinstance(changes.get(part), Mapping):
                changes[part] = {**getattr(self, part), **changes[part]}
        return replace(self, **changes)


def _with_stand_ins(sequences):
    """A mapping, where names were given; what is neither is refused later."""
    names = [sequences] if isinstance(sequences, str) else sequences
    listed = isinstance(names, list | tuple) and all(isinstance(name, str) for name in names)
    return dict.fromkeys(names) if listed else sequences


def _actions(given):
    return tuple(given) if isinstance(given, list) else (given,) if isinstance(given, Action) else given


def previous_of(source: str) -> str | None:
    """n, if the source is `previous(n)`."""
    match = _PREVIOUS.fullmatch(source)
    return match[1] if match else None


def depends_on(wiring: Wiring, name: str) -> list[str]:
    """The neurons of the same step, and `new_cell`, that a neuron (or `new_cell`) is computed from."""
    if name == "new_cell":
        return ["candidate", *(a.neuron for place in ("dendrite", "body") for a in wiring.acting(place))]
    neuron = wiring.neurons[name]
    if isinstance(neuron, Complement | Same):
        return [neuron.of]
    if not isinstance(neuron, Neuron):
        return []
    sees = [c.source for c in neuron.sees if c.source in wiring.neurons or c.source == "new_cell"]
    return [*sees, *(c.gated_by for c in neuron.sees if c.gated_by is not None)]
