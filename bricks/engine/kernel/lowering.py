"""A recurrence as a call of a kernel, where its step is row by row; the reason, where it is not."""

import hashlib

import jax
import jax.numpy as jnp
import numpy as np

from bricks.engine.kernel import build
from bricks.engine.kernel.emit import source
from bricks.engine.kernel.plan import Plan
from bricks.engine.kernel.rows import NotByRows

_plans: dict = {}


def kernel_of(op, graph, inputs):
    """A function like the recurrence, (sequences, states, constants) to (last states, rows), or why there is none.

    Parameters
    ----------
    op : Recurrence
    graph : FunctionGraph
        Its step, rewritten.
    inputs : list of arrays
        Of which shapes alone are read.

    Returns
    -------
    (callable or None, reason)
    """
    if not build.compiler():
        return None, "there is no C++ compiler"
    n, m = op.n_sequences, op.n_sequences + op.n_states
    if inputs[0].shape[0] == 0:
        return None, "there are no steps"
    shapes = [tuple(v.shape[1:]) if k < n else tuple(v.shape) for k, v in enumerate(inputs)]
    try:
        plan = Plan(graph, op.n_sequences, op.n_states, shapes)
    except NotByRows as error:
        return None, str(error)
    text = source(plan, "HANDLER", op.reverse)
    name = build.target(_Named(text), hashlib.sha256(text.encode()).hexdigest())
    if name is None:
        return None, "the compiler failed"
    steps, dtype = inputs[0].shape[0], plan.dtype
    results = [jax.ShapeDtypeStruct(v.shape, dtype) for v in inputs[n:m]]
    lengths = [_shape_of_row(v, plan, inputs[n:m]) for v in plan.rows]
    results += [jax.ShapeDtypeStruct((steps, *shape), dtype) for shape in lengths]
    declared = [v.type for v in graph.outputs[op.n_states :]]

    def call(*arrays):
        given = [jnp.asarray(v, dtype) for v in arrays] + [jnp.asarray(e) for e in plan.extras]
        found = jax.ffi.ffi_call(name, results)(*given)
        rows = found[op.n_states :]
        rows = [
            row.reshape((steps, *_declared(kind, row.shape[1:]))).astype(kind.dtype)
            for row, kind in zip(rows, declared, strict=True)
        ]
        return (*found[: op.n_states], *rows)

    return call, ""


class _Named:
    """A program that is called when it is known what by."""

    def __init__(self, text: str):
        self.text = text

    def __call__(self, name: str) -> str:
        return self.text.replace("HANDLER", name)


def _shape_of_row(value, plan: Plan, states) -> tuple[int, ...]:
    batch = next(s.shape[0] for s, v in zip(states, plan.inputs[plan.n_sequences :], strict=False) if v.by_row)
    return (batch, value.width)


def _declared(kind, shape):
    """(batch, n) with the axes that the graph says."""
    if kind.ndim == 2:
        return shape
    return (shape[0],) if kind.ndim == 1 else (*shape, *(1 for _ in range(kind.ndim - 2)))
