"""What the neurons of a drawn unit see: sources at the tips of their dendrites, and each other."""

from math import hypot

from bricks.gated.wiring import Connection
from bricks.view.diagrams.anatomy import Acting, Pill
from bricks.view.diagrams.canvas import Point, along, curve
from bricks.view.diagrams.parts import colour_of, pill, told_of
from bricks.view.drawing import maths, table, text
from bricks.view.figures import FAINT


def draw_dendrite(cartoon, source: Pill, gated: Acting | None, circle: str | None) -> None:
    """Draw a source of a `Cartoon`, and its connection to a neuron, through the circle where it is gated."""
    s, connection = cartoon.sizes, source.connection
    label, size = maths(source.label, point_size=s.font), matrix(cartoon, connection, source.neuron)
    if size:
        label = table([[label], [text(size, color=FAINT, point_size=s.font - 1.5)]], align="CENTER")
    height = s.pill if size or not s.whole else 20
    look = pill(colour_of(connection.source, cartoon.colours))
    node = cartoon.canvas.node(
        *cartoon.at(source.x, source.y), label, source.width, height, told_of(connection), **look
    )
    start, stop, out, into = _course(cartoon, source, height)
    how = s.connection(connection.kind, cartoon.colours[source.neuron])
    target, at = cartoon.nodes[source.neuron], cartoon.at
    if gated is None:
        way: list[Point] = []
        if source.upper:  # straight down between the others first
            low = (start[0], start[1] - s.pill - 1.5 * s.gap)
            way, start = [at(*start), at(*start), at(*low)], low
        cartoon.canvas.line(node, target, [*way, *curve(at(*start), at(*stop), out, into)], **how)
        return
    # Before its matrix, which makes it thick after that, or behind it.
    thin = s.line(1.0, cartoon.colours[source.neuron])
    first, second = (thin, how) if connection.at == "source" else (how, thin)
    cartoon.canvas.line(node, circle, [at(*start), at(gated.x, gated.y)], **first)
    dx, dy = stop[0] - gated.x, stop[1] - gated.y
    bend = (hypot(dx, dy) * 0.45, 0) if source.neuron == "candidate" else (dx * 0.4, dy * 0.4)
    cartoon.canvas.line(circle, target, curve(at(gated.x, gated.y), at(*stop), bend, bend), **second)


def _course(cartoon, source: Pill, height: float) -> tuple[Point, Point, Point, Point]:
    """From where to where a dendrite runs, and how it leaves and comes in."""
    a, s, name = cartoon.anatomy, cartoon.sizes, source.neuron
    layered = bool(a.hidden(name))
    x, y = a.layer_at(name, 0) if layered else a.at[name]
    if name == "candidate":
        start = (source.x + source.width / 2, source.y)
        stop = (x - s.layer[0] / 2, y + source.y * 0.1) if layered else cartoon.rim(name, (source.x, source.y * 0.5))
        reach = ((stop[0] - start[0]) * 0.45, 0)
        return start, stop, reach, reach
    start = (source.x, source.y - height / 2)
    stop = (x + (source.x - x) * 0.12, y + s.layer[1] / 2) if layered else cartoon.rim(name, start)
    rise = (start[1] - stop[1]) * 0.5
    return start, stop, (0, -rise * 0.6), ((stop[0] - start[0]) * 0.25, -rise)


def draw_between(cartoon, a: str, b: str, connection: Connection | None) -> None:
    """Draw the way from a neuron of a `Cartoon` to one of the same step; without a connection, to its complement or
    other name."""
    s, colour = cartoon.sizes, cartoon.colours[a]
    way, middle, words = _way(cartoon, a, b)
    if connection is None:
        cartoon.canvas.line(cartoon.nodes[a], cartoon.nodes[b], way, **s.double(cartoon.wiring, b, colour))
        return
    cartoon.canvas.line(cartoon.nodes[a], cartoon.nodes[b], way, **s.connection(connection.kind, colour, 0.7))
    size = matrix(cartoon, connection, b)
    if size:
        cartoon.canvas.words(*cartoon.at(*words), text(size, color=FAINT, point_size=s.font - 1.5))
    if connection.gated_by is not None:
        acting = Acting(connection.gated_by, "multiply", 1.0, *middle, "connection", connection, b)
        cartoon.axon(acting, cartoon.ring(acting))


def _way(cartoon, a: str, b: str) -> tuple[list[Point], Point, Point]:
    """A way from neuron to neuron, a point in its middle, and where its size has room."""
    s, at = cartoon.sizes, cartoon.anatomy.at
    (xa, ya), (xb, yb) = at[a], at[b]
    sign, half, high = (1 if xb > xa else -1), s.gate[0] / 2, s.gate[1] / 2
    between = [x for n, (x, y) in at.items() if y == ya and n not in (a, b) and min(xa, xb) < x < max(xa, xb)]
    if ya == yb and not between:
        points = [(xa + sign * half, ya), (xb - sign * half, yb)]
        middle = (xa + xb) / 2, ya
        return [cartoon.at(*p) for p in points], middle, (middle[0], ya + 8)
    if ya == yb:
        lane, rim = cartoon.lane(), high * 0.83
        out, into = xa + sign * half * 0.55, xb - sign * half * 0.55
        points = [(out, ya - rim), (out, lane), (into, lane), (into, yb - rim)]
        way = along(*(cartoon.at(*p) for p in points), bend=s.lane)
        return way, ((out + into) / 2, lane), (into - sign * 34, lane + 7)
    down = ya > yb  # to the candidate, or from it
    start = (xa, ya - high) if down else (xa + half * 0.3, ya + high)
    stop = (xb - sign * half * 0.3, yb + (high if down else -high) * 0.95)
    bend = (0, (stop[1] - start[1]) * 0.55)
    middle = (start[0] + stop[0]) / 2, (start[1] + stop[1]) / 2
    words = (middle[0] + sign * 30, middle[1] + 6) if down else (stop[0] - sign * 32, stop[1] - 16)
    return curve(cartoon.at(*start), cartoon.at(*stop), bend, bend), middle, words


def matrix(cartoon, connection: Connection, name: str) -> str:
    """The shape of a connection's parameter, where there is room for it."""
    if cartoon.dims is None or not cartoon.sizes.whole:
        return ""
    hidden = cartoon.anatomy.hidden(name)
    width = hidden[0] if hidden else cartoon.dims[""]
    if connection.kind == "dense":
        return f"{cartoon.dims.get(connection.source, cartoon.dims[''])} × {width}"
    return str(width) if connection.kind == "diagonal" else "1 : 1"
