"""NanGuardMode by replay: a call whose results are not finite changes nothing, and is computed again in full view.

The check costs a pass over the results; only a call that fails it pays for looking at all variables.
"""

import pytensor.tensor as pt
from pytensor.graph.basic import Variable

from bricks.engine.blame import Blame, describe, is_float
from bricks.errors import NotFiniteError


class CheckedFunction:
    """A function that raises NotFiniteError, leaving all state as it was, if a result is not finite."""

    def __init__(self, inputs, outputs, updates: dict, givens: list, guard, compile_function, options: dict):
        self.inputs, self.givens = [getattr(v, "variable", v) for v in inputs], givens
        listed = [] if outputs is None else list(outputs) if isinstance(outputs, list | tuple) else [outputs]
        self._single = outputs is not None and not isinstance(outputs, list | tuple)
        self._none = outputs is None
        names = ["the output"] if self._single else [f"output {k}" for k in range(len(listed))]
        results = {name: getattr(v, "variable", v) for name, v in zip(names, listed, strict=True)}
        results |= {f"the new value of {describe(variable)}": new for variable, new in updates.items()}
        self.results = {name: v for name, v in results.items() if isinstance(v, Variable) and is_float(v)}
        flags = [pt.all(pt.isfinite(v)) for v in self.results.values()]
        finite = pt.all(pt.stack(flags)) if flags else pt.constant(True)
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
            blame = Blame(self.inputs, self.fn._arguments(args, kwargs), self.givens)
            why = blame.explain(self.results) or "a result is not finite, and all is in a replay"
            raise NotFiniteError(f"{self.name}: {why}; no update took effect")
        return results[0] if self._single else None if self._none else results

    def profile(self):
        """Seconds by brick so far: see `bricks.function`."""
        return self.fn.profile()
