"""What a loop adds up, or only stacks: which terms are products whose factors could be stacked instead.

W_t = W_{t-1} + dot(x_t', d_t)    =>    W_T = W_0 + dot(x', d) with x, d of shape (T * batch, ...)
y_t = dot(s_t, V)                 =>    y = dot(s, V) with s of shape (T * batch, n)
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytensor.scalar as ps
import pytensor.tensor as pt
from pytensor.graph.basic import Variable
from pytensor.graph.fg import Output
from pytensor.tensor.basic import get_scalar_constant_value
from pytensor.tensor.elemwise import DimShuffle, Elemwise
from pytensor.tensor.math import Sum
from pytensor.tensor.shape import SpecifyShape
from pytensor.tensor.subtensor import Subtensor, get_idx_list

from bricks.engine.scan_outside import Outside, by_matrix, matrix_by, sum_of_products
from bricks.engine.scan_parts import Outputs, Parts, is_product, like


@dataclass
class Total:
    """A state that only adds up terms, of which nothing but its last value is used.

    `products` and `sums` are terms that can be had outside, `rest` those that stay in the loop; `last` are the
    variables outside that stand for its last value.
    """

    number: int
    before: Variable
    start: Variable
    last: list[Variable]
    products: list[Variable]
    sums: list[Variable]
    rest: list[Variable]
    stacks: dict[Variable, Callable] = field(default_factory=dict)

    def factors(self) -> list[Variable]:
        return [_base(f) for term in self.products for f in _bare(term).owner.inputs]

    def stack(self, parts: Parts, outside: Outside) -> None:
        """Have the factors stacked, and only the rest added up in the loop."""
        for term in [*self.products, *self.sums]:
            for f in _bare(term).owner.inputs:
                self.stacks[f] = _stacked(f, parts, outside, parts.n_steps)
        if self.rest:
            parts.graph.replace(parts.graph.outputs[self.number], pt.add(self.before, *self.rest), import_missing=True)

    def outside(self, new: Outputs) -> Variable:
        value = new.states[self.number][-1] if self.rest else self.start[0]
        for term in self.products:
            left, right = (self.stacks[f](new) for f in _bare(term).owner.inputs)
            value = value + _dressed(sum_of_products(left, right), term)
        for term in self.sums:
            node = _bare(term).owner
            axes = [0, *(axis + 1 for axis in _axes(node))]
            value = value + _dressed(self.stacks[node.inputs[0]](new).sum(axes), term)
        return value.astype(self.before.type.dtype)


def totals_of(fgraph, parts: Parts, outside: Outside) -> dict[int, Total]:
    totals = {}
    for before, number, start in parts.states:
        last = _last_values(fgraph, parts.outputs.states[number])
        terms = _added(parts.graph, before, parts.graph.outputs[number]) if last else None
        if terms:
            products = [t for t in terms if _is_free(t, outside)]
            sums = [t for t in terms if _is_sum(t)]
            rest = [t for t in terms if t not in products and t not in sums]
            totals[number] = Total(number, before, start, last, products, sums, rest)
    stacked = {f for total in totals.values() for f in total.factors()}
    for total in totals.values():  # to stack a variable only to sum it up would be no gain
        total.rest += [t for t in total.sums if _base(_bare(t).owner.inputs[0]) not in stacked]
        total.sums = [t for t in total.sums if t not in total.rest]
    return {number: total for number, total in totals.items() if total.products or total.sums}


@dataclass
class Readout:
    """A stacked row that is a sum of products by matrices that stay the same."""

    length: Variable
    terms: list[Variable]
    stacks: dict[Variable, Callable] = field(default_factory=dict)

    def stack(self, parts: Parts, outside: Outside) -> None:
        for term in self.terms:
            if is_product(_bare(term).owner):
                left, right = _bare(term).owner.inputs
                if right in outside.still:
                    factor, matrix, multiply = left, outside.constant(right), by_matrix
                else:
                    factor, matrix, multiply = right, outside.constant(left), lambda s, m: matrix_by(m, s)
                stacked = _stacked(factor, parts, outside, self.length)
                self.stacks[term] = lambda new, s=stacked, m=matrix, f=multiply: f(s(new), m)
            else:
                value = outside.constant(term) if term in outside.still else outside.stack(term)
                self.stacks[term] = lambda new, value=value: value

    def outside(self, new: Outputs) -> Variable:
        values = [
            _dressed(self.stacks[t](new), t, stacked=True) if is_product(_bare(t).owner) else self.stacks[t](new)
            for t in self.terms
        ]
        return pt.add(*values) if len(values) > 1 else values[0]


def readouts_of(parts: Parts, outside: Outside, whole) -> dict[int, Readout]:
    readouts = {}
    for number, length in parts.rows:
        row = parts.graph.outputs[number]
        if number in whole or row in outside.moving or row in outside.still:
            continue
        terms = _flattened(row)
        products = [t for t in terms if _is_by_still(t, outside) and _is_used_once(parts.graph, t)]
        others = [t for t in terms if t not in products]
        # Rows beyond the steps are zero; what is added to a product would not be.
        known = length is parts.n_steps and all(t in outside.still or t in outside.moving for t in others)
        if products and (known or not others):
            readouts[number] = Readout(length, terms)
    return readouts


def _stacked(v: Variable, parts: Parts, outside: Outside, length: Variable) -> Callable[[Outputs], Variable]:
    """How to come by the stack of a variable of the step once the node is rebuilt."""
    if v in outside.moving and length is parts.n_steps:
        return lambda new: outside.stack(v)
    if v.owner is not None and isinstance(v.owner.op, DimShuffle):
        order = ["x" if axis == "x" else axis + 1 for axis in v.owner.op.new_order]
        source = _stacked(v.owner.inputs[0], parts, outside, length)
        return lambda new: source(new).dimshuffle(0, *order)
    number = parts.add_row(v, length)
    return lambda new: new.rows[number]


def _last_values(fgraph, trace: Variable) -> list[Variable]:
    """The variables that are the last row of a trace; none if anything else is read of it."""
    found = []
    for node, _ in fgraph.clients[trace]:
        if isinstance(node.op, Output) or not isinstance(node.op, Subtensor):
            return []
        index = get_idx_list(node.inputs, node.op.idx_list)
        if len(index) != 1:
            return []
        if isinstance(index[0], slice):
            start, stop, step = index[0].start, index[0].stop, index[0].step
            rows = _last_values(fgraph, node.outputs[0]) if stop is step is None and number_of(start) == 1 else []
            if not rows:
                return []
            found += rows
        elif number_of(index[0]) == -1:
            found.append(node.outputs[0])
        else:
            return []
    return found


def number_of(index):
    return index if isinstance(index, int) else get_scalar_constant_value(index, raise_not_constant=False)


def _added(graph, before: Variable, after: Variable) -> list[Variable] | None:
    """The terms of `after = before + ...`, where `before` is used for nothing else."""
    others, v = [], before
    while v is not after or len(graph.clients[v]) != 1:
        if len(graph.clients[v]) != 1 or isinstance(graph.clients[v][0][0].op, Output):
            return None
        node, i = graph.clients[v][0]
        if not (_is_add(node) or (isinstance(node.op, SpecifyShape) and i == 0)):
            return None
        others += [t for k, t in enumerate(node.inputs) if k != i] if _is_add(node) else []
        v = node.outputs[0]
    terms = [t for other in others for t in _flattened(other)]
    return terms if v is not before and all(t.type.dtype == before.type.dtype for t in terms) else None


def _flattened(v: Variable) -> list[Variable]:
    if v.owner is not None and _is_add(v.owner):
        return [t for term in v.owner.inputs for t in _flattened(term)]
    if v.owner is not None and isinstance(v.owner.op, SpecifyShape):
        return _flattened(v.owner.inputs[0])
    return [v]


def _is_add(node) -> bool:
    return isinstance(node.op, Elemwise) and isinstance(node.op.scalar_op, ps.Add)


def _bare(term: Variable) -> Variable:
    """What a term is but for transposition, further axes and assertions of its shape."""
    while term.owner is not None and isinstance(term.owner.op, DimShuffle | SpecifyShape):
        term = term.owner.inputs[0]
    return term


def _base(factor: Variable) -> Variable:
    while factor.owner is not None and isinstance(factor.owner.op, DimShuffle):
        factor = factor.owner.inputs[0]
    return factor


def _dressed(value: Variable, term: Variable, stacked: bool = False) -> Variable:
    """What was done to the bare term, done to what stands for it outside."""
    if term.owner is None or not isinstance(term.owner.op, DimShuffle | SpecifyShape):
        return value if stacked else like(value, term.type)
    value = _dressed(value, term.owner.inputs[0], stacked)
    if isinstance(term.owner.op, SpecifyShape):
        return value
    order = ["x" if axis == "x" else axis + stacked for axis in term.owner.op.new_order]
    return value.dimshuffle(*([0] if stacked else []), *order)


def _is_free(term: Variable, outside: Outside) -> bool:
    """Whether a term is a product of two factors that change from step to step."""
    node = _bare(term).owner
    return is_product(node) and not any(v in outside.still for v in node.inputs)


def _is_by_still(term: Variable, outside: Outside) -> bool:
    node = _bare(term).owner
    return is_product(node) and sum(v in outside.still for v in node.inputs) == 1


def _is_sum(term: Variable) -> bool:
    node = _bare(term).owner
    return node is not None and isinstance(node.op, Sum)


def _axes(node) -> tuple[int, ...]:
    return tuple(range(node.inputs[0].type.ndim)) if node.op.axis is None else node.op.axis


def _is_used_once(graph, term: Variable) -> bool:
    v = _bare(term)
    return len(graph.clients[v]) == 1
