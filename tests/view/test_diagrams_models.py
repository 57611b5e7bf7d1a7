"""Diagrams of models: every parameter with its size, on each arrow the shape that a run has."""

import re
import sys
from pathlib import Path

import diagram_texts as texts
import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

import bricks
from bricks.brick import Brick
from bricks.errors import UsageError
from bricks.gated import GRU, LSTM, Bidirectional, Stack
from bricks.graph import training_graph
from bricks.layers import (
    MLP,
    BatchNormalization,
    CategoricalCrossEntropy,
    Dropout,
    Fork,
    Linear,
    LookupTable,
    Merge,
    Rectifier,
    Sequence,
    SquaredError,
    Tanh,
)
from bricks.view import diagram
from bricks.view.diagrams.flow import Flow
from bricks.view.diagrams.shapes import shape_of

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from models import mlp as mlp_model  # noqa: E402
from models import sequence_classifier  # noqa: E402

TIME, BATCH = 4, 3
IN_PYTHON = pytensor.compile.Mode("py", None)  # nothing is compiled or rewritten


def features(*shape, name="features"):
    return pt.tensor(name, shape=shape, dtype=bricks.floatX())


def deep(units=(50, 40, 30, 20, 10)):
    sources = {"features": features(None, 60), "targets": pt.ivector("targets")}
    options = {"hidden": list(units), "dropout": 0.5, "batch_normalization": True, "activation": "rectifier"}
    return mlp_model.build(sources, seed=1, l2=1e-4, **options)


def row_lstm(**options):
    sources = {"features": features(None, None, 28), "targets": pt.ivector("targets")}
    return sequence_classifier.build(sources, seed=1, dim=8, **options)


def branches():
    fork = Fork({"a": Linear(4, 3), "b": Sequence([Linear(4, 5), Tanh()])}, seed=1)
    merge = Merge({"a": Linear(3, 2), "b": Linear(5, 2, use_bias=False)}, seed=1)
    return merge(**fork(features(None, 4)))


MODELS = {
    "20 bricks": deep,
    "row LSTM": row_lstm,
    "stack": lambda: row_lstm(layers=2, bidirectional=True, skip=True, dropout=0.3),
    "branches": branches,
    "words": lambda: Linear(5, 2, seed=1)(LookupTable(9, 5, seed=1)(pt.lvector("words"))),
}


def graph_of(model):
    return [model.cost] if isinstance(model, bricks.Model) else [model]


@pytest.mark.parametrize("name", MODELS)
def test_every_parameter_is_there_with_its_size(name):
    model = MODELS[name]()
    shown = " | ".join(texts.boxes(diagram(model)))
    parameters = bricks.ComputationGraph(graph_of(model)).parameters
    assert len(parameters) > 2
    for variable in parameters:
        shape = variable.type.shape
        row = f"{variable.name.rpartition('/')[2]} {' × '.join(map(str, shape))} {np.prod(shape):,}"
        assert row in shown, f"{variable.name}: {row}"


@pytest.mark.parametrize("name", MODELS)
def test_the_shape_on_each_arrow_is_that_of_a_run(name):
    model = MODELS[name]()
    flow = Flow(graph_of(model))
    inputs = bricks.ComputationGraph(graph_of(model)).inputs
    data = []
    for variable in inputs:
        names = {"batch": BATCH, "time": TIME}
        shape = tuple(names.get(n, n) for n in shape_of(variable))
        data.append((np.random.default_rng(1).random(shape) * 2).astype(variable.type.dtype))
    values = pytensor.function(inputs, [arrow.variable for arrow in flow.arrows], mode=IN_PYTHON)(*data)
    labels = texts.arrows(diagram(model))
    for arrow, value in zip(flow.arrows, values, strict=True):
        if arrow.parameter:
            continue
        told = "scalar" if not value.ndim else str(tuple(value.shape))
        fitting = [label for label in labels if _fits(label, value.shape)]
        assert fitting, f"{arrow.variable}: {told} is on no arrow of {labels}"
    # And no arrow says what none has.
    shapes = {np.shape(value) for value in values} | {(BATCH, 8)}
    for label in labels:
        assert any(_fits(label, shape) for shape in shapes), label


def _fits(label, shape):
    last = re.search(r"(\([^()]*\)|scalar)$", label)[1]
    if last == "scalar":
        return shape == ()
    return "?" not in last and texts.lengths(last, batch=BATCH, time=TIME) == tuple(shape)


def test_time_and_batch_have_their_names():
    labels = texts.arrows(diagram(row_lstm(layers=2)))
    assert {"(time, batch, 28)", "(time, batch, 8)", "final_output (batch, 8)", "(batch,)"} <= set(labels)


def test_a_diagram_leaves_the_brick_as_it_was():
    def build():
        return Sequence([Linear(6, 5), Dropout(0.5), Tanh(), BatchNormalization(5)], seed=3)

    x = features(None, 6)
    data = np.ones((BATCH, 6), bricks.floatX())
    plain, drawn = build(), build()
    for _ in range(2):
        drawn.diagram()
    outputs = [brick(x) for brick in (plain, drawn)]
    assert outputs[1].name == "sequence.output"
    noisy = [training_graph(output).outputs for output in outputs]
    first, second = (bricks.function([x], output)(data) for output in noisy)
    np.testing.assert_array_equal(first, second)


