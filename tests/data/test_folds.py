"""Folds: each example is valid once, the split is that of seed and K, transformers stay, nothing is copied."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bricks.data import (
    ArrayDataset,
    BlockShuffledScheme,
    DataStream,
    Filter,
    GeneratedStream,
    H5PYDataset,
    LengthBuckets,
    ScaleAndShift,
    SequentialScheme,
    ShuffledScheme,
    StratifiedScheme,
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


def test_how_batches_are_made_stays(tmp_path):
    given_ = on_disk(tmp_path, 20, 5)
    scheme = BlockShuffledScheme(2, seed=1, block=4, read_batches=3)
    given_["train"] = DataStream(given_["train"].dataset, scheme, read_ahead=5)
    given_["valid"] = DataStream(given_["valid"].dataset, given_["valid"].scheme, workers=2)
    streams = fold_streams(given_, folds=4, fold=1, seed=1)
    assert (streams["train"].ahead, streams["train"].read_batches, streams["valid"].workers) == (5, 3, 2)


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
    for by_number, remedy in (
        (LengthBuckets(range(6), 3, 1), "take Shuffled"),
        (StratifiedScheme([0, 1] * 3, 3, 1), "by="),
    ):
        given_ = {**apart(9, 3), "train": DataStream(apart(9, 3)["train"].dataset, by_number)}
        with pytest.raises(DataError, match=f"must not depend on which example has which number.*{remedy}"):
            fold_streams(given_, folds=3, fold=1, seed=1)
    with pytest.raises(UsageError, match="there must be a stream 'valid'; there are: test, train"):
        fold_streams({name: apart(9, 3)[name] for name in ("train", "test")}, folds=3, fold=1, seed=1)
    with pytest.raises(DataError, match="10 parts need as many examples, train and valid have 9"):
        fold_streams(apart(9, 3), folds=10, fold=1, seed=1)


@pytest.mark.parametrize("wrong", [{"folds": 1}, {"fold": 0}, {"fold": 4}, {"seed": -1}])
def test_numbers_out_of_range_are_refused(wrong):
    with pytest.raises(UsageError, match=next(iter(wrong))):
        fold_streams(apart(9, 3), **{"folds": 3, "fold": 1, "seed": 1, **wrong})


def kinds(total, valid, labels, folder=None, scheme=None):
    """Streams of numbered examples with classes, in memory or on disk."""
    sets = {
        name: {"x": part, "c": labels[part][:, None]}
        for name, part in zip(("train", "valid"), np.split(np.arange(total), [total - valid]), strict=True)
    }
    if folder is None:
        data = {name: ArrayDataset(arrays) for name, arrays in sets.items()}
    else:
        write_hdf5(folder / "kinds.hdf5", sets)
        data = {name: H5PYDataset(folder / "kinds.hdf5", name, load_in_memory=False) for name in sets}
    return {
        "train": DataStream(data["train"], scheme or ShuffledScheme(4, seed=1)),
        "valid": DataStream(data["valid"], SequentialScheme(3)),
    }


def numbers_of(stream, epoch=0):
    read = stream.batches(epoch)
    return [read(number)["x"].tolist() for number in range(stream.batches_per_epoch)]


@settings(deadline=None, max_examples=40)
@given(st.data(), st.integers(4, 60), st.integers(2, 7), st.integers(0, 50))
def test_stratified_folds_have_each_class_in_its_proportion_within_one_example(data, total, folds, seed):
    labels = np.array(data.draw(st.lists(st.integers(0, 3), min_size=total, max_size=total)))
    folds, held_out = min(folds, total), []
    for fold in range(1, folds + 1):
        streams = fold_streams(kinds(total, total // 4 or 1, labels), folds=folds, fold=fold, seed=seed, by="c")
        mine = flat(numbers_of(streams["valid"]))
        assert sorted([*mine, *flat(numbers_of(streams["train"]))]) == list(range(total))
        assert total // folds <= len(mine) <= -(-total // folds)
        counts = np.bincount(labels[mine], minlength=4)
        assert (np.abs(counts - np.bincount(labels, minlength=4) / folds) < 1).all()
        held_out += mine
    assert sorted(held_out) == list(range(total))


def test_stratified_folds_are_as_even_as_those_of_scikit_learn():
    model_selection = pytest.importorskip("sklearn.model_selection")
    labels = np.random.default_rng(0).choice(3, 100, p=[0.1, 0.3, 0.6])

    def spread(parts):
        counts = np.array([np.bincount(labels[part], minlength=3) for part in parts])
        return (counts.max(axis=0) - counts.min(axis=0)).tolist()

    ours = [
        flat(numbers_of(fold_streams(kinds(100, 20, labels), folds=7, fold=fold, seed=1, by="c")["valid"]))
        for fold in range(1, 8)
    ]
    theirs = [part for _, part in model_selection.StratifiedKFold(7).split(labels, labels)]
    assert spread(ours) == spread(theirs)
    assert len({tuple(part) for part in map(tuple, ours)} & {tuple(part.tolist()) for part in theirs}) == 0  # shuffled


def test_stratified_folds_are_those_of_seed_and_k_wherever_the_data_lies(tmp_path):
    labels = np.arange(30) % 3

    def split(given_, folds=5, seed=1):
        streams = fold_streams(given_, folds=folds, fold=2, seed=seed, by="c")
        return flat(numbers_of(streams["valid"])), numbers_of(streams["train"], epoch=3)

    first = split(kinds(30, 6, labels))
    assert first == split(kinds(30, 6, labels, tmp_path))
    filtered = kinds(30, 6, labels)
    filtered = {name: DataStream(Filter(s.dataset, lambda e: True), s.scheme) for name, s in filtered.items()}
    assert first == split(filtered)
    assert first != split(kinds(30, 6, labels), seed=2)


def test_a_stratified_scheme_goes_by_the_examples_that_its_stream_gets():
    labels = np.repeat([0, 1, 2], [20, 10, 10])[np.random.default_rng(0).permutation(40)]
    streams = kinds(40, 8, labels, scheme=StratifiedScheme(labels[:32], 8, seed=1))
    for fold in (1, 5):
        train = fold_streams(streams, folds=5, fold=fold, seed=1, by="c")["train"]
        assert train.num_examples == 32
        for epoch in range(2):
            for batch in numbers_of(train, epoch):
                assert np.bincount(labels[batch]).tolist() == [4, 2, 2]
    wrong = kinds(40, 8, labels, scheme=StratifiedScheme(1 - labels[:32], 8, seed=1))
    with pytest.raises(DataError, match="labels of the StratifiedScheme of 'train' must be those of source 'c'"):
        fold_streams(wrong, folds=5, fold=1, seed=1, by="c")


def test_what_has_no_classes_is_refused():
    streams = kinds(9, 3, np.arange(9) * 0.5)
    with pytest.raises(DataError, match="source 'c' must have one class an example, a whole number or a word, got"):
        fold_streams(streams, folds=3, fold=1, seed=1, by="c")
    with pytest.raises(DataError, match="there is no source 'targets'; there are: c, x"):
        fold_streams(streams, folds=3, fold=1, seed=1, by="targets")
