"""What a config's `training.monitor` asks for: activations by name or brick, norms of parameters, gradients, updates.

    training:
      monitor: {mean: "lstm.*", saturated: ["*gate"], gradient_norm: "*", update_norm: "*/W*"}

A pattern fits the name of a variable (`mlp/tanh_0.output`, `lstm.forget_gate`, `mlp/linear_0/W`) or, for activations,
the path of its brick (`mlp/tanh_0`); `*` stands for anything. Entries of the row are called KIND/NAME.
"""

import fnmatch
from collections.abc import Iterable, Mapping

import pytensor.tensor as pt

from bricks.errors import UsageError, nearest
from bricks.graph import ComputationGraph, annotations_of
from bricks.roles import OUTPUT, has_roles
from bricks.training.aggregation import Last, Mean

ACTIVATIONS = ("mean", "saturated", "dead")
STEPS = ("norm", "gradient_norm", "update_norm")
MARGIN = 0.05
"""Part of the range of an activation, at either end, in which it counts as saturated."""


def outputs_of(graph: ComputationGraph) -> dict:
    """Float outputs of all the bricks that a graph applies, by name: also those that nothing in it uses.

    >>> from bricks.layers import MLP, Tanh
    >>> mlp = MLP([Tanh(), None], [4, 3, 2], seed=1)
    >>> list(outputs_of(ComputationGraph(mlp(pt.matrix("x", dtype="float32")))))
    ['mlp/linear_0.output', 'mlp/tanh.output', 'mlp/linear_1.output', 'mlp.output']
    """
    found: dict = {}
    for variable in graph.variables:
        for annotation in annotations_of(variable):
            outputs = annotation.call.outputs if annotation.call and has_roles(variable, OUTPUT) else {}
            found |= {v.name: v for v in outputs.values() if v.name not in found and _is_float(v)}
    return found


def activations(graph: ComputationGraph, asked: Mapping[str, Iterable[str]]) -> dict:
    """What to monitor of activations: {KIND/NAME: scalar}, of the graph that the model built.

    Parameters
    ----------
    graph : ComputationGraph
    asked : mapping
        From kinds to patterns. `mean`: over examples, time and units. `saturated`: the part of values within
        5 % of an end of their range, for activations that have one. `dead`: the part of units, along the last
        axis, that are not above 0 for a single example of a batch.

    Raises
    ------
    UsageError
        For a pattern that fits nothing, or nothing that has a range.

    Examples
    --------
    >>> from bricks.layers import MLP, Tanh
    >>> mlp = MLP([Tanh(), None], [4, 3, 2], seed=1)
    >>> graph = ComputationGraph(mlp(pt.matrix("x", dtype="float32")))
    >>> list(activations(graph, {"mean": ["mlp/linear_*"], "saturated": ["mlp/tanh"]}))
    ['mean/mlp/linear_0.output', 'mean/mlp/linear_1.output', 'saturated/mlp/tanh.output']
    """
    found = outputs_of(graph)
    entries = {}
    for kind in ACTIVATIONS:
        for pattern in asked.get(kind, ()):
            fitting = {n: v for n, v in found.items() if _fits(pattern, n, v)}
            measured = {n: _MEASURES[kind](v) for n, v in fitting.items()}
            measured = {n: v for n, v in measured.items() if v is not None}
            if fitting and not measured:
                raise UsageError(
                    f"monitor: {kind} {pattern!r} fits {', '.join(fitting)}, of which no range is known; "
                    "it is for activations such as Tanh and Logistic, and for neurons of gated units"
                )
            if not fitting:
                raise UsageError(f"monitor: {kind} {pattern!r} fits no output of a brick; {nearest(pattern, found)}")
            entries |= {f"{kind}/{name}": variable for name, variable in measured.items()}
    return entries


def steps(algorithm, asked: Mapping[str, Iterable[str]]) -> dict:
    """What to monitor of a step, once the algorithm is there: {KIND/PARAMETER: aggregation}.

    Parameters
    ----------
    algorithm : GradientDescent
    asked : mapping
        From kinds to patterns of parameters' names. `gradient_norm`, `update_norm`: of the gradient and of the
        step that the rule makes of it, mean over the epoch; `norm`: of the parameter before the last step. All are
        Euclidean.

    Examples
    --------
    >>> from bricks.layers import Linear
    >>> from bricks.training import GradientDescent
    >>> descent = GradientDescent((Linear(3, 2, seed=1)(pt.matrix("x", dtype="float32")) ** 2).mean())
    >>> list(steps(descent, {"gradient_norm": ["*/W"]}))
    ['gradient_norm/linear/W']
    """
    entries = {}
    for kind in STEPS:
        for pattern in asked.get(kind, ()):
            fitting = {n: p for n, p in algorithm.parameters.items() if fnmatch.fnmatchcase(n, pattern)}
            if not fitting:
                known = nearest(pattern, algorithm.parameters)
                raise UsageError(f"monitor: {kind} {pattern!r} fits no parameter; {known}")
            for name, parameter in fitting.items():
                of = {"norm": parameter, "gradient_norm": algorithm.gradients[parameter]}
                value = _norm(of.get(kind, algorithm.steps[parameter]))
                entries[f"{kind}/{name}"] = Last(value) if kind == "norm" else Mean(value)
    return entries


def _mean(variable):
    return pt.mean(variable)


def _saturated(variable):
    bounds = next((b for a in annotations_of(variable) if (b := a.brick.bounds(a.name)) is not None), None)
    if bounds is None:
        return None
    low, high = bounds
    margin = MARGIN * (high - low)
    ends = [pt.constant(value, dtype=variable.type.dtype) for value in (low + margin, high - margin)]
    outside = pt.or_(pt.le(variable, ends[0]), pt.ge(variable, ends[1]))
    return _part(outside, variable.type.dtype)


def _dead(variable):
    axes = tuple(range(variable.type.ndim - 1))
    return _part(pt.all(pt.le(variable, 0), axis=axes), variable.type.dtype)


def _part(flags, dtype: str):
    """How many of the flags are set, as a part of all."""
    return pt.mean(flags.astype(dtype), dtype=dtype)


_MEASURES = {"mean": _mean, "saturated": _saturated, "dead": _dead}


def _norm(variable):
    return pt.sqrt(pt.sum(variable**2, acc_dtype=variable.type.dtype))


def _fits(pattern: str, name: str, variable) -> bool:
    paths = [annotation.brick.path for annotation in annotations_of(variable)]
    return any(fnmatch.fnmatchcase(text, pattern) for text in (name, *paths))


def _is_float(variable) -> bool:
    return variable.type.dtype.startswith("float") and variable.type.ndim > 0
