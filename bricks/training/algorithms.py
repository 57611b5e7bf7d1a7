"""GradientDescent: from a cost and shared variables to one compiled training step.

The step holds everything: gradients, step rule, updates, means of what is monitored, and the guard that lets
no step take effect that is not finite. A call only hands a batch over; nothing is waited for unless asked.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

import numpy as np
import pytensor.tensor as pt
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.gradient import DisconnectedInputError

from bricks import engine
from bricks.engine.compiled import XLAFunction
from bricks.engine.provenance import Part, claim
from bricks.errors import CheckpointError, UsageError, nearest
from bricks.graph import ComputationGraph, named_parameters, projected, projections_of, replace, training_graph
from bricks.training.accumulators import Accumulators
from bricks.training.aggregation import Last, aggregated, rebuilt, variables_of
from bricks.training.calls import Calls, alike
from bricks.training.health import all_finite
from bricks.training.held import Held, hold
from bricks.training.replay import first_not_finite
from bricks.training.rule import StepRule
from bricks.training.sources import check_inputs, check_same_axis, check_sources, example_axis
from bricks.training.step_rules import Scale
from bricks.training.values import read_values, write_values


class GradientDescent:
    """Minimise any scalar cost by gradient steps on shared variables; bricks are not needed.

        parameter <- projection(parameter - step_rule(d cost / d parameter))

    with the projection, if any, that the parameter was given (`bricks.graph.project`).

    Parameters
    ----------
    cost : scalar Variable
        Of the inference graph: `training_graph` is applied here.
    parameters : list of shared variables, optional
        What to train. By default those of the cost's graph with role PARAMETER; where there are none (a graph
        without bricks), all its shared variables of floats.
    step_rule : StepRule, optional
        By default `Scale(learning_rate=0.1)`.
    schedules : dict of str to Schedule, optional
        From hyper-parameters of the rule to what multiplies them in each step (`bricks.training.schedules`); the
        last value in an epoch is monitored under the hyper-parameter's name.
    updates : mapping or pairs, optional
        {shared variable: new value}, to be done with each step.
    monitored : dict of str to scalar Variable or Aggregation, optional
        What `read_monitored` gives, as the training graph has it: of a scalar the mean over examples; `total`,
        `histogram`, ... of `bricks.training` say otherwise. `cost` always is there.

    Attributes
    ----------
    inputs : list of str
        Names of the inputs; a batch must have a source for each.
    parameters, buffers : dict
        The model's shared variables by name: those trained, and those that the training graph updates.
    gradients, steps : dict
        Symbolic gradient and step of each parameter, the step as the rule has it, before any projection.
    steps_done : shared int32
        How many steps took effect.
    steps_given : int
        How many batches were handed over.

    Raises
    ------
    UsageError
        For a cost that is no scalar of floats, inputs without names, parameters that the cost ignores.

    Notes
    -----
    A step whose cost or gradients are not finite changes nothing, and none after it does: each call says how
    many steps should have been done by then, and the guard compares. So the state stays as it was before the
    bad step, which `check` finds and `explain` replays. What is too large to be squared counts as not finite
    too (from 1.8e19 on in float32): with such gradients Adam's squares and clipping's norm are infinite.

    Examples
    --------
    >>> import numpy as np, pytensor.tensor as pt
    >>> from bricks.training import GradientDescent
    >>> x, w = pt.fvector("x"), engine.shared(np.float32(0), name="w")
    >>> descent = GradientDescent(((x - w) ** 2).mean())
    >>> for _ in range(50):
    ...     descent.process_batch({"x": np.float32([1, 2, 3])})
    >>> round(float(w.get_value()), 3)
    2.0
    """

    def __init__(
        self, cost, parameters=None, step_rule: StepRule | None = None, *, schedules=None, updates=(), monitored=None
    ):
        self.step_rule = step_rule or Scale(learning_rate=0.1)
        _check_cost(cost)
        aggregations = aggregated({"cost": cost} | dict(monitored or {}), _WHO)
        self._updates = {variable: pt.as_tensor_variable(new) for variable, new in dict(updates).items()}
        watched = variables_of(aggregations)
        training = training_graph([cost, *watched, *self._updates.values()])
        self.cost, *rest = training.outputs
        self.monitored = rebuilt(aggregations, rest[: len(watched)])
        self._updates = dict(zip(self._updates, rest[len(watched) :], strict=True))
        self._training_updates = dict(training.updates)
        graph = ComputationGraph([*training.outputs, *self._training_updates.values()])
        self._inputs = check_inputs(graph.inputs, _WHO)
        self.inputs = list(self._inputs)
        chosen = _chosen_parameters(ComputationGraph(self.cost)) if parameters is None else list(parameters)
        self.parameters = _check_parameters(chosen, self.cost)
        kept = [v for v in graph.buffers + list(self._training_updates) if v not in chosen]
        self.buffers = named_parameters(dict.fromkeys(kept))

        self.gradients = _gradients(self.cost, self.parameters)
        self.step_rule.use()
        self.steps_done = engine.shared(np.asarray(0, "int32"), name="steps_done")
        steps, self._rule_updates = self._computed_steps(dict(schedules or {}))
        self.steps = {p: step.astype(p.type.dtype) for p, step in steps.items()}
        self.steps_given = 0
        self._random = engine.random.states([*training.outputs, *self._training_updates.values()])
        self._accumulators: Accumulators | None = None
        self._example_axis = example_axis(self._inputs)
        self._step = None

    def _computed_steps(self, schedules: Mapping) -> tuple[dict, list]:
        """What the rule makes of the gradients, its hyper-parameters multiplied by what is scheduled for them."""
        steps, updates = self.step_rule.compute_steps(self.gradients)
        if not schedules:
            return steps, updates
        now = {}
        for name, schedule in schedules.items():
            variable = self.step_rule.find_hyperparameter(name)
            done = self.steps_done.astype(variable.type.dtype)
            now[variable] = (variable * schedule.factor(done, pt)).astype(variable.type.dtype)
            self.monitored[name.rpartition("/")[2]] = Last(now[variable])
        watched = self.step_rule.watched
        flat = replace([*steps.values(), *(new for _, new in updates), *watched], now)
        self.step_rule.watched = flat[len(flat) - len(watched) :]
        held = [(buffer, new) for (buffer, _), new in zip(updates, flat[len(steps) :], strict=False)]
        return dict(zip(steps, flat, strict=False)), held

    @cached_property
    def _calls(self) -> Calls | None:
        """Several steps in a call; None in a mode that is not XLA's."""
        if self._step is None:
            self._compile()
        return Calls(self._step, self.inputs) if isinstance(self._step, XLAFunction) else None

    def monitor(self, name: str, variable) -> None:
        """Monitor one more scalar or `Aggregation`, taken as it is: of `cost`, `gradients` or `steps`, for example."""
        if self._accumulators is not None:
            raise UsageError(f"{_WHO}: monitor({name!r}) must come before the first step, which compiles it")
        if name in self.monitored:
            raise UsageError(f"{_WHO}: monitor({name!r}): there is one of that name already")
        more = aggregated({name: variable}, _WHO)
        self._inputs = check_inputs(ComputationGraph([*self._inputs.values(), *variables_of(more)]).inputs, _WHO)
        self.monitored |= more
        self.inputs = list(self._inputs)

    def prepare(self, sources: Mapping) -> None:
        """Compare the inputs with a stream's sources, and learn from them which axis counts the examples.

        Raises
        ------
        UsageError, ShapeError
            For a source that is missing, of a wrong dtype or shape, or whose examples lie along another axis
            than the compiled step counts.
        """
        check_sources(self._inputs, sources, _WHO)
        if self._step is None:
            self._example_axis = example_axis(self._inputs, sources)
        else:
            check_same_axis(self._example_axis, sources, _WHO)

    def process_batch(self, batch: Mapping[str, np.ndarray]) -> None:
        """One step, not waited for where the device lets one. The first call compiles it.

        Without `prepare` before it, examples are counted along the first axis.
        """
        self.process_batches([batch], 1)

    def process_batches(self, batches: Sequence[Mapping[str, np.ndarray]], room: int | None = None) -> None:
        """A step for each batch, those of equal shapes together in one compiled call.

        Bit for bit what `process_batch` does with one after the other: that is such a call too, of one step.

        Parameters
        ----------
        batches : list of dict
        room : int, optional
            How many a compiled call has room for; another number is compiled anew. Default: all of them.
        """
        calls = self._calls
        for batch in batches:
            for name in self.inputs:
                if name not in batch:
                    raise UsageError(f"{_WHO}: the batch lacks the source {name!r}; {nearest(name, batch)}")
        for run in alike(batches, self.inputs, room or len(batches)) if calls else [[batch] for batch in batches]:
            if calls:
                calls.stacked(run, self.steps_given, room or len(batches))
            else:
                self._step(*(run[0][name] for name in self.inputs), np.asarray(self.steps_given, "int32"))
            self.steps_given += len(run)

    def hold(self, stream) -> Held | None:
        """Put a stream's examples on the device, for `process_rows`; None where batches must be read instead."""
        return None if self._calls is None else hold(stream, self._step._placement, self._step._jitted.x64)

    def process_rows(self, held: Held, rows: np.ndarray, room: int | None = None) -> None:
        """A step for each row of examples' numbers (steps, examples) of a stream that is held on the device."""
        self._calls.gathered(held, rows, self.steps_given, room or len(rows))
        self.steps_given += len(rows)

    def export(self, batch: Mapping[str, np.ndarray], platforms=("cuda",)):
        """The compiled step lowered for other platforms, for batches of this shape (`jax.export.Exported`)."""
        if self._step is None:
            self._compile()
        return self._step.export(*(batch[name] for name in self.inputs), np.int32(0), platforms=platforms)

    def check(self) -> int | None:
        """Wait for all steps: None if each was finite, else the number (from 1) of the first that was not."""
        done = int(self.steps_done.get_value())
        return None if done == self.steps_given else done + 1

    def rewind(self) -> None:
        """Forget the bad step and those handed over after it, so that training may go on from before it."""
        self.steps_given = int(self.steps_done.get_value())

    def explain(self, batch: Mapping[str, np.ndarray]) -> str:
        """Replay the bad step on its batch, all variables visible, and name the first that is not finite."""
        results = {"the cost": self.cost}
        results |= {f"the gradient of {name}": self.gradients[p] for name, p in self.parameters.items()}
        results |= {variable.name: variable for variable in self.step_rule.watched}
        results |= {f"the step of {name}": self.steps[p] for name, p in self.parameters.items()}
        updates = dict(self._rule_updates) | self._training_updates | self._projected()
        results |= {f"the new value of {variable.name}": new for variable, new in updates.items()}
        names = {variable: name for name, variable in reversed(results.items())}
        results |= {f"the square of {names[v]}": v**2 for v in self._watched()}
        return first_not_finite(results, self._inputs, batch)

    def read_monitored(self, reset: bool = True) -> dict[str, float | list]:
        """What was monitored since the last reset; empty if there was no step."""
        return {} if self._accumulators is None else self._accumulators.read(reset)

    def state_dict(self) -> dict:
        """Everything that a step changes: parameters, buffers, step rule, random states, means so far."""
        return {
            "steps": int(self.steps_done.get_value()),
            "parameters": read_values(self.parameters),
            "buffers": read_values(self.buffers),
            "updates": read_values(self._named_updates()),
            "step_rule": self.step_rule.state_dict(),
            "random": read_values(self._named_random()),
            "monitored": self._make_accumulators().state_dict(),
        }

    def load_state_dict(self, state: Mapping) -> None:
        """Go to a saved state. CheckpointError where it is another algorithm's."""
        missing = _STATE - set(state)
        if missing:
            raise CheckpointError(f"{_WHO}: the state lacks {', '.join(sorted(missing))}; is it another kind's?")
        write_values(self.parameters, state["parameters"], f"{_WHO}, parameters")
        write_values(self.buffers, state["buffers"], f"{_WHO}, buffers")
        write_values(self._named_updates(), state["updates"], f"{_WHO}, updates")
        self.step_rule.load_state_dict(state["step_rule"])
        write_values(self._named_random(), state["random"], f"{_WHO}, random states")
        self._make_accumulators().load_state_dict(state["monitored"])
        self.steps_done.set_value(np.asarray(state["steps"], "int32"))
        self.steps_given = int(state["steps"])

    def _named_updates(self) -> dict:
        kept = [v for v in self._updates if v not in self.parameters.values() and v not in self.buffers.values()]
        return named_parameters(kept)

    def _named_random(self) -> dict:
        return named_parameters(v for state in self._random for v in (state.root, state.step))

    def _make_accumulators(self) -> Accumulators:
        if self._accumulators is None:
            self._accumulators = Accumulators(self.monitored, "train")
        return self._accumulators

    def _compile(self) -> None:
        steps = [*self._new_values.values(), *self.steps.values(), *(new for _, new in self._rule_updates)]
        claim(steps, Part("step rule", type(self.step_rule).__name__), self.gradients.values())
        updates = list(self._new_values.items())
        updates += [*self._rule_updates, *self._training_updates.items(), *self._updates.items()]
        updates += self._make_accumulators().updates(self._example_axis)
        updates.append((self.steps_done, self.steps_done + np.int32(1)))
        _check_updates(updates)
        expected = pt.iscalar("steps that must be done")
        guard = pt.eq(expected, self.steps_done) & all_finite(self._watched())
        claim([guard], Part("guard", "whether all is finite"), self._watched())
        self._step = engine.function(
            [*self._inputs.values(), expected],
            updates=dict(updates),
            guard=guard,
            host=False,
            name="training step",
        )

    def _watched(self) -> list:
        """What must be finite. Gradients lie in memory anyway; to look at steps and buffers costs more."""
        watched = [self.cost, *self._training_updates.values(), *self.step_rule.watched, *self._projected().values()]
        if self.step_rule.keeps_finite:
            return watched + list(self.gradients.values())
        return watched + list(self.steps.values()) + [new for _, new in self._rule_updates]

    @cached_property
    def _new_values(self) -> dict:
        """What a step makes of each parameter."""
        return {p: projected(p, (p - step).astype(p.type.dtype)) for p, step in self.steps.items()}

    def _projected(self) -> dict:
        """Those of the new values that projections made: a projection may divide by 0."""
        return {p: new for p, new in self._new_values.items() if projections_of(p)}


