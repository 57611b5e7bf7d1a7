"""What can go wrong in a week: full disks, read-only folders, streams that raise, NaN, two processes, kills."""

import errno
import os
import subprocess

import pytest
from small_lab import final_state, make_lab, rows_of, runs_in

from bricks.training import checkpoints
from bricks.training import log as logs
from bricks.training.command import main

pytestmark = pytest.mark.usefixtures("compiled_programs_are_kept")


@pytest.fixture
def lab(tmp_path):
    return make_lab(tmp_path / "lab")


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    lab = make_lab(tmp_path_factory.mktemp("reference") / "lab")
    assert main(["blobs"], lab) == 0
    return runs_in(lab)[0]


def assert_same_end(run, reference):
    assert rows_of(run) == rows_of(reference)
    assert final_state(run) == final_state(reference)


def full_disk(monkeypatch, epochs, number=errno.ENOSPC):
    """Files of states can't be written in these epochs; nothing is left of the attempt."""
    write = checkpoints.write

    def refuse(path, state):
        if state.get("main_loop", state)["epoch"] in epochs:
            raise OSError(number, os.strerror(number))
        write(path, state)

    monkeypatch.setattr(checkpoints, "write", refuse)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_disk_that_is_full_for_a_while_costs_nothing_but_checkpoints(lab, reference, monkeypatch, caplog, number):
    full_disk(monkeypatch, (2, 3), number)
    assert main(["blobs"], lab) == 0
    assert_same_end(runs_in(lab)[0], reference)
    said = [record.getMessage() for record in caplog.records]
    assert any(f"checkpoint.h5: can't be written: {os.strerror(number)}" in line for line in said)
    assert all("what lay there is as it was, and the training goes on" in line for line in said)


@pytest.mark.parametrize("name", ["checkpoint.h5", "best.h5"])
def test_what_the_disk_refuses_last_is_tried_again(lab, reference, monkeypatch, name):
    """The last checkpoint, and the best of the last epoch: once refused, there is room at the end."""
    write, refused = checkpoints.write, []

    def refuse(path, state):
        if path.name == name and state.get("main_loop", state)["epoch"] == 6 and not refused:
            refused.append(path)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(path, state)

    monkeypatch.setattr(checkpoints, "write", refuse)
    assert main(["blobs"], lab) == 0 and refused
    assert_same_end(runs_in(lab)[0], reference)


def test_a_disk_that_stays_full_leaves_the_last_good_checkpoint_to_go_on_from(lab, reference, monkeypatch, capsys):
    with monkeypatch.context() as patch:
        full_disk(patch, range(3, 9))
        assert main(["blobs"], lab) == 1
    [run] = runs_in(lab)
    error = capsys.readouterr().err
    assert "No space left on device" in error and "the checkpoint is of iteration 16; make room and resume" in error
    assert checkpoints.read(run / "checkpoint.h5")["main_loop"]["epoch"] == 2
    assert main(["--resume", str(run)], lab) == 0
    assert_same_end(run, reference)


class Full:
    """A log's file on a disk that takes so many bytes more."""

    def __init__(self, file, room):
        self.file, self.room = file, room

    def write(self, data):
        if not self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        taken, self.room = data[: self.room], self.room - len(data[: self.room])
        return self.file.write(taken)

    def __getattr__(self, name):
        return getattr(self.file, name)


def test_rows_that_the_disk_refuses_are_written_when_there_is_room(tmp_path, caplog):
    log = logs.Log(tmp_path / "log.jsonl")
    log.append({"epoch": 1})
    disk = log._file = Full(log._file, 7)
    log.append({"epoch": 2})
    log.append({"epoch": 3})
    assert logs.read(log.path) == [{"epoch": 1}] and log.pending == [{"epoch": 2}, {"epoch": 3}] and len(log) == 3
    assert "the row is kept and tried again" in caplog.records[-1].getMessage()
    disk.room = 10**6
    log.append({"epoch": 4})
    log.close()
    assert [row["epoch"] for row in logs.read(log.path)] == [1, 2, 3, 4]
    assert logs.Log(log.path).offset == log.offset


def test_rows_that_are_never_written_are_told(tmp_path):
    log = logs.Log(tmp_path / "log.jsonl")
    log._file = Full(log._file, 0)
    log.append({"epoch": 1})
    with pytest.raises(logs.CheckpointError, match="No space left on device; its last 1 rows are lost"):
        log.close()


def test_a_checkpoint_has_the_rows_that_the_log_could_not_take(lab, reference, monkeypatch):
    """Killed while the log's disk was full: the resumed run's log has all rows."""
    from bricks.training.saving import Saving

    class Killed(BaseException):
        pass

    append, write = logs.Log.append, Saving.write

    def late(self, row):
        if row["epoch"] == 2:
            self._file = Full(self._file, 0)
        append(self, row)

    def kill(self, state):
        write(self, state)
        if state["main_loop"]["epoch"] == 4:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(logs.Log, "append", late)
        patch.setattr(Saving, "write", kill)
        patch.setattr(logs.Log, "close", lambda self: self._file.close())
        with pytest.raises(Killed):
            main(["blobs"], lab)
    [run] = runs_in(lab)
    assert len(rows_of(run)) == 1
    assert main(["--resume", str(run)], lab) == 0
    assert_same_end(run, reference)


