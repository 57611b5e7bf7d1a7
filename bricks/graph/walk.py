"""Going through a graph, and giving back results in the shape in which they were asked for.

Everything here is iterative: graphs may be deeper than Python's stack.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from pytensor.graph.basic import Variable

from bricks.errors import UsageError


def inputs_of(variable: Variable) -> Sequence[Variable]:
    """What `variable` is computed from."""
    return () if variable.owner is None else variable.owner.inputs


def walk(outputs: Iterable[Variable], sources: Callable[[Variable], Sequence[Variable]] = inputs_of) -> list[Variable]:
    """All variables behind `outputs` and these themselves, each after everything that it is computed from.

    >>> import pytensor.tensor as pt
    >>> x = pt.vector("x")
    >>> y = pt.exp(x)
    >>> walk([y]) == [x, y]
    True
    """
    order: dict[Variable, None] = {}
    stack = [(variable, False) for variable in reversed(list(outputs))]
    while stack:
        variable, expanded = stack.pop()
        if variable in order:
            continue
        if expanded:
            order[variable] = None
        else:
            stack.append((variable, True))
            stack.extend((source, False) for source in reversed(sources(variable)) if source not in order)
    return list(order)


def inner_graphs(variables: Iterable[Variable]) -> dict[Any, list[Variable]]:
    """The recurrences among the makers of `variables`: for each, the variables inside it, at any depth."""
    found: dict[Any, list[Variable]] = {}
    for variable in variables:
        node = variable.owner
        if node is None or node in found:
            continue
        inner = getattr(node.op, "inner_outputs", None)
        if inner is not None:
            inside = walk(inner)
            found[node] = inside + [v for deeper in inner_graphs(inside).values() for v in deeper]
    return found


def unpack(outputs, who: str) -> tuple[list[Variable], Callable[[Sequence[Variable]], Any]]:
    """The variables in `outputs` (one, a list, a tuple, a dict) and a function that packs new ones alike."""
    if isinstance(outputs, Variable):
        return [outputs], lambda new: new[0]
    if isinstance(outputs, dict):
        variables, pack = list(outputs.values()), lambda new: dict(zip(outputs, new, strict=True))
    elif isinstance(outputs, list | tuple):
        variables, pack = list(outputs), lambda new: type(outputs)(new)
    else:
        variables, pack = [outputs], None
    for variable in variables:
        if not isinstance(variable, Variable):
            raise UsageError(
                f"{who}: outputs must be a symbolic variable, or a list, tuple or dict of them, "
                f"got {type(variable).__name__} {variable!r}"
            )
    return variables, pack
