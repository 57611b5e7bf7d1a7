"""Randomness as state like any other: one root key, one step counter, a stream for each noise op.

    key(stream, step) = fold_in(fold_in(root, id(stream)), step)

Root and counter are shared variables: saved and restored with the rest. `bricks.function` advances the
counter of every state that its graph reads, so that each call draws anew, and equal states draw equal
numbers, whatever else the graph holds.
"""

import hashlib
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytensor.tensor as pt
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.graph.traversal import ancestors
from pytensor.tensor.type import TensorType

from bricks.engine.settings import floatX
from bricks.engine.state import SharedArray, _make
from bricks.errors import UsageError


def seed_from(root_seed: int, path: str) -> int:
    """A seed that depends on `root_seed` and `path` alone, the same on every machine.

    >>> seed_from(1, "mlp/linear_0/W") == seed_from(1, "mlp/linear_0/W") != seed_from(2, "mlp/linear_0/W")
    True
    """
    return int.from_bytes(hashlib.sha256(f"{root_seed}:{path}".encode()).digest()[:8], "little")


class StepCounter(SharedArray):
    """The counter of a `RandomState`; a function that reads it sets it one further."""

    state: "RandomState"


class RandomState:
    """A source of symbolic random draws.

    Parameters
    ----------
    seed : int
        From 0 to 2**64 - 1.
    name : str
        Prefix of its two shared variables, `NAME/root` (2,) and `NAME/step` (), both uint32.

    Notes
    -----
    Threefry-2x32 (Salmon et al. 2011), as JAX has it.

    >>> state = RandomState(seed=1)
    >>> mask = state.bernoulli((3, 4), p=0.5, stream="dropout")
    >>> mask.type.shape, mask.type.dtype
    ((3, 4), 'float32')
    """

    def __init__(self, seed: int, name: str = "random"):
        if not 0 <= int(seed) < 2**64:
            raise UsageError(f"RandomState: seed must be from 0 to 2**64 - 1, got {seed}")
        key = np.array([int(seed) >> 32, int(seed) & 0xFFFFFFFF], np.uint32)
        self.root = _make(SharedArray, key, f"{name}/root", shape=(2,))
        self.step = _make(StepCounter, np.array(0, np.uint32), f"{name}/step", shape=())
        self.step.state = self

    def uniform(self, shape, stream: str, low=0.0, high=1.0, dtype=None):
        """Draws from U[low, high)."""
        unit = self._draw("uniform", shape, stream, dtype)
        return unit if (low, high) == (0.0, 1.0) else low + (high - low) * unit

    def normal(self, shape, stream: str, mean=0.0, std=1.0, dtype=None):
        """Draws from N(mean, std^2)."""
        unit = self._draw("normal", shape, stream, dtype)
        return unit if (mean, std) == (0.0, 1.0) else mean + std * unit

    def bernoulli(self, shape, p, stream: str, dtype=None):
        """Draws that are 1 with probability p, else 0; p to within 2**-16, so that a draw costs half a word."""
        threshold = pt.round(pt.as_tensor_variable(p, dtype="float32") * 2**16)
        bits = self._draw("bits", shape, stream, "uint16")
        return pt.lt(pt.cast(bits, "float32"), threshold).astype(dtype or floatX())

    def _draw(self, kind: str, shape, stream: str, dtype):
        if not isinstance(stream, str) or not stream:
            raise UsageError(f"RandomState.{kind}: stream must be a name, distinct for each noise op, got {stream!r}")
        if isinstance(shape, tuple | list):
            static = tuple(int(n) if isinstance(n, int | np.integer) else None for n in shape)
            shape = pt.as_tensor_variable(
                [pt.as_tensor_variable(n, dtype="int64") for n in shape] or np.zeros(0, "int64")
            )
        else:
            shape = pt.as_tensor_variable(shape)
            static = (None,) * shape.type.shape[0]
        identity = int.from_bytes(hashlib.sha256(stream.encode()).digest()[:4], "little")
        return RandomDraw(kind, dtype or floatX(), identity, static)(self.root, self.step, shape)


def states(variables) -> list[RandomState]:
    """The random states that a graph reads, in a fixed order."""
    found = {v.state: None for v in ancestors(variables) if isinstance(v, StepCounter)}
    return sorted(found, key=lambda state: state.step.name or "")


class RandomDraw(Op):
    """(root key, step, shape) -> an array of draws; the same numbers from every backend."""

    __props__ = ("kind", "dtype", "stream", "static_shape")

    def __init__(self, kind: str, dtype: str, stream: int, static_shape: tuple):
        self.kind, self.dtype, self.stream, self.static_shape = kind, dtype, stream, static_shape

    def make_node(self, root, step, shape):
        return Apply(self, [root, step, shape], [TensorType(self.dtype, shape=self.static_shape)()])

    def pullback(self, inputs, outputs, cotangents):
        from pytensor.gradient import disconnected_type

        return [disconnected_type() for _ in inputs]

    def connection_pattern(self, node):
        return [[False], [False], [False]]

    def draw(self, root, step, shape) -> jax.Array:
        """The numbers, from JAX arrays; `shape` is a tuple of ints."""
        root = jax.random.wrap_key_data(root, impl="threefry2x32")
        key = jax.random.fold_in(jax.random.fold_in(root, self.stream), step)
        if self.kind == "bits":
            words = jax.random.bits(key, (math.ceil(math.prod(shape) / 2),), "uint32")
            halves = jnp.stack([words & 0xFFFF, words >> 16], axis=-1).astype(self.dtype).reshape(-1)
            return halves[: math.prod(shape)].reshape(shape)
        return getattr(jax.random, self.kind)(key, shape, self.dtype)

    def perform(self, node, inputs, output_storage):
        root, step, shape = inputs
        with jax.enable_x64(self.dtype == "float64"):
            numbers = self.draw(jnp.asarray(root), jnp.asarray(step), tuple(int(n) for n in shape))
        output_storage[0][0] = np.array(numbers, dtype=self.dtype)
