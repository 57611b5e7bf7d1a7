"""One-pass replacement: what is meant by what, and what is refused."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pytensor.graph.basic import Constant

from bricks import VariableFilter, engine, replace
from bricks.errors import ShapeError, UsageError
from bricks.graph import annotations_of, walk
from bricks.layers import MLP, Tanh
from bricks.roles import OUTPUT


def evaluate(variable, given=None):
    """The value of a graph of element-wise nodes over scalars, node by node, without compiling."""
    found = dict(given or {})
    for v in walk([variable]):
        if isinstance(v, Constant):
            found[v] = v.data.item()
        elif v.owner is not None:
            found[v] = v.owner.op.scalar_op.impl(*(found[i] for i in v.owner.inputs))
    return found[variable]


def scalars(names):
    return [pt.dscalar(name) for name in names]


def test_a_replacement_may_refer_to_what_it_replaces():
    x = pt.dscalar("x")
    h = x * 2
    assert evaluate(replace(h + 1, {h: h * 10}), {x: 3}) == 61
    assert evaluate(replace(x + 1, {x: x * 10}), {x: 3}) == 31


def test_replacements_behind_one_another_are_all_made():
    x = pt.dscalar("x")
    a = x * 2
    b = a + 1
    c = b * b
    new = replace(c + 1, [(c, c + 1000), (a, a * 10), (b, b + 100)])
    assert evaluate(new, {x: 3}) == ((3 * 2 * 10) + 1 + 100) ** 2 + 1000 + 1


def test_another_replaced_variable_in_a_replacement_means_its_new_version():
    x, y = scalars("xy")
    a = x * 2
    b = y + 1
    assert evaluate(replace(b, {b: b * a, a: a + 100}), {x: 3, y: 4}) == 5 * 106


def test_what_lies_behind_a_replacement_and_is_replaced_counts_even_if_the_outputs_do_not_use_it():
    x, z = scalars("xz")
    assert evaluate(replace(x + 1, {x: z * 2, z: z + 50}), {z: 1}) == 103


def test_an_input_can_be_replaced_by_something_computed_from_the_outputs():
    x = pt.dscalar("x")
    y = x * 3 + 1
    assert evaluate(replace(y, {x: y}), {x: 2}) == 3 * 7 + 1
    # An adversarial input, x + 0.1 dy/dx, in a graph with a replacement between.
    h = x * x
    y = h + 5
    both = replace(y, {x: x + 0.1 * pytensor.grad(y, x), h: h * 2})
    assert evaluate(both, {x: 2}) == pytest.approx(2 * (2 + 0.1 * 4) ** 2 + 5)


def test_the_given_graph_and_what_is_not_affected_stay_the_same_objects():
    x, y = scalars("xy")
    a, b = x + 1, y + 1
    c = a * b
    new = replace([c, b], {a: a + 1})
    assert evaluate(c, {x: 1, y: 1}) == 4 and evaluate(new[0], {x: 1, y: 1}) == 6
    assert new[1] is b and new[0].owner.inputs[1] is b


def test_one_use_of_a_variable_can_be_replaced_without_the_others():
    x = pt.fmatrix("x")
    tanh = Tanh()
    y = tanh(x) + x
    (use,) = VariableFilter(name="tanh.input")(walk([y]))
    new = replace(y, {use: pt.zeros_like(use)})
    assert new.eval({x: [[3.0]]}, mode="FAST_COMPILE").item() == 3


def test_names_tags_and_roles_of_rebuilt_variables_are_kept():
    x = pt.fmatrix("x")
    mlp = MLP([Tanh(), None], [4, 3, 2])
    y = mlp(x)
    (hidden,) = VariableFilter(name="mlp/linear_0.output")(walk([y]))
    new = replace(y, {hidden: hidden * 2})
    tanh = mlp.children[1]
    (old_tanh,) = VariableFilter(brick=tanh, role=OUTPUT)(walk([y]))
    (new_tanh,) = VariableFilter(brick=tanh, role=OUTPUT)(walk([new]))
    assert new_tanh is not old_tanh and new_tanh.name == "mlp/tanh.output"
    assert annotations_of(new_tanh) == annotations_of(old_tanh)
    assert new.name == "mlp.output"
    # Also where knowing more of a shape makes the nodes be made anew and not copied.
    known = replace(y, {x: pt.matrix("z", dtype="float32", shape=(5, 4))})
    assert (known.name, known.type.shape) == ("mlp.output", (5, 2))
    assert [v.name for v in VariableFilter(role=OUTPUT)(walk([known]))] == [
        v.name for v in VariableFilter(role=OUTPUT)(walk([y]))
    ]


@pytest.mark.parametrize("kind", [list, tuple])
def test_outputs_come_back_as_they_came(kind):
    x, y = scalars("xy")
    new = replace(kind([x + 1, y]), {x: y})
    assert type(new) is kind and evaluate(new[0], {y: 5}) == 6 and new[1] is y
    named = replace({"a": x + 1, "b": x}, {x: y})
    assert list(named) == ["a", "b"] and named["b"] is y


def test_an_output_with_several_siblings_is_rebuilt_once():
    x, y = pt.dvector("x"), pt.dvector("y")
    parts = pt.split(x, [1, 2])
    new = replace(list(parts), {x: y})
    assert new[0].owner is new[1].owner and [v.index for v in new] == [0, 1]


def test_numbers_and_arrays_stand_in_for_variables():
    x = pt.matrix("x", dtype="float32", shape=(None, 2))
    new = replace(x + 1, {x: np.ones((3, 2))})
    assert new.type.shape == (3, 2) and new.type.dtype == "float32"
    s = pt.fscalar("s")
    assert evaluate(replace(s + 1, {s: 3})) == 4


def test_a_replacement_of_more_known_shape_makes_the_graph_know_more():
    x = pt.matrix("x", shape=(None, 3))
    y = pt.tanh(x).sum(axis=1)
    assert replace(y, {x: pt.matrix("z", shape=(5, 3))}).type.shape == (5,)
    # And one of less known shape is held to what was known.
    assert replace(x, {x: pt.matrix("z")}).type.shape == (None, 3)


def test_a_graph_deeper_than_pythons_stack_is_rebuilt():
    x, z = scalars("xz")
    y = x
    for _ in range(1500):
        y = y + 1
    assert evaluate(replace(y, {x: z}), {z: 0}) == 1500


def test_many_replacements_in_a_row_take_one_pass():
    x = pt.dscalar("x")
    steps, y = [], x
    for _ in range(60):
        y = y + y  # doubling, so that anything but one visit of each variable would never end
        steps.append(y)
    new = replace(steps, {v: v + 1 for v in steps})
    value = 0.0
    for _ in range(60):
        value = value * 2 + 1
    assert evaluate(new[-1], {x: 0.0}) == value
    assert len(walk(new)) < 4 * len(walk(steps))


# What is refused.


def test_a_variable_that_is_not_in_the_graph_is_refused_with_the_nearest_name():
    x, stranger = pt.fmatrix("x"), pt.fmatrix("mlp.outputs")
    y = MLP([None], [4, 3])(x)
    with pytest.raises(
        UsageError, match="mlp.outputs is not in the graph of the given outputs; did you mean 'mlp.output'"
    ):
        replace(y, {stranger: stranger * 2})
    with pytest.raises(UsageError, match="not in the graph"):
        replace(x * 2, {x: x + 1, stranger: x})


def test_replacements_that_refer_to_each_other_are_refused():
    x, y = scalars("xy")
    with pytest.raises(UsageError, match="the replacements of x, y refer to each other; .* in two calls"):
        replace(x - y, {x: y, y: x})
    a, b, c = x + 1, x + 2, y + 3
    with pytest.raises(UsageError, match="refer to each other"):
        replace(a + b + c, {a: b * 2, b: c * 2, c: a * 2})


@pytest.mark.parametrize(
    "make, error, message",
    [
        (
            lambda x: {x: pt.dmatrix("d")},
            UsageError,
            "x: what replaces it must be float32, got .*float64.*cast it",
        ),
        (
            lambda x: {x: pt.fvector("v")},
            ShapeError,
            r"x: what replaces it must have shape \(None, 3\), got \(None,\)",
        ),
        (lambda x: {x: pt.matrix("z", dtype="float32", shape=(None, 4))}, ShapeError, r"got \(None, 4\)"),
        (lambda x: {"x": x}, UsageError, "keys must be symbolic variables, got str 'x'"),
    ],
)
def test_a_replacement_that_does_not_fit_is_refused(make, error, message):
    x = pt.matrix("x", dtype="float32", shape=(None, 3))
    with pytest.raises(error, match=message):
        replace(x * 2, make(x))


def test_a_variable_inside_a_recurrence_is_refused_with_the_way_out():
    x, kept = pt.fmatrix("x"), []

    def step(row, state):
        kept.append(pt.tanh(row + state))
        return kept[-1]

    states = engine.scan(step, sequences=[x], outputs_info=[np.zeros(3, "float32")])
    scan = next(v for v in walk([states]) if v.owner and hasattr(v.owner.op, "inner_outputs")).owner
    inside = scan.op.inner_outputs[0]
    with pytest.raises(UsageError, match="is inside the recurrence Scan.*give it to the recurrence as a sequence"):
        replace(states, {inside: inside * 2})
    with pytest.raises(
        UsageError, match="not in the graph.*in the step of a recurrence, give it to that as a sequence"
    ):
        replace(states, {kept[0]: kept[0] * 2})
    assert replace(states, {x: 2 * x}).type == states.type


# The meaning, over all small graphs: as a direct recursion says it.


@st.composite
def programs(draw):
    """(nodes, replacements): a node joins two earlier ones; a replacement adds any two nodes and 1."""
    count = draw(st.integers(2, 7))
    nodes = [None, None]
    for i in range(2, count + 2):
        nodes.append((draw(st.sampled_from("+*")), draw(st.integers(0, i - 1)), draw(st.integers(0, i - 1))))
    index = st.integers(0, count + 1)
    replaced = draw(st.lists(index, max_size=4, unique=True))
    return nodes, {i: (draw(st.just(i) | index), draw(st.just(i) | index)) for i in replaced}


@settings(max_examples=300, deadline=None)
@given(programs())
def test_replacement_means_what_a_direct_recursion_says(program):
    nodes, replaced = program
    variables = scalars("xy")
    for op, a, b in nodes[2:]:
        a, b = variables[a], variables[b]
        variables.append(a + b if op == "+" else a * b)
    inputs = {variables[0]: 1.25, variables[1]: -0.5}

    def value(i, off=frozenset()):
        if i in replaced and i not in off:
            a, b = replaced[i]
            return value(a, off | {i}) + value(b, off | {i}) + 1
        if i < 2:
            return list(inputs.values())[i]
        op, a, b = nodes[i]
        a, b = value(a, off), value(b, off)
        return a + b if op == "+" else a * b

    def named(i):
        """The replaced variables that node i names, itself if it is one."""
        return {i} if i in replaced else set() if i < 2 else named(nodes[i][1]) | named(nodes[i][2])

    def followed_from(i, seen=()):
        further = {j for part in replaced[i] for j in named(part) if j != i}
        return further.union(*(followed_from(j, (*seen, i)) for j in further if j not in seen))

    circular = any(i in followed_from(i) for i in replaced)
    pairs = {variables[i]: variables[a] + variables[b] + 1.0 for i, (a, b) in replaced.items()}
    if circular:
        with pytest.raises(UsageError, match="refer to each other"):
            replace(variables, pairs)
        return
    for i, variable in enumerate(replace(variables, pairs)):
        assert evaluate(variable, inputs) == pytest.approx(value(i), rel=1e-9)
