"""What a recurrence does for the work around it, where it will be a kernel.

A loop of XLA's wants its products outside, one large one each. A kernel has its rows in the cache, so that two things
are cheaper inside: the projection of an input, whose (T, batch, n) result is then never written, and sums of rows over
time and batch, such as a bias's gradient.
"""

import pytensor.tensor as pt
from pytensor.graph.basic import equal_computations
from pytensor.graph.replace import graph_replace
from pytensor.graph.rewriting.basic import node_rewriter
from pytensor.tensor.basic import MakeVector
from pytensor.tensor.elemwise import CAReduce, DimShuffle, Elemwise
from pytensor.tensor.math import Dot
from pytensor.tensor.shape import Reshape
from pytensor.tensor.type import TensorType

from bricks.engine.kernel.lowering import suits
from bricks.engine.recurrences import Recurrence

ROOM = 2**18  # numbers: matrices beyond it would not stay in a core's cache beside each other


@node_rewriter([Recurrence])
def projections(fgraph, node):
    """Sequences that are products of a sequence by a matrix, and biases, are computed in the step."""
    op, n = node.op, node.op.n_sequences
    found = {k: _projection(fgraph, node, v) for k, v in enumerate(node.inputs[:n])}
    found = {k: parts for k, parts in found.items() if parts is not None}
    matrices = [v for v in node.inputs[n + op.n_states :] if v.type.ndim == 2]
    known = [v.type.shape for v in [*matrices, *(W for _, W, _ in found.values())]]
    if not found or any(None in shape for shape in known) or sum(a * b for a, b in known) > ROOM or not suits(op):
        return None
    rows, sequences, constants, outer, given = [], [], [], [], {}
    for k, row in enumerate(op.inner_inputs[:n]):
        if k not in found:
            rows.append(row)
            sequences.append(node.inputs[k])
            continue
        x, W, biases = found[k]
        new = TensorType(x.type.dtype, shape=x.type.shape[1:])()
        matrix, shifts = W.type(), [b.type() for b in biases]
        value = pt.dot(new, matrix)
        for shift in shifts:  # (1, 1, n) outside
            value = value + shift.dimshuffle(1, 2)
        given[row] = row.type.filter_variable(value, allow_convert=True)
        rows.append(new)
        sequences.append(x)
        constants += [matrix, *shifts]
        outer += [W, *biases]
    step = graph_replace(op.inner_outputs, given, strict=False)
    return op.like([*rows, *op.inner_inputs[n:], *constants], step)(
        *sequences, *node.inputs[n:], *outer, return_list=True
    )


def _projection(fgraph, node, sequence):
    """(x, W, biases) of a sequence x W + b, (T, batch, n), that nobody else reads, else None."""
    biases, value = [], sequence
    if not _read_once(fgraph, value, node):
        return None
    if _is_sum(value.owner):
        shaped = [v for v in value.owner.inputs if v.owner is not None and isinstance(v.owner.op, Reshape)]
        biases = [v for v in value.owner.inputs if v not in shaped]
        if len(shaped) != 1 or any(v.type.shape[:2] != (1, 1) for v in biases):
            return None
        (value,) = shaped
        if not _read_once(fgraph, value):
            return None
    product = _through(value, Reshape)
    if product is None or product.owner is None or not isinstance(product.owner.op, Dot) or value.type.ndim != 3:
        return None
    left, W = product.owner.inputs
    if W.type.shape[0] == 1:  # a single feature is (T, batch), and (T * batch,) flat
        x = _through(_through(left, DimShuffle), Reshape)
        x = x.dimshuffle(0, 1, "x") if x is not None and x.type.ndim == 2 else x
    else:
        x = _through(left, Reshape)
    if not _read_once(fgraph, product) or x is None or x.type.ndim != 3 or W.type.ndim != 2:
        return None
    known = x.type.shape[2] == W.type.shape[0] is not None
    return (x, W, biases) if known and all(_as_long(fgraph, value, x, axis) for axis in (0, 1)) else None


def _as_long(fgraph, reshaped, x, axis: int) -> bool:
    """Whether an axis is as long as another's: what is reshaped to (T * batch, n) and back then keeps its rows."""
    lengths = [v.type.shape[axis] for v in (reshaped, x)]
    if None not in lengths:
        return lengths[0] == lengths[1]
    shape = reshaped.owner.inputs[1].owner
    if shape is None or not isinstance(shape.op, MakeVector):
        return False
    return equal_computations([shape.inputs[axis]], [fgraph.shape_feature.shape_tuple(x)[axis]])


def _through(value, kind):
    made = value is not None and value.owner is not None and isinstance(value.owner.op, kind)
    return value.owner.inputs[0] if made else None


def _is_sum(node) -> bool:
    return node is not None and isinstance(node.op, Elemwise) and type(node.op.scalar_op).__name__ == "Add"


def _read_once(fgraph, value, reader=None) -> bool:
    clients = fgraph.clients[value]
    return len(clients) == 1 and (reader is None or clients[0][0] is reader)


@node_rewriter([Recurrence])
def sums(fgraph, node):
    """Sums of rows over time and batch, or of all there is, are collected by a state."""
    op, n = node.op, node.op.n_states
    found = {}
    for m, output in enumerate(node.outputs[n:], start=n):
        for client, _ in fgraph.clients[output]:
            if _is_total(client) and output.type.ndim == 3 and output.type.shape[2] is not None:
                found.setdefault(m, []).append(client)
    if not found or not suits(op):
        return None
    totals = {m: TensorType(op.inner_outputs[m].type.dtype, shape=(node.outputs[m].type.shape[2],))() for m in found}
    after = [
        total.type.filter_variable((total + op.inner_outputs[m].sum(axis=0)).astype(total.type.dtype))
        for m, total in totals.items()
    ]
    b = op.n_sequences + n
    new = op.like(
        [*op.inner_inputs[:b], *totals.values(), *op.inner_inputs[b:]],
        [*op.inner_outputs[:n], *after, *op.inner_outputs[n:]],
        n_states=n + len(totals),
    )
    zeros = [pt.zeros(total.type.shape, total.type.dtype) for total in totals.values()]
    results = new(*node.inputs[:b], *zeros, *node.inputs[b:], return_list=True)
    finals, rows = results[n : n + len(totals)], results[n + len(totals) :]
    replaced = dict(zip(node.outputs, [*results[:n], *rows], strict=True))
    for final, clients in zip(finals, found.values(), strict=True):
        for client in clients:
            out = client.outputs[0]
            total = final if out.type.ndim else final.sum()
            replaced[out] = out.type.filter_variable(total.astype(out.type.dtype))
    return replaced


def _is_total(node) -> bool:
    """Whether a node sums a sequence of rows over time and batch, or over everything."""
    op = getattr(node, "op", None)
    if not isinstance(op, CAReduce) or (op.nfunc_spec or ("",))[0] != "sum":
        return False
    if tuple((0, 1, 2) if op.axis is None else op.axis) not in ((0, 1), (0, 1, 2)):
        return False
    kinds = {v.type.dtype for v in [*node.inputs, *node.outputs]}
    return len(kinds) == 1 and kinds.pop().startswith("float")  # not a count of truths, nor one asked to be more exact
