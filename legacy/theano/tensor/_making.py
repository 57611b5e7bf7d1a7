"""Making variables and arrays of them, where Theano's signatures differ from PyTensor's."""

import numpy as np
import pytensor.tensor as pt
from pytensor.graph.basic import Constant, Variable
from pytensor.tensor.type import TensorType

from bricks.errors import UsageError


def tensor(*args, **kwargs):
    """A variable of any type: `tensor(dtype, broadcastable, name)`, as `TensorType(dtype, broadcastable)(name)`.

    >>> tensor("float32", (False, True, False), "x").broadcastable
    (False, True, False)
    """
    name = kwargs.pop("name", None)
    if len(args) == 3:
        *args, name = args
    if "shape" in kwargs and "broadcastable" not in kwargs:  # PyTensor's own call
        return TensorType(*args, **kwargs)(name=name)
    names = ("dtype", "broadcastable")
    given = dict(zip(names, args, strict=False)) | kwargs
    broadcastable = given.get("broadcastable")
    if broadcastable is None or len(args) > len(names):
        raise TypeError(f"theano.tensor.tensor: takes dtype, broadcastable and name, got {args} {kwargs}")
    return TensorType(given["dtype"], shape=tuple(1 if b else None for b in broadcastable))(name=name)


def _constructor(name: str, broadcastable: tuple):
    def make(name=None, dtype=None):
        import pytensor

        shape = tuple(1 if b else None for b in broadcastable)
        return TensorType(dtype or pytensor.config.floatX, shape=shape)(name=name)

    make.__name__ = make.__qualname__ = name
    make.__doc__ = f"A symbolic {name}, of dtype floatX unless another is given."
    return make


scalar = _constructor("scalar", ())
vector = _constructor("vector", (False,))
matrix = _constructor("matrix", (False, False))
row = _constructor("row", (True, False))
col = _constructor("col", (False, True))
tensor3, tensor4, tensor5, tensor6, tensor7 = (_constructor(f"tensor{n}", (False,) * n) for n in range(3, 8))


def get_scalar_constant_value(v, elemwise=True, only_process_constants=False, max_recur=10):
    """The value of a variable that is a scalar constant; NotScalarConstantError where it is none."""
    return pt.get_underlying_scalar_constant_value(
        v, elemwise=elemwise, only_process_constants=only_process_constants, max_recur=max_recur
    )


def flatten(x, ndim=None, outdim=None):
    """`x` with `ndim` axes: the first `ndim` - 1 as they are, the rest in one (`outdim` is an older name).

    >>> flatten(tensor4("x"), outdim=2).ndim, flatten(tensor4("x"), 2).ndim, flatten(tensor4("x")).ndim
    (2, 2, 1)
    """
    if ndim is not None and outdim is not None:
        raise ValueError("theano.tensor.flatten: give ndim or outdim (its older name), not both")
    return pt.flatten(x, 1 if ndim is None and outdim is None else outdim if ndim is None else ndim)


def reshape(x, newshape, ndim=None, name=None):
    """`x` in another shape; `ndim` is how many axes it has, where `newshape` is a vector of unknown length."""
    result = pt.reshape(x, newshape, ndim=ndim)
    if name is not None:
        result.name = name
    return result


def stack(*tensors, **kwargs):
    """Variables as the entries of a new axis: `stack([a, b], axis=1)`, and `stack(a, b)` as before 2015.

    >>> a = vector("a")
    >>> stack([a, a], axis=1).ndim, stack(a, a).ndim
    (2, 2)
    """
    if "tensors" in kwargs:
        tensors = (kwargs.pop("tensors"), *tensors)
    if not tensors:
        raise TypeError("theano.tensor.stack: takes a list of variables")
    if isinstance(tensors[0], list | tuple):
        listed, *axis = tensors
        axis = axis[0] if axis else kwargs.pop("axis", 0)
    elif isinstance(tensors[0], Variable) and len(tensors) == 1 and tensors[0].ndim > 0:
        raise TypeError(f"theano.tensor.stack: takes a list of variables, got {tensors[0]}; write stack([...])")
    else:
        listed, axis = tensors, kwargs.pop("axis", 0)
    if kwargs:
        raise TypeError(f"theano.tensor.stack: takes a list and axis, got {sorted(kwargs)} too")
    return pt.stack(list(listed), axis=axis)


def split(x, splits_size, n_splits, axis=0):
    """`x` in `n_splits` parts of these sizes along an axis: a list of variables."""
    parts = pt.split(x, splits_size, n_splits=n_splits, axis=axis)
    return list(parts) if isinstance(parts, list | tuple) else [parts]


def take(a, indices, axis=None, mode="raise"):
    """The elements of those numbers along an axis, of all in order by default.

    An index out of range is an error, or with mode "clip" the nearest, with mode "wrap" counted on from the start.
    """
    a, indices = pt.as_tensor_variable(a), pt.as_tensor_variable(indices)
    if axis is None:
        a, axis = pt.flatten(a), 0
    if mode not in ("raise", "clip", "wrap"):
        raise ValueError(f"theano.tensor.take: mode must be raise, clip or wrap, got {mode!r}")
    return pt.take(a, indices, axis=axis, mode=mode)


def addbroadcast(x, *axes):
    """`x` whose axes of these numbers have length 1, which is checked, and broadcast.

    >>> addbroadcast(matrix("x"), 0).broadcastable
    (True, False)
    """
    return pt.specify_broadcastable(x, *axes)


def unbroadcast(x, *axes):
    """`x` whose axes of these numbers are no longer known to have length 1."""
    from theano.tensor._unbroadcast import Unbroadcast

    return Unbroadcast(axes)(x)


def patternbroadcast(x, broadcastable):
    """`x` with exactly this pattern of axes that broadcast."""
    x = pt.as_tensor_variable(x)
    if len(broadcastable) != x.ndim:
        raise ValueError(f"theano.tensor.patternbroadcast: {x} has {x.ndim} axes, the pattern {len(broadcastable)}")
    adding = [axis for axis, b in enumerate(broadcastable) if b and not x.broadcastable[axis]]
    taking = [axis for axis, b in enumerate(broadcastable) if not b and x.broadcastable[axis]]
    x = addbroadcast(x, *adding) if adding else x
    return unbroadcast(x, *taking) if taking else x


def to_one_hot(y, nb_class, dtype=None):
    """A matrix with a 1 in the column of each of the vector's classes."""
    y = pt.as_tensor_variable(y)
    dtype = dtype or pt.scalar().dtype
    return pt.cast(pt.eq(y.dimshuffle(0, "x"), pt.arange(nb_class)), dtype)


def default(x, a):
    """`x`, or `a` where x is None; symbolic None is no more, so that x is a Python value."""
    if isinstance(x, Variable) and not isinstance(x, Constant):
        raise UsageError("theano.tensor.default: symbolic None is gone; choose in Python, or with theano.tensor.switch")
    return pt.as_tensor_variable(a if x is None else x)


def load(path, dtype, broadcastable, mmap_mode=None):
    """The array of a .npy file, read now (Theano read it at each call)."""
    array = np.load(path, mmap_mode=mmap_mode)
    return pt.constant(np.asarray(array, dtype=dtype)) if len(broadcastable) == array.ndim else _wrong_axes(path, array)


def _wrong_axes(path, array):
    raise TypeError(f"theano.tensor.load: {path} has {array.ndim} axes, which is not what broadcastable says")
