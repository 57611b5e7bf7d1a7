"""`python -m bricks log`: rows for a person, beside each other, as they come, as CSV."""

import csv
import signal
import threading
import time

import pytest

from bricks.__main__ import main
from bricks.commands import log as log_verb
from bricks.training import log as logs


@pytest.fixture
def start(start_process):
    """Starts `python -m bricks` with some words."""
    return lambda *words, **variables: start_process("-m", "bricks", *words, variables=variables)


def write_log(folder, rows):
    folder.mkdir(parents=True)
    log = logs.Log(folder / "log.jsonl")
    for row in rows:
        log.append(row)
    log.close()
    return folder


ROWS = [
    {"iteration": 5, "epoch": 1, "train_cost": 0.5, "valid_error": 0.25, "time": {"total": 1.25}, "counts": [1, 2]},
    {"iteration": 10, "epoch": 2, "train_cost": float("nan"), "valid_error": 0.125, "time": {"total": 2.5}},
    {
        "iteration": 15,
        "epoch": 3,
        "train_cost": 0.125,
        "valid_error": 0.5,
        "train_norm/mlp/W": 3.5,
        "time": {"total": 4.0},
    },
    {"iteration": 10, "epoch": 2, "test_error": 0.0625, "time": {"total": 5.0}},
]


def cells(out):
    return [line.split() for line in out.splitlines() if line.strip() and not set(line.strip()) <= set("─ ")]


def test_log_shows_the_rows_of_a_run_and_the_test_in_the_row_of_its_epoch(tmp_path, capsys):
    run = write_log(tmp_path / "runs" / "a" / "1", ROWS)
    assert main(["log", str(run)]) == 0
    header, *rows = cells(capsys.readouterr().out)
    assert header == ["epoch", "iteration", "train_cost", "valid_error", "time_total", "test_error"]
    assert rows[0] == ["1", "5", "0.5000", "25.00", "%", "1.2"]
    assert rows[1] == ["2", "10", "not", "finite", "12.50", "%", "2.5", "6.25", "%"]
    assert main(["log", str(run), "--key", "train_norm/mlp/W", "--key", "iteration"]) == 0
    header, *rows = cells(capsys.readouterr().out)
    assert header == ["epoch", "iteration", "train_norm/mlp/W"] and rows[2] == ["3", "15", "3.5000"]
    assert main(["log", str(run), "--key", "valid_eror"]) == 2
    assert "no entry 'valid_eror'; did you mean 'valid_error'?" in capsys.readouterr().err


def test_log_puts_several_runs_beside_each_other(tmp_path, capsys):
    one = write_log(tmp_path / "runs" / "a" / "1", ROWS)
    two = write_log(tmp_path / "runs" / "b" / "1", ROWS[1:2])
    assert main(["log", str(one), str(two / "log.jsonl")]) == 0
    header, *rows = cells(capsys.readouterr().out)
    assert header[:3] == ["run", "epoch", "iteration"]
    assert [row[:3] for row in rows] == [["a/1", "3", "15"], ["b/1", "2", "10"]]
    assert main(["log", str(one), str(two), "--key", "valid_error"]) == 0
    title, header, *rows = cells(capsys.readouterr().out)
    assert title == ["valid_error"] and header == ["epoch", "a/1", "b/1"]
    assert rows == [["1", "25.00", "%"], ["2", "12.50", "%", "12.50", "%"], ["3", "50.00", "%"]]


def test_log_writes_every_number_as_csv(tmp_path, capsys):
    one = write_log(tmp_path / "runs" / "a" / "1", ROWS)
    two = write_log(tmp_path / "runs" / "a" / "2", ROWS[:1])
    assert main(["log", str(one), str(two), "--csv", str(tmp_path / "x.csv")]) == 0
    with open(tmp_path / "x.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["run"], row["epoch"]) for row in rows] == [("a/1", "1"), ("a/1", "2"), ("a/1", "3"), ("a/2", "1")]
    assert rows[1]["train_cost"] == "nan" and rows[1]["test_error"] == "0.0625" and rows[1]["time_total"] == "2.5"
    assert rows[0]["test_error"] == "" and rows[2]["train_norm/mlp/W"] == "3.5" and "counts" not in rows[0]
    assert main(["log", str(one), "--csv", str(tmp_path / "x.csv")]) == 2
    assert "--force replaces it" in capsys.readouterr().err
    assert main(["log", str(one), "--csv", str(tmp_path / "x.csv"), "--force", "--key", "valid_error"]) == 0
    assert (tmp_path / "x.csv").read_text() == "epoch,valid_error\n1,0.25\n2,0.125\n3,0.5\n"
    assert main(["log", str(one), "--csv", str(tmp_path / "y.csv"), "--follow"]) == 2


def test_a_followed_log_shows_rows_as_they_come_also_after_it_was_cut_back(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(log_verb, "SECONDS", 0.01)
    run = write_log(tmp_path / "runs" / "a" / "1", [*ROWS[:1], ROWS[3], *ROWS[1:3]])  # tested once, then resumed
    path = run / "log.jsonl"
    offset = path.read_bytes().index(b'{"iteration": 15')

    def go_on():
        said = ""
        while "epoch 3" not in said:
            time.sleep(0.01)
            said += capsys.readouterr().out
        shown.append(said)
        log = logs.Log(path, offset=offset)
        log.append({**ROWS[2], "valid_error": 0.03125})
        log.append(ROWS[3])
        log.close()

    shown = []
    writer = threading.Thread(target=go_on)
    writer.start()
    assert main(["log", str(run), "--follow", "--key", "valid_error", "--key", "test_error"]) == 0
    writer.join()
    shown.append(capsys.readouterr().out)
    assert "".join(shown).splitlines() == [
        "epoch 1  valid_error 25.00 %",
        "epoch 2  test_error 6.25 %",
        "epoch 2  valid_error 12.50 %",
        "epoch 3  valid_error 50.00 %",
        "(the run went back to epoch 2)",
        "epoch 3  valid_error 3.12 %",
        "epoch 2  test_error 6.25 %",
    ]


def test_a_followed_log_ends_quietly_on_ctrl_c(tmp_path, start):
    run = write_log(tmp_path / "runs" / "a" / "1", ROWS)
    process = start("log", run, "--follow")
    for _ in ROWS:
        process.stdout.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert process.returncode == 130 and out == err == ""
