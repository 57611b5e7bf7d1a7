"""H5PYDataset: files as Fuel's documentation wrote them, sets, subsets, varying lengths, in memory and from disk."""

import copy
import pickle

import h5py
import numpy as np
import pytest
from fuel.datasets import CIFAR10, MNIST, SVHN, CalTech101Silhouettes, H5PYDataset, YouTubeAudio
from fuel.datasets.hdf5 import PytablesDataset
from fuel.schemes import SequentialScheme, ShuffledScheme
from fuel.streams import DataStream
from fuel.transformers import ForceFloatX, MultiProcessing
from fuel.utils import find_in_data_path

VECTORS = np.random.RandomState(0).normal(size=(100, 10)).astype("float32")
IMAGES = np.random.RandomState(1).randint(0, 256, size=(100, 3, 5, 5)).astype("uint8")
TARGETS = np.random.RandomState(2).randint(0, 10, size=(100, 1)).astype("uint8")


@pytest.fixture
def path(tmp_path):
    """The example of Fuel's documentation, "Getting your data in Fuel"."""
    f = h5py.File(tmp_path / "dataset.hdf5", mode="w")
    vector_features = f.create_dataset("vector_features", (100, 10), dtype="float32")
    image_features = f.create_dataset("image_features", (100, 3, 5, 5), dtype="uint8")
    targets = f.create_dataset("targets", (100, 1), dtype="uint8")
    vector_features[...], image_features[...], targets[...] = VECTORS, IMAGES, TARGETS
    for dataset, labels in (
        (vector_features, ("batch", "feature")),
        (image_features, ("batch", "channel", "height", "width")),
        (targets, ("batch", "index")),
    ):
        for axis, label in enumerate(labels):
            dataset.dims[axis].label = label
    names = ("vector_features", "image_features", "targets")
    split_dict = {"train": dict.fromkeys(names, (0, 90)), "test": {name: (90, 100) for name in names}}
    f.attrs["split"] = H5PYDataset.create_split_array(split_dict)
    f.flush()
    f.close()
    return str(tmp_path / "dataset.hdf5")


@pytest.fixture(params=[False, True], ids=["from disk", "in memory"])
def in_memory(request):
    return request.param


def small(path, splits, **arrays):
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file[name] = array
        file.attrs["split"] = H5PYDataset.create_split_array(splits(file) if callable(splits) else splits)
    return path


def test_the_documentations_example(path, in_memory):
    train_set = H5PYDataset(path, which_sets=("train",), load_in_memory=in_memory)
    test_set = H5PYDataset(path, which_sets=("test",), load_in_memory=in_memory)
    assert (train_set.num_examples, test_set.num_examples) == (90, 10)
    assert train_set.provides_sources == ("image_features", "targets", "vector_features")
    assert train_set.axis_labels["image_features"] == ("batch", "channel", "height", "width")
    handle = train_set.open()
    data = train_set.get_data(handle, slice(0, 10))
    assert [part.shape for part in data] == [(10, 3, 5, 5), (10, 1), (10, 10)]
    train_set.close(handle)
    for request in (slice(5, 50), [7, 3, 3, 89], [0]):
        for part, whole in zip(train_set.get_data(request=request), (IMAGES, TARGETS, VECTORS), strict=True):
            assert part.dtype == whole.dtype and (part == whole[:90][request]).all()
    example = test_set.get_data(request=3)
    assert (example[0] == IMAGES[93]).all() and example[1].shape == (1,)
    assert test_set.example_iteration_scheme.requests_examples and len(
        list(test_set.get_example_stream().dataset.sources)
    )


def test_sources_and_subsets(path, in_memory):
    dataset = H5PYDataset(
        path, which_sets=("train",), subset=slice(10, 20), sources=["targets"], load_in_memory=in_memory
    )
    assert dataset.sources == ("targets",) and dataset.num_examples == 10
    assert (dataset.get_data(request=[9, 0])[0] == TARGETS[[19, 10]]).all()
    both = H5PYDataset(path, which_sets=("test", "train"), subset=slice(85, 95), load_in_memory=in_memory)
    assert (both.get_data(request=slice(0, 10))[1] == TARGETS[85:95]).all()  # in the order of the file
    swapped = H5PYDataset(path, ("train",), sources=("vector_features", "targets"), load_in_memory=in_memory)
    assert [part.shape[1] for part in swapped.get_data(request=[0])] == [10, 1]


