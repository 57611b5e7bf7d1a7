"""Which variable went wrong first: a step that was not finite, computed again with all variables visible.

The guard left everything as it was before the step, random counters included, so the same batch gives the
same numbers. A variable may be infinite and harmless, if rewriting replaced what is computed from it
(log(1 + exp(x)), for example): the one to name is connected to a bad result by variables that are not finite,
and has none such before it.
"""

from collections.abc import Mapping

import numpy as np
from pytensor.graph.basic import Constant, Variable

from bricks.engine.nanguard import count_not_finite, is_float, say_not_finite
from bricks.graph import annotations_of, walk
from bricks.graph.walk import inputs_of


def first_not_finite(results: Mapping[str, Variable], inputs: Mapping[str, Variable], batch: Mapping) -> str:
    """Say which variable is the first that is not finite, in order of computation.

    Parameters
    ----------
    results : mapping
        What a step computes, by a description, in order; the cost first.
    inputs, batch : mapping
        The graph's inputs, and their values, by name.

    Returns
    -------
    str
        A sentence's worth: the variable, how many of its values are what, and what it is computed for.
    """
    # Mostly it is the cost, and what is before it is little to compile; else the results say where to look.
    cost, *others = results
    bad = _not_finite(walk([results[cost]]), inputs, batch)
    if results[cost] in bad:
        return _blame(cost, results[cost], bad, inputs, {})
    found = _not_finite([results[name] for name in others], inputs, batch)
    for name in others:
        if results[name] in found:
            bad = _not_finite(walk([results[name]]), inputs, batch)
            return _blame(name, results[name], bad, inputs, _names(results))
    return f"in a replay all is finite, but together too large to be squared; {_REMEDY}"


def describe(variable: Variable, names: Mapping | None = None, depth: int = 2) -> str:
    """What a variable is: its name, or the operation that made it and from what.

    >>> import pytensor.tensor as pt
    >>> x = pt.fvector("x")
    >>> describe(pt.log(x + 1))
    'Log(Add(x, 1))'
    """
    if names and variable in names:
        return names[variable]
    if isinstance(variable, Constant):
        return f"{variable.data:.4g}" if np.ndim(variable.data) == 0 else f"a constant {np.shape(variable.data)}"
    if variable.name:
        return _call_text(variable)
    if variable.owner is None:
        return f"an input without a name ({variable.type})"
    operation = type(getattr(variable.owner.op, "scalar_op", variable.owner.op)).__name__
    if operation in ("Cast", "DimShuffle", "Identity"):
        return describe(variable.owner.inputs[0], names, depth)
    if not depth:
        return f"{operation}(...)"
    return f"{operation}({', '.join(describe(v, names, depth - 1) for v in variable.owner.inputs)})"


def _call_text(variable: Variable) -> str:
    """A name; for what a brick takes in or gives out also which brick that is."""
    kinds = {type(a.brick).__name__ for a in annotations_of(variable)}
    return f"{variable.name} ({', '.join(sorted(kinds))})" if kinds else str(variable.name)


def _names(results: Mapping[str, Variable]) -> dict[Variable, str]:
    """Descriptions of results, except where a variable has a name of its own."""
    return {variable: text for text, variable in reversed(results.items()) if not variable.name}


def _not_finite(variables: list, inputs: Mapping, batch: Mapping) -> dict:
    """Those that are not finite, with how many of their values are NaN, how many infinite, and how many."""
    variables = [v for v in variables if is_float(v)]
    counts = count_not_finite(variables, list(inputs.values()), [batch[name] for name in inputs])
    return {v: count for v, count in zip(variables, counts, strict=True) if count[0] or count[1]}


def _blame(description: str, result: Variable, bad: Mapping, inputs: Mapping, names: Mapping) -> str:
    """The earliest bad variable that leads to `result` through bad ones, and what it is computed for."""
    connected = walk([result], lambda v: [i for i in inputs_of(v) if i in bad])
    source = next(v for v in connected if not any(i in bad for i in inputs_of(v)))
    if source in inputs.values():
        return f"source {source.name!r} {say_not_finite(bad[source])}; look at the data"
    downstream = {source}
    for variable in connected:
        if any(i in downstream for i in inputs_of(variable)):
            downstream.add(variable)
    between = [v for v in connected if v in downstream and v is not source and (v.name or v in names)]
    steps = [describe(v, names) for v in between[:1]]
    if source is not result and description not in steps:
        steps.append(description)
    way = "".join(f", for {step}" for step in steps)
    return f"{describe(source, names)} {say_not_finite(bad[source])}{way}; {_REMEDY}"


_REMEDY = "a smaller learning rate or clipping may prevent it"
