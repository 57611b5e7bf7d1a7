"""`function`: any PyTensor graph as a compiled callable, and the callable itself.

Theano's `function`, whose default mode is our linker to XLA. Updated shared variables stay on the device
and are given up to their successors; inputs are copied at the call; outputs come back as NumPy arrays unless
`host=False`.
"""

import operator
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence

import jax
import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.compile.executor import Function
from pytensor.compile.io import In
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Variable
from pytensor.printing import debugprint

from bricks.engine import placement, provenance, random
from bricks.engine.flags import FLAGS, MODES
from bricks.engine.garbage import uncollected
from bricks.engine.linker import XLA, XLAMode
from bricks.engine.nanguard import CheckedFunction
from bricks.engine.profiles import Profile, Profiler
from bricks.engine.settings import start
from bricks.engine.state import bring_home, on_device
from bricks.errors import UsageError, nearest

__all__ = ["XLAFunction", "debugprint", "function", "grad", "scan"]

SHAPES_BEFORE_WARNING = 8


class XLAFunction(Function):
    """A function compiled by XLA, once for each set of input shapes.

    Attributes
    ----------
    host : bool
        Whether outputs are brought back as NumPy arrays (and waited for).
    shapes : set
        The shapes of inputs that it was compiled for.
    """

    def __init__(self, vm, input_storage, output_storage, outputs, unpack_single, return_none, maker, **kwargs):
        super().__init__(vm, input_storage, output_storage, outputs, unpack_single, return_none, maker, **kwargs)
        start()
        self.host, self.shapes = True, set()
        self.profiler: Profiler | None = None
        self._jitted = vm.jit_fn
        self._placement = placement.default()
        self._give = self._placement.give
        self._array_type = type(self._placement.put(np.zeros(())))
        graph = maker.fgraph
        self._shared = {i: v.container for i, v in enumerate(graph.inputs) if isinstance(v, SharedVariable)}
        for container in self._shared.values():
            container.touched = True
        self._explicit = [i for i in range(len(graph.inputs)) if i not in self._shared]
        self._specs = [maker.inputs[i] for i in self._explicit]
        self._by_key = {spec.variable: k for k, spec in enumerate(self._specs)}
        self._by_key |= {spec.name: k for k, spec in enumerate(self._specs) if spec.name}
        self._updated = [(out, graph.inputs[i].container) for out, i in graph.update_mapping.items()]
        self._carried = [(i, self._shared[i]) for i in graph.update_mapping.values()]
        carried = dict(self._carried)
        self._read = [(i, container) for i, container in self._shared.items() if i not in carried]
        self._held: list = []  # what those that are only read held at the last call, and what came of it
        self._template: list | None = None
        self._returned = len(maker.outputs)
        self._dtypes = [getattr(v.type, "dtype", None) for v in graph.outputs[: self._returned]]

    def __call__(self, *args, **kwargs):
        if kwargs or len(args) != len(self._specs):
            arguments = self._arguments(args, kwargs)
        else:
            arguments = [self._argument(spec, value) for spec, value in zip(self._specs, args, strict=True)]
        self.note_shapes(tuple([argument.shape for argument in arguments]))
        results = self.run(self._jitted.fn, *self._merge(arguments))
        for position, container in self._updated:
            container.storage[0] = results[position]
        if self.return_none:
            return None
        results = list(results[: self._returned])
        if self.host:
            results = [np.array(r, dtype=d) for r, d in zip(results, self._dtypes, strict=True)]
        return results[0] if self.unpack_single else results

    def run(self, program: Callable, *arguments):
        """Call a program, and time it where that was asked for."""
        x64 = self._jitted.x64
        if self.profiler is not None:
            return self.profiler.call(program, *arguments, x64=x64)
        if jax.config.jax_enable_x64 == x64:
            return program(*arguments)
        with jax.enable_x64(x64):
            return program(*arguments)

    def tell_profile(self) -> Profile:
        """Seconds by brick so far, of a function that was compiled with `profile=True`: its method `profile`."""
        if self.profiler is None:
            raise UsageError(f"{self._title}: was not profiled; compile it with bricks.function(..., profile=True)")
        return self.profiler.profile()

    def _merge(self, arguments) -> list:
        """All inputs of the program in order: what the caller gave, what the shared variables hold, what is kept."""
        held = [container.storage[0] for _, container in self._read]
        if self._template is None or any(map(operator.is_not, held, self._held)):
            self._read_shared(held)
        merged = self._template.copy()
        for i, argument in zip(self._explicit, arguments, strict=True):
            merged[i] = argument
        for i, container in self._carried:
            value = container.storage[0]
            if type(value) is not self._array_type:  # isinstance(value, jax.Array) costs ten times as much
                value = on_device(container, self._placement, self._jitted.x64, updated=True)
            merged[i] = value
        return merged

    def _read_shared(self, held: list) -> None:
        """Put what is only read on the device, and compute what is kept of it."""
        kept, x64 = self._jitted.kept, self._jitted.x64
        merged: list = [None] * (len(self._explicit) + len(self._shared))
        for i, container in self._read:
            merged[i] = on_device(container, self._placement, x64)
        self._template = kept.add_to(merged, x64)
        self._held = held

    def _arguments(self, args, kwargs) -> list:
        if len(args) > len(self._specs):
            raise TypeError(f"{self._title}: takes {len(self._specs)} inputs, got {len(args)}")
        given = dict(enumerate(args))
        for key, value in kwargs.items():
            if key not in self._by_key:
                names = [spec.name for spec in self._specs if spec.name]
                raise TypeError(f"{self._title}: no input is called {key!r}; {nearest(key, names)}")
            if self._by_key[key] in given:
                raise TypeError(f"{self._title}: input {key!r} is given twice")
            given[self._by_key[key]] = value
        return [self._argument(spec, given.get(k, spec.value)) for k, spec in enumerate(self._specs)]

    def _argument(self, spec: In, value):
        value = self.checked(spec, value)
        return self._give(value) if isinstance(value, np.ndarray) else value

    def checked(self, spec: In, value):
        """`value` as an array of the dtype and axes that its input has; TypeError where it can't be."""
        variable = spec.variable
        if isinstance(value, np.ndarray | jax.Array) and _is_as_declared(value, variable.type):
            return value
        if value is None:
            raise TypeError(f"{self._title}: input {spec.name or variable} is missing")
        try:
            value = variable.type.filter(value, strict=spec.strict, allow_downcast=spec.allow_downcast)
        except TypeError as error:
            raise TypeError(
                f"{self._title}: input {spec.name or variable} must be {variable.type}, got "
                f"{getattr(value, 'dtype', type(value).__name__)} of shape {np.shape(value)}; "
                f"{str(error).splitlines()[0]}"
            ) from None
        if not self._jitted.x64 and value.dtype in (np.int64, np.uint64):
            value = _narrow(value, f"{self._title}: input {spec.name or variable}")
        return value

    @property
    def _title(self) -> str:
        return self.name or "function"

    def note_shapes(self, shapes: tuple) -> None:
        """Remember that it is called with inputs of these shapes, which XLA compiles it for."""
        if shapes in self.shapes:
            return
        self.shapes.add(shapes)
        if len(self.shapes) == SHAPES_BEFORE_WARNING + 1:
            warnings.warn(
                f"{self._title}: compiled for {len(self.shapes)} different shapes of inputs, the last {shapes}; XLA "
                "compiles anew for each: pad or bucket what varies",
                stacklevel=3,
            )

    def _abstract(self, examples: Sequence) -> list:
        """Shapes and dtypes of all inputs, for lowering without data."""
        examples = [np.asarray(e) if not hasattr(e, "dtype") else e for e in examples]
        explicit = [
            jax.ShapeDtypeStruct(np.shape(e), s.variable.type.dtype) for e, s in zip(examples, self._specs, strict=True)
        ]
        merged = self._merge(explicit)
        return [v if v is None else jax.ShapeDtypeStruct(v.shape, v.dtype) for v in merged]

    def export(self, *examples, platforms: Sequence[str] = ("cuda",)):
        """The step lowered for other platforms (`jax.export`), for inputs of the shapes of `examples`."""
        import jax.export

        with jax.enable_x64(self._jitted.x64), pytensor.config.change_flags(cxx=""):  # kernels are of this machine
            return jax.export.export(self._jitted.anew(), platforms=list(platforms))(*self._abstract(examples))

    def hlo(self, *examples) -> str:
        """XLA's optimised program for inputs of the shapes of `examples`, as text."""
        with jax.enable_x64(self._jitted.x64):
            return self._jitted.fn.lower(*self._abstract(examples)).compile().as_text()


