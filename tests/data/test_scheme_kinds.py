"""Schemes for large, unequal and unbalanced data, and parts of batches, against their definitions in plain Python."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bricks.data import (
    ArrayDataset,
    BlockShuffledScheme,
    ConcatenatedScheme,
    ConstantScheme,
    DataStream,
    LengthBuckets,
    SequentialExampleScheme,
    SequentialScheme,
    ShuffledExampleScheme,
    ShuffledScheme,
    StratifiedScheme,
    fold_streams,
)
from bricks.errors import DataError, UsageError

counts, sizes, seeds, epochs = st.integers(1, 60), st.integers(1, 12), st.integers(0, 1000), st.integers(0, 50)


def batches_of(scheme, count, epoch=0, **settings):
    stream = DataStream(ArrayDataset({"x": np.arange(count)}), scheme, **settings)
    read = stream.batches(epoch)
    return [read(number)["x"].tolist() for number in range(stream.batches_per_epoch)]


def flat(batches):
    return list(itertools.chain(*batches))


@st.composite
def schemes(draw, count):
    """Any scheme, for so many examples."""
    size, seed = draw(sizes), draw(seeds)
    kind = draw(st.integers(0, 6))
    if kind == 0:
        return SequentialScheme(size)
    if kind == 1:
        return ShuffledScheme(size, seed)
    if kind == 2:
        return BlockShuffledScheme(size, seed, draw(sizes), draw(sizes))
    values = draw(st.lists(st.integers(0, 9), min_size=count, max_size=count))
    if kind == 3:
        return LengthBuckets(values, size, seed, bounds=[2, 5])
    if kind == 4:
        return StratifiedScheme(values, size, seed)
    if kind == 5:
        return ConstantScheme(size, draw(sizes), draw(st.none() | seeds))
    return ConcatenatedScheme([SequentialScheme(size), LengthBuckets(values, draw(sizes), seed)])


@settings(deadline=None)
@given(data=st.data(), count=counts, epoch=epochs)
def test_an_order_is_a_function_of_the_epoch_and_has_equally_many_batches_in_each(data, count, epoch):
    scheme = data.draw(schemes(count))
    batches = batches_of(scheme, count, epoch)
    batches_of(scheme, count, epoch + 1)
    assert batches_of(scheme, count, epoch) == batches
    assert len(batches) == len(batches_of(scheme, count, epoch + 3)) and all(batches)
    if not isinstance(scheme, ConstantScheme | ConcatenatedScheme):
        assert sorted(flat(batches)) == list(range(count))
        assert max(map(len, batches)) <= scheme.batch_size


@settings(deadline=None)
@given(count=counts, size=sizes, times=sizes, seed=st.none() | seeds)
def test_constant_epochs_follow_each_other_without_a_seam(count, size, times, seed):
    scheme = ConstantScheme(size, times, seed)
    epochs = [batches_of(scheme, count, epoch) for epoch in range(4)]
    assert all(len(epoch) == times and {len(batch) for batch in epoch} == {size} for epoch in epochs)
    all_of_them = flat(flat(epochs))
    for start in range(0, len(all_of_them) - count + 1, count):
        one_pass = all_of_them[start : start + count]
        if seed is None:
            assert one_pass == list(range(count))
        else:
            assert one_pass == ShuffledScheme(1, seed).indices(count, start // count).tolist()


@settings(deadline=None)
@given(count=counts, first=sizes, second=sizes, seed=seeds, epoch=epochs)
def test_concatenated_schemes_come_one_after_the_other(count, first, second, seed, epoch):
    parts = [SequentialScheme(first), ShuffledScheme(second, seed)]
    expected = [batch for part in parts for batch in batches_of(part, count, epoch)]
    assert batches_of(ConcatenatedScheme(parts), count, epoch) == expected


@settings(deadline=None)
@given(data=st.data(), count=counts, size=sizes, seed=seeds, epoch=epochs, block=sizes, read=sizes)
def test_blocks_are_mixed_within_a_stretch_alone(data, count, size, seed, epoch, block, read):
    order = flat(batches_of(BlockShuffledScheme(size, seed, block, read), count, epoch))
    stretch = size * read
    stretches = [set(order[start : start + stretch]) for start in range(0, count, stretch)]
    for number in range(-(-count // block)):
        members = set(range(number * block, min((number + 1) * block, count)))
        where = [k for k, part in enumerate(stretches) if members & part]
        assert where == list(range(where[0], where[0] + len(where)))  # a block goes on in the next one, if anywhere
        assert len(where) <= math.ceil((block - 1) / stretch) + 1
    cut = sum(
        len({order.index(k) // stretch for k in range(b, min(b + block, count))}) > 1 for b in range(0, count, block)
    )
    assert cut < len(stretches)  # at most one for each border


def test_the_blocks_of_a_stretch_are_mixed_in_its_batches():
    scheme = BlockShuffledScheme(8, seed=1, block=8, read_batches=4)
    batches = [batch for epoch in range(25) for batch in batches_of(scheme, 128, epoch)]
    kinds = np.mean([len(set(np.array(batch) // 8)) for batch in batches])
    expected = 4 * (
        1 - math.comb(24, 8) / math.comb(32, 8)
    )  # of a stretch's 4 blocks, those that 8 drawn from it are of
    assert abs(kinds - expected) < 0.1


def test_blocks_of_one_are_a_whole_shuffle_and_places_are_equally_likely():
    firsts = [BlockShuffledScheme(2, 3, 4, 3).indices(40, epoch)[0] for epoch in range(4000)]
    counts = np.bincount(firsts, minlength=40)
    assert ((counts - 100) ** 2 / 100).sum() < 72.1  # chi-square with 39 degrees, 0.1 %; the seed is fixed
    neighbours = BlockShuffledScheme(1, 3, 1, 1).indices(1000, 0)
    assert abs(np.corrcoef(neighbours[:-1], neighbours[1:])[0, 1]) < 0.1


@settings(deadline=None)
@given(
    lengths=st.lists(st.integers(0, 30), min_size=1, max_size=60),
    size=sizes,
    seed=seeds,
    epoch=epochs,
    bounds=st.lists(st.integers(0, 30), max_size=5, unique=True).map(sorted),
)
def test_a_bucketed_batch_has_lengths_of_one_bucket_and_few_are_short(lengths, size, seed, epoch, bounds):
    batches = batches_of(LengthBuckets(lengths, size, seed, bounds=bounds), len(lengths), epoch)
    of = [{sum(lengths[k] > bound for bound in bounds) for k in batch} for batch in batches]
    assert all(len(buckets) == 1 for buckets in of)
    for bucket in set().union(*of):
        in_it = [len(batch) for batch, buckets in zip(batches, of, strict=True) if bucket in buckets]
        assert sum(length < size for length in in_it) <= 1


def test_buckets_are_shuffled_within_and_among_each_other_anew_each_epoch():
    lengths = np.repeat([1, 2, 3], 40)
    scheme = LengthBuckets(lengths, 4, seed=1, bounds=[1, 2])
    epochs = [batches_of(scheme, 120, epoch) for epoch in range(200)]
    assert epochs[0] != epochs[1] and epochs[0] == batches_of(LengthBuckets(lengths, 4, seed=1, bounds=[1, 2]), 120, 0)
    buckets = np.array([[lengths[batch[0]] for batch in epoch] for epoch in epochs])
    first = np.bincount(buckets[:, 0], minlength=4)[1:]
    assert ((first - 200 / 3) ** 2 / (200 / 3)).sum() < 13.9  # chi-square with 2 degrees, 0.1 %; the seed is fixed
    together = sum(any({0, 1} <= set(batch) for batch in epoch) for epoch in epochs)
    assert (
        abs(together - 200 * 3 / 39) < 16
    )  # the mate of one is each of 39 others equally often; 4 standard deviations


def test_buckets_of_themselves_hold_about_equally_many_and_save_padding():
    lengths = np.random.default_rng(0).geometric(0.02, 2000)
    padded = {}
    for buckets in (1, 10):
        scheme = LengthBuckets(lengths, 20, seed=1, buckets=buckets)
        padded[buckets] = sum(len(b) * lengths[b].max() for b in batches_of(scheme, 2000))
        if buckets == 10:
            assert len(scheme.bounds) == 9
            inside = np.bincount(np.searchsorted(scheme.bounds, lengths))
            assert inside.min() > 150 and inside.max() < 250
    assert padded[10] < 0.5 * padded[1] and padded[10] >= lengths.sum()


@settings(deadline=None)
@given(labels=st.lists(st.sampled_from("abcd"), min_size=1, max_size=80), size=sizes, seed=seeds, epoch=epochs)
def test_every_class_has_its_proportion_in_every_batch(labels, size, seed, epoch):
    total, classes = len(labels), set(labels)
    for batch in batches_of(StratifiedScheme(labels, size, seed), total, epoch):
        for label in classes:
            share = labels.count(label) / total
            found = sum(labels[k] == label for k in batch)
            assert abs(found - len(batch) * share) <= 1 + len(classes) * share + 1e-9


def test_rare_classes_are_spread_over_the_whole_epoch():
    labels = np.repeat([0, 1, 2], [900, 90, 10])[np.random.default_rng(0).permutation(1000)]
    for epoch in range(3):
        found = [np.bincount(labels[b], minlength=3) for b in batches_of(StratifiedScheme(labels, 100, 1), 1000, epoch)]
        assert np.abs(np.array(found) - [90, 9, 1]).max() <= 1


def test_equal_classes_fill_whole_batches_evenly_with_others_each_epoch():
    labels = np.repeat(np.arange(5), 40)
    scheme = StratifiedScheme(labels, 10, seed=1)
    epochs = [batches_of(scheme, 200, epoch) for epoch in (0, 1)]
    assert all(np.bincount(labels[batch]).tolist() == [2] * 5 for epoch in epochs for batch in epoch)
    assert epochs[0] != epochs[1]


@settings(deadline=None)
@given(data=st.data(), count=counts, parts=st.integers(1, 4), epoch=epochs)
def test_shards_are_equal_parts_of_the_same_batches(data, count, parts, epoch):
    scheme = data.draw(schemes(count).filter(lambda s: s.batch_size % parts == 0))
    whole = [batch[: len(batch) // parts * parts] for batch in batches_of(scheme, count, epoch)]
    whole = [batch for batch in whole if batch]
    if not whole:
        with pytest.raises(DataError, match="no batch of .* examples has a part for each shard"):
            batches_of(scheme, count, epoch, shard=(0, parts))
        return
    shards = [batches_of(scheme, count, epoch, shard=(index, parts)) for index in range(parts)]
    assert all([len(batch) * parts for batch in shard] == [len(batch) for batch in whole] for shard in shards)
    assert [flat(together) for together in zip(*shards, strict=True)] == whole


def test_examples_come_without_a_batch_axis():
    data = ArrayDataset({"x": np.arange(6).reshape(3, 2), "y": [7, 8, 9]}, {"x": ("batch", "feature")})
    for scheme in (SequentialExampleScheme(), ShuffledExampleScheme(seed=2)):
        stream = DataStream(data, scheme)
        order = scheme.indices(3, 0)
        assert stream.produces_examples and stream.arrays is None
        assert repr(stream.sources) == "{'x': Source(int64, (2,), feature), 'y': Source(int64, (), )}"
        examples = list(stream.iterator())
        assert [e["y"].tolist() for e in examples] == [7 + k for k in order]
        np.testing.assert_array_equal([e["x"] for e in examples], data.arrays["x"][order])


@settings(deadline=None)
@given(data=st.data(), count=counts, most=st.integers(1, 7), start=st.integers(0, 5))
def test_rows_are_taken_in_groups_of_batches_of_one_size(data, count, most, start):
    """What the compiled step asks for, where batches are made on the device."""
    scheme = data.draw(schemes(count))
    stream = DataStream(ArrayDataset({"x": np.arange(count)}), scheme)
    expected = [batch["x"].tolist() for batch in itertools.islice(stream.iterator(), start, None)]
    iterator = stream.iterator()
    iterator.load_state_dict({"epoch": 0, "batch": min(start, stream.batches_per_epoch)})
    taken = []
    while len(rows := iterator.take_rows(most)):
        assert 1 <= len(rows) <= most
        taken += rows.tolist()
    assert taken == expected and iterator.state_dict() == {"epoch": 1, "batch": 0}


def test_schemes_that_know_the_examples_by_number_cannot_be_folded():
    labels = np.arange(40) % 4
    data = ArrayDataset({"x": np.arange(40)})
    for scheme in (StratifiedScheme(labels[:30], 4, 1), LengthBuckets(labels[:30], 4, 1, bounds=[1])):
        streams = {"train": DataStream(data[:30], scheme), "valid": DataStream(data[30:], SequentialScheme(4))}
        with pytest.raises(
            DataError, match=f"must not depend on which example has which number.*{type(scheme).__name__}"
        ):
            fold_streams(streams, folds=4, fold=1, seed=1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ConstantScheme(1, 0), "ConstantScheme: times must be an integer of at least 1, got 0"),
        (lambda: ConcatenatedScheme([]), "ConcatenatedScheme: schemes must be at least one"),
        (lambda: BlockShuffledScheme(1, 1, 0), "BlockShuffledScheme: block must be"),
        (lambda: LengthBuckets([1.5], 1, 1), "LengthBuckets: lengths must be a vector of integers"),
        (lambda: LengthBuckets([1], 1, 1, bounds=[2, 2]), "LengthBuckets: bounds must be .* that ascend"),
        (lambda: StratifiedScheme([[1]], 1, 1), "StratifiedScheme: labels must be a vector"),
        (lambda: batches_of(SequentialScheme(4), 8, shard=(2, 2)), "shard: index must be below .* 2, got 2"),
        (lambda: batches_of(SequentialScheme(5), 8, shard=(0, 2)), "shard: batch_size must be a multiple .* 2"),
    ],
)
def test_what_makes_no_sense_is_refused(make, message):
    with pytest.raises(UsageError, match=message):
        make()


def test_as_many_lengths_and_labels_as_examples():
    for scheme in (LengthBuckets([1, 2], 1, 1), StratifiedScheme([1, 2], 1, 1)):
        with pytest.raises(DataError, match="one entry for each of the 3 examples, got 2"):
            batches_of(scheme, 3)
