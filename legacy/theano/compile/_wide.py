"""64-bit integers in a function without a float64: bricks computes them in 32 bits, which a product may overflow.

Theano's were of 64 bits always. A function that calculates with them is made to keep them.
"""

from collections.abc import Sequence

import numpy as np
from pytensor.graph.basic import Variable
from pytensor.graph.op import HasInnerGraph
from pytensor.graph.traversal import toposort
from pytensor.scalar.basic import Add, Cast, Mul, Pow, Sqr, Sub
from pytensor.tensor.elemwise import Elemwise
from pytensor.tensor.shape import Shape, Shape_i

import bricks

KEEP = bricks.shared(np.int64(0), "64-bit integers")
"""A result more: the engine keeps 64 bits where a shared variable has them."""

_CALCULATES = (Add, Mul, Pow, Sqr, Sub)
_SUMS = ("CumOp", "Dot", "Matmul")


def calculates(graph: Sequence[Variable]) -> bool:
    """Whether 64-bit integers are calculated with that are not known with the shapes.

    >>> import pytensor.tensor as pt
    >>> i, x = pt.lscalar("i"), pt.fmatrix("x")
    >>> calculates([i * i]), calculates([x.shape[0] * 2]), calculates([pt.eq(i, 3)])
    (True, False, False)
    """
    of_values: set[Variable] = set()
    for node in toposort(graph):
        if isinstance(node.op, Shape | Shape_i):
            continue
        if any(v in of_values or (v.owner is None and not hasattr(v, "data")) for v in node.inputs):
            of_values.update(node.outputs)
            if _is_wide(node.outputs[0]) and _may_overflow(node):
                return True
        if isinstance(node.op, HasInnerGraph) and calculates(node.op.inner_outputs):
            return True
    return False


def _may_overflow(node) -> bool:
    if not isinstance(node.op, Elemwise):
        return type(node.op).__name__ in _SUMS
    scalar = node.op.scalar_op
    return isinstance(scalar, _CALCULATES) or (isinstance(scalar, Cast) and "float" in str(node.inputs[0].type.dtype))


def _is_wide(variable: Variable) -> bool:
    return getattr(variable.type, "dtype", "") in ("int64", "uint64")