def _is_as_declared(value, kind) -> bool:
    """Whether an array has exactly the dtype and axes of its input, none of them in need of narrowing."""
    if value.dtype != kind.numpy_dtype or (value.dtype.itemsize == 8 and value.dtype.kind != "f"):
        return False
    if value.shape == kind.shape:
        return True
    return value.ndim == kind.ndim and all(
        known is None or known == length for known, length in zip(kind.shape, value.shape, strict=True)
    )


def _narrow(value: np.ndarray, title: str) -> np.ndarray:
    """64-bit integers for a graph that XLA computes with 32; refused where that would change them."""
    narrow = value.astype("int32" if value.dtype == np.int64 else "uint32")
    if not np.array_equal(narrow, value):
        raise UsageError(
            f"{title}: holds integers of over 32 bits; give the function a float64 or int64 state, or cast them"
        )
    return narrow


class HostFunction:
    """A function of one of PyTensor's own backends; it finds shared variables' values on the host."""

    def __init__(self, fn: Function):
        self.fn = fn
        self.maker = fn.maker
        self._variables = [v for v in fn.maker.fgraph.inputs if isinstance(v, SharedVariable)]
        for variable in self._variables:
            variable.container.touched = True

    def __call__(self, *args, **kwargs):
        bring_home(self._variables)
        return self.fn(*args, **kwargs)

    def __getattr__(self, name):
        return getattr(self.fn, name)


