"""The multi-layer perceptron of the lab: every activation that a config may name, with the weights that go with it."""

import typing

import numpy as np
import pytest
from small_lab import REPOSITORY

import bricks
from bricks.data import Source
from bricks.training.experiment import variable
from bricks.training.lab import Lab, options

SOURCES = {
    "features": Source(np.dtype("float32"), (30,), ("batch", "feature")),
    "targets": Source(np.dtype("int32"), (), ("batch",)),
}
BUILD = Lab(REPOSITORY).function("models", "mlp")
NAMES = typing.get_args(options(BUILD)["activation"].annotation)


@pytest.mark.parametrize("name", NAMES)
def test_a_config_may_name_any_activation_and_weights_start_as_is_usual_before_it(name):
    sources = {source: variable(source, spec) for source, spec in SOURCES.items()}
    model = BUILD(sources, seed=1, hidden=[50, 20], activation=name)
    assert [brick.name for brick in model.brick.children if name in brick.name] == [f"{name}_0", f"{name}_1"]
    like_rectifiers = name in ("rectifier", "leaky_rectifier", "elu", "gelu")
    for W, fan in (("linear_0/W", 30), ("linear_1/W", 50)):
        values = model.parameters[f"mlp/{W}"].get_value()
        bound = np.sqrt(6 / (fan if like_rectifiers else sum(values.shape)))
        assert 0.97 * bound < np.abs(values).max() <= bound
    assert isinstance(model, bricks.Model) and len(model.parameters) == 6
