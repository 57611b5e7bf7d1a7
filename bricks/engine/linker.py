"""The linker from PyTensor's compilation to XLA, and the mode that uses it.

`XLA` is an ordinary PyTensor mode: `pytensor.function(..., mode=XLA)` works too. What a function needs to
know of its graph is decided here: precision, which inputs are given up to the result (donated), and that no
two results share memory.
"""

import functools
import warnings

import jax
import jax.numpy as jnp
from pytensor.compile.mode import Mode, optdb
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Constant
from pytensor.graph.op import HasInnerGraph
from pytensor.graph.rewriting.db import RewriteDatabaseQuery
from pytensor.link.jax.linker import JAXLinker
from pytensor.tensor.elemwise import CAReduce
from pytensor.tensor.random.type import RandomType
from pytensor.tensor.shape import Shape, Shape_i

from bricks.engine import recurrence_lowering, scan_lowering, scan_saving, subtensor_lowering  # noqa: F401  (register)
from bricks.engine.kept import Kept
from bricks.engine.lowering import Context, _is_integer, lower_graph
from bricks.engine.provenance import Follow
from bricks.engine.shape_errors import called_with
from bricks.errors import ShapeError, UsageError


class XLALinker(JAXLinker):
    """Lowers a rewritten graph to one function compiled by XLA for each set of input shapes."""

    def fgraph_convert(self, fgraph, **kwargs):
        for variable in fgraph.inputs:
            if isinstance(variable.type, RandomType):
                raise UsageError(
                    f"{variable}: a generator of PyTensor's or NumPy's would draw the same numbers at each call under "
                    "XLA and could not be saved; use bricks.RandomState(seed), or compile with mode='NUMBA'"
                )
        wide = _has_float64(fgraph)
        self.x64 = wide or _has_wide_integers(fgraph)
        program = lower_graph(fgraph, Context(XLA, wide))
        self.kept = Kept(fgraph, program)
        return _finish(self.kept.after, fgraph, self.kept.variables)

    def jit_compile(self, fn):
        return Jitted(fn, self.fgraph, self.x64, self.kept)

    def create_thunk_inputs(self, storage_map):
        return [storage_map[variable] for variable in self.fgraph.inputs]


class Jitted:
    """A jitted function together with the precision that it is to be traced and called with.

    Its arguments are the graph's inputs and, after them, what is kept of them.
    """

    def __init__(self, fn, fgraph, x64: bool, kept):
        self.title, self._inputs = "function", fgraph.inputs
        self._traced, self._donated = self._titled(fn), tuple(sorted(set(fgraph.update_mapping.values())))
        self.fn = jax.jit(self._traced, donate_argnums=self._donated)
        self.x64, self.kept = x64, kept

    def _titled(self, fn):
        """`fn`, whose errors begin with the function's name, and end with what it was called with."""

        @functools.wraps(fn)
        def titled(*arguments):
            try:
                return fn(*arguments)
            except ShapeError as error:
                raise ShapeError(f"{self.title}: {error}{called_with(self._inputs, arguments)}") from error.__cause__

        return titled

    def anew(self):
        """The same, jitted but not traced yet."""
        return jax.jit(lambda *arguments: self._traced(*arguments), donate_argnums=self._donated)

    def __call__(self, *arguments):
        if jax.config.jax_enable_x64 == self.x64:
            return self.fn(*arguments)
        with jax.enable_x64(self.x64):
            return self.fn(*arguments)


class XLAMode(Mode):
    """PyTensor's mode for `XLALinker`, whose functions are `bricks.engine.compiled.XLAFunction`."""

    @property
    def function_maker(self):
        from bricks.engine.compiled import XLAFunction

        return functools.partial(super().function_maker, function_class=XLAFunction)


optdb.register("origins", Follow(), "bricks_origins", position=-1)

# XLA fuses element-wise work itself; PyTensor's fusion would only hide the graph from it.
XLA = XLAMode(
    XLALinker(),
    RewriteDatabaseQuery(
        include=["fast_run", "jax", "bricks_origins", "bricks_recurrence", "bricks_scan"],
        exclude=[
            "fusion",
            "inplace",
            "jax_shape_parameter_as_tuple",
            "jax_size_parameter_as_tuple",
            "recurrence_to_scan",
            # It makes further sequences of what is element-wise: measured, a loop spends more on reading them.
            "scan_push_out_seq",
            # What these ask about each product (is it orthogonal? diagonal?) took a quarter of all rewriting.
            "orthogonal_dot_transpose_to_eye",
            "dot_diag_to_elemwise",
        ],
    ),
)


def _finish(run, fgraph, kept):
    """Results as the graph declares them: arrays of its dtypes, no two of them the same memory."""
    taken: set = set()
    copied = []
    for output in fgraph.outputs:
        copied.append(output in taken or output in fgraph.inputs or output in kept)
        taken.add(output)
    dtypes = [getattr(output.type, "dtype", None) for output in fgraph.outputs]

    def finished(*inputs):
        results = []
        with warnings.catch_warnings():  # 64-bit integers are computed in 32 where the precision is so: see Context
            warnings.filterwarnings("ignore", "Explicitly requested dtype", UserWarning)
            values = run(*inputs)
        for value, copy, dtype in zip(values, copied, dtypes, strict=True):
            wanted = None if dtype is None else jax.dtypes.canonicalize_dtype(dtype)
            results.append(jnp.array(value, wanted) if copy else jnp.asarray(value, wanted))
        return tuple(results)

    return finished


def _variables(fgraph):
    """All variables of a graph and of the graphs inside it."""
    yield from fgraph.inputs
    for node in fgraph.apply_nodes:
        yield from node.inputs
        yield from node.outputs
        for op in (node.op, getattr(node.op, "core_op", None)):
            if isinstance(op, HasInnerGraph):
                yield from _variables(op.fgraph)


def _has_float64(fgraph) -> bool:
    return any(
        getattr(v.type, "dtype", None) in ("float64", "complex128") and not isinstance(v, Constant)
        for v in _variables(fgraph)
    )


def _has_wide_integers(fgraph) -> bool:
    """Whether 64-bit integers must be kept: state that holds them, sums of run-time values."""
    if any(
        isinstance(v, SharedVariable) and getattr(v.type, "dtype", "") in ("int64", "uint64") for v in fgraph.inputs
    ):
        return True
    return any(
        isinstance(node.op, CAReduce)
        and node.outputs[0].type.dtype in ("int64", "uint64")
        and getattr(node.op, "nfunc_spec", (None,))[0] in ("sum", "prod")
        and not _is_of_shapes(node.inputs[0])
        for node in fgraph.apply_nodes
    )


def _is_of_shapes(variable) -> bool:
    """Whether an integer variable is known as soon as the inputs' shapes are."""
    if isinstance(variable, Constant):
        return True
    if variable.owner is None or not _is_integer(variable):
        return False
    if isinstance(variable.owner.op, Shape | Shape_i):
        return True
    return all(_is_of_shapes(v) for v in variable.owner.inputs)
