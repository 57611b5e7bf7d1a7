"""What of a step is computed when, and where it is kept: the order of work in a kernel.

A step alternates between two kinds of work. A *program* goes over the rows of the slice, and within a row over its
columns, in as few loops as sums along the row allow; a *product* multiplies all rows of the slice by a matrix. So
each value has a level (phase, stage): products separate phases, sums along a row separate the stages of a phase. A
value that is used at its own level alone stays in a register; any other has a place in memory: a row of an output,
a piece of a row that others are joined to, the next state, or scratch.
"""

from dataclasses import dataclass, field

import numpy as np
from pytensor.graph.basic import Constant, Variable
from pytensor.tensor.basic import Join, Split
from pytensor.tensor.elemwise import CAReduce, Elemwise
from pytensor.tensor.math import Dot
from pytensor.tensor.shape import Shape_i

from bricks.engine import compat
from bricks.engine.kernel.rows import NotByRows, extents, is_alias
from bricks.engine.kernel.scalars import expression


@dataclass(eq=False)
class Value:
    """Something that has rows.

    Attributes
    ----------
    kind : {"row", "state", "constant", "number", "each", "sum", "product", "join"}
        An input of the step, a literal, or what computes it: an element-wise operation, a sum along the row, a
        product by a matrix, other values side by side.
    level : tuple of int
        The first at which it can be read.
    base, offset : Value, int
        Of a piece of another value.
    places : list of (str, int, int)
        Where it is written: pointer, distance of rows, offset.
    kept, crosses : bool
        Whether it is read from memory, and whether after the program that computes it.
    """

    kind: str
    width: int
    by_row: bool
    level: tuple[int, int] = (0, 0)
    op: object = None
    inputs: list = field(default_factory=list)
    number: object = None
    dtype: str = ""
    pointer: str = ""
    base: object = None
    offset: int = 0
    places: list = field(default_factory=list)
    kept: bool = False
    crosses: bool = False
    index: int = 0

    @property
    def root(self) -> tuple["Value", int]:
        """The value that this is a piece of, and where the piece begins."""
        if self.base is None:
            return self, 0
        base, offset = self.base.root
        return base, offset + self.offset


@dataclass(eq=False)
class Adding:
    """A state without rows that collects a sum over the batch: s + sum_b x_b."""

    state: int
    width: int
    terms: list[Value]


