"""A stream's examples on the device: batches are gathered there, and a call needs only the examples' numbers.

The bytes of a data set cross once, not once an epoch, and no thread of Python copies a batch.
"""

from collections.abc import Mapping

import jax
import numpy as np
from jax import lax

from bricks.data import Stream

LARGEST = 2**31
"""Bytes of a data set that are held at most; a larger one is read batch by batch."""


class Held:
    """What a compiled loop needs to make batches of a stream itself.

    Parameters
    ----------
    stream : DataStream
        One that has `arrays`.
    placement : bricks.engine.placement.Placement
    """

    def __init__(self, stream: Stream, placement):
        self.stream = stream
        self.tables = {name: placement.put(array) for name, array in stream.arrays.items()}

    def batch(self, tables: Mapping, rows: jax.Array) -> dict:
        """The batch of these examples, bit for bit as `stream.read` gives it; in JAX.

        The barrier keeps XLA from joining a transformer's factor with one of the model's, which would round once.
        """
        taken = {name: table.at[rows].get(mode="promise_in_bounds") for name, table in tables.items()}
        return lax.optimization_barrier(self.stream.transform(taken))


def hold(stream: Stream, placement, x64: bool) -> Held | None:
    """The stream on the device; None where it can't be, or shouldn't."""
    arrays = getattr(stream, "arrays", None)
    if arrays is None or sum(array.nbytes for array in arrays.values()) > LARGEST:
        return None
    if not x64 and any(array.dtype.itemsize > 4 and not _is_narrow(array) for array in arrays.values()):
        return None
    return Held(stream, placement)


def _is_narrow(array: np.ndarray) -> bool:
    """Whether 64-bit integers fit into the 32 bits that a function without x64 has."""
    if array.dtype.kind not in "iu" or not array.size:
        return array.dtype.kind in "iu"
    limits = np.iinfo("int32" if array.dtype.kind == "i" else "uint32")
    return limits.min <= array.min() and array.max() <= limits.max
