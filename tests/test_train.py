"""`train.py` as it is used: started as a process, interrupted, killed, resumed."""

import os
import random
import re
import signal
import subprocess
import sys
import time

import pytest
from small_lab import REPOSITORY, final_state, make_lab, rows_of, runs_in

from bricks.training import config as configs
from bricks.training.command import main
from bricks.training.lab import Lab

LONG = "training.epochs=20"


@pytest.fixture
def lab(tmp_path):
    return make_lab(tmp_path / "lab")


@pytest.fixture
def start(lab, start_process, kept_programs):
    """Starts `train.py` of the lab with some words."""

    def start(*words, python=(sys.executable,), **variables):
        return start_process("train.py", *words, python=python, variables=kept_programs | variables, cwd=lab)

    return start


@pytest.fixture(scope="module")
def reference(kept_programs, tmp_path_factory):
    """(run directory, what was printed, seconds of training) of a process that nobody disturbed."""
    lab = make_lab(tmp_path_factory.mktemp("reference") / "lab")
    process = subprocess.Popen(
        [sys.executable, "train.py", "blobs", LONG],
        cwd=lab,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), **kept_programs},
        stdout=subprocess.PIPE,
        text=True,
    )
    printed = wait_for(process, "run: ")
    began = time.monotonic()
    printed += process.stdout.read()
    assert process.wait() == 0
    return runs_in(lab)[0], printed, time.monotonic() - began


def wait_for(process, beginning):
    """Read its output up to a line that begins so; gives what was read."""
    read = ""
    for line in process.stdout:
        read += line
        if line.startswith(beginning):
            return read
    raise AssertionError(f"no line {beginning!r} in: {read}")


def assert_same_end(run, reference):
    assert rows_of(run) == rows_of(reference[0])
    assert final_state(run) == final_state(reference[0])


def test_a_python_without_the_packages_is_told_the_command_that_helps(start):
    process = start("blobs", python=(sys.executable, "-I", "-S"))
    out, err = process.communicate()
    assert process.returncode == 1 and out == ""
    assert len(err.splitlines()) == 1
    assert "this Python lacks h5py, jax, " in err and "`make train`" in err and "-m pip install -e .`" in err


def test_an_old_python_is_told_what_is_needed(monkeypatch):
    sys.path.insert(0, str(REPOSITORY))
    try:
        import train
    finally:
        sys.path.remove(str(REPOSITORY))
    assert train.complaint() is None
    monkeypatch.setattr(train.sys, "version_info", (3, 9, 1))
    assert "needs Python 3.11 or newer, this is 3.9" in train.complaint()


def test_without_arguments_it_lists_the_configs_and_loads_neither_pytensor_nor_jax(start):
    process = start(python=(sys.executable, "-X", "importtime"))
    out, err = process.communicate()
    assert process.returncode == 0
    assert out.startswith("blobs  Blobs by ten hidden units, 1 second.\n")
    assert not re.search(r"\| +(jax|pytensor|pydantic)$", err, re.MULTILINE)


def test_help_tells_what_there_is(start):
    process = start("--help")
    out, _ = process.communicate()
    assert process.returncode == 0
    options = ("--resume", "--check", "--list", "--folds", "--jobs")
    for word in (*options, "section.key=value", "Exit status", "THEANO_FLAGS"):
        assert word in out


@pytest.mark.parametrize(
    ("words", "variables", "said"),
    [
        (
            ["blobs", "model.hiden=[3]"],
            {},
            "error: command line: model.hiden: unknown key; did you mean 'hidden'?",
        ),
        (["blob"], {}, "error: no config 'blob'; did you mean 'blobs'?"),
        (["blobs", "blobs"], {}, "error: one CONFIG at a time"),
        (["--chek"], {}, "error: unrecognized arguments: --chek"),
        (["training.epochs=3"], {}, "overrides a config, and none is given"),
        (["blobs", "--resume", "nowhere"], {}, "error: no run 'nowhere'; there are none"),
        (["blobs"], {"THEANO_FLAGS": "flotX=float32"}, "error: THEANO_FLAGS: unknown flag 'flotX'"),
        (["blobs"], {"THEANO_FLAGS": "device=cuda7"}, "error: THEANO_FLAGS: device=cuda7"),
    ],
)
def test_what_was_asked_wrongly_is_one_message_and_status_2(start, lab, words, variables, said):
    process = start(*words, **variables)
    _, err = process.communicate()
    assert process.returncode == 2
    assert said in err and "Traceback" not in err
    assert not (lab / "runs").exists()


def test_what_it_prints_is_plain_where_it_is_no_terminal(reference):
    printed = reference[1]
    lines = printed.splitlines()
    assert "\x1b" not in printed
    assert lines[0].startswith("blobs: reading ")
    assert lines[1] == "145 parameters; examples: train 400, valid 100, test 100; compiling"
    epochs = [line for line in lines if line.startswith("epoch ")]
    assert len(epochs) == 20 and re.search(r"epoch  1/20  train_cost \d\.\d{4}  .*valid_error \d+\.\d\d %", epochs[0])
    assert lines[-6].startswith("test error ") and lines[-5].startswith("run: runs/blobs/")
    assert lines[-4] == "next, perhaps:"


