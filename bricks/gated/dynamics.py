"""What can be done with a trained unit: record, lesion, and measure.

Everything here works on a graph that is already there, a model's cost or error rate say: the unit is applied
again as it was applied in it, with something changed, and takes its own place.
"""

from collections.abc import Iterable, Mapping

import numpy as np
import pytensor.tensor as pt
from pytensor.graph.basic import Variable

from bricks import engine
from bricks.errors import UsageError, nearest
from bricks.gated import inputs as check
from bricks.gated.trace import Trace
from bricks.gated.unit import GatedUnit
from bricks.graph import ComputationGraph, annotations_of, replace
from bricks.graph.annotations import Call
from bricks.graph.walk import walk
from bricks.roles import INPUT, OUTPUT

MEAN, SHUFFLED = "mean", "shuffled"


def units_of(outputs) -> list[GatedUnit]:
    """The gated units that variables are computed with; each once, those below first.

    Parameters
    ----------
    outputs : variable, list of variables or ComputationGraph

    >>> from bricks.gated import LSTM
    >>> units_of(LSTM(4, 8, seed=0)(pt.tensor("x", shape=(None, None, 4), dtype="float32")).output)
    [<LSTM lstm>]
    """
    graph = outputs if isinstance(outputs, ComputationGraph) else ComputationGraph(outputs)
    bricks = (annotation.brick for variable in graph.variables for annotation in annotations_of(variable))
    return list(dict.fromkeys(brick for brick in bricks if isinstance(brick, GatedUnit)))


class Application:
    """One application of a unit, as it is in a graph, which may have been rebuilt since.

    Attributes
    ----------
    call : Call
    arguments : dict
        What the unit was given.
    outputs : dict
        From names of its trace to the variables of these names that the graph has.
    """

    def __init__(self, call: Call, outputs: Mapping[str, Variable]):
        self.call, self.outputs = call, dict(outputs)
        behind = walk(list(outputs.values()))
        present = {a.name: v for v in behind for a in annotations_of(v) if a.call is call and a.role is INPUT}
        self._now = {original: present.get(name, original) for name, original in call.inputs.items()}
        self.arguments = {name: self._present(value) for name, value in call.arguments.items()}

    def _present(self, value):
        if isinstance(value, Mapping):
            return {name: self._present(v) for name, v in value.items()}
        return self._now.get(value, value) if isinstance(value, Variable) else value

    def again(self, unit: GatedUnit, changes: Mapping) -> Trace:
        """The unit applied once more, with some arguments changed; dicts among these add to those that there were."""
        arguments = {**self.arguments.get("sequences", {}), **self.arguments}
        arguments.pop("sequences", None)
        for name, value in changes.items():
            old = arguments.get(name)
            arguments[name] = {**old, **value} if isinstance(old, Mapping) and isinstance(value, Mapping) else value
        trace = unit(arguments.pop("input_"), **arguments)
        annotations_of(trace.output)[-1].call.instead_of = self.call
        return trace


def applications_of(outputs, unit: GatedUnit) -> list[Application]:
    """The applications of a unit that a graph has, but for those that others took the place of.

    Raises
    ------
    UsageError
        If there is none.
    """
    found: dict[Call, dict[str, Variable]] = {}
    for variable in ComputationGraph(outputs).variables:
        for a in annotations_of(variable):
            if a.brick is unit and a.call is not None and a.role is OUTPUT:
                found.setdefault(a.call, {})[a.name] = variable
    replaced = {call.instead_of for call in found}
    if not found:
        raise UsageError(f"{unit.path}: is not applied in the graph that was given; give a cost or output of its model")
    return [Application(call, outputs) for call, outputs in found.items() if call not in replaced]


def application_of(outputs, unit: GatedUnit) -> Application:
    """The application of a unit in a graph, which must have one."""
    found = applications_of(outputs, unit)
    if len(found) > 1:
        raise UsageError(
            f"{unit.path}: is applied {len(found)} times in the graph: {', '.join(a.call.name for a in found)}; "
            "work with the trace that the wanted application gave"
        )
    return found[0]


def trace_of(outputs, unit: GatedUnit) -> Trace:
    """The trace of a unit's application in a graph, which must have one.

    Where the graph was rebuilt since (by `replace` or `training_graph`), the trace is made anew from what the unit is
    given there now.
    """
    application = application_of(outputs, unit)
    same = all(application.call.outputs[name] is v for name, v in application.outputs.items())
    return Trace(application.call.outputs) if same else application.again(unit, {})


