"""Which axis of a step's variables is the batch, and whether the step works on each row of it alone.

A kernel takes a slice of the batch through all steps, so every operation of the step must be row by row: each
variable is (batch, n), (batch, 1) or (batch,), or has no batch axis at all. Axes that meet in an element-wise
operation are the same axis; the batch is what the first axis of the first matrix among the states is one with.
"""

from dataclasses import dataclass

import numpy as np
from pytensor.graph.basic import Constant
from pytensor.tensor.basic import Alloc, Join, Split
from pytensor.tensor.elemwise import CAReduce, DimShuffle, Elemwise
from pytensor.tensor.math import Dot
from pytensor.tensor.shape import Shape_i, SpecifyShape
from pytensor.tensor.type import TensorType

from bricks.engine import compat


class NotByRows(Exception):
    """The step has something that a kernel cannot do; the loop is XLA's then."""


@dataclass(frozen=True)
class Extent:
    """A variable of a step as a kernel sees it: whether it has a row for each example, and the length of a row."""

    by_row: bool
    width: int
    matrix: tuple[int, int] | None = None  # of a right factor


def extents(graph, n_sequences: int, n_states: int, shapes) -> dict:
    """The Extent of every variable of a step's graph.

    Parameters
    ----------
    graph : FunctionGraph
    n_sequences, n_states : int
    shapes : dict
        Of the graph's inputs.

    Raises
    ------
    NotByRows
    """
    given = graph.inputs[: n_sequences + n_states]
    states = list(zip(given[n_sequences:], graph.outputs[:n_states], strict=True))
    first = next((before for before, _ in states if before.type.ndim == 2), None)
    if first is None:
        raise NotByRows("no state has the axes (batch, n)")
    lengths = _lengths(graph, shapes, shapes[first][0])
    same = _Classes()
    for node in graph.toposort():
        _unite(node, lengths, same)
    for before, after in states:
        for axis in range(before.type.ndim):
            same.unite((before, axis), (after, axis))
    for v in given:  # matrices that never meet may be of one batch as well, where they are as long
        if v.type.ndim == 2 and v.type.shape[0] != 1 and lengths[v][0] == shapes[first][0]:
            same.unite((v, 0), (first, 0))
    batch = same.of((first, 0))

    def is_batch(v, axis):
        return v.type.shape[axis] != 1 and same.of((v, axis)) == batch

    found = {}
    for v, shape in lengths.items():
        flags = [is_batch(v, axis) for axis in range(v.type.ndim)]
        if any(flags[1:]):
            raise NotByRows(f"the batch is not the first axis of {v}")
        rest = shape[1:] if flags[:1] == [True] else shape
        wide = [n for n in rest if n != 1]
        matrix = tuple(shape) if len(shape) == 2 and not any(flags) else None
        if len(wide) > 1 and matrix is None:
            raise NotByRows(f"{v} has more axes than a row has")
        found[v] = Extent(bool(flags[:1] == [True]), int(np.prod(wide, dtype=int)), matrix)
    for v in graph.inputs:
        if found[v].by_row and lengths[v][0] != shapes[first][0]:
            raise NotByRows(f"{v} has {lengths[v][0]} rows, {first} {shapes[first][0]}")
    if not all(extent.width for extent in found.values()):
        raise NotByRows("there is an array with nothing in it")
    for node in graph.apply_nodes:
        _check(node, is_batch)
    return found


def is_alias(node) -> bool:
    """Whether a node only renames axes: its output's rows are its input's."""
    if isinstance(node.op, DimShuffle):
        kept = [axis for axis in node.op.new_order if axis != "x"]
        return kept == sorted(kept)
    if isinstance(node.op, Alloc | SpecifyShape):
        return True
    return isinstance(node.op, Elemwise) and type(node.op.scalar_op).__name__ == "Identity"


class _Classes:
    """Which axes are one (union-find)."""

    def __init__(self):
        self.parent: dict = {}

    def of(self, item):
        while item in self.parent:
            item = self.parent[item]
        return item

    def unite(self, a, b) -> None:
        a, b = self.of(a), self.of(b)
        if a != b:
            self.parent[a] = b


def _lengths(graph, shapes, batch: int) -> dict:
    """Concrete shapes of all tensors."""
    known = {v: tuple(shapes[v]) for v in graph.inputs}
    for node in graph.toposort():
        for v in node.inputs:
            if isinstance(v, Constant):
                known[v] = np.shape(v.data)
        if isinstance(node.op, Shape_i):
            known[node.outputs[0]] = ()
            continue
        if not all(isinstance(v.type, TensorType) for v in [*node.inputs, *node.outputs]):
            raise NotByRows(f"{node.op} is not of arrays")
        for v, shape in zip(node.outputs, _shapes_of(node, known, batch), strict=True):
            known[v] = tuple(int(n) for n in shape)
    for v in graph.outputs:
        if isinstance(v, Constant):
            known[v] = np.shape(v.data)
    return known


