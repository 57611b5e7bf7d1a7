"""All wirings beside each other, each as a small neuron."""

import re
import textwrap
from collections.abc import Callable, Mapping

from bricks.errors import UsageError
from bricks.gated.notation import wiring_of
from bricks.gated.wiring import Wiring
from bricks.gated.wirings import WIRINGS
from bricks.view.diagrams.canvas import Canvas
from bricks.view.diagrams.cartoon import Cartoon
from bricks.view.diagrams.parts import SMALL
from bricks.view.drawing import Drawing, table, text, tint
from bricks.view.figures import FAINT, LINE

_WIDTH, _GAP, _PAD, _LINE = 286.0, 12.0, 12.0, 12.5
_CHARACTERS = 56
_REFERENCE = re.compile(r"(?<=[.)])\s+(?:[A-Z][\w-]+|Van der)\b[^.;]*(?:et al\.)?[^.;]*\b\d{4}\b.*$")
_LETTERS = {"sigma": "σ", "phi": "φ", "psi": "ψ", "tau": "τ"}
_GREEK = re.compile(rf"\b({'|'.join(_LETTERS)})\b")


def wirings_table(wirings: Mapping[str, Wiring | Callable | Mapping] | None = None, columns: int = 3) -> Drawing:
    """Wirings as small multiples: name, what it is in a line, who published it, and the unit as a neuron.

    Parameters
    ----------
    wirings : mapping, optional
        From names to wirings, or to functions that make them, whose docstring says what each is; by default all of
        `bricks.gated.WIRINGS`.
    columns : int

    Returns
    -------
    Drawing

    >>> from bricks.gated import WIRINGS
    >>> wirings_table({name: WIRINGS[name] for name in ("lstm", "gru")}, columns=2)
    <Drawing: 2 wirings of gated units: lstm, gru>
    """
    wirings = WIRINGS if wirings is None else wirings
    if not wirings or not isinstance(columns, int) or columns < 1:
        raise UsageError(f"wirings_table: needs wirings, and at least one column, got {len(wirings)} and {columns!r}")
    canvas, top = Canvas(), 0.0
    names = list(wirings)
    for first in range(0, len(names), columns):
        row = [(name, *_read(name, wirings[name])) for name in names[first : first + columns]]
        # Frames lie below what is in them, so that they come first, and their height is that of the highest neuron.
        heights = [Cartoon(Canvas(), wiring, (0, 0), SMALL).height for _, wiring, _ in row]
        lines = max(len(said) + len(textwrap.wrap(wiring.reference, _CHARACTERS)) for _, wiring, said in row)
        height = 2 * _PAD + 24 + _LINE * lines + 6 + max(heights)
        for k, (name, wiring, description) in enumerate(row):
            _card(canvas, k * (_WIDTH + _GAP), top, height, name, wiring, description)
        top -= height + _GAP
    return canvas.drawing(f"{len(names)} wirings of gated units: {', '.join(names)}")


def _read(name: str, given) -> tuple[Wiring, list[str]]:
    """A wiring, and what it is in lines."""
    described = (given.__doc__ or "").strip().split("\n")[0] if callable(given) else ""
    wiring = given() if callable(given) else wiring_of(given, name)
    described = _REFERENCE.sub("", described).replace(" - ", " − ").replace("`", "")
    described = _GREEK.sub(lambda word: _LETTERS[word[0]], described)
    return wiring, textwrap.wrap(described, _CHARACTERS)[:3]


def _card(canvas: Canvas, x: float, top: float, height: float, name: str, wiring: Wiring, lines: list[str]) -> None:
    look = {"style": "filled,rounded", "color": LINE, "fillcolor": tint(FAINT, 8), "penwidth": "1"}
    canvas.node(x + _WIDTH / 2, top - height / 2, "", _WIDTH, height, name, **look)
    rows = [[text(name, 40, bold=True, point_size=12)]]
    rows += [[text(line, 90, point_size=9)] for line in lines]
    rows += [[text(line, 90, color=FAINT, point_size=9)] for line in textwrap.wrap(wiring.reference, _CHARACTERS)]
    width, high = _WIDTH - 2 * _PAD, 17 + _LINE * (len(rows) - 1)
    label = table(rows, width=int(width), height=int(high))
    canvas.words(x + _WIDTH / 2, top - _PAD / 2 - high / 2, label, width, high)
    cartoon = Cartoon(Canvas(), wiring, (0, 0), SMALL)
    left = x + (_WIDTH - cartoon.width) / 2
    Cartoon(canvas, wiring, (left, top - height + _PAD + cartoon.height), SMALL)