@uncollected()
def function(
    inputs,
    outputs=None,
    updates=None,
    givens=None,
    *,
    mode=None,
    name: str | None = None,
    on_unused_input: str | None = None,
    host: bool = True,
    guard: Variable | None = None,
    no_default_updates: bool = False,
    allow_input_downcast: bool | None = None,
    profile=None,
):
    """Compile a graph into a callable (Theano's `function`).

    Parameters
    ----------
    inputs : list of Variable or pytensor.In
        In the order of the call; an input with a name may be given by keyword as well.
    outputs : Variable or list of Variable, optional
        What is computed.
    updates : mapping or pairs, optional
        {shared variable: new value}, all computed from the values before the call.
    givens : mapping or pairs, optional
        {variable: what stands in for it}.
    mode : str or pytensor.compile.mode.Mode, optional
        `FAST_RUN` or `JAX` (ours, to XLA), `NanGuardMode` (ours, checked), `NUMBA`, `CVM`, `FAST_COMPILE`, `DebugMode`
        (PyTensor's). Default: THEANO_FLAGS' `mode`.
    host : bool
        Outputs as NumPy arrays (True), or as JAX arrays that nobody has waited for.
    guard : scalar bool Variable, optional
        Where it comes out False no update takes effect, counters of random draws included.
    no_default_updates : bool
        Leave the counters of random draws where they are.
    profile : bool, optional
        Whether to time it by brick: then `fn.profile()` is a table, with the time in each brick and in its gradient. It
        waits for each call. Default: THEANO_FLAGS' `profile`, which prints the table when the process ends.

    Returns
    -------
    callable

    >>> x = pt.fvector("x")
    >>> double = function([x], 2 * x)
    >>> double(np.float32([1, 2])).tolist()
    [2.0, 4.0]
    """
    mode, checked = _resolve(mode)
    updates = dict(_pairs(updates, "updates"))
    givens = _pairs(givens, "givens")
    listed = [] if outputs is None else list(outputs) if isinstance(outputs, list | tuple) else [outputs]
    roots = [getattr(v, "variable", v) for v in [*listed, *updates.values(), *(new for _, new in givens)]]
    if not no_default_updates:
        for state in random.states([v for v in roots if isinstance(v, Variable)]):
            updates.setdefault(state.step, state.step + np.uint32(1))
    if checked:
        options = dict(name=name, host=host, profile=profile)
        return CheckedFunction(inputs, outputs, updates, givens, guard, function, options)
    if guard is not None:
        updates = {variable: _held(variable, new, guard) for variable, new in updates.items()}
    ours = isinstance(mode, XLAMode)
    profiled = bool(pytensor.config.profile if profile is None else profile)
    compiled = pytensor.function(
        inputs,
        outputs,
        updates=list(updates.items()),
        givens=givens,
        mode=mode,
        name=name,
        on_unused_input=on_unused_input,
        allow_input_downcast=allow_input_downcast,
        profile=False if ours else profile,
    )
    if not ours:
        return HostFunction(compiled)
    compiled.host, compiled.profile = host, compiled.tell_profile
    compiled._jitted.title = compiled._title
    if profiled:
        compiled.profiler = Profiler(compiled._title)
        if profile is None:
            compiled.profiler.tell_at_exit()
    return compiled