def test_what_lies_deeper_is_listed_in_its_box():
    stack = Stack([LSTM(4, 3), LSTM(3, 3)], seed=1)
    whole, folded = texts.boxes(stack.diagram()), texts.boxes(stack.diagram(depth=1))
    assert len(whole) == 4 and len(folded) == 3
    assert any("lstm_1/forget_gate/W_input 3 × 3 9" in box for box in folded)


def test_many_bricks_are_folded_to_stay_legible():
    blocks = [Sequence([Linear(3, 3), Tanh()], name=f"block_{k}") for k in range(40)]
    boxes = texts.boxes(Sequence(blocks, seed=1).diagram())
    assert len(boxes) == 42 and "block_7 Sequence 3 → 3 linear/W 3 × 3 9 linear/b 3 3" in boxes


def test_a_brick_that_is_applied_twice_has_its_parameters_once():
    linear = Linear(4, 4, seed=1)
    boxes = texts.boxes(diagram(linear(Tanh()(linear(features(None, 4))))))
    assert sum("W 4 × 4" in box for box in boxes) == 1
    assert any("again" in box for box in boxes)


def test_parameters_of_others_come_by_arrows_or_are_listed():
    mlp = MLP([Tanh(), None], [4, 3, 2], seed=1)
    output, W = mlp(features(None, 4)), mlp.all_parameters()["mlp/linear_0/W"]
    one = diagram(output.sum() + (W**2).sum())
    assert "W (4, 3)" in texts.arrows(one)
    weights = [v for path, v in mlp.all_parameters().items()]
    many = diagram(output.sum() + sum((v**2).sum() for v in weights))
    assert not any("W" in label for label in texts.arrows(many))
    assert any("of mlp/linear_0/W 4 × 3" in box for box in texts.boxes(many))


class Odd(Brick):
    """Takes what no diagram would guess, and has a child that it doesn't apply."""

    def __init__(self, **settings):
        super().__init__(**settings)
        self.scale = self.add_parameter("scale", (7,), init=bricks.initialization.Constant(1))
        self.spare = self.add_child(Linear(3, 2, name="spare"))

    def apply(self, pair):
        return pair.left * self.scale


def test_a_brick_whose_inputs_nobody_knows_is_drawn_without_arrows():
    picture = Odd(seed=1).diagram()
    assert texts.boxes(picture) == ["odd Odd scale 7 7", "spare Linear 3 → 2 W 3 × 2 6 b 2 2"]
    assert texts.arrows(picture) == []


def test_parameters_that_apply_does_not_use_are_there_all_the_same():
    class Pair(Brick):
        def __init__(self, **settings):
            super().__init__(**settings)
            self.encoder, self.decoder = Linear(4, 2, name="encoder"), Linear(2, 4, name="decoder")
            self.children = [self.encoder, self.decoder]
            self.input_dim = 4

        def apply(self, input_):
            return self.encoder(input_)

    boxes = texts.boxes(Pair(seed=1).diagram())
    assert any("encoder" in box and "4 × 2" in box for box in boxes)
    assert any("decoder" in box and "2 × 4" in box for box in boxes)


@pytest.mark.parametrize(
    "brick",
    [
        LSTM(4, 3, seed=1),
        Bidirectional(GRU(4, 3), GRU(4, 3), seed=1),
        SquaredError(),
        CategoricalCrossEntropy(),
        LookupTable(9, 5, seed=1),
        Fork({"a": Linear(4, 3), "b": Linear(4, 2)}, seed=1),
        Rectifier(),
    ],
    ids=lambda brick: brick.name,
)
def test_bricks_are_applied_to_inputs_that_fit(brick):
    assert texts.arrows(diagram(brick))


def test_graphs_of_training_and_without_bricks_are_drawn():
    model = deep((5,))
    assert texts.boxes(diagram(training_graph(model.cost).outputs))
    x, W = features(None, 4, name="x"), bricks.shared(np.zeros((4, 3), bricks.floatX()), name="W")
    picture = diagram(pt.tanh(pt.dot(x, W)))
    assert texts.boxes(picture) == ["x", "dot · tanh", "W 4 × 3 12", "output"]
    assert sorted(texts.arrows(picture)) == ["(4, 3)", "(batch, 3)", "(batch, 4)"]


def test_refusals_say_what_may_be_asked():
    with pytest.raises(UsageError, match="down or right, got 'up'"):
        Linear(2, 2, seed=1).diagram(direction="up")
    for depth in (0, True, 1.5):
        with pytest.raises(UsageError, match="depth must be"):
            Linear(2, 2, seed=1).diagram(depth=depth)
    with pytest.raises(UsageError, match="symbolic variable"):
        diagram("mlp")
