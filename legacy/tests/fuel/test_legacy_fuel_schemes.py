"""Schemes: requests, the orders that Fuel drew, pickling in the middle of an epoch."""

import pickle

import numpy as np
import pytest
from fuel import config
from fuel.schemes import (
    BatchScheme,
    BatchSizeScheme,
    ConcatenatedScheme,
    ConstantScheme,
    IndexScheme,
    IterationScheme,
    SequentialExampleScheme,
    SequentialScheme,
    ShuffledExampleScheme,
    ShuffledScheme,
    cross_validation,
)


def requests(scheme):
    return list(scheme.get_request_iterator())


def test_sequential_schemes():
    assert requests(SequentialScheme(5, 2)) == [[0, 1], [2, 3], [4]]
    assert requests(SequentialScheme([4, 2, 7], 2)) == [[4, 2], [7]]
    assert requests(SequentialScheme(np.array([4, 2, 7]), batch_size=3)) == [[4, 2, 7]]
    assert requests(SequentialScheme(examples=4, batch_size=4)) == [[0, 1, 2, 3]]
    assert requests(SequentialExampleScheme(3)) == [0, 1, 2]
    assert requests(SequentialExampleScheme([5, 3])) == [5, 3]


@pytest.mark.parametrize("examples", [1003, range(5, 1008), [7, 3, 9, 11, 2, 0], np.arange(20, 50)])
def test_orders_are_those_of_random_states_shuffle_epoch_after_epoch(examples):
    oracle = np.random.RandomState(1)  # config.default_seed
    batches, one_by_one = ShuffledScheme(examples, 10), ShuffledExampleScheme(examples, rng=np.random.RandomState(1))
    for _ in range(3):
        order = list(range(examples)) if isinstance(examples, int) else [int(example) for example in examples]
        oracle.shuffle(order)
        assert requests(batches) == [order[start : start + 10] for start in range(0, len(order), 10)]
        assert requests(one_by_one) == order


def test_the_default_seed_is_configs(monkeypatch):
    config.default_seed = 5
    scheme = ShuffledScheme(50, 50)
    order = list(range(50))
    np.random.RandomState(5).shuffle(order)
    assert requests(scheme) == [order]


def test_schemes_share_a_generator_that_is_given():
    rng, oracle = np.random.RandomState(3), np.random.RandomState(3)
    first, second = ShuffledScheme(20, 20, rng=rng), ShuffledScheme(20, 20, rng=rng)
    for scheme in (first, second, first):
        order = list(range(20))
        oracle.shuffle(order)
        assert requests(scheme) == [order]


def test_sorted_indices_ascend_within_batches():
    plain, ascending = ShuffledScheme(10, 4), ShuffledScheme(10, 4, sorted_indices=True)
    assert requests(ascending) == [sorted(batch) for batch in requests(plain)]


def test_an_order_is_drawn_when_the_epoch_begins():
    scheme = ShuffledScheme(100, 100)
    first = scheme.get_request_iterator()
    second = scheme.get_request_iterator()
    assert next(second) != next(first)


def test_requests_are_lists_of_pythons_integers():
    for scheme in (ShuffledScheme(5, 2), SequentialScheme(np.arange(5), 2)):
        batch = next(scheme.get_request_iterator())
        assert type(batch) is list
    assert type(requests(ShuffledScheme(5, 2))[0][0]) is int


def test_constant_scheme():
    assert requests(ConstantScheme(3, num_examples=7)) == [3, 3, 1]
    assert requests(ConstantScheme(3, num_examples=6)) == [3, 3]
    assert requests(ConstantScheme(3, times=2)) == [3, 3]
    endless = ConstantScheme(2).get_request_iterator()
    assert [next(endless) for _ in range(5)] == [2] * 5
    with pytest.raises(ValueError, match="num_examples or times"):
        ConstantScheme(3, num_examples=7, times=2)


def test_concatenated_scheme():
    scheme = ConcatenatedScheme([SequentialScheme(3, 2), SequentialScheme([8], 2)])
    assert requests(scheme) == [[0, 1], [2], [8]] and scheme.requests_examples is False
    assert requests(scheme) == [[0, 1], [2], [8]]
    assert ConcatenatedScheme([SequentialExampleScheme(2)]).requests_examples
    with pytest.raises(ValueError, match="all ask for examples or all for batches"):
        ConcatenatedScheme([SequentialScheme(3, 2), SequentialExampleScheme(2)])


def test_cross_validation():
    folds = list(cross_validation(SequentialExampleScheme, 6, 3))
    assert [requests(valid) for _, valid in folds] == [[0, 1], [2, 3], [4, 5]]
    assert [requests(train) for train, _ in folds] == [[2, 3, 4, 5], [0, 1, 4, 5], [0, 1, 2, 3]]
    with pytest.raises(ValueError, match="strict=False"):
        next(cross_validation(SequentialExampleScheme, 7, 3))
    unequal = list(cross_validation(SequentialScheme, 7, 3, strict=False, batch_size=9))
    assert [(requests(valid), size) for _, valid, size in unequal] == [([[0, 1]], 2), ([[2, 3]], 2), ([[4, 5, 6]], 3)]


def test_what_requests_are():
    assert [scheme.requests_examples for scheme in (IndexScheme, BatchScheme, BatchSizeScheme)] == [True, False, False]
    with pytest.raises(TypeError):
        IterationScheme()


def test_a_scheme_of_ones_own():
    class Backwards(BatchScheme):
        def get_request_iterator(self):
            return iter([list(self.indices)[::-1]])

    assert requests(Backwards(3, batch_size=3)) == [[2, 1, 0]]


@pytest.mark.parametrize("size", [0, 2.5, 100 / 2])
def test_a_batch_size_is_an_integer(size):
    with pytest.raises(ValueError, match="batch_size must be an integer"):
        SequentialScheme(5, size)
    with pytest.raises(ValueError, match="batch_size must be an integer"):
        ConstantScheme(size)


@pytest.mark.parametrize(
    "scheme",
    [
        SequentialScheme(10, 3),
        ShuffledScheme(10, 3),
        ShuffledExampleScheme(10),
        ConstantScheme(3, num_examples=10),
        ConcatenatedScheme([SequentialScheme(10, 3), ShuffledScheme(4, 3)]),
    ],
)
def test_requests_go_on_after_pickling(scheme):
    iterator = scheme.get_request_iterator()
    next(iterator)
    scheme_again, iterator_again = pickle.loads(pickle.dumps((scheme, iterator)))
    assert list(iterator_again) == list(iterator)
    assert requests(scheme_again) == requests(scheme)  # the generator stands where it stood
