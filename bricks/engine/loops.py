"""Inside a recurrence that was not finite: the first step, the neuron, and how many examples.

The loop is run again with a further row of each step: how many values of each of its variables are what. Loops in
loops, as those that recompute segments, are looked into as well.
"""

from typing import NamedTuple

import numpy as np
import pytensor.tensor as pt
from pytensor.graph.basic import Apply, Variable
from pytensor.graph.traversal import toposort

from bricks.engine.blame import Count, at_step, counted, describe, in_order, leading, place, remedy
from bricks.engine.provenance import Origin, origin_of
from bricks.engine.recurrences import Recurrence


class Found(NamedTuple):
    """What went wrong inside a loop, and what may help."""

    text: str
    remedy: str


def inside(blame, node: Apply) -> Found | None:
    """What went wrong first in the loop of `node`, all of whose inputs are finite; None where it is no loop.

    And where the loop of XLA's that runs here gives finite numbers, which a kernel's, rounded otherwise, were not.
    """
    if not isinstance(node.op, Recurrence):
        return None
    loop = Loop(node)
    return loop.first(blame.compute(loop.rows(node.inputs)), origin_of(node))


class Loop:
    """A recurrence, with a count of each variable of its step.

    Parameters
    ----------
    node : Apply
        Of a `Recurrence`.
    names : dict, optional
        Descriptions of the node's inputs.

    Attributes
    ----------
    variables : list of Variable
        Of the step, floats, in order of computation.
    nested : list of Loop
        The loops in the step.
    """

    def __init__(self, node: Apply, names: dict | None = None):
        self.node, self.op = node, node.op
        self.variables = in_order(self.op.inner_outputs)
        sequences, states, constants = self.op.parted(zip(self.op.inner_inputs, node.inputs, strict=True))
        self.names = {inner: describe(outer, names, depth=1) for inner, outer in [*sequences, *constants]}
        self.names |= {inner: inner.name or "the state before" for inner, _ in states}
        loops = [n for n in toposort(self.op.inner_outputs) if isinstance(n.op, Recurrence)]
        self.nested = [Loop(n, self.names) for n in loops]

    def rows(self, inputs) -> list[Variable]:
        """Counts of the variables of each step, (T, variables, 7), and, for each step, those of the nested loops."""
        counts = pt.stack([pt.concatenate([counted(v), _examples(v)]) for v in self.variables])
        rows = [counts, *(row for loop in self.nested for row in loop.rows(loop.node.inputs))]
        n = self.op.n_states
        probe = self.op.like(self.op.inner_inputs, [*self.op.inner_outputs[:n], *rows])
        return probe(*inputs, return_list=True)[n:]

    def first(self, rows: list, origin: Origin | None, before: int = 0, total: int | None = None) -> Found | None:
        """The first variable that is not finite, from the values of `rows`; `before` steps came before this loop."""
        counts = rows[0]
        steps = len(counts)
        for step in range(steps)[:: -1 if self.op.reverse else 1]:
            bad = {v for v, row in zip(self.variables, counts[step], strict=True) if row[0] or row[1]}
            results = [v for v in self.op.inner_outputs if v in bad]
            if not results:
                continue
            source, _ = leading(results, self.variables, bad)
            for loop, its_rows in self._with_rows(rows):
                if source.owner is loop.node:
                    length = its_rows[0].shape[1]
                    own = [row[step] for row in its_rows]
                    return loop.first(own, origin_of(source) or origin, step * length, steps * length)
            return self._found(source, counts[step], origin, before + step, total or steps)
        return None

    def _with_rows(self, rows: list):
        at = 1
        for loop in self.nested:
            width = loop.width
            yield loop, rows[at : at + width]
            at += width

    @property
    def width(self) -> int:
        """How many rows it has."""
        return 1 + sum(loop.width for loop in self.nested)

    def _found(self, source, counts: np.ndarray, origin, step: int, steps: int) -> Found:
        known = {v: Count(*map(int, row[:5])) for v, row in zip(self.variables, counts, strict=True)}
        wrong, batch = map(int, counts[self.variables.index(source), 5:])
        where = place(origin_of(source) or origin) + at_step(step, steps, wrong, batch)
        where += ", going backwards," if self.op.reverse else ""
        return Found(f"{describe(source, self.names)}{where} {known[source]}", remedy(source, known))


def _examples(variable: Variable) -> Variable:
    """How many rows of a matrix have a value that is not finite, and how many it has; 0 of 0 for others."""
    if variable.type.ndim != 2:
        return pt.constant(np.zeros(2, "int32"))
    wrong = pt.any(pt.isnan(variable) | pt.isinf(variable), axis=1)
    return pt.stack([wrong.sum(dtype="int32"), wrong.size.astype("int32")])
