"""Random draws for both kinds of streams, over one generator, bricks' (Threefry, as JAX has it).

Each draw has a shared variable of its own, of three uint32: the key (two) and how often it was drawn. Its
`default_update` counts one further, so that functions draw anew at each call. The numbers are not Theano's: neither
Mersenne Twister nor MRG31k3p is here; what is the same is their distribution.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytensor.tensor as pt
from pytensor.graph.basic import Apply, Variable
from pytensor.tensor.type import TensorType

from bricks.engine.lowering import _static, lower
from bricks.engine.random import RandomDraw, seed_from
from bricks.engine.state import _make
from bricks.errors import UsageError
from theano.compile.shared import TheanoShared

HALF_A_WORD = 2**16
RARE = 1 / 256  # below it, and above 1 less it, 16 bits are too coarse for a probability


class StateValue(np.ndarray):
    """What a draw's state holds; `seed` begins another sequence of numbers, as that of NumPy's generators did."""

    def seed(self, seed: int) -> None:
        """Change the array in place; `rng.set_value(value)` puts it back."""
        self[:] = first_value(seed, "seeded", 0)


class StreamState(TheanoShared):
    """The state of one draw: key and count."""

    def get_value(self, borrow=False, return_internal_type=False):
        """A copy of the state."""
        value = super().get_value(borrow, return_internal_type)
        return value if return_internal_type else value.view(StateValue)


def new_state(seed: int, kind: str, number: int) -> StreamState:
    """The state of the `number`-th draw of a stream of some kind."""
    state = _make(StreamState, first_value(seed, kind, number), f"{kind}_{number}", shape=(3,))
    state.default_update = pt.inc_subtensor(state[2], np.uint32(1))
    return state


def first_value(seed: int, kind: str, number: int) -> np.ndarray:
    """What a state begins with."""
    key = seed_from(seed, f"{kind}/{number}")
    return np.array([key >> 32, key & 0xFFFFFFFF, 0], "uint32")


def shape_of(size, ndim: int | None, parameters=()) -> tuple[Variable, tuple]:
    """(shape as a vector, what is known of it) of `size`; where it is None, that of the parameters together."""
    if size is None:
        parameters = [pt.as_tensor_variable(p) for p in parameters]
        if all(p.ndim == 0 for p in parameters):
            return pt.constant(np.zeros(0, "int64")), ()
        joint = pt.add(*parameters) if len(parameters) > 1 else parameters[0]
        return joint.shape, joint.type.shape
    if isinstance(size, Variable) and size.ndim == 1:
        try:
            length = pt.get_vector_length(size)
        except ValueError:
            length = ndim
        if length is None:
            raise UsageError("random streams: how many axes `size` means can't be told; give a tuple, or ndim as well")
        return pt.cast(size, "int64"), (None,) * length
    entries = list(size) if isinstance(size, tuple | list | np.ndarray) else [size]
    known = tuple(int(n) if isinstance(n, int | np.integer) else None for n in entries)
    if not entries:
        return pt.constant(np.zeros(0, "int64")), ()
    return pt.stack([pt.cast(pt.as_tensor_variable(n), "int64") for n in entries]), known


def unit(state: StreamState, kind: str, shape: tuple[Variable, tuple], dtype: str):
    """Numbers from U[0, 1), from N(0, 1), or of random bits."""
    vector, known = shape
    return RandomDraw(kind, dtype, 0, known)(state[:2], state[2], vector)


def bernoulli(state: StreamState, shape, p, dtype: str):
    """1 with probability p, else 0."""
    if isinstance(p, int | float | np.number) and RARE <= p <= 1 - RARE:
        bits = pt.cast(unit(state, "bits", shape, "uint16"), "float32")
        return pt.cast(pt.lt(bits, np.float32(round(float(p) * HALF_A_WORD))), dtype)
    p = pt.as_tensor_variable(p)
    return pt.cast(pt.lt(unit(state, "uniform", shape, p.dtype if p.dtype == "float64" else "float32"), p), dtype)


def parametric(state: StreamState, kind: str, shape, dtype: str, *parameters):
    """Numbers of a `ParametricDraw`."""
    vector, known = shape
    return ParametricDraw(kind, dtype, 0, known)(state[:2], state[2], vector, *parameters)


class ParametricDraw(RandomDraw):
    """(key, count, shape, parameters) -> draws that are no function of uniform or normal ones.

    Kinds: `integers` (lowest, highest), `binomial` (n, p), `poisson` (lam), `permutation` (of 0 to the last length).
    """

    def make_node(self, root, step, shape, *parameters):
        parameters = [pt.as_tensor_variable(p) for p in parameters]
        return Apply(self, [root, step, shape, *parameters], [TensorType(self.dtype, shape=self.static_shape)()])

    def connection_pattern(self, node):
        return [[False] for _ in node.inputs]

    def draw(self, root, step, shape, *parameters) -> jax.Array:
        """The numbers, from JAX arrays; `shape` is a tuple of ints."""
        key = jax.random.fold_in(jax.random.wrap_key_data(root, impl="threefry2x32"), step)
        dtype = jax.dtypes.canonicalize_dtype(self.dtype)
        if self.kind == "integers":
            lowest, highest = parameters
            return jax.random.randint(key, shape, lowest, highest + 1).astype(dtype)
        if self.kind == "binomial":
            n, p = parameters
            return jax.random.binomial(key, n, p, shape).astype(dtype)
        if self.kind == "poisson":
            return jax.random.poisson(key, parameters[0], shape).astype(dtype)
        return jax.random.permutation(key, jnp.broadcast_to(jnp.arange(shape[-1]), shape), axis=-1, independent=True)

    def perform(self, node, inputs, output_storage):
        root, step, shape, *parameters = inputs
        with jax.enable_x64(True):
            numbers = self.draw(jnp.asarray(root), jnp.asarray(step), tuple(int(n) for n in shape), *parameters)
        output_storage[0][0] = np.array(numbers, dtype=self.dtype)


@lower.register(ParametricDraw)
def _parametric(op, node, context):
    def call(root, step, shape, *parameters):
        parameters = [jnp.asarray(p) for p in parameters]
        return op.draw(jnp.asarray(root), jnp.asarray(step), _static(shape, node, "the shape"), *parameters)

    return call
