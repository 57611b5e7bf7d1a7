"""Models drawn as bricks: the shape on every arrow, the size of every parameter."""

import math
from collections.abc import Iterable

from pytensor.graph.basic import Variable

from bricks.brick import Brick
from bricks.errors import UsageError
from bricks.gated import Bidirectional, GatedUnit, Stack
from bricks.graph import Call, ComputationGraph, annotations_of
from bricks.graph.walk import unpack
from bricks.model import Model
from bricks.roles import COST, OUTPUT
from bricks.view.diagrams.flow import Arrow, Box, Flow
from bricks.view.diagrams.operations import usual_name
from bricks.view.diagrams.shapes import shape_of, size, told
from bricks.view.diagrams.trial import outputs_of
from bricks.view.drawing import SIZE, Drawing, new, plain, table, text, tint
from bricks.view.figures import FAINT, INK, LINE, SERIES

BLUE, ORANGE, GREEN, VIOLET = SERIES[0], SERIES[1], SERIES[2], SERIES[4]
MOST_BOXES = 60
"""Above this, what lies deepest is folded into the bricks that it is part of, where nobody says how deep to go."""
MOST_ROWS = 40
MOST_LENT = 2
"""So many parameters of other bricks come to a box by arrows; more, as for a penalty, are listed in it."""
_TIMED = (GatedUnit, Stack, Bidirectional)


def diagram(given, depth: int | None = None, direction: str = "down") -> Drawing:
    """A model as bricks: boxes with the size of every parameter, arrows with shapes.

    Parameters
    ----------
    given : Brick, Model, ComputationGraph, variable, or list or dict of variables
        A brick is drawn as it would be applied to an input of its `input_dim`; of a model, what its cost is computed
        from; of variables, what they are computed from.
    depth : int, optional
        How many levels of bricks within bricks are shown; what lies deeper is listed in the box that it is part of. By
        default all, or as many as stay legible.
    direction : {"down", "right"}

    Returns
    -------
    Drawing

    >>> from bricks.layers import MLP, Tanh
    >>> picture = diagram(MLP([Tanh(), None], [784, 500, 10], seed=1))
    >>> [words in picture.svg for words in ("784 × 500", "392,000", "(batch, 500)")]
    [True, True, True]
    """
    if direction not in ("down", "right"):
        raise UsageError(f"diagram: direction must be down or right, got {direction!r}")
    if depth is not None and (not isinstance(depth, int) or isinstance(depth, bool) or depth < 1):
        raise UsageError(f"diagram: depth must be an integer of at least 1, got {depth!r}")
    brick, outputs = _outputs(given)
    flow = Flow(outputs, depth)
    while depth is None and len(flow.boxes) > MOST_BOXES and flow.depth > 1:
        flow = Flow(outputs, flow.depth - 1)
    return _Picture(flow, brick, direction).drawing()


def _outputs(given) -> tuple[Brick | None, list[Variable]]:
    if isinstance(given, Brick):
        return given, outputs_of(given) or []
    if isinstance(given, Model):
        return None, [given.cost]
    return None, given.outputs if isinstance(given, ComputationGraph) else unpack(given, "diagram")[0]


