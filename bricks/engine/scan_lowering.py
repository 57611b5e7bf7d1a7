"""PyTensor's Scan as `lax.scan`.

A Scan's states come in kinds: `sit_sot` (one tap, -1), `mit_sot` (several taps), `mit_mot` (a buffer read and
written at several places: what gradients accumulate in), `nit_sot` (outputs only), and untraced states that
leave only their last value. Outputs are as long as the buffers that the graph gives; a shorter buffer
keeps the last rows.
"""

import jax
import jax.numpy as jnp
import numpy as np
from pytensor.scan.op import Scan

from bricks.engine import compat
from bricks.engine.lowering import _is_traced, lower, lower_graph
from bricks.errors import UsageError


@lower.register(Scan)
def _scan(op, node, context):
    info = op.info
    if info.as_while:
        raise UsageError(
            f"{op}: a scan that ends by a condition (until) has no length that XLA could compile for; give n_steps and "
            "mask what comes after the end, or compile with mode='NUMBA'"
        )
    step = lower_graph(compat.inner_graph(op, context.mode), context)
    read, written = info.normalized_mit_mot_in_slices, info.normalized_mit_mot_out_slices

    def call(*outer):
        outer = list(outer)
        n_steps = outer[0]
        if _is_traced(n_steps):
            raise UsageError(
                f"{op}: the number of steps depends on values that are known only when the function runs; take it from "
                "a sequence's length, or compile with mode='NUMBA'"
            )
        n_steps = int(n_steps)
        arrays = [value if value is None else jnp.asarray(value) for value in outer]
        sequences = [s[:n_steps] for s in op.outer_seqs(arrays)]
        constants = op.outer_non_seqs(arrays)
        buffers = op.outer_mitmot(arrays)
        reach = [max(*taps, *out) for taps, out in zip(read, written, strict=True)]
        windows = [
            [buffer[k - min(taps)] for k in range(min(taps), 0)]
            for buffer, taps in zip(op.outer_mitsot(arrays), info.mit_sot_in_slices, strict=True)
        ]
        states = [buffer[0] for buffer in op.outer_sitsot(arrays)]
        places = [[buffer[k] for k in range(far)] for buffer, far in zip(buffers, reach, strict=True)]
        entering = [buffer[far : far + n_steps] for buffer, far in zip(buffers, reach, strict=True)]

        def body(carry, inputs):
            rows, entering = inputs
            places, windows, states, untraced = carry
            # Rows of a buffer come into reach one by one, and leave it one by one; to carry the whole would copy it.
            places = [[*place, row] for place, row in zip(places, entering, strict=True)]
            known = [place[tap] for place, taps in zip(places, read, strict=True) for tap in taps]
            taps = [
                window[tap]
                for window, tap_list in zip(windows, info.mit_sot_in_slices, strict=True)
                for tap in tap_list
            ]
            results = list(step(*rows, *known, *taps, *states, *untraced, *constants))
            for place, values, out in zip(places, op.inner_mitmot_outs_grouped(results), written, strict=True):
                for value, tap in zip(values, out, strict=True):
                    place[tap] = _as(value, place[tap])
            windows = [
                [*window[1:], _as(value, window[-1])]
                for window, value in zip(windows, op.inner_mitsot_outs(results), strict=True)
            ]
            states = [_as(value, state) for value, state in zip(op.inner_sitsot_outs(results), states, strict=True)]
            traced = [*(window[-1] for window in windows), *states, *op.inner_nitsot_outs(results)]
            left = [place[0] for place in places]
            carry = ([place[1:] for place in places], windows, states, list(op.inner_untraced_sit_sot_outs(results)))
            return carry, (left, traced)

        start = (places, windows, states, op.outer_untraced_sit_sot(arrays))
        (places, _, _, untraced), (left, traces) = jax.lax.scan(body, start, (sequences, entering), length=n_steps)
        buffers = [
            jnp.concatenate([gone, *(row[None] for row in place), buffer[n_steps + far :]])
            for buffer, gone, place, far in zip(buffers, left, places, reach, strict=True)
        ]
        windows = [jnp.stack(window) for window in windows]
        kept = [*windows, *(state[None] for state in states), *(None for _ in op.outer_nitsot(outer))]
        lengths = [
            *(len(b) for b in op.outer_mitsot(arrays) + op.outer_sitsot(arrays)),
            *(int(n) for n in op.outer_nitsot(outer)),
        ]
        outputs = [_fit(trace, start, n) for trace, start, n in zip(traces, kept, lengths, strict=True)]
        return [*buffers, *outputs, *untraced]

    return call


def _as(value, old):
    return jnp.broadcast_to(jnp.asarray(value, old.dtype), old.shape)


def _fit(trace, start, length):
    """The last `length` rows of `start` followed by `trace`; zeros after a trace that has no start (truncated ones)."""
    missing = length - trace.shape[0]
    if missing > 0 and start is None:
        return jnp.concatenate([trace, jnp.zeros((missing, *trace.shape[1:]), trace.dtype)])
    if missing > 0:
        trace = jnp.concatenate([start[-missing:].astype(trace.dtype), trace])
    return trace[trace.shape[0] - length :] if np.ndim(trace) and trace.shape[0] > length else trace
