"""A recurrence as a call of a kernel, where its step is row by row; the reason, where it is not."""

import hashlib

import jax
import jax.numpy as jnp
import numpy as np

from bricks.engine.kernel import build
from bricks.engine.kernel.emit import source
from bricks.engine.kernel.plan import Plan
from bricks.engine.kernel.rows import NotByRows
from bricks.engine.settings import device

_plans: dict = {}


def rewritten(op, mode):
    """The step of a recurrence as `mode` rewrites it; done once for each recurrence."""
    if op.rewritten is None:
        op.rewritten = op.fgraph.clone()
        mode.optimizer(op.rewritten)
    return op.rewritten


def suits(op) -> bool:
    """Whether a recurrence will be a kernel, as far as that is known without its lengths."""
    from bricks.engine.linker import XLA

    if not build.compiler() or device().platform != "cpu":
        return False
    graph = rewritten(op, XLA)
    shapes = [tuple(7 if n is None else n for n in v.type.shape) for v in graph.inputs]
    try:
        Plan(graph, op.n_sequences, op.n_states, shapes)
    except NotByRows:
        return False
    return True


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
    shapes = [np.shape(v) for v in inputs]
    if shapes[0][0] == 0:
        return None, "there are no steps"
    try:
        plan = Plan(graph, n, op.n_states, [s[1:] if k < n else s for k, s in enumerate(shapes)])
    except NotByRows as error:
        return None, str(error)
    text = source(plan, "HANDLER", op.reverse)
    name = build.target(_Named(text), hashlib.sha256(text.encode()).hexdigest())
    if name is None:
        return None, "the compiler failed"
    steps, dtype = shapes[0][0], plan.dtype
    batch = next(shapes[k][0] for k in range(n, m) if plan.inputs[k].by_row)
    results = [jax.ShapeDtypeStruct(shape, dtype) for shape in shapes[n:m]]
    results += [jax.ShapeDtypeStruct((steps, batch, row.width), dtype) for row in plan.rows]
    declared = [v.type for v in graph.outputs[op.n_states :]]

    def call(*arrays):
        given = [jnp.asarray(v, dtype) for v in arrays] + [jnp.asarray(e) for e in plan.extras]
        found = jax.ffi.ffi_call(name, results)(*given)
        rows = found[op.n_states :]
        rows = [
            row.reshape((steps, *_declared(kind, row.shape[1:]))).astype(kind.dtype)
            for row, kind in zip(rows, declared, strict=True)
        ]
        return [*found[: op.n_states], *rows]

    return call, ""


class _Named:
    """A program that is called when it is known what by."""

    def __init__(self, text: str):
        self.text = text

    def __call__(self, name: str) -> str:
        return self.text.replace("HANDLER", name)


def _declared(kind, shape):
    """(batch, n) with the axes that the graph says."""
    if kind.ndim == 2:
        return shape
    return (shape[0],) if kind.ndim == 1 else (*shape, *(1 for _ in range(kind.ndim - 2)))
