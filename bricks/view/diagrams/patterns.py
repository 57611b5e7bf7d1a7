"""Steps that a graph has in several nodes: a mean, a product with sequences, a cross-entropy.

A pattern gives, for a variable that it fits, what it is computed from and who writes its formula.
"""

from pytensor.graph.basic import Apply, Variable
from pytensor.tensor.elemwise import CAReduce, Elemwise
from pytensor.tensor.shape import Reshape
from pytensor.tensor.subtensor import AdvancedSubtensor

from bricks.view.diagrams import formulas
from bricks.view.diagrams.operations import usual_name


def mean(steps, variable: Variable):
    """A sum that is divided by the number of its terms."""
    node = variable.owner
    if not _is(node, "TrueDiv") or steps.bare(node.inputs[1]) not in steps.counts:
        return None
    total = steps.bare(node.inputs[0])
    if not _is_sum(total.owner):
        return None
    argument, axes = total.owner.inputs[0], formulas.axes_of(total.owner)
    return [argument], lambda symbol: formulas.reduced(argument, axes, symbol(argument), mean=True)


def flat_product(steps, variable: Variable):
    """A product with sequences, for which the graph lays all steps below each other."""
    if not isinstance(variable.owner.op, Reshape):
        return None
    product = steps.bare(variable.owner.inputs[0])
    if product.owner is None or usual_name(product.owner) != "dot":
        return None
    rows, matrix = steps.bare(product.owner.inputs[0]), product.owner.inputs[1]
    if rows.owner is None or not isinstance(rows.owner.op, Reshape):
        return None
    whole = rows.owner.inputs[0]
    return [whole, matrix], lambda symbol: formulas.product(symbol(whole), symbol(matrix), "Σ_{time} ")


def cross_entropy(steps, variable: Variable):
    """-mean of sum of t log y, in any of the orders in which people write it."""
    averaged = negative = reduced = False
    inner = steps.bare(variable)
    while (node := inner.owner) is not None:
        if _is(node, "Neg"):
            negative = not negative
        elif _is(node, "TrueDiv") and steps.bare(node.inputs[1]) in steps.counts:
            averaged = True
        elif _is_sum(node):
            reduced = True
        else:
            break
        inner = steps.bare(node.inputs[0])
    found = _log_likelihood(steps, node) if negative and reduced and node is not None else None
    if found is None:
        return None
    y, t, logits = found
    return [y, t], lambda symbol: formulas.cross_entropy(symbol(t), symbol(y), "n" if averaged else "", logits)


def _log_likelihood(steps, node: Apply) -> tuple[Variable, Variable, bool] | None:
    """Of t log y: y, t, and whether y is what comes before the softmax."""
    if _is(node, "Mul") and len(node.inputs) == 2:
        for t, other in (node.inputs, node.inputs[::-1]):
            y = _in_logarithm(steps, other)
            if y is not None:
                return y[0], t, y[1]
    if isinstance(node.op, AdvancedSubtensor):
        y = _in_logarithm(steps, node.inputs[0])
        return None if y is None else (y[0], node.inputs[-1], y[1])
    if _is(node, "Log"):
        picked = steps.bare(node.inputs[0]).owner
        if picked is not None and isinstance(picked.op, AdvancedSubtensor):
            return picked.inputs[0], picked.inputs[-1], False
    return None


def _in_logarithm(steps, variable: Variable) -> tuple[Variable, bool] | None:
    node = steps.bare(variable).owner
    if _is(node, "Log"):
        return node.inputs[0], False
    return (node.inputs[0], True) if node is not None and type(node.op).__name__ == "LogSoftmax" else None


def _is(node: Apply | None, scalar: str) -> bool:
    return node is not None and isinstance(node.op, Elemwise) and type(node.op.scalar_op).__name__ == scalar


def _is_sum(node: Apply | None) -> bool:
    return node is not None and isinstance(node.op, CAReduce) and usual_name(node) == "sum"


PATTERNS = (cross_entropy, mean, flat_product)
