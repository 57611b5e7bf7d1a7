"""What notebooks show of bricks and wirings: a table and a diagram. Text stays what it is."""

from markupsafe import Markup

from bricks.brick import Brick
from bricks.errors import UsageError
from bricks.gated.unit import GatedUnit
from bricks.gated.wiring import Neuron, Wiring
from bricks.table import HEADER, rows_of
from bricks.view import page
from bricks.view.diagrams.equations import constant, function
from bricks.view.diagrams.parts import told_of


def brick_html(brick: Brick) -> str:
    """A brick's parameters as a table, below its diagram.

    >>> from bricks.layers import Linear
    >>> html = brick_html(Linear(3, 2, seed=1))
    >>> "<svg" in html, "<table" in html, "(3, 2)" in html
    (True, True, True)
    """
    rows = [(row[0].replace("  ", "\u2003"), *row[1:]) for row in rows_of(brick)]
    parts = page.table(HEADER, rows)
    if not isinstance(brick, GatedUnit):
        return _drawn(brick) + parts
    return _drawn(brick) + page.folded("parameters", parts)


def wiring_html(wiring: Wiring) -> str:
    """A wiring as a neuron, above a table of what each neuron sees and does.

    >>> from bricks.gated import WIRINGS
    >>> html = wiring_html(WIRINGS["gru"]())
    >>> "<svg" in html, "gated by the reset gate" in html
    (True, True)
    """
    rows = [(name, *_described(wiring, name), _acts(wiring, name)) for name in wiring.neurons]
    return _drawn(wiring) + page.folded("neurons", page.table(["neuron", "sees", "is", "acts"], rows))


def _drawn(given: Brick | Wiring) -> Markup:
    try:
        return Markup(given.diagram().svg)
    except UsageError as error:  # no Graphviz: the table is there all the same
        return page.note(str(error))


def _described(wiring: Wiring, name: str) -> tuple[str, str]:
    """What a neuron sees, and what it makes of that."""
    neuron = wiring.neurons[name]
    if isinstance(neuron, Neuron):
        layers = "".join(f"{width} {function(neuron.hidden_activation)}, " for width in neuron.hidden)
        return "; ".join(map(told_of, neuron.sees)), layers + (function(neuron.activation) or "identity")
    other = getattr(neuron, "of", None)
    if other is None:
        return "", constant(neuron)
    return "", f"{'1 − ' if hasattr(neuron, 'shift') else ''}{other}"


def _acts(wiring: Wiring, name: str) -> str:
    places = {place: wiring.acting(place) for place in ("dendrite", "body", "axon")}
    return "; ".join(
        f"{action.kind} at the {place}" + ("" if action.strength == 1 else f", strength {action.strength:g}")
        for place, actions in places.items()
        for action in actions
        if action.neuron == name
    )