def reapplied(outputs, unit: GatedUnit, **changes):
    """The same outputs, with a unit applied with other arguments (`clamp`, `nudge`, `initial`, ...).

    What it was given when it was applied is kept, clamps too, but for what is changed. In a graph of training the noise
    of the new application is at its expected value: change first, and call `training_graph` then.
    """
    new = {}
    for application in applications_of(outputs, unit):
        trace = application.again(unit, changes)
        new |= {old: trace[name] for name, old in application.outputs.items()}
    return replace(outputs, new)


def lesioned(outputs, unit: GatedUnit, clamp: Mapping):
    """The same outputs, with some neurons of a unit held at values.

    Parameters
    ----------
    outputs : variable, or list or dict of variables
        Of a model that the unit is applied in, such as its error rate.
    unit : GatedUnit
    clamp : mapping
        From neurons to a number, an array (dim,), (batch, dim) or (time, batch, dim); or "mean", the neuron's mean
        over time and the batch, one value a cell; or "shuffled", the activation that it has in the next example of the
        batch (which must have several, in no order that matters).

    >>> from bricks.gated import LSTM
    >>> unit = LSTM(4, 8, seed=0)
    >>> h = unit(pt.tensor("x", shape=(None, None, 4), dtype="float32")).final_output
    >>> lesioned(h, unit, {"forget_gate": 0.0}).type.shape
    (None, 8)
    """
    values = {}
    for name, value in clamp.items():
        if isinstance(value, str):
            if value not in (MEAN, SHUFFLED):
                raise UsageError(
                    f"{unit.path}: clamp of {name} must be a value, {MEAN!r} or {SHUFFLED!r}, got {value!r}"
                )
            if name not in unit.wiring.neurons:
                raise UsageError(f"{unit.path}: clamp has {name!r}; {nearest(name, unit.wiring.neurons)}")
            traced = trace_of(outputs, unit)[name]
            value = traced.mean(axis=(0, 1)) if value == MEAN else pt.roll(traced, 1, axis=1)
        values[name] = value
    return reapplied(outputs, unit, clamp=values)


def recorder(trace: Mapping, names: Iterable[str] | None = None):
    """A function that gives activations for chosen examples.

    Parameters
    ----------
    trace : Trace
        As a unit gives it, or `trace_of(model.cost, unit)`.
    names : list of str, optional
        By default all that there are.

    Returns
    -------
    callable
        From the inputs of the unit's graph, by name, to a dict of arrays (time, batch, dim). Those that the chosen
        neurons do not depend on may be left out.

    >>> from bricks.gated import LSTM
    >>> x = pt.tensor("features", shape=(None, None, 4), dtype="float32")
    >>> record = recorder(LSTM(4, 8, seed=0)(x), ["forget_gate"])
    >>> record(features=np.zeros((5, 3, 4), "float32"))["forget_gate"].shape
    (5, 3, 8)
    """
    names = list(trace) if names is None else list(names)
    for name in names:
        if name not in trace:
            raise UsageError(f"recorder: the trace has no {name!r}; {nearest(name, trace)}")
    chosen = [trace[name] for name in names]
    compiled = engine.function(ComputationGraph(chosen).inputs, chosen, name="recorder")
    needed = {v.name for v in ComputationGraph(chosen).inputs}
    spare = {v.name for v in ComputationGraph(list(trace.values())).inputs} - needed

    def record(*arrays, **named) -> dict[str, np.ndarray]:
        given = {name: array for name, array in named.items() if name not in spare}
        return dict(zip(names, compiled(*arrays, **given), strict=True))

    return record


def time_constants(forget: np.ndarray, dt: float = 1.0) -> np.ndarray:
    """tau = -dt / log f: the time constants that forget gates amount to, in the unit of dt.

    An f of 1 or more never forgets: infinity; of 0 or less forgets at once: 0. Reading f as a time constant supposes
    that what the cell holds decays exponentially: that what else goes in does not depend on the cell.

    >>> time_constants(np.exp(-1 / np.array([5.0, 50.0]))).round(6).tolist()
    [5.0, 50.0]
    """
    forget = np.asarray(forget, "float64")
    inside = (forget > 0) & (forget < 1)
    return np.where(inside, -dt / np.log(np.where(inside, forget, 0.5)), np.where(forget >= 1, np.inf, 0.0))


