"""Nodes belong to bricks: as written, in gradients, and after rewriting."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.graph.fg import FunctionGraph
from pytensor.graph.traversal import toposort

import bricks
from bricks.engine.blame import is_float
from bricks.engine.provenance import Following, Part, claim, origin_of
from bricks.gated import GatedUnit
from bricks.layers import MLP, CategoricalCrossEntropy, Dropout, Tanh
from bricks.layers.activations import Activation


def owners(outputs):
    """The nodes behind `outputs`, each with its origin."""
    return [(node, origin_of(node)) for node in toposort(outputs)]


def names(outputs):
    return {str(origin) for _, origin in owners(outputs) if origin is not None}


def test_a_brick_owns_what_it_makes_and_a_nested_one_its_own():
    class Outer(Activation):
        def __init__(self, **settings):
            super().__init__(**settings)
            self.inner = self.add_child(Tanh())

        def activate(self, input_):
            return pt.exp(self.inner(pt.sqr(input_))) + 1

    x = pt.fmatrix("x")
    before = pt.log(x)
    y = Outer()(before)
    found = {type(node.op.scalar_op).__name__: origin for node, origin in owners([y]) if hasattr(node.op, "scalar_op")}
    assert str(found["Tanh"]) == "brick outer/tanh (Tanh)"
    assert str(found["Exp"]) == str(found["Sqr"]) == str(found["Add"]) == "brick outer (Outer)"
    assert found["Log"] is None and origin_of(before) is None


def test_a_second_call_has_a_name_of_its_own():
    tanh = Tanh()
    x = pt.fmatrix("x")
    assert {str(origin_of(tanh(x).owner.inputs[0])) for _ in range(2)} == {"brick tanh (Tanh)", "brick tanh#1 (Tanh)"}


def test_what_is_claimed_stays():
    x = pt.fvector("x")
    first, second = Part("first", "of two"), Part("second", "of two")
    a = pt.exp(x)
    claim([a], first)
    claim([pt.sqr(a)], second)
    assert origin_of(a).maker is first
    claim([a], second)
    assert origin_of(a).maker is first


def test_gradients_belong_to_what_they_are_the_gradient_of():
    x, t = pt.fmatrix("x"), pt.ivector("t")
    mlp = MLP([Tanh(), None], [3, 5, 4], seed=1)
    cost = CategoricalCrossEntropy()(t, mlp(x))
    plain = pytensor.grad(cost, list(mlp.all_parameters().values()))
    W0, b0, W1, b1 = gradients = bricks.grad(cost, list(mlp.all_parameters().values()))
    for gradient, name in {W0: "linear_0", b0: "linear_0", W1: "linear_1", b1: "linear_1"}.items():
        assert str(origin_of(gradient)) == f"the gradient of brick mlp/{name} (Linear)"
    slope = [str(o) for n, o in owners(gradients) if getattr(n.op, "scalar_op", None) and o and o.gradient]
    assert "the gradient of brick mlp/tanh (Tanh)" in slope
    values = {x: np.ones((2, 3), "float32"), t: np.int32([0, 3])}
    f = bricks.function([x, t], [*gradients, *plain])
    got = f(*values.values())
    for ours, theirs in zip(got[:4], got[4:], strict=True):
        assert (ours == theirs).all()


def test_two_branches_that_are_added_keep_their_gradients_apart():
    """d (a + b) is one variable, the gradient of both."""

    class Square(Activation):
        def activate(self, input_):
            return pt.sqr(input_)

    x, w = pt.fvector("x"), bricks.shared(np.ones(3, "float32"), name="w")
    tanh, square = Tanh(), Square()
    cost = (tanh(w * x) + square(w * x)).sum()
    gradient = bricks.grad(cost, w)
    by_name = {}
    for node, origin in owners([gradient]):
        if origin is not None and origin.gradient:
            by_name.setdefault(origin.maker.name, set()).update(v for v in node.inputs if v.owner)
    inside_tanh, inside_square = (
        {node.inputs[0] for node, o in owners([cost]) if o and o.maker.name == name} for name in ("tanh", "square")
    )
    assert by_name["tanh"] & inside_tanh and by_name["square"] & inside_square
    assert not by_name["tanh"] & inside_square and not by_name["square"] & inside_tanh


@pytest.mark.parametrize("settings", [{}, {"disconnected_inputs": "ignore", "return_disconnected": "none"}])
def test_gradients_by_what_is_not_connected_are_as_pytensor_has_them(settings):
    x, w, other = pt.fvector("x"), pt.fvector("w"), pt.fvector("other")
    cost = Tanh()(w * x).sum()
    if settings:
        gradients = bricks.grad(cost, [w, other], **settings)
        assert gradients[1] is None and gradients[0].type == w.type
    else:
        with pytest.raises(pytensor.gradient.DisconnectedInputError):
            bricks.grad(cost, [w, other])
    assert isinstance(bricks.grad(cost, (w, x)), tuple) and bricks.grad(cost, w).type == w.type


def share(fgraph):
    """Which part of the nodes that compute floats belong to somebody."""
    nodes = [n for n in fgraph.apply_nodes if any(map(is_float, n.outputs))]
    return sum(origin_of(n) is not None for n in nodes) / len(nodes)


def test_rewriting_keeps_origins_and_dropout_has_its_own():
    x, t = pt.tensor("features", shape=(None, 3), dtype="float32"), pt.ivector("targets")
    mlp = MLP([Tanh(), None], [3, 5, 4], seed=1)
    cost = bricks.training_graph(CategoricalCrossEntropy()(t, mlp(Dropout(0.2, seed=2)(x)))).outputs
    f = bricks.function([x, t], [cost, *bricks.grad(cost, list(mlp.all_parameters().values()))])
    assert share(f.maker.fgraph) == 1
    found = {origin_of(n).maker.name for n in f.maker.fgraph.apply_nodes if origin_of(n)}
    assert found == {"mlp/linear_0", "mlp/tanh", "mlp/linear_1", "categorical_cross_entropy", "dropout"}


def test_a_units_neurons_own_what_they_compute_in_the_loop_and_in_its_gradient():
    x = pt.tensor("x", shape=(None, None, 3), dtype="float32")
    unit = GatedUnit("lstm", 3, 4, seed=1)
    trace = unit(x)
    inside = [n.op.inner_outputs for n, _ in owners([trace.output]) if hasattr(n.op, "inner_outputs")]
    gates = {f"neuron lstm/{n}" for n in ("input_gate", "forget_gate", "output_gate", "candidate")}
    assert gates <= names(inside[0])
    gradient = bricks.grad((trace.output**2).mean(), unit.all_parameters()["lstm/forget_gate/W_output"])
    loops = [n for n, _ in owners([gradient]) if "gradient" in str(n.op) and hasattr(n.op, "inner_outputs")]
    assert {f"the gradient of {gate}" for gate in gates} <= names(loops[0].op.inner_outputs)
    assert str(origin_of(loops[0])) == "the gradient of brick lstm (GatedUnit)"


def test_what_lies_behind_an_earlier_maker_stays_nobodys():
    x = pt.fvector("x")
    mine = pt.exp(x)
    earlier, later = Part("earlier", "kind"), Part("later", "kind")
    between = 2 * mine
    claim([between], earlier, [mine])
    outcome = between + 1
    claim([outcome], later)
    assert origin_of(mine) is None
    assert origin_of(between).maker is earlier and origin_of(outcome).maker is later


def test_each_of_two_replacements_follows_what_it_replaces():
    x, y = pt.fvectors("x", "y")
    makers = [Part(name, "kind") for name in ("first", "second")]
    old = [pt.exp(x), pt.sin(y)]
    for variable, maker in zip(old, makers, strict=True):
        claim([variable], maker)
    graph = FunctionGraph([x, y], old, clone=False, features=[Following()])
    new = [pt.log(x), pt.cos(y)]
    for one, other in zip(old, new, strict=True):
        graph.replace(one, other)
    assert [origin_of(variable).maker for variable in new] == makers
