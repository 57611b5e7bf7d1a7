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
        windows = [
            buffer[: -min(taps)] for buffer, taps in zip(op.outer_mitsot(arrays), info.mit_sot_in_slices, strict=True)
        ]
        states = [buffer[0] for buffer in op.outer_sitsot(arrays)]
        carry = (op.outer_mitmot(arrays), windows, states, op.outer_untraced_sit_sot(arrays))

        def body(carry, inputs):
            index, rows = inputs
            buffers, windows, states, untraced = carry
            read = [
                jax.lax.dynamic_index_in_dim(buffer, index + tap, keepdims=False)
                for buffer, taps in zip(buffers, info.normalized_mit_mot_in_slices, strict=True)
                for tap in taps
            ]
            taps = [
                window[len(window) + tap]
                for window, tap_list in zip(windows, info.mit_sot_in_slices, strict=True)
                for tap in tap_list
            ]
            results = list(step(*rows, *read, *taps, *states, *untraced, *constants))
            new_buffers = list(buffers)
            written = zip(
                op.inner_mitmot_outs_grouped(results),
                info.normalized_mit_mot_out_slices,
                strict=True,
            )
            for k, (values, out_taps) in enumerate(written):
                for value, tap in zip(values, out_taps, strict=True):
                    new_buffers[k] = jax.lax.dynamic_update_index_in_dim(
                        new_buffers[k], value.astype(new_buffers[k].dtype), index + tap, 0
                    )
            last = op.inner_mitsot_outs(results)
            new_windows = [
                jnp.concatenate([window[1:], jnp.asarray(value, window.dtype)[None]])
                for window, value in zip(windows, last, strict=True)
            ]
            new_states = [
                jnp.broadcast_to(jnp.asarray(value, state.dtype), state.shape)
                for value, state in zip(op.inner_sitsot_outs(results), states, strict=True)
            ]
            new_untraced = list(op.inner_untraced_sit_sot_outs(results))
            traced = [*(window[-1] for window in new_windows), *new_states, *op.inner_nitsot_outs(results)]
            return (new_buffers, new_windows, new_states, new_untraced), traced

        (buffers, _, _, untraced), traces = jax.lax.scan(
            body, carry, (jnp.arange(n_steps, dtype="int32"), sequences), length=n_steps
        )
        kept = [*windows, *(state[None] for state in states), *(None for _ in op.outer_nitsot(outer))]
        lengths = [
            *(len(b) for b in op.outer_mitsot(arrays) + op.outer_sitsot(arrays)),
            *(int(n) for n in op.outer_nitsot(outer)),
        ]
        outputs = [_fit(trace, start, n) for trace, start, n in zip(traces, kept, lengths, strict=True)]
        return [*buffers, *outputs, *untraced]

    return call


def _fit(trace, start, length):
    """The last `length` rows of `start` followed by `trace`."""
    missing = length - trace.shape[0]
    if missing > 0:
        trace = jnp.concatenate([start[-missing:].astype(trace.dtype), trace])
    return trace[trace.shape[0] - length :] if np.ndim(trace) and trace.shape[0] > length else trace
