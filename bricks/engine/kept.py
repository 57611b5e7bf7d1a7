"""What a function computes from shared variables that it only reads: once for their values, not at each call.

The weights of four gates joined to one matrix for one product, for example: copying them costs more than a step of
one example.
"""

import jax
import jax.numpy as jnp
from pytensor.compile.ops import DeepCopyOp, ViewOp
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Constant, Variable
from pytensor.graph.traversal import ancestors
from pytensor.tensor.basic import Alloc
from pytensor.tensor.elemwise import DimShuffle
from pytensor.tensor.shape import Reshape, SpecifyShape
from pytensor.tensor.subtensor import Subtensor

VIEWS = (Alloc, DeepCopyOp, DimShuffle, Reshape, SpecifyShape, Subtensor, ViewOp)
"""Ops that XLA does in passing; they are kept only as a part of something else."""


def kept_variables(fgraph) -> list[Variable]:
    """The variables of a rewritten graph to compute once for each set of values of what they depend on.

    Arrays of floats, since XLA must see through integers: shapes come of them. None where a function has nothing
    but such variables to compute: it is called for them.
    """
    updated = set(fgraph.update_mapping.values()) if fgraph.update_mapping else set()
    shared = {v for i, v in enumerate(fgraph.inputs) if isinstance(v, SharedVariable) and i not in updated}
    if len(shared) + len(updated) == len(fgraph.inputs) and not updated:
        return []
    fixed: set = set(shared)  # depends on such variables and on nothing else that may change
    works: set = set()  # more than a view of them
    kept: dict = {}
    order = fgraph.toposort()
    for node in order:
        changing = [v for v in node.inputs if v not in fixed and not isinstance(v, Constant)]
        if changing or not any(v in fixed for v in node.inputs) or not all(map(_is_float, node.outputs)):
            continue
        fixed.update(node.outputs)
        if not isinstance(node.op, VIEWS) or any(v in works for v in node.inputs):
            works.update(node.outputs)
    for node in order:
        if not all(v in fixed for v in node.outputs):
            kept.update(dict.fromkeys(v for v in node.inputs if v in works))
    kept.update(dict.fromkeys(v for v in fgraph.outputs if v in works))
    return [v for v in kept if any(length != 1 for length in v.type.shape)]


def _is_float(variable) -> bool:
    return str(getattr(variable.type, "dtype", "")).startswith("float")


class Kept:
    """A function's program in two parts: what is kept, and the rest.

    Attributes
    ----------
    variables : list of Variable
        What is kept; empty for most functions, which are then one part.
    inputs : list of int
        Positions, among the graph's inputs, of the shared variables that it is computed from.
    spent : list of int
        Positions of those that the rest of the program doesn't need: None stands in for them.
    """

    def __init__(self, fgraph, program):
        self._graph, self._program = fgraph, program
        self.variables = kept_variables(fgraph)
        found = set(ancestors(self.variables))
        self.inputs = [i for i, v in enumerate(fgraph.inputs) if v in found]
        rest = set(ancestors(fgraph.outputs, blockers=self.variables))
        self.spent = [i for i in self.inputs if fgraph.inputs[i] not in rest]
        self._compute = jax.jit(self._before)

    def after(self, *inputs_and_kept) -> tuple:
        """The graph's outputs; in JAX."""
        return self._program.between([*self._graph.inputs, *self.variables], inputs_and_kept, self._graph.outputs)

    def add_to(self, merged: list, x64: bool) -> list:
        """The program's arguments from the values of the graph's inputs: what is kept in place of what is spent."""
        if not self.variables:
            return merged
        with jax.enable_x64(x64):
            values = self._compute(*(merged[i] for i in self.inputs))
        return [None if i in self.spent else value for i, value in enumerate(merged)] + list(values)

    def _before(self, *values) -> tuple:
        found = self._program.between([self._graph.inputs[i] for i in self.inputs], values, self.variables)
        return tuple(jnp.asarray(v, _dtype(k)) for v, k in zip(found, self.variables, strict=True))


def _dtype(variable):
    return jax.dtypes.canonicalize_dtype(variable.type.dtype)
