"""From PyTensor's graphs to JAX: what is ours, and PyTensor's own conversion for the rest.

Two things differ from PyTensor's JAX backend. A node whose inputs and outputs are all integers and known
while tracing (lengths, shapes, indices) is computed there and then, so that symbolic lengths work in the
gradients of scans. And each result has the dtype that the graph says. The dispatch is ours alone: PyTensor's
`mode="JAX"` in the same process is untouched.
"""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce, singledispatch
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from pytensor.compile.builders import OpFromGraph
from pytensor.graph.basic import Apply, Constant
from pytensor.raise_op import CheckAndRaise
from pytensor.scalar.basic import ScalarType
from pytensor.scan.op import Scan
from pytensor.tensor.basic import Alloc, AllocEmpty, ARange, Split
from pytensor.tensor.blockwise import Blockwise
from pytensor.tensor.elemwise import CAReduce, Elemwise
from pytensor.tensor.random.op import RandomVariable
from pytensor.tensor.shape import Reshape, Shape, Shape_i
from pytensor.tensor.type import TensorType

from bricks.engine import compat
from bricks.engine.provenance import origin_of
from bricks.engine.random import RandomDraw
from bricks.engine.shape_errors import is_of_the_users, shape_error
from bricks.errors import ShapeError, UsageError
from bricks.lazy import later

with later("jax.experimental.sparse"):  # a quarter of a second, and few graphs are sparse
    import pytensor.link.jax.dispatch  # noqa: F401  (registers PyTensor's conversions)
from pytensor.link.jax.dispatch.basic import jax_funcify

GRADIENT = "|gradient"
"""What ends a brick's name in XLA's programs where its gradient is computed."""


@dataclass(frozen=True)
class Context:
    """What a whole function has in common while it is lowered.

    Parameters
    ----------
    mode : pytensor.compile.mode.Mode
        For rewriting the graphs inside Scan and OpFromGraph.
    wide : bool
        Whether reductions accumulate as the graph says (float64), or in their input's dtype.
    """

    mode: Any
    wide: bool


def lower_graph(fgraph, context: Context) -> "Program":
    """A function of JAX values that computes the outputs of `fgraph` from its inputs, as a tuple."""
    return Program(fgraph, context)


class Program:
    """The nodes of a graph, each with its counterpart in JAX."""

    def __init__(self, fgraph, context: Context):
        self._graph = fgraph
        self._nodes = [(node, lower_node(node, context)) for node in fgraph.toposort()]
        self._constants = {
            variable: _constant(variable)
            for owner in [*(node.inputs for node, _ in self._nodes), fgraph.outputs]
            for variable in owner
            if isinstance(variable, Constant)
        }

    def __call__(self, *inputs) -> tuple:
        return self.between(self._graph.inputs, inputs, self._graph.outputs)

    def between(self, variables, given, outputs) -> tuple:
        """The values of `outputs` from those that are given of `variables`, which cut the graph."""
        values = dict(self._constants)
        values.update(zip(variables, given, strict=True))
        needed = {v for v in outputs if v not in values}
        nodes = []
        for node, call in reversed(self._nodes):
            if any(v in needed for v in node.outputs):
                needed.update(v for v in node.inputs if v not in values)
                nodes.append((node, call))
        for node, call in reversed(nodes):
            results = call(*(values[v] for v in node.inputs))
            values.update((v, r) for v, r in zip(node.outputs, results, strict=True) if v not in values)
        return tuple(values[output] for output in outputs)


def lower_node(node: Apply, context: Context) -> Callable:
    """A function from the values of the node's inputs to the tuple of its outputs' values."""
    try:
        convert = lower(node.op, node, context)
    except NotImplementedError as error:
        raise UsageError(
            f"XLA has no counterpart of {node.op} ({str(error).splitlines()[0]}); rewrite that part of the graph, or "
            "compile the function with one of PyTensor's own backends, mode='NUMBA' for example"
        ) from error
    static = _may_be_static(node)
    dtypes = [v.type.dtype if isinstance(v.type, TensorType) else None for v in node.outputs]

    def call(*values):
        known = static and not any(map(_is_traced, values))
        try:
            if known:
                return _perform(node, values)
            with _named(node):
                results = convert(*values)
        except (jax.errors.JAXTypeError, IndexError) as error:
            if known:
                raise
            raise UsageError(
                f"{node.op}: the shape of its result, or which part of an array it takes, depends on values that are "
                "known only when the function runs, and XLA compiles for fixed shapes; use pt.where instead of a "
                f"boolean mask, or compile with mode='NUMBA' ({type(error).__name__})"
            ) from error
        except (TypeError, ValueError, AssertionError) as error:
            if isinstance(error, UsageError | ShapeError) or is_of_the_users(node):
                raise
            raise shape_error(node, values, error) from error
        results = (results,) if len(dtypes) == 1 and not isinstance(results, tuple | list) else tuple(results)
        return tuple(map(_with_dtype, results, dtypes))

    return call


