"""Padding, Mapping, Rename, FilterSources and ragged sources against plain loops; what they say beforehand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bricks.data import (
    ArrayDataset,
    Cast,
    DataStream,
    FilterSources,
    Flatten,
    IterableDataset,
    Mapping,
    OneHot,
    Padding,
    Place,
    Rename,
    ScaleAndShift,
    SequentialScheme,
    ShuffledScheme,
    Source,
    TimeMajor,
    ragged,
)
from bricks.errors import DataError, UsageError

sequences = st.lists(st.lists(st.integers(-9, 9), max_size=7), min_size=1, max_size=6)


def ragged_source(axes=("batch", "time"), shape=(None,), dtype="int64"):
    return Source(np.dtype(dtype), shape, axes, ragged=True)


def fits(batch, sources):
    assert list(batch) == list(sources)
    for name, source in sources.items():
        found, wanted = batch[name].shape, source.batch_shape
        assert batch[name].dtype == source.dtype and len(found) == len(wanted) == len(source.axes)
        assert all(w in (None, f) for f, w in zip(found, wanted, strict=True))


@settings(deadline=None)
@given(
    rows=sequences,
    features=st.integers(0, 3),
    time_major=st.booleans(),
    multiple=st.integers(1, 4),
    dtype=st.sampled_from(["float32", "float64"]),
)
def test_padding_puts_each_element_in_its_place_and_the_mask_says_where(rows, features, time_major, multiple, dtype):
    examples = [
        np.repeat(np.array(row, "int16")[:, None], features, 1) if features else np.array(row, "int16") for row in rows
    ]
    shape = (None, features) if features else (None,)
    source = ragged_source(("batch", "time", "feature")[: 1 + len(shape)], shape, "int16")
    padding = Padding(time_major=time_major, multiple=multiple, dtype=dtype)
    found = padding.apply({"x": ragged(examples), "y": np.arange(len(rows))})
    fits(found, padding.sources({"x": source, "y": Source(np.dtype("int64"), (), ("batch",))}))
    x, mask = (found[name] if time_major else found[name].swapaxes(0, 1) for name in ("x", "x_mask"))
    longest = max(map(len, rows))
    assert x.shape[0] % multiple == 0 and longest <= x.shape[0] < max(longest, 1) + multiple
    for n, row in enumerate(rows):
        for t in range(x.shape[0]):
            inside = t < len(row)
            assert mask[t, n] == inside
            np.testing.assert_array_equal(x[t, n], examples[n][t] if inside else 0)


def test_padding_pads_other_axes_too_and_need_not_mask():
    examples = ragged([np.ones((1, 2), "float32"), np.full((2, 1), 2, "float32")])
    padding = Padding("x", time_major=False, mask=False)
    [(name, source)] = padding.sources({"x": ragged_source(("batch", "", "feature"), (None, None), "float32")}).items()
    assert repr(source) == "Source(float32, (None, None), batch time feature)"
    assert padding.apply({"x": examples})["x"].tolist() == [[[1, 1], [0, 0]], [[2, 0], [2, 0]]]


def test_a_stream_of_sequences_is_padded_for_recurrent_nets():
    words = IterableDataset(
        [{"w": np.arange(n), "t": n} for n in (3, 1, 2)], ragged=["w"], axes={"w": ("batch", "time")}
    )
    stream = DataStream(words, SequentialScheme(2), [OneHot(4, "w"), ScaleAndShift(2, 0, "w"), Padding()])
    first, second = stream.iterator()
    fits(first, stream.sources)
    assert stream.sources["w"].axes == ("time", "batch", "feature") and stream.sources["w_mask"].axes == (
        "time",
        "batch",
    )
    np.testing.assert_array_equal(first["w"][:, 0], 2 * np.eye(4)[:3])
    np.testing.assert_array_equal(first["w"][:, 1], 2 * np.eye(4)[[0, 3, 3]] * [[1], [0], [0]])
    assert first["w_mask"].tolist() == [[1, 1], [1, 0], [1, 0]] and second["w"].shape == (2, 1, 4)


@settings(deadline=None)
@given(rows=sequences)
def test_elementwise_transformers_do_to_each_example_what_they_do_to_an_array(rows):
    batch = {"x": ragged([np.array(row, "int64") for row in rows])}
    for transformer in (Cast("int16"), ScaleAndShift(0.5, 1)):
        found = transformer.apply(batch)["x"]
        said = transformer.sources({"x": ragged_source()})["x"]
        assert said.ragged and said.shape == (None,)
        for row, array in zip(rows, found, strict=True):
            expected = transformer.apply({"x": np.array(row, "int64")})["x"]
            np.testing.assert_array_equal(array, expected)
            assert array.dtype == said.dtype == expected.dtype


def test_the_others_want_examples_of_one_shape():
    for transformer in (Flatten("x"), TimeMajor("x")):
        with pytest.raises(DataError, match="the examples of source 'x' must have one shape.*after Padding"):
            transformer.sources({"x": ragged_source()})


@pytest.mark.parametrize(
    ("padding", "sources", "message"),
    [
        (Padding(), {"x": Source(np.dtype("f4"), (3,), ("batch", ""))}, "needs a source whose examples differ"),
        (Padding("x"), {"x": Source(np.dtype("f4"), (3,), ("batch", ""))}, "'x' must be ragged"),
        (Padding("z"), {"x": ragged_source()}, "no source 'z'"),
        (Padding(), {"x": ragged_source(), "x_mask": ragged_source()}, "the names of masks, as 'x_mask', must be free"),
    ],
)
def test_padding_of_what_is_no_sequence_is_refused(padding, sources, message):
    with pytest.raises(DataError, match=message):
        padding.sources(sources)


def double(batch):
    return {"x": batch["x"] * 2.0, "sum": batch["x"].sum(axis=1)}


def noisy(batch, random):
    return {"noise": random.normal(size=(len(batch["x"]), 2)).astype("float32")}


def test_mapping_adds_what_a_function_makes_and_says_so_before():
    data = ArrayDataset({"x": np.arange(12).reshape(4, 3), "y": np.arange(4)}, {"x": ("batch", "feature")})
    stream = DataStream(data, SequentialScheme(3), [Mapping(double)])
    assert repr(stream.sources["x"]) == "Source(float64, (3,), batch feature)"
    assert repr(stream.sources["sum"]) == "Source(int64, (), batch)"
    for batch in stream.iterator():
        fits(batch, stream.sources)
        np.testing.assert_array_equal(batch["x"], 2 * data.arrays["x"][batch["y"]])
        np.testing.assert_array_equal(batch["sum"], [sum(row) for row in data.arrays["x"][batch["y"]].tolist()])


def test_mapping_finds_axes_that_vary_and_where_the_examples_are():
    mapping = Mapping(lambda batch: {"t": batch["x"].swapaxes(0, 1), "r": ragged(row[:1] for row in batch["x"])})
    said = mapping.sources({"x": Source(np.dtype("f4"), (None, 4), ("batch", "time", "feature"))})
    assert repr(said["t"]) == "Source(float32, (None, 4), - batch -)"
    assert repr(said["r"]) == "Source(float32, (1, 4), batch - -, ragged)"


def test_what_a_mapping_draws_is_a_function_of_seed_epoch_and_batch():
    stream = DataStream(ArrayDataset({"x": np.arange(6)}), ShuffledScheme(2, 1), [Mapping(noisy, seed=3)])
    drawn = [[stream.batches(epoch)(number)["noise"] for number in range(3)] for epoch in range(2)]
    for epoch in range(2):
        for number in range(3):
            sequence = np.random.SeedSequence([3, epoch, number], spawn_key=(3,))
            expected = np.random.Generator(np.random.PCG64(sequence)).normal(size=(2, 2))
            np.testing.assert_array_equal(drawn[epoch][number], expected.astype("float32"))
    iterator = stream.iterator()
    iterator.load_state_dict({"epoch": 1, "batch": 2})
    np.testing.assert_array_equal(next(iterator)["noise"], drawn[1][2])


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda batch: batch["x"], "must give a dict of arrays by name, got ndarray"),
        (lambda batch: {"z": np.zeros(4)}, "'z' with an axis for the examples"),
        (lambda batch: {"z": np.zeros([1] * len(batch["x"]))}, "'z' with one dtype and number of axes"),
    ],
)
def test_a_mapping_that_gives_no_arrays_of_examples_is_refused_before_the_first_batch(function, message):
    with pytest.raises(DataError, match=message):
        DataStream(ArrayDataset({"x": [1]}), SequentialScheme(1), [Mapping(function)])


def test_a_mapping_that_does_not_keep_its_word_is_told():
    mapping = Mapping(lambda batch: {"z": batch["x"] if batch["x"].any() else batch["x"].astype("float32")})
    stream = DataStream(ArrayDataset({"x": [0, 1]}), SequentialScheme(1), [mapping])
    assert next(stream.iterator())["z"].dtype == "float32"
    with pytest.raises(DataError, match=r"'z' must be float32 .* as was said before the first batch, got int64"):
        list(stream.iterator())
    with pytest.raises(UsageError, match=r"failed on a batch of zeros.*KeyError.*say what it makes by outputs="):
        DataStream(ArrayDataset({"x": [0]}), SequentialScheme(1), [Mapping(lambda batch: {"z": batch["nothing"]})])


def test_one_mapping_may_be_in_streams_of_different_kinds():
    mapping = Mapping(double)
    streams = [DataStream(ArrayDataset({"x": np.ones((2, n))}), SequentialScheme(2), [mapping]) for n in (3, 5)]
    assert [next(stream.iterator())["sum"].tolist() for stream in streams] == [[3, 3], [5, 5]]


def test_names_change_and_sources_are_left_out():
    sources = {name: Source(np.dtype("f4"), (), ("batch",)) for name in "abc"}
    batch = {name: np.array([k]) for k, name in enumerate("abc")}
    assert Rename({"a": "b", "b": "a"}).apply(batch) == {"b": batch["a"], "a": batch["b"], "c": batch["c"]}
    assert list(Rename({"a": "z"}).sources(sources)) == ["z", "b", "c"]
    assert list(FilterSources("c", "a").sources(sources)) == list(FilterSources("c", "a").apply(batch)) == ["c", "a"]
    for transformer in (Rename({"q": "z"}), FilterSources("q")):
        with pytest.raises(DataError, match="there is no source 'q'"):
            transformer.sources(sources)
    with pytest.raises(DataError, match="Rename: all sources must have a name of their own"):
        Rename({"a": "b"}).sources(sources)
    for nothing in ((), ([],)):
        with pytest.raises(UsageError, match="at least"):
            FilterSources(*nothing)


@pytest.mark.parametrize("make", [FilterSources, Flatten, TimeMajor])
def test_names_one_by_one_or_as_a_list(make):
    sources = ArrayDataset({name: np.zeros((2, 3, 4)) for name in "abc"}).sources
    assert make("a", "b").sources(sources) == make(["a", "b"]).sources(sources) == make(("a", "b")).sources(sources)
    assert make(["a", "b"]).sources(sources) != make("a").sources(sources)


@settings(deadline=None)
@given(seed=st.integers(0, 2**63), epoch=st.integers(0, 1000), count=st.integers(1, 3), order=st.permutations(range(8)))
def test_what_is_drawn_for_an_example_depends_on_seed_epoch_and_example_alone(seed, epoch, count, order):
    whole = Place(epoch, 0, np.arange(8)).uniform(seed, count)
    np.testing.assert_array_equal(Place(epoch, 5, np.array(order)).uniform(seed, count), whole[order])
    assert whole.shape == (8, count) and ((0 <= whole) & (whole < 1)).all()
    assert len({*whole.ravel(), *Place(epoch + 1, 0, np.arange(8)).uniform(seed, count).ravel()}) == 16 * count


def test_draws_are_uniform_and_independent_of_each_other():
    drawn = np.stack([Place(epoch, 0, np.arange(5000)).uniform(7, 2) for epoch in range(2)], axis=2).reshape(5000, 4)
    for column in drawn.T:
        counts = np.histogram(column, 50, (0, 1))[0]
        assert ((counts - 100) ** 2 / 100).sum() < 85.4  # chi-square with 49 degrees, 0.1 %; the seed is fixed
    others = [Place(0, 0, np.arange(5000)).uniform(seed, 1, use) for seed, use in ((8, ""), (7, "a"), (7, "b"))]
    several = np.column_stack([drawn, np.roll(drawn[:, 0], 1), *others])
    correlations = np.corrcoef(several.T)[np.triu_indices(8, 1)]
    assert np.abs(correlations).max() < 0.06
