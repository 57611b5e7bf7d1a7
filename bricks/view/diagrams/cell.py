"""The central cell of a drawn unit: dendrite, body with its own past, axon."""

from bricks.view.diagrams.equations import function
from bricks.view.diagrams.parts import WHITE, ring
from bricks.view.drawing import maths, table, text
from bricks.view.figures import FAINT, INK


def draw_cell(cartoon) -> str:
    """Draw the cell of a `Cartoon`; gives the body's node."""
    a, s, canvas, at = cartoon.anatomy, cartoon.sizes, cartoon.canvas, cartoon.at
    state = "h_t" if cartoon.wiring.one_state else "c_t"
    label = maths(state if s.whole else state[0], point_size=17 if s.whole else 10)
    if s.whole:
        label = table([[label], [text("cell", color=FAINT, point_size=9)]], align="CENTER")
    body = canvas.node(*at(a.body, 0), label, s.body, s.body, "the cell's body", **ring(INK, 4.5 * s.pen))
    dendrite = [at(a.at["candidate"][0] + s.gate[0] / 2, 0), at(a.body - s.body / 2, 0)]
    canvas.line(body, body, dendrite, **s.line(4.5, INK))
    tip = canvas.words(*at(a.end, 0), "")
    canvas.line(body, tip, [at(a.body + s.body / 2, 0), at(a.end, 0)], **s.line(4.5, INK, 0.95))
    _output(cartoon)
    if a.axon is not None:
        name = function(cartoon.wiring.squash)
        size = (max(24, 7 * len(name)), 18) if s.whole else (max(12, 4.1 * len(name) + 6), 11)
        look = {"style": "filled,rounded", "color": INK, "fillcolor": WHITE, "penwidth": "1"}
        canvas.node(*at(a.axon, 0), text(name, 10, point_size=s.font), *size, f"squash: {name}", **look)
    if cartoon.wiring.body is not None:
        _past(cartoon, body)
    if s.whole:
        _names(cartoon)
    return body


def _output(cartoon) -> None:
    """What the axon's end is called."""
    a, s = cartoon.anatomy, cartoon.sizes
    width = 44 if s.whole else 10
    rows = [[maths("h_t" if s.whole else "h", point_size=s.font + 2)]]
    if s.whole and cartoon.dims is not None:
        rows.append([text(f"{cartoon.dims['']} units", color=FAINT, point_size=s.font - 1)])
    cartoon.canvas.words(*cartoon.at(a.end + width / 2 + 4, 0), table(rows, align="CENTER"), width)
    a.right = max(a.right, a.end + width + 4)


def _past(cartoon, body: str) -> None:
    """What the cell was a step ago, from its right over its top to its left."""
    a, s = cartoon.anatomy, cartoon.sizes
    side, wide, top = s.body * 0.36, s.body * 0.72, s.loop
    left, right = a.loop
    way = [(a.body + side, side), (a.body + side + wide, side + wide * 0.55), (right + wide, top), (right, top)]
    if left < right:
        way += [(right, top), (left, top), (left, top)]
    way += [(left - wide, top), (a.body - side - wide, side + wide * 0.55), (a.body - side, side)]
    cartoon.canvas.line(body, body, [cartoon.at(*point) for point in way], **s.line(2.4, INK, 0.8))
    if s.whole:
        state = "h_{t-1}" if cartoon.wiring.one_state else "c_{t-1}"
        where = cartoon.at(right + wide * 0.82 + 27, top * 0.72)
        cartoon.canvas.words(*where, maths(state, color=FAINT, point_size=s.font))


def _names(cartoon) -> None:
    """The places, below them."""
    a, s = cartoon.anatomy, cartoon.sizes
    y = -s.body / 2 - 12
    dendrite = (a.at["candidate"][0] + s.gate[0] / 2 + a.body - s.body / 2) / 2
    body = "body, its past cut" if cartoon.wiring.body is None else "body"
    axon = (a.body + s.body / 2 + a.end) / 2
    for x, name in ((dendrite, "dendrite"), (a.body, body), (axon, "axon")):
        cartoon.canvas.words(*cartoon.at(x, y), text(name, color=FAINT, point_size=s.font, italic=True))
    a.bottom = min(a.bottom, y - 8)
