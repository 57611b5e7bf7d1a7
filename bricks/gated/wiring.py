"""Wirings: which neurons a gated unit has, what each sees, and where it acts. A variant is such a piece of data.

    z_t = candidate                            dendrite: what the dendrites bring, gated
    c_t = body(c_{t-1}) + dendrite(z_t)        body: the cell's own past, gated; cut = no past at all
    h_t = axon(psi(c_t))                       axon: the squashed cell, gated

Each place holds actions, applied in order. This module has the data and its algebra's grammar; `notation` reads
it from mappings, `checks` refuses what cannot work, `unit` makes bricks of it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

ACTIONS = ("multiply", "subtract", "shunt")
CONNECTIONS = ("dense", "diagonal", "direct")
POINTS = ("source", "product")
STATES = ("output", "cell")
RESERVED = ("input", "output", "cell", "new_cell", "initial", "mask", "previous")
_PREVIOUS = re.compile(r"previous\((\w+)\)")


@dataclass(frozen=True)
class Connection:
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
class Neuron:
    """a = sum over what it sees + b;  its activation is act(a).

    Parameters
    ----------
    sees : tuple of Connection
    activation : str or callable
        A name (`logistic`, `tanh`, `rectifier`, `identity`, `softplus`), or a function of a symbolic variable.
    bias : float, (low, high), Membrane or None
        First value of b, or limits that it is drawn between; a membrane's is such that sigma(b) is its decay. None for
        no b.
    hidden : tuple of int
        Widths of hidden layers between what it sees and the neuron itself.
    hidden_activation : str or callable
    """

    sees: tuple[Connection, ...]
    activation: str | Callable = "logistic"
    bias: "float | tuple[float, float] | Membrane | None" = 0.0
    hidden: tuple[int, ...] = ()
    hidden_activation: str | Callable = "tanh"


@dataclass(frozen=True)
class Constant:
    """A gate that sees nothing: a number, or one value a cell; fixed or learned.

    Parameters
    ----------
    value : float, or tuple of one float a cell
        The value, or its first one.
    learned : bool
    clip : (low, high), optional
        A learned value is kept between these, within the step and after each step of training.
    """

    value: float | tuple[float, ...]
    learned: bool = False
    clip: tuple[float, float] | None = None


@dataclass(frozen=True)
class Membrane:
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
class Complement:
    """1 - act(a - shift), where act and a are those of the neuron `of`."""

    of: str
    shift: float = 0.0


@dataclass(frozen=True)
class Same:
    """The very neuron `of`, under a second name."""

    of: str


@dataclass(frozen=True)
class Action:
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


Kind = Neuron | Constant | Membrane | Complement | Same


@dataclass(frozen=True)
class Wiring:
    """Neurons and places: all that makes one gated unit differ from another.

    Parameters
    ----------
    neurons : mapping
        From names to neurons; `candidate` must be there.
    dendrite, axon : tuple of Action
    body : tuple of Action, or None
        None: cut.
    squash : str or callable
        psi, between the cell and its axon.
    sequences : mapping
        The names of input sequences besides `input`, each with the source that stands in where no such sequence is
        given, or None if there is none.
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

        object.__setattr__(self, "neurons", MappingProxyType(dict(self.neurons)))
        object.__setattr__(self, "sequences", MappingProxyType(dict(self.sequences)))
        check_wiring(self)

    @property
    def one_state(self) -> bool:
        """Whether h = c: nothing acts at the axon, and psi is the identity."""
        return self.squash == "identity" and not self.acting("axon")

    def acting(self, place: str) -> tuple[Action, ...]:
        """The actions at a place that have a strength; none where the body is cut."""
        return tuple(action for action in getattr(self, place) or () if action.strength != 0)

    def but(self, **changes) -> "Wiring":
        """The same wiring with some parts changed; neurons are added to those that are there."""
        if "neurons" in changes:
            changes["neurons"] = {**self.neurons, **changes["neurons"]}
        if "sequences" in changes:
            changes["sequences"] = {**self.sequences, **changes["sequences"]}
        return replace(self, **changes)


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
