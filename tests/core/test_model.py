"""Model: inputs, parameters and state; and the table of a brick."""

import numpy as np
import pytensor.tensor as pt
import pytest

from bricks import Model, engine
from bricks.errors import CheckpointError, ShapeError, UsageError
from bricks.layers import (
    MLP,
    BatchNormalization,
    CategoricalCrossEntropy,
    Linear,
    MisclassificationRate,
    Rectifier,
    Sequence,
    Tanh,
)
from bricks.training import perplexity


def small(seed=1, units=3):
    x, t = pt.matrix("features", dtype="float32"), pt.ivector("targets")
    net = Sequence([Linear(4, units), BatchNormalization(units), Tanh(), Linear(units, 2)], name="net", seed=seed)
    z = net(x)
    return Model(
        CategoricalCrossEntropy()(t, z),
        monitored={"error": MisclassificationRate()(t, z)},
        outputs={"logits": z},
        brick=net,
    )


def test_a_model_knows_its_inputs_parameters_and_buffers_by_name():
    model = small()
    assert {name: v.name for name, v in model.inputs.items()} == {
        "features": "features",
        "targets": "targets",
    }
    assert model.parameters == model.brick.all_parameters()
    assert model.buffers == model.brick.all_buffers()


def test_state_goes_out_and_into_a_model_of_the_same_shape():
    one, two = small(1), small(2)
    for v in one.buffers.values():
        v.set_value(np.random.default_rng(0).normal(size=v.type.shape).astype("float32"))
    state = one.state_dict()
    assert not np.array_equal(two.state_dict()["parameters"]["net/linear/W"], state["parameters"]["net/linear/W"])
    two.load_state_dict(state)
    for kind in ("parameters", "buffers"):
        assert state[kind].keys() == two.state_dict()[kind].keys()
        for path, value in two.state_dict()[kind].items():
            np.testing.assert_array_equal(value, state[kind][path])


def test_a_state_is_a_copy_and_does_not_change_with_the_model():
    model = small()
    state = model.state_dict()
    before = state["parameters"]["net/linear/W"].copy()
    model.brick.children[0].W.set_value(np.zeros((4, 3), "float32"))
    np.testing.assert_array_equal(state["parameters"]["net/linear/W"], before)


def test_a_state_that_does_not_fit_changes_nothing_and_names_everything_that_is_wrong():
    model = small()
    before = model.state_dict()
    state = small(2).state_dict()
    del state["parameters"]["net/linear/b"], state["buffers"]["net/batch_normalization/population_mean"]
    state["parameters"]["net/linear/V"] = np.zeros(3)
    state["parameters"]["net/linear/W"] = np.zeros((4, 5), "float32")
    state["parameters"]["net/linear_1/b"] = np.zeros(2, "complex64")
    with pytest.raises(CheckpointError) as caught:
        model.load_state_dict(state)
    for part in (
        "net/linear/b is missing",
        "net/batch_normalization/population_mean is missing",
        "net/linear/V is unknown to the model",
        r"net/linear/W must have shape (4, 3), got (4, 5)",
        "net/linear_1/b must be float32, got complex64",
        "was it saved from another model?",
    ):
        assert part in str(caught.value)
    for path, value in model.state_dict()["parameters"].items():
        np.testing.assert_array_equal(value, before["parameters"][path])
    with pytest.raises(CheckpointError, match="population_variance is missing"):
        model.load_state_dict({"parameters": before["parameters"]})


def test_a_state_of_another_float_dtype_is_cast():
    model = small()
    state = {kind: {p: v.astype("float64") for p, v in part.items()} for kind, part in small(2).state_dict().items()}
    model.load_state_dict(state)
    assert model.state_dict()["parameters"]["net/linear/W"].dtype == "float32"


def test_a_model_without_bricks_has_its_float_shared_variables_as_parameters():
    x = pt.fvector("x")
    w, count = engine.shared(np.float32(2), name="w"), engine.shared(np.int32(2), name="count")
    model = Model(pt.mean((w * x * count) ** 2))
    assert (list(model.inputs), list(model.parameters), model.buffers) == (["x"], ["w"], {})


def test_what_is_measured_otherwise_than_by_a_mean_belongs_to_the_graph_too():
    x, words = pt.fvector("x"), pt.iscalar("words")
    measured = perplexity((x**2).sum(), words)
    model = Model((x**2).mean(), {"perplexity": measured})
    assert model.monitored == {"perplexity": measured} and set(model.inputs) == {"x", "words"}


@pytest.mark.parametrize(
    "make, error, message",
    [
        (lambda: Model(3.0), UsageError, "Model: cost must be a symbolic variable, got 3.0"),
        (
            lambda: Model(pt.fvector("x")),
            ShapeError,
            "Model: cost must be a scalar, got 1 axes; take the mean",
        ),
        (
            lambda: Model(pt.fscalar("x"), {"m": pt.fmatrix()}),
            ShapeError,
            "Model: m must be a scalar, got 2 axes",
        ),
        (lambda: Model(pt.fscalar() * 2), UsageError, "every input must have the name of a source"),
        (lambda: Model(pt.fscalar("x") * pt.fscalar("x")), UsageError, "two called 'x'"),
    ],
)
def test_what_cannot_be_a_model_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_print_shows_bricks_with_dimensions_shapes_counts_and_buffers_in_columns():
    net = Sequence([MLP([Rectifier()], [1000, 20]), BatchNormalization(20)], name="net", seed=1)
    assert str(net).splitlines() == [
        "brick                  dims        parameter                     shape        count",
        "net                    1000 -> 20",
        "  mlp                  1000 -> 20",
        "    linear_0           1000 -> 20  W                             (1000, 20)  20,000",
        "                                   b                             (20,)           20",
        "    rectifier",
        "  batch_normalization  20 -> 20    scale                         (20,)           20",
        "                                   shift                         (20,)           20",
        "                                   population_mean (buffer)      (20,)",
        "                                   population_variance (buffer)  (20,)",
        "total                                                                        20,060",
    ]
    assert repr(net.children[0].linears[0]) == "<Linear net/mlp/linear_0>"
    assert str(net.children[1]).splitlines()[1].startswith("batch_normalization  20 -> 20")