class Plan:
    """The plan of a step.

    Parameters
    ----------
    graph : FunctionGraph
        Of the step, rewritten.
    n_sequences, n_states : int
    shapes : list of tuple
        Of the step's inputs.

    Raises
    ------
    NotByRows
    """

    def __init__(self, graph, n_sequences: int, n_states: int, shapes):
        self.n_sequences, self.n_states = n_sequences, n_states
        self.dtype = _dtype(graph)
        self.ctype = {"float32": "float", "float64": "double"}[self.dtype]
        states = list(zip(graph.inputs[n_sequences : n_sequences + n_states], graph.outputs[:n_states], strict=True))
        self.extents = extents(graph, n_sequences, n_states, dict(zip(graph.inputs, shapes, strict=True)))
        self.extras: list[np.ndarray] = []
        self.values: dict[Variable, Value] = {}
        self.order: list[Value] = []  # everything that is computed, in order
        self.count = 0
        self.products: list[Value] = []
        self.inputs = [self._input(v, k) for k, v in enumerate(graph.inputs)]
        self.adding = [_adding(k, before, after, graph) for k, (before, after) in enumerate(states)]
        skipped = {node for found in self.adding if found for node in found[1]}
        for node in graph.toposort():
            if node not in skipped:
                self._add(node)
        self.sums = [
            Adding(k, self._extent(graph.inputs[n_sequences + k]).width, [self.value(x) for x in found[0]])
            for k, found in enumerate(self.adding)
            if found
        ]
        self.collected = {adding.state for adding in self.sums}
        for adding in self.sums:
            totals = self.adding[adding.state][2]
            for term, total in zip(adding.terms, totals, strict=True):
                columns = self._extent(total).width
                fits = adding.width == 1 or columns == term.width and columns in (1, adding.width)
                if not term.by_row or not fits:
                    raise NotByRows("a sum over the batch of something that has no row for each example")
        self.after = [None if k in self.collected else self.value(v) for k, v in enumerate(graph.outputs[:n_states])]
        self.rows = [self.value(v) for v in graph.outputs[n_states:]]
        for v, value in zip(graph.outputs, [*self.after, *self.rows], strict=True):
            if value is not None and (not self._may_leave(value) or value in self.rows and v.type.ndim > 2):
                raise NotByRows(f"a result that has no row for each example: {v} of {v.owner}")
        self._place()

    def value(self, variable) -> Value:
        """What stands for a variable; constants become numbers, or arrays that go in besides the inputs."""
        if variable not in self.values:
            if not isinstance(variable, Constant):
                raise NotByRows(f"{variable} is not of rows")
            data = np.asarray(variable.data)
            if data.size == 1:
                made = Value("number", 1, False, number=data.reshape(()).item())
            else:
                extent = self._extent(variable)
                made = Value("constant", extent.width, extent.by_row, pointer=f"e{len(self.extras)}")
                made.index = -1 - len(self.extras)
                self.extras.append(np.ascontiguousarray(data, self.dtype))
            self.values[variable] = made
        return self.values[variable]

    def _extent(self, variable):
        if variable not in self.extents:
            raise NotByRows(f"{variable} has no rows")
        return self.extents[variable]

    def _input(self, variable, k: int) -> Value:
        extent = self.extents[variable]
        if k < self.n_sequences:
            kind, pointer = "row", f"x{k}"
        elif k < self.n_sequences + self.n_states:
            kind, pointer = "state", f"s{k - self.n_sequences}"
        else:
            kind, pointer = "constant", f"c{k - self.n_sequences - self.n_states}"
        dtype = variable.type.dtype
        if not np.can_cast(dtype, self.dtype) or kind == "state" and dtype != self.dtype:
            raise NotByRows(f"{variable} is {dtype}, of which {self.dtype} does not hold every value")
        value = Value(kind, extent.width, extent.by_row, pointer=pointer, index=k, kept=True)
        self.values[variable] = value
        return value

    def _may_leave(self, value: Value) -> bool:
        return value.root[0].by_row or value.by_row

    def _add(self, node) -> None:
        if isinstance(node.op, Shape_i):
            return
        if is_alias(node):
            value, extent = self.value(node.inputs[0]), self._extent(node.outputs[0])
            if value.width != extent.width or value.by_row != extent.by_row:  # an Alloc: the same in every row
                value = self._each("spread", [value], extent, node.outputs[0].type.dtype)
            self.values[node.outputs[0]] = value
        elif isinstance(node.op, Elemwise):
            self._elemwise(node)
        elif isinstance(node.op, CAReduce):
            self._reduction(node)
        elif isinstance(node.op, Dot):
            left, right = self.value(node.inputs[0]), self.value(node.inputs[1])
            if right.kind != "constant" or right.base is not None or self._extent(node.inputs[1]).matrix is None:
                raise NotByRows("a product by a matrix that changes from step to step")
            width = self._extent(node.outputs[0]).width
            made = Value("product", width, True, (self._readable(left)[0] + 1, 0), inputs=[left, right])
            made.number = self._extent(node.inputs[1]).matrix
            self._remember(node.outputs[0], made)
        elif isinstance(node.op, Join):
            parts = [self.value(v) for v in compat.join_axis_and_parts(node)[1]]
            level = max(self._readable(part) for part in parts)
            extent = self._extent(node.outputs[0])
            made = Value("join", extent.width, extent.by_row, (level[0], level[1] + 1), inputs=parts)
            self._remember(node.outputs[0], made)
        elif isinstance(node.op, Split):
            self._split(node)
        else:
            raise NotByRows(f"{node.op} is not known to a kernel")

    def _elemwise(self, node) -> None:
        inputs = [self.value(v) for v in node.inputs]
        extent, dtype = self._extent(node.outputs[0]), node.outputs[0].type.dtype
        if np.dtype(dtype).kind not in "fb" or len(node.outputs) > 1:
            raise NotByRows(f"{node.op} is of whole numbers")
        made = self._each(node.op.scalar_op, inputs, extent, dtype)
        if expression(made.op, ["a"] * len(inputs), [v.number for v in inputs], dtype) is None:
            raise NotByRows(f"{node.op} is not known to a kernel")
        self.values[node.outputs[0]] = made

    def _each(self, op, inputs, extent, dtype) -> Value:
        level = max((self._readable(v) for v in inputs), default=(0, 0))
        made = Value("each", extent.width, extent.by_row, level, op, inputs, dtype=dtype)
        return self._remember(None, made)

    def _reduction(self, node) -> None:
        value, axes = self.value(node.inputs[0]), node.op.axis
        nd = node.inputs[0].type.ndim
        if getattr(node.op, "nfunc_spec", (None,))[0] != "sum" or axes is not None and tuple(axes) != (nd - 1,):
            raise NotByRows(f"{node.op} is not a sum along the row")
        if axes is None and nd > 1 and self._extent(node.inputs[0]).by_row or not self._extent(node.outputs[0]).by_row:
            raise NotByRows(f"{node.op} is over the batch")
        level = self._readable(value)
        self._remember(node.outputs[0], Value("sum", 1, True, (level[0], level[1] + 1), inputs=[value]))

    def _split(self, node) -> None:
        whole, offset = self.value(node.inputs[0]), 0
        for out, size in zip(node.outputs, compat.split_constants(node)[1], strict=True):
            self.values[out] = self._piece(whole, offset, self._extent(out).width)
            offset += size

    def _piece(self, whole: Value, offset: int, width: int) -> Value:
        """Part of a row; of what is computed element by element, that part's computation."""
        if whole.width == 1 and width == 1:
            return whole
        if whole.kind == "each" and whole.base is None:
            inputs = [v if v.width == 1 else self._piece(v, offset, width) for v in whole.inputs]
            return self._each(whole.op, inputs, _Like(width, whole.by_row), whole.dtype)
        root = whole.root[0]
        root.kept = True
        return Value(root.kind, width, whole.by_row, whole.level, base=whole, offset=offset)

    def _remember(self, variable, value: Value) -> Value:
        value.index, self.count = self.count, self.count + 1
        self.order.append(value)
        if value.kind == "product":
            self.products.append(value)
        if variable is not None:
            self.values[variable] = value
        return value

    def _readable(self, value: Value) -> tuple[int, int]:
        return value.level

    def _copy(self, value: Value) -> Value:
        extent = _Like(value.width, True)
        return self._each("copy", [value], extent, self.dtype)

    def _place(self) -> None:
        """Give every value that is read beyond its level, or leaves, a place."""
        self.next_state: dict[int, str] = {}
        used = self._used()
        self.order = [v for v in self.order if v in used]
        self.products = [v for v in self.products if v in used]
        for m, value in enumerate(self.rows):
            self._write(value, f"y{m}", value.width, 0)
        for k, value in enumerate(self.after):
            if value is None:
                continue
            root, offset = value.root
            found = next((p for p in root.places if p[0].startswith("y") and p[1] == value.width and p[2] == 0), None)
            if found and root is value:
                self.next_state[k] = found[0]
            else:
                self.next_state[k] = f"n{k}"
                self._write(value, f"n{k}", value.width, 0)
        # Joined values are written piece by piece where the whole is; backwards, since a part may itself be joined.
        for value in [v for v in reversed(self.order) if v.kind == "join"]:
            self._home(value)
            offset = 0
            for k, part in enumerate(value.inputs):
                pointer, stride, start = value.places[0]
                piece = self._write(part, pointer, stride, start + offset)
                value.inputs[k] = piece
                offset += part.width
        for value in list(self.order):
            for operand in value.inputs:
                self._keep(operand, value)
        for adding in self.sums:
            for term in adding.terms:
                root = term.root[0]
                if term.base is not None:
                    root.kept = True
        for value in self.order:
            crosses = value.kind in ("product", "join")
            if (crosses or value.kept) and not value.places:
                self._home(value)

    def _used(self) -> set:
        seen: set = set()
        waiting = [v for v in [*self.after, *self.rows] if v is not None]
        waiting += [term for adding in self.sums for term in adding.terms]
        while waiting:
            value = waiting.pop()
            if value in seen:
                continue
            seen.add(value)
            waiting += value.inputs
            if value.base is not None:
                waiting.append(value.base)
        return seen

    def _write(self, value: Value, pointer: str, stride: int, offset: int) -> Value:
        """Have a value, or a copy of one that is elsewhere already, written to a place; what is written is returned."""
        root, _ = value.root
        free = value.base is None and value.kind in ("each", "sum")
        free = free or value.base is None and value.kind in ("product", "join") and not value.places
        writer = value if free else self._copy(value)
        if not free and root.kind in ("each", "sum", "product", "join"):
            root.kept = True
        writer.places.append((pointer, stride, offset))
        return writer

    def _home(self, value: Value) -> None:
        if not value.places:
            lasts = value.crosses or value.kind in ("product", "join")
            value.places.append((f"m{value.index}", value.width if lasts else 0, 0))

    def _keep(self, operand: Value, reader: Value) -> None:
        root, _ = operand.root
        if root.kind not in ("each", "sum") or reader.kind == "join":
            return
        if reader.kind == "product" or root.level[0] != reader.level[0]:
            root.kept = root.crosses = True
        elif operand.base is not None or root.width > 1 and root.level != reader.level and reader.kind != "sum":
            root.kept = True  # a sum is taken in the loop in which its operand is computed


