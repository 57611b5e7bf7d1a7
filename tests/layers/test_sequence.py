"""Sequences and MLPs: order, shared bricks, dimensions, errors before anything is compiled."""

import pytensor.tensor as pt
import pytest

from bricks import ComputationGraph
from bricks.errors import ShapeError, UsageError
from bricks.layers import MLP, BatchNormalization, Linear, Rectifier, Sequence, Softmax, Tanh


def test_dimensions_are_those_of_the_first_and_last_bricks_that_have_them():
    sequence = Sequence([Tanh(), Linear(4, 3), BatchNormalization(3), Linear(3, 2), Tanh()])
    assert (sequence.input_dim, sequence.output_dim) == (4, 2)
    assert (Sequence([Tanh()]).input_dim, Sequence([Tanh()]).output_dim) == (None, None)
    outer = Sequence([sequence, Linear(2, 7)])
    assert (outer.input_dim, outer.output_dim) == (4, 7)


def test_bricks_that_do_not_fit_are_refused_when_they_are_put_together():
    message = "sequence/linear_1: input_dim must be 500, the output_dim of sequence/linear before it, got 400"
    with pytest.raises(ShapeError, match=message):
        Sequence([Linear(784, 500), Tanh(), Linear(400, 10)])
    with pytest.raises(ShapeError, match="sequence/mlp: input_dim must be 5"):
        Sequence([BatchNormalization(5), MLP([None], [4, 3])])


def test_a_missing_layer_is_named_by_the_brick_that_misses_it():
    x = pt.matrix("x", dtype="float32", shape=(100, 784))
    mlp = MLP([Tanh(), None], [784, 500, 10])
    message = (
        r"mlp/linear_1: input must have 500 columns \(input_dim=500\), got shape \(100, 784\); "
        "is the layer before it missing?"
    )
    with pytest.raises(ShapeError, match=message):
        mlp.linears[1](x)


def test_a_brick_in_several_places_is_one_child_with_one_set_of_parameters():
    tanh, square = Tanh(), Linear(3, 3)
    net = Sequence([square, tanh, square, tanh], name="net")
    y = net(pt.fmatrix("x"))
    assert net.children == (square, tanh)
    assert ComputationGraph(y).parameters == [square.W, square.b]
    assert y.owner.inputs[0].name == "net/tanh#1.output"


def test_an_mlp_may_end_without_an_activation_and_may_repeat_one():
    tanh = Tanh()
    mlp = MLP([tanh, tanh, None], [5, 4, 3, 2])
    assert [b.name for b in mlp.children] == ["linear_0", "tanh", "linear_1", "linear_2"]
    assert [(b.input_dim, b.output_dim) for b in mlp.linears] == [(5, 4), (4, 3), (3, 2)]
    assert mlp(pt.fmatrix("x")).type.shape == (None, 2)


def test_settings_reach_the_linear_layers():
    mlp = MLP([Rectifier(), Softmax()], [4, 3, 2], use_bias=False, name="net", seed=1)
    assert list(mlp.all_parameters()) == ["net/linear_0/W", "net/linear_1/W"]


@pytest.mark.parametrize(
    "make, message",
    [
        (
            lambda: MLP([Tanh()], [4, 3, 2]),
            "mlp: dims must be one more than activations .* got 3 dims and 1 activations",
        ),
        (lambda: MLP([], [4], name="net"), "net: dims must be one more than activations"),
        (lambda: MLP([Tanh], [4, 3]), r"mlp: children must be bricks, got .*; write Tanh\(...\)"),
        (lambda: Sequence([]), "sequence: needs at least one brick"),
        (lambda: Sequence([Tanh(), None]), "sequence: children must be bricks, got None"),
        (lambda: Linear(4.0, 3), "linear: input_dim must be an integer of at least 1, got 4.0"),
        (lambda: Linear(4, True), "linear: output_dim must be an integer of at least 1, got True"),
    ],
)
def test_what_cannot_be_is_refused(make, message):
    with pytest.raises(UsageError, match=message):
        make()
