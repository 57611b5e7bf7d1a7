"""What is to be compiled, and how bricks is asked to."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytensor.tensor as pt
from pytensor.compile.io import In
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Variable
from pytensor.graph.replace import clone_replace
from pytensor.graph.traversal import ancestors

import bricks
from bricks.engine.linker import XLAMode
from theano.compile import _indices, _wide
from theano.compile.mode import HOST, resolve

XLA_MODES = ("FAST_RUN", "JAX", "NANGUARDMODE")


@dataclass
class Task:
    """Theano's arguments, in order.

    Attributes
    ----------
    roots : list of Variable
        All that is computed, before `givens`.
    graph : list of Variable
        `roots`, and what stands in for others.
    """

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
        return [*self.outputs, *self.updates.values()]

    @property
    def graph(self) -> list[Variable]:
        return [*self.roots, *self.givens.values()]

    @property
    def variables(self) -> list[Variable]:
        """Of the inputs."""
        return [spec.variable for spec in self.inputs]

    @property
    def shared(self) -> list[SharedVariable]:
        """The shared variables that are read or changed."""
        read = [v for v in ancestors(self.graph) if isinstance(v, SharedVariable)]
        return list(dict.fromkeys([*read, *self.updates]))

    @property
    def is_for_xla(self) -> bool:
        """Whether its mode is one of those that XLA compiles for."""
        mode = resolve(self.mode)
        return isinstance(mode, XLAMode) or (isinstance(mode, str) and mode.upper() in XLA_MODES)

    def with_graph(self, graph: list[Variable], **changes) -> "Task":
        """The same with other things to compute, in the order of `graph`."""
        n, m = len(self.outputs), len(self.outputs) + len(self.updates)
        parts = dict(
            outputs=list(graph[:n]),
            updates=dict(zip(self.updates, graph[n:m], strict=True)),
            givens=dict(zip(self.givens, graph[m:], strict=True)),
        )
        return dataclasses.replace(self, **parts | changes)

    def settled(self) -> "Task":
        """The same with loose givens applied, and with state that is not to be advanced set to itself."""
        task = self
        if not task.rebuild_strict and task.givens:
            graph = clone_replace(task.graph, task.givens, rebuild_strict=False)
            task = task.with_graph(graph, givens={})
        if task.no_default_updates:
            left_out = task.shared if task.no_default_updates is True else task.no_default_updates
            stays = {v: v for v in left_out if v.default_update is not None and v not in task.updates}
            task = dataclasses.replace(task, updates=task.updates | stays)
        return task

    def compile(self, mode=None, givens: Mapping | None = None):
        """The function of bricks, whose results are a list."""
        xla = mode is None and self.is_for_xla
        checks = _indices.checks(self.graph) if xla else []
        fits = [pt.stack([check.fits() for check in checks])] if checks else []
        wide = [_wide.KEEP] if xla and _wide.calculates(self.graph) else []
        fn = bricks.function(
            self.inputs,
            [*self.outputs, *wide, *fits],
            updates=self.updates,
            givens={**self.givens, **(givens or {})},
            mode=resolve(self.mode) if mode is None else mode,
            name=self.name,
            guard=pt.all(fits[0]) if checks and self.updates else None,
            no_default_updates=self.no_default_updates is True,
            profile=self.profile,
            on_unused_input="ignore",
        )
        return Checked(fn, len(self.outputs), checks) if wide or checks else fn

    def compile_on_host(self):
        """The same by PyTensor's own machine."""
        return self.compile(mode=HOST)


class Checked:
    """A function of bricks with further results, the last of which says which indices are within their arrays."""

    def __init__(self, fn, n_outputs: int, checks: list):
        self.fn, self._n_outputs, self._checks = fn, n_outputs, checks

    def __call__(self, *args, **kwargs) -> list:
        results = self.fn(*args, **kwargs)
        if self._checks and not results[-1].all():
            wrong = "; ".join(str(check) for check, ok in zip(self._checks, results[-1], strict=True) if not ok)
            raise IndexError(f"{self.fn.name or 'theano.function'}: out of range: {wrong}; no update took effect")
        return results[: self._n_outputs]

    def __getattr__(self, name: str):
        if name == "fn":
            raise AttributeError(name)
        return getattr(self.fn, name)