@dataclass
class _Like:
    width: int
    by_row: bool


def _dtype(graph) -> str:
    found = {v.type.dtype for v in [*graph.inputs, *graph.outputs] if v.type.dtype.startswith("float")}
    inside = {v.type.dtype for node in graph.apply_nodes for v in node.outputs if hasattr(v.type, "dtype")}
    found |= {dtype for dtype in inside if dtype.startswith("float")}
    if len(found) != 1 or not found <= {"float32", "float64"}:
        raise NotByRows(f"floats of one width are needed, got {', '.join(sorted(found)) or 'none'}")
    return found.pop()


def _plain(variable, passed=None):
    """A variable without what only renames its axes."""
    while variable.owner is not None and is_alias(variable.owner):
        if passed is not None:
            passed.append(variable.owner)
        variable = variable.owner.inputs[0]
    return variable


def _adding(k: int, before, after, graph):
    """(what is summed over the batch, the nodes of that, the sums) for a state that only collects, else None."""
    passed: list = []
    new = _plain(after, passed)
    if new.owner is None or not isinstance(new.owner.op, Elemwise) or type(new.owner.op.scalar_op).__name__ != "Add":
        return None
    own = [v for v in new.owner.inputs if _plain(v) is before]
    others = [_plain(v, passed) for v in new.owner.inputs if _plain(v) is not before]
    sums = [v.owner for v in others if v.owner is not None and isinstance(v.owner.op, CAReduce)]
    if len(own) != 1 or len(sums) != len(others) or not others or len(graph.clients[before]) != 1:
        return None
    for node in sums:
        axes = range(node.inputs[0].type.ndim) if node.op.axis is None else node.op.axis
        if (node.op.nfunc_spec or ("",))[0] != "sum" or 0 not in axes:
            return None
    return [node.inputs[0] for node in sums], [new.owner, *sums, *passed], [node.outputs[0] for node in sums]
