"""Whether all of many arrays are finite, as cheaply as XLA can tell.

A sum over an array is one slow chain of additions on a CPU; a product with a vector is a fast library call.
So each matrix is summed with uneven weights, u^T A v: NaN and infinity come through all weights.
"""

import functools

import numpy as np
import pytensor.tensor as pt


def all_finite(variables):
    """A scalar bool: whether every value of the float variables is finite, and of a size that can be squared.

    Weights from 1 to 2, none alike along an axis, keep large values from cancelling where a sum is 0 by
    nature, as a softmax's gradients are.
    """
    totals: dict[str, list] = {}
    for variable in variables:
        if variable.type.dtype.startswith("float"):
            total = _weighted_sum(variable)
            totals.setdefault(total.type.dtype, []).append(total)
    flags = [pt.le(abs(sum(same)), np.sqrt(np.finfo(dtype).max).astype(dtype)) for dtype, same in totals.items()]
    return functools.reduce(pt.and_, flags)


def _weighted_sum(variable):
    if variable.type.dtype == "float16":
        variable = variable.astype("float32")  # whose squares end at 65,504
    if variable.type.ndim == 0:
        return variable
    matrix = variable.sum(axis=tuple(range(2, variable.type.ndim))) if variable.type.ndim > 2 else variable
    total = pt.dot(_weights(matrix.shape[0], matrix.type.dtype), matrix)
    return total if total.type.ndim == 0 else pt.dot(total, _weights(matrix.shape[1], matrix.type.dtype))


def _weights(length, dtype: str):
    return 1 + pt.arange(length, dtype="int32").astype(dtype) / pt.maximum(length, 1).astype(dtype)
