"""Graphs as StableHLO, by `jax.export`: JAX runs them without bricks, for any number of examples.

Parameters are inside, with the values that they have. Our kernels are of one machine: recurrences are XLA's loops.
"""

import contextlib
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import pytensor
from jax import export
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Variable

from bricks import engine
from bricks.engine.linker import XLA
from bricks.engine.lowering import Context, lower_graph
from bricks.export import symbolic
from bricks.export.lengths import Undecided

PLATFORMS = ("cpu", "cuda")


@dataclass(frozen=True)
class Program:
    """A graph as a function of JAX arrays, which gives a dict of its outputs.

    Attributes
    ----------
    exported : jax.export.Exported
    wide : bool
        Whether it computes in 64 bits: then it must be called with `jax.enable_x64(True)`.
    """

    exported: export.Exported
    wide: bool

    def __call__(self, *arrays) -> dict:
        with jax.enable_x64(self.wide):
            return self.exported.call(*arrays)


def exported(
    inputs: Mapping[str, Variable],
    outputs: Mapping[str, Variable],
    shapes: Mapping[str, Sequence[int | str]],
    platforms: Sequence[str] = PLATFORMS,
) -> Program:
    """Lower a graph for lengths some of which have names.

    Parameters
    ----------
    inputs, outputs : dict of str to Variable
        It takes the inputs in this order.
    shapes : dict of str to sequence of (int or str)
        Of each input; a length that is any has a name, the same wherever it is the same.
    platforms : sequence of str
        Where it is to run.

    Raises
    ------
    Undecided
        If the graph cannot be lowered without numbers for these lengths.

    >>> import numpy as np, pytensor.tensor as pt
    >>> x = pt.fmatrix("x")
    >>> program = exported({"x": x}, {"double": 2 * x}, {"x": ("batch", 3)})
    >>> program(np.ones((2, 3), "float32"))["double"].tolist(), program.exported.in_avals[0].shape
    ([[2.0, 2.0, 2.0], [2.0, 2.0, 2.0]], (batch, 3))
    """
    graph = _Graph(inputs, outputs)
    named = any(isinstance(length, str) for shape in shapes.values() for length in shape)
    run = graph.lowered(symbolic.program if named else lower_graph)
    return graph.exported(run, shapes, platforms)


def exported_by_example(
    inputs: Mapping[str, Variable],
    outputs: Mapping[str, Variable],
    shapes: Mapping[str, Sequence[int | str]],
    axes: Mapping[str, int],
    platforms: Sequence[str] = PLATFORMS,
) -> Program:
    """Lower a graph for one example and vectorise that: for graphs that `exported` can't lower, such as people's scans.

    It is right where no example has to do with another.

    Parameters
    ----------
    inputs, outputs, shapes, platforms
        As for `exported`; only the batch has a name.
    axes : dict of str to int
        Of inputs and outputs: along which the examples lie.
    """
    graph = _Graph(inputs, outputs)
    run = graph.lowered(lower_graph)

    def one(*arrays):
        results = run(*(jnp.expand_dims(array, axes[name]) for name, array in zip(inputs, arrays, strict=True)))
        return {name: jnp.squeeze(result, axes[name]) for name, result in results.items()}

    over = jax.vmap(one, tuple(axes[name] for name in inputs), {name: axes[name] for name in outputs})
    return graph.exported(over, shapes, platforms)


class _Graph:
    """A graph as it is compiled, with the values of its parameters."""

    def __init__(self, inputs: Mapping[str, Variable], outputs: Mapping[str, Variable]):
        self.inputs, self.outputs = inputs, outputs
        compiled = engine.function(list(inputs.values()), list(outputs.values()), mode=XLA, no_default_updates=True)
        self.graph, self.wide = compiled.maker.fgraph, compiled.maker.linker.x64

    def lowered(self, lowering: Callable) -> Callable:
        """The graph as a function from its inputs to a dict."""
        run = lowering(self.graph, Context(XLA, self.wide))
        values = [v.get_value() if isinstance(v, SharedVariable) else None for v in self.graph.inputs]

        def forward(*arrays):
            given = iter(arrays)
            results = run(*(next(given) if value is None else jnp.asarray(value) for value in values))
            return dict(zip(self.outputs, map(jnp.asarray, results), strict=True))

        return forward

    def exported(self, run: Callable, shapes: Mapping, platforms: Sequence[str]) -> Program:
        named = dict.fromkeys(n for shape in shapes.values() for n in shape if isinstance(n, str))
        lengths = dict(zip(named, export.symbolic_shape(", ".join(named)), strict=True)) if named else {}
        arguments = [
            jax.ShapeDtypeStruct([lengths.get(n, n) for n in shapes[name]], variable.type.dtype)
            for name, variable in self.inputs.items()
        ]
        with (
            jax.enable_x64(self.wide),
            _without_tracebacks(),
            pytensor.config.change_flags(cxx=""),  # no kernels
            warnings.catch_warnings(action="ignore", category=UserWarning),  # 64-bit integers become 32, as always
        ):
            try:
                return Program(export.export(jax.jit(run), platforms=list(platforms))(*arguments), self.wide)
            except jax.errors.InconclusiveDimensionOperation as error:
                raise Undecided(str(error).splitlines()[0]) from error


@contextlib.contextmanager
def _without_tracebacks():
    """Nobody's files and folders in what is exported: names of bricks alone say where an operation is from."""
    before = jax.config.jax_traceback_in_locations_limit
    jax.config.update("jax_traceback_in_locations_limit", 0)
    try:
        yield
    finally:
        jax.config.update("jax_traceback_in_locations_limit", before)
