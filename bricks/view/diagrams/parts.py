"""Parts of a drawn neuron: their sizes, colours and lines, which the drawings of units share."""

from dataclasses import dataclass

from bricks.gated.wiring import Complement, Connection, Wiring, previous_of
from bricks.view.drawing import PAPER, tint
from bricks.view.figures import FAINT, INK, SERIES

WHITE = next(iter(PAPER))
SEQUENCE, STATE = SERIES[5], FAINT
SIGNS = {"multiply": "×", "subtract": "−", "shunt": "÷"}
_OWN = dict(zip(("input_gate", "forget_gate", "output_gate", "reset_gate", "candidate"), SERIES, strict=False))
_LINES = {
    "dense": {"penwidth": 2.4},
    "diagonal": {"penwidth": 1.2, "style": "dashed"},
    "direct": {"penwidth": 1.0},
}


@dataclass(frozen=True)
class Sizes:
    """Lengths in points.

    Parameters
    ----------
    gate : (width, height)
        Of a neuron's outline.
    pill : float
        The height of a source at the tip of a dendrite; `pill_width` is its least width.
    gap, action, body : float
        Between pills; of the circle where a neuron acts, and of the cell's.
    row, fan, loop : float
        How high the gates stand over the cell, what they see over them, and the cell's past over the cell.
    layer : (width, height)
        Of a hidden layer; `layers` is from one to the next above.
    lane : float
        Between ways that run below the gates beside each other.
    font : float
    per_row : int
        How many sources have room beside each other over a gate.
    pen : float
        What widths of lines and sizes of arrows are multiplied by.
    whole : bool
        Whether names and shapes are there, or letters alone.
    """

    gate: tuple[float, float]
    pill: float
    pill_width: float
    gap: float
    action: float
    body: float
    row: float
    fan: float
    loop: float
    layer: tuple[float, float]
    layers: float
    lane: float
    font: float
    per_row: int
    pen: float
    whole: bool

    def line(self, width: float, colour: str, arrow: float = 0.0, **how) -> dict:
        """Attributes of a line, and of its arrow's head where that has a size."""
        head = {"head": "normal", "arrowsize": f"{arrow * self.pen:.2f}"} if arrow else {}
        return {"penwidth": f"{width * self.pen:.2f}", "color": colour, **head, **how}

    def connection(self, kind: str, colour: str, arrow: float = 0.0) -> dict:
        """Attributes of a connection: thick for a matrix, dashed for one weight a unit."""
        style = _LINES[kind]
        return self.line(style["penwidth"], colour, arrow, style=style.get("style", "solid"))

    def double(self, wiring: Wiring, name: str, colour: str) -> dict:
        """Attributes of the line from a neuron to its complement, or to its other name."""
        if isinstance(wiring.neurons[name], Complement):
            return self.line(1.4, colour, 0.6) | {"head": "odot"}
        return self.line(1.3, f"{colour}:{WHITE}:{colour}")


WHOLE = Sizes((98, 44), 30, 54, 12, 19, 66, 172, 74, 74, (58, 20), 46, 13, 9.5, 4, 1.0, True)
SMALL = Sizes((23, 23), 13, 13, 3, 11, 29, 70, 30, 34, (18, 9), 17, 4, 8.0, 3, 0.55, False)


def colours(wiring: Wiring) -> dict[str, str]:
    """A colour for each neuron; the usual gates have theirs in every drawing.

    >>> from bricks.gated import WIRINGS
    >>> colours(WIRINGS["lstm"]())["input_gate"] == colours(WIRINGS["gru"]())["input_gate"]
    True
    """
    others = iter([*SERIES[6:], *SERIES[5:6]] * len(wiring.neurons))
    return {name: _OWN.get(name) or next(others) for name in wiring.neurons}


def colour_of(source: str, own: dict[str, str]) -> str:
    """The colour of what a neuron sees."""
    if source in ("output", "cell", "new_cell"):
        return STATE
    return own.get(previous_of(source) or source, SEQUENCE)


def outlined(colour: str, seeing: bool, width: float = 1.6) -> dict:
    """The look of a neuron: round where it sees something itself."""
    look = {"shape": "ellipse" if seeing else "box", "style": "filled" if seeing else "filled,rounded"}
    return look | {"color": colour, "fillcolor": tint(colour, 34), "penwidth": f"{width:.2f}"}


def pill(colour: str) -> dict:
    """The look of a source."""
    return {"style": "filled,rounded", "color": colour, "fillcolor": tint(colour), "penwidth": "1"}


def ring(colour: str = INK, width: float = 1.6) -> dict:
    """The look of a circle on the paper's own ground."""
    return {"shape": "circle", "style": "filled", "color": colour, "fillcolor": WHITE, "penwidth": f"{width:.2f}"}


def told_of(connection: Connection) -> str:
    """A connection in words, for a tooltip."""
    gated = f", gated by the {connection.gated_by.replace('_', ' ')}" if connection.gated_by else ""
    return f"{connection.source.replace('_', ' ')}, {connection.kind}{gated}"
