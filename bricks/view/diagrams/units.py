"""Gated units drawn as neurons, with their equations, or unfolded over some steps."""

import math
import re
from collections.abc import Iterator, Mapping

from bricks.errors import UsageError
from bricks.gated.notation import wiring_of
from bricks.gated.unit import GatedUnit
from bricks.gated.wiring import Complement, Neuron, Same, Wiring
from bricks.view.diagrams.canvas import Canvas
from bricks.view.diagrams.cartoon import Cartoon
from bricks.view.diagrams.equations import equations
from bricks.view.diagrams.parts import SEQUENCE, SIGNS, STATE, WHOLE, pill, ring
from bricks.view.diagrams.shapes import told
from bricks.view.diagrams.unfolded import Unfolded
from bricks.view.drawing import Drawing, maths, plain, table, text
from bricks.view.figures import FAINT, INK

MOST_STEPS = 12
_LINE = 16.0


def unit_diagram(
    given: GatedUnit | Wiring | str | Mapping, steps: int | None = None, equations: bool = True
) -> Drawing:
    """A gated unit as a neuron, with a gate neuron where each gate attaches; or unfolded over time.

    Parameters
    ----------
    given : GatedUnit, Wiring, str or mapping
        A unit, whose matrices have their sizes, or a wiring, as in `bricks.gated.wiring_of`.
    steps : int, optional
        Over how many steps it is unfolded; by default it's drawn as one neuron.
    equations : bool
        Whether they stand below, with what lines and signs mean.

    Returns
    -------
    Drawing

    >>> from bricks.gated import LSTM
    >>> picture = unit_diagram(LSTM(28, 128, seed=1))
    >>> [words in picture.svg for words in ("forget gate", "28 × 128", "128 × 128", "tanh")]
    [True, True, True, True]
    """
    unit = given if isinstance(given, GatedUnit) else None
    wiring = wiring_of(given, "unit_diagram") if unit is None else unit.wiring
    dims = None if unit is None else {"": unit.dim, "input": unit.input_dim, **unit.sequences}
    who = plain(wiring.name if unit is None else unit.path)
    canvas = Canvas()
    if steps is not None:
        if not isinstance(steps, int) or isinstance(steps, bool) or not 1 <= steps <= MOST_STEPS:
            raise UsageError(f"{who}: steps must be an integer from 1 to {MOST_STEPS}, got {steps!r}")
        drawn = Unfolded(canvas, wiring, steps)
        _heading(canvas, who, ["the same weights at every step", *_shapes(unit)], wiring, drawn.left, drawn.top + 70)
        _below(canvas, wiring, drawn.left, drawn.bottom, equations)
        return canvas.drawing(f"{who}, unfolded over {steps} steps")
    cartoon = Cartoon(canvas, wiring, (0, 0), WHOLE, dims)
    _heading(canvas, who, _facts(unit), wiring, 0, 52)
    _below(canvas, wiring, 0, -cartoon.height, equations)
    return canvas.drawing(f"{who} as a neuron with its gates: {', '.join(wiring.neurons)}")


def _heading(canvas: Canvas, name: str, facts: list[str], wiring: Wiring, x: float, top: float) -> None:
    """Name, what there is to say of the unit, and where the wiring was published."""
    said = plain(" · ".join([*facts, *([wiring.reference] if wiring.reference else [])]), 200)
    rows = [[text(name, 60, bold=True, point_size=14)], [text(said, 200, color=FAINT)]]
    _left(canvas, x, top, [row for row in rows if row[0]], max(420, 5.3 * len(said)))


def _facts(unit: GatedUnit | None) -> list[str]:
    """A unit's size and settings."""
    if unit is None:
        return []
    total = sum(math.prod(v.type.shape) for v in unit.all_parameters().values())
    found = [f"{type(unit).__name__} {unit.input_dim} → {unit.dim}", f"{total:,} parameters"]
    found += [f"zoneout of the {state} {p:g}" for state, p in unit.noise.zoneout.items()]
    return [*found, *([f"layer normalization, {unit.normalization}"] if unit.normalization else [])]


def _shapes(unit: GatedUnit | None) -> list[str]:
    """What goes in and comes out, with shapes."""
    sequences = {} if unit is None else {"x": unit.input_dim, **unit.sequences, "h": unit.dim}
    return [f"{name} {told(('time', 'batch', width))}" for name, width in sequences.items()]


def _left(canvas: Canvas, x: float, top: float, rows: list[list[str]], width: float) -> None:
    """A table whose left edge and top are given."""
    height = _LINE * len(rows)
    label = table(rows, width=int(width), height=int(height))
    canvas.words(x + width / 2, top - height / 2, label, width, height)


def _below(canvas: Canvas, wiring: Wiring, x: float, top: float, shown: bool) -> None:
    """Equations, and what lines and signs mean."""
    if not shown:
        return
    lines = equations(wiring)
    longest = max(len(re.sub(r"[_{}]", "", line)) for line in lines)
    width = max(230.0, longest * 5.9)
    _left(canvas, x, top - 26, [[maths(line, point_size=11)] for line in lines], width)
    _legend(canvas, wiring, x + width + 40, top - 26 - _LINE / 2)


def _legend(canvas: Canvas, wiring: Wiring, x: float, y: float) -> None:
    """A sample of each kind of line, sign and colour that the wiring has."""
    for sample, meaning in _meanings(wiring):
        if isinstance(sample, str):
            canvas.node(x + 15, y, "", 14, 14, **ring(INK, 1.2))
            canvas.words(x + 15, y - 0.8, text(sample, bold=True, point_size=10))
        elif "fillcolor" in sample:
            canvas.node(x + 15, y, "", 24, 11, **sample)
        else:
            a, b = canvas.words(x, y, ""), canvas.words(x + 30, y, "")
            canvas.line(a, b, [(x, y), (x + 30, y)], **sample)
        _left(canvas, x + 40, y + _LINE / 2 - 1.5, [[text(meaning, color=FAINT, point_size=9.5)]], 150)
        y -= _LINE


def _meanings(wiring: Wiring) -> Iterator[tuple[str | dict, str]]:
    """Samples, and what they mean."""
    neurons = [n for n in wiring.neurons.values() if isinstance(n, Neuron)]
    seen = [c for n in neurons for c in n.sees]
    words = {"dense": "dense: a matrix", "diagonal": "diagonal: one weight a unit", "direct": "direct: as it comes"}
    kinds = {c.kind for c in seen}
    yield from ((WHOLE.connection(kind, INK), meaning) for kind, meaning in words.items() if kind in kinds)
    for kind, meaning in ((Complement, "complement: 1 − gate"), (Same, "the same neuron")):
        name = next((name for name, neuron in wiring.neurons.items() if isinstance(neuron, kind)), None)
        if name is not None:
            yield WHOLE.double(wiring, name, INK), meaning
    acting = {a.kind for place in ("dendrite", "body", "axon") for a in wiring.acting(place)}
    acting |= {"multiply"} if any(c.gated_by for c in seen) else set()
    words = {
        "multiply": "multiplies what passes",
        "subtract": "subtracts from it",
        "shunt": "divides it by 1 + k g",
    }
    yield from ((SIGNS[kind], meaning) for kind, meaning in words.items() if kind in acting)
    yield pill(SEQUENCE), "an input sequence"
    yield pill(STATE), "the unit itself, a step ago"
