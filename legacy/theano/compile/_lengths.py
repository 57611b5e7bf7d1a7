"""Integer scalars that decide shapes: `n_steps=n`, `T.zeros((n, 5))`, `x[:n]` of what is computed.

XLA compiles for fixed shapes, so a function of such integers is compiled once for each of their values.
"""

from collections.abc import Sequence

from pytensor.graph.basic import Constant, Variable
from pytensor.graph.traversal import toposort
from pytensor.scan.op import Scan
from pytensor.tensor.subtensor import (
    AdvancedIncSubtensor,
    AdvancedSubtensor,
    IncSubtensor,
    Subtensor,
    indices_from_subtensor,
)

from theano.compile import _scalars

# By name, since PyTensor's versions differ in which of them they have: the first input that decides the shape.
_FROM = {
    "Alloc": 1,
    "AllocEmpty": 0,
    "ARange": 0,
    "BroadcastTo": 1,
    "Eye": 0,
    "RandomDraw": 2,
    "Repeat": 1,
    "Reshape": 1,
    "SpecifyShape": 1,
    "Split": 1,
    "Tri": 0,
}


def lengths(roots: Sequence[Variable]) -> list[Variable]:
    """The integer scalars that decide shapes in a graph, inputs and shared variables."""
    deciding = []
    for node in toposort(roots):
        deciding += [v for v in _of(node) if not isinstance(v, Constant)]
    return _scalars.deciding(deciding)


def _of(node) -> list[Variable]:
    """Those inputs of a node whose values decide the shape of its result, or which part of an array it takes."""
    op, inputs = node.op, node.inputs
    if isinstance(op, Subtensor | AdvancedSubtensor):
        return _slices(inputs[1:], op.idx_list)
    if isinstance(op, IncSubtensor | AdvancedIncSubtensor):
        return _slices(inputs[2:], op.idx_list)
    if isinstance(op, Scan):
        return [inputs[0], *op.outer_nitsot(inputs)]
    first = _FROM.get(type(op).__name__)
    return [] if first is None else inputs[first:]


def _slices(inputs, idx_list) -> list[Variable]:
    ends = []
    for index in indices_from_subtensor(inputs, idx_list):
        if isinstance(index, slice):
            ends += [end for end in (index.start, index.stop, index.step) if isinstance(end, Variable)]
    return ends
