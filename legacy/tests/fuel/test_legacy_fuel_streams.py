"""The iteration protocol: states, epochs, examples and batches, data sets and streams of one's own."""

import pickle

import numpy as np
import pytest
from fuel.datasets import Dataset, IndexableDataset, IterableDataset
from fuel.iterator import DataIterator
from fuel.schemes import ConstantScheme, SequentialExampleScheme, SequentialScheme, ShuffledScheme
from fuel.server import start_server
from fuel.streams import AbstractDataStream, DataStream, ServerDataStream
from fuel.transformers import Batch, Flatten, Mapping, ScaleAndShift


class Counting(Dataset):
    """Counts what its stream asks of it."""

    provides_sources = ("number",)

    def __init__(self):
        self.said = []
        super().__init__()

    def open(self):
        self.said.append("open")
        return iter(range(3))

    def close(self, state):
        self.said.append("close")

    def get_data(self, state=None, request=None):
        return (next(state),)


def test_a_dataset_is_opened_once_and_anew_for_each_further_epoch():
    dataset = Counting()
    stream = DataStream(dataset)
    assert dataset.said == ["open"]
    assert list(stream.get_epoch_iterator()) == [(0,), (1,), (2,)]
    assert dataset.said == ["open"]
    epochs = stream.iterate_epochs()
    assert [len(list(next(epochs))) for _ in range(2)] == [3, 3]
    assert dataset.said == ["open", "close", "open", "close", "open"]
    stream.close()
    assert dataset.said[-1] == "close"


def test_reset_starts_anew():
    stream = DataStream(Counting())
    next(stream.get_epoch_iterator())
    stream.reset()
    assert stream.get_data() == (0,)


def test_next_epoch_may_differ_from_reset():
    class Shards(Dataset):
        provides_sources = ("x",)

        def open(self):
            return {"shard": 0, "items": iter([0, 1])}

        def next_epoch(self, state):
            shard = state["shard"] + 1
            return {"shard": shard, "items": iter([10 * shard, 10 * shard + 1])}

        def get_data(self, state=None, request=None):
            return (next(state["items"]),)

    stream = DataStream(Shards())
    epochs = stream.iterate_epochs()
    assert [list(next(epochs)) for _ in range(3)] == [[(0,), (1,)], [(10,), (11,)], [(20,), (21,)]]


def test_batches_are_tuples_in_the_order_of_sources_or_dicts():
    dataset = IndexableDataset({"b": np.arange(4), "a": np.arange(4) * 10})
    stream = DataStream(dataset, iteration_scheme=SequentialScheme(4, 2))
    assert stream.sources == ("b", "a")
    first = next(stream.get_epoch_iterator())
    assert type(first) is tuple and [part.tolist() for part in first] == [[0, 1], [0, 10]]
    as_dict = next(stream.get_epoch_iterator(as_dict=True))
    assert {source: part.tolist() for source, part in as_dict.items()} == {"b": [0, 1], "a": [0, 10]}
    assert [list(epoch) for epoch, _ in zip(stream.iterate_epochs(as_dict=True), range(2), strict=False)][1]


def test_what_a_stream_produces():
    dataset = IndexableDataset(np.arange(4))
    assert DataStream(dataset, iteration_scheme=SequentialExampleScheme(4)).produces_examples
    batches = DataStream(dataset, iteration_scheme=SequentialScheme(4, 2))
    assert not batches.produces_examples
    with pytest.raises(ValueError, match="said by the iteration scheme"):
        batches.produces_examples = True
    iterable = DataStream(IterableDataset([[1, 2], [3, 4]]))
    assert iterable.produces_examples
    iterable.produces_examples = False  # batches that were made beforehand
    assert list(Flatten(iterable, which_sources=()).get_epoch_iterator()) == [([1, 2],), ([3, 4],)]


def test_a_stream_of_ones_own_must_say_what_it_produces():
    class Endless(AbstractDataStream):
        sources = ("x",)

        def get_data(self, request=None):
            return (np.zeros(3),)

        def reset(self):
            pass

        next_epoch = close = reset

    stream = Endless()
    with pytest.raises(ValueError, match="produces_examples must be known"):
        _ = stream.produces_examples
    stream.produces_examples = False
    [doubled] = next(ScaleAndShift(stream, 2, 1).get_epoch_iterator())
    assert doubled.tolist() == [1, 1, 1]
    assert len(list(Endless(iteration_scheme=ConstantScheme(3, times=4)).get_epoch_iterator())) == 4
    with pytest.raises(TypeError):
        AbstractDataStream()