def _named(node: Apply):
    """A context in which what is traced bears the name of the brick: `[mlp/linear_0]` in XLA's programs."""
    origin = origin_of(node)
    if origin is None:
        return contextlib.nullcontext()
    return jax.named_scope(f"[{origin.maker.name}{GRADIENT if origin.gradient else ''}]")


@singledispatch
def lower(op, node: Apply, context: Context) -> Callable:
    """How to compute `op` with JAX; what is not registered here goes to PyTensor's conversions."""
    convert = jax_funcify(op, node=node)

    def call(*values):
        return convert(*(jnp.asarray(v) if isinstance(v, np.ndarray) and v.ndim else v for v in values))

    return call


def _constant(variable: Constant):
    data = variable.data
    return data[()] if isinstance(data, np.ndarray) and data.ndim == 0 else data


def _is_traced(value) -> bool:
    if isinstance(value, tuple | list):
        return any(map(_is_traced, value))
    if isinstance(value, slice):
        return any(map(_is_traced, (value.start, value.stop, value.step)))
    return isinstance(value, jax.core.Tracer)


def _is_integer(variable) -> bool:
    return isinstance(variable.type, TensorType | ScalarType) and np.dtype(variable.type.dtype).kind in "iub"


def _may_be_static(node: Apply) -> bool:
    if isinstance(node.op, Scan | RandomVariable | RandomDraw | Shape | Shape_i | OpFromGraph | compat.IfElse):
        return False
    inputs_fit = all(_is_integer(v) or not hasattr(v.type, "dtype") for v in node.inputs)
    return inputs_fit and all(map(_is_integer, node.outputs)) and hasattr(node.op, "perform")


def _perform(node: Apply, values) -> tuple:
    """Compute an all-integer node now, in NumPy."""
    inputs = []
    for value, variable in zip(values, node.inputs, strict=True):
        if isinstance(variable.type, TensorType):
            value = np.asarray(value, dtype=variable.type.dtype)
        elif isinstance(variable.type, ScalarType):
            value = np.dtype(variable.type.dtype).type(value)
        inputs.append(value)
    storage = [[None] for _ in node.outputs]
    node.op.perform(node, inputs, storage)
    return tuple(np.asarray(cell[0])[()] if np.ndim(cell[0]) == 0 else np.asarray(cell[0]) for cell in storage)


def _with_dtype(value, dtype):
    if dtype is None or not hasattr(value, "dtype") or isinstance(value, np.ndarray | np.generic):
        return value
    wanted = jax.dtypes.canonicalize_dtype(dtype)
    return value if value.dtype == wanted else value.astype(wanted)


@lower.register(Elemwise)
def _elemwise(op, node, context):
    scalar = scalar_function(op.scalar_op, node)
    out = np.dtype(node.outputs[0].type.dtype)

    def call(*values):
        Elemwise._check_runtime_broadcast(node, tuple(np.broadcast_to(0, np.shape(v)) for v in values))
        kinds = [jnp.result_type(v) for v in values]
        if out.kind in "fc" and all(k.kind in "iufc" for k in kinds):
            # JAX would compute int32 * float32 in float32 where the graph says float64.
            wanted = jax.dtypes.canonicalize_dtype(out)
            pairs = zip(values, kinds, strict=True)
            values = [jnp.asarray(v, wanted) if k.itemsize < wanted.itemsize else v for v, k in pairs]
        return scalar(*values)

    return call


def scalar_function(op, node) -> Callable:
    """The JAX function, broadcasting, of a scalar op."""
    name = type(op).__name__
    if name in _SCALARS:
        return _SCALARS[name]
    return jax_funcify(op, node=node)


_SCALARS = {
    "Add": lambda *terms: reduce(jnp.add, terms),
    "Mul": lambda *factors: reduce(jnp.multiply, factors),
    # Cheaper than XLA's own on a CPU, and exact at 0.
    "Sigmoid": lambda x: 0.5 * jnp.tanh(0.5 * x) + 0.5,
    "Softplus": lambda x: jnp.logaddexp(x, 0),
    "Second": lambda x, y: jnp.broadcast_to(y, jnp.broadcast_shapes(jnp.shape(x), jnp.shape(y))),
}


@lower.register(CAReduce)
def _reduction(op, node, context):
    specification = getattr(op, "nfunc_spec", None)
    if not specification:
        return jax_funcify(op, node=node)
    function = getattr(jnp, specification[0])
    accumulates = specification[0] in ("sum", "prod")
    out = node.outputs[0].type.dtype

    def call(x):
        dtype = getattr(op, "acc_dtype", None) or out
        if np.dtype(dtype).kind in "fc" and not context.wide and np.dtype(jnp.result_type(x)).kind in "fc":
            dtype = jnp.result_type(x)
        extra = {"dtype": jax.dtypes.canonicalize_dtype(dtype)} if accumulates else {}
        if specification[0] not in ("all", "any"):
            extra |= compat.sum_initial(op, x.dtype)
        return function(x, axis=op.axis, **extra)

    return call


