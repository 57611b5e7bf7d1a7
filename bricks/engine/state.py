"""Shared variables: values that outlive a call, kept on the device between the calls that update them.

A variable's container holds either a NumPy array (set by a person, or never updated) or a JAX array (the
result of an update). A NumPy value is put on the device once and remembered with its container, so that
all functions that read the variable share one copy.
"""

import jax
import numpy as np
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.link.basic import Container
from pytensor.tensor.sharedvar import TensorSharedVariable
from pytensor.tensor.type import TensorType

from bricks.engine.placement import Placement


class SharedArray(TensorSharedVariable):
    """A shared tensor whose value is NumPy's when read and never anybody else's memory.

    Attributes
    ----------
    touched : bool
        Whether its value was read or set since it was made, by hand or by a compiled function; a brick that is
        adopted by another draws its untouched parameters again.
    """

    @property
    def touched(self) -> bool:
        return getattr(self.container, "touched", False)

    @touched.setter
    def touched(self, touched: bool) -> None:
        self.container.touched = touched

    def get_value(self, borrow=False, return_internal_type=False):
        """A copy of the value, of the declared dtype; `return_internal_type` gives what the container holds."""
        self.touched = True
        value = self.container.storage[0]
        return value if return_internal_type else np.array(value, dtype=self.type.dtype)

    def set_value(self, new_value, borrow=False):
        """Set the value, by copy; dtype and number of axes must fit."""
        self.touched = True
        if isinstance(new_value, jax.Array):
            new_value = np.asarray(new_value)
        self.container.value = np.array(self.type.filter(new_value, allow_downcast=self.container.allow_downcast))


def shared(value, name=None, strict=False, allow_downcast=None, shape=None, **kwargs):
    """A variable with a value that compiled functions read and update (Theano's `shared`).

    Parameters
    ----------
    value : array_like
        The first value; copied. Its dtype is the variable's.
    name : str, optional
        What it is called in graphs, logs and checkpoints.
    shape : tuple, optional
        Static shape; entries of None may change. Given, it is checked whenever a value is set.

    Returns
    -------
    SharedArray
        Or PyTensor's own shared variable for values that are not arrays.

    >>> W = shared(np.zeros((2, 3), "float32"), name="W")
    >>> W.get_value().shape
    (2, 3)
    """
    if isinstance(value, int | float | bool | np.generic | jax.Array):
        value = np.asarray(value)
    if not isinstance(value, np.ndarray) or value.dtype == object:
        from pytensor import shared as pytensor_shared

        return pytensor_shared(value, name=name, strict=strict, allow_downcast=allow_downcast, **kwargs)
    return _make(SharedArray, value, name, strict, allow_downcast, shape)


def _make(kind, value, name, strict=False, allow_downcast=None, shape=None):
    shape = (None,) * value.ndim if shape is None else shape
    return kind(
        type=TensorType(value.dtype, shape=shape),
        value=np.array(value),
        strict=strict,
        allow_downcast=allow_downcast,
        name=name,
    )


def on_device(container: Container, placement: Placement, x64: bool, updated: bool = False) -> jax.Array:
    """The container's value as an array on the device, put there at most once for each value it is given.

    An array that the function will update is donated to it and gone afterwards, so it is not remembered.
    """
    value = container.storage[0]
    if isinstance(value, jax.Array):
        return value
    if updated:
        container.__dict__.pop("_placed", None)
        return _put(value, placement, x64)
    placed = container.__dict__.setdefault("_placed", {})
    known = placed.get((placement, x64))
    if known is None or known[0] is not value:
        known = placed[placement, x64] = (value, _put(value, placement, x64))
    return known[1]


def _put(value, placement: Placement, x64: bool) -> jax.Array:
    with jax.enable_x64(x64):
        return placement.put(np.asarray(value))


def bring_home(variables) -> None:
    """Make the values of shared variables NumPy's again, for a function of PyTensor's own backends."""
    for variable in variables:
        if isinstance(variable, SharedVariable) and isinstance(variable.container.storage[0], jax.Array):
            variable.container.storage[0] = np.array(variable.container.storage[0], dtype=variable.type.dtype)