def test_default_streams_apply_what_the_dataset_suggests():
    class Halved(IndexableDataset):
        default_transformers = (
            (ScaleAndShift, [0.5, 0], {"which_sources": ("x",)}),
            (Mapping, [lambda data: (data[0] + 1,)], {}),
        )

    dataset = Halved({"x": np.array([2.0, 4.0])})
    stream = DataStream.default_stream(dataset, iteration_scheme=SequentialScheme(2, 2))
    assert next(stream.get_epoch_iterator())[0].tolist() == [2.0, 3.0]
    plain = DataStream(dataset, iteration_scheme=SequentialScheme(2, 2))
    assert next(plain.get_epoch_iterator())[0].tolist() == [2.0, 4.0]
    again = dataset.apply_default_transformers(plain)
    assert next(again.get_epoch_iterator())[0].tolist() == [2.0, 3.0]


def test_axis_labels_of_single_examples_have_no_batch():
    labels = {"x": ("batch", "feature")}
    dataset = IndexableDataset({"x": np.zeros((3, 2))}, axis_labels=labels)
    assert DataStream(dataset, iteration_scheme=SequentialScheme(3, 2)).axis_labels == labels
    assert dataset.get_example_stream().axis_labels == {"x": ("feature",)}
    assert DataStream(dataset, iteration_scheme=SequentialScheme(3, 2), axis_labels={}).axis_labels == {}


def test_example_streams():
    dataset = IndexableDataset({"x": [3, 4, 5]})
    assert list(dataset.get_example_stream().get_epoch_iterator()) == [(3,), (4,), (5,)]
    with pytest.raises(AttributeError, match="no scheme of its own"):
        Counting().get_example_stream()


def test_sources_that_a_dataset_does_not_have():
    with pytest.raises(ValueError, match="sources must be some of"):
        IndexableDataset({"x": [1]}, sources=("y",))
    with pytest.raises(ValueError, match="sources must be some of"):
        IndexableDataset({"x": [1]}, sources=())

    class Nothing(Dataset):
        def get_data(self, state=None, request=None):
            return ()

    with pytest.raises(ValueError, match="provides_sources"):
        Nothing()
    with pytest.raises(TypeError):
        Dataset()


def test_filter_sources_never_gives_data_under_wrong_names():
    class Two(Dataset):
        provides_sources = ("a", "b")

        def get_data(self, state=None, request=None):
            return self.filter_sources((1, 2))

    assert Two(sources=("b",)).get_data() == (2,)
    assert Two().get_data() == (1, 2)
    with pytest.raises(ValueError, match="wrong names"):
        Two(sources=("b", "a")).get_data()


def test_data_iterator_by_hand():
    stream = DataStream(IndexableDataset({"x": np.arange(5)}), iteration_scheme=SequentialScheme(5, 2))
    iterator = DataIterator(stream, iter([[4], [0, 1]]), as_dict=True)
    assert [batch["x"].tolist() for batch in iterator] == [[4], [0, 1]]


def test_streams_go_on_after_pickling_in_the_middle_of_an_epoch():
    dataset = IndexableDataset({"x": np.arange(10)})
    stream = Flatten(DataStream(dataset, iteration_scheme=ShuffledScheme(10, 3)))
    epoch = stream.get_epoch_iterator(as_dict=True)
    next(epoch)
    stream_again, epoch_again = pickle.loads(pickle.dumps((stream, epoch)))
    rest = [batch["x"].tolist() for batch in epoch]
    assert [batch["x"].tolist() for batch in epoch_again] == rest and len(rest) == 3
    following = [batch[0].tolist() for batch in stream.get_epoch_iterator()]
    assert [batch[0].tolist() for batch in stream_again.get_epoch_iterator()] == following


def test_iterable_streams_go_on_after_pickling():
    stream = Batch(DataStream(IterableDataset({"x": list(range(7))})), ConstantScheme(2))
    epoch = stream.get_epoch_iterator()
    next(epoch)
    again = pickle.loads(pickle.dumps(epoch))
    assert [batch[0].tolist() for batch in again] == [[2, 3], [4, 5], [6]]


def test_the_servers_names_say_what_to_take():
    with pytest.raises(NotImplementedError, match="workers=4"):
        ServerDataStream(("features",), produces_examples=False)
    with pytest.raises(NotImplementedError, match="workers=4"):
        start_server(DataStream(Counting()))
