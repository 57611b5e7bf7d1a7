"""Indices out of range: an IndexError, as it was, where XLA would silently take the nearest element.

The compiled function tells, with its results, whether each array of indices fits; where one doesn't, no update takes
effect. Inside loops, indices are looked at that come from outside of them.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pytensor.tensor as pt
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

from theano.compile._scalars import is_integer

_WRITES = (IncSubtensor, AdvancedIncSubtensor)


class Check(NamedTuple):
    """That all of `index` is within an axis of an array."""

    index: Variable
    array: Variable
    axis: int

    def fits(self) -> Variable:
        """The condition, a scalar."""
        length, index = self.array.shape[self.axis], pt.cast(pt.as_tensor_variable(self.index), "int64")
        return pt.all(pt.and_(pt.ge(index, -length), pt.lt(index, length)))

    def __str__(self):
        return f"index {self.index} into axis {self.axis} of {self.array}"


def checks(roots: Sequence[Variable]) -> list[Check]:
    """What is to be checked of a graph, each thing once."""
    found: dict[tuple, Check] = {}
    written = []
    for node in toposort(roots):
        if isinstance(node.op, Scan):
            found |= {(c.index, c.array): c for c in _in_loop(node)}
        for check in _of(node):
            if isinstance(node.op, _WRITES):
                written.append(check)
            else:
                found[check.index, check.array] = check
    # The gradient of a[i] adds at i into zeros as many as a has.
    read = {check.index for check in found.values()}
    return [*found.values(), *(check for check in written if check.index not in read)]


def _of(node) -> Iterator[Check]:
    if not isinstance(node.op, Subtensor | AdvancedSubtensor | IncSubtensor | AdvancedIncSubtensor):
        return
    axis = 0
    after = 2 if isinstance(node.op, _WRITES) else 1
    for index in indices_from_subtensor(node.inputs[after:], node.op.idx_list):
        if isinstance(index, Variable) and is_integer(index):
            if not _is_sure(index, node.inputs[0].type.shape[axis]):
                yield Check(index, node.inputs[0], axis)
        elif isinstance(index, Variable) and getattr(index.type, "dtype", "") == "bool":
            axis += index.type.ndim - 1
        axis += 1


def _is_sure(index: Variable, length: int | None) -> bool:
    """Whether an index is a constant that fits; the first and the last element are taken to be there."""
    if not isinstance(index, Constant):
        return False
    low, high = (int(index.data.min()), int(index.data.max())) if getattr(index.data, "size", 1) else (0, 0)
    return -length <= low and high < length if length is not None else low >= -1 and high <= 0


def _in_loop(node) -> Iterator[Check]:
    """Indices in a loop, of rows of a sequence or the same at each step, into an array that is the same at each."""
    op, inner = node.op, node.op.inner_inputs
    same = dict(zip(op.inner_non_seqs(inner), op.outer_non_seqs(node.inputs), strict=True))
    rows = dict(zip(op.inner_seqs(inner), op.outer_seqs(node.inputs), strict=True))
    for step in toposort(op.inner_outputs):
        for check in _of(step):
            index = _beneath(check.index)
            outer = same.get(index, rows.get(index))
            if outer is not None and check.array in same and not isinstance(step.op, _WRITES):
                yield Check(outer, same[check.array], check.axis)


def _beneath(index: Variable) -> Variable:
    """An index without the changes of type that scalars go through."""
    while index.owner is not None and type(index.owner.op).__name__ in ("ScalarFromTensor", "TensorFromScalar"):
        index = index.owner.inputs[0]
    return index