def test_the_commands_that_it_advises_can_be_given(reference, capsys):
    lab = reference[0].parents[2]
    for line in reference[1].splitlines()[-3:]:
        words = line.split("train.py ")[1].split()
        words = [str(lab / word) if word.startswith("runs/") else word for word in words]
        assert main([*words, "--check"], lab) == 0


def test_ctrl_c_ends_with_130_and_the_resumed_run_ends_the_same(start, lab, reference):
    process = start("blobs", LONG)
    wait_for(process, "epoch  2/20")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == 130
    assert "go on: " in err and "Traceback" not in err
    (run,) = runs_in(lab)
    words = re.search(r"train\.py (--resume \S+)", err)[1].split()
    process = start(*words)
    process.communicate()
    assert process.returncode == 0
    assert_same_end(run, reference)


def kill_again_and_again(start, lab, reference, times, seed):
    """Kill a run at random moments, each time resumed, until it has been killed so often; then let it end."""
    chooser = random.Random(seed)
    words, killed = ["blobs", LONG], 0
    while killed < times:
        process = start(*words)
        wait_for(process, "run: ")
        time.sleep(chooser.uniform(0, reference[2] / 2))
        process.kill()
        process.communicate()
        killed += process.returncode == -signal.SIGKILL
        (run,) = runs_in(lab)
        words = ["--resume", str(run)]
        if process.returncode == 0:  # it had ended already: begin another one
            assert_same_end(run, reference)
            run.rename(lab / f"done-{time.time_ns()}")
            words = ["blobs", LONG]
    assert start(*words).wait() == 0
    (run,) = runs_in(lab)
    assert_same_end(run, reference)


def test_killed_at_three_random_moments_it_ends_the_same(start, lab, reference):
    kill_again_and_again(start, lab, reference, times=3, seed=time.time_ns())


CONFIGS = {path.stem: path.read_text() for path in sorted((REPOSITORY / "configs").glob("*.yaml"))}
SLOW_IF_SWEPT = [pytest.param(n, marks=pytest.mark.slow if "\nsweep:" in text else ()) for n, text in CONFIGS.items()]
"""Of a sweep each kind of point is built."""


@pytest.mark.parametrize("name", SLOW_IF_SWEPT)
def test_every_config_of_ours_is_valid_and_described(name, tmp_path_factory, monkeypatch, capsys):
    monkeypatch.setenv("BRICKS_DATA_PATH", str(tmp_path_factory.getbasetemp() / "data"))
    assert main([name, "--check"], REPOSITORY) == 0
    assert f"{name}: valid; " in capsys.readouterr().out
    path = REPOSITORY / "configs" / f"{name}.yaml"
    text = path.read_text()
    # What it is: what to expect (a number), how long it takes.
    assert re.match(r"# .+: .*\d.*, .*\b(second|minute|hour)s?\.\n", text)
    lab = Lab(REPOSITORY)
    if configs.read(path, lab).model.name == "mlp":
        assert re.match(r"# .+ on MNIST: about [\d.]+ % test error, .+\.\n", text)


def sweep_in(lab):
    (folder,) = (lab / "runs" / "blobs").glob("sweep-*")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_sweep_that_is_stopped_goes_on_to_the_same_end(start, lab, environment, tmp_path, number):
    words = ("blobs", "sweep.seed=[1, 2, 3]", LONG, "--jobs", "2")
    assert start(*words).wait() == 0
    whole = sweep_in(lab).rename(tmp_path / "whole")
    process = start(*words)
    wait_for(process, "started ")
    logs_ = lambda: [path.read_text().count("\n") for path in sweep_in(lab).glob("*/log.jsonl")]  # noqa: E731
    while max(logs_(), default=0) < 3:
        time.sleep(0.02)
    process.send_signal(number)
    _, err = process.communicate()
    if number == signal.SIGKILL:
        time.sleep(3)  # its runs notice by themselves, and save
    else:
        assert process.returncode == 130 and "Traceback" not in err
        assert re.search(r"interrupted; \d of 3 points are done; go on: .*train.py --resume runs/blobs/sweep-", err)
    assert sum(count == 21 for count in logs_()) < 3
    assert start("--resume", str(sweep_in(lab))).wait() == 0
    for seed in (1, 2, 3):
        assert_same_end(sweep_in(lab) / f"seed={seed}", [whole / f"seed={seed}"])
    text, reference_text = (
        re.sub(r"\| [\d.]+ *\|\n", "|\n", (place / "table.md").read_text()) for place in (sweep_in(lab), whole)
    )
    assert text == reference_text
