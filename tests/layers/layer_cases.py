"""The layers' cases of the contract, with what they compute in NumPy."""

import math

import numpy as np
from brick_case import ELEMENT_WISE, Case

from bricks.initialization import Gaussian
from bricks.layers import (
    ELU,
    GELU,
    MLP,
    BatchNormalization,
    Bias,
    Dropout,
    Fork,
    GaussianNoise,
    Identity,
    LayerNormalization,
    LeakyRectifier,
    Linear,
    LinearMaxout,
    Logistic,
    LookupTable,
    Maxout,
    Merge,
    Parallel,
    Rectifier,
    Sequence,
    Softmax,
    Softplus,
    Tanh,
)


def logistic(x):
    return 1 / (1 + np.exp(-x))


def softmax(x, axis=-1):
    return np.exp(x) / np.exp(x).sum(axis, keepdims=True)


def normalized(x, p):
    centred = (x - p["population_mean"]) / np.sqrt(p["population_variance"] + 1e-5)
    return centred * p["scale"] + p["shift"]


def layer_normalized(x, p):
    rows = [(row - row.mean()) / math.sqrt(row.var() + 1e-5) for row in x.reshape(-1, x.shape[-1])]
    return np.reshape(rows, x.shape) * p["scale"] + p["shift"]


def gelu(x):
    return np.vectorize(lambda value: value * (1 + math.erf(value / math.sqrt(2))) / 2)(x)


def greatest(x, pieces):
    return np.array([[max(row[i : i + pieces]) for i in range(0, len(row), pieces)] for row in x])


TWO_LAYERS = ("linear_0/W", "linear_0/b", "linear_1/W", "linear_1/b")

