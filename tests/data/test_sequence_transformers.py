"""TimeMajor, OneHot and Permute against NumPy; which axis counts the examples, and who may come after whom."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bricks.data import (
    ArrayDataset,
    Cast,
    DataStream,
    Flatten,
    OneHot,
    Permute,
    Reshape,
    ScaleAndShift,
    SequentialScheme,
    Source,
    TimeMajor,
)
from bricks.errors import DataError, UsageError

shapes = hnp.array_shapes(min_dims=2, max_dims=4, max_side=4)


@settings(deadline=None)
@given(array=shapes.flatmap(lambda shape: hnp.arrays("int16", shape)))
def test_time_major_puts_time_first_and_says_so(array):
    before = array.copy()
    source = TimeMajor("x").sources(ArrayDataset({"x": array}).sources)["x"]
    found = TimeMajor("x").apply({"x": array})["x"]
    for step in range(array.shape[1]):
        np.testing.assert_array_equal(found[step], array[:, step])
    assert found.flags.c_contiguous and found.dtype == array.dtype
    assert source.axes[:2] == ("time", "batch") and source.batch_axis == 1
    assert source.batch_shape == (array.shape[1], None, *array.shape[2:])
    assert source.shape == array.shape[1:]  # of an example, as ever
    np.testing.assert_array_equal(array, before)


def test_time_major_keeps_the_labels_that_there_are():
    for labels, expected in [
        (("batch", "height", "width"), ("height", "batch", "width")),
        (("index", "", "feature"), ("time", "batch", "feature")),
    ]:
        sources = ArrayDataset({"x": np.zeros((2, 3, 4))}, {"x": labels}).sources
        assert TimeMajor("x").sources(sources)["x"].axes == expected


def test_a_stream_of_short_last_batches_is_time_major_throughout():
    arrays = {"x": np.arange(5 * 3 * 2).reshape(5, 3, 2), "y": np.arange(5)}
    stream = DataStream(ArrayDataset(arrays), SequentialScheme(2), [TimeMajor("x"), ScaleAndShift(2, 0, "x")])
    batches = list(stream.iterator())
    assert [batch["x"].shape for batch in batches] == [(3, 2, 2), (3, 2, 2), (3, 1, 2)]
    assert stream.sources["x"].batch_shape == (3, None, 2) and stream.sources["y"].batch_axis == 0
    np.testing.assert_array_equal(np.concatenate([batch["x"] for batch in batches], axis=1)[:, 4], 2 * arrays["x"][4])


def test_what_needs_the_examples_first_refuses_time_major_before_the_first_batch():
    sources = TimeMajor().sources(ArrayDataset({"x": np.zeros((2, 3, 4))}).sources)
    for transformer in (Flatten("x"), Reshape((12,), "x"), TimeMajor("x"), Permute([0, 1, 2], "x")):
        with pytest.raises(DataError, match="'x' must have the examples along its first axis.*before TimeMajor"):
            transformer.sources(sources)
    for transformer in (Cast("float32"), ScaleAndShift(1, 0)):
        assert transformer.sources(sources)["x"].batch_axis == 1


def test_a_source_without_time_cannot_be_time_major():
    with pytest.raises(DataError, match=r"'y' must have axes \(batch, time, ...\)"):
        TimeMajor().sources(ArrayDataset({"y": [1, 2]}).sources)


def test_a_data_set_keeps_its_examples_first():
    with pytest.raises(UsageError, match="along the first axis.*TimeMajor"):
        ArrayDataset({"x": np.zeros((3, 2, 4))}, {"x": ("time", "batch", "feature")})
    with pytest.raises(UsageError, match="along the first axis"):
        ArrayDataset({"x": np.zeros((2, 3, 4))}).transformed(TimeMajor("x"))


def test_examples_are_counted_along_the_axis_labelled_batch_or_the_first():
    source = Source(np.dtype("int8"), (None,), ("time", "batch"))
    assert (source.batch_axis, source.batch_shape) == (1, (None, None))
    source = Source(np.dtype("int8"), (3, 4), ("", "", ""))
    assert (source.batch_axis, source.batch_shape) == (0, (None, 3, 4))
    assert Source(np.dtype("int8"), (), ("batch",)).batch_shape == (None,)


@settings(deadline=None)
@given(
    array=hnp.arrays("uint8", hnp.array_shapes(min_dims=1, max_dims=3, max_side=5), elements=st.integers(0, 4)),
    dtype=st.sampled_from(["float32", "float64", "uint8"]),
)
def test_one_hot_is_one_at_the_symbol_and_zero_elsewhere(array, dtype):
    source = OneHot(5, "x", dtype=dtype).sources(ArrayDataset({"x": array}).sources)["x"]
    found = OneHot(5, "x", dtype=dtype).apply({"x": array})["x"]
    expected = np.zeros((*array.shape, 5), dtype)
    for place in np.ndindex(array.shape):
        expected[(*place, array[place])] = 1
    np.testing.assert_array_equal(found, expected)
    assert (source.dtype, source.shape) == (found.dtype, found.shape[1:]) and source.dtype == dtype
    assert source.axes == ("batch",) + ("",) * (array.ndim - 1) + ("feature",)


def test_one_hot_after_time_major_keeps_the_batch_axis():
    sources = ArrayDataset({"x": np.zeros((4, 7), "uint8")}).sources
    source = OneHot(3).sources(TimeMajor().sources(sources))["x"]
    assert (source.batch_axis, source.batch_shape) == (1, (7, None, 3))


@pytest.mark.parametrize("symbols", [[0, 3], [-1, 0]])
def test_a_symbol_out_of_range_is_refused(symbols):
    with pytest.raises(DataError, match="symbols must be from 0 to 2, got"):
        OneHot(3).apply({"x": np.array(symbols)})


def test_one_hot_takes_integers_and_a_size_alone():
    with pytest.raises(DataError, match="'x' must hold integers, got dtype float64"):
        OneHot(3).sources(ArrayDataset({"x": [0.0]}).sources)
    for size in (0, 2.0, True):
        with pytest.raises(UsageError, match="size must be an integer of at least 1"):
            OneHot(size)
    with pytest.raises(UsageError, match="OneHot: dtype must be one of NumPy's"):
        OneHot(3, dtype="flot32")
    made = OneHot(np.array([0, 2], "uint8").max() + 1, dtype="int8").apply({"x": np.array([2, 0])})["x"]
    assert made.dtype == np.int8 and made.tolist() == [[0, 0, 1], [1, 0, 0]]


@settings(deadline=None)
@given(st.integers(1, 20).flatmap(lambda n: st.permutations(range(n))))
def test_permute_puts_each_value_where_the_order_says(order):
    array = np.random.default_rng(0).normal(size=(3, len(order)))
    source = ArrayDataset({"x": array}).sources["x"]
    found = Permute(order, "x").apply({"x": array})["x"]
    for place, old in enumerate(order):
        np.testing.assert_array_equal(found[:, place], array[:, old])
    assert Permute(order).sources({"x": source})["x"] == source


@pytest.mark.parametrize("order", [[0, 0], [1, 2], [[0, 1]], [0.5, 1], []])
def test_what_is_no_permutation_of_the_values_is_refused(order):
    with pytest.raises((UsageError, DataError), match="Permute"):
        Permute(order).sources(ArrayDataset({"x": np.zeros((3, 2))}).sources)
    with pytest.raises(DataError, match=r"'x' must have shape \(3,\).*flatten"):
        Permute([2, 1, 0]).sources(ArrayDataset({"x": np.zeros((3, 3, 1))}).sources)
