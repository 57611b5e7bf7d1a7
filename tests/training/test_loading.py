"""`bricks.load`: the model of a run again, bit for bit, in another process and folder, with its lab or without."""

import json
import logging
import os
import shutil
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytensor.tensor as pt
import pytest
from small_lab import REPOSITORY, make_lab, runs_in

import bricks
from bricks.errors import BricksError, CheckpointError, DataError, ShapeError, UsageError
from bricks.training import checkpoints, provenance
from bricks.training import config as configs
from bricks.training import log as logs
from bricks.training.lab import Lab
from bricks.training.runs import Run
from bricks.training.trained import Trained

pytestmark = pytest.mark.usefixtures("compiled_programs_are_kept")

LOAD = """
import sys
import numpy as np
import bricks
trained = bricks.load(sys.argv[1])
batch = np.load(sys.argv[2])
print(type(trained.model).__name__, trained.brick.path, trained.epoch, *trained.changed, sep="\\n")
np.savez(sys.argv[3], **trained.predict(features=batch["features"]))
"""


@pytest.fixture
def run(trained_run, tmp_path):
    """A copy of the run, in a copy of its lab."""
    lab = shutil.copytree(trained_run[0].parents[2], tmp_path / "lab")
    return runs_in(lab)[0]


def test_in_a_fresh_process_and_another_folder_it_predicts_bit_for_bit_as_the_run_did(trained_run, tmp_path):
    folder, batch, expected = trained_run
    np.savez(tmp_path / "batch.npz", **batch)
    command = [sys.executable, "-c", LOAD, str(folder), "batch.npz", "out.npz"]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    process = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
    assert process.returncode == 0, process.stderr
    best = checkpoints.read(folder / "best.h5")
    assert process.stdout.splitlines() == ["Model", "mlp", str(best["epoch"])]
    (name, found), *others = np.load(tmp_path / "out.npz").items()
    assert name == "probabilities" and not others
    assert found.dtype == expected.dtype and found.tobytes() == expected.tobytes()


def test_parameters_buffers_config_and_log_are_the_runs(run):
    trained = bricks.load(run)
    best = checkpoints.read(run / "best.h5")
    for kind, values in trained.model.state_dict().items():
        assert values.keys() == best["model"][kind].keys() and values
        assert all(np.array_equal(values[path], best["model"][kind][path]) for path in values)
    assert trained.config.resolved == best["about"]["config"]
    assert trained.log == logs.read(run / "log.jsonl")
    assert trained.changed == [] and trained.epoch == best["epoch"]


def test_a_file_of_the_run_says_whose_parameters(run):
    last = checkpoints.read(run / "checkpoint.h5")["main_loop"]
    shutil.copy(run / "checkpoint.h5", run / "checkpoint-24.h5")
    asked = [(run, "checkpoint"), (run / "checkpoint.h5", None), (run / "checkpoint-24.h5", None)]
    for trained in (bricks.load(*words) for words in asked):
        assert trained.epoch == last["epoch"] == 3
        for path, value in trained.model.state_dict()["parameters"].items():
            np.testing.assert_array_equal(value, last["algorithm"]["parameters"][path])
    best = bricks.load(run / "model.py")
    assert best.epoch == checkpoints.read(run / "best.h5")["epoch"]


def test_it_evaluates_as_the_run_logged(run):
    trained = bricks.load(run)
    row = next(row for row in trained.log if row["epoch"] == trained.epoch)
    measured = ("cost", "confusion", "error")
    assert trained.evaluate("valid") == {f"valid_{key}": row[f"valid_{key}"] for key in measured}
    test = logs.last_test(trained.log)
    assert trained.evaluate("test") == {f"test_{key}": test[f"test_{key}"] for key in measured}
    assert np.sum(test["test_confusion"]) == 100 and "train_confusion" not in row
    with pytest.raises(UsageError, match="no set 'tests'; did you mean 'test'"):
        trained.evaluate("tests")


# What has changed since.


def test_what_has_changed_since_is_said_and_the_runs_own_model_is_used(run, trained_run, caplog):
    lab = run.parents[2]
    (lab / "models" / "mlp.py").write_text("raise RuntimeError('the model of today')")
    (lab / "datasets" / "blobs.py").write_text((lab / "datasets" / "blobs.py").read_text() + "\n# changed\n")
    state = checkpoints.read(run / "best.h5")
    state["about"]["versions"]["jax"] = "0.0.1"
    checkpoints.write(run / "best.h5", state)
    with caplog.at_level(logging.WARNING, logger="bricks"):
        trained = bricks.load(run)
    data, model, version = trained.changed
    assert model == f"models/mlp.py has changed; the run's own copy is used, {run.name}/model.py"
    assert data == "datasets/blobs.py has changed"
    assert version.startswith("jax was 0.0.1, is ")
    assert [record.message.split(": ", 1)[1] for record in caplog.records] == trained.changed
    found = trained.predict(features=trained_run[1]["features"])["probabilities"]
    np.testing.assert_array_equal(found, trained_run[2])


