"""Streams and their iterators: epochs of batches, independent positions, exact resume."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bricks.data import (
    ArrayDataset,
    DataStream,
    Flatten,
    H5PYDataset,
    ScaleAndShift,
    SequentialScheme,
    ShuffledScheme,
    StratifiedScheme,
    write_hdf5,
)
from bricks.errors import CheckpointError, DataError, UsageError


def numbers(count):
    return ArrayDataset({"x": np.arange(count, dtype=np.int32), "z": np.arange(count * 6).reshape(count, 2, 3)})


def stream_of(count, batch_size, seed=None):
    scheme = SequentialScheme(batch_size) if seed is None else ShuffledScheme(batch_size, seed)
    return DataStream(numbers(count), scheme, [ScaleAndShift(2, 1, "z")])


def take(iterator, steps):
    """The next `steps` events: the numbers in a batch, or None where an epoch ends."""
    events = []
    for _ in range(steps):
        batch = next(iterator, None)
        if batch is not None:
            np.testing.assert_array_equal(batch["z"][:, 0, 0], batch["x"] * 6.0 * 2 + 1)
        events.append(None if batch is None else batch["x"].tolist())
    return events


counts, sizes, seeds = st.integers(1, 30), st.integers(1, 12), st.one_of(st.none(), st.integers(0, 100))


@settings(deadline=None)
@given(count=counts, size=sizes, seed=seeds)
def test_each_epoch_has_every_example_once_in_full_batches_but_the_last(count, size, seed):
    stream = stream_of(count, size, seed)
    iterator = stream.iterator()
    for epoch in range(3):
        assert (iterator.epoch, iterator.batch) == (epoch, 0)
        batches = [batch["x"].tolist() for batch in iterator]
        assert len(batches) == stream.batches_per_epoch
        assert [len(batch) for batch in batches[:-1]] == [size] * (len(batches) - 1)
        assert 1 <= len(batches[-1]) <= size
        assert sum(batches, []) == stream.scheme.indices(count, epoch).tolist()
    assert stream.num_examples == count


@settings(deadline=None)
@given(count=counts, size=sizes, seed=seeds, before=st.integers(0, 25), after=st.integers(1, 25))
def test_resumed_at_any_batch_equals_uninterrupted(count, size, seed, before, after):
    iterator = stream_of(count, size, seed).iterator()
    take(iterator, before)
    saved = json.loads(json.dumps(iterator.state_dict()))
    expected = take(iterator, after)
    resumed = stream_of(count, size, seed).iterator()
    take(resumed, after % 7)  # a used iterator takes a position as well as a new one
    resumed.load_state_dict(saved)
    assert resumed.state_dict() == saved
    assert take(resumed, after) == expected
    assert resumed.state_dict() == iterator.state_dict()


@settings(deadline=None)
@given(count=counts, size=sizes, seed=seeds, turns=st.lists(st.booleans(), max_size=30))
def test_iterators_over_one_stream_do_not_disturb_each_other(count, size, seed, turns):
    stream = stream_of(count, size, seed)
    pair = stream.iterator(), stream.iterator()
    events = [], []
    for turn in turns:
        events[turn].extend(take(pair[turn], 1))
    for which in (0, 1):
        assert events[which] == take(stream_of(count, size, seed).iterator(), len(events[which]))


def test_epoch_and_batch_count_what_is_done():
    iterator = stream_of(5, 2).iterator()
    positions = [(iterator.epoch, iterator.batch)]
    for _ in range(5):
        next(iterator, None)
        positions.append((iterator.epoch, iterator.batch))
    assert positions == [(0, 0), (0, 1), (0, 2), (0, 3), (1, 0), (1, 1)]


def test_a_loop_left_early_goes_on_where_it_was():
    iterator = stream_of(6, 2).iterator()
    for _ in iterator:
        break
    assert [batch["x"].tolist() for batch in iterator] == [[2, 3], [4, 5]]
    assert [batch["x"].tolist() for batch in iterator] == [[0, 1], [2, 3], [4, 5]]


def test_a_batch_that_could_not_be_read_is_not_counted():
    class Flaky(ArrayDataset):
        broken = True

        def read(self, indices):
            if self.broken:
                raise OSError("gone")
            return super().read(indices)

    dataset = Flaky({"x": np.arange(4)})
    iterator = DataStream(dataset, SequentialScheme(2)).iterator()
    with pytest.raises(OSError, match="gone"):
        next(iterator)
    dataset.broken = False
    assert next(iterator)["x"].tolist() == [0, 1]


def test_sources_are_told_before_the_first_batch_and_kept_to():
    stream = DataStream(numbers(5), SequentialScheme(2), [Flatten("z"), ScaleAndShift(0.5, 0, "z")])
    assert repr(stream.sources) == "{'x': Source(int32, (), batch), 'z': Source(float32, (6,), batch feature)}"
    for batch in stream.iterator():
        assert set(batch) == set(stream.sources)
        for name, array in batch.items():
            assert (array.dtype, array.shape[1:]) == (stream.sources[name].dtype, stream.sources[name].shape)
            assert array.ndim == len(stream.sources[name].axes)


@pytest.mark.parametrize("in_memory", [True, False])
def test_batches_are_fresh_arrays(tmp_path, in_memory):
    arrays = {"x": np.arange(6.0).reshape(3, 2), "y": np.arange(3)}
    write_hdf5(tmp_path / "a.hdf5", {"all": arrays})
    for dataset in (ArrayDataset(arrays), H5PYDataset(tmp_path / "a.hdf5", "all", load_in_memory=in_memory)):
        iterator = DataStream(dataset, SequentialScheme(3), [Flatten()]).iterator()
        kept = []
        for _ in range(3):
            (batch,) = iterator
            kept.append({name: array.copy() for name, array in batch.items()})
            for array in batch.values():
                array[...] = -1  # allowed, and seen by nobody
        for batch in kept:
            np.testing.assert_array_equal(batch["x"], [[0, 1], [2, 3], [4, 5]])
            np.testing.assert_array_equal(batch["y"], [[0], [1], [2]])
    np.testing.assert_array_equal(arrays["y"], [0, 1, 2])


def test_a_batch_is_never_rewritten_afterwards():
    batches = list(stream_of(50, 7, seed=3).iterator())
    copies = [batch["z"].copy() for batch in stream_of(50, 7, seed=3).iterator()]
    for batch, copy in zip(batches, copies, strict=True):
        np.testing.assert_array_equal(batch["z"], copy)


def test_an_empty_set_is_refused(tmp_path):
    write_hdf5(tmp_path / "a.hdf5", {"train": {"x": np.zeros((0, 2))}})
    for dataset in (ArrayDataset({"x": []}), H5PYDataset(tmp_path / "a.hdf5", "train")):
        with pytest.raises(DataError, match="at least one example, got an empty one"):
            DataStream(dataset, SequentialScheme(2))


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"epoch": 1}, "must have 'epoch' and 'batch'"),
        ({"epoch": 1, "batch": 1, "more": 1}, "must have 'epoch' and 'batch'"),
        (None, "must have 'epoch' and 'batch'"),
        ([0, 0], "must have 'epoch' and 'batch'"),
        ({"epoch": -1, "batch": 0}, "'epoch' must be an integer from 0, got -1"),
        ({"epoch": 0, "batch": 1.0}, "'batch' must be an integer from 0, got 1.0"),
        ({"epoch": True, "batch": 0}, "'epoch' must be an integer from 0, got True"),
        ({"epoch": "2", "batch": 0}, "'epoch' must be an integer from 0, got '2'"),
        ({"epoch": 0, "batch": 4}, "an epoch has 3 batches.*4 of them done.*another data set or batch size"),
    ],
)
def test_a_state_that_is_no_position_is_refused_and_changes_nothing(state, message):
    iterator = stream_of(5, 2).iterator()
    next(iterator)
    with pytest.raises(CheckpointError, match=message):
        iterator.load_state_dict(state)
    assert take(iterator, 2) == [[2, 3], [4]]


def test_a_state_may_hold_numpys_integers():
    iterator = stream_of(5, 2).iterator()
    iterator.load_state_dict({"epoch": np.int64(3), "batch": np.int64(2)})
    assert iterator.state_dict() == {"epoch": 3, "batch": 2}
    assert all(type(value) is int for value in iterator.state_dict().values())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((SequentialScheme(2), ArrayDataset({"x": [1]})), "dataset must be one, as an ArrayDataset, got <.*Scheme"),
        ((ArrayDataset({"x": [1]}), 2), r"scheme must be one, as ShuffledScheme\(100, seed=1\), got 2"),
        ((ArrayDataset({"x": [1]}), SequentialScheme(1), Flatten("x")), "transformers must be a list of them"),
        ((ArrayDataset({"x": [1]}), SequentialScheme(1), [Flatten]), "a transformer must be one, as .*, got <class"),
        ((ArrayDataset({"x": [1]}), SequentialScheme(1), [len]), "a transformer must be one, as .*, got <built-in"),
    ],
)
def test_arguments_of_another_kind_are_named(arguments, message):
    with pytest.raises(UsageError, match=f"DataStream: {message}"):
        DataStream(*arguments)


def test_labels_of_another_data_set_are_found_when_the_stream_is_made():
    with pytest.raises(DataError, match="labels must have one entry for each of the 5 examples, got 4"):
        DataStream(numbers(5), StratifiedScheme([0, 1, 0, 1], 2, seed=1))
