"""Atomic writing: whole or not there, whoever writes and whatever stops it."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from bricks.files import atomic_path


def test_a_failure_leaves_the_old_file_and_no_other(tmp_path):
    target = tmp_path / "a [1].txt"
    target.write_text("old")
    with pytest.raises(RuntimeError), atomic_path(target) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert target.read_text() == "old" and os.listdir(tmp_path) == [target.name]


def test_what_a_killed_process_left_is_removed_and_a_living_ones_is_not(tmp_path):
    target = tmp_path / "a.txt"
    code = (
        "import sys, time; from bricks.files import atomic_path\n"
        f"with atomic_path({str(target)!r}) as t:\n    t.write_text('half'); print(1, flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    process.stdout.readline()
    with atomic_path(target) as temporary:
        temporary.write_text("one")
    assert len(os.listdir(tmp_path)) == 2
    process.send_signal(signal.SIGKILL)
    process.wait()
    with atomic_path(target) as temporary:
        temporary.write_text("two")
    assert os.listdir(tmp_path) == ["a.txt"] and target.read_text() == "two"


def test_threads_write_one_path_without_disturbing_each_other(tmp_path):
    target, problems = tmp_path / "a.txt", []

    def write(text):
        try:
            for _ in range(20):
                with atomic_path(target) as temporary:
                    temporary.write_text(text * 1000)
        except OSError as error:
            problems.append(error)

    threads = [threading.Thread(target=write, args=(c,)) for c in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems and len(set(target.read_text())) == 1 and os.listdir(tmp_path) == ["a.txt"]
