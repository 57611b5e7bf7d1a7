"""`python -m bricks convert`, `info`, `fetch`: the command line of the data room."""

import gzip
import json

import h5py
import numpy as np
import pytest

from bricks.__main__ import main
from bricks.data import H5PYDataset, check_file, file_contents, ragged, write_hdf5
from bricks.data.converters import CONVERTERS
from bricks.errors import DataError

IDX = bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3]) + bytes(range(6))
NAMES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def table(here):
    (here / "flowers.csv").write_text("size,class\n1,red\n2,blue\n")
    return here / "flowers.csv"


def test_convert_says_what_it_wrote_and_info_says_it_again(table, capsys):
    assert main(["convert", "csv", "flowers.csv"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0].startswith("written: flowers.hdf5, ")
    assert out[1:] == [
        "  set all: 2 examples, all sources",
        "  source features: float64, 1 (axes: batch, feature); chunks of 32,768 examples",
        "    columns: size",
        "  source targets: int64, 1 (axes: batch, index); chunks of 32,768 examples",
        "    classes: blue, red",
    ]
    assert main(["info", "flowers.hdf5", "--check"]) == 0
    again = capsys.readouterr().out.splitlines()
    assert again[0].startswith("flowers.hdf5: HDF5 in Fuel's layout, ")
    assert again[1:-1] == out[1:]
    assert again[-1] == "checked: everything reads, and has its check sums"


def test_options_reach_the_converter(table):
    words = ["--set", "train", "--dtype", "float32", "--target", "size", "--compression", "gzip", "-o", "a.h5"]
    assert main(["convert", "csv", str(table), *words]) == 0
    dataset = H5PYDataset("a.h5", "train")
    assert dataset.sources["features"].dtype == np.float32
    assert dataset.read([0, 1])["targets"].tolist() == [[1], [2]]
    assert file_contents("a.h5").sources["features"].compression == "gzip"


def test_options_of_csv_reach_it_and_numbers_among_words_are_said(here, capsys, caplog):
    (here / "years.csv").write_text("2019\t2020\n1\t2\n")
    assert main(["convert", "csv", "years.csv", "--delimiter", "tab", "--header", "yes"]) == 0
    assert "columns: 2019, 2020" in capsys.readouterr().out
    assert main(["convert", "csv", "years.csv", "--delimiter", "\\t", "--header", "no", "--force"]) == 0
    assert "set all: 2 examples" in capsys.readouterr().out
    (here / "mixed.csv").write_text("a,class\n1,x\nx,y\n")
    assert main(["convert", "csv", "mixed.csv"]) == 0
    assert "column 'a' has numbers and words, such as 'x' in line 3" in caplog.text


def test_a_folder_gives_its_own_name_to_the_file(here, monkeypatch):
    image = pytest.importorskip("PIL.Image")
    (here / "v1.5" / "a").mkdir(parents=True)
    image.fromarray(np.zeros((2, 2), np.uint8)).save(here / "v1.5" / "a" / "1.png")
    assert main(["convert", "images", "v1.5"]) == 0
    monkeypatch.chdir(here / "v1.5")
    assert main(["convert", "images", "."]) == 0
    assert (here / "v1.5.hdf5").exists() and (here / "v1.5" / "v1.5.hdf5").exists()


def test_mnist_is_converted_where_its_sums_are_not_asked_for(here, capsys):
    folder = here / "originals"
    folder.mkdir()
    for name in NAMES:
        images = "images" in name
        header = bytes([0, 0, 8, 3 if images else 1, 0, 0, 0, 2]) + (bytes([0, 0, 0, 1, 0, 0, 0, 3]) if images else b"")
        (folder / name).write_bytes(gzip.compress(header + bytes(range(6 if images else 2))))
    assert main(["convert", "mnist", "originals"]) == 1
    assert "train-images-idx3-ubyte.gz: the SHA-256 sum must be" in capsys.readouterr().err
    assert not (here / "mnist.hdf5").exists()
    assert main(["convert", "mnist", "originals", "--unchecked"]) == 0
    assert H5PYDataset("mnist.hdf5", "test").read([1])["features"].tolist() == [[[[3, 4, 5]]]]


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["convert", "cvs", "flowers.csv"], 2, "no kind 'cvs'; did you mean 'csv'?"),
        (["convert", "csv", "flowers.csv", "-o", "a.txt"], 2, "a.txt: must end in one of .hdf5, .h5"),
        (["convert", "csv", "flowers.csv", "-o", "there.hdf5"], 2, "there.hdf5: is there already; --force replaces it"),
        (["convert", "csv", "flowers.csv", "--grey"], 2, "--grey is for images, not for csv"),
        (["convert", "iris", "flowers.csv", "--set", "a"], 2, "--set is for arff, csv, not for iris"),
        (["convert", "images", ".", "--size", "3"], 2, "--size must be HEIGHTxWIDTH, as 32x32, got '3'"),
        (["convert", "csv", "missing.csv"], 1, "missing.csv: cannot be read: No such file"),
        (["convert", "csv", "there.hdf5", "-o", "there.hdf5", "--force"], 2, "there.hdf5: is the source"),
        (["info", "missing.hdf5"], 1, "missing.hdf5: cannot be read: No such file"),
        (["info", "flowers.csv"], 1, "flowers.csv: no HDF5 file"),
        (["info", "there.hdf5"], 1, "there.hdf5: no HDF5 file"),
    ],
)
def test_what_is_asked_wrongly_or_fails_is_said_in_a_line(here, table, words, status, said, capsys):
    (here / "there.hdf5").write_text("mine")
    assert main(words) == status
    err = capsys.readouterr().err
    assert said in err
    assert err.startswith("error: ")
    assert (here / "there.hdf5").read_text() == "mine"


