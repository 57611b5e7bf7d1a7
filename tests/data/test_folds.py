"""Folds: each example is valid once, the split is that of seed and K, transformers stay, nothing is copied."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bricks.data import (
    ArrayDataset,
    DataStream,
    GeneratedStream,
    H5PYDataset,
    ScaleAndShift,
    SequentialScheme,
    ShuffledScheme,
    fold_streams,
    write_hdf5,
)
from bricks.errors import DataError, UsageError


def streams_of(train, valid, transformers=()):
    return {
        "train": DataStream(train, ShuffledScheme(4, seed=1), transformers),
        "valid": DataStream(valid, SequentialScheme(3), transformers),
        "test": DataStream(ArrayDataset({"x": [-1]}), SequentialScheme(1)),
    }


def neighbours(total, valid):
    data = ArrayDataset({"x": np.arange(total), "y": np.arange(total) * 10})
    return data, streams_of(data[:-valid], data[-valid:])


def apart(total, valid):
    return streams_of(*(ArrayDataset({"x": part, "y": part * 10}) for part in np.split(np.arange(total), [-valid])))


def on_disk(folder, total, valid):
    train, held_out = np.split(np.arange(total), [-valid])
    sets = {name: {"x": part, "y": part * 10} for name, part in (("train", train), ("valid", held_out))}
    write_hdf5(folder / "numbers.hdf5", sets)
    return streams_of(*(H5PYDataset(folder / "numbers.hdf5", name, load_in_memory=False) for name in sets))


def numbers(stream, epoch=0):
    """What an epoch of a stream has, batch by batch; both sources must be of the same examples."""
    read = stream.batches(epoch)
    batches = [read(number) for number in range(stream.batches_per_epoch)]
    for batch in batches:
        np.testing.assert_array_equal(batch["y"], batch["x"] * 10)
    return [batch["x"].tolist() for batch in batches]


def flat(batches):
    return [number for batch in batches for number in batch]


@settings(deadline=None, max_examples=30)
@given(st.integers(3, 40), st.integers(1, 20), st.integers(2, 8), st.integers(0, 50))
def test_each_example_is_valid_in_one_fold_and_trained_on_in_the_others(total, valid, folds, seed):
    valid, folds = min(valid, total - 1), min(folds, total)
    held_out = []
    for fold in range(1, folds + 1):
        streams = fold_streams(neighbours(total, valid)[1], folds=folds, fold=fold, seed=seed)
        mine = flat(numbers(streams["valid"]))
        trained_on = flat(numbers(streams["train"]))
        assert sorted([*mine, *trained_on]) == list(range(total))
        assert streams["valid"].num_examples == len(mine) and streams["train"].num_examples == len(trained_on)
        assert total // folds <= len(mine) <= -(-total // folds)
        held_out += mine
    assert sorted(held_out) == list(range(total))


def test_the_split_is_a_function_of_seed_and_k_whatever_the_data_set_is_made_of(tmp_path):
    def split(streams, folds, seed):
        parts = fold_streams(streams, folds=folds, fold=2, seed=seed)
        return flat(numbers(parts["valid"])), numbers(parts["train"], epoch=3)

    first = split(neighbours(20, 5)[1], 4, 1)
    assert first == split(apart(20, 5), 4, 1) == split(on_disk(tmp_path, 20, 5), 4, 1)
    assert first != split(apart(20, 5), 4, 2)
    # The split is not that of the order of a training epoch, which is drawn from two numbers as well.
    assert sorted(ShuffledScheme(4, 1).indices(20, epoch=4)[5:10]) != first[0]


def test_train_is_shuffled_anew_each_epoch_and_valid_is_in_order_with_their_own_batches():
    streams = fold_streams(neighbours(20, 5)[1], folds=4, fold=1, seed=1)
    epochs = [numbers(streams["train"], epoch) for epoch in range(2)]
    assert epochs[0] != epochs[1] and sorted(flat(epochs[0])) == sorted(flat(epochs[1]))
    assert [len(batch) for batch in epochs[0]] == [4, 4, 4, 3]
    valid = numbers(streams["valid"])
    assert [len(batch) for batch in valid] == [3, 2] and flat(valid) == sorted(flat(valid))
    iterator = streams["train"].iterator()
    rows = np.concatenate([iterator.take_rows(2).ravel() for _ in range(3)])
    assert rows.tolist() == flat(epochs[0])  # these are numbers of the whole data set, which lies on the device


def test_transformers_stay_and_other_streams_are_as_they_were():
    scaled = [ScaleAndShift(2, 0, ["x", "y"])]
    given_ = apart(20, 5) | {"test": "untouched"}
    given_ |= {name: DataStream(given_[name].dataset, given_[name].scheme, scaled) for name in ("train", "valid")}
    streams = fold_streams(given_, folds=4, fold=1, seed=1)
    plain = fold_streams(apart(20, 5), folds=4, fold=1, seed=1)
    assert flat(numbers(streams["valid"])) == [2 * number for number in flat(numbers(plain["valid"]))]
    assert streams["test"] == "untouched"


def test_neighbouring_slices_are_not_copied():
    data, streams = neighbours(20, 5)
    for name in ("train", "valid"):
        arrays = fold_streams(streams, folds=4, fold=3, seed=1)[name].arrays
        assert all(np.shares_memory(arrays[source], data.arrays[source]) for source in ("x", "y"))
        assert all(len(array) == 20 for array in arrays.values())


def test_slices_that_are_no_neighbours_are_put_together():
    data = ArrayDataset({"x": np.arange(30), "y": np.arange(30) * 10})
    for train, valid in ((data[:10], data[20:]), (data[10:], data[:10]), (data[:20:2], data[20:])):
        streams = fold_streams(streams_of(train, valid), folds=2, fold=1, seed=1)
        found = sorted(flat(numbers(streams["train"])) + flat(numbers(streams["valid"])))
        assert found == sorted([*train.arrays["x"].tolist(), *valid.arrays["x"].tolist()])


def test_what_cannot_be_split_anew_is_refused_with_the_reason():
    made_up = GeneratedStream(lambda random, n: {"x": random.random(n)}, examples=9, batch_size=3, seed=1)
    with pytest.raises(DataError, match="'train' must be a DataStream.*GeneratedStream.*fresh: false"):
        fold_streams({**apart(9, 3), "train": made_up}, folds=3, fold=1, seed=1)
    other = DataStream(ArrayDataset({"z": [1, 2]}), SequentialScheme(1))
    with pytest.raises(DataError, match="must have the same sources"):
        fold_streams({**apart(9, 3), "valid": other}, folds=3, fold=1, seed=1)
    with pytest.raises(DataError, match="10 parts need as many examples, train and valid have 9"):
        fold_streams(apart(9, 3), folds=10, fold=1, seed=1)


@pytest.mark.parametrize("wrong", [{"folds": 1}, {"fold": 0}, {"fold": 4}, {"seed": -1}])
def test_numbers_out_of_range_are_refused(wrong):
    with pytest.raises(UsageError, match=next(iter(wrong))):
        fold_streams(apart(9, 3), **{"folds": 3, "fold": 1, "seed": 1, **wrong})
