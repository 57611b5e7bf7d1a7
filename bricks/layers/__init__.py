"""Layers: bricks that need no recurrence."""

from bricks.layers.activations import Activation, Identity, Logistic, Softmax, Tanh
from bricks.layers.branches import Fork, Merge, Parallel
from bricks.layers.costs import AbsoluteError, BinaryCrossEntropy, CategoricalCrossEntropy, SquaredError
from bricks.layers.linear import Bias, Linear
from bricks.layers.lookup import LookupTable
from bricks.layers.maxout import LinearMaxout, Maxout
from bricks.layers.noise import Dropout, GaussianNoise, apply_noise
from bricks.layers.normalization import BatchNormalization, LayerNormalization
from bricks.layers.rates import MisclassificationRate
from bricks.layers.rectifiers import ELU, GELU, LeakyRectifier, Rectifier, Softplus
from bricks.layers.sequence import MLP, Sequence

__all__ = [
    "ELU",
    "GELU",
    "MLP",
    "AbsoluteError",
    "Activation",
    "BatchNormalization",
    "Bias",
    "BinaryCrossEntropy",
    "CategoricalCrossEntropy",
    "Dropout",
    "Fork",
    "GaussianNoise",
    "Identity",
    "LayerNormalization",
    "LeakyRectifier",
    "Linear",
    "LinearMaxout",
    "Logistic",
    "LookupTable",
    "Maxout",
    "Merge",
    "MisclassificationRate",
    "Parallel",
    "Rectifier",
    "Sequence",
    "Softmax",
    "Softplus",
    "SquaredError",
    "Tanh",
    "apply_noise",
]
