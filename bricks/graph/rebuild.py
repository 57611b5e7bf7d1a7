"""Building a graph anew with some variables replaced, in one pass over any number of replacements.

What a replacement is made from is rebuilt too, so that replacements may stand in each other's graphs. Inside
the replacement of v, v itself means v as it would be without that replacement. So a variable's new version
depends on which replacements are in force around it: it is remembered by (variable, those not in force that
it would meet), which for all but nested cases is one version.
"""

from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import dataclass

from pytensor.graph.basic import Apply, Variable

from bricks.errors import ShapeError, UsageError
from bricks.graph.walk import inputs_of, walk


@dataclass(frozen=True)
class InTraining:
    """What a variable is while training: `instead(*inputs)`; kept in the variable's tag.

    `inputs` are edges of the graph like any others: where they are rebuilt, so is this.
    """

    inputs: tuple[Variable, ...]
    instead: Callable


@dataclass(frozen=True)
class Replacement:
    """A variable's replacement is `make(*inputs)`, of the inputs' new versions."""

    inputs: tuple[Variable, ...]
    make: Callable[..., Variable]


def training_record(variable: Variable) -> InTraining | None:
    """What replaces `variable` in training, if anything does."""
    return getattr(variable.tag, "in_training", None)


def all_sources(variable: Variable) -> tuple[Variable, ...]:
    """What `variable` is computed from, and what its version in training is."""
    record = training_record(variable)
    return (*inputs_of(variable), *(record.inputs if record else ()))


class Rebuild:
    """New versions of variables under `replacements`; see the module's idea.

    Parameters
    ----------
    outputs : iterable of variables
        Those that will be asked for.
    replacements : dict
        From variables to `Replacement`.
    """

    def __init__(self, outputs: Iterable[Variable], replacements: dict[Variable, Replacement]):
        self.replacements = replacements
        self.bits = {variable: 1 << i for i, variable in enumerate(replacements)}
        expressions = [v for replacement in replacements.values() for v in replacement.inputs]
        self._within = self._replaced_within([*outputs, *expressions])
        self._reach: dict[int, int] = {0: 0}
        self._done: dict[tuple[Variable, int], Variable] = {}
        self._nodes: dict[tuple[Apply, int], Apply] = {}

    def __call__(self, variable: Variable) -> Variable:
        """The new version of one of the outputs."""
        goal = self._key(variable, 0)
        stack = [goal]
        while stack:
            key = stack[-1]
            if key not in self._done:
                needed = [k for k in self._needs(*key) if k not in self._done]
                if needed:
                    stack.extend(reversed(needed))
                    continue
                self._done[key] = self._build(*key)
            stack.pop()
        return self._done[goal]

    def _replaced_within(self, outputs) -> dict[Variable, int]:
        """For each variable, as bits: which replaced ones it is computed from, itself included."""
        within: dict[Variable, int] = {}
        for variable in walk(outputs, all_sources):
            within[variable] = self.bits.get(variable, 0)
            for source in all_sources(variable):
                within[variable] |= within[source]
        return within

    def _key(self, variable: Variable, off: int) -> tuple[Variable, int]:
        """`off` cut down to the replacements that `variable` could meet, directly or through others'."""
        within = self._within[variable]
        if within not in self._reach:
            reach, previous = within, 0
            while reach != previous:
                previous = reach
                for replaced, replacement in self.replacements.items():
                    if reach & self.bits[replaced]:
                        for source in replacement.inputs:
                            reach |= self._within[source]
            self._reach[within] = reach
        return variable, off & self._reach[within]

    def _needs(self, variable: Variable, off: int) -> list[tuple[Variable, int]]:
        bit = self.bits.get(variable, 0)
        if bit & ~off:
            return [self._key(source, off | bit) for source in self.replacements[variable].inputs]
        if not self._within[variable]:
            return []
        return [self._key(source, off) for source in all_sources(variable)]

    def _build(self, variable: Variable, off: int) -> Variable:
        new = [self._done[key] for key in self._needs(variable, off)]
        if self.bits.get(variable, 0) & ~off:
            return as_type_of(variable, self.replacements[variable].make(*new))
        if all(a is b for a, b in zip(new, all_sources(variable), strict=False)):
            return variable
        record = training_record(variable)
        arity = len(inputs_of(variable))
        output = self._node(variable, new[:arity], off).outputs[variable.index]
        if record:
            output.tag.in_training = InTraining(tuple(new[arity:]), record.instead)
        return output

    def _node(self, variable: Variable, inputs: list[Variable], off: int) -> Apply:
        """The new maker of `variable`, which all outputs of the old one share."""
        node, met = variable.owner, 0
        for source in all_sources(variable):
            met |= self._key(source, off)[1]
        if (node, met) not in self._nodes:
            new = node.clone_with_new_inputs(inputs)
            for old_output, new_output in zip(node.outputs, new.outputs, strict=True):
                new_output.name, new_output.tag = old_output.name, copy(old_output.tag)
            self._nodes[node, met] = new
        return self._nodes[node, met]


def as_type_of(variable: Variable, new: Variable) -> Variable:
    """`new` where `variable` stood: same dtype, axes and known lengths, or an error."""
    kind, given = variable.type, getattr(new, "type", None)
    if getattr(kind, "dtype", None) != getattr(given, "dtype", None):
        raise UsageError(f"{variable}: what replaces it must be {kind.dtype}, got {given}; cast it with .astype")
    lengths = zip(getattr(kind, "shape", ()), getattr(given, "shape", ()), strict=False)
    try:
        if any(a != b for a, b in lengths if None not in (a, b)):
            raise TypeError
        return kind.filter_variable(new)
    except TypeError:
        raise ShapeError(f"{variable}: what replaces it must have shape {kind.shape}, got {given.shape}") from None