def test_without_its_lab_it_predicts_and_says_that_the_lab_is_gone(run, trained_run, tmp_path, monkeypatch):
    alone = shutil.move(run, tmp_path / "alone")
    shutil.rmtree(tmp_path / "lab")
    state = checkpoints.read(alone / "best.h5")
    state["about"]["lab"] = str(tmp_path / "lab")
    checkpoints.write(alone / "best.h5", state)
    monkeypatch.chdir(tmp_path)
    trained = bricks.load("alone")
    assert len(trained.changed) == 1 and f"its lab is not at {tmp_path / 'lab'} any more" in trained.changed[0]
    found = trained.predict(features=trained_run[1]["features"])["probabilities"]
    np.testing.assert_array_equal(found, trained_run[2])
    with pytest.raises(DataError, match=r"its data set datasets/blobs.py is not in the lab at"):
        trained.streams()


def test_a_run_that_was_moved_out_finds_the_lab_that_it_came_from(trained_run, tmp_path):
    alone = shutil.copytree(trained_run[0], tmp_path / "alone")
    trained = bricks.load(alone)
    assert trained.lab.folder == trained_run[0].parents[2] and trained.changed == []
    assert trained.streams().keys() == {"train", "valid", "test"}


def test_a_run_of_a_sweep_lies_a_folder_deeper_and_finds_its_lab_too(run):
    deeper = shutil.move(run, run.parent / "sweep-1" / "seed=1")
    trained = bricks.load(deeper)
    assert trained.lab.folder == run.parents[2] and trained.changed == []


HELPER = "def scale():\n    return {scale}\n"


def make_lab_with_helper(folder, scale):
    """A lab whose model imports another file of it, before and while it is built."""
    lab = make_lab(folder)
    model = (lab / "models" / "mlp.py").read_text()
    model = model.replace("import bricks\n", "import bricks\nfrom models.helper import scale\n", 1)
    model = model.replace("logits = mlp(features)\n", "logits = mlp(features) * scale()\n    import helper_beside\n")
    (lab / "models" / "mlp.py").write_text(model)
    (lab / "models" / "helper.py").write_text(HELPER.format(scale=scale))
    (lab / "helper_beside.py").write_text("")
    return lab


