"""What operations are called on paper."""

from pytensor.graph.basic import Apply
from pytensor.scalar.basic import Cast
from pytensor.tensor.blockwise import Blockwise
from pytensor.tensor.elemwise import CAReduce, DimShuffle, Elemwise

_SIGNS = {
    "add": "+",
    "sub": "−",
    "mul": "×",
    "true_div": "÷",
    "pow": "power",
    "scalarmaximum": "max",
    "scalarminimum": "min",
    "sqr": "square",
    "maximum": "max",
    "minimum": "min",
    "sigmoid": "logistic",
    "neg": "−",
}
_QUIET = ("identity", "inference_value")


def usual_name(node: Apply) -> str:
    """What an operation is called; nothing for one that only hands on what it gets.

    >>> import pytensor.tensor as pt
    >>> x = pt.matrix("x")
    >>> [usual_name(v.owner) for v in (x + x, pt.dot(x, x), pt.tanh(x), x.sum(), x.astype("int32"))]
    ['+', 'dot', 'tanh', 'sum', '']
    """
    op = node.op
    if isinstance(op, Blockwise):
        op = op.core_op
    if isinstance(op, Elemwise):
        name = (op.scalar_op.name or type(op.scalar_op).__name__).lower()
        return "" if name in _QUIET or isinstance(op.scalar_op, Cast) else _SIGNS.get(name, name)
    if isinstance(op, DimShuffle):
        return ""
    if isinstance(op, CAReduce):
        name = (op.scalar_op.name or type(op.scalar_op).__name__).lower()
        return {"add": "sum", "mul": "product", "maximum": "max", "minimum": "min"}.get(name, name)
    return {"subtensor": "[ ]", "advancedsubtensor": "[ ]"}.get(type(op).__name__.lower(), type(op).__name__.lower())
