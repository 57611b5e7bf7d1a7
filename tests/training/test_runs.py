"""Runs: a directory made late and never overwritten; resumed from any moment to the same end, bit for bit."""

import contextlib
import io
import itertools
import json
import os
import re
import shutil
import signal

import numpy as np
import pytest
from small_lab import final_state, make_lab, rows_of, runs_in

from bricks.errors import CheckpointError
from bricks.training import checkpoints, folders, runs
from bricks.training import log as logs
from bricks.training.command import main
from bricks.training.grouping import Grouping
from bricks.training.lab import Lab
from bricks.training.main_loop import MainLoop
from bricks.training.saving import Saving

pytestmark = pytest.mark.usefixtures("compiled_programs_are_kept")

FILES = {"best.h5", "checkpoint.h5", "config.yaml", "log.jsonl", "model.py", "versions.json"}


class Killed(BaseException):
    """Ends a run at once, as SIGKILL does: nothing catches it."""


@pytest.fixture
def lab(tmp_path):
    return make_lab(tmp_path / "lab")


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """(directory, what was printed) of a run that nothing interrupted; read only."""
    lab = make_lab(tmp_path_factory.mktemp("reference") / "lab")
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        assert main(["configs/blobs.yaml"], lab) == 0
    return runs_in(lab)[0], printed.getvalue()


@pytest.fixture
def reference(uninterrupted):
    return uninterrupted[0]


def copy_of(reference, lab):
    run = lab / "runs" / "blobs" / reference.name
    shutil.copytree(reference, run)
    return run


def assert_same_end(run, reference):
    assert rows_of(run) == rows_of(reference)
    assert final_state(run) == final_state(reference)


def kill_after(monkeypatch, owner, name, count, before=None):
    """Let a method raise `Killed` after its call number `count`, or instead of it after `before`."""
    original, calls = getattr(owner, name), itertools.count(1)

    def method(*args, **kwargs):
        last = next(calls) == count
        if last and before:
            before(*args)
            raise Killed
        result = original(*args, **kwargs)
        if last:
            raise Killed
        return result

    monkeypatch.setattr(owner, name, method)


def tear(log, row):
    log._file.write(json.dumps(row)[:20].encode())
    log._file.flush()


# A run and its directory.


def test_a_run_makes_its_directory_and_says_where_and_what_next(uninterrupted):
    run, printed = uninterrupted
    assert {path.name for path in run.iterdir()} == FILES
    assert "learning_rate: 0.01, momentum: 0.9" in (run / "config.yaml").read_text()
    assert (run / "model.py").read_bytes() == (run.parents[2] / "models" / "mlp.py").read_bytes()
    versions = json.loads((run / "versions.json").read_text())
    assert versions["seed"] == 1 and versions["command"] == ["train.py", "configs/blobs.yaml"]
    assert {"python", "pytensor", "jax", "bricks", "threads"} <= versions.keys()
    lines = printed.splitlines()
    assert lines[-6].startswith("test error ") and "with the parameters of epoch " in lines[-6]
    assert lines[-5] == f"run: {run}"
    assert [line.split("train.py ")[1].split()[0] for line in lines[-3:]] == ["--resume", "blobs", "--list"]


def test_the_log_has_a_row_an_epoch_and_the_test_at_the_end(reference):
    rows = logs.read(reference / "log.jsonl")
    assert [row["epoch"] for row in rows[:-1]] == [1, 2, 3, 4, 5, 6]
    assert [row["iteration"] for row in rows[:-1]] == [8, 16, 24, 32, 40, 48]
    names = {"iteration", "epoch", "train_cost", "train_error", "valid_cost", "valid_error", "time"}
    assert all(row.keys() == names and row["time"].keys() == {"total", "data", "epoch", "step"} for row in rows[:-1])
    assert rows[-1].keys() == {"iteration", "epoch", "test_cost", "test_error", "time"}
    best = min(rows[:-1], key=lambda row: row["valid_cost"])
    assert rows[-1]["epoch"] == best["epoch"]


