"""Gradients of people's own scans read what the forward loop computed, instead of computing it again.

PyTensor's gradient of a scan is a scan that goes the other way. Its step holds a copy of the forward step, on rows
of the states that were kept. What that copy computes by way of a product, the forward loop stacks as it goes.
"""

from pytensor.compile.mode import optdb
from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.graph.rewriting.basic import GraphRewriter
from pytensor.graph.traversal import ancestors
from pytensor.scan.op import Scan
from pytensor.tensor.elemwise import DimShuffle
from pytensor.tensor.shape import SpecifyShape
from pytensor.tensor.subtensor import Subtensor, get_idx_list
from pytensor.tensor.type import TensorType

from bricks.engine.scan_parts import Parts, has_products, is_product
from bricks.engine.scan_products import TAG
from bricks.engine.scan_terms import number_of

BACKWARDS = (None, None, -1)


class SavedRows(GraphRewriter):
    """Joins each Scan that is a gradient to the one that it is the gradient of."""

    def apply(self, fgraph):
        for backward in fgraph.toposort():
            if isinstance(backward.op, Scan) and not backward.op.info.as_while and has_products(backward.op):
                pairs = _joined(backward)
                if pairs:
                    fgraph.replace_all(pairs, reason="saved rows")


def _joined(backward: Apply) -> list:
    """Pairs (output of a gradient or of its forward scan, replacement); none where nothing is computed twice."""
    node = _forward(backward)
    if node is None:
        return []
    forward, gradient = Parts(node), Parts(backward)
    same = _same(forward, gradient)
    saved = [v for v in _read(gradient, same) if any(is_product(a.owner) for a in ancestors([same[v]]))]
    if not saved:
        return []
    numbers = [forward.add_row(same[v]) for v in saved]
    new = forward.rebuild()
    for v, number in zip(saved, numbers, strict=True):
        gradient.take(v, new.rows[number][::-1][: gradient.n_steps])
    pairs = forward.outputs.pairs(new)
    # The gradient is rebuilt on the new forward scan, not on the one that goes.
    return pairs + gradient.outputs.pairs(gradient.rebuild())


def _forward(backward: Apply) -> Apply | None:
    """The scan whose trace or states a scan reads from the end."""
    for v in backward.op.outer_seqs(backward.inputs):
        reversed_ = False
        while v.owner is not None and isinstance(v.owner.op, Subtensor | SpecifyShape):
            reversed_ |= _slice(v) == BACKWARDS
            v = v.owner.inputs[0]
        if reversed_ and v.owner is not None and isinstance(v.owner.op, Scan) and not v.owner.op.info.as_while:
            return v.owner
    return None


def _slice(v: Variable) -> tuple | None:
    """(start, stop, step) where a variable is a slice of rows by known numbers."""
    if not isinstance(v.owner.op, Subtensor):
        return None
    index = get_idx_list(v.owner.inputs, v.owner.op.idx_list)
    if len(index) != 1 or not isinstance(index[0], slice):
        return None
    numbers = [n if n is None else number_of(n) for n in (index[0].start, index[0].stop, index[0].step)]
    if any(isinstance(n, Variable) for n in numbers):
        return None
    return tuple(None if n is None else int(n) for n in numbers)


def _same(forward: Parts, gradient: Parts) -> dict[Variable, Variable]:
    """What in a gradient's step has the value of what in the forward step."""
    ends = _ends(forward)
    sources = {source for source, _ in ends}
    outer = {v: inner for inner, v in forward.constants}
    same = {inner: outer[v] for inner, v in gradient.constants if v in outer}
    for row, sequence in gradient.sequences:
        v, slices = _uncut(sequence, gradient.n_steps), []
        while v not in sources and v.owner is not None and (part := _slice(v)) is not None:
            slices.append(part)
            v = _plain(v.owner.inputs[0])
        if (v, tuple(slices)) in ends:
            same[row] = ends[v, tuple(slices)]
    computed = {(node.op, *map(_key, node.inputs)): node for node in forward.graph.toposort()}
    for node in gradient.graph.toposort():
        if all(v in same or isinstance(v, Constant) for v in node.inputs):
            there = computed.get((node.op, *(_key(same.get(v, v)) for v in node.inputs)))
            if there is not None:
                same |= dict(zip(node.outputs, there.outputs, strict=True))
    return same


def _ends(forward: Parts) -> dict:
    """What PyTensor's gradient reads of a scan: {(variable outside, slices, last first): variable of the step}."""
    op, node, out = forward.node.op, forward.node, forward.graph.outputs
    ends = {(sequence, (BACKWARDS,)): row for row, sequence in forward.sequences}
    for before, k, _ in forward.states:
        trace = forward.outputs.states[k]
        ends[trace, (BACKWARDS, (None, -1, None))] = before
        ends[trace, ((None, -1, None), BACKWARDS)] = out[k]
    for k, _ in forward.rows:
        ends[forward.outputs.rows[k], (BACKWARDS,)] = out[k]
    taps, after = iter(op.inner_mitsot(forward.inputs)), iter(op.inner_mitsot_outs(out))
    for trace, offsets in zip(op.outer_mitsot_outs(node.outputs), op.info.mit_sot_in_slices, strict=True):
        first = min(offsets)
        for offset in offsets:
            ends[trace, (BACKWARDS, (offset - first, offset or None, None))] = next(taps)
        ends[trace, ((None, first, None), BACKWARDS)] = next(after)
    return ends


def _plain(v: Variable) -> Variable:
    while v.owner is not None and isinstance(v.owner.op, SpecifyShape):
        v = v.owner.inputs[0]
    return v


def _uncut(sequence: Variable, n_steps: Variable) -> Variable:
    """A sequence before it was cut to the number of steps."""
    v = _plain(sequence)
    if v.owner is not None and isinstance(v.owner.op, Subtensor) and len(v.owner.inputs) == 2:
        stop = v.owner.inputs[1]
        if stop.owner is not None and stop.owner.inputs[0] is n_steps:
            return _plain(v.owner.inputs[0])
    return v


def _key(v: Variable):
    return v.signature() if isinstance(v, Constant) else v


def _read(gradient: Parts, same: dict) -> list[Variable]:
    """The computed variables among those with a twin in the forward step that the rest of the gradient's step reads."""
    needed = {v for v in gradient.graph.outputs}
    for node in reversed(gradient.graph.toposort()):
        is_view = isinstance(node.op, DimShuffle | SpecifyShape) and any(v in needed for v in node.outputs)
        if is_view or not all(v in same for v in node.outputs):
            needed.update(node.inputs)
    return [
        v
        for v in dict.fromkeys(same)
        if v in needed
        and v.owner is not None
        and isinstance(v.type, TensorType)
        and v.type.dtype.startswith("float")
        and not isinstance(v.owner.op, DimShuffle | SpecifyShape)
    ]


# Before the products leave the loops (0.04): what of them is saved is no longer there to be moved.
optdb.register("saved_rows", SavedRows(), TAG, position=0.03)
