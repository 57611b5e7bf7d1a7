"""Functional diagrams: each printed formula, worked out by NumPy, is the value and the gradient that the code has."""

import html
import re
import xml.etree.ElementTree as tree

import numpy as np
import paper_formulas
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.tensor.special import log_softmax, softmax

import bricks
from bricks.errors import ShapeError, UsageError
from bricks.layers import (
    ELU,
    MLP,
    AbsoluteError,
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    LeakyRectifier,
    Linear,
    Logistic,
    Rectifier,
    Softplus,
    SquaredError,
    Tanh,
)
from bricks.view import functional_diagram
from bricks.view.diagrams.steps import Steps
from bricks.view.diagrams.symbols import Symbols

IN_PYTHON = pytensor.compile.Mode("py", None)  # nothing is compiled or rewritten
RNG = np.random.default_rng(0)
N, IN, HIDDEN, OUT = 7, 5, 4, 3


def draw(*shape):
    return RNG.normal(size=shape)


def one_hot():
    return np.eye(OUT)[np.arange(N) % OUT]


def kept(**shapes):
    return [bricks.shared(draw(*shape), name=name) for name, shape in shapes.items()]


def assignment(cost):
    """The class assignment's net with its usual names."""
    x, t = pt.dmatrix("x"), pt.dmatrix("t")
    W, b, V, c = kept(W=(IN, HIDDEN), b=(HIDDEN,), V=(HIDDEN, OUT), c=(OUT,))
    before = pt.dot(x, W) + b
    h = pt.tanh(before)
    scores = pt.dot(h, V) + c
    before.name, h.name, scores.name = "h'", "h", "y'"
    return {x: draw(N, IN), t: one_hot()}, cost(t, scores)


def by_hand(t, scores):
    y = softmax(scores, axis=1)
    y.name = "y"
    return -(t * pt.log(y)).sum(axis=1).mean()


def by_logits(t, scores):
    return pt.mean(-pt.sum(t * log_softmax(scores, axis=-1), axis=1))


def by_distance(t, scores):
    return ((pt.sigmoid(scores) - t) ** 2).sum(axis=1).mean()


def by_parts(t, scores):
    """Many element-wise functions, broadcasting, sums over either axis."""
    a = pt.exp(-pt.sqr(scores)) / (1 + pt.exp(scores))
    r = pt.sqrt(pt.sqr(scores - t) + 2)
    rows = pt.softplus(r).mean(axis=1)
    columns = (pt.maximum(scores, 0.1) * a).sum(axis=0)
    return (rows**3).sum() + 0.5 * pt.abs(columns).sum() - pt.log1p(pt.sqr(columns)).mean()


def with_bricks(activation, cost):
    x, t = pt.dmatrix("x"), pt.dmatrix("t")
    mlp = MLP([activation, None], [IN, HIDDEN, OUT], seed=1)
    W = mlp.all_parameters()["mlp/linear_0/W"]
    return {x: draw(N, IN), t: one_hot()}, cost(t, mlp(x)) + 0.25 * (W**2).sum()


def over_time():
    x, t = pt.dtensor3("x"), pt.dtensor3("t")
    linear = Linear(IN, OUT, seed=1)
    return {x: draw(4, N, IN), t: draw(4, N, OUT)}, SquaredError()(t, Tanh()(linear(x)))


def masked():
    x, t, mask = pt.dtensor3("x"), pt.dtensor3("t"), pt.dmatrix("mask")
    cost = AbsoluteError()(t, Linear(IN, OUT, seed=1)(x), mask=mask)
    return {x: draw(4, N, IN), t: draw(4, N, OUT), mask: (draw(4, N) > 0) * 1.0}, cost


def tied():
    x, W = pt.dmatrix("x"), kept(W=(IN, HIDDEN))[0]
    h = pt.tanh(pt.dot(x, W))
    return {x: draw(N, IN)}, pt.sqr(pt.dot(h, W.T) - x).mean()


@pytest.fixture(autouse=True)
def double_precision(monkeypatch):
    monkeypatch.setattr(bricks.engine, "floatX", lambda: "float64")


GRAPHS = {
    "by hand": lambda: assignment(by_hand),
    "by logits": lambda: assignment(by_logits),
    "by distance": lambda: assignment(by_distance),
    "by parts": lambda: assignment(by_parts),
    "cross-entropy brick": lambda: assignment(CategoricalCrossEntropy()),
    "logistic": lambda: with_bricks(Logistic(), BinaryCrossEntropy()),
    "rectifier": lambda: with_bricks(Rectifier(), SquaredError()),
    "leaky": lambda: with_bricks(LeakyRectifier(0.1), CategoricalCrossEntropy()),
    "elu": lambda: with_bricks(ELU(0.7), AbsoluteError()),
    "softplus": lambda: with_bricks(Softplus(), SquaredError()),
    "over time": over_time,
    "masked": masked,
    "tied": tied,
}


