"""Iteration schemes: an order is a function of the scheme and the epoch alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bricks.data import SequentialScheme, ShuffledScheme
from bricks.errors import UsageError

seeds = st.integers(0, 2**63)
epochs = st.integers(0, 10**6)


@settings(deadline=None)
@given(count=st.integers(0, 200), epoch=epochs)
def test_sequential_takes_the_examples_as_they_come(count, epoch):
    order = SequentialScheme(3).indices(count, epoch)
    assert (order.tolist(), order.dtype) == (list(range(count)), np.int64)


@settings(deadline=None)
@given(seed=seeds, epoch=epochs, count=st.integers(0, 200), sizes=st.tuples(st.integers(1, 9), st.integers(1, 9)))
def test_shuffled_is_a_function_of_seed_and_epoch_with_every_example_once(seed, epoch, count, sizes):
    scheme = ShuffledScheme(sizes[0], seed)
    scheme.indices(count, epoch + 1)  # asking for another epoch changes nothing
    order = scheme.indices(count, epoch)
    assert sorted(order.tolist()) == list(range(count))
    assert order.dtype == np.int64
    np.testing.assert_array_equal(order, ShuffledScheme(sizes[1], seed).indices(count, epoch))


@settings(max_examples=30, deadline=None)
@given(seed=seeds, epoch=epochs)
def test_another_seed_or_epoch_is_another_order(seed, epoch):
    order = ShuffledScheme(1, seed).indices(100, epoch).tolist()
    assert order != ShuffledScheme(1, seed + 1).indices(100, epoch).tolist()
    assert order != ShuffledScheme(1, seed).indices(100, epoch + 1).tolist()
    assert order != list(range(100))


def test_the_generator_is_the_documented_one():
    for seed, epoch in [(0, 0), (1, 0), (1, 7), (2**40, 3)]:
        generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, epoch])))
        np.testing.assert_array_equal(ShuffledScheme(10, seed).indices(500, epoch), generator.permutation(500))
    assert ShuffledScheme(10, 1).indices(8, 0).tolist() == [5, 0, 1, 4, 2, 6, 3, 7]  # NumPy 2.4 and 2.5


def test_shuffling_does_not_touch_numpys_global_state():
    before = np.random.get_state()[1].copy()
    ShuffledScheme(10, 1).indices(100, 0)
    np.testing.assert_array_equal(np.random.get_state()[1], before)


def test_every_place_is_equally_likely():
    first = [ShuffledScheme(1, 5).indices(10, epoch)[0] for epoch in range(2000)]
    counts = np.bincount(first, minlength=10)
    assert ((counts - 200) ** 2 / 200).sum() < 27.9  # chi-square with 9 degrees, 0.1 %; the seed is fixed


@pytest.mark.parametrize("wrong", [0, -1, 2.0, "10", None, True])
def test_batch_size_is_a_positive_integer(wrong):
    with pytest.raises(UsageError, match="SequentialScheme: batch_size must be an integer of at least 1"):
        SequentialScheme(wrong)
    with pytest.raises(UsageError, match="ShuffledScheme: batch_size must be an integer of at least 1"):
        ShuffledScheme(wrong, 1)


@pytest.mark.parametrize("wrong", [-1, 1.0, "1", None, False])
def test_seed_is_an_integer_from_zero(wrong):
    with pytest.raises(UsageError, match="ShuffledScheme: seed must be an integer of at least 0"):
        ShuffledScheme(10, wrong)


def test_integers_of_numpy_are_integers():
    assert ShuffledScheme(np.int32(10), np.int64(1)).batch_size == 10
