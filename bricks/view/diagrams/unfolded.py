"""A gated unit unfolded over time: the same neurons at every step, joined by what is carried over."""

from bricks.gated.wiring import Action, Complement, Connection, Neuron, Same, Wiring, previous_of
from bricks.view.diagrams.anatomy import home_of
from bricks.view.diagrams.canvas import Canvas, Point, along, curve
from bricks.view.diagrams.equations import function, letters
from bricks.view.diagrams.parts import SIGNS, STATE, WHITE, Sizes, colour_of, colours, outlined, pill, ring, told_of
from bricks.view.drawing import maths, text
from bricks.view.figures import INK
from bricks.view.page import shortened

_SIZES = Sizes((26, 26), 18, 28, 12, 14, 44, -120, -76, 26, (0, 0), 0, 0, 9.5, 0, 0.68, False)
"""Here the row of neurons is below the cell, what they see below them, and `loop` is between actions on the axon."""
_PITCH, _GAP = 44.0, 74.0
_ROW, _PILLS = _SIZES.row, _SIZES.row + _SIZES.fan


class Unfolded:
    """Draws some steps, the first one's neurons right of x = 0.

    Each step has, from below: what comes in, the neurons in a row, the cell on a line of its own that goes on to the
    next step, and the output on top.

    Parameters
    ----------
    canvas : Canvas
    wiring : Wiring
    steps : int

    Attributes
    ----------
    left, top, bottom : float

    >>> from bricks.gated import WIRINGS
    >>> Unfolded(Canvas(), WIRINGS["gru"](), 3).row
    ['forget_gate', 'input_gate', 'reset_gate', 'candidate']
    """

    def __init__(self, canvas: Canvas, wiring: Wiring, steps: int):
        self.canvas, self.wiring, self.symbols, self.colours = canvas, wiring, letters(wiring), colours(wiring)
        self.row = _in_a_row(wiring)
        self.sources = _sources(wiring)
        widths = [max(_SIZES.pill_width, 5.4 * len(self._symbol(source)) + 12) for source in self.sources]
        below = sum(widths) + _SIZES.gap * len(widths)
        first = (len(self.row) - 1) * _PITCH / 2 - below / 2  # the left end of what comes in
        self._shift = max(0.0, -first - _SIZES.gate[0])  # of the neurons, where what comes in is wider than they are
        left = first + self._shift
        self._pills = [(width, left + sum(widths[:k]) + k * _SIZES.gap) for k, width in enumerate(widths)]
        width = max(len(self.row) * _PITCH, below) + _GAP
        squash = 0 if wiring.squash == "identity" else 30
        self.top = 62 + _SIZES.loop * len(wiring.acting("axon")) + squash
        self.left, self.bottom = -_GAP, _PILLS - (34 if "output" in self.sources else 14)
        self._before: dict[str, tuple[str, Point]] = {}  # of the step before: nodes, and where lines leave them
        self._start()
        for t in range(1, steps + 1):
            self._step(t, (t - 1) * width)
        node, start = self._before["cell"]
        if wiring.body is not None:
            tip = (steps * width - 20, 0.0)
            canvas.line(node, canvas.words(*tip, ""), [start, tip], **_SIZES.line(4.5, INK, 1.2))

    def _x(self, name: str, x0: float) -> float:
        return x0 + self._shift + self.row.index(name) * _PITCH

    def _symbol(self, source: str) -> str:
        before = previous_of(source)
        return (
            {"input": "x", "output": "h"}.get(source)
            or self.symbols.get(before or "")
            or shortened(source.replace("_", " "), 14)
        )

    def _start(self) -> None:
        """First states."""
        state = "h_0" if self.wiring.one_state else "c_0"
        cell = self._pill(-_GAP + 8, 0, state, STATE, "the first cell"), (-_GAP + 22, 0.0)
        output = cell
        if not self.wiring.one_state:
            output = self._pill(-_GAP + 8, self.top, "h_0", STATE, "the first output"), (-_GAP + 22, self.top)
        self._before |= {"cell": cell, "output": output}

    def _step(self, t: int, x0: float) -> None:
        xb = self._x("candidate", x0)
        state = maths(f"{'h' if self.wiring.one_state else 'c'}_{t}", point_size=13)
        size = _SIZES.body
        body = self.canvas.node(xb, 0, state, size, size, f"the cell at step {t}", **ring(INK, 3))
        nodes = {name: self._neuron(name, t, x0) for name in self.row}
        self._carried(body, nodes, x0)
        self._dendrites(body, nodes, x0)
        output = self._axon(body, nodes, x0, t)
        pills = self._coming_in(t, x0)
        self._connections(nodes, pills, body, x0)
        self._before |= {name: (nodes[name], (self._x(name, x0) + _SIZES.gate[0] / 2, _ROW)) for name in self.row}
        self._before |= {"cell": (body, (xb + size / 2, 0.0)), "output": (output, (xb + 15, self.top))}

    def _neuron(self, name: str, t: int, x0: float) -> str:
        seeing = isinstance(self.wiring.neurons[name], Neuron)
        height = _SIZES.gate[1] if seeing else 20
        label, title = maths(self.symbols[name][:4], point_size=11), f"{name.replace('_', ' ')} at step {t}"
        look = outlined(self.colours[name], seeing, 1.4)
        return self.canvas.node(self._x(name, x0), _ROW, label, _SIZES.gate[0], height, title, **look)

    # The cell.

    def _carried(self, body: str, nodes: dict, x0: float) -> None:
        """The cell from the step before, and what acts on it."""
        if self.wiring.body is None:
            return
        before, start = self._before["cell"]
        least = self._x("candidate", x0) - _SIZES.body / 2
        self.canvas.line(before, body, [start, (least, 0)], **_SIZES.line(4.5, INK, 1.2))
        least -= 18
        for action in reversed(self.wiring.acting("body")):
            own = self._x(action.neuron, x0)
            at = own if own < least and home_of(self.wiring, action.neuron) == "body" else least
            least = at - 22
            circle = self._ring((at, 0), action)
            stop = (at, -_SIZES.action / 2)
            rise = (stop[1] - self._over(own)[1]) * 0.5
            way = [self._over(own), stop] if own == at else curve(self._over(own), stop, (0, rise), (0, rise))
            self.canvas.line(nodes[action.neuron], circle, way, **self._thin(action.neuron))

    def _dendrites(self, body: str, nodes: dict, x0: float) -> None:
        xb = self._x("candidate", x0)
        low, high = self._over(xb), (xb, -_SIZES.body / 2)
        self.canvas.line(nodes["candidate"], body, [low, high], **_SIZES.line(4.5, INK))
        actions = self.wiring.acting("dendrite")
        for k, action in enumerate(actions):
            self._attach(action, nodes, xb, low[1] + (k + 1) * (high[1] - low[1]) / (len(actions) + 1), x0)

    def _axon(self, body: str, nodes: dict, x0: float, t: int) -> str:
        """From the cell to the output; gives its node."""
        xb, y = self._x("candidate", x0), _SIZES.body / 2 + 20.0
        top = self._pill(xb, self.top, f"h_{t}", STATE, f"the output at step {t}")
        way = [(xb, _SIZES.body / 2), (xb, self.top - _SIZES.pill / 2)]
        self.canvas.line(body, top, way, **_SIZES.line(4.5, INK, 1.2))
        if self.wiring.squash != "identity":
            name = function(self.wiring.squash)
            look = {"style": "filled,rounded", "color": INK, "fillcolor": WHITE}
            self.canvas.node(xb, y, text(name, 8, point_size=8.5), max(20, 6.2 * len(name)), 14, "squash", **look)
            y += _SIZES.loop
        for action in self.wiring.acting("axon"):
            self._attach(action, nodes, xb, y, x0)
            y += _SIZES.loop
        return top

    def _attach(self, action: Action, nodes: dict, xb: float, y: float, x0: float) -> None:
        """What acts on the cell's upright line, from its neuron below."""
        x, circle = self._x(action.neuron, x0), self._ring((xb, y), action)
        side = _SIZES.action / 2 if x > xb else -_SIZES.action / 2
        way = along(self._over(x), (x, y), (xb + side, y), bend=9)
        self.canvas.line(nodes[action.neuron], circle, way, **self._thin(action.neuron))

    # What comes in.

    def _coming_in(self, t: int, x0: float) -> dict[str, tuple[str, Point]]:
        """What is seen from outside the step, also of its own output and neurons a step before."""
        pills = {}
        for source, (width, left) in zip(self.sources, self._pills, strict=True):
            x, before = x0 + left + width / 2, previous_of(source)
            time = t - 1 if source == "output" or before is not None else t
            colour = colour_of(source, self.colours)
            node = self._pill(x, _PILLS, f"{self._symbol(source)}_{time}", colour, source.replace("_", " "), width)
            pills[source] = node, (x, _PILLS + _SIZES.pill / 2)
            if source == "output":  # down between the steps, and in from below
                other, (x1, y1) = self._before["output"]
                gap, low = x0 - _GAP / 2 - 6, _PILLS - 26
                corners = ((x1, y1), (gap, y1), (gap, low), (x, low), (x, _PILLS - _SIZES.pill / 2))
                self.canvas.line(other, node, along(*corners, bend=12), **_SIZES.line(2.4, STATE, 0.9))
            elif before is not None and before in self._before:
                other, start = self._before[before]
                way = curve(start, (x - width / 2, _PILLS), (30, 0), (30, 0))
                self.canvas.line(other, node, way, **_SIZES.line(1.5, colour, 0.75))
        return pills

    def _connections(self, nodes: dict, pills: dict, body: str, x0: float) -> None:
        for name, neuron in self.wiring.neurons.items():
            if isinstance(neuron, Complement | Same):
                self._beside(nodes, neuron.of, name, None, x0)
            for connection in neuron.sees if isinstance(neuron, Neuron) else ():
                source = connection.source
                if source in self.wiring.neurons:
                    self._beside(nodes, source, name, connection, x0)
                elif source in pills:
                    self._seen(nodes, name, *pills[source], connection, x0)
                elif self.wiring.one_state and source == "cell":
                    self._seen(nodes, name, *pills["output"], connection, x0)
                else:
                    self._from_cell(nodes[name], name, body, connection, x0)

    def _seen(self, nodes: dict, name: str, node: str, start: Point, connection: Connection, x0: float) -> None:
        """A source below, through the circle where it is gated."""
        x, colour = self._x(name, x0), self.colours[name]
        aside = 0.25 * (start[0] - x)
        stop = (x + max(-9, min(9, aside)), _ROW - _SIZES.gate[1] / 2 + (1 if abs(aside) > 3 else 0))
        rise = (stop[1] - start[1]) * 0.55
        how = _SIZES.connection(connection.kind, colour)
        if connection.gated_by is None:
            self.canvas.line(node, nodes[name], curve(start, stop, (0, rise), (0, rise)), **how)
            return
        gate, at = connection.gated_by, (stop[0], stop[1] - 18)
        circle = self._circle(at, "×", self.colours[gate], told_of(connection))
        self.canvas.line(node, circle, curve(start, at, (0, rise * 0.6), (0, rise * 0.4)), **how)
        self.canvas.line(circle, nodes[name], [at, stop], **how)
        xg = self._x(gate, x0)
        side = -1 if xg < x else 1
        way = curve((xg, _ROW - 13), (at[0] + side * _SIZES.action / 2, at[1]), (0, -16), (-side * 14, 0))
        self.canvas.line(nodes[gate], circle, way, **self._thin(gate))

    def _from_cell(self, node: str, name: str, body: str, connection: Connection, x0: float) -> None:
        """A peephole: from the cell a step before, or from this step's."""
        if connection.source == "new_cell":
            xb, other = self._x("candidate", x0), body
            start = (xb + _SIZES.body * 0.36, -_SIZES.body * 0.36)
        else:
            other, (xs, _) = self._before["cell"]
            start = (xs - 6, -8.0) if xs > 0 else (xs, 0.0)
        stop = (self._x(name, x0) - 7, _ROW + _SIZES.gate[1] / 2 - 2)
        how = _SIZES.connection(connection.kind, self.colours[name], 0.65)
        self.canvas.line(other, node, curve(start, stop, (18, -34), (4, -30)), **how)

    def _beside(self, nodes: dict, a: str, b: str, connection: Connection | None, x0: float) -> None:
        """From a neuron to another of the step; without a connection, to its complement or other name."""
        xa, xb, colour = self._x(a, x0), self._x(b, x0), self.colours[a]
        how = _SIZES.double(self.wiring, b, colour)
        if connection is not None:
            how = _SIZES.connection(connection.kind, colour, 0.75)
        sign, half = (1 if xb > xa else -1), _SIZES.gate[0] / 2
        if abs(xb - xa) <= _PITCH + 1:
            way = [(xa + sign * half, _ROW), (xb - sign * half, _ROW)]
        else:
            low = _ROW - half + 1
            way = curve((xa + sign * 6, low), (xb - sign * 6, low), (sign * 8, -20), (sign * 8, 20))
        self.canvas.line(nodes[a], nodes[b], way, **how)

    # Shapes.

    def _over(self, x: float) -> Point:
        """The top of a neuron."""
        return x, _ROW + _SIZES.gate[1] / 2

    def _thin(self, name: str) -> dict:
        return _SIZES.line(2.2, self.colours[name])

    def _ring(self, at: Point, action: Action) -> str:
        strength = "" if action.strength == 1 else f", strength {action.strength:g}"
        title = f"{action.kind} by the {action.neuron.replace('_', ' ')}{strength}"
        return self._circle(at, SIGNS[action.kind], self.colours[action.neuron], title)

    def _circle(self, at: Point, sign: str, colour: str, title: str) -> str:
        node = self.canvas.node(*at, "", _SIZES.action, _SIZES.action, title, **ring(colour, 1.2))
        self.canvas.words(at[0], at[1] - 0.8, text(sign, bold=True, color=colour, point_size=9.5))
        return node

    def _pill(self, x: float, y: float, symbol: str, colour: str, title: str, width: float = 28.0) -> str:
        label = maths(symbol, point_size=_SIZES.font)
        return self.canvas.node(x, y, label, width, _SIZES.pill, title, **pill(colour))


def _in_a_row(wiring: Wiring) -> list[str]:
    """Neurons from left to right: below the place where each acts."""
    homes = {name: home_of(wiring, name) for name in wiring.neurons if name != "candidate"}
    left = [n for home in ("between", "body", "dendrite", "connection") for n, own in homes.items() if own == home]
    return [*left, "candidate", *(n for n, own in homes.items() if own == "axon")]


def _sources(wiring: Wiring) -> list[str]:
    """What comes in from below: of the neurons a step before, from outside, of the output."""
    seen = [c.source for n in wiring.neurons.values() if isinstance(n, Neuron) for c in n.sees]
    inside = {*wiring.neurons, "new_cell"} | (set() if wiring.one_state else {"cell"})
    found = dict.fromkeys("output" if s == "cell" else s for s in seen if s not in inside)
    return sorted(found, key=lambda s: 0 if previous_of(s) is not None else 2 if s == "output" else 1)
