"""What `theano.function` makes: the callable around what bricks compiled.

What XLA can't compile, since shapes depend on values, goes to PyTensor's own machine, with a warning.
"""

import dataclasses
import warnings

import pytensor
from pytensor.compile.rebuild import UnusedInputError
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.replace import clone_replace
from pytensor.graph.traversal import ancestors

from bricks.errors import UsageError
from theano.compile._prepared import Prepared
from theano.compile._task import Task

__all__ = ["Function", "UnusedInputError"]

# What XLA refuses, and what PyTensor's conversions of rare operations fail with.
_OF_XLA = (UsageError, AttributeError, NotImplementedError)


class Function:
    """A compiled graph.

    Attributes
    ----------
    name : str or None
    fn : callable
        What bricks compiled.
    """

    def __init__(self, task: Task, keys=None, single: bool = False, returns_none: bool = False):
        self._asked, self._keys, self._single, self._none = task, keys, single, returns_none
        self.name, self.trust_input = task.name, False
        self._task = task.settled()
        self._specs = task.inputs
        self._positions = {spec.variable: k for k, spec in enumerate(task.inputs)}
        self._positions |= {spec.name: k for k, spec in enumerate(task.inputs) if spec.name}
        self._look_for_unused()
        self._prepared, self._direct = None, None
        if not self._task.is_for_xla:
            self._direct = self._task.compile()
            return
        try:
            self._prepared = Prepared(self._task)
        except _OF_XLA as error:
            self._go_to_host(error)
        else:
            self._direct = self._prepared.function if self._prepared.is_direct else None

    def __call__(self, *args, output_subset=None, **kwargs):
        try:
            if self._direct is not None:
                results = self._direct(*args, **kwargs)
            else:
                results = self._prepared(self._bind(args, kwargs))
        except _OF_XLA as error:
            self._go_to_host(error)
            results = self._direct(*args, **kwargs)
        if output_subset is not None:
            return self._subset(results, output_subset)
        if self._single:
            return results[0]
        if self._keys is not None:
            return dict(zip(self._keys, results, strict=True))
        return None if self._none else results

    def _go_to_host(self, error: Exception) -> None:
        """Compile for PyTensor's own machine, for good, and say so; raise what is no matter of XLA's."""
        on_host = self._prepared is None and self._direct is not None
        if on_host or (isinstance(error, UsageError) and "mode='NUMBA'" not in str(error)):
            raise error
        warnings.warn(
            f"{self.name or 'theano.function'}: XLA can't compile it, PyTensor's own machine runs it, more slowly: "
            f"{error}",
            stacklevel=4,
        )
        self._prepared, self._direct = None, self._task.compile_on_host()

    def _look_for_unused(self) -> None:
        policy = self._task.on_unused_input or pytensor.config.on_unused_input
        used = set() if policy == "ignore" else set(ancestors(self._asked.graph))
        unused = [v for v in self._task.variables if v not in used]
        if policy == "ignore" or not unused:
            return
        message = (
            f"{self.name or 'theano.function'}: nothing depends on the inputs {', '.join(map(str, unused))}; "
            "leave them out, or say on_unused_input='ignore'"
        )
        if policy == "raise":
            raise UnusedInputError(message)
        warnings.warn(message, stacklevel=4)

    def _bind(self, args, kwargs) -> list:
        """The value of each input, as given or by default."""
        title = self.name or "theano.function"
        if len(args) > len(self._specs):
            raise TypeError(f"{title}: takes {len(self._specs)} inputs, got {len(args)}")
        given = dict(enumerate(args))
        for name, value in kwargs.items():
            if name not in self._positions:
                raise TypeError(f"{title}: no input is called {name!r}")
            if self._positions[name] in given:
                raise TypeError(f"{title}: input {name!r} is given twice")
            given[self._positions[name]] = value
        values = []
        for k, spec in enumerate(self._specs):
            value = given.get(k, spec.value)
            if value is None:
                raise TypeError(f"{title}: input {spec.name or spec.variable} is missing")
            values.append(spec.variable.type.filter(value, strict=spec.strict, allow_downcast=spec.allow_downcast))
        return values

    def _subset(self, results, wanted):
        if self._keys is not None:
            return {key: results[self._keys.index(key)] for key in wanted}
        return [results[k] for k in wanted]

    @property
    def fn(self):
        return self._direct if self._direct is not None else self._prepared.function

    def copy(self, share_memory=False, swap=None, delete_updates=False, name=None, profile=None):
        """The same function again: `swap` puts other shared variables in place, `delete_updates` leaves updates out."""
        task, swap = self._asked, dict(swap or {})
        if swap:
            task = task.with_graph(clone_replace(task.graph, swap))
            task = dataclasses.replace(task, updates={swap.get(v, v): new for v, new in task.updates.items()})
        if delete_updates:
            task = dataclasses.replace(task, updates={}, no_default_updates=True)
        task = dataclasses.replace(task, name=name or task.name, profile=profile)
        return Function(task, self._keys, self._single, self._none)

    def get_shared(self) -> list[SharedVariable]:
        """The shared variables that the function reads or changes."""
        return self._task.shared

    def __getattr__(self, name: str):
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.fn, name)

    def __reduce__(self):
        return Function, (self._asked, self._keys, self._single, self._none)
