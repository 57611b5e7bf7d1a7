"""A multilayer perceptron that classifies; without hidden layers it is softmax regression.

    h_0 = x        h_{i+1} = activation(h_i W_i + b_i)        p = softmax(h V + c)

Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors", 1986.
"""

from typing import Annotated, Literal

from pydantic import Field, PositiveInt

import bricks
from bricks.initialization import Glorot, He
from bricks.layers import (
    ELU,
    GELU,
    BatchNormalization,
    CategoricalCrossEntropy,
    Dropout,
    LeakyRectifier,
    Linear,
    Logistic,
    MisclassificationRate,
    Rectifier,
    Sequence,
    Softmax,
    Softplus,
    Tanh,
)
from bricks.roles import WEIGHT, has_roles

ACTIVATIONS = {
    "tanh": Tanh,
    "logistic": Logistic,
    "rectifier": Rectifier,
    "leaky_rectifier": LeakyRectifier,
    "elu": ELU,
    "gelu": GELU,
    "softplus": Softplus,
}
RECTIFIERS = ("rectifier", "leaky_rectifier", "elu", "gelu")
Probability = Annotated[float, Field(ge=0, lt=1)]


def build(
    sources,
    *,
    seed: int,
    hidden: list[PositiveInt] = [500],  # noqa: B006 (never changed)
    activation: Literal["tanh", "logistic", "rectifier", "leaky_rectifier", "elu", "gelu", "softplus"] = "tanh",
    dropout: Probability = 0.0,
    input_dropout: Probability = 0.0,
    batch_normalization: bool = False,
    l2: Annotated[float, Field(ge=0)] = 0.0,
    classes: Annotated[int, Field(ge=2)] = 10,
) -> bricks.Model:
    """The graph of an MLP over `features` (batch, columns) and `targets` (batch,).

    Parameters
    ----------
    sources : dict of str to Variable
    seed : int
        Of the initial weights and of the noise.
    hidden : list of int
        Units of each hidden layer; none for softmax regression.
    activation : str
        Of the hidden layers. Weights start as Glorot and Bengio (2010) advise, before rectifiers and their
        like (leaky_rectifier, elu, gelu) as He et al. (2015) do.
    dropout, input_dropout : float
        The probability that a hidden unit, or an input, is left out of a training step.
    batch_normalization : bool
        Between each hidden layer's linear map and its activation.
    l2 : float
        What is minimised is cost + l2 * (sum of squares of all weights); what is monitored is the cost alone.
    classes : int
    """
    features, targets = sources["features"], sources["targets"]
    if features.type.ndim != 2 or features.type.shape[1] is None:
        raise bricks.errors.ShapeError(
            "models/mlp.py: the source 'features' must have batches of shape (batch, columns), the number of "
            f"columns known, got {features.type.shape}; flatten it in the stream"
        )
    hidden_init = He() if activation in RECTIFIERS else Glorot()
    layers = [Dropout(input_dropout, name="input_dropout")] if input_dropout else []
    dim = features.type.shape[1]
    for i, units in enumerate(hidden):
        layers.append(Linear(dim, units, weights_init=hidden_init, name=f"linear_{i}"))
        if batch_normalization:
            layers.append(BatchNormalization(units, name=f"batch_normalization_{i}"))
        layers.append(ACTIVATIONS[activation](name=f"{activation}_{i}"))
        if dropout:
            layers.append(Dropout(dropout, name=f"dropout_{i}"))
        dim = units
    layers.append(Linear(dim, classes, weights_init=Glorot(), name=f"linear_{len(hidden)}"))
    mlp = Sequence(layers, name="mlp", seed=seed)
    logits = mlp(features)
    cost = CategoricalCrossEntropy()(targets, logits)
    weights = [variable for variable in mlp.all_parameters().values() if has_roles(variable, WEIGHT)]
    return bricks.Model(
        cost + l2 * sum((W**2).sum() for W in weights) if l2 else cost,
        monitored={"cost": cost, "error": MisclassificationRate()(targets, logits)},
        outputs={"probabilities": Softmax()(logits)},
        brick=mlp,
    )
