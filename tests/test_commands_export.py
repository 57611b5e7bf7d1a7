"""`python -m bricks export`: what is written, where, what is refused, and what there is without the run's data."""

import builtins
import csv
import json
import shutil

import numpy as np
import pytest
from small_lab import runs_in

import bricks
from bricks.__main__ import main
from bricks.export.forward import forward
from bricks.mat import read_mat
from bricks.training import log as logs

pytestmark = pytest.mark.usefixtures("compiled_programs_are_kept")


@pytest.fixture
def run(trained_run, tmp_path):
    """A copy of a finished run, in a copy of its lab."""
    return runs_in(shutil.copytree(trained_run[0].parents[2], tmp_path / "lab"))[0]


def export(run, *words) -> int:
    return main(["export", str(run), "--to", *map(str, words)])


def table(path):
    with open(path, newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    return header, rows


def test_csv_has_the_log_as_the_log_verb_writes_it_and_a_line_for_each_example(run, tmp_path, capsys):
    assert export(run, "csv") == 0
    assert {path.name for path in (run / "csv").iterdir()} == {"log.csv", "predictions.csv"}
    assert main(["log", str(run), "--csv", str(tmp_path / "log.csv")]) == 0
    assert (run / "csv" / "log.csv").read_text() == (tmp_path / "log.csv").read_text()
    header, rows = table(run / "csv" / "predictions.csv")
    assert header == ["example", "class", *(f"probabilities_{k}" for k in range(5)), "targets"]
    trained = bricks.load(run)
    (batch,) = trained.stream("valid").iterator()
    expected = trained.predict(**batch)["probabilities"]
    np.testing.assert_array_equal(np.array([row[2:7] for row in rows], "float32"), expected)
    assert [row[0] for row in rows] == [str(k) for k in range(100)]
    assert [int(row[1]) for row in rows] == expected.argmax(1).tolist()
    assert [int(row[7]) for row in rows] == batch["targets"].tolist()
    assert f"written: {run}/csv/predictions.csv" in capsys.readouterr().out


def test_npz_and_mat_have_parameters_log_predictions_and_the_examples(run, tmp_path, capsys):
    trained = bricks.load(run)
    (batch,) = trained.stream("valid").iterator()
    assert export(run, "npz", "-o", tmp_path / "x.npz", "--examples", 4) == 0
    assert "8 parameters, 3 epochs of 12 entries, predictions for 100 examples" in capsys.readouterr().out
    found = dict(np.load(tmp_path / "x.npz", allow_pickle=False))
    state = trained.model.state_dict()
    for path, value in (state["parameters"] | state["buffers"]).items():
        np.testing.assert_array_equal(found[f"parameters/{path}"], value)
    np.testing.assert_array_equal(found["predictions/probabilities"], trained.predict(**batch)["probabilities"])
    np.testing.assert_array_equal(found["examples/features"], batch["features"][:4])
    rows = [row for row in trained.log if "valid_cost" in row]
    assert found["log/valid_cost"].tolist() == [row["valid_cost"] for row in rows]
    assert np.isnan(found["log/test_error"]).sum() == len(rows) - 1
    assert str(found["about/run"]) == f"blobs/{run.name}" and "batch_normalization: true" in str(found["about/config"])
    assert not any(name.startswith(("recordings", "classes")) for name in found)
    assert export(run, "mat") == 0
    mat = read_mat(run / "run.mat", "run.mat", bricks.CheckpointError)
    assert mat["parameters/mlp/linear_0/W"].dtype == "float32" and mat["parameters/mlp/linear_0/b"].shape == (1, 10)
    assert mat["log/epoch"].shape == (3, 1) and mat["predictions/class"].shape == (100, 1)


def test_other_parameters_and_other_sets_are_taken_where_asked_and_the_test_set_only_then(run, monkeypatch, capsys):
    read = []
    stream = bricks.training.Trained.stream
    monkeypatch.setattr(
        bricks.training.Trained, "stream", lambda self, which: read.append(which) or stream(self, which)
    )
    assert export(run, "npz") == 0 and read == ["valid"]
    assert "test set" not in capsys.readouterr().err
    assert export(run, "npz", "--set", "test", "--which", "checkpoint", "--force") == 0 and read == ["valid", "test"]
    assert "the test set was read already in this run; choose nothing by it" in capsys.readouterr().err
    found = np.load(run / "run.npz")
    wrong = np.mean(found["predictions/class"] != found["predictions/targets"])
    model = bricks.load(run, which="checkpoint")
    assert wrong == pytest.approx(model.evaluate("test")["test_error"]) and found["about/epoch"] == model.epoch
    assert str(found["about/set"]) == "test"
    assert export(run, "npz", "--set", "tests", "--force") == 2
    assert "no set 'tests'; did you mean 'test'?" in capsys.readouterr().err


def test_stablehlo_is_three_files_and_equals_predict_for_any_batch(run, capsys):
    pytest.importorskip("flatbuffers")
    import jax.export

    assert export(run, "stablehlo") == 0
    out = capsys.readouterr().out
    assert "from features (batch, 8) to probabilities (batch, 5); it differs from predict by at most" in out
    program = jax.export.deserialize((run / "model.stablehlo").read_bytes())
    trained = bricks.load(run)
    for examples in (1, 7):
        features = np.random.default_rng(examples).normal(size=(examples, 8)).astype("float32")
        expected = trained.predict(features=features)["probabilities"]
        np.testing.assert_allclose(program.call(features)["probabilities"], expected, rtol=1e-5, atol=1e-7)
    about = json.loads((run / "model.json").read_text())
    assert about["inputs"] == [{"name": "features", "dtype": "float32", "shape": ["batch", 8], "axes": ["batch", ""]}]
    assert about["outputs"]["probabilities"] == {"dtype": "float32", "shape": ["batch", 5], "batch_axis": 0}
    assert about["platforms"] == ["cpu", "cuda"] and about["enable_x64"] is False
    assert about["difference_from_predict"] < 1e-6 and about["call"].endswith(".call(features)")
    assert "// mlp/linear_0" in (run / "model.mlir").read_text()
    assert export(run, "stablehlo", "-o", run / "three.stablehlo", "--batch-size", 3) == 0
    assert "features (3, 8)" in capsys.readouterr().out
    with pytest.raises(ValueError, match="shape"):
        jax.export.deserialize((run / "three.stablehlo").read_bytes()).call(np.zeros((4, 8), "float32"))


def test_nothing_is_replaced_unless_forced_and_then_nothing_old_is_left(run, capsys):
    old = [run / "csv" / "predictions_by_step.csv", run / "run.mat", run / "model.json"]
    old[0].parent.mkdir()
    for path, way in zip(old, ("csv", "mat", "stablehlo"), strict=True):
        path.write_text("precious")
        assert export(run, way) == 2
        assert f"{path.name}: is there already; --force replaces it" in capsys.readouterr().err
        assert path.read_text() == "precious"
    assert [path.name for path in (run / "csv").iterdir()] == ["predictions_by_step.csv"]
    assert export(run, "csv", "--force") == 0
    assert {path.name for path in (run / "csv").iterdir()} == {"log.csv", "predictions.csv"}
    assert export(run, "mat", "--force") == 0 and old[1].read_bytes()[:6] == b"MATLAB"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["csv", "--examples", "3"], "--examples is for mat and npz, not for csv"),
        (["mat", "--batch-size", "3"], "--batch-size is for stablehlo, not for mat"),
        (["stablehlo", "--set", "test"], "--set is for csv and mat and npz, not for stablehlo"),
        (["npz", "--examples", "0"], "--examples must be at least 1, got 0"),
        (["mat", "-o", "x.npz"], "x.npz: must end in one of .mat"),
        (["npz", "-o", "no/x.npz"], "there is no folder"),
        (["csv", "-o", "no/x"], "there is no folder"),
        (["csv", "-o", "FILE"], "is a file; --to csv writes a folder"),
        (["excel"], "invalid choice: 'excel'"),
    ],
)
def test_what_is_asked_wrongly_is_one_message(trained_run, tmp_path, monkeypatch, capsys, words, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "FILE").write_text("")
    assert export(trained_run[0], *words) == 2
    err = capsys.readouterr().err
    assert said in err and len(err.splitlines()) == 1 and [path.name for path in tmp_path.iterdir()] == ["FILE"]


