"""Applying a brick: tags on what goes in and out, calls, names, and nothing left of it once compiled."""

from typing import NamedTuple

import numpy as np
import pytensor.tensor as pt
import pytest
from pytensor.tensor.elemwise import Elemwise

import bricks
from bricks import Brick, engine
from bricks.errors import UsageError
from bricks.graph import annotations_of, walk
from bricks.initialization import Constant
from bricks.layers import MLP, CategoricalCrossEntropy, Identity, Linear, Sequence, Tanh
from bricks.roles import AUXILIARY, COST, INPUT, OUTPUT, WEIGHT, has_roles, roles_of


def only_annotation(variable):
    (annotation,) = annotations_of(variable)
    return annotation


def test_inputs_and_outputs_are_copies_tagged_with_brick_call_role_and_name():
    x = pt.fmatrix("x")
    mlp = MLP([Tanh(), None], [4, 3, 2])
    y = mlp(x)
    tanh = mlp.children[1]
    made = {v.name: v for v in walk([y]) if annotations_of(v) and only_annotation(v).call}
    assert list(made) == [
        "mlp.input",
        "mlp/linear_0.input",
        "mlp/linear_0.output",
        "mlp/tanh.input",
        "mlp/tanh.output",
        "mlp/linear_1.input",
        "mlp/linear_1.output",
        "mlp.output",
    ]
    tag = only_annotation(made["mlp/tanh.input"])
    assert (tag.brick, tag.name, tag.role) == (tanh, "input", INPUT)
    assert tag.call.inputs == {"input": made["mlp/tanh.input"]}
    assert tag.call.outputs == {"output": made["mlp/tanh.output"]}
    assert roles_of(made["mlp/tanh.output"]) == (OUTPUT,)
    assert made["mlp/tanh.input"].owner.inputs == [made["mlp/linear_0.output"]]
    assert annotations_of(x) == () and x.name == "x"


def test_a_parameter_is_tagged_with_its_brick_and_no_call():
    linear = Linear(4, 3)
    tag = only_annotation(linear.W)
    assert (tag.brick, tag.name, tag.role, tag.call) == (linear, "W", WEIGHT, None)


def test_each_application_is_a_call_of_its_own():
    x, tanh = pt.fmatrix("x"), Tanh()
    first, second = tanh(x), tanh(tanh(x))
    assert (first.name, second.name) == ("tanh.output", "tanh#2.output")
    calls = [only_annotation(v).call for v in (first, second)]
    assert calls[0] is not calls[1] and [c.name for c in calls] == ["tanh", "tanh#2"]
    Sequence([tanh], name="top")
    assert [c.name for c in calls] == ["top/tanh", "top/tanh#2"]


def test_a_cost_has_the_role_cost_and_is_still_an_output():
    cost = CategoricalCrossEntropy()(pt.ivector("t"), pt.fmatrix("z"))
    assert has_roles(cost, [COST, OUTPUT], match_all=True)
    assert [a for a in only_annotation(cost).call.inputs] == ["targets", "logits"]


class Both(Brick):
    """Gives back whatever `shape_of` makes of two inputs and the rest."""

    def __init__(self, shape_of, **settings):
        super().__init__(**settings)
        self.shape_of = shape_of

    def apply(self, first, *rest, factor=2, **named):
        return self.shape_of(first, *rest, *named.values(), factor)


class Pair(NamedTuple):
    cell: pt.TensorVariable
    hidden: pt.TensorVariable


@pytest.mark.parametrize(
    "shape_of, names",
    [
        (lambda a, b, n: {"cell": a * n, "hidden": b}, ["cell", "hidden"]),
        (lambda a, b, n: Pair(a * n, b), ["cell", "hidden"]),
        (lambda a, b, n: (a * n, b), ["output_0", "output_1"]),
        (lambda a, b, n: [a * n, b], ["output_0", "output_1"]),
    ],
)
def test_several_outputs_keep_their_container_and_get_their_names(shape_of, names):
    x = pt.fmatrix("x")
    result = Both(shape_of)(x, x)
    assert type(result) is type(shape_of(x, x, 1))
    outputs = list(result.values()) if isinstance(result, dict) else list(result)
    assert [v.name for v in outputs] == [f"both.{name}" for name in names]
    assert list(only_annotation(outputs[0]).call.outputs) == names


def test_extra_and_named_arguments_are_tagged_too_and_plain_values_pass_through():
    x, y, z = pt.fmatrix("x"), pt.fmatrix("y"), pt.fmatrix("z")
    out = Both(lambda *values: values[0] * values[-1])(x, y, extra=z, factor=5)
    assert list(only_annotation(out).call.inputs) == ["first", "rest_0", "named_extra"]
    assert out.eval({x: [[2.0]]}, mode="FAST_COMPILE").item() == 10


def test_an_array_goes_in_as_a_constant_and_a_shared_variable_like_any_other():
    linear = Linear(2, 2, weights_init=Constant(1))
    shared = engine.shared(np.ones((1, 2), "float32"), name="s")
    from_array, from_shared = linear(np.ones((3, 2), "float32")), linear(shared)
    assert from_array.type.shape == (3, 2)
    assert from_array.eval(mode="FAST_COMPILE").tolist() == [[2, 2]] * 3
    assert only_annotation(only_annotation(from_shared).call.inputs["input"]).role == INPUT


def test_a_brick_can_tag_what_it_makes_on_the_way():
    class Twice(Brick):
        def apply(self, input_):
            return self.tag(input_ * 2, "half_way", AUXILIARY) * 2

    y = Twice()(pt.fmatrix("x"))
    (found,) = bricks.VariableFilter(role=AUXILIARY)(walk([y]))
    assert found.name == "twice.half_way" and only_annotation(found).call is only_annotation(y).call


def test_a_noisy_brick_must_be_called_and_a_brick_without_apply_cannot_be():
    with pytest.raises(UsageError, match="identity: apply the brick by calling it, not its `apply`"):
        Identity().current_call.name  # noqa: B018
    with pytest.raises(UsageError, match="brick: Brick has no method `apply`"):
        Brick()(pt.fmatrix("x"))


def test_an_error_inside_apply_does_not_leave_the_call_open():
    class Fails(Brick):
        def apply(self, input_):
            raise RuntimeError("inside")

    brick = Fails()
    with pytest.raises(RuntimeError, match="inside"):
        brick(pt.fmatrix("x"))
    with pytest.raises(UsageError, match="by calling it"):
        brick.current_call.name  # noqa: B018


def test_the_copies_are_gone_once_compiled():
    x = pt.fmatrix("x")
    y = MLP([Tanh(), Identity()], [4, 3, 2])(x)
    f = engine.function([x], y)
    ops = [node.op for node in f.maker.fgraph.apply_nodes]
    assert sum(isinstance(op, Elemwise) and op.scalar_op.name in ("identity", "inference_value") for op in ops) == 0
    assert len(ops) < 12
