"""Arrays, iterables, text, made-up points, and the subsets and attributes that data sets of one's own are made of."""

import gzip
import pickle

import numpy as np
import pytest
from fuel.datasets import IndexableDataset, IterableDataset, OneBillionWord, Spiral, SwissRoll, TextFile
from fuel.datasets.toy import Spiral as SpiralAtHome
from fuel.streams import DataStream
from fuel.utils import Subset, do_not_pickle_attributes, find_in_data_path, iterable_fancy_indexing

DICTIONARY = {"<S>": 0, "</S>": 1, "<UNK>": 2, "to": 3, "be": 4, "t": 5, "o": 6, " ": 7}


def test_indexable_dataset():
    x, y = np.arange(10) * 2, [str(n) for n in range(10)]
    dataset = IndexableDataset({"x": x, "y": y})
    assert dataset.provides_sources == dataset.sources == ("x", "y") and dataset.num_examples == 10
    assert dataset.get_data(request=[3, 1])[0].tolist() == [6, 2]
    assert dataset.get_data(request=[3, 1])[1] == ["3", "1"]  # lists too
    assert dataset.get_data(request=slice(2, 4))[1] == ["2", "3"]
    assert dataset.get_data(request=7) == (14, "7")
    assert dataset.y is dataset.indexables[1] and len(dataset.x) == 10
    assert IndexableDataset(x).sources == ("data",)
    assert IndexableDataset({"x": x, "y": y}, sources=("y",)).get_data(request=[0]) == (["0"],)
    with pytest.raises(AttributeError, match="no attribute 'z'"):
        _ = dataset.z
    with pytest.raises(ValueError, match="needs a request"):
        dataset.get_data()
    with pytest.raises(ValueError, match="has no state"):
        dataset.get_data(state=1, request=[0])
    with pytest.raises(ValueError, match="equally long"):
        IndexableDataset({"x": x, "y": y[:3]})


def test_sources_come_in_the_order_asked_for():
    dataset = IndexableDataset({"x": np.arange(2), "y": np.arange(2) + 10}, sources=("y", "x"))
    assert [part.tolist() for part in dataset.get_data(request=[1])] == [[11], [1]]


def test_start_and_stop_count_once():
    dataset = IndexableDataset({"x": np.arange(10)}, start=4, stop=8)
    assert dataset.num_examples == 4
    assert dataset.get_data(request=[0, 3])[0].tolist() == [4, 7]
    assert IndexableDataset(np.arange(10), start=4).get_data(request=slice(0, 2))[0].tolist() == [4, 5]
    assert [example for (example,) in dataset.get_example_stream().get_epoch_iterator()] == [4, 5, 6, 7]


def test_iterable_dataset():
    dataset = IterableDataset({"x": [1, 2], "y": ("a", "b")})
    stream = DataStream(dataset)
    assert list(stream.get_epoch_iterator()) == list(stream.get_epoch_iterator()) == [(1, "a"), (2, "b")]
    assert dataset.num_examples == 2 and dataset.example_iteration_scheme is None
    assert list(dataset.get_example_stream().get_epoch_iterator(as_dict=True))[1] == {"x": 2, "y": "b"}
    assert IterableDataset([1]).sources == ("data",)
    assert np.isnan(IterableDataset(iter([1])).num_examples)
    with pytest.raises(ValueError, match="equally long"):
        _ = IterableDataset({"x": [1, 2], "y": [1]}).num_examples
    with pytest.raises(ValueError, match="must be an iterable"):
        IterableDataset({"x": 3})
    with pytest.raises(ValueError, match="takes no requests"):
        dataset.get_data(state=dataset.open(), request=[0])
    with pytest.raises(ValueError, match="takes no requests"):
        dataset.get_data()


def test_text_by_words(tmp_path):
    (tmp_path / "a.txt").write_text("to be or\n\n")
    with gzip.open(tmp_path / "b.txt.gz", "wt") as file:
        file.write("TO\n")
    files = [str(tmp_path / "a.txt"), tmp_path / "b.txt.gz"]
    stream = DataStream(TextFile(files, DICTIONARY, preprocess=str.lower))
    assert stream.sources == ("features",) and stream.produces_examples
    assert list(stream.get_epoch_iterator()) == [([0, 3, 4, 2, 1],), ([0, 1],), ([0, 3, 1],)]
    stream.close()
    assert len(list(stream.get_epoch_iterator())) == 3
    plain = TextFile(files, DICTIONARY, bos_token=None, eos_token=None)
    assert list(DataStream(plain).get_epoch_iterator()) == [([3, 4, 2],), ([],), ([2],)]


def test_text_by_characters_without_blanks_at_both_ends(tmp_path):
    (tmp_path / "a.txt").write_text("  to t \n")
    dataset = TextFile([tmp_path / "a.txt"], DICTIONARY, bos_token=None, level="character")
    assert list(DataStream(dataset).get_epoch_iterator()) == [([5, 6, 7, 5, 1],)]


def test_text_goes_on_after_pickling_and_pickles_no_open_file(tmp_path):
    for name in "ab":
        (tmp_path / name).write_text("to\nbe\nto be\n")
    epoch = DataStream(TextFile([tmp_path / "a", tmp_path / "b"], DICTIONARY)).get_epoch_iterator()
    for _ in range(4):
        next(epoch)
    again = pickle.loads(pickle.dumps(epoch))
    assert list(again) == list(epoch) == [([0, 4, 1],), ([0, 3, 4, 1],)]


