"""Whether all of many arrays are finite, as cheaply as XLA can tell.

A sum of squares is one pass that XLA shares out among lanes, half as long as the product u^T A v over a large
matrix, which would tell it too; where gradients are clipped by their norm it is there already. Nothing cancels in it.
"""

import functools

import numpy as np
import pytensor.tensor as pt


def all_finite(variables):
    """A scalar bool: whether every value of the float variables is finite, and the sum of all squares too."""
    totals: dict[str, list] = {}
    for variable in variables:
        if variable.type.dtype.startswith("float"):
            total = _sum_of_squares(variable)
            totals.setdefault(total.type.dtype, []).append(total)
    flags = [pt.lt(sum(same), np.asarray(np.inf, dtype)) for dtype, same in totals.items()]
    return functools.reduce(pt.and_, flags)


def _sum_of_squares(variable):
    if variable.type.dtype == "float16":
        variable = variable.astype("float32")  # whose squares end at 65,504
    return (variable**2).sum(acc_dtype=variable.type.dtype)
