"""ArrayDataset: named arrays of equal length, held without a copy, read as fresh ones."""

import numpy as np
import pytest

from bricks.data import ArrayDataset, Cast, Flatten
from bricks.errors import DataError, UsageError

X = np.arange(24.0).reshape(4, 3, 2)
Y = np.array([3, 1, 2, 0], np.int8)


def test_sources_tell_dtype_shape_and_axes():
    dataset = ArrayDataset({"x": X, "y": Y}, {"x": ("batch", "row", "column")})
    assert dataset.num_examples == 4
    assert repr(dataset.sources["x"]) == "Source(float64, (3, 2), batch row column)"
    assert (dataset.sources["y"].dtype, dataset.sources["y"].shape, dataset.sources["y"].axes) == (
        np.dtype("int8"),
        (),
        ("batch",),
    )


def test_arrays_are_held_without_a_copy_and_read_as_fresh_ones():
    array = X.copy()
    dataset = ArrayDataset({"x": array})
    assert np.shares_memory(dataset.arrays["x"], array)
    assert array.flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        dataset.arrays["x"][0] = 0
    batch = dataset.read(np.array([1, 0]))
    batch["x"][...] = -1
    np.testing.assert_array_equal(array, X)


@pytest.mark.parametrize("indices", [[2, 0, 2], np.array([2, 0, 2]), np.array([2, 0, 2], np.uint8), range(3), [-1]])
def test_read_gives_the_rows_asked_for_in_their_order(indices):
    batch = ArrayDataset({"x": X, "y": Y}).read(indices)
    np.testing.assert_array_equal(batch["x"], X[np.array(indices)])
    np.testing.assert_array_equal(batch["y"], Y[np.array(indices)])


def test_no_rows_are_an_empty_batch():
    assert ArrayDataset({"x": X}).read([])["x"].shape == (0, 3, 2)


def test_arrays_in_any_memory_order_read_alike():
    for array in (np.asfortranarray(X), X[::-1], X.astype(">f8"), X.tolist()):
        dataset = ArrayDataset({"x": array})
        assert dataset.arrays["x"].flags.c_contiguous
        assert dataset.sources["x"].dtype == np.float64
        assert dataset.sources["x"].dtype.isnative
        np.testing.assert_array_equal(dataset.read([3, 0])["x"], np.array(array)[[3, 0]])


def test_a_slice_is_a_data_set_of_views():
    dataset = ArrayDataset({"x": X, "y": Y}, {"x": ("batch", "row", "column")}, name="mine")
    part = dataset[1:3]
    assert (part.num_examples, part.name, part.sources["x"].axes) == (2, "mine", ("batch", "row", "column"))
    assert np.shares_memory(part.arrays["x"], dataset.arrays["x"])
    np.testing.assert_array_equal(part.read([1])["y"], Y[[2]])
    with pytest.raises(UsageError, match="takes a slice"):
        dataset[1]


def test_transformed_once_equals_transformed_each_time():
    dataset = ArrayDataset({"x": X, "y": Y})
    steps = [Flatten("x"), Cast("int32", "y")]
    once = dataset.transformed(*steps)
    batch = dataset.read([2, 1])
    for step in steps:
        batch = step.apply(batch)
    for name, array in once.read([2, 1]).items():
        np.testing.assert_array_equal(array, batch[name])
        assert array.dtype == batch[name].dtype == once.sources[name].dtype
    assert once.sources["x"].axes == ("batch", "feature")
    assert np.shares_memory(once.arrays["x"], dataset.arrays["x"])
    with pytest.raises(DataError, match="no source 'z'"):
        dataset.transformed(Flatten("z"))


@pytest.mark.parametrize(
    ("arrays", "error", "message"),
    [
        ({}, UsageError, "at least one"),
        ({"x": X, "y": Y[:3]}, DataError, "equally many examples, got {'x': 4, 'y': 3}"),
        ({"x": 1.0}, DataError, "'x' must have the examples along an axis"),
        ({"x": [[1], [2, 3]]}, DataError, "'x' must be one array"),
        ({"x": [None, {}]}, DataError, "'x' must hold numbers"),
    ],
)
def test_what_is_no_data_set_is_refused(arrays, error, message):
    with pytest.raises(error, match=message):
        ArrayDataset(arrays)


def test_a_label_for_each_axis_or_none():
    with pytest.raises(UsageError, match="'x': needs one axis label for each of its 3 axes"):
        ArrayDataset({"x": X}, {"x": ("batch",)})


@pytest.mark.parametrize("indices", [[4], [-5], np.array([0, 4]), np.array([-5, 0])])
def test_an_example_out_of_range_is_refused(indices):
    with pytest.raises(DataError, match="mine: there are 4 examples, numbered from 0, got (4|-5)"):
        ArrayDataset({"x": X}, name="mine").read(indices)


@pytest.mark.parametrize("indices", [[0.5], np.array([True, False]), np.array([[1]]), np.int64(1)])
def test_indices_are_a_list_of_integers(indices):
    with pytest.raises(UsageError, match="list of integers"):
        ArrayDataset({"x": X}).read(indices)


def test_what_is_no_dict_of_arrays_or_labels_no_source_is_refused():
    for nameless in (X, [X]):
        with pytest.raises(UsageError, match="needs arrays by name, as {'features': ...}, got"):
            ArrayDataset(nameless)
    with pytest.raises(DataError, match="no source 'z'; there are: x"):
        ArrayDataset({"x": X}, {"z": ("batch", "row", "column")})


def test_values_are_a_source_of_all_examples():
    dataset = ArrayDataset({"x": X, "y": Y})[1:3]
    np.testing.assert_array_equal(dataset.values("x"), X[1:3])
    with pytest.raises(DataError, match="no source 'z'; there are: x, y"):
        dataset.values("z")
