"""Layers: bricks that need no recurrence."""

from bricks.layers.activations import Activation, Identity, Logistic, Rectifier, Softmax, Tanh
from bricks.layers.costs import CategoricalCrossEntropy, MisclassificationRate, SquaredError
from bricks.layers.dropout import Dropout
from bricks.layers.linear import Linear
from bricks.layers.normalization import BatchNormalization
from bricks.layers.sequence import MLP, Sequence

__all__ = [
    "MLP",
    "Activation",
    "BatchNormalization",
    "CategoricalCrossEntropy",
    "Dropout",
    "Identity",
    "Linear",
    "Logistic",
    "MisclassificationRate",
    "Rectifier",
    "Sequence",
    "Softmax",
    "SquaredError",
    "Tanh",
]