def test_early_stopping_ends_a_run_which_tests_and_keeps_its_best_parameters(lab, capsys):
    words = ["algorithm.learning_rate=1", "model.dropout=0", "training.epochs=50", "training.patience=2"]
    assert main(["blobs", *words], lab) == 0  # so large a learning rate overshoots
    assert "stopped: valid_cost did not get better for 2 epochs" in capsys.readouterr().out
    (run,) = runs_in(lab)
    rows = logs.read(run / "log.jsonl")
    best = min(rows[:-1], key=lambda row: row["valid_cost"])
    assert rows[-1]["epoch"] == best["epoch"] == rows[-2]["epoch"] - 2 < 48
    kept = checkpoints.read(run / "best.h5")
    assert kept["epoch"] == best["epoch"] and kept["valid_cost"] == best["valid_cost"]
    experiment = runs.Run(runs.configs.read(run / "config.yaml", Lab(lab)), Lab(lab)).experiment
    experiment.model.load_state_dict(kept["model"])
    again = experiment.evaluation.evaluate(experiment.streams["test"], prefix="test")
    assert again == {key: rows[-1][key] for key in ("test_cost", "test_error")}
    last = checkpoints.read(run / "checkpoint.h5")["main_loop"]["algorithm"]["parameters"]
    assert not np.array_equal(last["mlp/linear_0/W"], kept["model"]["parameters"]["mlp/linear_0/W"])


def test_two_runs_of_one_second_get_two_directories(lab):
    first, second = (folders.create(Lab(lab), "blobs") for _ in range(2))
    assert first != second and first.is_dir() and second.is_dir()


def test_decay_multiplies_the_learning_rate_after_each_epoch(reference):
    state = checkpoints.read(reference / "checkpoint.h5")["main_loop"]["algorithm"]["step_rule"]
    assert state["momentum/learning_rate"] == pytest.approx(0.01 * 0.99**6)


# Nothing half made.


def no_runs(lab):
    return not (lab / "runs").exists()


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["model.hiden=[3]"], 2, "model.hiden: unknown key"),
        (["model.name=mpl"], 2, "did you mean 'mlp'"),
        (["training.watch=valid_eror"], 2, "no 'valid_eror' is measured; did you mean 'valid_error'?"),
        (["dataset.bad=true"], 1, "is not finite"),
    ],
)
def test_what_fails_early_says_why_and_leaves_nothing_or_a_whole_run(lab, capsys, words, status, said):
    assert main(["blobs", *words], lab) == status
    captured = capsys.readouterr()
    assert said in captured.err and "Traceback" not in captured.err
    assert no_runs(lab) or {path.name for path in runs_in(lab)[0].iterdir()} >= FILES - {"best.h5"}


def test_a_run_that_fails_to_compile_leaves_no_directory(lab, monkeypatch):
    def fail(self):
        raise RuntimeError("no compiler")

    monkeypatch.setattr(runs.build.__globals__["GradientDescent"], "_compile", fail)
    with pytest.raises(RuntimeError):
        main(["blobs"], lab)
    assert no_runs(lab)


def test_a_directory_that_cannot_be_filled_is_taken_away(lab, monkeypatch, capsys):
    def full(path, state):
        raise CheckpointError("disk full")

    monkeypatch.setattr(checkpoints, "write", full)
    assert main(["blobs"], lab) == 1
    assert no_runs(lab) and "disk full" in capsys.readouterr().err


def test_check_builds_but_compiles_and_writes_nothing(lab, monkeypatch, capsys):
    def fail(*_, **__):
        raise AssertionError("compiled")

    monkeypatch.setattr("bricks.engine.function", fail)
    assert main(["blobs", "--check"], lab) == 0
    assert no_runs(lab)
    out = capsys.readouterr().out
    assert "linear_0" in out and "145 parameters; examples: train 400, valid 100, test 100" in out


def test_a_model_that_needs_a_source_the_data_lacks_is_told_what_there_is(lab, capsys):
    model = lab / "models" / "mlp.py"
    model.write_text(model.read_text().replace('sources["features"]', 'sources["feature"]'))
    assert main(["blobs"], lab) == 2
    assert "needs the source 'feature', which the data set lacks; did you mean 'features'?" in capsys.readouterr().err
    assert no_runs(lab)


# Resumed.

POINTS = {
    "right after the directory was made": (MainLoop, "run", 1, lambda loop: None),
    "between the checkpoint and its row": (Saving, "save", 4, None),
    "in the middle of a row": (logs.Log, "append", 3, tear),
    "in the middle of the test row": (logs.Log, "append", 7, tear),
}


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_a_chosen_point_and_resumed_it_ends_the_same(lab, reference, monkeypatch, point):
    owner, name, count, before = POINTS[point]
    with monkeypatch.context() as patch:
        kill_after(patch, owner, name, count, before)
        patch.setattr(folders, "discard", lambda folder: None)
        with pytest.raises(Killed):
            main(["blobs"], lab)
    (run,) = runs_in(lab)
    assert main(["--resume", str(run)], lab) == 0
    assert_same_end(run, reference)
    assert {path.name for path in run.iterdir()} == FILES