def test_a_run_whose_data_is_gone_still_gives_what_it_has(run, capsys):
    (run.parents[2] / "datasets" / "blobs.py").unlink()
    assert export(run, "csv") == 0
    assert "note: without predictions: " in capsys.readouterr().err
    assert [path.name for path in (run / "csv").iterdir()] == ["log.csv"]
    assert export(run, "npz") == 0
    assert not any(name.startswith("predictions") for name in np.load(run / "run.npz"))
    assert export(run, "csv", "--set", "valid", "--force") == 1
    assert "datasets/blobs.py is not in the lab" in capsys.readouterr().err


def test_without_flatbuffers_it_is_said_what_to_install(trained_run, tmp_path, monkeypatch, capsys):
    def missing(name, *rest):
        if name == "flatbuffers":
            raise ImportError(name)
        return import_(name, *rest)

    import_ = builtins.__import__
    monkeypatch.setattr(builtins, "__import__", missing)
    assert export(trained_run[0], "stablehlo", "-o", tmp_path / "x.stablehlo") == 2
    assert "pip install flatbuffers" in capsys.readouterr().err and list(tmp_path.iterdir()) == []


# Models that are not as easy.


def changed(run, old, new):
    """The run with another line in its own copy of the model."""
    path = run / "model.py"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    return bricks.load(run)


