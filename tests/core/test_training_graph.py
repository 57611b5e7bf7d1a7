"""The graph of training: all switched variables in one pass, with their updates."""

import numpy as np
import pytensor.tensor as pt
import pytest

from bricks import ComputationGraph, VariableFilter, engine, replace, training_graph
from bricks.errors import UsageError
from bricks.graph import in_training, walk
from bricks.layers import BatchNormalization, Dropout, Linear, Sequence, Tanh
from bricks.roles import BATCH_STATISTIC, NOISE, has_roles

FLOAT = "float32"


def counter(name="count"):
    return engine.shared(np.float32(0), name=name)


def test_a_switched_variable_is_its_value_and_in_training_the_other_with_its_updates():
    x, count = pt.fscalar("x"), counter()
    y = in_training(x * 2, lambda x: (x * 100, {count: count + x}), [x]) + 1
    trained, updates = training_graph(y)
    assert y.eval({x: 3.0}, mode="FAST_COMPILE") == 7
    assert trained.eval({x: 3.0}, mode="FAST_COMPILE") == 301
    assert list(updates) == [count] and updates[count].eval({x: 3.0}, mode="FAST_COMPILE") == 3


def test_switched_variables_behind_one_another_are_all_replaced_and_updates_see_the_training_graph():
    x, first, second = pt.fscalar("x"), counter("first"), counter("second")
    a = in_training(x, lambda x: (x + 10, {first: x}), [x])
    b = in_training(a * 2, lambda a: (a * 1000, {second: a}), [a])
    graph = training_graph({"b": b, "a": a})
    f = engine.function([x], [graph.outputs["b"], graph.outputs["a"]], updates=graph.updates)
    assert f(3.0) == [13000, 13]
    assert (first.get_value(), second.get_value()) == (3, 13)


def test_the_training_version_follows_an_earlier_replacement_of_what_it_is_made_from():
    x, z = pt.fscalar("x"), pt.fscalar("z")
    value = engine.shared(np.float32(5), name="population")
    y = in_training(value, lambda x: x * 100, [x], BATCH_STATISTIC) + x
    replaced = replace(y, {x: x + z})
    assert replaced.eval({x: 1.0, z: 2.0}, mode="FAST_COMPILE") == 5 + 3
    assert training_graph(replaced).outputs.eval({x: 1.0, z: 2.0}, mode="FAST_COMPILE") == 300 + 3


def test_two_versions_of_one_switched_variable_after_a_replacement_stay_two():
    u = pt.fscalar("u")
    x = u * 1
    value = engine.shared(np.float32(5), name="population")
    y = in_training(value, lambda x: x * 100, [x], BATCH_STATISTIC) + x
    # y(x) = 100 x + x in training, so y(y(x)) = 101 * 101 x.
    fed_back = replace(y, {x: y})
    also_moved = replace(y, {x: y, u: u + 1})
    trained = training_graph([fed_back, also_moved]).outputs
    f = engine.function([u], trained, mode="FAST_COMPILE")
    assert f(1.0) == [101 * 101, 101 * 101 * 2]


def test_replacing_the_switched_variable_itself_takes_precedence():
    x = pt.fscalar("x")
    noise = in_training(x, lambda x: x * 100, [x])
    new = replace(noise + 1, {noise: x * 7})
    assert training_graph(new).outputs.eval({x: 1.0}, mode="FAST_COMPILE") == 8
    kept = replace(noise + 1, {noise: noise * 7})
    assert training_graph(kept).outputs.eval({x: 1.0}, mode="FAST_COMPILE") == 701


def test_a_graph_without_switched_variables_comes_back_as_it_is():
    x = pt.fmatrix("x")
    y = Linear(3, 2)(x)
    assert training_graph(y) == (y, {})


def test_the_training_graph_keeps_names_tags_and_parameters_and_has_nothing_left_to_switch():
    x = pt.fmatrix("x")
    net = Sequence([Linear(4, 3), BatchNormalization(3), Tanh(), Dropout(0.5)], name="net", seed=1)
    y = net(x)
    graph = training_graph(y)
    before, after = ComputationGraph(y), ComputationGraph(graph.outputs)
    assert graph.outputs.name == "net.output"
    assert set(after.parameters) == set(before.parameters) and after.buffers == []
    for role in (NOISE, BATCH_STATISTIC):
        old = VariableFilter(role=role)(before.variables)
        new = VariableFilter(role=role)(after.variables)
        assert [v.name for v in old] == [v.name for v in new] != []
        assert not set(old) & set(new)
    again = training_graph(graph.outputs)
    assert again.outputs is graph.outputs and again.updates == {}


def test_a_brick_that_would_update_twice_is_refused():
    x = pt.fmatrix("x")
    normalization = BatchNormalization(3, name="bn")
    with pytest.raises(
        UsageError, match="bn/population_mean would be updated twice, because its brick is applied more"
    ):
        training_graph(normalization(x) + normalization(2 * x))
    training_graph([normalization(x), normalization.scale * 2])


def test_two_noises_of_one_path_are_refused_and_of_two_paths_are_not():
    x = pt.fmatrix("x")
    with pytest.raises(UsageError, match="two bricks have the path 'dropout' and would draw the same noise"):
        training_graph(Dropout(0.5, seed=1)(x) + Dropout(0.5, seed=1)(x))
    first, second = Dropout(0.5, seed=1), Dropout(0.5, seed=1, name="other")
    training_graph(first(x) + first(x) + second(x))
    two = Sequence([Dropout(0.5), Dropout(0.5)], seed=1)
    training_graph(two(x) + two(x))


@pytest.mark.parametrize("make", [lambda: Dropout(0.5, seed=1), lambda: BatchNormalization(3, seed=1)])
def test_a_switched_variable_inside_a_recurrence_is_refused_with_the_way_out(make):
    x, brick = pt.ftensor3("x"), make()
    y = engine.scan(lambda row: brick(row), sequences=[x])
    with pytest.raises(
        UsageError, match="is inside the recurrence .*; apply dropout and normalisation outside, or give"
    ):
        training_graph(y.sum())


def test_updates_must_be_of_shared_variables_and_of_their_type():
    x, count = pt.fscalar("x"), counter()
    with pytest.raises(UsageError, match="can only update shared variables, got x"):
        training_graph(in_training(x, lambda x: (x, {x: x}), [x]))
    with pytest.raises(UsageError, match="count: what replaces it must be float32, got .*float64"):
        training_graph(in_training(x, lambda x: (x, {count: pt.dscalar()}), [x]))


def test_a_training_version_of_another_dtype_is_refused():
    x = pt.fscalar("x")
    with pytest.raises(UsageError, match="must be float32"):
        training_graph(in_training(x, lambda x: x.astype("float64"), [x]))


def test_gradients_of_the_training_graph_go_through_the_training_version():
    x = pt.fscalar("x")
    trained = training_graph(in_training(x, lambda x: x * x, [x])).outputs
    assert engine.grad(trained, x).eval({x: 3.0}, mode="FAST_COMPILE") == 6


def test_a_training_version_that_is_a_variable_of_the_graph_does_not_change_its_name():
    x = pt.fscalar("x")
    y = in_training(x * 2, lambda x: x, [x])
    y.name = "noise"
    trained = training_graph(y + 1).outputs
    assert x.name == "x" and not has_roles(x, NOISE)
    assert [v.name for v in walk([trained]) if has_roles(v, NOISE)] == ["noise"]
