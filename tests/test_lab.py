"""The lab in the checkout: every config is valid, builds, and its step lowers for CUDA."""

from pathlib import Path

import pytest

from bricks.training import config as configs
from bricks.training.experiment import build
from bricks.training.lab import Lab

CHECKOUT = Path(__file__).resolve().parent.parent
CONFIGS = sorted((CHECKOUT / "configs").glob("*.yaml"))


def test_there_are_the_three_configs_of_mnist():
    assert {path.stem for path in CONFIGS} >= {"mnist_mlp", "mnist_mlp_dropout", "mnist_softmax"}


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_the_step_of_a_config_lowers_for_cuda(path):
    lab = Lab(CHECKOUT)
    experiment = build(configs.read(path, lab), lab)
    loop = experiment.main_loop([])
    experiment.check(loop)
    descent = loop.algorithm
    batch = next(iter(experiment.streams["train"].iterator()))
    exported = descent.export(batch, platforms=["cuda"])
    assert exported.platforms == ("cuda",)
    if experiment.config.model.name == "mlp":
        products = 3 * (len(experiment.config.model.options["hidden"]) + 1) - 1
        assert exported.mlir_module().count("stablehlo.dot_general") >= products
