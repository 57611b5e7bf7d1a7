"""Shapes that do not fit together, met while a function is compiled for them: which brick, what came, where to look."""

import numpy as np
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Apply
from pytensor.raise_op import CheckAndRaise

from bricks.engine.blame import describe
from bricks.engine.provenance import origin_of
from bricks.errors import ShapeError

SHOWN = 8
"""Inputs of a node that an error tells the shapes of: a loop's sequences come first."""


def shape_error(node: Apply, values, error: Exception) -> ShapeError:
    """What to raise for a node that cannot be computed of values of these shapes."""
    origin = origin_of(node)
    who = f"{origin}: " if origin else ""
    reason = str(error).splitlines()[0].rstrip(".")
    if isinstance(node.op, CheckAndRaise):
        return ShapeError(f"{who}lengths must fit together ({reason.split('.')[0]})")
    shapes = [f"{describe(v)} {np.shape(value)}" for v, value in zip(node.inputs, values, strict=True)]
    more = f" and {len(shapes) - SHOWN} more" if len(shapes) > SHOWN else ""
    return ShapeError(
        f"{who}the inputs of {_operation(node)} must fit together, got {', '.join(shapes[:SHOWN])}{more} ({reason})"
    )


def is_of_the_users(node: Apply) -> bool:
    """Whether a node is a check with a message of its own, rather than one of PyTensor's for shapes."""
    return isinstance(node.op, CheckAndRaise) and "broadcast" not in node.op.msg


def _operation(node: Apply) -> str:
    op = getattr(node.op, "core_op", node.op)
    return str(op) if hasattr(op, "inner_inputs") else type(getattr(op, "scalar_op", op)).__name__


def called_with(inputs, values) -> str:
    """What a function was given for its inputs that have names, and what may be done about it."""
    given = [
        f"{v.name} {np.shape(value)}, declared as {_declared(v)}"
        for v, value in zip(inputs, values, strict=False)
        if v.name and np.ndim(value) and not isinstance(v, SharedVariable)
    ]
    if not given:
        return ""
    return (
        f"; called with {'; '.join(given)}: compare these, and declare the lengths that are known, so that others are "
        "refused at once"
    )


def _declared(variable) -> str:
    """The shape that a variable was declared with, `?` for what is not known."""
    lengths = ["?" if n is None else str(n) for n in getattr(variable.type, "shape", ())]
    return f"({', '.join(lengths)}{',' if len(lengths) == 1 else ''})"
