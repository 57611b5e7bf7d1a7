"""Which variable went wrong first, in which brick, and what may help: a computation again, all variables visible.

A variable may be infinite and harmless, if rewriting replaced what is computed from it (log(1 + exp(x)), for
example): the one to name is connected to a bad result by variables that are not finite, and has none such before it.
Where a recurrence made it, `bricks.engine.loops` looks inside.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pytensor.tensor as pt
from pytensor.graph.basic import Constant, Variable
from pytensor.graph.traversal import ancestors, toposort
from pytensor.tensor.type import TensorType

from bricks.engine.provenance import Origin, Part, origin_of


class Count(NamedTuple):
    """How many values of a variable are what.

    >>> str(Count(2, 0, 10, 0, 0))
    'is not finite: 2 NaN of 10 values'
    """

    nan: int
    infinite: int
    size: int
    zero: int
    negative: int

    @property
    def bad(self) -> bool:
        return bool(self.nan or self.infinite)

    def __str__(self):
        parts = [f"{n:,} {what}" for n, what in ((self.nan, "NaN"), (self.infinite, "infinite")) if n]
        return f"is not finite: {' and '.join(parts)} of {self.size:,} value{'s' if self.size != 1 else ''}"


def counted(variable) -> Variable:
    """The symbolic numbers of a `Count`, int32 (5,)."""
    kinds = [pt.isnan(variable), pt.isinf(variable), pt.eq(variable, 0), pt.lt(variable, 0)]
    nan, infinite, zero, negative = (kind.sum(dtype="int32") for kind in kinds)
    return pt.stack([nan, infinite, variable.size.astype("int32"), zero, negative])


def is_float(variable) -> bool:
    """Whether a variable can be other than finite."""
    return isinstance(variable.type, TensorType) and variable.type.dtype.startswith("float")


def in_order(outputs: Iterable[Variable]) -> list[Variable]:
    """The floats behind `outputs` and these themselves, each after everything that it is computed from.

    But for constants and what is made of them alone: a NaN there is meant.
    """
    outputs = list(outputs)
    found = dict.fromkeys(v for v in ancestors(outputs) if v.owner is None and not isinstance(v, Constant))
    for node in toposort(outputs):
        if any(v in found for v in node.inputs):
            found |= dict.fromkeys(node.outputs)
    return [v for v in found if is_float(v)]


class Blame:
    """A computation that was not finite, to be done again.

    Parameters
    ----------
    inputs, values : lists
        Of the graph: variables and what they were given. Shared variables have their present values.
    givens : pairs, optional
        As of `function`.
    word : str
        What an input is called: a "source" of a stream.
    """

    def __init__(self, inputs: Sequence[Variable], values: Sequence, givens=(), word: str = "input"):
        self.inputs, self.values, self.givens, self.word = list(inputs), list(values), givens, word

    def compute(self, outputs):
        """Values of variables; no shared variable changes."""
        from bricks.engine.compiled import function

        settings = dict(mode="FAST_RUN", no_default_updates=True, on_unused_input="ignore", profile=False)
        return function(self.inputs, outputs, givens=self.givens, name="replay", **settings)(*self.values)

    def counts(self, variables: Sequence[Variable]) -> dict[Variable, Count]:
        """Of each variable."""
        rows = self.compute(pt.stack([counted(v) for v in variables])) if variables else []
        return {v: Count(*map(int, row)) for v, row in zip(variables, rows, strict=True)}

    def explain(self, results: Mapping[str, Variable], names: Mapping | None = None) -> str | None:
        """The first variable that is not finite, where it is, what it is computed for, and what may help.

        Parameters
        ----------
        results : mapping
            From descriptions to variables; the first that is not finite is looked into.
        names : mapping, optional
            Descriptions of variables on the way that have no name of their own.

        Returns
        -------
        str or None
            None if all is finite.
        """
        counts = self.counts(in_order(results.values()))
        for description, result in results.items():
            if result in counts and counts[result].bad:
                return self._explain(description, result, counts, names or {})
        return None

    def _explain(self, description, result, counts, names) -> str:
        bad = {v for v, count in counts.items() if count.bad}
        source, between = leading([result], list(counts), bad)
        if source in self.inputs:
            return f"{self.word} {str(source)!r} {counts[source]}; look at the data"
        steps = [describe(v, names) for v in between if v.name or v in names][:1]
        if source is not result and description not in steps:
            steps.append(description)
        way = "".join(f", for {step}" for step in steps)
        if source.owner is None:
            return f"{describe(source, names)} {counts[source]}{way}; it was so before: set it, or load what was saved"
        from bricks.engine.loops import inside

        found = inside(self, source.owner)
        if found is not None:
            return f"{found.text}{way}; {found.remedy}"
        what = f"{describe(source, names)}{place(origin_of(source))}{self._step(source)}"
        return f"{what} {counts[source]}{way}; {remedy(source, counts)}"

    def _step(self, source) -> str:
        """The first step at which a neuron is wrong that is computed for all steps at once."""
        origin = origin_of(source)
        neuron = origin is not None and isinstance(origin.maker, Part) and origin.maker.of is not None
        if not neuron or source.type.ndim != 3:
            return ""
        wrong = ~np.isfinite(self.compute(source)).all(axis=2)  # (time, batch)
        step = int(wrong.any(axis=1).argmax())
        return at_step(step, len(wrong), int(wrong[step].sum()), wrong.shape[1])


def leading(results: Iterable[Variable], order: Sequence[Variable], bad) -> tuple[Variable, list[Variable]]:
    """Of the variables that are bad and lead to `results` through such: the first, and those that it leads to.

    `order` has all variables that may be bad, each after what it is computed from.
    """
    connected: set[Variable] = set()
    waiting = [v for v in results if v in bad]
    while waiting:
        variable = waiting.pop()
        if variable not in connected:
            connected.add(variable)
            waiting += [v for v in _sources(variable) if v in bad]
    source = next(v for v in order if v in connected and not any(i in bad for i in _sources(v)))
    downstream = {source}
    for variable in order:
        if variable in connected and any(i in downstream for i in _sources(variable)):
            downstream.add(variable)
    return source, [v for v in order if v in downstream and v is not source]


def _sources(variable: Variable) -> Sequence[Variable]:
    return () if variable.owner is None else variable.owner.inputs


def describe(variable: Variable, names: Mapping | None = None, depth: int = 2) -> str:
    """What a variable is: its name, or the operation that made it and from what.

    >>> x = pt.fvector("x")
    >>> describe(pt.log(x + 1))
    'Log(Add(x, 1))'
    """
    if names and variable in names:
        return names[variable]
    if isinstance(variable, Constant):
        return f"{variable.data:.4g}" if np.ndim(variable.data) == 0 else f"a constant {np.shape(variable.data)}"
    if variable.name:
        return str(variable.name)
    if variable.owner is None:
        return f"an input without a name ({variable.type})"
    operation = operation_of(variable)
    if operation in ("Assert", "Cast", "CheckAndRaise", "DimShuffle", "Identity", "SpecifyShape"):
        return describe(variable.owner.inputs[0], names, depth)
    if not depth:
        return f"{operation}(...)"
    return f"{operation}({', '.join(describe(v, names, depth - 1) for v in variable.owner.inputs)})"


def operation_of(variable: Variable) -> str:
    """The name of the operation that made a variable: `Log`, `Dot`, `Recurrence`."""
    op = getattr(variable.owner.op, "core_op", variable.owner.op)
    return type(getattr(op, "scalar_op", op)).__name__


def place(origin: Origin | None) -> str:
    """Where in the model, as the end of a phrase; nothing for what no brick made."""
    return f" in {origin}" if origin else ""


def at_step(step: int, steps: int, examples: int, batch: int) -> str:
    """When, and for how many of a batch; nothing is said of what has no batch."""
    many = f" in {examples:,} of {batch:,} examples" if batch else ""
    return f" at step {step:,} of {steps:,} (the first is 0){many}"


GENERAL = "a smaller learning rate or clipping may prevent it"


def remedy(variable: Variable, counts: Mapping[Variable, Count]) -> str:
    """What may help a variable that is not finite, though all that it was computed from is."""
    operation, inputs = operation_of(variable), _sources(variable)
    if operation in ("Log", "Log2", "Log10") and inputs[0] in counts:
        count = counts[inputs[0]]
        if count.negative:
            return (
                f"the logarithm of a negative number ({_times(count.negative)}): keep what goes in above 0, as "
                "log(maximum(x, 1e-7)) does"
            )
        return (
            f"the logarithm of 0 ({_times(count.zero)}): add a small number, as in log(x + 1e-7), or give the cost "
            "what comes before a softmax, as CategoricalCrossEntropy wants it"
        )
    divisor = {"TrueDiv": 1, "Reciprocal": 0, "IntDiv": 1, "Mod": 1}.get(operation)
    if divisor is not None and inputs[divisor] in counts and counts[inputs[divisor]].zero:
        return f"it divides by 0 ({_times(counts[inputs[divisor]].zero)}): add a small number to the divisor"
    if operation == "Sqrt" and inputs[0] in counts and counts[inputs[0]].negative:
        return f"the root of a negative number ({_times(counts[inputs[0]].negative)}): keep what goes in at 0 or above"
    if operation in ("Exp", "Exp2", "Expm1", "Sinh", "Cosh"):
        largest = np.log(np.finfo(variable.type.dtype).max)
        return (
            f"an exponential of more than {largest:.1f} is beyond {variable.type.dtype}: subtract the largest value "
            f"first, as softmax does, clip what goes in, or stay with logarithms; {GENERAL}"
        )
    return GENERAL


def _times(n: int) -> str:
    return f"{n:,} time{'s' if n != 1 else ''}"
