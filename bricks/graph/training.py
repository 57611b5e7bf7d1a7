"""From the graph of inference, which models build, to the graph of training.

Some variables are one thing at inference and another in training: noise is its expected value, then a sample;
the statistics of a normalisation are the population's, then the batch's. Such a variable is made by
`in_training`; it carries what replaces it, and `training_graph` replaces all of them in one pass.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import pytensor.scalar as ps
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Variable
from pytensor.tensor.elemwise import Elemwise

from bricks.engine.provenance import claim, origin_of
from bricks.errors import UsageError
from bricks.graph.annotations import annotations_of
from bricks.graph.rebuild import InTraining, Rebuild, Replacement, all_sources, as_type_of, training_record
from bricks.graph.walk import inner_graphs, unpack, walk
from bricks.roles import NOISE, Role, add_role, has_roles


class _InferenceValue(ps.Identity):
    """An identity that can be told from others where tags are lost: inside a recurrence."""


_inference_value = Elemwise(_InferenceValue(ps.same_out, name="inference_value"))


class TrainingGraph(NamedTuple):
    """Outputs for training, and the updates {shared variable: new value} that go with them."""

    outputs: Any
    updates: dict[Variable, Variable]


def in_training(value: Variable, instead: Callable, inputs: Sequence[Variable], role: Role = NOISE) -> Variable:
    """A variable that is `value`, and in the training graph is `instead(*inputs)`.

    Parameters
    ----------
    value : variable
        For inference: the expected value of a noise, a population's statistic.
    instead : callable
        Called by `training_graph` with the training versions of `inputs`; gives the variable, or the pair
        (variable, updates) with updates {shared variable: new value}. It is called as late as that so that
        a brick can find its root's random state.
    inputs : sequence of variables
        All of the graph that `instead` needs.
    role : Role
        NOISE or BATCH_STATISTIC.

    >>> import pytensor.tensor as pt
    >>> from pytensor.printing import pprint
    >>> x, noise = pt.vector("x"), pt.vector("noise")
    >>> y = pt.exp(in_training(x, lambda x: x + noise, [x]))
    >>> pprint(y), pprint(training_graph(y).outputs)
    ('Exp(Inference_value(x))', 'Exp((x + noise))')
    """
    variable = _inference_value(value)
    variable.tag.in_training = InTraining(tuple(inputs), instead)
    add_role(variable, role)
    return variable


def training_graph(outputs) -> TrainingGraph:
    """The outputs as they are in training, with the updates that go with them.

    Take gradients of what comes out, not before: a gradient taken of the inference graph does not know that
    a batch's statistics depend on the parameters.

    Parameters
    ----------
    outputs : variable, or list, tuple or dict of variables
        Of the inference graph. All that one compiled function needs go in together, so that they share
        samples and statistics.

    Returns
    -------
    TrainingGraph
        `outputs` as they came, and `updates`, a dict.

    Raises
    ------
    UsageError
        If a brick would update its statistics twice, if two noises would be equal because their bricks have
        one path, or if noise is inside a recurrence.

    >>> import pytensor.tensor as pt
    >>> from bricks.layers import BatchNormalization
    >>> outputs, updates = training_graph(BatchNormalization(3)(pt.matrix("x", dtype="float32")))
    >>> list(updates)
    [batch_normalization/population_mean, batch_normalization/population_variance]
    """
    variables, pack = unpack(outputs, "training_graph")
    present = walk(variables, all_sources)
    switched = [v for v in present if training_record(v)]
    _check_recurrences(present)
    _check_streams(switched)
    updates: dict[Variable, Variable] = {}
    rebuild = Rebuild(variables, {v: _replacement(v, updates) for v in switched})
    return TrainingGraph(pack([rebuild(v) for v in variables]), updates)


def _replacement(variable: Variable, updates: dict) -> Replacement:
    record = training_record(variable)

    def make(*inputs):
        new = record.instead(*inputs)
        new, own = new if isinstance(new, tuple) else (new, {})
        _add_updates(updates, own, variable)
        if origin := origin_of(variable):
            claim([new, *own.values()], origin.maker, inputs)
        # A copy, since `instead` may return a variable that has a name and tags of its own.
        new = new.copy(name=variable.name)
        new.tag.annotations, new.tag.roles = annotations_of(variable), variable.tag.roles
        return new

    return Replacement(record.inputs, make)


def _add_updates(updates: dict, own: Mapping, variable: Variable) -> None:
    for shared, new in own.items():
        if not isinstance(shared, SharedVariable):
            raise UsageError(f"training_graph: {variable} can only update shared variables, got {shared}")
        if shared in updates:
            raise UsageError(
                f"training_graph: {shared} would be updated twice, because its brick is applied more than "
                "once (or to inputs that were replaced) in one training graph; give each application a brick "
                "of its own"
            )
        updates[shared] = as_type_of(shared, new)


def _check_recurrences(present: list[Variable]) -> None:
    for node, inside in inner_graphs(present).items():
        for variable in inside:
            if variable.owner is not None and variable.owner.op == _inference_value:
                raise UsageError(
                    f"training_graph: {variable} is inside the recurrence {node.op}, where its version for "
                    "training cannot be put in; apply dropout and normalisation outside, or give noise to "
                    "the recurrence as a sequence"
                )


def _check_streams(switched: list[Variable]) -> None:
    """Two calls of one name would draw the same numbers."""
    calls: dict[str, Any] = {}
    for variable in switched:
        if not has_roles(variable, NOISE):
            continue
        for call in (a.call for a in annotations_of(variable) if a.call is not None):
            if calls.setdefault(call.name, call) is not call:
                raise UsageError(
                    f"training_graph: two bricks have the path {call.brick.path!r} and would draw the same "
                    "noise; give them different names, or one parent that tells them apart"
                )
