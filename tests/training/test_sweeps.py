"""Sweeps: every point checked before anything trains, runs beside each other, a failing one alone, gone on with."""

import contextlib
import csv
import errno
import io
import json
import math
import os
import shutil
import signal
import statistics
from pathlib import Path

import pytest
from rich.console import Console
from small_lab import REPOSITORY, final_state, make_lab

from bricks.engine import settings
from bricks.errors import CheckpointError, UsageError
from bricks.gated import WIRINGS
from bricks.gated.notation import wiring_of
from bricks.training import config as configs
from bricks.training import folders, given, processes, runs, sweeping, sweeps
from bricks.training import log as logs
from bricks.training.command import main
from bricks.training.lab import Lab
from bricks.training.sweeps import Sweep

pytestmark = pytest.mark.usefixtures("compiled_programs_are_kept")

CONFIG = """# Blobs twice, and blobs that are not finite.
dataset: {name: blobs}
model: {name: mlp, hidden: [10], classes: 5, dropout: 0.2}
algorithm: {step_rule: momentum, learning_rate: 0.01}
training: {epochs: 2, watch: valid_error}
sweep: [{seed: [1, 2]}, {dataset.bad: [true]}]
"""


@pytest.fixture
def lab(tmp_path):
    folder = make_lab(tmp_path / "lab")
    (folder / "configs" / "several.yaml").write_text(CONFIG)
    return folder