LAYERS = {
    "linear": Case(
        lambda: Linear(4, 3, biases_init=Gaussian()),
        [(5, 4)],
        lambda p, x: np.einsum("bi,io->bo", x, p["W"]) + p["b"],
        ("W", "b"),
        (5, 3),
        [
            (
                [("float64", (100, 784))],
                r"linear: input must have 4 columns \(input_dim=4\), got shape \(100, 784\); is the",
            ),
            (
                [("float32", (5, 4))],
                r"linear: input must be float64, got float32; cast it with input.astype\('float64'\)",
            ),
            ([("int64", (5, 4))], "linear: input must be float64, got int64"),
            ([("float64", ())], r"linear: input must have at least 1 axis \(..., input_dim\), got 0"),
        ],
    ),
    "linear on sequences": Case(
        lambda: Linear(4, 3, use_bias=False),
        [(2, 5, 4)],
        lambda p, x: np.einsum("tbi,io->tbo", x, p["W"]),
        ("W",),
        (2, 5, 3),
        [([("float64", (2, 5, 3))], r"got shape \(2, 5, 3\)")],
    ),
    "identity": Case(Identity, [(3, 4)], lambda p, x: x, output=(3, 4), wrong=ELEMENT_WISE),
    "tanh": Case(Tanh, [(3, 4)], lambda p, x: 2 * logistic(2 * x) - 1, output=(3, 4), wrong=ELEMENT_WISE),
    "logistic": Case(Logistic, [(3, 4)], lambda p, x: logistic(x), output=(3, 4), wrong=ELEMENT_WISE),
    "rectifier": Case(Rectifier, [(3, 4)], lambda p, x: x * (x > 0), output=(3, 4), wrong=ELEMENT_WISE),
    "softmax": Case(Softmax, [(3, 4)], lambda p, x: softmax(x), output=(3, 4), wrong=ELEMENT_WISE),
    "softmax over the middle axis": Case(
        lambda: Softmax(axis=1),
        [(2, 3, 4)],
        lambda p, x: softmax(x, 1),
        output=(2, 3, 4),
        wrong=[([("float64", (3,))], r"softmax: input must have an axis 1, got shape \(3,\)")],
    ),
    "sequence": Case(
        lambda: Sequence([Linear(4, 3), Tanh(), Linear(3, 2, use_bias=False)]),
        [(5, 4)],
        lambda p, x: np.tanh(x @ p["linear/W"] + p["linear/b"]) @ p["linear_1/W"],
        ("linear/W", "linear/b", "linear_1/W"),
        (5, 2),
        [([("float64", (5, 2))], r"sequence/linear: input must have 4 columns")],
    ),
    "mlp": Case(
        lambda: MLP([Tanh(), Softmax()], [4, 3, 2], biases_init=Gaussian()),
        [(5, 4)],
        lambda p, x: softmax(
            np.tanh(x @ p["linear_0/W"] + p["linear_0/b"]) @ p["linear_1/W"] + p["linear_1/b"],
        ),
        TWO_LAYERS,
        (5, 2),
        [
            (
                [("float64", (5, 3))],
                r"mlp/linear_0: input must have 4 columns \(input_dim=4\), got shape \(5, 3\)",
            )
        ],
    ),
    "dropout": Case(lambda: Dropout(0.3), [(3, 4)], lambda p, x: x, output=(3, 4), wrong=ELEMENT_WISE),
    "batch normalization": Case(
        lambda: BatchNormalization(4),
        [(3, 4)],
        lambda p, x: normalized(x, p),
        ("scale", "shift", "population_mean", "population_variance"),
        (3, 4),
        [
            ([("float64", (3, 5))], r"batch_normalization: input must have 4 columns \(dim=4\)"),
            ([("float64", (4,))], r"must have at least 2 axes \(batch, ..., dim\), got 1"),
        ],
    ),
    "batch normalization of sequences": Case(
        lambda: BatchNormalization(4),
        [(2, 3, 4)],
        lambda p, x: normalized(x, p),
        ("scale", "shift", "population_mean", "population_variance"),
        (2, 3, 4),
    ),
    "bias": Case(
        lambda: Bias(4),
        [(2, 3, 4)],
        lambda p, x: np.array([[[v + b for v, b in zip(row, p["b"], strict=True)] for row in rows] for rows in x]),
        ("b",),
        (2, 3, 4),
        [
            ([("float64", (3, 5))], r"bias: input must have 4 columns \(dim=4\), got shape \(3, 5\)"),
            ([("float32", (3, 4))], "bias: input must be float64, got float32"),
        ],
    ),
    "softplus": Case(Softplus, [(3, 4)], lambda p, x: np.log(1 + np.exp(x)), output=(3, 4), wrong=ELEMENT_WISE),
    "leaky rectifier": Case(
        lambda: LeakyRectifier(0.2),
        [(3, 4)],
        lambda p, x: x * np.where(x > 0, 1, 0.2),
        output=(3, 4),
        wrong=ELEMENT_WISE,
    ),
    "elu": Case(
        lambda: ELU(0.7),
        [(3, 4)],
        lambda p, x: np.where(x > 0, x, 0.7 * (np.exp(x) - 1)),
        output=(3, 4),
        wrong=ELEMENT_WISE,
    ),
    "gelu": Case(GELU, [(3, 4)], lambda p, x: gelu(x), output=(3, 4), wrong=ELEMENT_WISE),
    "gelu by tanh": Case(
        lambda: GELU(approximate=True),
        [(3, 4)],
        lambda p, x: x * logistic(2 * np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)),
        output=(3, 4),
    ),
    "maxout": Case(
        lambda: Maxout(3),
        [(5, 6)],
        lambda p, x: greatest(x, 3),
        output=(5, 2),
        wrong=[
            *ELEMENT_WISE,
            ([("float64", (5, 7))], r"maxout: input must have a multiple of 3 columns \(num_pieces=3\), got 7"),
            ([("float64", ())], r"maxout: input must have at least 1 axis \(..., columns\), got 0"),
        ],
    ),
    "linear maxout": Case(
        lambda: LinearMaxout(4, 2, 3, biases_init=Gaussian()),
        [(5, 4)],
        lambda p, x: greatest(x @ p["linear/W"] + p["linear/b"], 3),
        ("linear/W", "linear/b"),
        (5, 2),
        [([("float64", (5, 3))], "linear_maxout/linear: input must have 4 columns")],
    ),
    "lookup table": Case(
        lambda: LookupTable(3, 4),
        [("int", (2, 5))],
        lambda p, i: np.array([[p["W"][n] for n in row] for row in i]),
        ("W",),
        (2, 5, 4),
        [
            (
                [("float64", (2, 5))],
                r"lookup_table: indices must be of an integer dtype, got float64; cast them with indices.astype",
            ),
            ([("bool", (2, 5))], "lookup_table: indices must be of an integer dtype, got bool"),
        ],
    ),
    "parallel": Case(
        lambda: Parallel({"left": Linear(4, 3), "right": Tanh()}),
        [(5, 4), (2, 3)],
        lambda p, x, y: {"left": x @ p["left/W"] + p["left/b"], "right": np.tanh(y)},
        ("left/W", "left/b"),
        {"left": (5, 3), "right": (2, 3)},
        [([("float64", (5, 3)), ("float64", (2, 3))], "parallel/left: input must have 4 columns")],
        call=lambda brick, x, y: brick(left=x, right=y),
    ),
    "fork": Case(
        lambda: Fork({"mean": Linear(4, 3, use_bias=False), "spread": Sequence([Linear(4, 3), Softplus()])}),
        [(5, 4)],
        lambda p, x: {
            "mean": x @ p["mean/W"],
            "spread": np.log(1 + np.exp(x @ p["spread/linear/W"] + p["spread/linear/b"])),
        },
        ("mean/W", "spread/linear/W", "spread/linear/b"),
        {"mean": (5, 3), "spread": (5, 3)},
        [([("float64", (5, 3))], "fork/mean: input must have 4 columns")],
    ),
    "merge": Case(
        lambda: Merge({"image": Linear(4, 3), "word": Linear(2, 3, use_bias=False)}),
        [(5, 4), (5, 2)],
        lambda p, x, y: x @ p["image/W"] + p["image/b"] + y @ p["word/W"],
        ("image/W", "image/b", "word/W"),
        (5, 3),
        [([("float64", (5, 4)), ("float64", (5, 3))], "merge/word: input must have 2 columns")],
        call=lambda brick, x, y: brick(word=y, image=x),
    ),
    "gaussian noise": Case(lambda: GaussianNoise(0.3), [(3, 4)], lambda p, x: x, output=(3, 4), wrong=ELEMENT_WISE),
    "layer normalization": Case(
        lambda: LayerNormalization(4),
        [(2, 3, 4)],
        lambda p, x: layer_normalized(x, p),
        ("scale", "shift"),
        (2, 3, 4),
        [
            ([("float64", (3, 5))], r"layer_normalization: input must have 4 columns \(dim=4\)"),
            ([("float64", ())], r"must have at least 1 axis \(..., dim\), got 0"),
        ],
    ),
}
