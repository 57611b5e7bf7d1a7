"""Quantities that are put together in Python: confusion matrix, edit distance, and one's own."""

from functools import cache

import numpy as np
import pytensor.tensor as pt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bricks.data import ArrayDataset, DataStream, SequentialScheme
from bricks.errors import DataError, UsageError
from bricks.training import ConfusionMatrix, EditDistance, Evaluation, Quantity
from bricks.training.quantities import edit_distance


def levenshtein(a, b):
    """By its recursive definition."""

    @cache
    def d(i, j):
        if not i or not j:
            return i + j
        return min(d(i - 1, j) + 1, d(i, j - 1) + 1, d(i - 1, j - 1) + (a[i - 1] != b[j - 1]))

    return d(len(a), len(b))


@given(st.lists(st.integers(0, 3), max_size=12), st.lists(st.integers(0, 3), max_size=12))
def test_the_edit_distance_is_that_of_its_definition(a, b):
    assert edit_distance(a, b) == levenshtein(tuple(a), tuple(b))


class Largest(Quantity):
    def reset(self):
        self.seen = []

    def add(self, values):
        self.seen.append(values.max())

    def value(self):
        return float(max(self.seen))


def test_an_evaluation_takes_them_beside_symbolic_means():
    rng = np.random.default_rng(0)
    scores, targets = rng.normal(size=(23, 3)).astype("float32"), rng.integers(0, 3, 23).astype("int32")
    s, t = pt.matrix("scores", dtype="float32"), pt.ivector("targets")
    wrong = pt.neq(pt.argmax(s, axis=1), t).mean()
    data = DataStream(ArrayDataset({"scores": scores, "targets": targets}), SequentialScheme(5))
    evaluation = Evaluation({"matrix": ConfusionMatrix(t, s), "error": wrong, "top": Largest(s)}, data, "valid")
    for _ in range(2):
        row = evaluation.evaluate()
        assert list(row) == ["valid_matrix", "valid_error", "valid_top"]
        by_hand = [[int(np.sum((targets == i) & (scores.argmax(1) == j))) for j in range(3)] for i in range(3)]
        assert row["valid_matrix"] == by_hand
        assert row["valid_error"] == pytest.approx(1 - np.trace(by_hand) / 23)
        assert row["valid_top"] == pytest.approx(scores.max())


def test_edit_distance_counts_labels_under_the_masks():
    quantity = EditDistance(*(pt.imatrix() for _ in range(4)))
    quantity.reset()
    target = np.int32([[1, 1], [2, 2], [3, 9]])
    said = np.int32([[1, 5], [3, 1], [7, 2]])
    quantity.add(target, said, np.int32([[1, 1], [1, 1], [1, 0]]), np.int32([[1, 1], [1, 1], [0, 1]]))
    assert quantity.value() == (levenshtein((1, 3), (1, 2, 3)) + levenshtein((5, 1, 2), (1, 2))) / 5


def test_what_cannot_be_counted_is_told():
    with pytest.raises(UsageError, match="ConfusionMatrix: must be of symbolic tensors, got 3"):
        ConfusionMatrix(3, pt.fmatrix())
    quantity = ConfusionMatrix(pt.ivector(), pt.fmatrix())
    quantity.reset()
    with pytest.raises(DataError, match="targets must be classes from 0 to 1, as there are scores, got 0 to 7"):
        quantity.add(np.int32([0, 7]), np.zeros((2, 2), "float32"))