@pytest.fixture(scope="module")
def environment(xla_cache):
    """That of the processes which a sweep starts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(REPOSITORY))
        patch.setenv("JAX_COMPILATION_CACHE_DIR", str(xla_cache))
        patch.setenv("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
        patch.setenv("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")
        yield


def sweep_of(lab, *overrides):
    lab = Lab(lab)
    return Sweep(given.load(lab.folder / "configs" / "several.yaml", lab, overrides), lab, "several")


def sweep_folder(lab):
    (folder,) = (lab / "runs" / "several").glob("sweep-*")
    return folder


@pytest.fixture(scope="module")
def swept(environment, tmp_path_factory):
    """(lab, exit status, what was printed) of a sweep of which one run in three fails; read only."""
    lab = make_lab(tmp_path_factory.mktemp("swept") / "lab")
    (lab / "configs" / "several.yaml").write_text(CONFIG)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        status = main(["several"], lab)
    return lab, status, printed.getvalue()


# Checked before anything trains.


def test_all_that_is_wrong_with_any_point_is_told_at_once_and_nothing_is_made(lab, capsys):
    words = ["sweep={model.hiden: [[1], [2]], algorithm.learning_rate: [0.1, -1, x], seed: [1, 2]}"]
    assert main(["several", *words], lab) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert "command line: model.hiden: unknown key; did you mean 'hidden'?" in lines[0] and "points" not in lines[0]
    assert "algorithm.learning_rate: must be greater than 0, got -1 (at hiden=1,learning_rate=-1,seed=1" in lines[1]
    assert "and 3 more of 12 points)" in lines[1]
    assert "must be a number, got 'x' (a string) (at hiden=1,learning_rate=x,seed=1" in lines[2]
    assert not (lab / "runs").exists()


def test_each_kind_of_point_is_built_once_before_anything_trains(lab, capsys, monkeypatch):
    built = []
    original = runs.build
    monkeypatch.setattr(runs, "build", lambda config, lab: built.append(config) or original(config, lab))
    monkeypatch.setattr(processes, "run_all", lambda *_: pytest.fail("a run was started"))
    words = ["sweep={model.classes: [4, 5], model.activation: [tanh, logistic], seed: [1, 2, 3]}"]
    assert main(["several", *words, "--check"], lab) == 0
    assert [(c.model.options["classes"], c.model.options["activation"]) for c in built] == [
        (4, "tanh"),
        (4, "logistic"),
        (5, "tanh"),
        (5, "logistic"),
    ]
    out = capsys.readouterr().out
    assert "classes=5,activation=tanh,seed=3\n" in out and "several: valid; a sweep of 12 points; nothing was" in out
    assert main(["several", "sweep={training.watch: [valid_error, valid_eror, valid_x]}"], lab) == 2
    err = capsys.readouterr().err
    assert "no 'valid_eror' is measured; did you mean 'valid_error'?" in err and "no 'valid_x' is measured" in err
    assert not (lab / "runs").exists()


def test_a_sweeps_own_config_reads_back_to_the_same_points_with_all_defaults_they_share(lab, tmp_path):
    texts = (
        "[{seed: [1, 2]}, {dataset.bad: [true]}]",
        "{model.hidden: [[3], [4, 5]], algorithm.step_rule: [adam, sgd]}",
    )
    for text in texts:
        sweep = sweep_of(lab, f"sweep={text}")
        (tmp_path / "sweep.yaml").write_text(sweep.to_yaml())
        again = Sweep(given.load(tmp_path / "sweep.yaml", Lab(lab)), Lab(lab), "several")
        assert {n: p.config.resolved for n, p in again.points.items()} == {
            n: p.config.resolved for n, p in sweep.points.items()
        }
        assert "batch_size: 50" in sweep.to_yaml() and "max_norm: null" in sweep.to_yaml()


def test_the_words_of_a_point_make_its_run_and_no_sweep(lab):
    sweep = sweep_of(lab, "sweep=[{model.hidden: [[3], [4, 5]], dataset.bad: [true]}, {seed: [7]}]", "folds=2")
    sweep.create(["train.py"], threads=1)
    for point in sweep.points.values():
        path, *overrides = sweep.words(point.name)
        found = given.load(path, Lab(lab), overrides)
        assert not found.is_sweep
        assert configs.validated(found, Lab(lab), "several").resolved == point.config.resolved
    assert {point.config.folds for point in sweep.points.values()} == {2}


def test_two_processes_do_not_run_one_sweep(lab):
    sweep = sweep_of(lab)
    sweep.create(["train.py"], threads=1)
    with pytest.raises(UsageError, match="another process runs this sweep"):
        sweeps.reopen(sweep.folder, Lab(lab))


def test_wirings_has_all_wirings_and_three_seeds():
    lab = Lab(REPOSITORY)
    found = given.load(REPOSITORY / "configs" / "wirings.yaml", lab)
    (grid,) = found.grids
    units = [unit if isinstance(unit, str) else unit["like"] for unit in grid["model.unit"]]
    assert units == list(WIRINGS) and grid["seed"] == [1, 2, 3]
    changed = [unit for unit in grid["model.unit"] if isinstance(unit, dict)]
    assert all(unit["name"] == unit["like"] and None not in wiring_of(unit).sequences.values() for unit in changed)
    assert found.data["training"]["epochs"] == 5


# Run.


def test_a_failing_run_does_not_stop_the_others_and_is_in_the_table(swept):
    lab, status, printed = swept
    folder = sweep_folder(lab)
    assert status == 1
    for seed in (1, 2):
        run = folder / f"seed={seed}"
        assert {path.name for path in run.iterdir()} >= {"best.h5", "checkpoint.h5", "log.jsonl", "model.py"}
        assert logs.last_test(logs.read(run / "log.jsonl")[-1:])
        assert f"seed: {seed}\n" in (run / "config.yaml").read_text()
    said = (folder / "table.md").read_text()
    assert "failed: bad=true: " in said and "not finite" in said and said.endswith("\n`python train.py several`\n")
    assert "over seed 1, 2; sorted by valid_error" in said
    assert said.split("`python")[0].strip() in printed
    assert "--resume" in printed.splitlines()[-1]


def test_the_table_is_what_the_logs_say(swept):
    folder = sweep_folder(swept[0])
    logs_ = [logs.read(folder / f"seed={seed}" / "log.jsonl") for seed in (1, 2)]
    tests = [rows[-1]["test_error"] for rows in logs_]
    best = [min(row["valid_error"] for row in rows[:-1]) for rows in logs_]
    with open(folder / "table.csv") as file:
        row, failed = csv.DictReader(file)
    for name, values in (("test_error", tests), ("valid_error", best)):
        mean, half = statistics.fmean(values), 12.706 * statistics.stdev(values) / math.sqrt(2)
        assert float(row[f"{name}_mean"]) == pytest.approx(mean)
        assert float(row[f"{name}_high"]) == pytest.approx(mean + half, rel=1e-3)
    assert (row["n"], row["asked"], row["epochs"], row["bad"]) == ("2", "2", "2.0", "")
    assert (failed["n"], failed["asked"], failed["bad"]) == ("0", "1", "true")


def test_a_sweep_ends_with_its_report_and_its_points_have_none(swept):
    folder = sweep_folder(swept[0])
    text = (folder / "report.html").read_text()
    assert "2 of 3" in text and "could not be made" not in text and "report.html (" in swept[2]
    assert not list(folder.glob("*/report.html"))


def test_how_many_threads_a_run_had_is_kept(swept):
    folder = sweep_folder(swept[0])
    about = json.loads((folder / "versions.json").read_text())
    run = json.loads((folder / "seed=1" / "versions.json").read_text())
    there = processes.cores()
    expected = max(1, len(there) // min(3, len(there)))
    assert about["threads"] == run["threads"] == str(expected)


def copied(swept, lab):
    """A copy of the sweep in another lab, as a place to change things."""
    folder = sweep_folder(swept[0])
    copy = lab / "runs" / "several" / folder.name
    shutil.copytree(folder, copy)
    return folder, copy


def test_a_resumed_sweep_keeps_what_is_done_starts_what_is_missing_and_tries_again_what_failed(
    swept, lab, environment, capfd
):
    folder, copy = copied(swept, lab)
    shutil.rmtree(copy / "seed=2")
    before = {path: path.read_bytes() for path in (copy / "seed=1").iterdir()}
    assert main(["--resume", f"several/{copy.name}"], lab) == 1
    out = capfd.readouterr().out
    assert "1 done, 2 to do" in out and "2/3  " in out and "3/3  " in out
    assert {path: path.read_bytes() for path in (copy / "seed=1").iterdir()} == before
    assert final_state(copy / "seed=2") == final_state(folder / "seed=2")
    rows = [list(csv.DictReader(io.StringIO((place / "table.csv").read_text()))) for place in (folder, copy)]
    assert [{**row, "minutes": 0} for row in rows[0]] == [{**row, "minutes": 0} for row in rows[1]]


def test_a_sweep_that_is_done_only_prints_its_table(swept, lab, capsys, monkeypatch):
    _, copy = copied(swept, lab)
    text = (copy / "sweep.yaml").read_text()
    assert "bad: [true]" in text
    (copy / "sweep.yaml").write_text(text.replace("\n- dataset.bad: [true]", ""))
    monkeypatch.setattr(sweeps.Sweep, "check", lambda self: self.representatives() and pytest.fail("built"))
    assert main(["--resume", str(copy)], lab) == 0
    assert "2 done, 0 to do" in (out := capsys.readouterr().out) and "| 2 " in out


def test_a_run_that_is_not_the_sweeps_is_not_counted_in(swept, lab):
    _, copy = copied(swept, lab)
    shutil.rmtree(copy / "seed=1")
    (copy / "seed=2").rename(copy / "seed=1")
    with pytest.raises(
        CheckpointError, match=r"config.yaml: is of another run than sweep.yaml says: seed=1 \(the run has 2"
    ):
        sweeps.reopen(copy, Lab(lab))


def test_one_run_of_a_sweep_is_an_ordinary_run(swept, lab, capsys):
    _, copy = copied(swept, lab)
    assert folders.config_name(copy / "seed=1") == "several"
    assert main(["--resume", f"several/{copy.name}/seed=1"], lab) == 0
    assert "this run is finished: 2 epochs done" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["blobs", "--jobs", "2"], "--jobs is for a sweep, and blobs is one run"),
        (["several", "--jobs", "0"], "--jobs: must be a whole number from 1, got '0'"),
        (["several", "--folds", "1"], "folds: must be greater than or equal to 2, got 1"),
        (["several", "--folds", "x"], "argument --folds: invalid int value: 'x'"),
        (["--folds", "2"], "--folds needs a CONFIG"),
        (["blobs", "folds=3", "fold=4"], "fold: must be from 1 to folds=3, got 4"),
        (["blobs", "fold=1"], "fold: is one of how many? Give folds too"),
        (["blobs", "swep=3"], "swep: unknown key; did you mean 'sweep'?"),
        (["--resume", "runs/several/sweep-20260101-000000"], "no run 'runs/several/sweep-20260101-000000'"),
    ],
)
def test_what_is_asked_wrongly_is_told(lab, capsys, words, said):
    assert main(words, lab) == 2
    assert said in capsys.readouterr().err
    assert not (lab / "runs").exists()


def test_a_sweep_is_resumed_as_it_is(swept, lab, capsys):
    _, copy = copied(swept, lab)
    assert main(["--resume", str(copy), "training.epochs=9"], lab) == 2
    assert "a resumed sweep stays as it is, got training.epochs=9" in capsys.readouterr().err


# Cross-validation.


def test_a_fold_is_an_ordinary_run_which_says_what_it_is_and_can_be_resumed(lab, capsys):
    assert main(["blobs", "folds=3", "fold=2", "training.epochs=1"], lab) == 0
    assert "examples: train 333, valid 167, test 100" in capsys.readouterr().out
    (run,) = (lab / "runs" / "blobs").iterdir()
    assert "folds: 3\nfold: 2\n" in (run / "config.yaml").read_text()
    assert main(["--resume", str(run), "training.epochs=2", "--check"], lab) == 0
    assert "examples: train 333, valid 167, test 100" in capsys.readouterr().out
    assert main(["--resume", str(run), "fold=1"], lab) == 2
    assert "fold=1 (the run has 2)" in capsys.readouterr().err


def test_folds_are_a_sweep_over_them(lab, capsys):
    assert main(["blobs", "--folds", "5", "--check"], lab) == 0
    assert "blobs: valid; a sweep of 5 points" in (out := capsys.readouterr().out) and "\nfold=5\n" in out


def test_data_that_cannot_be_split_anew_is_refused_before_anything_trains(capsys):
    assert main(["adding_lstm", "--folds", "3"], REPOSITORY) == 2
    assert "folds: the stream 'train' must be a DataStream" in capsys.readouterr().err


@pytest.mark.slow
def test_folds_train_and_their_mean_is_in_the_table(lab, environment, capfd):
    assert main(["blobs", "--folds", "3", "training.epochs=1"], lab) == 0
    assert "over fold 1, 2, 3" in (out := capfd.readouterr().out) and "| 3 " in out


def test_the_status_of_a_run_that_a_signal_ended_is_told(tmp_path):
    output = Path(tmp_path / "a.txt")
    output.write_text("reading\nepoch 1\n")
    assert sweeping._message(output, -signal.SIGKILL) == "ended by SIGKILL"
    assert sweeping._message(output, 1) == "epoch 1"
    output.write_text("reading\nerror: one\nerror: two\n")
    assert sweeping._message(output, 1) == "one; two"


def lines_of(view):
    """What stands on the terminal now."""
    paper = Console(file=io.StringIO(), width=100)
    paper.print(view._bars.get_renderable())
    return paper.file.getvalue().splitlines()


def test_on_a_terminal_each_run_that_goes_on_has_a_line(swept, lab):
    _, copy = copied(swept, lab)
    sweep = sweeps.reopen(copy, Lab(lab))
    terminal = Console(file=io.StringIO(), force_terminal=True, highlight=False, width=100)
    view = sweeping.View(sweep, 0, terminal)
    seen = []
    try:
        for name in ("seed=1", "bad=true"):
            view.started(name)
        view.tick()
        seen.append(lines_of(view))
        view.ended("seed=1", "valid_error 1.0 %")
        seen.append(lines_of(view))
    finally:
        view.close()
    assert [line.split()[0] for line in seen[0]] == ["all", "seed=1", "bad=true"]
    assert "0/3" in seen[0][0] and "2/2" in seen[0][1] and "valid_error" in seen[0][1] and "starting" in seen[0][2]
    assert [line.split()[0] for line in seen[1]] == ["all", "bad=true"] and "1/3" in seen[1][0]
    assert "1/3  seed=1  valid_error 1.0 %" in terminal.file.getvalue()


def test_a_table_that_cannot_be_written_stops_nothing_and_is_an_error_at_the_end(swept, lab, monkeypatch, capsys):
    _, copy = copied(swept, lab)
    shutil.rmtree(copy / "seed=2")

    def run_all(commands, slots, started, ended, tick):
        shutil.copytree(sweep_folder(swept[0]) / "seed=2", copy / "seed=2")
        for command in commands:
            started(command)
            command.output.write_text("error: it went wrong")
            ended(command, int(command.name != "seed=2"))

    def full(path, text):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(processes, "run_all", run_all)
    monkeypatch.setattr(folders, "write_text", full)
    assert main(["--resume", str(copy)], lab) == 1
    out, err = capsys.readouterr()
    assert "3/3  bad=true  failed: it went wrong" in out and "| 2 " in out
    assert "its table can't be written: No space left on device" in err


@pytest.mark.parametrize("before", [None, "true"])
def test_a_gpus_memory_is_left_to_the_runs(swept, lab, monkeypatch, before):
    name, seen = "XLA_PYTHON_CLIENT_PREALLOCATE", []
    monkeypatch.delenv(name, raising=False)
    if before:
        monkeypatch.setenv(name, before)
    monkeypatch.setattr(settings, "start", lambda: seen.append(os.environ.get(name)))
    monkeypatch.setattr(processes, "run_all", lambda *_: seen.append(os.environ.get(name)))
    _, copy = copied(swept, lab)
    main(["--resume", str(copy)], lab)
    assert seen[0] == "false" and seen[-1] == before