# NaN.


def test_a_step_that_is_not_finite_leaves_the_checkpoint_of_before(lab, capsys):
    """What was done since is perhaps on the way to it."""
    assert main(["blobs", "dataset.bad=true", "training.epochs=2"], lab) == 1
    assert checkpoints.read(runs_in(lab)[0] / "checkpoint.h5")["main_loop"]["iteration"] == 0


def test_a_batch_that_is_not_finite_may_be_skipped(lab, capsys):
    assert main(["blobs", "dataset.bad=true", "training.not_finite=skip"], lab) == 0
    *rows, _ = rows_of(runs_in(lab)[0])
    assert [row["train_skipped"] for row in rows] == [1] * 6 and rows[-1]["iteration"] == 6 * 7


@pytest.mark.slow
def test_a_run_that_diverges_goes_back_to_its_checkpoint_with_half_the_learning_rate(lab, capsys):
    """With this penalty steps are factors of 1 - 2 * 3 on all weights, until the rate is below 1."""
    words = ["blobs", "model.l2=1.0", "algorithm.step_rule=scale", "algorithm.learning_rate=3.0"]
    assert main(words, lab) == 1
    assert main([*words, "training.not_finite=roll_back"], lab) == 0
    run = runs_in(lab)[-1]
    backs = capsys.readouterr().out.count("back to iteration")
    state = checkpoints.read(run / "checkpoint.h5")
    assert 0 < backs == state["roll_backs"] < 10
    rate = state["main_loop"]["algorithm"]["step_rule"]["scale/learning_rate"]
    assert float(rate) == pytest.approx(3 * 0.5**backs * 0.99**6, rel=1e-4)
    assert [row["epoch"] for row in rows_of(run)][:6] == [1, 2, 3, 4, 5, 6], "each epoch is in the log once"


def test_a_run_that_never_gets_well_ends(lab, capsys, monkeypatch):
    monkeypatch.setattr("bricks.training.runs.MOST_ROLL_BACKS", 2)
    words = ["blobs", "dataset.bad=true", "training.not_finite=roll_back", "training.epochs=2"]
    assert main(words, lab) == 1
    printed = capsys.readouterr()
    assert printed.out.count("back to iteration 0, epoch 0, with learning rate") == 2
    assert "with learning rate 0.005\n" in printed.out and "with learning rate 0.0025\n" in printed.out
    assert "2 times the run went back to its checkpoint" in printed.err


# Streams.


def test_a_stream_that_raises_is_told_with_its_step_and_what_was_done_is_saved(lab, monkeypatch):
    from bricks.data.arrays import ArrayDataset

    monkeypatch.setattr("bricks.training.held.LARGEST", 0)  # so that batches are read
    read, calls = ArrayDataset.read, iter(range(10**6))

    def sometimes(self, *arguments, **more):
        if next(calls) == 20:
            raise RuntimeError("the cable was pulled")
        return read(self, *arguments, **more)

    monkeypatch.setattr(ArrayDataset, "read", sometimes)
    with pytest.raises(RuntimeError, match="the cable was pulled") as caught:
        main(["blobs"], lab)
    assert any("while the stream made the batch of step" in note for note in caught.value.__notes__)
    state = checkpoints.read(runs_in(lab)[0] / "checkpoint.h5")["main_loop"]
    assert 8 < state["iteration"] < 20 and state["epoch_start"] is not None


# A real disk.


@pytest.mark.slow
@pytest.mark.parametrize("read_only", [False, True])
def test_on_a_disk_that_is_really_full_or_read_only(small_disk, reference, capsys, caplog, read_only):
    lab = make_lab(small_disk / "lab")
    (lab / "configs" / "blobs.yaml").write_text(
        (lab / "configs" / "blobs.yaml").read_text().replace("epochs: 6", "epochs: 2")
    )
    assert main(["blobs"], lab) == 0
    [run] = runs_in(lab)
    before = checkpoints.read(run / "checkpoint.h5")["main_loop"]["iteration"]
    if read_only:
        subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
        assert main(["--resume", str(run), "training.epochs=6"], lab) == 1
        assert "Read-only file system" in capsys.readouterr().err
        subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    else:
        filler = small_disk / "filler"
        with pytest.raises(OSError), open(filler, "wb", buffering=0) as file:
            while True:
                file.write(bytes(2**12))
        assert main(["--resume", str(run), "training.epochs=6"], lab) == 1
        assert "No space left on device" in capsys.readouterr().err
        assert main(["blobs"], lab) == 1, "a new run isn't begun"
        assert "nothing was started" in capsys.readouterr().err and runs_in(lab) == [run]
        filler.unlink()
    assert checkpoints.read(run / "checkpoint.h5")["main_loop"]["iteration"] == before
    assert main(["--resume", str(run), "training.epochs=6"], lab) == 0
    assert [row["epoch"] for row in rows_of(run) if "train_cost" in row] == [1, 2, 3, 4, 5, 6]
