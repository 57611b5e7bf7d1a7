"""Lookup tables: what gradients reach, numbers that are not there, integers of all kinds."""

import numpy as np
import pytensor.tensor as pt
import pytest

from bricks import engine
from bricks.errors import UsageError
from bricks.layers import Linear, LookupTable, Sequence
from bricks.training import GradientDescent, Scale


def test_the_gradient_goes_to_the_rows_that_were_looked_up_as_often_as_they_were():
    words, table = pt.imatrix("words"), LookupTable(5, 2, seed=1)
    weights = np.arange(12, dtype="float32").reshape(2, 3, 2)
    gradient = engine.function([words], engine.grad(pt.sum(table(words) * weights), table.W))
    looked_up = np.array([[0, 3, 3], [1, 3, 0]], "int32")
    expected = np.zeros((5, 2))
    for place in np.ndindex(2, 3):
        expected[looked_up[place]] += weights[place]
    np.testing.assert_allclose(gradient(looked_up), expected)


@pytest.mark.parametrize(
    "dtype, strangers", [("int32", [5, -1, -5, 2**31 - 1, -(2**31)]), ("uint8", [5, 255]), ("int64", [5, -1])]
)
def test_a_number_that_is_no_row_gives_nan_and_never_another_row(dtype, strangers):
    numbers, table = pt.vector("numbers", dtype=dtype), LookupTable(5, 2, seed=1)
    f = engine.function([numbers], table(numbers))
    given = np.array([0, *strangers, 4], dtype)
    rows = f(given)
    np.testing.assert_array_equal(rows[[0, -1]], table.W.get_value()[[0, 4]])
    assert np.isnan(rows[1:-1]).all()


def test_a_table_longer_than_its_indices_can_count_is_no_trouble():
    numbers, table = pt.vector("numbers", dtype="uint8"), LookupTable(300, 2, seed=1)
    rows = engine.function([numbers], table(numbers))(np.array([0, 255], "uint8"))
    np.testing.assert_array_equal(rows, table.W.get_value()[[0, 255]])


def test_training_stops_before_a_number_that_is_not_there():
    words, table = pt.ivector("words"), LookupTable(5, 2, seed=1)
    descent = GradientDescent(pt.mean(table(words) ** 2), step_rule=Scale(0.1))
    before = table.W.get_value()
    descent.process_batch({"words": np.array([1, 7], "int32")})
    assert descent.check() == 1
    np.testing.assert_array_equal(table.W.get_value(), before)
    descent.rewind()
    descent.process_batch({"words": np.array([1, 1], "int32")})
    changed = np.any(table.W.get_value() != before, axis=1)
    assert changed.tolist() == [False, True, False, False, False]


def test_one_number_is_a_row_and_tables_go_before_layers():
    number, table = pt.iscalar("number"), LookupTable(50, 4)
    net = Sequence([table, Linear(4, 3)], seed=1)
    assert (net.input_dim, net.output_dim) == (None, 3)
    output = table(number)
    assert output.type.shape == (4,)
    np.testing.assert_array_equal(engine.function([number], output)(7), table.W.get_value()[7])
    assert 0.8 < np.linalg.norm(LookupTable(500, 100, seed=2).W.get_value(), axis=1).mean() < 1.2


def test_lengths_that_cannot_be_are_refused():
    with pytest.raises(UsageError, match="lookup_table: length must be an integer of at least 1, got 0"):
        LookupTable(0, 3)
    with pytest.raises(UsageError, match="lookup_table: dim must be an integer of at least 1, got 2.0"):
        LookupTable(3, 2.0)
