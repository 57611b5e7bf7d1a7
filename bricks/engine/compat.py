"""What differs between the versions of PyTensor and JAX that bricks works with.

Tested: PyTensor 3.0.7 with JAX 0.10 (Python 3.11), PyTensor 3.3 with JAX 0.12 (Python 3.12).
"""

import pytensor
from pytensor.graph.basic import Constant, Variable
from pytensor.graph.fg import FunctionGraph
from pytensor.scan.op import Scan

try:  # PyTensor 3.3
    from pytensor.conditional.op import IfElse, LazyIfElse
except ImportError:
    from pytensor.ifelse import IfElse

    LazyIfElse = None

__all__ = ["IfElse", "LazyIfElse", "inner_graph", "split_axis_and_sizes", "sum_initial", "thawed"]


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:2])


# From 3.1 on the graphs inside Scan and OpFromGraph are rewritten together with the outer graph.
INNER_GRAPHS_ARE_REWRITTEN = _version(pytensor.__version__) >= (3, 1)


def inner_graph(op, mode) -> FunctionGraph:
    """The graph inside `op` (a Scan or an OpFromGraph), rewritten for `mode`; `op` itself stays as it was."""
    if INNER_GRAPHS_ARE_REWRITTEN:
        return op.fgraph
    graph = op.fgraph.clone()
    if isinstance(op, Scan):
        mode = mode.excluding("scan_save_mem")
    mode.optimizer(graph)
    return graph


def thawed(op) -> FunctionGraph:
    """A copy of the graph inside `op` that may be changed (from 3.1 on those graphs are frozen)."""
    return op.fgraph.unfreeze() if hasattr(op.fgraph, "unfreeze") else op.fgraph.clone()


def split_axis_and_sizes(op, arguments):
    """Axis and sizes of a Split: inputs of the node up to 3.0, the axis a property of the op after it."""
    if hasattr(op, "axis"):
        _, sizes = arguments
        return op.axis, sizes
    _, axis, sizes = arguments
    return axis, sizes


def join_axis_and_parts(node):
    """Axis of a Join, None where it is not known while compiling, and what is joined."""
    if hasattr(node.op, "axis"):
        axis, parts = node.op.axis, node.inputs
    else:
        axis, parts = _constant(node.inputs[0]), node.inputs[1:]
    return None if axis is None else int(axis) % node.outputs[0].type.ndim, list(parts)


def split_constants(node):
    """Axis and sizes of a Split; None for the axis where one of them is not known while compiling."""
    axis, sizes = split_axis_and_sizes(node.op, node.inputs)
    axis, sizes = _constant(axis), _constant(sizes)
    if axis is None or sizes is None:
        return None, None
    return int(axis) % node.outputs[0].type.ndim, [int(n) for n in sizes]


def _constant(value):
    return value.data if isinstance(value, Constant) else None if isinstance(value, Variable) else value


def sum_initial(op, dtype) -> dict:
    """Keyword for a reduction that starts from a value of its own (3.3's `initial`)."""
    if getattr(op, "initial", False):
        return {"initial": op.initial_value(dtype)}
    return {}
