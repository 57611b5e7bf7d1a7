"""NanGuardMode by replay: a call whose results are not finite changes nothing, and is computed again in full view.

The check costs a pass over the results; only a call that fails it pays for looking at all variables.
"""

from collections.abc import Sequence

import numpy as np
import pytensor.tensor as pt
from pytensor.graph.basic import Variable
from pytensor.graph.traversal import ancestors, toposort

from bricks.errors import NotFiniteError


def count_not_finite(variables: Sequence[Variable], inputs, values, givens=()) -> np.ndarray:
    """How many values of each variable are NaN, how many infinite, how many there are: integers (variables, 3).

    Computed from the present values of shared variables, none of which changes.
    """
    from bricks.engine.compiled import function

    rows = [pt.stack([_total(pt.isnan(v)), _total(pt.isinf(v)), v.size.astype("int32")]) for v in variables]
    replay = function(
        inputs,
        pt.stack(rows),
        givens=givens,
        mode="FAST_RUN",
        no_default_updates=True,
        on_unused_input="ignore",
        name="replay",
    )
    return replay(*values)


def _total(flags):
    return flags.sum(dtype="int32")


def say_not_finite(count) -> str:
    """A row of `count_not_finite` in words.

    >>> say_not_finite([2, 0, 10])
    'is not finite: 2 NaN of 10 values'
    """
    nan, infinite, size = (int(n) for n in count)
    parts = [f"{n:,} {what}" for n, what in ((nan, "NaN"), (infinite, "infinite")) if n]
    return f"is not finite: {' and '.join(parts)} of {size:,} value{'s' if size != 1 else ''}"


def is_float(variable) -> bool:
    """Whether a variable can be other than finite."""
    return str(getattr(variable.type, "dtype", "")).startswith("float")


class CheckedFunction:
    """A function that raises NotFiniteError, leaving all state as it was, if a result is not finite."""

    def __init__(self, inputs, outputs, updates: dict, givens: list, guard, compile_function, options: dict):
        self.inputs, self.givens, self._single = list(inputs), givens, outputs is not None
        listed = [] if outputs is None else list(outputs) if isinstance(outputs, list | tuple) else [outputs]
        self._single = outputs is not None and not isinstance(outputs, list | tuple)
        self._none = outputs is None
        self.results = [v for v in [*listed, *updates.values()] if isinstance(v, Variable) and is_float(v)]
        finite = pt.all(pt.stack([pt.all(pt.isfinite(v)) for v in self.results])) if self.results else pt.constant(True)
        self.name = options["name"] or "function"
        self.fn = compile_function(
            inputs,
            [*listed, finite],
            updates=updates,
            givens=givens,
            mode="FAST_RUN",
            guard=finite if guard is None else guard & finite,
            no_default_updates=True,
            **options,
        )

    def __call__(self, *args, **kwargs):
        *results, finite = self.fn(*args, **kwargs)
        if not bool(finite):
            raise NotFiniteError(f"{self.name}: {self._first(self.fn._arguments(args, kwargs))}; no update took effect")
        return results[0] if self._single else None if self._none else results

    def _first(self, values) -> str:
        """The earliest variable that is not finite and leads to a bad result through such."""
        order = [v for node in toposort(self.results) for v in node.outputs if is_float(v)]
        roots = [v for v in ancestors(self.results) if v.owner is None and is_float(v)]
        variables = list(dict.fromkeys([*roots, *order]))
        counts = count_not_finite(variables, self.inputs, values, self.givens)
        bad = {v: count for v, count in zip(variables, counts, strict=True) if count[0] or count[1]}
        leading, waiting = set(), [v for v in self.results if v in bad]
        while waiting:
            variable = waiting.pop()
            leading.add(variable)
            if variable.owner is not None:
                waiting += [v for v in variable.owner.inputs if v in bad and v not in leading]
        first = next(v for v in variables if v in leading)
        return f"{first.name or first.owner} {say_not_finite(bad[first])}"
