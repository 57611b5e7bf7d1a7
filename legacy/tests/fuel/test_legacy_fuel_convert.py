"""The commands, and converters of one's own; MNIST from its originals to a stream."""

import gzip
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from fuel import config
from fuel.bin import fuel_convert, fuel_download, fuel_info
from fuel.converters import all_converters
from fuel.converters.base import MissingInputFiles, check_exists, fill_hdf5_file, progress_bar
from fuel.converters.svhn import convert_svhn
from fuel.datasets import MNIST, H5PYDataset
from fuel.schemes import SequentialScheme, ShuffledScheme
from fuel.streams import DataStream
from fuel.transformers import Flatten

ORIGINALS = Path(__file__).resolve().parents[3] / "datasets" / "files" / "mnist"


def raw(name, header):
    return np.frombuffer(gzip.decompress((ORIGINALS / name).read_bytes())[header:], "uint8")


@pytest.fixture(scope="module")
def converted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mnist")
    assert fuel_convert.main(["mnist", "-d", str(ORIGINALS), "-o", str(folder)]) == 0
    return folder


def test_mnist_streams_are_those_of_fuel(converted):
    config.data_path = str(converted)
    dataset = MNIST(which_sets=("train",), subset=slice(0, 50000))
    assert dataset.num_examples == 50000 and dataset.sources == ("features", "targets") and dataset.load_in_memory
    assert dataset.axis_labels["features"] == ("batch", "channel", "height", "width")
    stream = Flatten(
        DataStream.default_stream(dataset, iteration_scheme=ShuffledScheme(dataset.num_examples, 100)),
        which_sources=("features",),
    )
    pixels = raw("train-images-idx3-ubyte.gz", 16).reshape(-1, 784)
    digits = raw("train-labels-idx1-ubyte.gz", 8).reshape(-1, 1)
    oracle = np.random.RandomState(1)
    for epoch, _ in zip(stream.iterate_epochs(), range(2), strict=False):
        order = np.arange(50000)
        oracle.shuffle(order)
        features, targets = next(epoch)
        assert features.dtype == np.float32 and targets.dtype == np.uint8
        assert (features == (pixels[order[:100]] * (1 / 255.0)).astype("float32")).all()
        assert (targets == digits[order[:100]]).all()


def test_mnist_test_set_and_other_settings(converted):
    config.data_path = [str(converted)]
    test = MNIST(("test",), sources=("targets",), load_in_memory=False)
    assert test.num_examples == 10000
    assert (test.get_data(request=slice(None))[0].ravel() == raw("t10k-labels-idx1-ubyte.gz", 8)).all()
    both = MNIST(("train", "test"))
    assert both.num_examples == 70000
    stream = DataStream(both, iteration_scheme=SequentialScheme([69999, 0], 2))
    assert next(stream.get_epoch_iterator())[1].ravel().tolist() == [6, 5]


def test_what_is_there_is_not_replaced_unasked(converted, capsys):
    before = (converted / "mnist.hdf5").stat().st_mtime_ns
    command = ["mnist", "-d", str(ORIGINALS), "-o", str(converted)]
    assert fuel_convert.main([*command, "-r", "mnist.hdf5"]) == 2
    assert "--force" in capsys.readouterr().err and (converted / "mnist.hdf5").stat().st_mtime_ns == before
    assert sorted(path.name for path in converted.iterdir()) == ["mnist.hdf5"]


def test_mnist_as_booleans(converted):
    assert (
        fuel_convert.main(["mnist", "--dtype", "bool", "-d", str(ORIGINALS), "-o", str(converted), "-r", "b.hdf5"]) == 0
    )
    features, targets = H5PYDataset(converted / "b.hdf5", ("test",)).get_data(request=slice(None))
    assert features.dtype == bool and targets.dtype == np.uint8
    assert (features.ravel() == (raw("t10k-images-idx3-ubyte.gz", 16) >= 128)).all()
    (converted / "b.hdf5").unlink()


def test_fuel_info(converted, capsys):
    assert fuel_info.main([str(converted / "mnist.hdf5")]) == 0
    said = capsys.readouterr().out
    assert "set train: 60,000 examples" in said and "source features: uint8" in said
    assert fuel_info.main([str(converted / "none.hdf5")]) == 1


def test_what_cannot_be_converted_says_what_to_do(tmp_path, capsys):
    for words, status, said in (
        (["mnist", "-d", str(tmp_path)], 1, "train-images-idx3-ubyte.gz"),
        (["mnits"], 2, "did you mean 'mnist'"),
        (["adult"], 2, "adult is gone; instead: `python -m bricks convert csv"),
        (["svhn", "1", "-d", str(tmp_path)], 1, "format 1 is gone"),
        (["mnist", "-o", str(tmp_path / "none")], 2, "no such folder"),
    ):
        assert fuel_convert.main([*words]) == status, words
        assert said in capsys.readouterr().err
    with pytest.raises(ValueError, match="which_format"):
        convert_svhn(3, ".", ".")
    assert sorted(dict(all_converters)) == ["cifar10", "cifar100", "iris", "mnist", "svhn"]


