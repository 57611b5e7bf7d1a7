"""A graph whose nodes and lines lie where they are put; Graphviz sets the text and draws.

Lengths are points, y goes up, as in Graphviz.
"""

from collections.abc import Sequence
from math import hypot

from bricks.view.drawing import Drawing, new
from bricks.view.figures import FAINT

Point = tuple[float, float]
_ARROW = 7.0
"""The length of an arrow's head of size 1 at our arrow size."""


class Canvas:
    """What is drawn on.

    >>> canvas = Canvas()
    >>> a, b = canvas.node(0, 0, "a", 20, 20), canvas.node(100, 0, "b", 20, 20)
    >>> canvas.line(a, b, [(10, 0), (90, 0)], head="normal")
    >>> canvas.drawing("two boxes")
    <Drawing: two boxes>
    """

    def __init__(self):
        self.graph = new(outputorder="edgesfirst", splines="true")
        self.titles: dict[str, str] = {}
        self._count = 0

    def node(self, x: float, y: float, label: str, width: float, height: float, title: str = "", **how) -> str:
        """A shape of that size about a point; gives its name. A label is as `drawing.text` and `maths` give it."""
        name = f"n{self._count}"
        self._count += 1
        if title:
            self.titles[name] = title
        size = {"width": f"{width / 72:.4f}", "height": f"{height / 72:.4f}", "fixedsize": "true", "margin": "0"}
        self.graph.add_node(name, label=f"<{label}>" if label else "", pos=f"{x:.2f},{y:.2f}", **(size | how))
        return name

    def words(self, x: float, y: float, label: str, width: float = 10, height: float = 10, **how) -> str:
        """Text about a point, without a shape."""
        return self.node(x, y, label, width, height, shape="plaintext", **how)

    def line(self, a: str, b: str, points: Sequence[Point], head: str = "none", **how) -> None:
        """A line from node to node: straight through two points, or as Bézier curves through 4, 7, ...; with an arrow's
        head, the last point is its tip."""
        points = list(points)
        if len(points) == 2:
            (x0, y0), (x1, y1) = points
            points = [
                (x0, y0),
                (x0 + (x1 - x0) / 3, y0 + (y1 - y0) / 3),
                (x1 - (x1 - x0) / 3, y1 - (y1 - y0) / 3),
                (x1, y1),
            ]
        tip = points[-1]
        xc, yc = next((p for p in reversed(points) if p != tip), tip)
        begin = ""
        if head != "none":
            size = _ARROW * float(how.get("arrowsize", 0.7)) / 0.7
            away = hypot(tip[0] - xc, tip[1] - yc) or 1.0
            base = (tip[0] - (tip[0] - xc) / away * size, tip[1] - (tip[1] - yc) / away * size)
            points = [base if p == tip else p for p in points]
            begin = f"e,{tip[0]:.2f},{tip[1]:.2f} "
        given = " ".join(f"{x:.2f},{y:.2f}" for x, y in points)
        self.graph.add_edge(a, b, pos=begin + given, **{"color": FAINT, "arrowhead": head, **how})

    def drawing(self, description: str) -> Drawing:
        return Drawing(self.graph, description, self.titles, program="nop2")


def along(*points: Point, bend: float = 14) -> list[Point]:
    """A way through points by straight pieces, whose corners are rounded, as Bézier curves.

    >>> along((0, 0), (10, 0))
    [(0, 0), (0, 0), (10, 0), (10, 0)]
    """
    way = [points[0]]

    def straight(a: Point, b: Point) -> None:
        way.extend([a, b, b])

    here = points[0]
    for corner, after in zip(points[1:], points[2:], strict=False):
        before, next_ = _towards(corner, here, bend), _towards(corner, after, bend)
        straight(here, before)
        way.extend([corner, corner, next_])
        here = next_
    straight(here, points[-1])
    return way


def curve(a: Point, b: Point, out: Point, into: Point) -> list[Point]:
    """One Bézier curve, that leaves a in the direction `out` and comes into b in the direction `into`."""
    return [a, (a[0] + out[0], a[1] + out[1]), (b[0] - into[0], b[1] - into[1]), b]


def _towards(a: Point, b: Point, length: float) -> Point:
    """A point at most so far from a on the way to b, and no farther than halfway."""
    distance = hypot(b[0] - a[0], b[1] - a[1]) or 1.0
    share = min(length, distance / 2) / distance
    return a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share