def test_a_subset_is_a_set(path, in_memory):
    with pytest.warns(UserWarning, match="ascending order, each once"):
        dataset = H5PYDataset(path, which_sets=("train",), subset=[30, 2, 50, 2], load_in_memory=in_memory)
    assert dataset.num_examples == 3
    assert (dataset.get_data(request=slice(0, 3))[1] == TARGETS[[2, 30, 50]]).all()
    assert [subset.list_or_slice for subset in dataset.subsets] == [[2, 30, 50]] * 3


def test_sets_by_indices_are_sorted_and_stay_paired(tmp_path, in_memory):
    def splits(file):
        file["train_indices"] = np.array([5, 1, 3])
        file["y_indices"] = np.array([0, 4, 2])
        return {
            "train": {"x": (0, 0, file["train_indices"].ref), "y": (0, 0, file["y_indices"].ref, "a comment")},
            "rest": {"x": (4, 7)},
        }

    path = small(tmp_path / "a.hdf5", splits, x=np.arange(7), y=np.arange(7) * 10)
    train = H5PYDataset(path, ("train",), load_in_memory=in_memory)
    x, y = train.get_data(request=slice(0, 3))
    assert x.tolist() == [1, 3, 5] and y.tolist() == [40, 20, 0]
    union = H5PYDataset(path, ("rest", "train"), load_in_memory=in_memory)  # y is not available in rest
    assert union.sources == ("x",)
    assert union.get_data(request=slice(None))[0].tolist() == [1, 3, 4, 5, 6]


def test_varying_lengths_as_in_the_documentation(tmp_path, in_memory):
    shapes = np.random.RandomState(3).randint(3, 9, size=(10, 2))
    images = [np.random.RandomState(4).randint(0, 256, size=(3, *shape)).astype("uint8") for shape in shapes]
    f = h5py.File(tmp_path / "dataset.hdf5", mode="w")
    image_features = f.create_dataset("image_features", (10,), dtype=h5py.special_dtype(vlen=np.dtype("uint8")))
    for number, image in enumerate(images):
        image_features[number] = image.flatten()
    image_features.dims[0].label = "batch"
    f["image_features_shapes"] = np.array([image.shape for image in images], "int32")
    f["image_features_shape_labels"] = np.array([b"channel", b"height", b"width"])
    for name in ("shapes", "shape_labels"):
        f[f"image_features_{name}"].make_scale(name)
        image_features.dims[0].attach_scale(f[f"image_features_{name}"])
    f["targets"] = np.arange(10)
    split_dict = {"train": {"image_features": (0, 8), "targets": (0, 8)}, "test": {"image_features": (8, 10)}}
    f.attrs["split"] = H5PYDataset.create_split_array(split_dict)
    f.close()
    train = H5PYDataset(tmp_path / "dataset.hdf5", ("train",), load_in_memory=in_memory)
    assert train.vlen_sources == ["image_features"]
    assert train.axis_labels["image_features"] == ("batch", "channel", "height", "width")
    batch = train.get_data(request=[6, 2])[0]
    assert batch.dtype == object and all((a == images[n]).all() for a, n in zip(batch, (6, 2), strict=True))
    assert train.get_data(request=5)[0].shape == images[5].shape
    batch[0][:] = 0  # belongs to the program
    assert H5PYDataset(tmp_path / "dataset.hdf5", ("test",)).sources == ("image_features",)


def test_what_the_file_says(path):
    with h5py.File(path, "r") as file:
        assert H5PYDataset.get_all_splits(file) == ("test", "train")
        assert H5PYDataset.get_all_sources(file) == ("image_features", "targets", "vector_features")
        assert H5PYDataset.get_provided_sources(file, ("test",)) == ("image_features", "targets", "vector_features")
        assert H5PYDataset.get_vlen_sources(file) == []
        assert H5PYDataset.get_axis_labels(file)["targets"] == ("batch", "index")
        [subset] = H5PYDataset.get_subsets(file, ("test",), ("targets",))
        assert subset.list_or_slice == slice(90, 100)