def test_iris_through_the_function(tmp_path):
    from fuel.converters.iris import convert_iris

    (tmp_path / "iris.data").write_text("not the original\n")
    with pytest.raises(ValueError, match="SHA-256"):
        convert_iris(str(tmp_path), str(tmp_path))


CONVERTER = """
import os
import h5py, numpy
from fuel.converters.base import check_exists, fill_hdf5_file

@check_exists(required_files=["points.txt"])
def convert_points(directory, output_directory, output_filename="points.hdf5", scale=1.0):
    path = os.path.join(output_directory, output_filename)
    points = numpy.loadtxt(os.path.join(directory, "points.txt")) * scale
    h5file = h5py.File(path, mode="w")
    fill_hdf5_file(h5file, (("train", "x", points[:2], "the first"), ("test", "x", points[2:])))
    h5file["x"].dims[0].label = "batch"
    h5file.flush()
    h5file.close()
    return (path,)

def fill_subparser(subparser):
    subparser.add_argument("--scale", type=float, default=1.0)
    return convert_points

all_converters = (("points", fill_subparser),)
"""


def test_converters_of_ones_own(tmp_path, monkeypatch, capsys):
    (tmp_path / "my_points.py").write_text(CONVERTER)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("FUEL_EXTRA_CONVERTERS", "my_points")
    monkeypatch.chdir(tmp_path)
    assert fuel_convert.main(["points"]) == 1
    assert "must have the files points.txt" in capsys.readouterr().err
    (tmp_path / "points.txt").write_text("1\n2\n3\n")
    assert fuel_convert.main(["points", "--scale", "2"]) == 0
    assert H5PYDataset("points.hdf5", ("test",)).get_data(request=[0])[0].tolist() == [6.0]
    with h5py.File("points.hdf5", "r") as file:
        assert file.attrs["fuel_convert_command"] == "fuel-convert points --scale 2"
    assert fuel_convert.main(["points"]) == 2
    assert fuel_convert.main(["points", "--force"]) == 0
    assert H5PYDataset("points.hdf5", ("test",)).get_data(request=[0])[0].tolist() == [3.0]
    monkeypatch.setenv("FUEL_EXTRA_CONVERTERS", "my_points my_points")
    capsys.readouterr()
    assert fuel_convert.main(["points"]) == 2
    assert "which there is already" in capsys.readouterr().err


def test_what_converters_are_made_of(tmp_path):
    @check_exists(["a", "b"])
    def convert(directory):
        return directory

    (tmp_path / "a").touch()
    with pytest.raises(MissingInputFiles) as caught:
        convert(str(tmp_path))
    assert caught.value.filenames == ["b"]
    (tmp_path / "b").touch()
    assert convert(str(tmp_path)) == str(tmp_path)
    zeros = np.zeros((2, 3))
    with h5py.File(tmp_path / "c.hdf5", "w") as file:
        for wrong, said in (
            ((("train", "x", zeros), ("train", "y", zeros[:1])), "equally long"),
            ((("train", "x", zeros), ("test", "x", zeros[:, :1])), "alike in all sets"),
            ((("train", "x", zeros), ("test", "x", zeros.astype("float32"))), "alike in all sets"),
            ((("train", "x", zeros), ("train", "x", zeros)), "got it twice"),
        ):
            with pytest.raises(ValueError, match=said):
                fill_hdf5_file(file, wrong)
    with progress_bar("points", 3) as bar:
        bar.update(1)


def test_fuel_download_is_fetch(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert fuel_download.main(["mnits"]) == 2
    assert "did you mean 'mnist'" in capsys.readouterr().err
    asked = []
    monkeypatch.setattr("bricks.data.fetch", lambda name, folder, progress: asked.append((name, folder)) or [])
    assert fuel_download.main(["mnist"]) == 0
    assert fuel_download.main(["svhn", "-d", "there"]) == 0
    assert asked == [("mnist", Path()), ("svhn", Path("there"))]


def test_the_commands_start_and_load_nothing_symbolic():
    program = (
        "import sys; from fuel.bin import fuel_convert; import fuel.datasets, fuel.transformers.image; "
        "assert not {'pytensor', 'jax', 'PIL', 'scipy', 'zmq'} & set(sys.modules); fuel_convert.main(['--help'])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "mnist" in done.stdout, done.stderr
