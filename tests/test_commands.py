"""`python -m bricks`: evaluate, predict and log, in this process where that tells the same, else as they are used."""

import csv
import json
import re
import shutil
import subprocess
import sys
from types import SimpleNamespace

import h5py
import numpy as np
import pytensor.tensor as pt
import pytest
from small_lab import REPOSITORY, runs_in

import bricks
from bricks.__main__ import VERBS, main
from bricks.command_line import status_of
from bricks.commands import predict as predict_verb
from bricks.data import H5PYDataset, Source, write_hdf5
from bricks.layers import Softmax
from bricks.training import log as logs

pytestmark = pytest.mark.usefixtures("compiled_programs_are_kept")


@pytest.fixture
def trained(trained_run):
    """A run; read only."""
    return trained_run[0]


@pytest.fixture
def run(trained, tmp_path):
    """A copy of the run, in a copy of its lab."""
    return runs_in(shutil.copytree(trained.parents[2], tmp_path / "lab"))[0]


@pytest.fixture
def start(start_process):
    """Starts `python -m bricks` with some words."""
    return lambda *words, **variables: start_process("-m", "bricks", *words, variables=variables)


# The command line.


def test_help_tells_the_verbs_and_loads_neither_pytensor_nor_jax(start):
    process = start("--help", PYTHONPROFILEIMPORTTIME="1")
    out, err = process.communicate()
    assert process.returncode == 0
    assert all(re.search(rf"^  {verb} +\w+", out, re.MULTILINE) for verb in VERBS)
    assert not re.search(r"\| +(jax|pytensor|pydantic|h5py)$", err, re.MULTILINE)


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_each_verb_has_its_help_without_heavy_imports(verb, capsys):
    with pytest.raises(SystemExit) as ended:
        main([verb, "--help"])
    out = capsys.readouterr().out
    assert ended.value.code == 0 and f"python -m bricks {verb}" in out and re.search("RUN|FILE|NAME|SOURCE", out)


def test_flags_that_are_wrong_are_one_message(start):
    process = start("--help", THEANO_FLAGS="flotX=float32")
    _, err = process.communicate()
    assert process.returncode == 2
    assert err.startswith("error: THEANO_FLAGS: unknown flag 'flotX'") and "Traceback" not in err


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["evalute", "x"], 2, "error: no verb 'evalute'; did you mean 'evaluate'?"),
        (["evaluate"], 2, "error: the following arguments are required: RUN; see python -m bricks evaluate --help"),
        (["evaluate", "nowhere"], 2, "error: no run 'nowhere'; there are none"),
        (["log", "nowhere"], 2, "error: no run 'nowhere'"),
        (["predict", "nowhere", "--output", "x.csv"], 2, "error: predict: needs --input FILE, or --set SET"),
    ],
)
def test_what_was_asked_wrongly_is_one_message_and_status_2(words, status, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(words) == status
    err = capsys.readouterr().err
    assert err.startswith(said) and len(err.splitlines()) == 1


def test_a_pipe_that_nobody_reads_and_ctrl_c_end_without_a_traceback(capsys):
    def interrupted():
        raise KeyboardInterrupt

    assert status_of(interrupted) == 130 and capsys.readouterr().err == "interrupted\n"
    code = "import sys; from bricks.command_line import status_of\n"
    code += "sys.exit(status_of(lambda: [print('x' * 10000) for _ in range(1000)] and 0))"
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=REPOSITORY
    )
    process.stdout.read(10)
    process.stdout.close()
    assert process.stderr.read() == b"" and process.wait() == 141
    process.stderr.close()


# evaluate


