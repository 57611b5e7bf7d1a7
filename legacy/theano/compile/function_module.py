"""What `theano.function` makes: a task, compiled by bricks, and the callable around it.

Three things are done before XLA is called, since it compiles for fixed shapes: parts of stored data are cut out
(`_cuts`), integers that decide shapes get a compilation for each of their values (`_lengths`), and what XLA can't
compile at all goes to PyTensor's own machine.
"""

import dataclasses
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import bricks
import numpy as np
from pytensor.compile.io import In
from pytensor.compile.mode import Mode
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Constant, Variable
from pytensor.graph.replace import clone_replace
from pytensor.graph.traversal import ancestors
from pytensor.link.vm import VMLinker

from bricks.errors import UsageError
from theano.compile import _cuts, _lengths
from theano.compile.mode import resolve

__all__ = ["Function", "UnusedInputError"]

try:
    from pytensor.compile.rebuild import UnusedInputError
except ImportError:
    from pytensor.compile.maker import UnusedInputError

SHAPES_BEFORE_WARNING = 8


@dataclass
class Task:
    """What is to be compiled: Theano's arguments in order."""

    inputs: list[In]
    outputs: list[Variable]
    updates: dict[SharedVariable, Variable]
    givens: dict[Variable, Variable]
    mode: Any = None
    name: str | None = None
    no_default_updates: bool | list = False
    rebuild_strict: bool = True
    profile: Any = None
    on_unused_input: str | None = None

    @property
    def roots(self) -> list[Variable]:
        """What is computed, before `givens`."""
        return [*self.outputs, *self.updates.values()]

    def with_roots(self, roots, **changes) -> "Task":
        """The same with other things to compute."""
        n = len(self.outputs)
        updates = dict(zip(self.updates, roots[n:], strict=True))
        return dataclasses.replace(self, outputs=list(roots[:n]), updates=updates, **changes)

    def settled(self) -> "Task":
        """The same with default updates written out where they are to be left out, and loose givens applied."""
        task = self
        if not self.rebuild_strict and self.givens:
            task = self.with_roots(clone_replace(self.roots, self.givens, rebuild_strict=False), givens={})
        if self.no_default_updates:
            left_out = self.no_default_updates
            shared = [v for v in ancestors([*task.roots, *task.givens.values()]) if isinstance(v, SharedVariable)]
            chosen = [v for v in shared if left_out is True or v in left_out]
            stays = {v: v for v in chosen if v.default_update is not None and v not in task.updates}
            task = dataclasses.replace(task, updates=task.updates | stays)
        return task

    def compile(self, mode=None, givens: Mapping = {}, inputs=None, on_unused_input=None):  # noqa: B006
        """The function of bricks."""
        return bricks.function(
            self.inputs if inputs is None else inputs,
            self.outputs,
            updates=self.updates,
            givens={**self.givens, **givens},
            mode=resolve(self.mode) if mode is None else mode,
            name=self.name,
            no_default_updates=self.no_default_updates is True,
            profile=self.profile,
            on_unused_input=on_unused_input or self.on_unused_input,
        )


def host_mode() -> Mode:
    """PyTensor's own machine, in Python and NumPy: slow, without a compiler, and able to do what XLA isn't."""
    return Mode(VMLinker(use_cloop=False, c_thunks=False), "fast_run").excluding("fusion", "inplace")


