"""A Scan taken apart: its step as a graph that may be changed, and what goes in and out, kind by kind.

The rewrites of people's own scans change the lists and the graph, and `rebuild` gives the outputs of a new node.
"""

import dataclasses

from pytensor.graph.basic import Apply, Variable
from pytensor.graph.rewriting.basic import MergeOptimizer
from pytensor.scan.op import Scan
from pytensor.tensor.blockwise import Blockwise
from pytensor.tensor.math import Dot
from pytensor.tensor.type import TensorType

from bricks.engine import compat


def is_product(node: Apply | None) -> bool:
    """Whether a node is a product of two matrices, as `dot(a, b)` or as `a @ b` (a Blockwise) gives it."""
    op = node.op.core_op if node is not None and isinstance(node.op, Blockwise) else getattr(node, "op", None)
    return isinstance(op, Dot) and all(v.type.ndim == 2 for v in node.inputs)


def has_products(op: Scan) -> bool:
    return any(map(is_product, op.fgraph.apply_nodes))


class Parts:
    """A Scan node, as lists of what there is of each kind.

    Attributes
    ----------
    graph : FunctionGraph
        The step, a copy in which every product of matrices is a `Dot` and what is written twice is there once.
    sequences, constants : list of (variable of the step, variable outside)
    states : list of (before, number among the step's outputs, start)
        Those with one tap.
    rows : list of (number among the step's outputs, length)
        What is stacked and is no state.
    """

    def __init__(self, node: Apply):
        self.node, self.n_steps, op = node, node.inputs[0], node.op
        self.graph = graph = compat.thawed(op)
        for product in [n for n in graph.toposort() if is_product(n) and isinstance(n.op, Blockwise)]:
            graph.replace(product.outputs[0], product.op.core_op(*product.inputs), reason="a product of matrices")
        MergeOptimizer().rewrite(graph)
        outer, numbers = node.inputs, list(range(len(graph.outputs)))
        # The step's inputs and outputs may grow at their ends, these lists are of how it was.
        self.inputs = inner = list(graph.inputs)
        self.sequences = list(zip(op.inner_seqs(inner), op.outer_seqs(outer), strict=True))
        self.constants = list(zip(op.inner_non_seqs(inner), op.outer_non_seqs(outer), strict=True))
        self.states = list(
            zip(op.inner_sitsot(inner), op.inner_sitsot_outs(numbers), op.outer_sitsot(outer), strict=True)
        )
        self.rows = list(zip(op.inner_nitsot_outs(numbers), op.outer_nitsot(outer), strict=True))
        self._before = op.inner_mitmot_outs(numbers) + op.inner_mitsot_outs(numbers)
        self._after = op.inner_untraced_sit_sot_outs(numbers)
        self.outputs = Outputs(self, node.outputs)

    def add_row(self, row: Variable, length: Variable | None = None) -> int:
        """Have a variable of the step stacked; its number among the step's outputs."""
        length = self.n_steps if length is None else length
        for number, known in self.rows:
            if self.graph.outputs[number] is row and known is length:
                return number
        self.graph.add_output(row)
        self.rows.append((len(self.graph.outputs) - 1, length))
        return self.rows[-1][0]

    def take(self, variable: Variable, sequence: Variable) -> Variable:
        """Let the step read a variable from a sequence instead of computing it; the row that it reads."""
        row = variable.type()
        kind = TensorType(row.type.dtype, shape=(None, *row.type.shape))
        sequence = like(sequence, kind)
        self.graph.add_input(row)
        self.sequences.append((row, sequence))
        self.graph.replace(variable, row, reason="from a sequence")
        return row

    def rebuild(self) -> "Outputs | None":
        """The outputs of a new node of what the lists now hold; None if there is nothing left for it to do."""
        op, node, inner, out = self.node.op, self.node, self.inputs, self.graph.outputs
        info = dataclasses.replace(
            op.info,
            n_seqs=len(self.sequences),
            sit_sot_in_slices=((-1,),) * len(self.states),
            n_nit_sot=len(self.rows),
        )
        inputs = [
            *(row for row, _ in self.sequences),
            *op.inner_mitmot(inner),
            *op.inner_mitsot(inner),
            *(before for before, *_ in self.states),
            *op.inner_untraced_sit_sot(inner),
            *(v for v, _ in self.constants),
        ]
        numbers = [*self._before, *(k for _, k, _ in self.states), *(k for k, _ in self.rows), *self._after]
        given = [
            self.n_steps,
            *(sequence for _, sequence in self.sequences),
            *op.outer_mitmot(node.inputs),
            *op.outer_mitsot(node.inputs),
            *(start for *_, start in self.states),
            *op.outer_untraced_sit_sot(node.inputs),
            *(length for _, length in self.rows),
            *(v for _, v in self.constants),
        ]
        if not numbers:
            return None
        settings = {k: getattr(op, k) for k in ("mode", "profile", "truncate_gradient", "name", "allow_gc")}
        new = Scan(inputs, [out[k] for k in numbers], info, **settings)
        return Outputs(self, new(*given, return_list=True))


class Outputs:
    """The outputs of a Scan, states and rows by their number among the step's outputs."""

    def __init__(self, parts: Parts, outputs: list[Variable]):
        info = parts.node.op.info
        first = info.n_mit_mot + info.n_mit_sot
        second, third = first + len(parts.states), first + len(parts.states) + len(parts.rows)
        self.others = outputs[:first] + outputs[third:]
        self.states = dict(zip((k for _, k, _ in parts.states), outputs[first:second], strict=True))
        self.rows = dict(zip((k for k, _ in parts.rows), outputs[second:third], strict=True))

    def pairs(self, new: "Outputs") -> list[tuple[Variable, Variable]]:
        """These and those that took their places."""
        pairs = list(zip(self.others, new.others, strict=True))
        pairs += [(v, new.states[k]) for k, v in self.states.items() if k in new.states]
        pairs += [(v, new.rows[k]) for k, v in self.rows.items() if k in new.rows]
        return [(old, like(after, old.type)) for old, after in pairs]


def like(variable: Variable, kind) -> Variable:
    """The variable, of a type that may stand where `kind` stood."""
    return variable if kind.is_super(variable.type) else kind.filter_variable(variable)
