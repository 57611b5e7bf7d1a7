"""Whole numbers that are computed from the lengths of arrays, where some lengths have names instead of numbers.

`2 * x.shape[0] + 1` is `2*batch + 1` then. JAX's symbolic dimensions do the sums; what cannot be decided for every
length (is `time` equal to 28?) is refused.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jax.export import is_symbolic_dim
from pytensor.raise_op import CheckAndRaise
from pytensor.tensor.basic import Join, MakeVector, ScalarFromTensor, TensorFromScalar
from pytensor.tensor.elemwise import CAReduce, DimShuffle, Elemwise
from pytensor.tensor.shape import Shape, Shape_i
from pytensor.tensor.subtensor import IncSubtensor, Subtensor, indices_from_subtensor

from bricks.engine import compat
from bricks.errors import UsageError


class Undecided(UsageError):
    """What is to be done depends on a length that has no number."""


def has_names(value) -> bool:
    """Whether a value is, or has in it, a length without a number.

    >>> from jax.export import symbolic_shape
    >>> batch, = symbolic_shape("batch")
    >>> has_names(batch), has_names(np.array([2 * batch, 3])), has_names(3)
    (True, True, False)
    """
    if isinstance(value, np.ndarray) and value.dtype == object:
        return any(map(is_symbolic_dim, value.flat))
    return is_symbolic_dim(value)


def as_array(value):
    """Lengths as an array of the program, which knows them when it runs; other values as they are."""
    if not has_names(value):
        return value
    if isinstance(value, np.ndarray):
        return jnp.stack([jnp.asarray(part) for part in value.flat]).reshape(value.shape)
    return jnp.asarray(value)


def compute(node, values):
    """The output of a node of whole numbers, from values some of which have names: a length, or an array of them.

    Raises
    ------
    Undecided
        Where the answer depends on the length, or lengths are not computed by such a node.
    """
    try:
        result = _computed(node, values)
    except jax.errors.InconclusiveDimensionOperation as error:
        raise Undecided(str(error).splitlines()[0]) from None
    if has_names(result):
        return result
    return np.asarray(result, node.outputs[0].type.dtype)[()]


def _computed(node, values):
    op = node.op
    if isinstance(op, Shape):
        return np.array(jnp.shape(values[0]), object)
    if isinstance(op, Shape_i):
        return jnp.shape(values[0])[op.i]
    if isinstance(op, MakeVector):
        return np.array([_plain(value) for value in values], object)
    if isinstance(op, ScalarFromTensor | TensorFromScalar):
        return _plain(values[0])
    if isinstance(op, CheckAndRaise):
        if not all(np.all(condition) for condition in values[1:]):
            raise op.exc_type(op.msg)
        return values[0]
    boxed = [np.asarray(value, object) for value in values]
    if isinstance(op, Subtensor):
        index = indices_from_subtensor([int(number) for number in values[1:]], op.idx_list)
        return _plain(boxed[0][tuple(index)])
    if isinstance(op, IncSubtensor) and op.set_instead_of_inc:
        changed, index = boxed[0].copy(), indices_from_subtensor([int(number) for number in values[2:]], op.idx_list)
        changed[tuple(index)] = boxed[1]
        return changed
    if isinstance(op, Join):
        axis, parts = compat.join_axis_and_parts(node)
        return np.concatenate(boxed[-len(parts) :], axis)
    if isinstance(op, DimShuffle):
        return _plain(_shuffled(boxed[0], op.new_order))
    if isinstance(op, CAReduce) and boxed[0].ndim == 1:
        return functools.reduce(_function(op.scalar_op), boxed[0].tolist())
    if isinstance(op, Elemwise):
        return _plain(np.frompyfunc(_function(op.scalar_op), len(boxed), 1)(*boxed))
    raise Undecided(f"{op} is not computed of lengths without numbers")


def _function(scalar):
    """The scalar function of an op, on Python's numbers and JAX's symbolic dimensions."""
    return _FUNCTIONS.get(type(scalar).__name__, scalar.impl)


def _equal(a, b) -> bool:
    """JAX says that `batch == 1` is False, since it is not always so; here it is undecided."""
    difference = a - b
    return not difference >= 1 and not difference <= -1 if is_symbolic_dim(difference) else difference == 0


_FUNCTIONS = {
    "Cast": lambda value: value,
    "EQ": _equal,
    "Identity": lambda value: value,
    "Invert": lambda value: not value if isinstance(value, bool | np.bool) else ~value,
    "NEQ": lambda a, b: not _equal(a, b),
}


def _shuffled(array, order):
    kept = [axis for axis in order if axis != "x"]
    dropped = [axis for axis in range(array.ndim) if axis not in kept]
    array = array.transpose([*kept, *dropped]).reshape([array.shape[axis] for axis in kept])
    return array[tuple(None if axis == "x" else slice(None) for axis in order)]


def _plain(value):
    return value.item() if isinstance(value, np.ndarray | np.generic) and value.ndim == 0 else value