_WHO = "GradientDescent"
_STATE = {"steps", "parameters", "buffers", "updates", "step_rule", "random", "monitored"}


def _check_cost(cost) -> None:
    if not isinstance(cost, pt.TensorVariable) or cost.type.ndim or not cost.type.dtype.startswith("float"):
        raise UsageError(
            f"{_WHO}: the cost must be a symbolic scalar of floats, got {getattr(cost, 'type', cost)!s}; "
            "take the mean over the batch"
        )


def _chosen_parameters(graph: ComputationGraph) -> list:
    found = graph.parameters or [v for v in graph.shared_variables if str(v.type.dtype).startswith("float")]
    if not found:
        raise UsageError(f"{_WHO}: there is nothing to train: the cost depends on no shared variable of floats")
    return found


def _check_parameters(parameters: Iterable, cost) -> dict:
    graph = ComputationGraph(cost)
    for parameter in parameters:
        if not (isinstance(parameter, SharedVariable) and str(parameter.type.dtype).startswith("float")):
            got = f"{parameter} ({getattr(parameter, 'type', type(parameter).__name__)})"
            raise UsageError(f"{_WHO}: a parameter must be a shared variable of floats, got {got}")
    named = named_parameters(parameters)
    for name, parameter in named.items():
        if parameter not in graph.shared_variables:
            raise UsageError(f"{_WHO}: the cost does not depend on parameter {name!r}; leave it out of `parameters`")
    return named


def _gradients(cost, parameters: Mapping) -> dict:
    try:
        gradients = engine.grad(cost, list(parameters.values()))
    except DisconnectedInputError:
        ignored = dict(disconnected_inputs="ignore", return_disconnected="none")
        found = zip(parameters, engine.grad(cost, list(parameters.values()), **ignored), strict=True)
        without = [name for name, gradient in found if gradient is None]
        raise UsageError(
            f"{_WHO}: the cost has no gradient for {', '.join(without)}; leave it out, or let the cost depend on it"
        ) from None
    return {p: g.astype(p.type.dtype) for p, g in zip(parameters.values(), gradients, strict=True)}


def _check_updates(updates: list) -> None:
    seen = set()
    for variable, _ in updates:
        if variable in seen:
            raise UsageError(f"{_WHO}: {variable} is updated twice: by training and by `updates`; leave one out")
        seen.add(variable)
