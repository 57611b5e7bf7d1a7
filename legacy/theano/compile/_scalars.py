"""Integers that a call knows before it runs: of its scalar inputs, and of what is computed from them.

XLA compiles for fixed shapes, and `data[index * 100 : (index + 1) * 100]` has none before `index` is known. So such
arithmetic is done in Python, before XLA is called.
"""

import operator
from collections.abc import Callable, Sequence
from functools import reduce

import numpy as np
from pytensor.graph.basic import Constant, Variable
from pytensor.scalar.basic import (
    Abs,
    Add,
    Cast,
    Identity,
    IntDiv,
    Mod,
    Mul,
    Neg,
    ScalarMaximum,
    ScalarMinimum,
    Sub,
)
from pytensor.tensor.basic import ScalarFromTensor, TensorFromScalar
from pytensor.tensor.elemwise import DimShuffle, Elemwise
from pytensor.tensor.shape import Shape, Shape_i
from pytensor.tensor.subtensor import Subtensor

_ARITHMETIC = {
    Abs: abs,
    Add: lambda *terms: sum(terms),
    Cast: int,
    Identity: int,
    IntDiv: operator.floordiv,
    Mod: operator.mod,
    Mul: lambda *factors: reduce(operator.mul, factors),
    Neg: operator.neg,
    ScalarMaximum: max,
    ScalarMinimum: min,
    Sub: operator.sub,
}


def is_integer(variable: Variable) -> bool:
    """Whether a variable holds integers (truth values not counted)."""
    return np.dtype(getattr(variable.type, "dtype", "O") or "O").kind in "iu"


def program(variable: Variable, leaves: Sequence[Variable]) -> Callable[[dict], int] | None:
    """How to compute an integer scalar from {leaf: its value}; None where that takes more than arithmetic.

    >>> import pytensor.tensor as pt
    >>> i, x = pt.lscalar("i"), pt.fmatrix("x")
    >>> program((i + 1) * x.shape[0], [i, x])({i: 2, x: np.zeros((5, 1))})
    15
    """
    if isinstance(variable, Constant):
        value = variable.data
        return None if np.ndim(value) else lambda values: int(value)
    if not is_integer(variable) or getattr(variable.type, "ndim", 0) > 0:
        return None
    if variable in leaves:
        return lambda values: int(values[variable])
    node = variable.owner
    if node is None:
        return None
    length = _length(node, leaves)
    if length is not None:
        array, axis = length
        return lambda values: np.shape(values[array])[axis]
    if isinstance(node.op, ScalarFromTensor | TensorFromScalar | DimShuffle):
        return program(node.inputs[0], leaves)
    function = _ARITHMETIC.get(type(node.op.scalar_op)) if isinstance(node.op, Elemwise) else None
    operands = [program(v, leaves) for v in node.inputs] if function else []
    if function is None or None in operands:
        return None
    return lambda values: function(*(operand(values) for operand in operands))


def _length(node, leaves) -> tuple[Variable, int] | None:
    """(array, axis) where a node is the length of a leaf's axis."""
    if isinstance(node.op, Shape_i) and node.inputs[0] in leaves:
        return node.inputs[0], node.op.i
    if isinstance(node.op, Subtensor) and len(node.inputs) == 2:
        shape, axis = node.inputs[0].owner, node.inputs[1]
        if shape is not None and isinstance(shape.op, Shape) and isinstance(axis, Constant):
            array = shape.inputs[0]
            return (array, int(axis.data)) if array in leaves and node.op.idx_list == (0,) else None
    return None


def deciding(variables: Sequence[Variable]) -> list[Variable]:
    """The integer scalars without an owner on whose values `variables` depend, other than through shapes."""
    found: dict[Variable, None] = {}
    seen: set = set()
    waiting = list(variables)
    while waiting:
        variable = waiting.pop()
        if variable in seen or isinstance(variable, Constant):
            continue
        seen.add(variable)
        if variable.owner is not None:
            waiting += [] if isinstance(variable.owner.op, Shape | Shape_i) else variable.owner.inputs
        elif is_integer(variable) and getattr(variable.type, "ndim", 0) == 0:
            found[variable] = None
    return list(found)