def test_a_model_that_mixes_its_examples_is_exported_with_what_it_computes(run):
    trained = changed(
        run, 'outputs={"probabilities": Softmax()(logits)}', 'outputs={"z": logits - logits.mean(axis=0)}'
    )
    found = forward(trained)
    features = np.random.default_rng(0).normal(size=(6, 8)).astype("float32")
    np.testing.assert_allclose(found.program(features)["z"], trained.predict(features=features)["z"], atol=1e-5)


SCAN = "bricks.scan(lambda row: row * 2{mixed}, sequences=[logits{over}], outputs_info=[None])"


@pytest.mark.slow
def test_a_scan_over_the_features_is_exported_example_by_example(run):
    output = 'outputs={"z": ' + SCAN.format(mixed="", over=".T") + ".T}"
    trained = changed(run, 'outputs={"probabilities": Softmax()(logits)}', output)
    features = np.random.default_rng(0).normal(size=(6, 8)).astype("float32")
    np.testing.assert_allclose(
        forward(trained).program(features)["z"], trained.predict(features=features)["z"], rtol=1e-5
    )


def test_what_is_not_right_example_by_example_is_refused_with_the_remedy(run, capsys):
    output = 'outputs={"z": ' + SCAN.format(mixed=" - row.mean()", over=".T") + ".T}"
    trained = changed(run, 'outputs={"probabilities": Softmax()(logits)}', output)
    with pytest.raises(bricks.UsageError, match="z of 2 examples is not what predict gives; --batch-size exports it"):
        forward(trained)
    features = np.random.default_rng(0).normal(size=(6, 8)).astype("float32")
    found = forward(trained, batch_size=6).program(features)["z"]
    np.testing.assert_allclose(found, trained.predict(features=features)["z"], rtol=1e-5, atol=1e-6)


def test_rows_of_a_log_that_are_torn_do_not_matter(run):
    with open(run / "log.jsonl", "a") as file:
        file.write('{"epoch": 9, "valid_co')
    assert export(run, "npz") == 0
    assert np.load(run / "run.npz")["log/epoch"].tolist() == [1, 2, 3] == [row["epoch"] for row in epochs(run)]


def epochs(run):
    return [row for row in logs.read(run / "log.jsonl") if "train_cost" in row]