def _pairs(mapping, what: str) -> list:
    if mapping is None:
        return []
    pairs = list(mapping.items()) if isinstance(mapping, Mapping) else list(mapping)
    if not all(isinstance(pair, tuple | list) and len(pair) == 2 for pair in pairs):
        raise UsageError(f"function: {what} must be a mapping or pairs (variable, value), got {pairs}")
    return [tuple(pair) for pair in pairs]


def _held(variable: SharedVariable, new, guard):
    """`new` where the guard holds, else the variable as it was."""
    new = variable.type.filter_variable(new, allow_convert=True)
    if not isinstance(new, pt.TensorVariable):
        return new
    held, origin = pt.switch(guard, new, variable), provenance.origin_of(new)
    if origin is not None:
        held.owner.tag.origin = origin
    return held


def _resolve(mode):
    """(PyTensor mode, whether to check for values that are not finite)."""
    mode = FLAGS.mode if mode is None else mode
    if not isinstance(mode, str):
        return mode, False
    if mode.upper() not in MODES:
        raise UsageError(f"function: unknown mode {mode!r}; {nearest(mode, set(MODES.values()))}")
    mode = MODES[mode.upper()]
    if mode in ("FAST_RUN", "JAX", "NanGuardMode"):
        return XLA, mode == "NanGuardMode"
    return pytensor.compile.mode.get_mode(mode), False


@uncollected()
def grad(cost, wrt, **kwargs):
    """The symbolic gradient of a scalar cost (PyTensor's `grad`).

    Parameters
    ----------
    cost : scalar Variable
    wrt : Variable or list of Variable
        What to differentiate by.
    **kwargs
        `known_grads`, `consider_constant`, `disconnected_inputs`, `return_disconnected`.

    >>> x = pt.fscalar("x")
    >>> float(function([x], grad(x**2, x))(3.0))
    6.0
    """
    return provenance.grad(cost, wrt, **kwargs)


def scan(fn, sequences=None, outputs_info=None, non_sequences=None, n_steps=None, **kwargs):
    """A symbolic loop (PyTensor's `scan`); gives the outputs alone, a list if there are several.

    Products that need no state leave the loop, written `pt.dot(a, b)` or `a @ b`: of a sequence by a matrix, of what
    is only stacked, and the gradients of matrices; each becomes one product over all steps. The gradient reads what the
    loop computed instead of computing it again, so that memory grows with the number of steps.

    >>> x = pt.fvector("x")
    >>> total = scan(lambda xt, s: s + xt, sequences=[x], outputs_info=[np.float32(0)])
    >>> function([x], total)(np.float32([1, 2, 3])).tolist()
    [1.0, 3.0, 6.0]
    """
    kwargs.setdefault("return_updates", False)
    return pytensor.scan(fn, _listed(sequences), outputs_info, _listed(non_sequences), n_steps, **kwargs)


def _listed(values):
    return list(values) if isinstance(values, Iterable) and not isinstance(values, Variable | dict | str) else values