def _shapes_of(node, known, batch):
    op, given = node.op, [known[v] for v in node.inputs]
    if isinstance(op, Elemwise):
        try:
            return [np.broadcast_shapes(*given)] * len(node.outputs)
        except ValueError as error:  # XLA's loop says what doesn't fit
            raise NotByRows(f"{op} has inputs that do not fit together: {error}") from error
    if isinstance(op, DimShuffle):
        return [tuple(1 if axis == "x" else given[0][axis] for axis in op.new_order)]
    if isinstance(op, Dot) and len(given[0]) == len(given[1]) == 2:
        return [(given[0][0], given[1][1])]
    if isinstance(op, CAReduce):
        axes = range(len(given[0])) if op.axis is None else op.axis
        return [tuple(n for axis, n in enumerate(given[0]) if axis not in axes)]
    if isinstance(op, Join):
        axis, parts = compat.join_axis_and_parts(node)
        if axis is not None:
            shape = list(known[parts[0]])
            shape[axis] = sum(known[v][axis] for v in parts)
            return [tuple(shape)]
    if isinstance(op, Split):
        axis, sizes = compat.split_constants(node)
        if axis is not None:
            return [(*given[0][:axis], size, *given[0][axis + 1 :]) for size in sizes]
    if isinstance(op, SpecifyShape):
        return [given[0]]
    if isinstance(op, Alloc):
        static = node.outputs[0].type.shape  # what it leaves open is made as long as another array, by the batch
        if None not in static[1:]:
            return [tuple(batch if n is None else n for n in static)]
    raise NotByRows(f"{op} is not known to a kernel")


def _unite(node, lengths, same) -> None:
    op = node.op
    if isinstance(op, Elemwise):
        for out in node.outputs:
            for v in node.inputs:
                for axis in range(v.type.ndim):
                    if v.type.shape[axis] != 1:
                        same.unite((v, axis), (out, axis))
    elif isinstance(op, DimShuffle):
        for axis, came in enumerate(op.new_order):
            if came != "x":
                same.unite((node.inputs[0], came), (node.outputs[0], axis))
    elif isinstance(op, Dot):
        left, right = node.inputs
        same.unite((left, 0), (node.outputs[0], 0))
        same.unite((right, 1), (node.outputs[0], 1))
        same.unite((left, 1), (right, 0))
    elif isinstance(op, CAReduce):
        axes = range(node.inputs[0].type.ndim) if op.axis is None else op.axis
        kept = [axis for axis in range(node.inputs[0].type.ndim) if axis not in axes]
        for position, axis in enumerate(kept):
            same.unite((node.inputs[0], axis), (node.outputs[0], position))
    elif isinstance(op, Join):
        joined, parts = compat.join_axis_and_parts(node)
        for v in parts:
            for axis in range(v.type.ndim):
                if axis != joined:
                    same.unite((v, axis), (node.outputs[0], axis))
    elif isinstance(op, Split):
        split, _ = compat.split_constants(node)
        for out in node.outputs:
            for axis in range(out.type.ndim):
                if axis != split:
                    same.unite((node.inputs[0], axis), (out, axis))
    elif isinstance(op, SpecifyShape):
        for axis in range(node.inputs[0].type.ndim):
            same.unite((node.inputs[0], axis), (node.outputs[0], axis))
    elif isinstance(op, Alloc):
        (out,) = node.outputs
        for axis, n in enumerate(node.inputs[1:]):
            if n.owner is not None and isinstance(n.owner.op, Shape_i):
                same.unite((n.owner.inputs[0], n.owner.op.i), (out, axis))


def _check(node, is_batch) -> None:
    op = node.op
    if isinstance(op, Dot):
        left, right = node.inputs
        if not is_batch(left, 0) or is_batch(left, 1) or is_batch(right, 0) or is_batch(right, 1):
            raise NotByRows(f"{op} is not of rows and a matrix that is the same for all of them")
    elif isinstance(op, DimShuffle) and not is_alias(node):
        raise NotByRows(f"{op} changes the order of axes")
    elif isinstance(op, Join | Split):
        axis = (compat.join_axis_and_parts(node) if isinstance(op, Join) else compat.split_constants(node))[0]
        if axis != node.outputs[0].type.ndim - 1 or is_batch(node.outputs[0], axis):
            raise NotByRows(f"{op} is not along the rows")
