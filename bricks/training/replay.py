"""Which variable went wrong first: a step that was not finite, computed again with all variables visible.

The guard left everything as it was before the step, random counters included, so the same batch gives the same
numbers. What is said, and where it is looked for, is `bricks.engine.blame`'s.
"""

from collections.abc import Mapping

from pytensor.graph.basic import Variable

from bricks.engine.blame import GENERAL, Blame, is_float


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
        A sentence's worth: the variable, in which brick, neuron and time step it is, how many of its values are what,
        what it is computed for, and what may help.
    """
    blame = Blame(list(inputs.values()), [batch[name] for name in inputs], word="source")
    # Mostly it is the cost, and what is before it is little to compile; else the results say where to look.
    cost, *others = results
    text = blame.explain({cost: results[cost]})
    if text is not None:
        return text
    names = {variable: name for name, variable in reversed(results.items()) if not variable.name}
    counts = blame.counts([results[name] for name in others if is_float(results[name])])
    for name in others:
        if results[name] in counts and counts[results[name]].bad:
            text = blame.explain({name: results[name]}, names)
            if text is not None:
                return text
    return f"in a replay all is finite, but together too large to be squared; {GENERAL}"
