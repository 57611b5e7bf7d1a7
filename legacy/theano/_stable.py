"""log(p[i, j]) of a softmax p, before it is differentiated: log p is taken first, of which j is then chosen.

Theano's rewriting knew this form of a cost, so that its gradient was right where p is 0; PyTensor's knows log(p)[i, j].
"""

from collections.abc import Iterable

from pytensor.graph.basic import Variable
from pytensor.graph.traversal import toposort
from pytensor.scalar.basic import Log
from pytensor.tensor.elemwise import DimShuffle, Elemwise
from pytensor.tensor.shape import Reshape
from pytensor.tensor.special import Softmax, log_softmax
from pytensor.tensor.subtensor import AdvancedSubtensor, Subtensor

_VIEWS = (AdvancedSubtensor, DimShuffle, Reshape, Subtensor)


def stable(cost: Variable, kept: Iterable[Variable]) -> Variable:
    """`cost` with such logarithms written stably; as it is where that would lose one of `kept` out of its graph."""
    nodes = list(toposort([cost]))
    new: dict[Variable, Variable] = {}
    lost: set[Variable] = set()
    for node in nodes:
        if isinstance(node.op, Elemwise) and isinstance(node.op.scalar_op, Log):
            path = _to_softmax(node.inputs[0])
            if len(path) > 1:
                new[node.outputs[0]] = _log_of(path)
                lost |= {*path, node.outputs[0]}
        elif any(v in new for v in node.inputs):
            made = node.clone_with_new_inputs([new.get(v, v) for v in node.inputs], strict=False)
            new |= dict(zip(node.outputs, made.outputs, strict=True))
            lost |= set(node.outputs)
    return cost if lost.intersection(kept) else new.get(cost, cost)


def _to_softmax(variable: Variable) -> list[Variable]:
    """The parts and views of a softmax that lead to a variable, it itself first; nothing where there is none."""
    path = [variable]
    while variable.owner is not None and isinstance(variable.owner.op, _VIEWS):
        variable = variable.owner.inputs[0]
        path.append(variable)
    return path if variable.owner is not None and isinstance(variable.owner.op, Softmax) else []


def _log_of(path: list[Variable]) -> Variable:
    softmax = path[-1].owner
    value = log_softmax(softmax.inputs[0], axis=softmax.op.axis)
    for view in reversed(path[:-1]):
        value = view.owner.clone_with_new_inputs([value, *view.owner.inputs[1:]], strict=False).outputs[0]
    return value
