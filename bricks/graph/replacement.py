"""Replacing variables of a graph by others."""

from collections.abc import Iterable

import numpy as np
import pytensor.tensor as pt
from pytensor.graph.basic import Variable

from bricks.errors import UsageError, nearest
from bricks.graph.rebuild import Rebuild, Replacement, all_sources
from bricks.graph.walk import inner_graphs, unpack, walk


def replace(outputs, replacements):
    """The same outputs, computed with some variables replaced; the given graph stays as it was.

    All replacements are made in one pass. In a replacement, the variable that it replaces means that variable
    as it was (with what lies behind it rebuilt), so `{h: h * mask}` does what it says, also where several
    such variables follow each other. Any other replaced variable means its new version. Names and tags of
    what is rebuilt are kept.

    Parameters
    ----------
    outputs : variable, or list, tuple or dict of variables
    replacements : dict or pairs
        From variables of the graph to variables, arrays or numbers of the same dtype and shape.

    Returns
    -------
    variable, list, tuple or dict
        As `outputs` came.

    Raises
    ------
    UsageError
        If a variable is not in the graph, or is inside a recurrence; if two replacements refer to each other.
    ShapeError
        If a replacement cannot have the shape of what it replaces.

    >>> import pytensor.tensor as pt
    >>> from pytensor.printing import pprint
    >>> x, m = pt.vector("x"), pt.vector("m")
    >>> h = pt.exp(x)
    >>> pprint(replace(h + 1, {h: h * m, x: x - m}))
    '((Exp((x - m)) * m) + 1)'
    """
    variables, pack = unpack(outputs, "replace")
    wanted = {v: _as_variable(v, new) for v, new in dict(replacements).items()}
    _check_present(variables, wanted)
    _check_order(wanted)
    rebuild = Rebuild(variables, {v: Replacement((new,), lambda new: new) for v, new in wanted.items()})
    return pack([rebuild(v) for v in variables])


def _as_variable(variable, new) -> Variable:
    if not isinstance(variable, Variable):
        raise UsageError(f"replace: keys must be symbolic variables, got {type(variable).__name__} {variable!r}")
    if isinstance(new, Variable):
        return new
    return pt.as_tensor_variable(np.asarray(new, dtype=variable.type.dtype))


def _check_present(outputs: list[Variable], wanted: dict[Variable, Variable]) -> None:
    """Every key must be met on the way from the outputs, or from a replacement that is met."""
    present: dict[Variable, None] = {}
    ahead = outputs
    while ahead:
        before = set(present)
        present.update(dict.fromkeys(walk(ahead, all_sources)))
        ahead = [new for v, new in wanted.items() if v in present and v not in before]
    missing = [v for v in wanted if v not in present]
    if not missing:
        return
    variable = missing[0]
    recurrences = inner_graphs(present)
    for node, inside in recurrences.items():
        if variable in inside:
            raise UsageError(
                f"replace: {variable} is inside the recurrence {node.op}, where nothing can be replaced from "
                "outside; give it to the recurrence as a sequence and replace that"
            )
    hint = (
        "; if it was made in the step of a recurrence, give it to that as a sequence and replace the sequence; a "
        "neuron of a gated unit is held with clamp= where the unit is applied, or by bricks.gated.dynamics.lesioned"
        if recurrences
        else ""
    )
    known = nearest(str(variable), {v.name for v in present if v.name})
    raise UsageError(f"replace: {variable} is not in the graph of the given outputs; {known}{hint}")


def _check_order(wanted: dict[Variable, Variable]) -> None:
    """Replacements that refer to each other in a circle have no meaning."""
    refers = {v: [u for u in _mentioned(new, wanted) if u is not v] for v, new in wanted.items()}
    settled: set[Variable] = set()
    while len(settled) < len(wanted):
        free = [v for v in wanted if v not in settled and all(u in settled for u in refers[v])]
        if not free:
            circle = ", ".join(str(v) for v in wanted if v not in settled)
            raise UsageError(
                f"replace: the replacements of {circle} refer to each other; "
                "replace them one after another, in two calls"
            )
        settled.update(free)


def _mentioned(expression: Variable, wanted: Iterable[Variable]) -> list[Variable]:
    """The replaced variables that an expression names, not those hidden behind these."""

    def sources(variable):
        return () if variable in wanted else all_sources(variable)

    return [v for v in walk([expression], sources) if v in wanted]