def test_evaluate_gives_the_numbers_that_the_run_logged(run, capsys, monkeypatch):
    monkeypatch.chdir(run.parents[2])
    assert main(["evaluate", f"blobs/{run.name}", "--json"]) == 0
    measured = json.loads(capsys.readouterr().out)
    row = next(row for row in logs.read(run / "log.jsonl") if row["epoch"] == measured["epoch"])
    entries = ("valid_cost", "valid_error", "valid_confusion")
    assert {key: measured[key] for key in entries} == {key: row[key] for key in entries}
    assert measured["set"] == "valid" and measured["examples"] == 100 and measured["changed"] == []
    assert main(["evaluate", str(run), "--set", "test"]) == 0
    out, err = capsys.readouterr()
    test = logs.last_test(logs.read(run / "log.jsonl"))
    assert f"test, 100 examples: cost {test['test_cost']:.4f}, confusion [[" in out
    assert f"error {100 * test['test_error']:.2f} %" in out
    assert f"parameters of epoch {test['epoch']}, iteration {test['iteration']}" in out
    assert "the test set was read already in this run" in err and "choose nothing by it" in err
    assert main(["evaluate", str(run), "--which", "checkpoint", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["epoch"] == 3
    assert main(["evaluate", str(run), "--set", "tests"]) == 2
    assert "no set 'tests'; did you mean 'test'?" in capsys.readouterr().err


# predict


@pytest.fixture
def examples():
    return np.random.default_rng(3).normal(size=(7, 8)).astype("float32")


def write_input(path, features):
    if path.suffix == ".npz":
        np.savez(path, features=features)
    elif path.suffix == ".csv":
        rows = [",".join(map(str, row)) for row in features]
        path.write_text("\n".join([",".join(f"column {i}" for i in range(8)), *rows]) + "\n")
    else:
        with h5py.File(path, "w") as file:
            file["features"] = features
    return path


def read_output(path):
    if path.suffix == ".npz":
        return dict(np.load(path).items())
    if path.suffix != ".csv":
        with h5py.File(path) as file:
            return {name: file[name][()] for name in file}
    with open(path, newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["class", *(f"probabilities_{i}" for i in range(5))]
    table = np.array(rows, "float32")
    return {"class": table[:, 0].astype("int32"), "probabilities": table[:, 1:]}


@pytest.mark.parametrize(("given", "asked"), [(".npz", ".csv"), (".csv", ".h5"), (".h5", ".npz"), (".hdf5", ".hdf5")])
def test_predict_writes_what_the_model_predicts_in_any_format(trained, examples, tmp_path, capsys, given, asked):
    source, output = write_input(tmp_path / f"in{given}", examples), tmp_path / f"out{asked}"
    words = ["predict", str(trained), "--input", str(source), "--output", str(output), "--batch-size", "4"]
    assert main(words) == 0
    model = bricks.load(trained)
    expected = np.concatenate([model.predict(features=part)["probabilities"] for part in (examples[:4], examples[4:])])
    found = read_output(output)
    assert found.keys() == {"class", "probabilities"}
    np.testing.assert_array_equal(found["probabilities"], expected)
    np.testing.assert_array_equal(found["class"], expected.argmax(axis=1))
    assert "7 examples, parameters of epoch" in capsys.readouterr().out
    assert set(tmp_path.iterdir()) == {source, output}


def test_predict_replaces_nothing_unless_forced(trained, examples, tmp_path, capsys):
    source, output = write_input(tmp_path / "in.npz", examples), tmp_path / "out.npz"
    output.write_text("precious")
    words = ["predict", str(trained), "--input", str(source), "--output"]
    assert main([*words, str(output)]) == 2
    assert "out.npz: is there already; --force replaces it" in capsys.readouterr().err
    assert output.read_text() == "precious"
    assert main([*words, str(output), "--force"]) == 0
    assert read_output(output)["class"].shape == (7,)
    assert main([*words, str(source), "--force"]) == 2 and "is the input" in capsys.readouterr().err
    assert main([*words, str(tmp_path / "out.txt")]) == 2 and "must end in one of" in capsys.readouterr().err
    assert main([*words, str(tmp_path / "no" / "out.npz")]) == 2 and "there is no folder" in capsys.readouterr().err


def test_predict_reads_a_set_of_a_file_in_fuels_layout_or_of_the_runs_own_data(trained, examples, tmp_path):
    write_hdf5(tmp_path / "in.h5", {"train": {"features": examples[:2]}, "test": {"features": examples[2:]}})
    words = ["predict", str(trained), "--set", "test", "--output"]
    assert main([*words, str(tmp_path / "a.npz"), "--input", str(tmp_path / "in.h5")]) == 0
    model = bricks.load(trained)
    expected = model.predict(features=examples[2:])["probabilities"]
    np.testing.assert_array_equal(read_output(tmp_path / "a.npz")["probabilities"], expected)
    assert main([*words, str(tmp_path / "b.h5")]) == 0
    own = H5PYDataset(tmp_path / "b.h5", "test").to_memory().arrays
    (batch,) = model.stream("test").iterator()
    np.testing.assert_array_equal(own["targets"], batch["targets"])
    np.testing.assert_array_equal(own["probabilities"], model.predict(**batch)["probabilities"])
    error = logs.last_test(model.log)["test_error"]
    assert np.mean(own["class"] != own["targets"]) == pytest.approx(error)


def test_the_likeliest_class_is_told_of_each_softmax():
    z = pt.fmatrix("z")
    outputs = {"probabilities_lstm": Softmax()(z), "attention": Softmax()(z), "over_batch": Softmax(axis=0)(z), "z": z}
    trained = SimpleNamespace(model=bricks.Model(z.mean(), outputs=outputs))
    given = np.random.default_rng(0).random((4, 3))
    found = predict_verb.classes_of(trained, dict.fromkeys(outputs, given))
    assert found.keys() == {"class_lstm", "attention_class"}
    assert found["class_lstm"].tolist() == given.argmax(axis=1).tolist()


@pytest.mark.parametrize(
    ("name", "make", "said"),
    [
        (
            "x.npz",
            lambda path: np.savez(path, feature=np.zeros((2, 8))),
            "has no 'features', .* did you mean 'feature'",
        ),
        ("x.npz", lambda path: np.savez(path, features=np.zeros((2, 9))), r"must have shape \(8,\), .*, got \(9,\)"),
        ("x.npz", lambda path: np.savez(path, features=np.array(["a"] * 2)), "must have shape|must hold numbers"),
        ("x.npz", lambda path: path.write_text("no"), "is no .npz of plain arrays"),
        ("x.npz", lambda path: np.savez(path, features=np.zeros((0, 8))), "at least one example, got none"),
        ("x.csv", lambda path: path.write_text("1,2\n3,4\n"), "first line must name the columns, got 1, 2"),
        ("x.csv", lambda path: path.write_text("a,b\n3,4\n"), r"'features' must have 8 columns, .*, got 2"),
        ("x.csv", lambda path: path.write_text("a,b\n1,2\n3,x\n"), "line 3, column 'b': must be a number, got 'x'"),
        ("x.csv", lambda path: path.write_text("a,b\n1,2\n3\n"), "rows of numbers, equally many in each"),
        ("x.csv", lambda path: path.write_text("a,b,c\n1,2\n"), "names 3 columns, the rows have 2"),
        ("x.csv", lambda path: path.write_bytes(b"\xff\xfe,b\n1,2\n"), "must be text in UTF-8"),
        ("x.h5", lambda path: path.write_text("no"), "no HDF5 file"),
        ("x.h5", lambda path: None, "there is no such file"),
        ("x.txt", lambda path: path.write_text("1"), "must end in one of .h5, .hdf5, .csv, .npz"),
    ],
)
def test_an_input_that_does_not_fit_is_told_what_would(trained, tmp_path, capsys, name, make, said):
    make(tmp_path / name)
    words = ["predict", str(trained), "--input", str(tmp_path / name), "--output", str(tmp_path / "out.csv")]
    assert main(words) in (1, 2)
    err = capsys.readouterr().err
    assert re.search(said, err) and len(err.splitlines()) == 1
    assert not (tmp_path / "out.csv").exists()


def test_whole_numbers_where_training_had_floats_are_asked_about(trained, tmp_path, capsys):
    np.savez(tmp_path / "in.npz", features=np.zeros((2, 8), "uint8"))
    words = ["predict", str(trained), "--input", str(tmp_path / "in.npz"), "--output", str(tmp_path / "out.npz")]
    assert main(words) == 0
    assert "'features' is uint8, was float32 in training: scaled alike?" in capsys.readouterr().err


def test_columns_go_to_the_sources_that_they_are_called_after(tmp_path):
    from bricks.commands.reading import read_examples

    needed = {
        "words": Source(np.dtype("int32"), (2,), ("batch", "")),
        "words_mask": Source(np.dtype("float32"), (), ("batch",)),
        "features": Source(np.dtype("float32"), (2, 1), ("batch", "time", "feature")),
    }
    (tmp_path / "x.csv").write_text("b,words_1,words_0,words_mask,a\n1,2,3,.5,4\n5,6,7,1,8\n")
    read = read_examples(tmp_path / "x.csv", needed).read([0, 1])
    assert read["words"].dtype == "int32" and read["words"].tolist() == [[2, 3], [6, 7]]
    assert read["words_mask"].tolist() == [0.5, 1] and read["features"].tolist() == [[[1], [4]], [[5], [8]]]
    (tmp_path / "x.csv").write_text("b,words_1,words_0,words_mask,a\n1,2.5,3,.5,4\n")
    with pytest.raises(bricks.DataError, match=r"'words' must be whole numbers \(int32\), got 2.5"):
        read_examples(tmp_path / "x.csv", needed)