def test_killed_between_best_and_checkpoint_the_best_is_the_checkpoints_again(lab, reference, monkeypatch):
    with monkeypatch.context() as patch:
        kill_after(patch, Saving, "save_best", 3)
        with pytest.raises(Killed):
            main(["blobs"], lab)
    (run,) = runs_in(lab)
    assert checkpoints.read(run / "best.h5")["epoch"] == 3
    with monkeypatch.context() as patch:
        kill_after(patch, MainLoop, "run", 1, lambda loop: None)
        with pytest.raises(Killed):
            main(["--resume", str(run)], lab)
    assert checkpoints.read(run / "best.h5")["epoch"] == 2
    assert main(["--resume", str(run)], lab) == 0
    assert_same_end(run, reference)


def test_a_run_killed_after_its_test_row_is_finished(lab, reference, monkeypatch, capsys):
    with monkeypatch.context() as patch:
        kill_after(patch, logs.Log, "append", 7)
        with pytest.raises(Killed):
            main(["blobs"], lab)
    (run,) = runs_in(lab)
    assert rows_of(run) == rows_of(reference)
    assert main(["--resume", str(run)], lab) == 0
    assert "the test set isn't read again" in capsys.readouterr().out
    assert_same_end(run, reference)


@pytest.mark.parametrize(
    ("words", "iteration"),
    [
        (["checkpoint_iterations=3"], 9),
        (["checkpoint_minutes=1e-6", "steps_per_call=1"], 4),
        (["checkpoint_minutes=1e-6", "steps_per_call=2"], 8),
    ],
)
def test_checkpoints_may_be_more_often_and_change_nothing(lab, reference, monkeypatch, words, iteration):
    with monkeypatch.context() as patch:
        kill_after(patch, Saving, "save", 5)
        with pytest.raises(Killed):
            main(["blobs", *(f"training.{word}" for word in words)], lab)
    (run,) = runs_in(lab)
    assert checkpoints.read(run / "checkpoint.h5")["main_loop"]["iteration"] == iteration
    assert main(["--resume", str(run)], lab) == 0
    assert_same_end(run, reference)


@pytest.mark.parametrize(("steps_per_call", "iteration"), [(1, 11), (5, 13)])
def test_ctrl_c_finishes_the_call_saves_and_says_how_to_go_on(
    lab, reference, monkeypatch, capsys, steps_per_call, iteration
):
    hand_over = Grouping.hand_over

    def press(self, group):
        if press.given <= 10 < press.given + len(group):
            os.kill(os.getpid(), signal.SIGINT)
        press.given += len(group)
        hand_over(self, group)

    press.given = 0
    with monkeypatch.context() as patch:
        patch.setattr(Grouping, "hand_over", press)
        assert main(["blobs", f"training.steps_per_call={steps_per_call}"], lab) == 130
    (run,) = runs_in(lab)
    assert checkpoints.read(run / "checkpoint.h5")["main_loop"]["iteration"] == iteration
    said = capsys.readouterr().err
    assert f"interrupted after iteration {iteration}; go on: " in said and f"--resume {run}" in said
    assert main(["--resume", str(run)], lab) == 0
    (seconds,) = re.findall(r"^epoch 2/6 .* ([\d.]+) s$", capsys.readouterr().out, re.MULTILINE)
    assert float(seconds) < 300  # counted from the resume on
    assert_same_end(run, reference)


def test_a_finished_run_is_not_trained_or_tested_again(lab, reference, capsys):
    run = copy_of(reference, lab)
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    assert main(["--resume", str(run)], lab) == 0
    out = capsys.readouterr().out
    assert "finished: 6 epochs done" in out and "isn't read again" in out and "\ntest error " in out
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before


