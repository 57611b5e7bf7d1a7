"""Minibatches of stored data, `givens={x: data[index * 100 : (index + 1) * 100]}`: cut out before XLA is called.

A part of an array whose bounds depend on scalar inputs becomes an input of the compiled function. So the last, shorter
batch comes out as short as it is (XLA would be called with another shape, and compile once more).
"""

from typing import NamedTuple

import jax
import numpy as np
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Variable
from pytensor.graph.replace import clone_replace
from pytensor.graph.traversal import ancestors
from pytensor.scalar.basic import Cast
from pytensor.tensor.elemwise import Elemwise
from pytensor.tensor.subtensor import Subtensor, indices_from_subtensor

from theano.compile import _scalars


class Cut(NamedTuple):
    """A part of an array that is taken before the call.

    Attributes
    ----------
    variable : Variable
        The input of the compiled function that stands for it.
    source : Variable
        The array: a shared variable or an input.
    bounds : list
        For each axis a triple of programs (or None) for a slice, or one program for an index.
    """

    variable: Variable
    source: Variable
    bounds: list

    def take(self, values: dict):
        """The part, from the values of the inputs and of shared variables."""
        array = values[self.source]
        index = tuple(
            slice(*(None if p is None else p(values) for p in bound)) if isinstance(bound, tuple) else bound(values)
            for bound in self.bounds
        )
        return array[index]


def cut(task) -> tuple[list[Cut], list[Variable]]:
    """(cuts, the task's graph with the cuts made)."""
    graph = task.graph
    stored = [v for v in task.shared if v not in task.updates]
    leaves = [*task.variables, *stored]
    cuts: list[Cut] = []
    replacements = {}
    for variable in ancestors(graph):
        node = variable.owner
        if node is None or not isinstance(node.op, Subtensor):
            continue
        casts, source = _beneath(node.inputs[0], task.givens)
        if source not in leaves or not hasattr(source.type, "dtype"):
            continue
        bounds = _bounds(node, leaves)
        if bounds is None:
            continue
        part = Subtensor(node.op.idx_list)(source, *node.inputs[1:])
        cuts.append(Cut(part.type(), source, bounds))
        replacement = cuts[-1].variable
        for cast in casts:
            replacement = cast(replacement)
        replacements[variable] = replacement
    return cuts, clone_replace(graph, replacements) if cuts else graph


def _beneath(variable: Variable, givens: dict) -> tuple[list, Variable]:
    """(casts, innermost first; what they are of): a cast of stored data is done after the cut, not to all of it."""
    casts: list = []
    while True:
        variable = givens.get(variable, variable)
        node = variable.owner
        if node is None or not isinstance(node.op, Elemwise) or not isinstance(node.op.scalar_op, Cast):
            return casts[::-1], variable
        casts.append(node.op)
        variable = node.inputs[0]


def _bounds(node, leaves) -> list | None:
    """Programs for the bounds of a part; None where shapes alone tell them, or one takes more than arithmetic."""
    bounds: list = []
    moving = False
    for index in indices_from_subtensor(node.inputs[1:], node.op.idx_list):
        ends = (index.start, index.stop, index.step) if isinstance(index, slice) else (index,)
        programs = tuple(None if end is None else _scalars.program(end, leaves) for end in ends)
        if any(program is None and end is not None for program, end in zip(programs, ends, strict=True)):
            return None
        if isinstance(index, slice):
            moving = moving or any(_scalars.deciding([end for end in ends if end is not None]))
        bounds.append(programs if isinstance(index, slice) else programs[0])
    return bounds if moving else None


def stored_value(variable: SharedVariable):
    """What a shared variable holds, as NumPy's where a slice of it costs no compilation."""
    value = variable.container.storage[0]
    return np.asarray(value) if isinstance(value, jax.Array) else value