def test_split_arrays_are_those_of_old_files():
    array = H5PYDataset.create_split_array({"train": {"a": (0, 4)}, "test": {"a": (4, 6), "b": (0, 2, None, "c")}})
    assert array.dtype.names == ("split", "source", "start", "stop", "indices", "available", "comment")
    assert array.dtype["start"] == np.int64 and array.dtype["available"].kind == "b"  # scalars, no vectors of one
    rows = {(row["split"], row["source"]): (row["start"], row["stop"], row["available"]) for row in array}
    assert rows == {
        (b"train", b"a"): (0, 4, True),
        (b"train", b"b"): (0, 0, False),
        (b"test", b"a"): (4, 6, True),
        (b"test", b"b"): (0, 2, True),
    }
    assert [row["comment"] for row in array] == [b".", b".", b".", b"c"]


def test_wrong_names_and_files(path, tmp_path):
    with pytest.raises(ValueError, match=r"as \('train',\)"):
        H5PYDataset(path, which_sets="train")
    with pytest.raises(ValueError, match="no set 'valid'; there are: test, train"):
        H5PYDataset(path, which_sets=("valid",))
    with pytest.raises(ValueError, match="sources must be some of"):
        H5PYDataset(path, which_sets=("train",), sources=("labels",))
    with pytest.raises(ValueError, match="Subset"):
        H5PYDataset(path, which_sets=("test",), subset=slice(0, 20))
    with pytest.raises(IOError, match="no such file"):
        H5PYDataset(tmp_path / "b.hdf5", which_sets=("train",))
    (tmp_path / "c.hdf5").write_bytes(b"text")
    with pytest.raises(ValueError, match="no HDF5 file"):
        H5PYDataset(tmp_path / "c.hdf5", which_sets=("train",))
    with pytest.raises(ValueError, match="needs a request"):
        H5PYDataset(path, which_sets=("train",)).get_data()
    uneven = small(tmp_path / "d.hdf5", {"train": {"x": (0, 3), "y": (0, 2)}}, x=np.arange(3), y=np.arange(2))
    with pytest.raises(ValueError, match="equally long"):
        H5PYDataset(uneven, which_sets=("train",))


def test_other_sources_of_a_file_may_be_texts(tmp_path):
    with h5py.File(tmp_path / "a.hdf5", "w") as file:
        file["x"] = np.arange(3)
        file.create_dataset("words", data=["a", "bb", "c"], dtype=h5py.string_dtype())
        file.attrs["split"] = H5PYDataset.create_split_array({"train": {"x": (0, 3), "words": (0, 3)}})
    assert H5PYDataset(tmp_path / "a.hdf5", ("train",), sources=("x",)).get_data(request=[1])[0].tolist() == [1]
    with pytest.raises(ValueError, match="texts of varying length"):
        H5PYDataset(tmp_path / "a.hdf5", ("train",))


def test_an_open_file_may_be_given(path):
    with h5py.File(path, "r+") as file:
        dataset = H5PYDataset(file, which_sets=("test",))
        assert (dataset.get_data(request=[2])[1] == TARGETS[92]).all()


def test_pickling_leaves_the_data_behind_and_loads_it_again(path, in_memory):
    stream = DataStream(
        H5PYDataset(path, ("train",), subset=slice(0, 80), load_in_memory=in_memory),
        iteration_scheme=ShuffledScheme(80, 8),
    )
    epoch = stream.get_epoch_iterator()
    next(epoch)
    pickled = pickle.dumps(epoch)
    assert not any(image.tobytes() in pickled for image in IMAGES)
    again = pickle.loads(pickled)
    for batch, other in zip(epoch, again, strict=True):
        assert all((a == b).all() for a, b in zip(batch, other, strict=True))
    assert again.data_stream.dataset.num_examples == 80


