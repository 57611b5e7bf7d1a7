"""Neurons as bricks: the parameters of each, under the neuron's name."""

import numpy as np
import pytensor.tensor as pt

from bricks.brick import Brick
from bricks.errors import UsageError
from bricks.gated.activations import activation_of
from bricks.gated.wiring import STATES, Connection, Constant, Membrane, Neuron, previous_of
from bricks.initialization import Constant as Filled
from bricks.initialization import Gaussian, Glorot, Initializer, Orthogonal, Uniform
from bricks.roles import BIAS, DIAGONAL, INITIAL_STATE, PARAMETER, SCALE, WEIGHT


class SeeingNeuron(Brick):
    """The parameters of a neuron that sees something.

    Parameters
    ----------
    neuron : Neuron
    widths : dict
        From each source that it sees to its number of features.
    dim : int
        The unit's.
    normalization : {"joint", "separate"} or None
        For gains, which start at 1: one for the sum of all products, or one for each.

    Attributes
    ----------
    W_SOURCE : (width of the source, dim), w_SOURCE : (dim,), b : (dim,)
        For dense and diagonal connections, and the bias. `b_SOURCE` (dim,) is the bias of a product that is gated
        after it. With hidden layers, W_SOURCE and b lead to the first of these, W_1 and b_1 to the next, and so on.
    width : int
        Of the layer that the sources connect to.
    """

    def __init__(self, neuron: Neuron, widths: dict[str, int], dim: int, normalization: str | None, **settings):
        super().__init__(**settings)
        self.neuron, self.dim = neuron, dim
        self.width = neuron.hidden[0] if neuron.hidden else dim
        self.weights, self.product_biases, self.gains = {}, {}, {}
        for connection in neuron.sees:
            self._connect(connection, widths[connection.source], normalization)
        if normalization == "joint":
            self.gains[None] = self.add_parameter("gain", (dim,), role=SCALE, init=Filled(1))
        self.b = self._bias("b", self.width, neuron.bias)
        self.layers = []
        for k, (before, after) in enumerate(zip(neuron.hidden, [*neuron.hidden[1:], dim], strict=False), start=1):
            last = k == len(neuron.hidden)
            W = self.add_parameter(f"W_{k}", (before, after), role=WEIGHT, init=Glorot())
            self.layers.append((W, self._bias(f"b_{k}", after, neuron.bias if last else 0.0)))
        self.act = activation_of(neuron.activation, self.path)
        self._hidden_act = activation_of(neuron.hidden_activation, self.path)

    def _connect(self, connection: Connection, width: int, normalization: str | None) -> None:
        label = connection.label
        if connection.kind == "dense":
            own = connection.source in (*STATES, "new_cell") or previous_of(connection.source) is not None
            default = Orthogonal() if own else Glorot()
            init = _initializer(connection.init, default)
            self.weights[label] = self.add_parameter(f"W_{label}", (width, self.width), role=WEIGHT, init=init)
            if normalization == "separate":
                self.gains[label] = self.add_parameter(f"gain_{label}", (self.width,), role=SCALE, init=Filled(1))
        elif width != self.width:
            raise UsageError(
                f"{self.path}: a {connection.kind} connection must join equal dimensions, got {connection.source} of "
                f"{width} and {self.width}; make it dense"
            )
        elif connection.kind == "diagonal":
            init = _initializer(connection.init, Gaussian(0.1))
            self.weights[label] = self.add_parameter(f"w_{label}", (width,), role=DIAGONAL, init=init)
        gated = None if connection.gated_by is None else width if connection.at == "source" else self.width
        if gated not in (None, self.dim):
            raise UsageError(
                f"{self.path}: {connection.gated_by} of {self.dim} gates the connection to {connection.source} at its "
                f"{connection.at}, which must be as wide, got {gated}"
            )
        if connection.gated_by is not None and connection.at == "product":
            self.product_biases[label] = self._bias(f"b_{label}", self.width, 0.0)

    def _bias(self, name: str, width: int, value) -> object | None:
        if value is None:
            return None
        if name == "b" and self.neuron.hidden:
            value = 0.0  # the neuron's own bias is that of its last layer
        if isinstance(value, Membrane):
            decay = decay_of(value, value.tau)
            value = _each(self, "tau", np.log(decay) - np.log1p(-decay), width)
        return self.add_parameter(name, (width,), role=BIAS, init=_initializer(value, Filled(0)))

    def above(self, total):
        """From the sum of what is seen, through the hidden layers: the last product, and the bias to be added to it."""
        bias = None
        for W, b in self.layers:
            total = total if bias is None else total + bias
            total, bias = pt.dot(self._hidden_act(total), W), b
        return total, bias