def test_a_finished_run_may_be_extended_and_then_equals_the_longer_one(lab, reference, capsys):
    run = copy_of(reference, lab)
    assert main(["--resume", f"blobs/{run.name}", "training.epochs=8"], lab) == 0
    assert "the test set was read already in this run" in capsys.readouterr().out
    assert "epochs: 8" in (run / "config.yaml").read_text()
    assert main(["blobs", "training.epochs=8"], lab) == 0
    whole = max(runs_in(lab), key=lambda path: (path / "versions.json").stat().st_mtime_ns)
    assert whole != run
    assert [row for row in rows_of(run) if row != rows_of(reference)[-1]] == rows_of(whole)
    assert final_state(run) == final_state(whole)


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["model.hidden=[11]"], 2, "got model.hidden=[11] (the run has [10])"),
        (["dataset.batch_size=25"], 2, "got dataset.batch_size=25 (the run has 50)"),
        (["seed=2"], 2, "got seed=2 (the run has 1)"),
        (["algorithm.step_rule=sgd", "algorithm.momentum=0.9"], 2, "algorithm.momentum: unknown key"),
        (["training.epochs=x"], 2, "must be a whole number"),
        (["blobs", "algorithm.learning_rate=0.5"], 2, "algorithm.learning_rate=0.5 (the run has 0.01)"),
    ],
)
def test_a_resumed_run_may_change_its_training_alone(lab, reference, capsys, words, status, said):
    run = copy_of(reference, lab)
    assert main(["--resume", str(run), *words], lab) == status
    assert said in capsys.readouterr().err
    assert final_state(run) == final_state(reference)


def test_a_checkpoint_of_another_run_is_refused(lab, reference, monkeypatch, capsys):
    run = copy_of(reference, lab)
    with monkeypatch.context() as patch:
        kill_after(patch, MainLoop, "run", 1, lambda loop: None)
        patch.setattr(folders, "discard", lambda folder: None)
        with pytest.raises(Killed):
            main(["blobs", "model.hidden=[3]"], lab)
    other = next(path for path in runs_in(lab) if path != run)
    shutil.copy(other / "checkpoint.h5", run)
    assert main(["--resume", str(run)], lab) == 1
    assert "checkpoint.h5: is of another run" in capsys.readouterr().err
    shutil.copy(reference / "best.h5", run / "checkpoint.h5")
    assert main(["--resume", str(run)], lab) == 1
    assert "is no checkpoint of a run" in capsys.readouterr().err


def test_a_state_of_another_model_under_the_same_config_is_refused(lab, reference, capsys):
    run = copy_of(reference, lab)
    model = run / "model.py"
    model.write_text(model.read_text().replace('name=f"linear_{i}"', 'name=f"lin_{i}"'))
    assert main(["--resume", str(run), "training.epochs=7"], lab) == 1
    said = capsys.readouterr().err
    assert "the state holds" in said and "mlp/linear_0/W" in said and "Traceback" not in said


def test_a_checkpoint_cut_short_is_refused(lab, reference, capsys):
    run = copy_of(reference, lab)
    whole = (run / "checkpoint.h5").read_bytes()
    for length in (0, 100, len(whole) // 2, len(whole) - 1):
        (run / "checkpoint.h5").write_bytes(whole[:length])
        assert main(["--resume", str(run)], lab) == 1
        assert "checkpoint.h5: " in capsys.readouterr().err


def test_what_is_not_as_it_was_is_said_aloud(lab, reference, capsys):
    run = copy_of(reference, lab)
    state = checkpoints.read(run / "checkpoint.h5")
    state["about"]["versions"] |= {"jax": "0.0.1", "threads": "77"}
    checkpoints.write(run / "checkpoint.h5", state)
    for room in ("models/mlp.py", "datasets/blobs.py"):
        (lab / room).write_text((lab / room).read_text() + "\n# changed\n")
    assert main(["--resume", str(run)], lab) == 0
    out = capsys.readouterr().out
    assert "warning: jax was 0.0.1, is " in out and "warning: threads was 77, is " in out
    assert "warning: models/mlp.py has changed; the run's own copy is used" in out
    assert "warning: datasets/blobs.py has changed" in out


def test_an_unknown_run_is_told_the_nearest(lab, reference, capsys):
    run = copy_of(reference, lab)
    assert main(["--resume", f"runs/blobs/{run.name}9"], lab) == 2
    assert f"did you mean 'runs/blobs/{run.name}'" in capsys.readouterr().err
    assert main(["--resume", str(lab)], lab) == 2
    assert "is no run: it must have config.yaml and checkpoint.h5" in capsys.readouterr().err


def test_a_run_that_is_being_written_is_not_resumed(lab, reference, capsys):
    run = copy_of(reference, lab)
    held = logs.Log(run / "log.jsonl")
    assert main(["--resume", str(run), "training.epochs=7"], lab) == 2
    assert "another process is writing this run" in capsys.readouterr().err
    held.close()
