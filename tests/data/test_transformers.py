"""Transformers against NumPy: what comes out, and what they say of it before."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bricks.data import ArrayDataset, Cast, Flatten, Reshape, ScaleAndShift
from bricks.errors import DataError, UsageError

NUMERIC = ["bool", "uint8", "int8", "int16", "uint16", "int32", "int64", "float32", "float64"]
shapes = hnp.array_shapes(min_dims=1, max_dims=4, max_side=4)
arrays = st.sampled_from(NUMERIC).flatmap(
    lambda dtype: shapes.flatmap(
        lambda shape: hnp.arrays(dtype, shape, elements={"allow_nan": False} if dtype.startswith("float") else None)
    )
)


def applied(transformer, array):
    """What comes out for one source; checked: the description fits, what went in is as it was."""
    before = array.copy()
    described = transformer.sources(ArrayDataset({"x": array}).sources)["x"]
    found = transformer.apply({"x": array})["x"]
    assert (described.dtype, described.shape, len(described.axes)) == (
        found.dtype,
        found.shape[1:],
        found.ndim,
    )
    np.testing.assert_array_equal(array, before)
    return found


@settings(deadline=None)
@given(array=arrays)
def test_flatten_makes_one_row_of_each_example(array):
    found = applied(Flatten("x"), array)
    assert found.shape == (len(array), array[0].size)
    for row, example in zip(found, array, strict=True):
        np.testing.assert_array_equal(row, example.ravel())


def test_flatten_of_an_empty_batch_keeps_the_width():
    assert Flatten().apply({"x": np.zeros((0, 2, 3))})["x"].shape == (0, 6)


@settings(deadline=None)
@given(
    array=arrays,
    scale=st.floats(-100, 100, width=32),
    shift=st.floats(-100, 100, width=32),
    dtype=st.sampled_from(["float32", "float64"]),
)
def test_scale_and_shift_equals_numpy(array, scale, shift, dtype):
    with np.errstate(over="ignore", invalid="ignore"):
        found = applied(ScaleAndShift(scale, shift, "x", dtype=dtype), array)
        converted = array.astype(dtype)
        expected = converted * np.dtype(dtype).type(scale) + np.dtype(dtype).type(shift)
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, expected)
    assert not np.shares_memory(found, array)


def test_pixels_come_out_between_0_and_1_to_the_last_bit_of_float32():
    pixels = np.arange(256, dtype=np.uint8)
    found = applied(ScaleAndShift(1 / 255, 0), pixels)
    assert (found.dtype, found[0], found[255]) == (np.float32, 0, 1)
    np.testing.assert_allclose(found, pixels / 255.0, rtol=2**-23)


@settings(deadline=None)
@given(array=arrays, dtype=st.sampled_from(NUMERIC))
def test_cast_equals_numpy(array, dtype):
    with np.errstate(all="ignore"):
        found = applied(Cast(dtype, "x"), array)
        expected = array.astype(dtype)
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, expected)


def test_reshape_gives_each_example_the_shape():
    array = np.arange(24).reshape(2, 3, 4)
    np.testing.assert_array_equal(applied(Reshape((4, 3), "x"), array), array.reshape(2, 4, 3))
    np.testing.assert_array_equal(applied(Reshape(()), array[:, :1, 0]), array[:, 0, 0])
    assert Reshape((2, 6), axes=("row", "column")).sources(ArrayDataset({"x": array}).sources)["x"].axes == (
        "batch",
        "row",
        "column",
    )


def test_reshape_refuses_another_number_of_elements_before_the_first_batch():
    sources = ArrayDataset({"x": np.zeros((5, 2))}).sources
    with pytest.raises(DataError, match=r"Reshape: an example of 'x' must have 1 elements.*got shape \(2,\)"):
        Reshape((), "x").sources(sources)


@pytest.mark.parametrize(
    ("named", "unnamed"),
    [
        (Flatten("a", "c"), Flatten()),
        (Cast("float32", ["a", "c"]), Cast("float32")),
        (ScaleAndShift(2, 1, ("a", "c")), ScaleAndShift(2, 1)),
        (Reshape((1, 2), ["a", "c"]), Reshape((1, 2))),
    ],
)
def test_named_sources_alone_are_changed_and_without_names_all(named, unnamed):
    batch = {"a": np.arange(4).reshape(2, 2, 1), "b": np.arange(6).reshape(3, 2, 1), "c": np.ones((2, 2, 1))}
    some, everything = named.apply(batch), unnamed.apply(batch)
    assert list(some) == list(everything) == list(batch)
    assert some["b"] is batch["b"]
    for name in ("a", "c"):
        np.testing.assert_array_equal(some[name], everything[name])
    for name, array in everything.items():
        assert (array.dtype, array.shape) != (batch[name].dtype, batch[name].shape)


def test_axis_labels_follow():
    sources = ArrayDataset({"x": np.zeros((2, 1, 3))}, {"x": ("batch", "height", "width")}).sources
    assert Flatten().sources(sources)["x"].axes == ("batch", "feature")
    assert Cast("int8").sources(sources)["x"].axes == ("batch", "height", "width")
    assert ScaleAndShift(1, 0).sources(sources)["x"].axes == ("batch", "height", "width")


@pytest.mark.parametrize(
    "transformer",
    [Flatten("tragets"), Cast("int32", "tragets"), ScaleAndShift(1, 0, "tragets"), Reshape((), "tragets")],
)
def test_an_unknown_source_is_told_before_the_first_batch(transformer):
    sources = ArrayDataset({"features": [1], "targets": [1]}).sources
    with pytest.raises(DataError, match="no source 'tragets'; did you mean 'targets'.*features, targets"):
        transformer.sources(sources)


def test_only_numbers_are_computed_with():
    sources = ArrayDataset({"words": np.array([b"one", b"two"])}).sources
    for transformer in (Cast("float32"), ScaleAndShift(1, 0)):
        with pytest.raises(DataError, match="'words' must hold numbers, got dtype .S3"):
            transformer.sources(sources)


@pytest.mark.parametrize("dtype", ["floatX", None, "int33", "S4", object])
def test_a_dtype_that_is_none_is_refused(dtype):
    with pytest.raises(UsageError, match="Cast: dtype must be"):
        Cast(dtype)


@pytest.mark.parametrize(
    "make",
    [
        lambda: ScaleAndShift(float("nan"), 0),
        lambda: ScaleAndShift(1, float("inf")),
        lambda: ScaleAndShift(1, 0, dtype="int32"),
        lambda: Reshape((2, 0)),
        lambda: Reshape((2.0,)),
        lambda: Reshape((2, 3), axes=("row",)),
    ],
)
def test_arguments_that_make_no_sense_are_refused(make):
    with pytest.raises(UsageError):
        make()
