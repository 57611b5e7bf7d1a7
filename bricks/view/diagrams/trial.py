"""What comes out of a brick when it is applied to inputs that fit it: tried, without a trace in the brick."""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytensor.tensor as pt
from pytensor.graph.basic import Variable

from bricks import engine
from bricks.brick import Brick
from bricks.gated import Bidirectional, GatedUnit, Stack
from bricks.graph import annotations_of, is_tensor, walk
from bricks.layers import AbsoluteError, BinaryCrossEntropy, CategoricalCrossEntropy, LookupTable, SquaredError

_UNITS = (GatedUnit, Stack, Bidirectional)
_COSTS = (AbsoluteError, BinaryCrossEntropy, CategoricalCrossEntropy, SquaredError)


def outputs_of(brick: Brick) -> list[Variable] | None:
    """Symbolic outputs of a brick, applied to inputs of its `input_dim`; None where no inputs that we know of fit.

    The brick is left as it was: what it is applied to later has the names, and draws the noise, that it would have had.

    >>> from bricks.layers import MLP, Tanh
    >>> mlp = MLP([Tanh()], [4, 3], seed=1)
    >>> [output.type.shape for output in outputs_of(mlp)], mlp(pt.matrix("x", dtype="float32"))
    ([(None, 3)], mlp.output)
    """
    for inputs in _inputs(brick):
        with _untouched(brick) as find:
            try:
                given = find(brick(**inputs))
            except Exception:  # of whatever kind: these inputs don't fit
                continue
        if given:
            return given
    return None


def _inputs(brick: Brick) -> Iterator[dict[str, Variable]]:
    """Inputs to try, by the names of arguments."""
    apply = getattr(brick, "apply", None)
    if apply is None:
        return
    needed = [
        (name, parameter.kind)
        for name, parameter in inspect.signature(apply).parameters.items()
        if parameter.default is parameter.empty and parameter.kind is not parameter.VAR_POSITIONAL
    ]
    dim = getattr(brick, "input_dim", None)
    if isinstance(brick, _COSTS):
        yield {name: _tensor(name, (None, dim)) for name, _ in needed}
        return
    if isinstance(brick, _UNITS):
        further = {name: _tensor(name, (None, None, width)) for name, width in brick.sequences.items()}
        yield {"input_": _tensor("input", (None, None, dim)), **further}
        return
    branches = getattr(brick, "branches", {})
    first = next((b for b in brick.walk() if not b.children), brick)
    dtype = "int64" if isinstance(first, LookupTable) else engine.floatX()
    for lead in ((None,), (None, None)):
        inputs: dict[str, Any] = {}
        for name, kind in needed:
            if kind is inspect.Parameter.VAR_KEYWORD:
                widths = {n: getattr(b, "input_dim", None) for n, b in branches.items()}
                inputs |= {n: _tensor(n, (*lead, width)) for n, width in widths.items()}
            else:
                shape = lead if dtype == "int64" else (*lead, dim)
                inputs[name] = _tensor(name.rstrip("_"), shape, dtype)
        yield inputs


def _tensor(name: str, shape: tuple, dtype: str | None = None) -> Variable:
    return pt.tensor(name, shape=shape, dtype=dtype or engine.floatX())


@contextmanager
def _untouched(brick: Brick) -> Iterator[Callable]:
    """How often bricks have been applied is, after it, what it was before."""
    counts = {each: each._applied for each in brick.walk()}

    def find(given) -> list[Variable]:
        found = [given["output"]] if isinstance(given, dict) and "output" in given else _flat(given)
        for variable in walk(found):  # bricks that are applied inside, and are nobody's children
            for each in annotations_of(variable):
                if each.call is not None:
                    counts[each.brick] = min(counts.get(each.brick, each.call.number), each.call.number)
        return found

    try:
        yield find
    finally:
        for each, count in counts.items():
            each._applied = count


def _flat(given) -> list[Variable]:
    if is_tensor(given):
        return [given]
    parts = given.values() if isinstance(given, dict) else given if isinstance(given, tuple | list) else ()
    return [variable for part in parts for variable in _flat(part)]
