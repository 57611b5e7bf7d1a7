"""The cases of the contract of costs and error rates, with what they compute in NumPy."""

import numpy as np
from brick_case import Case
from layer_cases import logistic, softmax

from bricks.layers import (
    AbsoluteError,
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    MisclassificationRate,
    SquaredError,
)


def cross_entropy(rows, logits):
    return -np.mean(
        [sum(t * np.log(p) for t, p in zip(*pair, strict=True)) for pair in zip(rows, softmax(logits), strict=True)]
    )


def binary_cross_entropy(targets, logits):
    pairs = zip(targets.flat, logistic(logits).flat, strict=True)
    return -sum(t * np.log(p) + (1 - t) * np.log(1 - p) for t, p in pairs) / len(targets)


def one_hot(classes, number):
    return np.eye(number)[np.ravel(classes)]


COSTS = (AbsoluteError, BinaryCrossEntropy, CategoricalCrossEntropy, SquaredError)

COSTS_AND_RATES = {
    "cross entropy of class numbers": Case(
        CategoricalCrossEntropy,
        [("int", (5,)), (5, 3)],
        lambda p, t, z: cross_entropy(one_hot(t, 3), z),
        output=(),
        wrong=[
            (
                [("int64", (5, 2)), ("float64", (5, 3))],
                r"integer targets must be one class number a row, .* got shape \(5, 2\)",
            ),
            (
                [("int64", (4,)), ("float64", (5, 3))],
                r"as many rows as the other input, got \(4,\) and \(5, 3\)",
            ),
            (
                [("float64", (5, 3)), ("int64", (5,))],
                "logits must be of a float dtype, got int64; .*targets come first",
            ),
            (
                [("int64", (5,)), ("float64", (2, 2, 5, 3))],
                r"logits must have 2 axes \(batch, classes\) or 3 \(time, batch, classes\), got 4",
            ),
            ([("int64", (5,)), ("float64", (2, 5, 3))], r"of shape \(time, batch\), got shape \(5,\)"),
            ([("int64", (2, 4)), ("float64", (2, 5, 3))], r"as many rows as the other input, got \(2, 4\)"),
        ],
    ),
    "cross entropy of sequences": Case(
        CategoricalCrossEntropy,
        [("int", (4, 5)), (4, 5, 3)],
        lambda p, t, z: np.mean([cross_entropy(one_hot(u, 3), y) for u, y in zip(t, z, strict=True)]),
        output=(),
    ),
    "cross entropy of a column": Case(
        CategoricalCrossEntropy,
        [("int", (5, 1)), (5, 3)],
        lambda p, t, z: cross_entropy(one_hot(t, 3), z),
        output=(),
    ),
    "cross entropy of probabilities": Case(
        CategoricalCrossEntropy,
        [(5, 3), (5, 3)],
        lambda p, t, z: cross_entropy(t, z),
        output=(),
        wrong=[([("float64", (5, 4)), ("float64", (5, 3))], r"shape of logits \(5, 3\), got \(5, 4\)")],
    ),
    "absolute error": Case(
        AbsoluteError,
        [(4, 5, 3), (4, 5, 3)],
        lambda p, t, y: sum(abs(a - b) for a, b in zip(t.flat, y.flat, strict=True)) / 20,
        output=(),
        wrong=[
            ([("float64", (5, 1)), ("float64", (5, 3))], r"shape of outputs \(5, 3\), got \(5, 1\)"),
            ([("int64", (5, 3)), ("float64", (5, 3))], "absolute_error: targets must be float64, got int64"),
        ],
    ),
    "binary cross entropy": Case(
        BinaryCrossEntropy,
        [("probability", (5, 3)), (5, 3)],
        lambda p, t, z: binary_cross_entropy(t, z),
        output=(),
        wrong=[
            ([("float64", (5, 1)), ("float64", (5, 3))], r"shape of logits \(5, 3\), got \(5, 1\)"),
            ([("int64", (5,)), ("float64", (5, 3))], r"shape of logits \(5, 3\), got \(5,\)"),
            (
                [("float64", (5, 3)), ("int64", (5, 3))],
                "logits must be of a float dtype, got int64; .*targets come first",
            ),
        ],
    ),
    "binary cross entropy of bools": Case(
        BinaryCrossEntropy,
        [("bool", (5, 3)), (5, 3)],
        lambda p, t, z: binary_cross_entropy(t.astype(float), z),
        output=(),
    ),
    "misclassification rate of the top two": Case(
        lambda: MisclassificationRate(top_k=2),
        [("int", (50,)), (50, 4)],
        lambda p, t, y: (
            sum(k not in sorted(range(4), key=lambda j: -row[j])[:2] for row, k in zip(y, t, strict=True)) / 50
        ),
        output=(),
        differentiable=False,
        wrong=[
            (
                [("int64", (5,)), ("float64", (5, 2))],
                "misclassification_rate: top_k must be less than the 2 classes, got 2: nothing would be wrong",
            )
        ],
    ),
    "squared error": Case(
        SquaredError,
        [(5, 3), (5, 3)],
        lambda p, t, y: sum((a - b) ** 2 for a, b in zip(t.flat, y.flat, strict=True)) / 5,
        output=(),
        wrong=[
            ([("float64", (5, 1)), ("float64", (5, 3))], r"shape of outputs \(5, 3\), got \(5, 1\)"),
            ([("float64", (5,)), ("float64", (5, 3))], r"shape of outputs \(5, 3\), got \(5,\)"),
            ([("int64", (5, 3)), ("float64", (5, 3))], "targets must be float64, got int64"),
        ],
    ),
    "misclassification rate": Case(
        MisclassificationRate,
        [("int", (50,)), (50, 3)],
        lambda p, t, y: sum(max(range(3), key=row.__getitem__) != k for row, k in zip(y, t, strict=True)) / 50,
        output=(),
        differentiable=False,
        wrong=[([("int64", (5, 2)), ("float64", (5, 3))], "one class number a row")],
    ),
    "misclassification rate of a column": Case(
        MisclassificationRate,
        [("int", (50, 1)), (50, 3)],
        lambda p, t, y: np.mean([np.argmax(row) != k for row, (k,) in zip(y, t, strict=True)]),
        output=(),
        differentiable=False,
    ),
    "misclassification rate of rows": Case(
        MisclassificationRate,
        [(50, 3), (50, 3)],
        lambda p, t, y: np.mean([np.argmax(a) != np.argmax(b) for a, b in zip(t, y, strict=True)]),
        output=(),
        differentiable=False,
    ),
}
