"""Batches made ahead: the same as without, errors where the batch would be, no mixing of epochs."""

import copy
import pickle
import time

import numpy as np
import pytest
from fuel.datasets import IndexableDataset, IterableDataset
from fuel.schemes import ConstantScheme, ShuffledScheme
from fuel.streams import DataStream
from fuel.transformers import Batch, Mapping, MultiProcessing


def numbers(function=lambda data: data):
    dataset = IndexableDataset({"x": np.arange(20)})
    return Mapping(DataStream(dataset, iteration_scheme=ShuffledScheme(20, 6)), function)


def epochs(stream, count):
    return [[batch[0].tolist() for batch in stream.get_epoch_iterator()] for _ in range(count)]


def test_batches_are_those_without():
    assert epochs(MultiProcessing(numbers(), max_store=2), 3) == epochs(numbers(), 3)
    assert epochs(MultiProcessing(numbers()), 3) == epochs(numbers(), 3)


def test_the_stream_itself_stays_where_it_is():
    stream = numbers()
    epochs(MultiProcessing(stream), 2)
    assert epochs(stream, 1) == epochs(numbers(), 1)


def test_an_epoch_that_was_left_is_over():
    ahead, plain = MultiProcessing(numbers(), max_store=1), numbers()
    for stream in (ahead, plain):
        next(stream.get_epoch_iterator())
    assert epochs(ahead, 2) == epochs(plain, 2)


def test_endless_epochs_can_be_left():
    class Endless:
        def __iter__(self):
            return iter(lambda: 1, 2)

    stream = Batch(DataStream(IterableDataset(Endless())), ConstantScheme(2))
    ahead = MultiProcessing(stream, max_store=3)
    for _ in range(3):
        assert next(ahead.get_epoch_iterator())[0].tolist() == [1, 1]


def test_errors_come_out_after_the_batches_before_them():
    made = []

    def fails(data):
        made.append(data)
        if len(made) == 3:
            raise ArithmeticError("the third")
        return data

    epoch = MultiProcessing(numbers(fails)).get_epoch_iterator()
    next(epoch), next(epoch)
    for _ in range(2):
        with pytest.raises(ArithmeticError, match="the third"):
            next(epoch)


def test_no_more_is_made_than_there_is_room_for_and_the_thread_ends():
    made = []
    stream = MultiProcessing(numbers(lambda data: made.append(1) or data), max_store=2)
    assert stream._thread is None  # nothing starts before it is asked for
    epoch = stream.get_epoch_iterator()
    next(epoch)
    time.sleep(0.3)
    assert len(made) <= 4
    thread = stream._thread
    assert thread.is_alive()
    del stream, epoch
    thread.join(timeout=10)
    assert not thread.is_alive()


def test_a_closed_stream_gives_what_is_ready_and_then_says_so():
    stream = MultiProcessing(numbers(), max_store=1)
    epoch = stream.get_epoch_iterator()
    next(epoch)
    stream.close()
    with pytest.raises(ValueError, match="is closed"):
        for _ in range(3):
            next(epoch)


def test_arrays_are_not_copied():
    dataset = IndexableDataset({"x": np.zeros(5), "y": [1, 2, 3, 4, 5]})
    dataset.rng = np.random.RandomState(1)
    twin = copy.deepcopy(dataset)
    assert twin.x is dataset.x and twin.y is dataset.y and twin is not dataset
    assert twin.rng is not dataset.rng and twin.rng.rand() == dataset.rng.rand()


def test_it_says_what_it_cannot_do():
    with pytest.raises(TypeError, match="can't be pickled"):
        pickle.dumps(MultiProcessing(numbers()))
    generator = DataStream(IterableDataset(iter(range(3))))
    generator.data_state = (n for n in [(1,), (2,)])
    with pytest.warns(UserWarning, match="can't be copied"):
        MultiProcessing(generator)