def test_force_replaces(here, table):
    (here / "flowers.hdf5").write_text("old")
    assert main(["convert", "csv", "flowers.csv", "--force"]) == 0
    assert H5PYDataset("flowers.hdf5", "all").num_examples == 2


def test_info_as_json_and_of_idx(here, capsys):
    write_hdf5(
        "a.hdf5", {"a": {"x": ragged([np.zeros((2, 3)), np.zeros((1, 3))]), "y": np.zeros(2)}, "b": {"y": np.zeros(1)}}
    )
    assert main(["info", "a.hdf5", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["sets"] == {"a": {"x": 2, "y": 2}, "b": {"y": 1}}
    assert (found["sources"]["x"]["shape"], found["sources"]["x"]["ragged"], found["has_sums"]) == (
        [None, 3],
        True,
        True,
    )
    assert main(["info", "a.hdf5"]) == 0
    assert "  set b: 1 examples, y\n" in capsys.readouterr().out
    for name, content in (("plain", IDX), ("packed", gzip.compress(IDX))):
        (here / name).write_bytes(content)
        assert main(["info", name]) == 0
        assert capsys.readouterr().out == f"{name}: IDX, uint8 (2, 3), read whole\n"


def test_foreign_hdf5_has_no_sums_but_is_checked(here, capsys):
    write_hdf5("a.hdf5", {"a": {"x": np.arange(3)}})
    with h5py.File("a.hdf5", "a") as file:
        del file.attrs["bricks_crc32"]
    assert main(["info", "a.hdf5", "--check"]) == 0
    assert capsys.readouterr().out.endswith("checked: everything reads; it has no check sums\n")


def test_a_crash_or_a_stall_of_the_library_is_an_error_of_the_file(here, monkeypatch):
    write_hdf5("a.hdf5", {"a": {"x": np.arange(3)}})
    (here / "crash").mkdir()
    (here / "crash" / "sitecustomize.py").write_text("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    (here / "stall").mkdir()
    (here / "stall" / "sitecustomize.py").write_text("import time; time.sleep(60)")
    monkeypatch.setenv("PYTHONPATH", str(here / "crash"))
    with pytest.raises(DataError, match="a.hdf5: HDF5's library crashed on it"):
        check_file("a.hdf5")
    monkeypatch.setenv("PYTHONPATH", str(here / "stall"))
    with pytest.raises(DataError, match="a.hdf5: reading it stood still for 0.3 s"):
        check_file("a.hdf5", stalled=0.3)


def test_every_converter_has_a_function_and_help_names_it(capsys):
    import bricks.data

    for kind in CONVERTERS:
        assert callable(getattr(bricks.data, f"convert_{kind}"))
    with pytest.raises(SystemExit):
        main(["convert", "--help"])
    said = capsys.readouterr().out
    assert all(f"\n  {kind} " in said for kind in CONVERTERS)