def test_text_that_cannot_be_read(tmp_path):
    (tmp_path / "a").write_text("or\n")
    with pytest.raises(ValueError, match="'or' is not in the dictionary"):
        next(DataStream(TextFile([tmp_path / "a"], DICTIONARY, unk_token=None)).get_epoch_iterator())
    with pytest.raises(ValueError, match="must have '<S>'"):
        TextFile([tmp_path / "a"], {"to": 0})
    with pytest.raises(ValueError, match="level"):
        TextFile([tmp_path / "a"], DICTIONARY, level="line")
    with pytest.raises(ValueError, match="list of paths"):
        TextFile("a", DICTIONARY)


def test_one_billion_words(settings):
    folder = settings / "1-billion-word" / "heldout-monolingual.tokenized.shuffled"
    folder.mkdir(parents=True)
    (folder / "news.en.heldout-00003-of-00050").write_text("to be\n")
    dataset = OneBillionWord("heldout", [3], DICTIONARY)
    assert list(DataStream(dataset).get_epoch_iterator()) == [([0, 3, 4, 1],)]
    with pytest.raises(ValueError, match="partitions 1 to 99"):
        OneBillionWord("training", [0], DICTIONARY)
    with pytest.raises(ValueError, match="which_set"):
        OneBillionWord("test", [0], DICTIONARY)
    with pytest.raises(OSError, match="not found in the data path"):
        OneBillionWord("training", [1], DICTIONARY)


def test_spirals_lie_on_their_curve():
    assert SpiralAtHome is Spiral
    np.random.seed(7)
    dataset = Spiral(num_examples=200, classes=3, cycles=2.0)
    features, position, label = dataset.get_data(request=slice(None))
    assert dataset.sources == ("features", "position", "label")
    assert features.shape == (200, 2) and features.dtype == np.float32 and set(label) == {0, 1, 2}
    assert 0 <= position.min() and 1.5 < position.max() <= 2
    turned = np.exp(1j * 2 * np.pi * (position + label / 3)) * (2 * position + 1) / 3  # radius and angle
    np.testing.assert_allclose(features, np.stack([turned.imag, turned.real], axis=1), atol=1e-6)
    np.random.seed(7)
    noisy = Spiral(num_examples=200, classes=3, cycles=2.0, noise=0.1).get_data(request=slice(None))[0]
    assert 0.08 < (noisy - features).std() < 0.12


def test_swiss_rolls_lie_on_their_sheet():
    features, position = SwissRoll(num_examples=300).get_data(request=slice(None))
    p, z = position.T
    assert features.shape == (300, 3) and 0 <= p.min() <= p.max() <= 1 and -1 <= z.min() <= z.max() <= 1
    np.testing.assert_allclose(np.hypot(features[:, 0], features[:, 1]), (1 + 2 * p) / 3, atol=1e-6)
    turned = np.exp(1.5j * np.pi * (1 + 2 * p)) * (1 + 2 * p) / 3
    np.testing.assert_allclose(features, np.stack([turned.real, turned.imag, z], axis=1), atol=1e-6)


def test_subsets():
    assert Subset([5, 1, 5], 9).list_or_slice == [1, 5] and Subset([5, 1, 5], 9).is_list
    assert Subset([3, 4, 2], 9).list_or_slice == slice(2, 5) and not Subset([3, 4, 2], 9).is_list
    assert Subset.empty_subset(9).is_empty and Subset(slice(None), 9).num_examples == 9
    both = Subset(slice(0, 3), 9) + Subset([2, 7], 9)
    assert both.get_list_representation() == [0, 1, 2, 7] and both.num_examples == 4
    data = np.arange(9) * 10
    assert both.index_within_subset(data, slice(2, 4)).tolist() == [20, 70]
    assert both.index_within_subset(data, [3, 0, 3], sort_indices=True).tolist() == [70, 0, 70]
    assert both.index_within_subset(list(data), 3) == 70
    assert Subset(slice(4, 9), 9).index_within_subset(data, slice(1, 3)).tolist() == [50, 60]
    assert iterable_fancy_indexing("abc", [2, 0]) == ["c", "a"]
    for wrong in (slice(0, 10), slice(-2, 3), slice(0, 4, 2), [-1], [9]):
        with pytest.raises(ValueError, match="Subset"):
            Subset(wrong, 9)
    with pytest.raises(ValueError, match="equally many"):
        _ = Subset([1], 9) + Subset([1], 8)


@do_not_pickle_attributes("bulky", "handle")
class Holder:
    loads = 0

    def __init__(self, size):
        self.size = size

    def load(self):
        Holder.loads += 1
        self.bulky = np.zeros(self.size)
        self.handle = lambda: self.size  # which cannot be pickled at all


def test_attributes_that_are_not_pickled_are_loaded_again():
    holder = Holder(1000)
    assert len(holder.bulky) == 1000 and holder.handle() == 1000 and Holder.loads == 1
    pickled = pickle.dumps(holder)
    assert len(pickled) < 1000
    again = pickle.loads(pickled)
    assert len(again.bulky) == 1000 and Holder.loads == 2 and again.size == 1000


def test_files_in_the_data_path(settings):
    (settings / "a.hdf5").touch()
    assert find_in_data_path("a.hdf5") == str(settings / "a.hdf5")
    with pytest.raises(IOError, match="fuel-convert mnist"):
        find_in_data_path("mnist.hdf5")
    with pytest.raises(OSError, match="FUEL_DATA_PATH"):
        find_in_data_path("mine.hdf5")
