"""A wiring drawn as a neuron on a canvas: the central cell, and gate neurons where they attach to it."""

from collections.abc import Mapping
from math import hypot

from bricks.gated.wiring import Complement, Constant, Membrane, Neuron, Same, Wiring
from bricks.view.diagrams.anatomy import Acting, Anatomy
from bricks.view.diagrams.canvas import Canvas, Point, along, curve
from bricks.view.diagrams.cell import draw_cell
from bricks.view.diagrams.dendrites import draw_between, draw_dendrite
from bricks.view.diagrams.equations import constant, function
from bricks.view.diagrams.parts import SIGNS, WHOLE, Sizes, colours, outlined, ring
from bricks.view.drawing import maths, table, text


class Cartoon:
    """Draws a wiring as a neuron.

    Parameters
    ----------
    canvas : Canvas
    wiring : Wiring
    corner : (x, y)
        The upper left one.
    sizes : Sizes
    dims : mapping, optional
        From `input`, further sequences and "" (the unit) to numbers of features, for the sizes of matrices.

    Attributes
    ----------
    width, height : float
    nodes : dict
        From neurons, and "" for the cell's body, to the canvas's nodes.

    >>> from bricks.gated import WIRINGS
    >>> cartoon = Cartoon(Canvas(), WIRINGS["lstm"](), (0, 0))
    >>> list(cartoon.nodes)
    ['', 'candidate', 'input_gate', 'forget_gate', 'output_gate']
    """

    def __init__(
        self, canvas: Canvas, wiring: Wiring, corner: Point, sizes: Sizes = WHOLE, dims: Mapping[str, int] | None = None
    ):
        self.canvas, self.wiring, self.sizes, self.dims = canvas, wiring, sizes, dims
        self.anatomy = Anatomy(wiring, sizes)
        self.colours = colours(wiring)
        self._shift = corner[0] - self.anatomy.left, corner[1] - self.anatomy.top
        self._lanes = 0
        self.nodes: dict[str, str] = {}
        self.nodes[""] = draw_cell(self)
        for name in wiring.neurons:
            self.nodes[name] = self._neuron(name)
        rings = [(each, self.ring(each)) for each in self.anatomy.acting]
        gated = {(each.on, each.connection.source): (each, node) for each, node in rings if each.connection is not None}
        for pill in self.anatomy.pills:
            draw_dendrite(self, pill, *gated.get((pill.neuron, pill.connection.source), (None, None)))
        for each, node in rings:
            self.axon(each, node)
        for name, neuron in wiring.neurons.items():
            if isinstance(neuron, Complement | Same):
                draw_between(self, neuron.of, name, None)
            for connection in neuron.sees if isinstance(neuron, Neuron) else ():
                if connection.source in wiring.neurons:
                    draw_between(self, connection.source, name, connection)
        self.width = self.anatomy.right - self.anatomy.left
        self.height = self.anatomy.top - self.anatomy.bottom

    def at(self, x: float, y: float) -> Point:
        """A point of the anatomy on the canvas."""
        return x + self._shift[0], y + self._shift[1]

    def rim(self, name: str, towards: Point) -> Point:
        """The point of a neuron's outline in a direction."""
        (x, y), (w, h) = self.anatomy.at[name], self.sizes.gate
        dx, dy = towards[0] - x, towards[1] - y
        scale = hypot(dx / (w / 2), dy / (h / 2)) or 1.0
        return x + dx / scale, y + dy / scale

    def lane(self) -> float:
        """The height of a way below the gates where no other runs."""
        s = self.sizes
        self._lanes += 1
        return s.row - s.gate[1] / 2 - s.lane * (0.25 + self._lanes)

    def _neuron(self, name: str) -> str:
        """A neuron's outline, and its hidden layers."""
        (x, y), s = self.anatomy.at[name], self.sizes
        seeing, what = isinstance(self.wiring.neurons[name], Neuron), self._what(name)
        label = maths(self.anatomy.symbols[name][:4], point_size=s.font + 1.5)
        if s.whole:
            heading = text(name.replace("_", " "), 17, bold=True, point_size=s.font)
            label = table([[heading], [maths(what, point_size=s.font)]], align="CENTER")
        height = s.gate[1] * (1 if seeing or s.whole else 0.75)
        title = f"{name.replace('_', ' ')}: {what}".replace("_t", "").replace("{", "").replace("}", "")
        look = outlined(self.colours[name], seeing, 1.6 * max(s.pen, 0.65))
        node = self.canvas.node(*self.at(x, y), label, s.gate[0], height, title, **look)
        for k, width in enumerate(self.anatomy.hidden(name)):
            self._layer(name, k, width, node)
        return node

    def _layer(self, name: str, k: int, width: int, neuron: str) -> None:
        """A hidden layer, and the line from it to what comes next."""
        s, a = self.sizes, self.anatomy
        act = function(self.wiring.neurons[name].hidden_activation) or "Σ"
        label = text(f"{width} {act}" if s.whole else str(width), 12, point_size=s.font)
        x, y = a.layer_at(name, k)
        look = outlined(self.colours[name], False, 1.0)
        layer = self.canvas.node(*self.at(x, y), label, *s.layer, f"hidden layer of {width}", **look)
        last = k + 1 == len(a.hidden(name))
        after = a.at[name] if last else a.layer_at(name, k + 1)
        size = s.gate if last else s.layer
        if name == "candidate":
            ends = (x + s.layer[0] / 2, y), (after[0] - size[0] / 2, after[1])
        else:
            ends = (x, y - s.layer[1] / 2), (x, after[1] + size[1] / 2)
        self.canvas.line(layer, neuron, [self.at(*p) for p in ends], **s.connection("dense", self.colours[name]))

    def _what(self, name: str) -> str:
        """What a neuron does with what it sees, or is instead."""
        neuron, symbol = self.wiring.neurons[name], self.anatomy.symbols
        if isinstance(neuron, Neuron):
            act, total = function(neuron.activation), "V Σ" if neuron.hidden else "Σ"
            return f"{symbol[name]}_t = {act}({total})" if act else f"{symbol[name]}_t = {total}"
        if isinstance(neuron, Same):
            return f"the same as {symbol[neuron.of]}"
        if isinstance(neuron, Complement):
            shifted = f", shifted {neuron.shift:g}" if neuron.shift else ""
            return f"1 − {symbol[neuron.of]}_t{shifted}"
        if isinstance(neuron, Membrane):
            tau = f"{neuron.tau:g}" if isinstance(neuron.tau, float | int) else "…"
            return f"τ = {tau}{', learned' if neuron.learned else ''}"
        return constant(neuron).partition(", from")[0] if isinstance(neuron, Constant) else ""

    def ring(self, each: Acting) -> str:
        """The circle where a neuron acts."""
        s, colour = self.sizes, self.colours[each.neuron]
        x, y = self.at(each.x, each.y)
        title = f"{each.place}: {each.kind} by the {each.neuron.replace('_', ' ')}"
        if each.strength != 1:
            title += f", strength {each.strength:g}"
            label = text(f"k = {each.strength:g}", color=colour, point_size=s.font - 0.5)
            if s.whole:
                self.canvas.words(x, y - s.action / 2 - 8, label)
        circle = self.canvas.node(x, y, "", s.action, s.action, title, **ring(colour, 1.6 * max(s.pen, 0.65)))
        sign = text(SIGNS[each.kind], bold=True, color=colour, point_size=s.action * 0.68)
        self.canvas.words(x, y - s.action * 0.055, sign)  # which stands above the middle of its line
        return circle

    def axon(self, each: Acting, circle: str) -> None:
        """From a neuron to where it acts."""
        (x, y), s = self.anatomy.at[each.neuron], self.sizes
        top, below = each.y + s.action / 2, y - s.gate[1] / 2
        if each.y < y and abs(each.x - x) < 1 and each.neuron != "candidate":
            way = [self.at(x, below), self.at(x, top)]
        elif each.y < y:
            lane = self.lane()
            corners = ((x, below), (x, lane), (each.x, lane), (each.x, top))
            way = along(*(self.at(*p) for p in corners), bend=s.lane)
        else:
            side = x + (s.gate[0] / 2 if each.x > x else -s.gate[0] / 2)
            out, into = (0.4 * (each.x - x), 0), (0, 0.4 * abs(each.y - y))
            way = curve(self.at(side, y), self.at(each.x, each.y - s.action / 2), out, into)
        self.canvas.line(self.nodes[each.neuron], circle, way, **s.line(2, self.colours[each.neuron]))