@pytest.mark.parametrize("name", GRAPHS)
def test_each_derivative_that_is_printed_is_the_gradient(name):
    given, cost = GRAPHS[name]()
    steps = Steps(cost)
    symbol = Symbols(steps)
    shared = [v for v in steps.roots if v not in given]
    wanted = [*shared, *(step.result for step in steps.steps)]
    gradients = bricks.grad(cost, wanted, disconnected_inputs="ignore", return_disconnected="none")
    outputs = [*wanted, *(g for g in gradients if g is not None)]
    found = pytensor.function([*given], outputs, mode=IN_PYTHON)(*given.values())
    values = {symbol(v): a for v, a in given.items()} | {
        symbol(v): np.asarray(a) for v, a in zip(wanted, found, strict=False)
    }
    derivatives = iter(found[len(wanted) :])
    true = {v: np.asarray(next(derivatives)) for v, g in zip(wanted, gradients, strict=True) if g is not None}
    values |= {f"∂{symbol(v)}": g for v, g in true.items()}
    values |= {"mask": values["mask"][..., None]} if "mask" in values else {}  # a row each
    checked = 0
    for variable, gradient in true.items():
        formula = steps.derivative(variable, symbol)
        assert formula, f"no derivative by {symbol(variable)}"
        after = [s for s in steps.steps if any(steps.source(v)[0] is variable for v in s.given)]
        counted = [_rows(s, values, symbol) for s in after if "/ n" in formula]
        n = next((rows for rows in counted if rows), None)
        printed = paper_formulas.evaluate(formula, values | {"n": n})
        np.testing.assert_allclose(np.broadcast_to(printed, gradient.shape), gradient, rtol=1e-9, err_msg=formula)
        checked += 1
    assert checked >= 3


def _rows(step, values, symbol):
    """What n is in a step's formula: how many the mean is over; nothing where it isn't one."""
    argument, title = values.get(symbol(step.given[0])), step.formula.title
    if title == "mean":
        of_rows = "columns" in step.formula.expression
        return argument.shape[-1] if of_rows else argument.size
    return int(np.prod(argument.shape[:-1])) if title.endswith(("entropy", "error")) or title == "softmax" else None


def test_the_assignments_net_has_the_essays_names_shapes_and_derivatives():
    given, cost = assignment(by_hand)
    picture = functional_diagram(cost)
    said = _cards(picture)
    assert said["h'"] == "+ b h' = z1 + b (batch, 4) ∂h' = ∂h ⊙ (1 − h ⊙ h) (batch, 4)"
    assert said["y"] == "softmax y = softmax(y') (batch, 3) ∂y = −(t / y) / n (batch, 3)"
    assert said["y'"] == "+ c y' = z2 + c (batch, 3) ∂y' = (y − t) / n (batch, 3)"
    assert said["W"] == "W (5, 4) ∂W = xᵀ ∂z1 (5, 4)"
    assert said["c"] == "c (3,) ∂c = Σbatch ∂y' (3,)"
    assert said["cost"] == "cross-entropy cost = −Σ t ⊙ log y / n scalar ∂cost = 1 scalar"
    assert said["x"] == "x (batch, ?)"
    assert {"x", "W", "b", "h'", "h", "V", "c", "y'", "y", "cost"} <= set(said)
    assert _arrows(picture) == {
        ("x", "z1"), ("W", "z1"), ("z1", "h'"), ("b", "h'"), ("h'", "h"), ("h", "z2"), ("V", "z2"),
        ("z2", "y'"), ("c", "y'"), ("y'", "y"), ("y", "cost"), ("t", "cost"),
    }  # fmt: skip


def _labels(picture):
    """From nodes of the graph to their text."""
    found = {}
    for node in picture.graph.nodes():
        cells = re.sub(r"</TD>", " ", node.attr["label"])
        found[node.name] = " ".join(html.unescape(re.sub(r"<[^>]*>", "", cells)).split())
    return found


def _symbol(label):
    """What a card is about: what it has the derivative by, or says first."""
    derivative = re.search(r"∂(\S+) =", label)
    return derivative[1] if derivative else label.split()[0]


def _cards(picture):
    return {_symbol(label): label for label in _labels(picture).values()}


def _arrows(picture):
    names = {node: _symbol(label) for node, label in _labels(picture).items()}
    return {(names[a], names[b]) for a, b in picture.graph.edges()}


def test_with_values_shapes_and_norms_are_those_of_a_run():
    given, cost = assignment(by_hand)
    (x, x_value), (t, t_value) = given.items()
    said = _cards(functional_diagram(cost, values={"x": x_value, t: t_value}))
    assert f"(7, 5) ‖·‖ {np.linalg.norm(x_value):.3g}" in said["x"]
    W, V = (v for v in bricks.ComputationGraph(cost).shared_variables if v.name in "WV")
    gradient = bricks.function([x, t], bricks.grad(cost, W))(x_value, t_value)
    assert said["W"].endswith(f"(5, 4) ‖·‖ {np.linalg.norm(gradient):.3g}")
    with pytest.raises(UsageError, match="'t' is missing"):
        functional_diagram(cost, values={"x": x_value})
    with pytest.raises(UsageError, match="did you mean 'x'"):
        functional_diagram(cost, values={"xx": x_value})


def test_what_is_drawn_must_be_a_scalar():
    x = pt.dmatrix("x")
    with pytest.raises(ShapeError, match="mean or its sum"):
        functional_diagram(x)
    with pytest.raises(UsageError, match="symbolic variable"):
        functional_diagram(3.0)
    with pytest.raises(UsageError, match="down or right"):
        functional_diagram(x.sum(), direction="up")


def test_a_models_cost_may_be_given_and_must_be_legible():
    x, t = pt.dmatrix("x"), pt.ivector("t")
    model = bricks.Model(CategoricalCrossEntropy()(t, Linear(IN, OUT, seed=1)(x)))
    assert "softmax, cross-entropy" in _cards(functional_diagram(model))["cost"]
    for _ in range(1500):
        x = pt.tanh(x)
    with pytest.raises(UsageError, match="at most 200 operations stay legible, got 1501"):
        functional_diagram(x.sum())


def test_hostile_names_are_said_below_a_symbol_and_make_no_markup():
    for name in ("<script>alert(1)</script>", 'a "b" \\N & c', "x" * 10_000):
        W = bricks.shared(draw(IN, OUT), name=name)
        x = pt.dmatrix("x")
        svg = functional_diagram(pt.dot(x, W).sum()).svg
        assert "<script" not in svg and len(svg) < 20_000
        tree.fromstring(svg)
