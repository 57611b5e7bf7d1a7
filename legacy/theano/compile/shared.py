"""`theano.shared`, with Theano's arguments."""

import numpy as np
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Variable

import bricks
from bricks.engine.state import SharedArray, _make, bring_home

__all__ = ["SharedVariable", "shared"]


class TheanoShared(SharedArray):
    """A shared array that can be pickled and deeply copied while its value is on the device.

    Attributes
    ----------
    default_update : Variable or None
        Its new value after each call of a function that reads it and has no other for it.
    """

    @property
    def default_update(self):
        return self._default_update

    @default_update.setter
    def default_update(self, value):
        self._default_update = value

    def __getstate__(self):
        bring_home([self])
        self.container.__dict__.pop("_placed", None)  # copies on the device, made again when they are needed
        return super().__getstate__()


def shared(
    value, name=None, strict=False, allow_downcast=None, borrow=False, broadcastable=None, target="cpu", **kwargs
):
    """A variable with a value that functions read and update.

    Parameters
    ----------
    value : array or number
        Copied, whatever `borrow` says: XLA reads memory after a call has returned. A Python float is a float64.
    broadcastable : sequence of bool, optional
        Which axes have length 1 for good, and broadcast; by default none, as ever.

    >>> shared(np.zeros((1, 3)), broadcastable=(True, False)).broadcastable
    (True, False)
    """
    if isinstance(value, Variable):
        raise TypeError(f"theano.shared: takes numbers, got the symbolic {value}; compute its value first")
    if isinstance(value, list | tuple):
        raise TypeError(f"theano.shared: takes an array or a number, got a {type(value).__name__}; use numpy.asarray")
    shape = kwargs.pop("shape", None)
    if broadcastable is not None:
        shape = tuple(1 if b else None for b in broadcastable)
    if isinstance(value, int | float | bool | np.generic):
        value = np.asarray(value)
    if not isinstance(value, np.ndarray) or value.dtype == object:
        return bricks.shared(value, name=name, strict=strict, allow_downcast=allow_downcast, **kwargs)
    return _make(TheanoShared, value, name, strict, allow_downcast, shape)