def test_a_model_may_import_from_its_lab_and_two_labs_are_not_mixed_up(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in [name for name in sys.modules if name.partition(".")[0] == "models"]:
        monkeypatch.delitem(sys.modules, name)  # another test's lab
    runs = {}
    for scale in (1.0, 2.0):
        lab = make_lab_with_helper(tmp_path / f"lab_{scale}", scale)
        begun = Run(configs.read(lab / "configs" / "blobs.yaml", Lab(lab)), Lab(lab))
        begun.create([])
        begun.loop.log.close()
        runs[scale] = begun.folder
    loaded = {scale: bricks.load(run, which="checkpoint") for scale, run in runs.items()}
    assert all(trained.changed == [] for trained in loaded.values())
    features = np.ones((2, 8), "float32")
    for trained in loaded.values():  # the same weights, so that only the helper tells the models apart
        trained.model.load_state_dict(loaded[1.0].model.state_dict())
    predicted = {scale: trained.predict(features=features)["probabilities"] for scale, trained in loaded.items()}
    spread = {scale: np.ptp(np.log(value), axis=1) for scale, value in predicted.items()}
    np.testing.assert_allclose(spread[2.0], 2 * spread[1.0], rtol=1e-4)
    assert not {"models", "models.helper", "helper_beside"} & set(sys.modules) and str(lab) not in sys.path
    (lab / "models" / "helper.py").write_text(HELPER.format(scale=3.0))
    assert bricks.load(runs[2.0], which="checkpoint").changed == ["models/helper.py has changed"]
    (lab / "models" / "helper.py").unlink()
    with pytest.raises(BricksError, match="model.py: can't be run: No module named 'models.*put it back"):
        bricks.load(runs[2.0], which="checkpoint")


def test_beside_train_py_what_a_model_imports_stays_imported(tmp_path, monkeypatch):
    lab = make_lab_with_helper(tmp_path / "lab", 1.0)
    monkeypatch.syspath_prepend(str(lab))
    for _ in range(2):  # the second time nothing is new
        here = Lab(lab)
        here.function("models", "mlp")
        assert here.helpers == {"models/helper.py": lab / "models" / "helper.py"}
    helper = sys.modules["models.helper"]
    assert helper.scale() == 1.0 and sys.path.count(str(lab)) == 1
    for name in ("models", "models.helper"):
        monkeypatch.delitem(sys.modules, name)


def test_the_data_need_not_be_there(run, trained_run):
    (run.parents[2] / "datasets" / "blobs.py").unlink()
    trained = bricks.load(run)
    assert trained.changed == ["datasets/blobs.py is not there any more"]
    assert trained.predict(features=trained_run[1]["features"])["probabilities"].shape == (100, 5)


def test_a_run_from_before_sources_were_kept_asks_its_data(run, trained_run):
    state = checkpoints.read(run / "best.h5")
    del state["about"]["data"], state["about"]["lab"]
    checkpoints.write(run / "best.h5", state)
    trained = bricks.load(run)
    np.testing.assert_array_equal(trained.predict(**trained_run[1])["probabilities"], trained_run[2])
    (run.parents[2] / "datasets" / "blobs.py").unlink()
    with pytest.raises(DataError, match="the data set is needed, for this run is old"):
        bricks.load(run)


# What can't be.


def test_what_is_no_run_or_not_whole_is_refused(run, tmp_path):
    with pytest.raises(UsageError, match="no run 'nowhere'"):
        bricks.load("nowhere")
    with pytest.raises(UsageError, match=r"is no run: it must have model.py and config.yaml"):
        bricks.load(tmp_path)
    with pytest.raises(UsageError, match="which must be one of best, checkpoint, got 'last'"):
        bricks.load(run, which="last")
    config = run / "config.yaml"
    text = config.read_text()
    config.write_text(text.replace("hidden: [10]", "hidden: [11]"))
    with pytest.raises(CheckpointError, match=r"best.h5: is of another run than config.yaml beside it: model.hidden"):
        bricks.load(run)
    config.write_text(text.replace("hidden", "hiden"))
    with pytest.raises(UsageError, match=r"config.yaml: model.hiden: unknown key; did you mean 'hidden'"):
        bricks.load(run)
    config.write_text(text)
    bricks.save_parameters({"w": bricks.shared(np.float32(1))}, run / "best.h5")
    with pytest.raises(CheckpointError, match="best.h5: is not of a run, it lacks 'config'"):
        bricks.load(run)
    (run / "best.h5").unlink()
    with pytest.raises(CheckpointError, match="has no best.h5: no epoch came to its end; which='checkpoint' takes"):
        bricks.load(run)
    (run / "checkpoint.h5").unlink()
    with pytest.raises(CheckpointError, match="best.h5: can't be read"):
        bricks.load(run)


def test_a_batch_that_does_not_fit_is_told_what_would(run):
    trained = bricks.load(run)
    features = np.zeros((3, 8), "float32")
    expected = trained.predict(features=features)["probabilities"]
    # Other floats are converted; what the outputs don't depend on may come along.
    batch = {"features": features.astype("float64"), "targets": np.zeros(3, "int32")}
    np.testing.assert_array_equal(trained.predict(**batch)["probabilities"], expected)
    assert list(trained.needed) == ["features"] and trained.example_axes == {"probabilities": 0}
    with pytest.raises(UsageError, match="needs the source 'features'"):
        trained.predict(targets=batch["targets"])
    with pytest.raises(UsageError, match="unknown source 'feature'; did you mean 'features'"):
        trained.predict(feature=features)
    with pytest.raises(ShapeError, match=r"'features' must be a batch of shape \(any, 8\), .* got \(8,\)"):
        trained.predict(features=features[0])
    with pytest.raises(UsageError, match="'features' must be float32, got complex64"):
        trained.predict(features=features.astype("complex64"))


def test_the_axis_of_an_outputs_examples_is_known_whatever_the_lengths(tmp_path):
    x, y = pt.tensor("x", shape=(2, None, 3), dtype="float32"), pt.fmatrix("y")
    outputs = {"every": pt.tanh(x), "last": x[-1], "mean": x.mean(), "gram": y.T @ y, "pairs": y @ y.T, "turned": y.T}
    data = {
        "x": {"dtype": "float32", "shape": [2, 3], "axes": ["time", "batch", "feature"]},
        "y": {"dtype": "float32", "shape": [3], "axes": ["batch", "feature"]},
    }
    state = {"model": {}, "epoch": 1, "iteration": 1, "about": {"data": data}}
    config = SimpleNamespace(model=SimpleNamespace(name="made_up"))
    trained = Trained(tmp_path, config, bricks.Model(x.mean() + y.mean(), outputs=outputs), state, None, [])
    assert trained.example_axes == {"every": 1, "last": 0, "mean": None, "gram": None, "pairs": None, "turned": 1}
    assert list(trained.needed) == ["x", "y"]


def test_what_the_run_was_made_from_stands_in_its_checkpoints(trained_run):
    about = checkpoints.read(trained_run[0] / "checkpoint.h5")["about"]
    assert about["lab"] == str(trained_run[0].parents[2])
    assert set(about["sources"]) == {"models/mlp.py", "datasets/blobs.py"}
    assert json.loads(json.dumps(about)) == about
    sources = provenance.recorded_sources(about)
    assert {name: (str(s.dtype), s.shape, s.axes) for name, s in sources.items()} == {
        "features": ("float32", (8,), ("batch", "")),
        "targets": ("int32", (), ("batch",)),
    }
    assert Lab(about["lab"]).names("configs") == ["blobs"]
