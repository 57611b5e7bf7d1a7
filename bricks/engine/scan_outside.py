"""What a step computes from rows of sequences and constants alone: the same, for all steps at once.

p_t = dot(x_t, W)    =>    p = dot(x, W) with x of shape (T * batch, n), one product instead of T
"""

import pytensor.tensor as pt
from pytensor.graph.basic import Constant, Variable
from pytensor.tensor.elemwise import DimShuffle, Elemwise
from pytensor.tensor.shape import SpecifyShape, specify_shape
from pytensor.tensor.subtensor import Subtensor
from pytensor.tensor.type import TensorType
from pytensor.tensor.type_other import NoneTypeT

from bricks.engine.scan_parts import Parts, is_product, like


class Outside:
    """The variables of a step that need no state.

    Attributes
    ----------
    still : dict
        Those that are the same in every step: {variable of the step: variable outside, or None until asked for}.
    moving : dict
        Those that rows of sequences give: {variable of the step: stack (T, ...), or None until asked for}.
    """

    def __init__(self, parts: Parts):
        self.n_steps = parts.n_steps
        self.still: dict[Variable, Variable | None] = dict(parts.constants)
        self.moving: dict[Variable, Variable | None] = {row: None for row, _ in parts.sequences}
        self._sequences = dict(parts.sequences)
        for node in parts.graph.toposort():
            self.still |= {v: v for v in node.inputs if isinstance(v, Constant)}
            if all(v in self.still for v in node.inputs):
                self.still |= dict.fromkeys(node.outputs)
            elif all(v in self.still or v in self.moving for v in node.inputs) and _goes_outside(node, self):
                self.moving[node.outputs[0]] = None

    def constant(self, variable: Variable) -> Variable:
        """A variable that is the same in every step, outside."""
        if self.still.get(variable) is None:
            if isinstance(variable, Constant):
                return variable
            node = variable.owner
            new = node.op.make_node(*(like(self.constant(v), v.type) for v in node.inputs))
            self.still |= dict(zip(node.outputs, new.outputs, strict=True))
        return self.still[variable]

    def stack(self, variable: Variable) -> Variable:
        """A variable that rows of sequences give, outside: one row a step."""
        if self.moving[variable] is None:
            self.moving[variable] = self._stacked(variable)
        return self.moving[variable]

    def _stacked(self, variable: Variable) -> Variable:
        if variable in self._sequences:
            return _cut(self._sequences[variable], self.n_steps)
        node = variable.owner
        if is_product(node):
            left, right = node.inputs
            if left in self.moving:
                return by_matrix(self.stack(left), self.constant(right))
            return matrix_by(self.constant(left), self.stack(right))
        given = [self.stack(v) if v in self.moving else self.constant(v) for v in node.inputs]
        if isinstance(node.op, DimShuffle):
            order = ["x" if axis == "x" else axis + 1 for axis in node.op.new_order]
            return given[0].dimshuffle(0, *order)
        if isinstance(node.op, SpecifyShape):
            lengths = [None if isinstance(v.type, NoneTypeT) else v for v in given[1:]]
            return specify_shape(given[0], (None, *lengths))
        return node.op(*given)


def _goes_outside(node, outside: Outside) -> bool:
    if is_product(node):  # of two rows it would be T small products all the same
        return any(v in outside.still for v in node.inputs)
    single = len(node.outputs) == 1 and isinstance(node.outputs[0].type, TensorType)
    return single and isinstance(node.op, Elemwise | DimShuffle | SpecifyShape)


def flat(stack: Variable) -> Variable:
    """(T, m, n) as (T * m, n)."""
    return stack.reshape((stack.shape[0] * stack.shape[1], stack.shape[2]), ndim=2)


def by_matrix(stack: Variable, matrix: Variable) -> Variable:
    """Each (m, n) of a stack times a matrix."""
    product = pt.dot(flat(stack), matrix)
    return product.reshape((stack.shape[0], stack.shape[1], matrix.shape[1]), ndim=3)


def matrix_by(matrix: Variable, stack: Variable) -> Variable:
    """A matrix times each (m, n) of a stack."""
    return by_matrix(stack.dimshuffle(0, 2, 1), matrix.T).dimshuffle(0, 2, 1)


def sum_of_products(left: Variable, right: Variable) -> Variable:
    """sum_t dot(left_t, right_t) for stacks (T, m, k) and (T, k, n)."""
    return pt.dot(flat(left.dimshuffle(0, 2, 1)).T, flat(right))


def _cut(sequence: Variable, n_steps: Variable) -> Variable:
    """The rows that the loop reads of a sequence."""
    node = sequence.owner
    if node is not None and isinstance(node.op, Subtensor) and len(node.inputs) == 2:
        end = node.inputs[1]
        if end.owner is not None and end.owner.inputs[0] is n_steps and str(node.op) == "Subtensor{:stop}":
            return sequence
    return sequence[:n_steps]
