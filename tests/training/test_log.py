"""The log: whole lines, on the disk at once, cut back to a checkpoint; torn lines never count."""

import json
import subprocess
import sys

import numpy as np
import pytest

from bricks.errors import CheckpointError, UsageError
from bricks.training import log as logs
from bricks.training.log import Log

ROWS = [{"iteration": 5 * n, "epoch": n, "train_cost": 1 / n, "time": {"total": 0.5 * n}} for n in (1, 2, 3)]


@pytest.fixture
def path(tmp_path):
    log = Log(tmp_path / "log.jsonl")
    for row in ROWS:
        log.append(row)
    log.close()
    return log.path


def test_rows_read_back_equal(path):
    assert logs.read(path) == ROWS
    assert list(Log(path)) == ROWS


def test_a_row_is_in_the_file_when_append_returns(tmp_path):
    log = Log(tmp_path / "log.jsonl")
    log.append(ROWS[0])
    assert json.loads(log.path.read_text()) == ROWS[0]
    assert log.offset == log.path.stat().st_size


def test_a_torn_last_line_is_no_row_at_any_length(path):
    whole = path.read_bytes()
    ends = [i + 1 for i, byte in enumerate(whole) if byte == ord("\n")]
    for length in [*range(0, len(whole), 5), *ends, len(whole) - 1]:
        path.write_bytes(whole[:length])
        expected = ROWS[: sum(end <= length for end in ends)]
        assert logs.read(path) == expected
        log = Log(path)
        assert list(log) == expected
        log.append({"epoch": 9})
        log.close()
        assert logs.read(path) == [*expected, {"epoch": 9}]


def test_the_log_is_cut_back_to_the_offset(path):
    first = path.read_bytes().index(b"\n") + 1
    log = Log(path, offset=first)
    assert list(log) == ROWS[:1]
    log.append(ROWS[1])
    assert logs.read(path) == ROWS[:2]
    log.close()
    assert list(Log(path, offset=0)) == []
    assert path.read_bytes() == b""


@pytest.mark.parametrize("shift", [-1, 1, 10_000])
def test_an_offset_that_is_no_line_end_is_refused_and_the_file_left(path, shift):
    before = path.read_bytes()
    with pytest.raises(CheckpointError, match="isn't this checkpoint's log"):
        Log(path, offset=before.index(b"\n") + 1 + shift)
    assert path.read_bytes() == before


def test_a_damaged_line_is_named(path):
    path.write_bytes(b"{}\nnot json\n{}\n")
    with pytest.raises(CheckpointError, match="line 2"):
        Log(path)


def test_what_is_not_finite_becomes_null_and_numpy_scalars_become_numbers(tmp_path):
    log = Log(tmp_path / "log.jsonl")
    log.append({"cost": float("nan"), "time": {"total": np.float32("inf")}, "n": np.int64(3), "x": np.float32(0.5)})
    assert json.loads(log.path.read_text()) == {"cost": None, "time": {"total": None}, "n": 3, "x": 0.5}
    assert log[-1] == {"cost": None, "time": {"total": None}, "n": 3, "x": 0.5}


def test_a_run_has_one_writer(path):
    held = Log(path)
    code = f"from bricks.training.log import Log\nLog({str(path)!r})"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "another process is writing this run" in other.stderr
    held.close()
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_the_lock_is_an_error_of_usage(path, monkeypatch):
    def taken(*_):
        raise BlockingIOError

    monkeypatch.setattr(logs.fcntl, "flock", taken)
    with pytest.raises(UsageError):
        Log(path)