def test_copies_share_what_is_in_memory(path):
    dataset = H5PYDataset(path, ("train",), load_in_memory=True)
    twin = copy.deepcopy(dataset)
    assert twin.data_sources[0] is dataset.data_sources[0] and twin.num_examples == 90
    from_disk = MultiProcessing(DataStream(H5PYDataset(path, ("train",)), iteration_scheme=SequentialScheme(90, 30)))
    for _ in range(2):
        assert (np.concatenate([batch[1] for batch in from_disk.get_epoch_iterator()]) == TARGETS[:90]).all()


def test_arrays_in_memory_are_the_programs(path):
    dataset = H5PYDataset(path, ("train",), load_in_memory=True)
    assert H5PYDataset(path, ("train",)).data_sources is None
    dataset.data_sources[1][0] = 77
    assert dataset.get_data(request=[0])[1] == 77
    dataset.data_sources = tuple(source[:, :1] for source in dataset.data_sources)
    assert dataset.get_data(request=[3])[2].shape == (1, 1)
    assert H5PYDataset(path, ("train",), load_in_memory=True).get_data(request=[0])[1] == TARGETS[0]


class Faces(H5PYDataset):
    """A data set of one's own, as programs derived them."""

    filename = "faces.hdf5"
    default_transformers = ((ForceFloatX, [], {"which_sources": ("x",)}),)

    def __init__(self, which_sets, **kwargs):
        kwargs.setdefault("load_in_memory", True)
        super(Faces, self).__init__(  # noqa: UP008, as it was written then
            file_or_path=find_in_data_path(self.filename), which_sets=which_sets, **kwargs
        )

    def get_data(self, state=None, request=None):
        (x,) = super().get_data(state, request)
        return (x + 1,)


def test_a_dataset_of_ones_own(settings):
    small(settings / "faces.hdf5", {"train": {"x": (0, 4)}}, x=np.arange(4.0))
    stream = DataStream.default_stream(Faces(("train",)), iteration_scheme=SequentialScheme(4, 4))
    [x] = next(stream.get_epoch_iterator())
    assert x.dtype == np.float32 and x.tolist() == [1, 2, 3, 4]
    assert pickle.loads(pickle.dumps(stream)).data_stream.dataset.num_examples == 4


def test_built_in_datasets_find_their_files(settings):
    pixels = np.full((4, 3, 32, 32), 255, "uint8")
    splits = {"train": {"features": (0, 2), "targets": (0, 2)}, "test": {"features": (2, 4), "targets": (2, 4)}}
    for name in ("cifar10", "svhn_format_2"):
        small(settings / f"{name}.hdf5", splits, features=pixels, targets=np.arange(4)[:, None])
    for dataset in (CIFAR10(("train",)), SVHN(2, which_sets=("train",))):
        stream = DataStream.default_stream(dataset, iteration_scheme=SequentialScheme(2, 2))
        features, targets = next(stream.get_epoch_iterator())
        assert features.dtype == np.float32 and (features == 1).all() and targets.tolist() == [[0], [1]]
    only = CIFAR10(("test",), sources=("targets",))  # the suggested transformers pass it over
    stream = DataStream.default_stream(only, iteration_scheme=SequentialScheme(2, 2))
    assert next(stream.get_epoch_iterator())[0].tolist() == [[2], [3]]
    assert CIFAR10(("train",)).load_in_memory and not SVHN(2, ("train",)).load_in_memory
    small(settings / "caltech101_silhouettes16.hdf5", {"train": {"features": (0, 4)}}, features=pixels)
    assert CalTech101Silhouettes(("train",), size=16).num_examples == 4
    small(settings / "abc.hdf5", {"train": {"features": (0, 4)}}, features=pixels)
    assert YouTubeAudio("abc").num_examples == 4
    with pytest.raises(ValueError, match="which_format"):
        SVHN(3, ("train",))
    with pytest.raises(ValueError, match="16 or 28"):
        CalTech101Silhouettes(("train",), size=20)
    with pytest.raises(OSError, match="fuel-convert mnist"):
        MNIST(("train",))


def test_pytables_say_what_to_take():
    with pytest.raises(NotImplementedError, match="H5PYDataset"):
        PytablesDataset("a.h5", ("x",))
