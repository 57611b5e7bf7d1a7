"""A task whose shapes depend on integers that it is called with: prepared at each call, compiled for each shape."""

import dataclasses
import warnings

import numpy as np
from pytensor.compile.io import In
from pytensor.graph.basic import Variable
from pytensor.graph.traversal import ancestors

from theano.compile import _cuts, _lengths
from theano.compile._task import Task

VALUES_BEFORE_WARNING = 8


class Prepared:
    """A function for XLA, and what is done before each of its calls.

    Attributes
    ----------
    cuts : list of Cut
        Parts of arrays that are taken before the call.
    lengths : list of Variable
        Integers for each of whose values there is a compilation.
    """

    def __init__(self, task: Task):
        self.cuts, graph = _cuts.cut(task)
        self._variables = task.variables
        self._task = task.with_graph(graph)
        self.lengths = _lengths.lengths(graph)
        needed = set(ancestors(graph))
        self._passed = [k for k, v in enumerate(self._variables) if v in needed and v not in self.lengths]
        inputs = [*(task.inputs[k] for k in self._passed), *(In(cut.variable) for cut in self.cuts)]
        if self.cuts or self.lengths:
            self._task = dataclasses.replace(self._task, inputs=inputs)
        self._functions: dict[tuple, object] = {}
        if not self.lengths:
            self._functions[()] = self._task.compile()

    @property
    def is_direct(self) -> bool:
        """Whether nothing is to be done before a call."""
        return not self.cuts and not self.lengths

    @property
    def function(self):
        """The compiled function, or the last one of several."""
        return next(reversed(self._functions.values()), None)

    def __call__(self, values: list) -> list:
        """Results from the values of all inputs."""
        known = dict(zip(self._variables, values, strict=True))
        lengths = tuple(int(_value(v, known)) for v in self.lengths)
        fn = self._functions.get(lengths)
        if fn is None:
            fn = self._functions[lengths] = self._task.compile(givens=dict(map(_constant, self.lengths, lengths)))
            self._warn_of_many()
        known |= {cut.source: _value(cut.source, known) for cut in self.cuts}
        return fn(*(values[k] for k in self._passed), *(cut.take(known) for cut in self.cuts))

    def _warn_of_many(self) -> None:
        if len(self._functions) == VALUES_BEFORE_WARNING + 1:
            warnings.warn(
                f"{self._task.name or 'theano.function'}: compiled for {len(self._functions)} values of "
                f"{', '.join(map(str, self.lengths))}, which decide shapes in it; XLA compiles anew for each",
                stacklevel=5,
            )


def _value(variable: Variable, known: dict):
    return known[variable] if variable in known else _cuts.stored_value(variable)


def _constant(variable: Variable, number: int) -> tuple[Variable, Variable]:
    return variable, variable.type.constant_type(variable.type, np.asarray(number, variable.type.dtype))
