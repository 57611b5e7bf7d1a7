"""Recurrences on their way to XLA: one loop where there were several, nothing in it that nobody uses, `lax.scan`.

For PyTensor's own backends a recurrence becomes a Scan.
"""

import jax
import jax.numpy as jnp
import numpy as np
from pytensor.compile.mode import optdb
from pytensor.graph.rewriting.basic import GraphRewriter, node_rewriter, out2in
from pytensor.graph.traversal import ancestors

from bricks.engine import trimming  # noqa: F401  (registers)
from bricks.engine.kernel import absorb, build
from bricks.engine.kernel.lowering import kernel_of, rewritten
from bricks.engine.lowering import _is_traced, lower, lower_graph
from bricks.engine.recurrences import Recurrence
from bricks.engine.settings import device

TAG = "bricks_recurrence"


class OneLoop(GraphRewriter):
    """A recurrence that was differentiated takes its values from the one with the rows that its gradient reads."""

    def apply(self, fgraph):
        nodes = [node for node in fgraph.toposort() if isinstance(node.op, Recurrence)]
        if nodes and device().platform == "cpu":
            build.prepare()  # a compiler beside the rewriting that follows
        fuller = {}
        for node in nodes:
            if node.op.base is not None:
                fuller[node.op.base, tuple(node.inputs)] = node
        for node in reversed(nodes):
            other = fuller.get((node.op, tuple(node.inputs)))
            if other is not None and other is not node:
                pairs = list(zip(node.outputs, other.outputs, strict=False))
                fgraph.replace_all(pairs, reason="one loop")


@node_rewriter([Recurrence])
def used_alone(fgraph, node):
    """A recurrence without the rows and states that nobody uses, and the inputs that only these used."""
    op, n = node.op, node.op.n_states
    clients = [bool(fgraph.clients[v]) for v in node.outputs]
    rows = [k for k, used in enumerate(clients[n:], start=n) if used]
    states = {k for k in range(n) if clients[k]}
    before = op.inner_inputs[op.n_sequences : op.n_sequences + n]
    while True:
        seen = set(ancestors([op.inner_outputs[k] for k in [*sorted(states), *rows]]))
        more = {k for k in range(n) if before[k] in seen} - states
        if not more:
            break
        states |= more
    kept = [k for k, v in enumerate(op.inner_inputs) if v in seen or k - op.n_sequences in states]
    if not any(k < op.n_sequences for k in kept):
        kept = [0, *kept]  # a loop must know how long it is
    outputs = [*sorted(states), *rows]
    if len(outputs) == len(node.outputs) and len(kept) == len(node.inputs):
        return None
    new = op.like(
        [op.inner_inputs[k] for k in kept],
        [op.inner_outputs[k] for k in outputs],
        sum(k < op.n_sequences for k in kept),
        len(states),
    )
    results = new(*(node.inputs[k] for k in kept), return_list=True)
    return {node.outputs[k]: result for k, result in zip(outputs, results, strict=True)}


@node_rewriter([Recurrence])
def as_scan(fgraph, node):
    """For PyTensor's own backends."""
    return node.op.as_scan(*node.inputs)


optdb.register("one_loop", OneLoop(), TAG, position=0.5)
optdb.register("used_alone", out2in(used_alone, name="used_alone"), TAG, position=1.9)
optdb.register("projections_inside", out2in(absorb.projections, name="projections_inside"), TAG, position=1.91)
optdb.register("sums_inside", out2in(absorb.sums, name="sums_inside"), TAG, position=1.92)
optdb.register("recurrence_to_scan", out2in(as_scan), "fast_run", "fast_compile", position=0.01)


def xla_loop(op: Recurrence, step):
    """A recurrence as XLA's own loop over the steps, for which no length but that of the sequences needs to be known.

    Parameters
    ----------
    op : Recurrence
    step : callable
        From a step's rows, states and constants to its new states and what it gives.
    """
    n = op.n_states

    def call(*inputs):
        sequences, states, constants = op.parted(inputs)
        start = [jnp.asarray(v) for v in states]

        def body(carry, rows):
            results = step(*rows, *carry, *constants)
            new = [jnp.broadcast_to(jnp.asarray(v, s.dtype), s.shape) for v, s in zip(results[:n], start, strict=True)]
            return new, list(results[n:])

        last, rows = jax.lax.scan(body, start, [jnp.asarray(s) for s in sequences], reverse=op.reverse)
        return [*last, *rows]

    return call


@lower.register(Recurrence)
def _recurrence(op, node, context):
    graph = rewritten(op, context.mode)
    call = xla_loop(op, lower_graph(graph, context))

    def fastest(*inputs):
        lengths = [np.shape(sequence)[0] for sequence in op.parted(inputs)[0]]
        if len(set(lengths)) > 1:
            raise ValueError(f"all sequences must have the same length, got {lengths}")
        kernel, op.loop = kernel_of(op, graph, inputs) if device().platform == "cpu" else (None, "not on a CPU")
        if kernel is None:
            return call(*inputs)
        traced = [k for k, v in enumerate(inputs) if _is_traced(v)]  # lengths stay known

        def given(arrays):
            values = dict(enumerate(inputs)) | dict(zip(traced, arrays, strict=True))
            return [values[k] for k in range(len(inputs))]

        return jax.lax.platform_dependent(
            *(inputs[k] for k in traced),
            cpu=lambda *arrays: tuple(kernel(*given(arrays))),
            default=lambda *arrays: tuple(call(*given(arrays))),
        )

    return fastest
