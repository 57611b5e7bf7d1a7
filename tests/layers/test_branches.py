"""Branches: names, dimensions that must agree, inputs that are missing; maxout among layers."""

import pytensor.tensor as pt
import pytest

from bricks import ComputationGraph, VariableFilter
from bricks.errors import ShapeError, UsageError
from bricks.layers import (
    Fork,
    LayerNormalization,
    Linear,
    LinearMaxout,
    Maxout,
    Merge,
    Parallel,
    Sequence,
    Tanh,
)


def test_branches_are_children_of_their_names_unless_they_have_one_and_know_their_dims():
    fork = Fork({"gates": Linear(4, 8), "cell": Linear(4, 3, name="own")}, seed=1)
    assert [child.path for child in fork.children] == ["fork/gates", "fork/own"]
    assert fork.input_dim == 4
    net = Sequence([Merge({"x": Linear(4, 5), "y": Linear(2, 5)}), Tanh(), Linear(5, 2)])
    assert (net.input_dim, net.output_dim) == (None, 2)
    assert Fork({"a": Tanh()}).input_dim is None


def test_outputs_are_found_by_branch():
    x = pt.matrix("x", dtype="float32")
    outputs = Fork({"gates": Linear(4, 8), "cell": Linear(4, 3)}, seed=1)(x)
    graph = ComputationGraph(outputs)
    assert VariableFilter(brick=Fork, name="cell")(graph.variables) == [outputs["cell"]]


@pytest.mark.parametrize(
    "make, error, message",
    [
        (lambda: Fork({}), UsageError, "fork: branches must be bricks by name, at least one, got {}"),
        (lambda: Merge([Tanh()]), UsageError, "merge: branches must be bricks by name"),
        (lambda: Parallel({"a": Tanh}), UsageError, r"children must be bricks, .*; write Tanh\(...\)"),
        (lambda: Parallel({"a/b": Tanh()}), UsageError, "a name must be text without '/'"),
        (
            lambda: Fork({"a": Linear(4, 2), "b": Linear(3, 2)}),
            ShapeError,
            "fork: all branches must have the same input_dim, got a 4, b 3",
        ),
        (
            lambda: Merge({"a": Linear(4, 2), "b": Linear(4, 3)}),
            ShapeError,
            "merge: all branches must have the same output_dim, got a 2, b 3",
        ),
        (lambda: Maxout(0), UsageError, "maxout: num_pieces must be an integer of at least 1, got 0"),
        (lambda: LinearMaxout(3, 0, 2), UsageError, "output_dim must be an integer of at least 1, got 0"),
        (lambda: LayerNormalization(1), UsageError, "layer_normalization: dim must be at least 2, got 1"),
        (
            lambda: LayerNormalization(3, epsilon=0.0),
            UsageError,
            "layer_normalization: epsilon must be above 0, got 0.0",
        ),
    ],
)
def test_what_cannot_be_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_one_brick_under_two_names_is_refused():
    tanh = Tanh()
    with pytest.raises(UsageError, match="each branch must be a brick of its own, got one under two names"):
        Parallel({"a": tanh, "b": tanh})


def test_inputs_must_be_those_of_the_branches():
    x = pt.matrix("x", dtype="float32")
    merge = Merge({"image": Linear(4, 3), "word": Linear(4, 3)}, seed=1)
    with pytest.raises(UsageError, match="merge: needs an input 'word', got image"):
        merge(image=x)
    with pytest.raises(UsageError, match="merge: there is no branch 'wrod'; did you mean 'word'"):
        merge(image=x, wrod=x)
    with pytest.raises(UsageError, match="merge: needs an input 'image', got none"):
        merge()


def test_maxout_divides_the_length_that_comes_to_it():
    net = Sequence([Linear(4, 6), Maxout(3), Tanh(), Linear(2, 5), Maxout(5)], seed=1)
    assert (net.input_dim, net.output_dim) == (4, 1)
    assert net(pt.matrix("x", dtype="float32", shape=(7, 4))).type.shape == (7, 1)
    with pytest.raises(ShapeError, match="linear_1: input_dim must be 2, the output_dim of .*maxout before it, got 6"):
        Sequence([Linear(4, 6), Maxout(3), Linear(6, 5)])
    with pytest.raises(ShapeError, match="maxout: input must have a multiple of 4 columns"):
        Sequence([Linear(4, 6), Maxout(4)])
    assert Sequence([Maxout(2), Linear(2, 3)]).input_dim is None