class _Picture:
    """A flow as a graph of Graphviz."""

    def __init__(self, flow: Flow, brick: Brick | None, direction: str):
        self.flow, self.brick = flow, brick
        self.graph = new(rankdir="TB" if direction == "down" else "LR", ranksep="0.25", nodesep="0.35")
        self.graph.node_attr.update(height="0.3", width="0.6")
        self.names: dict[Box, str] = {}
        self.titles: dict[str, str] = {}
        self.clusters: dict[Call | Brick, object] = {}
        self.told: set[Brick] = set()  # whose parameters are there
        lent = [arrow for arrow in flow.arrows if arrow.parameter]
        self.listed = {arrow for arrow in lent if [a.target for a in lent].count(arrow.target) > MOST_LENT}

    def drawing(self) -> Drawing:
        for box in self.flow.boxes:
            self._box(box)
        for arrow in self.flow.arrows:
            if arrow not in self.listed:
                self._arrow(arrow)
        if self.brick is not None:
            self._others(self.brick)
        total = sum(math.prod(v.type.shape) for v in self._parameters())
        whole = f"{total:,} parameters"
        who = "a graph" if self.brick is None else f"{type(self.brick).__name__} {self.brick.path}"
        if self.brick is None and total:
            self.graph.graph_attr.update(label=f"<{text(whole, color=FAINT)}>", labelloc="b")
        return Drawing(self.graph, f"Diagram of {who}: {len(self.flow.boxes)} boxes, {whole}", self.titles)

    def _parameters(self) -> Iterable[Variable]:
        if self.brick is not None:
            return self.brick.all_parameters().values()
        roots = {box.call.brick.root for box in self.flow.boxes if box.call is not None}
        applied = {box.call.brick for box in self.flow.boxes if box.call is not None}
        within = {call.brick for box in self.flow.boxes for call in box.within}
        found = {v: None for b in applied for v in b.all_parameters().values()}
        found |= {v: None for root in roots for b in root.walk() if b in within for v in b.parameters.values()}
        return found

    # Boxes.

    def _box(self, box: Box) -> None:
        name = self.names[box] = f"n{len(self.names)}"
        inside = self._cluster(box.within)
        label, how = getattr(self, f"_{box.kind}")(box, name)
        inside.add_node(name, label=f"<{label}>", **how)

    def _brick(self, box: Box, name: str) -> tuple[str, dict]:
        brick, again = box.call.brick, box.call.brick in self.told
        self.titles[name] = f"{type(brick).__name__} {box.call.name}"
        rows = [] if again else _rows(brick, deep=True)
        self.told.update(brick.walk())
        heading = text(brick.name, 32, bold=True)
        if again:
            heading += text("  again", color=FAINT)
        if isinstance(brick, GatedUnit):
            lines = [
                *(text(state, 24, color=FAINT) for state in brick.states),
                text(told(("batch", brick.dim)), color=INK),
            ]
            label = table([[f'<TD ALIGN="LEFT">  {line}</TD>'] for line in lines])
            self.graph.add_edge(name, name, label=f"<{label}>", style="dashed")
        return _card(heading, brick, rows), _look(_colour(brick))

    def _input(self, box: Box, name: str) -> tuple[str, dict]:
        self.titles[name] = f"input {box.variable.name}"
        return text(box.variable.name or "input", 32, bold=True), _look(GREEN, 20)

    def _kept(self, box: Box, name: str) -> tuple[str, dict]:
        variable = box.variable
        self.titles[name] = f"shared variable {variable.name}"
        lengths = variable.get_value(borrow=True).shape
        return _card(text(variable.name or "shared", 32, bold=True), None, [("", *size(lengths))]), _look(VIOLET)

    def _output(self, box: Box, name: str) -> tuple[str, dict]:
        variable = box.variable
        own = next((a.name for a in annotations_of(variable) if a.role.is_a(OUTPUT)), None)
        cost = any(a.role.is_a(COST) for a in annotations_of(variable)) or getattr(variable.type, "ndim", 1) == 0
        shown = own or variable.name or "output"
        return text("cost" if cost and shown == "output" else shown, 32, bold=True), _look(GREEN, 20)

    def _operations(self, box: Box, name: str) -> tuple[str, dict]:
        names = [usual_name(node) for node in box.nodes]
        names = [shown for k, shown in enumerate(names) if shown and shown not in names[:k]]
        self.titles[name] = ", ".join(names)
        shown = text(" · ".join(names[:6]) + (" …" if len(names) > 6 else "") or "operations", 48, color=FAINT)
        rows = [(_relative(v, box.within[-1].brick), *size(v.type.shape)) for v in box.parameters if box.within]
        lent = [arrow.variable for arrow in self.flow.arrows if arrow in self.listed and arrow.target is box]
        rows += [(f"of {v.name}", size(v.type.shape)[0], "") for v in lent]
        self.told.update(call.brick for call in box.within[-1:])
        return _card(shown, None, rows), {"style": "rounded,dashed", "color": FAINT}

    def _others(self, brick: Brick) -> None:
        """Bricks with parameters that the flow doesn't pass."""
        for each in brick.walk():
            own = {**each.parameters, **each.buffers}
            covered = each in self.told
            if covered or (not own and self.flow.boxes) or (each.children and not own):
                continue
            name = f"u{len(self.titles)}"
            self.titles[name] = f"{type(each).__name__} {each.path}"
            inside = self._cluster_of(each.parent) if each is not brick else self.graph
            inside.add_node(name, label=f"<{_card(text(each.name, 32, bold=True), each, _rows(each))}>", **_look(BLUE))
            self.told.add(each)

    # Bricks that others lie in.

    def _cluster(self, within: tuple[Call, ...]):
        if not within:
            return self.graph
        if within[-1] not in self.clusters:
            above = self._cluster(within[:-1])
            self.clusters[within[-1]] = self._framed(above, within[-1].brick)
        return self.clusters[within[-1]]

    def _cluster_of(self, brick: Brick):
        """The frame of a brick, an application of which may be there."""
        for each, frame in self.clusters.items():
            if each is brick or getattr(each, "brick", None) is brick:
                return frame
        above = self.graph if brick.parent is None or brick is self.brick else self._cluster_of(brick.parent)
        self.clusters[brick] = self._framed(above, brick)
        return self.clusters[brick]

    def _framed(self, above, brick: Brick):
        total = sum(math.prod(v.type.shape) for v in brick.all_parameters().values())
        name, kind, count = plain(brick.name, 24), _kind(brick), f"{total:,} parameters" if total else ""
        lines = [text(name, bold=True), text(kind, color=FAINT), text(count, color=FAINT)]
        # As much room again at its right, so that an arrow into the middle of the frame doesn't cross it.
        room = int(max(map(len, (name, kind, count))) * SIZE * 0.55)
        rows = [[line] for line, given in zip(lines, (name, kind, count), strict=True) if given]
        label = table([[f"<TD>{table(rows)}</TD>", f'<TD WIDTH="{room}"></TD>']])
        frame = above.add_subgraph(name=f"cluster_{len(self.clusters)}", label=f"<{label}>", labeljust="l")
        frame.graph_attr.update(
            labelloc="t", margin="12", style="rounded,filled", color=LINE, fillcolor=tint(FAINT, 10)
        )
        return frame

    # Arrows.

    def _arrow(self, arrow: Arrow) -> None:
        brick = None if arrow.target.call is None else arrow.target.call.brick
        maker = None if arrow.source.call is None else arrow.source.call.brick
        timed = isinstance(maker, _TIMED) and _made(arrow.variable, arrow.source) in ("output", "cell")
        timed = timed or (arrow.variable.type.ndim == 2 and (arrow.name == "mask" or arrow.variable.name == "mask"))
        columns = getattr(maker, "output_dim", None)
        if arrow.name in ("input", "logits", "outputs"):
            columns = columns or getattr(brick, "input_dim", None)
        shape = told(shape_of(self.flow.lengths.get(arrow.variable, arrow.variable), timed, columns))
        names = [_made(arrow.variable, arrow.source)]
        if arrow.parameter:
            names = [_relative(arrow.variable, arrow.source.call.brick)]
        elif arrow.source.kind != "input" and self._several(arrow.target):
            names.append(arrow.name)
        lines = [text(name, 32, color=FAINT) for name in dict.fromkeys(names) if name and name != "output"]
        label = table([[f'<TD ALIGN="LEFT">  {line}</TD>'] for line in [*lines, text(shape, color=INK)]])
        how = {"style": "dashed"} if arrow.parameter else {}
        self.graph.add_edge(self.names[arrow.source], self.names[arrow.target], label=f"<{label}>", **how)

    def _several(self, box: Box) -> bool:
        return len({arrow.name for arrow in self.flow.arrows if arrow.target is box}) > 1


