"""A compiled graph lowered once more, for lengths that have names: `batch`, `time`.

The engine's lowering computes with lengths that are numbers, since XLA compiles for fixed shapes. What it does with
arrays is right for any length and is used as it is; here is what reads lengths: whole numbers, new shapes, loops.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from pytensor.compile.builders import OpFromGraph
from pytensor.graph.basic import Constant
from pytensor.link.jax.dispatch.basic import jax_funcify
from pytensor.raise_op import CheckAndRaise
from pytensor.tensor.basic import Alloc, AllocEmpty, ARange
from pytensor.tensor.elemwise import Elemwise
from pytensor.tensor.shape import Reshape
from pytensor.tensor.subtensor import IncSubtensor, Subtensor

from bricks.engine import compat
from bricks.engine.kernel.lowering import rewritten
from bricks.engine.lowering import (
    Context,
    _is_integer,
    _is_traced,
    _named,
    _with_dtype,
    lower,
    lower_node,
    scalar_function,
)
from bricks.engine.recurrence_lowering import xla_loop
from bricks.engine.recurrences import Recurrence
from bricks.export.lengths import Undecided, as_array, compute, has_names


def program(fgraph, context: Context) -> Callable:
    """A function of JAX values that computes the outputs of a rewritten graph, as a tuple."""
    nodes = [(node, _lowered(node, context)) for node in fgraph.toposort()]

    def run(*inputs):
        values = dict(zip(fgraph.inputs, inputs, strict=True))

        def value_of(variable):
            return _constant(variable) if isinstance(variable, Constant) else values[variable]

        for node, call in nodes:
            results = _called(node, call, [value_of(variable) for variable in node.inputs])
            values.update(zip(node.outputs, results, strict=True))
        return tuple(as_array(value_of(output)) for output in fgraph.outputs)

    return run


def _constant(variable: Constant):
    data = variable.data
    return data[()] if isinstance(data, np.ndarray) and data.ndim == 0 else data


def _called(node, call, values) -> tuple:
    try:
        if any(map(has_names, values)):
            if all(map(_is_integer, node.outputs)) and not isinstance(node.op, _MAKES_ARRAYS):
                return (compute(node, values),)
            if not isinstance(node.op, _TAKES_LENGTHS):
                values = list(map(as_array, values))
        with _named(node):
            results = call(*values)
    except Undecided:
        raise
    except Exception as error:  # of any library below that was not made for it
        raise Undecided(f"{node.op}: {str(error).strip().split(chr(10))[0] or type(error).__name__}") from error
    results = (results,) if len(node.outputs) == 1 and not isinstance(results, tuple | list) else tuple(results)
    dtypes = [getattr(variable.type, "dtype", None) for variable in node.outputs]
    return tuple(value if has_names(value) else _with_dtype(value, d) for value, d in zip(results, dtypes, strict=True))


_MAKES_ARRAYS = Alloc | AllocEmpty | ARange
_TAKES_LENGTHS = _MAKES_ARRAYS | CheckAndRaise | IncSubtensor | Reshape | Subtensor


def _lowered(node, context: Context) -> Callable:
    op = node.op
    for kind, lowering in _LOWERINGS.items():
        if isinstance(op, kind):
            return lowering(op, node, context)
    if isinstance(op, OpFromGraph) and jax_funcify.dispatch(type(op)) is jax_funcify.dispatch(OpFromGraph):
        return program(compat.inner_graph(op, context.mode), context)
    if all(map(_is_integer, node.outputs)):
        return lower_node(node, context)  # which computes what is known in NumPy
    return lower(op, node, context)


def _elemwise(op, node, context):
    known = lower_node(node, context)
    scalar, out = scalar_function(op.scalar_op, node), np.dtype(node.outputs[0].type.dtype)

    def call(*values):
        if not any(map(_is_traced, values)):
            return known(*values)
        if out.kind not in "fc":
            return scalar(*values)
        wide = jax.dtypes.canonicalize_dtype(out)
        return scalar(*(jnp.asarray(v, wide) if jnp.result_type(v).itemsize < wide.itemsize else v for v in values))

    return call


def _lengths(shape) -> tuple:
    return tuple(length if has_names(length) else int(length) for length in shape)


def _reshape(op, node, context):
    return lambda x, shape: jnp.reshape(x, _lengths(shape))


def _alloc(op, node, context):
    return lambda value, *shape: jnp.broadcast_to(value, _lengths(shape))


def _alloc_empty(op, node, context):
    return lambda *shape: jnp.zeros(_lengths(shape), jax.dtypes.canonicalize_dtype(op.dtype))


def _arange(op, node, context):
    return lambda *limits: jnp.arange(*_lengths(limits), dtype=jax.dtypes.canonicalize_dtype(op.dtype))


def _inc_subtensor(op, node, context):
    return jax_funcify(op, node=node)


def _recurrence(op, node, context):
    return xla_loop(op, program(rewritten(op, context.mode), context))


_LOWERINGS = {
    Alloc: _alloc,
    AllocEmpty: _alloc_empty,
    ARange: _arange,
    Elemwise: _elemwise,
    IncSubtensor: _inc_subtensor,
    Recurrence: _recurrence,
    Reshape: _reshape,
}