@lower.register(Reshape)
def _reshape(op, node, context):
    return lambda x, shape: jnp.reshape(x, _static(shape, node, "the new shape"))


@lower.register(Split)
def _split(op, node, context):
    def call(*arguments):
        axis, sizes = compat.split_axis_and_sizes(op, arguments)
        sizes = np.array(_static(sizes, node, "the sizes"))
        x = jnp.asarray(arguments[0])
        if (sizes < 0).any() or sizes.sum() != x.shape[int(axis)]:
            raise ShapeError(
                f"{op}: sizes must add up to the axis of length {x.shape[int(axis)]}, got {sizes.tolist()}"
            )
        return jnp.split(x, np.cumsum(sizes[:-1]), axis=int(axis))

    return call


@lower.register(Alloc)
def _alloc(op, node, context):
    return lambda value, *shape: jnp.broadcast_to(value, _static(shape, node, "the shape"))


@lower.register(AllocEmpty)
def _alloc_empty(op, node, context):
    return lambda *shape: jnp.zeros(_static(shape, node, "the shape"), jax.dtypes.canonicalize_dtype(op.dtype))


@lower.register(ARange)
def _arange(op, node, context):
    # Of integers that are known it is computed in NumPy before this is asked.
    def call(*limits):
        _static([0 if not _is_traced(limit) else limit for limit in limits], node, "the length")
        return jnp.arange(*limits, dtype=jax.dtypes.canonicalize_dtype(op.dtype))

    return call


def _static(values, node, what) -> tuple[int, ...]:
    if _is_traced(values):
        raise UsageError(
            f"{node.op}: {what} depends on values that are known only when the function runs, and XLA compiles for "
            "fixed shapes; take it from another array's shape, or compile with mode='NUMBA'"
        )
    return tuple(int(value) for value in values)


@lower.register(Blockwise)
def _blockwise(op, node, context):
    core = op._create_dummy_core_node(node.inputs, propagate_unbatched_core_inputs=True)
    call_core = lower_node(core, context)
    single = len(node.outputs) == 1
    vectorized = jnp.vectorize(lambda *v: call_core(*v)[0] if single else call_core(*v), signature=op.signature)

    def call(*values):
        op._check_runtime_broadcast(node, values)
        return vectorized(*values)

    return call


@lower.register(OpFromGraph)
def _op_from_graph(op, node, context):
    if jax_funcify.dispatch(type(op)) is not jax_funcify.dispatch(OpFromGraph):
        return jax_funcify(op, node=node)  # a named one, such as Softmax, for which JAX has its own
    return lower_graph(compat.inner_graph(op, context.mode), context)


@lower.register(compat.IfElse)
def _if_else(op, node, context):
    n = op.n_outs

    def call(condition, *values):
        if not _is_traced(condition):
            return values[:n] if condition else values[n:]
        yes, no = values[:n], values[n:]
        # What is known, and the same either way, stays known: the shape of a choice is such a value.
        same = [not _is_traced((a, b)) and np.array_equal(a, b) for a, b in zip(yes, no, strict=True)]
        arrays = [jnp.asarray(v) for v in values]
        chosen = jax.lax.cond(jnp.asarray(condition, bool), lambda: tuple(arrays[:n]), lambda: tuple(arrays[n:]))
        return tuple(known if s else one for known, one, s in zip(yes, chosen, same, strict=True))

    return call


if compat.LazyIfElse is not None:

    @lower.register(compat.LazyIfElse)
    def _lazy_if_else(op, node, context):
        yes, no = (lower_graph(branch.fgraph, context) for branch in (op.true_branch, op.false_branch))
        return lambda condition, *values: jax.lax.cond(jnp.asarray(condition, bool), yes, no, *values)


@lower.register(CheckAndRaise)
def _check(op, node, context):
    def call(value, *conditions):
        # A condition on run-time values cannot raise from inside XLA; lengths are known and checked here.
        for condition in conditions:
            if not _is_traced(condition) and not bool(np.all(condition)):
                raise op.exc_type(f"{op.msg}, got shape {np.shape(value)}" if op.exc_type is ShapeError else op.msg)
        return value

    return call


@lower.register(RandomVariable)
def _random_variable(op, node, context):
    raise UsageError(
        f"{op}: PyTensor's random variables would draw the same numbers at each call under XLA, and their state could "
        "not be saved; draw from bricks.RandomState(seed).normal(shape, stream='name') (uniform, bernoulli), or "
        "compile with mode='NUMBA'"
    )


@lower.register(RandomDraw)
def _random_draw(op, node, context):
    return lambda root, step, shape: op.draw(jnp.asarray(root), jnp.asarray(step), _static(shape, node, "the shape"))
