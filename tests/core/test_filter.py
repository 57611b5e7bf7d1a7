"""VariableFilter and ComputationGraph: what is found, and what is not."""

import re

import numpy as np
import pytensor.tensor as pt
import pytest

from bricks import ComputationGraph, VariableFilter, engine, named_parameters
from bricks.errors import UsageError
from bricks.graph import annotations_of
from bricks.layers import MLP, BatchNormalization, CategoricalCrossEntropy, Dropout, Linear, Sequence, Tanh
from bricks.roles import BIAS, BUFFER, COST, INPUT, NOISE, OUTPUT, PARAMETER, WEIGHT


@pytest.fixture(scope="module")
def net():
    x, t = pt.fmatrix("x"), pt.ivector("t")
    mlp = MLP([Sequence([Tanh(), Dropout(0.5)], name="hidden"), None], [4, 3, 2], seed=1)
    first, again = mlp(x), mlp(2 * x)
    cost = CategoricalCrossEntropy()(t, first + again)
    return mlp, cost, ComputationGraph(cost)


def names(variables):
    return [v.name for v in variables]


CASES = {
    "role": (dict(role=WEIGHT), ["mlp/linear_0/W", "mlp/linear_1/W"]),
    "role finds its kinds": (
        dict(role=PARAMETER),
        ["mlp/linear_0/W", "mlp/linear_0/b", "mlp/linear_1/W", "mlp/linear_1/b"],
    ),
    "any of several roles": (
        dict(role=[BIAS, COST]),
        ["mlp/linear_0/b", "mlp/linear_1/b", "categorical_cross_entropy.output"],
    ),
    "class": (dict(brick=Tanh, role=OUTPUT), ["mlp/hidden/tanh.output", "mlp/hidden/tanh#1.output"]),
    "a class finds its subclasses": (
        dict(brick=Sequence, role=INPUT, call=re.compile("[^#]*")),
        ["mlp.input", "mlp/hidden.input"],
    ),
    "path": (dict(brick="mlp/linear_1", role=BIAS), ["mlp/linear_1/b"]),
    "pattern of paths": (
        dict(brick=re.compile("mlp/linear_[01]"), name="W"),
        ["mlp/linear_0/W", "mlp/linear_1/W"],
    ),
    "a pattern must match in full": (dict(brick=re.compile("linear_0")), []),
    "full name": (dict(name="mlp/linear_1/b"), ["mlp/linear_1/b"]),
    "own name": (dict(name="noise"), ["mlp/hidden/dropout.noise", "mlp/hidden/dropout#1.noise"]),
    "pattern of names": (
        dict(name=re.compile(r".*tanh.*\.output")),
        ["mlp/hidden/tanh.output", "mlp/hidden/tanh#1.output"],
    ),
    "name of an input without brick": (dict(name="x"), ["x"]),
    "call": (dict(call="mlp/linear_1#1", role=OUTPUT), ["mlp/linear_1#1.output"]),
    "call and brick": (
        dict(brick=Dropout, role=NOISE, call=re.compile(".*#1")),
        ["mlp/hidden/dropout#1.noise"],
    ),
    "conditions on one annotation": (dict(brick=Tanh, name="mlp.output"), []),
    "nothing": (dict(role=BUFFER), []),
}


@pytest.mark.parametrize("conditions, expected", CASES.values(), ids=CASES)
def test_variables_are_found_by(conditions, expected, net):
    _, _, graph = net
    assert sorted(names(VariableFilter(**conditions)(graph.variables))) == sorted(expected)


def test_variables_are_found_by_the_brick_itself_and_by_the_call_itself(net):
    mlp, cost, graph = net
    assert names(VariableFilter(brick=mlp.linears[0], role=PARAMETER)(graph.variables)) == [
        "mlp/linear_0/W",
        "mlp/linear_0/b",
    ]
    twin = MLP([Tanh(), None], [4, 3, 2], seed=1)
    assert VariableFilter(brick=twin)(graph.variables) == []
    (annotation,) = annotations_of(cost)
    assert names(VariableFilter(call=annotation.call)(graph.variables)) == [
        "categorical_cross_entropy.targets",
        "categorical_cross_entropy.logits",
        "categorical_cross_entropy.output",
    ]


@pytest.mark.parametrize(
    "condition",
    [dict(role="WEIGHT"), dict(brick=3), dict(name=3), dict(call=Tanh), dict(role=[WEIGHT, None])],
)
def test_a_condition_that_nothing_could_meet_is_refused(condition):
    with pytest.raises(UsageError, match="VariableFilter: .* cannot be a (role|brick|name|call)"):
        VariableFilter(**condition)


def test_variables_come_in_the_order_of_computation(net):
    _, cost, graph = net
    position = {v: i for i, v in enumerate(graph.variables)}
    assert graph.variables[-1] is cost and len(position) == len(graph.variables)
    for v in graph.variables:
        if v.owner:
            assert all(position[source] < position[v] for source in v.owner.inputs)


def test_the_graph_tells_inputs_parameters_buffers_and_constants_apart():
    x = pt.fmatrix("x")
    normalization = BatchNormalization(3)
    bare = engine.shared(np.zeros(3, "float32"), name="bare")
    graph = ComputationGraph([normalization(x) + bare * 3, pt.fscalar("unused_by_the_first")])
    assert names(graph.inputs) == ["x", "unused_by_the_first"]
    assert set(graph.parameters) == {normalization.scale, normalization.shift}
    assert set(graph.buffers) == {normalization.population_mean, normalization.population_variance}
    assert set(graph.shared_variables) == {*graph.parameters, *graph.buffers, bare}


def test_updates_are_part_of_the_graph():
    x, total = pt.fscalar("x"), engine.shared(np.float32(0), name="total")
    graph = ComputationGraph(2 * x, updates={total: total + pt.fscalar("y")})
    assert set(names(graph.inputs)) == {"x", "y"} and graph.shared_variables == [total]
    assert list(graph.updates) == [total]


def test_a_graph_deeper_than_pythons_stack_is_walked():
    y = pt.fscalar("x")
    for _ in range(1500):
        y = y + 1
    graph = ComputationGraph(y)
    assert len([v for v in graph.variables if v.owner]) == 1500


@pytest.mark.parametrize("outputs", [None, 3, ["x"], [pt.fscalar(), None]])
def test_outputs_that_are_not_symbolic_are_refused(outputs):
    with pytest.raises(UsageError, match="ComputationGraph: outputs must be a symbolic variable, or a list"):
        ComputationGraph(outputs)


def test_parameters_are_named_by_path_and_bare_shared_variables_by_name():
    linear = Linear(2, 2, name="a")
    linear.W.name = "renamed by hand"
    bare = engine.shared(np.zeros(3), name="bare")
    assert named_parameters([linear.W, bare]) == {"a/W": linear.W, "bare": bare}


def test_parameters_without_a_name_or_with_the_same_are_refused():
    with pytest.raises(UsageError, match="every shared variable must have a name"):
        named_parameters([engine.shared(np.zeros(3))])
    with pytest.raises(UsageError, match="two called 'linear/W'; give their bricks different names"):
        named_parameters([Linear(2, 2).W, Linear(2, 2).W])
    w = Linear(2, 2).W
    assert named_parameters([w, w]) == {"linear/W": w}