def _made(variable: Variable, box: Box) -> str:
    """What the brick that a variable comes from calls it."""
    return next((a.name for a in annotations_of(variable) if a.role.is_a(OUTPUT) and a.call is box.call), "")


def _rows(brick: Brick, deep: bool = False) -> list[tuple[str, str, str]]:
    """Name, lengths and count of parameters and buffers; those of bricks below too, or its own alone."""
    kept = {**brick.parameters, **brick.buffers}
    if deep:
        kept = {_relative(v, brick): v for v in {**brick.all_parameters(), **brick.all_buffers()}.values()}
    rows = [(name, *size(v.type.shape)) for name, v in kept.items()]
    if len(rows) > MOST_ROWS:
        count = sum(math.prod(v.type.shape) for v in kept.values())
        rows = [*rows[: MOST_ROWS - 1], (f"… {len(rows) - MOST_ROWS + 1} more, in all", "", f"{count:,}")]
    return rows


def _relative(variable: Variable, brick: Brick) -> str:
    return variable.name.removeprefix(f"{brick.path}/")


def _card(heading: str, brick: Brick | None, rows: list[tuple[str, str, str]]) -> str:
    """A label: a name, a class and dimensions, and below it a table of parameters."""
    kind = "" if brick is None else text(_kind(brick), color=FAINT)
    if not rows:
        return f"{heading}  {kind}" if kind else heading
    wide = '<TD COLSPAN="3" ALIGN="LEFT">{}</TD>'
    body = [[wide.format(f"{heading}  {kind}")]]
    for name, lengths, count in rows:
        cells = [text(name, 48), text(lengths), text(count, color=FAINT)]
        body.append([cells[0], cells[1], f'<TD ALIGN="RIGHT">{cells[2]}</TD>'])
    return table(body, cellspacing=2)


def _kind(brick: Brick) -> str:
    """A brick's class and dimensions."""
    dims = [getattr(brick, name, None) for name in ("input_dim", "output_dim")]
    return plain(type(brick).__name__ + ("" if None in dims else f" {dims[0]} → {dims[1]}"))


def _colour(brick: Brick) -> str:
    if COST in brick.output_roles:
        return ORANGE
    return BLUE if brick.all_parameters() else FAINT


def _look(colour: str, strength: int = 26) -> dict[str, str]:
    return {"style": "rounded,filled", "color": colour, "fillcolor": tint(colour, strength)}
