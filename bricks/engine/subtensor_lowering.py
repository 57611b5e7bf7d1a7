"""Writing a part of an array, where which part is known with the shapes: an update in place, not a scatter.

JAX's `x.at[part].add(y)` is a scatter, which XLA's CPU compiler turns into a loop over rows (and of some, reversed,
it fails to make anything). The gradients of slices and of scans are full of them.
"""

import jax
import jax.numpy as jnp
import numpy as np
from pytensor.link.jax.dispatch.basic import jax_funcify
from pytensor.tensor.subtensor import IncSubtensor, indices_from_subtensor

from bricks.engine.lowering import _is_traced, lower


@lower.register(IncSubtensor)
def _inc_subtensor(op, node, context):
    general = jax_funcify(op, node=node)

    def call(x, y, *numbers):
        index = indices_from_subtensor(numbers, op.idx_list)
        part = None if _is_traced(index) else block(index, np.shape(x))
        if part is None:
            return general(x, y, *numbers)
        start, shape, kept, reversed_ = part
        x, y = jnp.asarray(x), jnp.asarray(y)
        y = jnp.broadcast_to(y, [n for n, k in zip(shape, kept, strict=True) if k]).reshape(shape).astype(x.dtype)
        y = jax.lax.rev(y, reversed_) if reversed_ else y
        if y.size == 0:
            return x
        if not op.set_instead_of_inc:
            y = y + jax.lax.slice(x, start, [a + n for a, n in zip(start, shape, strict=True)])
        return y if y.shape == x.shape else jax.lax.dynamic_update_slice(x, y, [np.int32(a) for a in start])

    return call


def block(index, shape):
    """(start, shape, which axes stay, which are reversed) of a part without gaps; None where it has some.

    >>> block((slice(None, None, -1), 2), (4, 3))
    ([0, 2], [4, 1], [True, False], [0])
    >>> block((slice(0, 4, 2),), (4, 3)) is None
    True
    """
    start, sizes, kept, reversed_ = [], [], [], []
    for axis, length in enumerate(shape):
        entry = index[axis] if axis < len(index) else slice(None)
        if isinstance(entry, slice):
            numbers = [n if n is None else int(n) for n in (entry.start, entry.stop, entry.step)]
            rows = range(*slice(*numbers).indices(length))
            if abs(rows.step) != 1 and len(rows) > 1:
                return None
            if rows.step < 0 and len(rows) > 1:
                reversed_.append(axis)
            start.append(min(rows, default=0))
            sizes.append(len(rows))
            kept.append(True)
        else:
            number = int(entry) + (length if entry < 0 else 0)
            if not 0 <= number < length:
                return None
            start.append(number)
            sizes.append(1)
            kept.append(False)
    return start, sizes, kept, reversed_