def fitted_time_constant(cell: np.ndarray, dt: float = 1.0) -> np.ndarray:
    """The time constant of a decay: the least-squares line through log |V_t|, t along the first axis.

    >>> V = 3 * np.exp(-np.arange(20) / 7.0)
    >>> float(fitted_time_constant(V).round(6))
    7.0
    """
    values = np.abs(np.asarray(cell, "float64"))
    if len(values) < 2 or (values == 0).any():
        raise UsageError(
            "fitted_time_constant: needs at least two steps of a cell that is not 0; cut it after the pulse"
        )
    t = np.arange(len(values)) * dt
    t = (t - t.mean()).reshape(-1, *(1,) * (values.ndim - 1))
    slope = (t * np.log(values)).sum(axis=0) / (t**2).sum()
    return -1 / slope


def saturation(activation: np.ndarray, low: float = 0.1, high: float = 0.9, axis=None) -> dict[str, np.ndarray]:
    """How often a gate is nearly shut, and nearly open.

    >>> saturation(np.array([0.05, 0.5, 0.95, 0.99]))
    {'below': 0.25, 'above': 0.5}
    """
    activation = np.asarray(activation)
    below, above = (activation < low).mean(axis=axis), (activation > high).mean(axis=axis)
    return {"below": below.item() if below.ndim == 0 else below, "above": above.item() if above.ndim == 0 else above}


def gradient_over_time(cost: Variable, unit: GatedUnit, state: str = "output") -> Variable:
    """|dL/dh_t| for each step t and example, (time, batch): what the cost would make of a change of the state at t.

    Parameters
    ----------
    cost : scalar
        Of a model that the unit is applied in, once.
    unit : GatedUnit
    state : str
        Of `unit.states`.
    """
    input_ = application_of(cost, unit).arguments["input_"]
    nudge = pt.zeros((input_.shape[0], input_.shape[1], unit.dim), dtype=unit.dtype)
    return pt.sqrt((engine.grad(reapplied(cost, unit, nudge={state: nudge}), nudge) ** 2).sum(axis=2))


def influence(outputs, unit: GatedUnit, of: str = "cell") -> dict[str, Variable]:
    """|dc_t / dg_t| of each neuron g, (time, batch, dim): how much it moves the cells within a step.

    All ways within the step count: a reset gate moves the cell through the candidate. A complement is computed from
    what its neuron sees, so that a move of the one does not move the other. Where a mask is 0 nothing moves.

    Parameters
    ----------
    outputs : variables
        Of a graph in which the unit is applied, once.
    unit : GatedUnit
    of : {"cell", "output"}
        What is moved: a gate at the axon moves the output alone.
    """
    if of not in ("cell", "output"):
        raise UsageError(f"{unit.path}: influence is of cell or output, got {of!r}")
    application, trace = application_of(outputs, unit), trace_of(outputs, unit)
    arguments = application.arguments
    sequences = {"input": arguments["input_"], **arguments.get("sequences", {})}
    time, batch = trace["output"].shape[0], trace["output"].shape[1]
    first = unit.initial(batch, arguments.get("initial"))
    backwards = arguments.get("reverse", False)

    def before(state):
        """The state that entered each step."""
        start, rows = first[state][None], _state(trace, state)
        return pt.join(0, rows[1:], start) if backwards else pt.join(0, start, rows[:-1])

    def flat(rows):
        return rows.reshape((time * batch, rows.shape[2]))

    held = {
        n: flat(pt.alloc(v, time, batch, unit.dim))
        for n, v in check.clamp(unit, arguments.get("clamp"), (time, batch)).items()
    }
    moves = {name: pt.zeros((time * batch, unit.dim), dtype=unit.dtype) for name in unit.wiring.neurons}
    given = {name: flat(v) for name, v in sequences.items()}
    new, _ = unit.step(given, {s: flat(before(s)) for s in unit.states}, clamp=held, nudge=moves)
    moved = new.get(of, new["output"]).sum()
    gradients = engine.grad(moved, list(moves.values()), disconnected_inputs="ignore")
    awake = check.awake(check.mask(unit, arguments.get("mask"), sequences["input"]), unit.dtype)
    sizes = {n: abs(g).reshape((time, batch, unit.dim)) for n, g in zip(moves, gradients, strict=True)}
    return sizes if awake is None else {n: size * awake for n, size in sizes.items()}


def _state(trace: Mapping, state: str):
    return trace[state] if state in trace else trace[state.removeprefix("previous(").removesuffix(")")]