class Function:
    """A compiled graph.

    Attributes
    ----------
    name : str or None
    inputs : list of In
        What a call takes, in order.
    """

    def __init__(self, task: Task, keys=None, single: bool = False, returns_none: bool = False):
        self._asked, self._keys, self._single, self._none = task, keys, single, returns_none
        self.name, self.inputs, self.trust_input = task.name, task.inputs, False
        self._task = task = task.settled()
        self._on_host = False
        self._variables = [spec.variable for spec in task.inputs]
        self._positions = {spec.variable: k for k, spec in enumerate(task.inputs)}
        self._positions |= {spec.name: k for k, spec in enumerate(task.inputs) if spec.name}
        self._cuts, roots, givens = _cuts.cut(task.roots, task.givens, self._variables, set(task.updates))
        if not _is_xla(task.mode):
            self._cuts, roots, givens = [], task.roots, task.givens
        self._inner = task.with_roots(roots, givens=givens)
        graph = set(ancestors([*roots, *givens.values()]))
        self._direct = [k for k, v in enumerate(self._variables) if v in graph or not self._cuts]
        self._lengths = _lengths.lengths([*roots, *givens.values()]) if _is_xla(task.mode) else []
        self._by_lengths: dict[tuple, Any] = {}
        self._fn = None if self._lengths else self._compile({})

    def __call__(self, *args, output_subset=None, **kwargs):
        if self._cuts or self._lengths:
            results = self._call_prepared(args, kwargs)
        else:
            try:
                results = self._fn(*args, **kwargs)
            except UsageError as error:
                results = self._call_on_host(error, args, kwargs)
        if output_subset is not None:
            return self._subset(results, output_subset)
        if self._single:
            return results[0]
        if self._keys is not None:
            return dict(zip(self._keys, results, strict=True))
        return None if self._none else results

    def _compile(self, constants: dict):
        inputs = [self._inner.inputs[k] for k in self._direct if self._variables[k] not in constants]
        inputs += [In(cut.variable) for cut in self._cuts]
        prepared = bool(self._cuts or constants)
        try:
            fn = self._inner.compile(givens=constants, inputs=inputs, on_unused_input="ignore" if prepared else None)
        except UsageError as error:
            if not _is_of_xla(error):
                raise
            return self._go_to_host(error)
        return fn

    def _go_to_host(self, error: UsageError):
        """Compile for PyTensor's own machine, for good, and say so."""
        warnings.warn(
            f"{self.name or 'theano.function'}: XLA can't compile it, PyTensor's own machine runs it, more slowly: {error}",
            stacklevel=5,
        )
        self._cuts, self._lengths, self._on_host = [], [], True
        self._fn = self._task.compile(mode=host_mode())
        return self._fn

    def _call_on_host(self, error: UsageError, args, kwargs):
        if not _is_of_xla(error) or self._on_host:
            raise error
        return self._go_to_host(error)(*args, **kwargs)

    def _call_prepared(self, args, kwargs):
        values = self._bind(args, kwargs)
        known = dict(zip(self._variables, values, strict=True))
        constants = {v: int(_value(v, known)) for v in self._lengths}
        key = tuple(constants.values())
        fn = self._by_lengths.get(key)
        if fn is None:
            fn = self._by_lengths[key] = self._compile(
                {v: v.type.constant_type(v.type, np.asarray(n, v.type.dtype)) for v, n in constants.items()}
            )
            if len(self._by_lengths) == SHAPES_BEFORE_WARNING + 1:
                named = ", ".join(str(v) for v in self._lengths)
                warnings.warn(
                    f"{self.name or 'theano.function'}: compiled for {len(self._by_lengths)} values of {named}, which "
                    "decide the shapes in it; XLA compiles anew for each",
                    stacklevel=3,
                )
        if self._on_host:
            return fn(*args, **kwargs)
        arguments = [values[k] for k in self._direct if self._variables[k] not in constants]
        if self._cuts:
            known |= {cut.source: _value(cut.source, known) for cut in self._cuts}
            arguments += [cut.take(known) for cut in self._cuts]
        try:
            return fn(*arguments)
        except UsageError as error:
            return self._call_on_host(error, args, kwargs)

    def _bind(self, args, kwargs) -> list:
        """The value of each input, as given or by default."""
        title = self.name or "theano.function"
        if len(args) > len(self.inputs):
            raise TypeError(f"{title}: takes {len(self.inputs)} inputs, got {len(args)}")
        given = dict(enumerate(args))
        for name, value in kwargs.items():
            if name not in self._positions:
                raise TypeError(f"{title}: no input is called {name!r}")
            if self._positions[name] in given:
                raise TypeError(f"{title}: input {name!r} is given twice")
            given[self._positions[name]] = value
        values = []
        for k, spec in enumerate(self.inputs):
            value = given.get(k, spec.value)
            if value is None:
                raise TypeError(f"{title}: input {spec.name or spec.variable} is missing")
            values.append(spec.variable.type.filter(value, strict=spec.strict, allow_downcast=spec.allow_downcast))
        return values

    def _subset(self, results, wanted):
        if self._keys is not None:
            return {key: results[self._keys.index(key)] for key in wanted}
        return [results[k] for k in wanted]

    def copy(self, share_memory=False, swap=None, delete_updates=False, name=None, profile=None):
        """The same function again: `swap` puts other shared variables in place, `delete_updates` leaves updates out."""
        task = self._asked
        swap = {old: new for old, new in (swap or {}).items()}
        if swap:
            updates = {swap.get(v, v): new for v, new in task.updates.items()}
            task = dataclasses.replace(task, updates=updates)
            roots = clone_replace([*task.roots, *task.givens.values()], swap)
            n = len(task.roots)
            task = task.with_roots(roots[:n], givens=dict(zip(task.givens, roots[n:], strict=True)))
        if delete_updates:
            task = dataclasses.replace(task, updates={}, no_default_updates=True)
        task = dataclasses.replace(task, name=name or task.name, profile=profile)
        return Function(task, self._keys, self._single, self._none)

    def get_shared(self) -> list[SharedVariable]:
        """The shared variables that the function reads or changes."""
        task = self._task
        read = [v for v in ancestors([*task.roots, *task.givens.values()]) if isinstance(v, SharedVariable)]
        return list(dict.fromkeys([*read, *task.updates]))

    def __getattr__(self, name: str):
        if name.startswith("__") or self.__dict__.get("_fn") is None:
            raise AttributeError(f"a function of theano has no attribute {name!r}")
        return getattr(self._fn, name)

    def __reduce__(self):
        return Function, (self._asked, self._keys, self._single, self._none)


def _value(variable: Variable, known: dict):
    return known[variable] if variable in known else _cuts.stored_value(variable)


def _is_xla(mode) -> bool:
    from bricks.engine.linker import XLAMode

    mode = resolve(mode)
    return isinstance(mode, XLAMode) or mode is None or (isinstance(mode, str) and mode.upper() in _OURS)


_OURS = ("FAST_RUN", "JAX", "NANGUARDMODE")


def _is_of_xla(error: UsageError) -> bool:
    """Whether an error says that XLA can't, and PyTensor's own backends could."""
    return "mode='NUMBA'" in str(error)