class ConstantNeuron(Brick):
    """A gate that sees nothing: `value` (dim,), or the time constant behind it.

    Attributes
    ----------
    value : parameter, (dim,)
        Of a learned Constant.
    log_tau, p : parameter, (dim,)
        Of a learned Membrane: tau = exp(log_tau) (exact), tau = dt + softplus(p) (Euler).
    """

    def __init__(self, neuron: Constant | Membrane, dim: int, **settings):
        super().__init__(**settings)
        self.neuron, self.dim = neuron, dim
        what = "value" if isinstance(neuron, Constant) else "tau"
        first = _each(self, what, np.asarray(getattr(neuron, what), "float64"), dim)
        self._fixed = None if neuron.learned else first
        if not neuron.learned:
            return
        if isinstance(neuron, Constant):
            low, high = neuron.clip or (-np.inf, np.inf)
            projection = None if neuron.clip is None else lambda value: pt.clip(value, low, high)
            self._kept_value = self.add_parameter(
                "value", (dim,), role=PARAMETER, init=Filled(first), projection=projection
            )
        elif neuron.method == "exact":
            self._kept_value = self.add_parameter("log_tau", (dim,), role=PARAMETER, init=Filled(np.log(first)))
        else:
            beyond = np.maximum(first - neuron.dt, 1e-6)
            inverse = beyond + np.log(-np.expm1(-beyond))  # of softplus; exp(beyond) would overflow
            self._kept_value = self.add_parameter("p", (dim,), role=PARAMETER, init=Filled(inverse))

    def value(self, dtype: str):
        """(dim,): what the gate is."""
        neuron = self.neuron
        if self._fixed is not None:
            fixed = self._fixed if isinstance(neuron, Constant) else decay_of(neuron, self._fixed)
            return pt.as_tensor_variable(np.asarray(fixed, dtype))
        if isinstance(neuron, Constant):
            return self._kept_value if neuron.clip is None else pt.clip(self._kept_value, *neuron.clip)
        return decay_of(neuron, self.tau())

    def tau(self):
        """(dim,): the time constant, in the unit of dt."""
        if self._fixed is not None:
            return self._fixed
        kept = self._kept_value
        return pt.exp(kept) if self.neuron.method == "exact" else self.neuron.dt + pt.softplus(kept)


class Initial(Brick):
    """First states of a sequence, learned: `output` (dim,) and `cell` (dim,), zeros before training."""

    def __init__(self, states: tuple[str, ...], dim: int, **settings):
        super().__init__(name="initial", **settings)
        self.states = {s: self.add_parameter(s, (dim,), role=INITIAL_STATE, init=Filled(0)) for s in states}


def last_bias(neuron: Neuron) -> str:
    """The name of a neuron's own bias, that of its last layer."""
    return f"b_{len(neuron.hidden)}" if neuron.hidden else "b"


def decay_of(membrane: Membrane, tau):
    """What remains of a membrane's potential after one step of dt: exp(-dt / tau), or 1 - dt / tau."""
    exp = pt.exp if hasattr(tau, "type") else np.exp
    tau = tau if hasattr(tau, "type") else np.asarray(tau, "float64")
    return exp(-membrane.dt / tau) if membrane.method == "exact" else 1 - membrane.dt / tau


def _each(brick: Brick, what: str, value: np.ndarray, dim: int) -> np.ndarray:
    """One value a cell."""
    if value.ndim and value.shape != (dim,):
        raise UsageError(f"{brick.path}: {what} must be one number, or {dim}, one a cell, got {value.size}")
    return np.broadcast_to(value, (dim,)).copy()


def _initializer(given, default: Initializer) -> Initializer:
    if given is None:
        return default
    if isinstance(given, tuple):
        return Uniform(width=given[1] - given[0], mean=(given[0] + given[1]) / 2)
    return Filled(given)
