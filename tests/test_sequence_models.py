"""The lab's models of sequences: what they build from what they are given."""

from pathlib import Path

import numpy as np
import pytensor.tensor as pt
import pytest

import bricks
from bricks.errors import ShapeError, UsageError
from bricks.training.lab import Lab

LAB = Lab(Path(__file__).resolve().parent.parent)
RNG = np.random.default_rng(0)


def _sources(**kinds):
    return {name: pt.tensor(name, shape=shape, dtype=dtype) for name, (shape, dtype) in kinds.items()}


ROWS = dict(features=((28, None, 28), "float32"), targets=((None,), "int32"))
CUED = dict(features=((None, None, 1), "float32"), modulator=((None, None, 2), "float32"))
CUED |= dict(targets=((None, None, 1), "float32"))


def test_a_classifier_of_the_end_sees_the_last_output():
    model = LAB.function("models", "sequence_classifier")(_sources(**ROWS), seed=1, dim=5)
    x, t = RNG.random((28, 3, 28), dtype="float32"), np.int32([1, 2, 3])
    p = bricks.function([model.inputs["features"]], model.outputs["probabilities"])(x)
    cost = bricks.function(list(model.inputs.values()), model.cost)(**{"features": x, "targets": t})
    np.testing.assert_allclose(cost, -np.log(p[np.arange(3), t]).mean(), rtol=1e-5)
    h = bricks.function([model.inputs["features"]], model.brick(model.inputs["features"]).output)(x)[-1]
    state = model.state_dict()["parameters"]
    logits = h @ state["classifier/W"] + state["classifier/b"]
    np.testing.assert_allclose(p, np.exp(logits) / np.exp(logits).sum(1, keepdims=True), rtol=1e-4)


def test_a_classifier_of_every_step_counts_what_the_mask_says():
    kinds = dict(features=((None, None, 4), "float32"), targets=((None, None), "int32"), mask=((None, None), "float32"))
    sources = _sources(**kinds)
    model = LAB.function("models", "sequence_classifier")(sources, seed=1, dim=5, classes=3, unit="gru")
    x, t = RNG.random((6, 2, 4), dtype="float32"), RNG.integers(0, 3, (6, 2)).astype("int32")
    mask = np.float32([[1, 1], [1, 1], [1, 1], [1, 0], [1, 0], [1, 0]])
    given = {"features": x, "targets": t, "mask": mask}
    cost = bricks.function(list(sources.values()), model.cost)(**given)
    p = bricks.function([sources["features"], sources["mask"]], model.outputs["probabilities"])(x, mask)
    own = np.take_along_axis(p, t[:, :, None], 2)[:, :, 0]
    np.testing.assert_allclose(cost, -(np.log(own) * mask).sum() / mask.sum(), rtol=1e-4)


def test_a_regressor_gives_a_named_sequence_to_the_unit_that_sees_it():
    model = LAB.function("models", "sequence_regressor")(_sources(**CUED), seed=1, dim=4, unit="modulated_membrane")
    assert model.brick.sequences == {"modulator": 2}
    assert "modulator" in model.inputs
    assert "modulated_membrane/forget_gate/W_modulator" in model.parameters


def test_a_baseline_ignores_a_cue_when_it_is_told_to():
    model = LAB.function("models", "sequence_regressor")(_sources(**CUED), seed=1, dim=4, ignore=["modulator"])
    assert set(model.inputs) == {"features", "targets"} and model.brick.sequences == {}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {},
            r"lstm does not see .* sequence 'modulator' .*features, modulator, targets; .* ignore: \[modulator\]",
        ),
        ({"ignore": ["modulater"]}, "ignore has 'modulater'; .*did you mean 'modulator'"),
        (
            {"unit": "modulated_membrane", "ignore": ["modulator"]},
            "needs the sequence 'modulator', and ignore names it",
        ),
        ({"unit": "lgn", "ignore": ["modulator"]}, "lgn needs the sequence 'hippocampus', .*sources are features, mod"),
    ],
)
def test_a_sequence_that_is_not_seen_or_not_there_is_named_with_the_sources(settings, message):
    with pytest.raises(UsageError, match=r"models/sequence_regressor.py: .*" + message):
        LAB.function("models", "sequence_regressor")(_sources(**CUED), seed=1, dim=4, **settings)


def test_zoneout_is_a_number_or_one_a_state():
    build = LAB.function("models", "sequence_classifier")
    assert build(_sources(**ROWS), seed=1, dim=3, zoneout=0.1).brick.noise.zoneout == {"output": 0.1, "cell": 0.1}
    model = build(_sources(**ROWS), seed=1, dim=3, zoneout={"cell": 0.5, "output": 0.05})
    assert model.brick.noise.zoneout == {"cell": 0.5, "output": 0.05}


def test_layers_directions_and_noise_are_options():
    settings = dict(layers=2, bidirectional=True, skip=True, dropout=0.2, zoneout=0.1, recurrent_dropout=0.1)
    settings |= dict(layer_normalization="joint", chrono=28, unit={"like": "lstm", "peepholes": True})
    model = LAB.function("models", "sequence_classifier")(_sources(**ROWS), seed=1, dim=3, **settings)
    assert model.brick.output_dim == 12
    assert "stack/bidirectional_1/backward/forget_gate/w_cell" in model.parameters


def test_units_side_by_side_share_no_parameter_and_learn_as_they_would_alone():
    beside = LAB.function("models", "side_by_side")(_sources(**ROWS), seed=1, dim=3, units={"a": "lstm", "b": "gru"})
    assert {path.split("/")[0] for path in beside.parameters} == {"a", "a_classifier", "b", "b_classifier"}
    assert list(beside.monitored) == ["cost", "cost_a", "cost_b", "error_a", "error_b"]


@pytest.mark.parametrize("name", ["sequence_classifier", "sequence_regressor"])
def test_images_are_refused_with_the_remedy(name):
    sources = _sources(features=((None, 784), "float32"), targets=((None,), "int32"))
    with pytest.raises(ShapeError, match=rf"models/{name}.py: .*time, batch, columns.*784"):
        LAB.function("models", name)(sources, seed=1)


def test_an_unknown_wiring_names_the_nearest():
    with pytest.raises(UsageError, match="did you mean 'lstm'"):
        LAB.function("models", "sequence_classifier")(_sources(**ROWS), seed=1, unit="lsmt")
