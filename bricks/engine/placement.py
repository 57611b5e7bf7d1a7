"""Where arrays live: the one place through which shared variables and inputs pass on their way to XLA.

On the CPU, XLA reads a NumPy array where it lies, also after the call has returned. Whatever passes here is
therefore copied once into memory of ours that nobody writes again.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

SMALL = 2**14  # bytes below which XLA's own copy is cheaper than an aligned one
ALIGNMENT = 64  # XLA takes a host array without copying it a second time if it begins at such an address


def private_copy(value: np.ndarray, dtype=None) -> np.ndarray:
    """A copy of `value`, aligned for XLA where that pays, of `dtype` if given.

    >>> private_copy(np.arange(10_000)).ctypes.data % 64
    0
    """
    if dtype is None and value.nbytes < SMALL:
        return value.copy()
    dtype = np.dtype(dtype or value.dtype)
    if value.size * dtype.itemsize < SMALL:
        return np.array(value, dtype)
    copy = aligned(value.shape, dtype)
    copy[...] = value
    return copy


def aligned(shape: tuple[int, ...], dtype) -> np.ndarray:
    """An array of no particular values, where XLA reads it in place."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    memory = np.empty(size + ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    return memory[start : start + size].view(dtype).reshape(shape)


@dataclass(frozen=True)
class Placement:
    """A device, or a sharding over several, on which a function's arrays live.

    Parameters
    ----------
    target : jax.Device or jax.sharding.Sharding
        What `jax.device_put` takes.
    """

    target: Any

    @property
    def on_host(self) -> bool:
        """Whether XLA reads host memory itself, so that an input need not be put anywhere."""
        return getattr(self.target, "platform", None) == "cpu"

    def put(self, value: np.ndarray) -> jax.Array:
        """An array on the device with the values of `value`, which may be overwritten afterwards."""
        return jax.device_put(private_copy(value), self.target)

    @property
    def give(self) -> Callable:
        """What makes an array an argument of a compiled call, safe from being overwritten afterwards."""
        return private_copy if self.on_host else self.put


def default() -> Placement:
    """The placement that THEANO_FLAGS asks for."""
    from bricks.engine.settings import device

    return Placement(device())
