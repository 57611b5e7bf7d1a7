"""SIGKILL at 200 random moments of runs that write checkpoints all the time: nothing unreadable, lost or locked.

Each process is forked from one that has imported everything but started nothing.
"""

import os
import random
import signal
import subprocess
import time

import pytest
from small_lab import final_state, make_lab, rows_of, runs_in

from bricks.training import checkpoints

SERVER = """
import os, sys
import bricks
from bricks.training import runs
from bricks.training.command import main

for line in sys.stdin:
    process = os.fork()
    if not process:
        null = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1):
            os.dup2(null, number)
        os._exit(main(line.split(), sys.argv[1]))
    print(process, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)
"""
WORDS = ["blobs", "training.epochs=12", "training.checkpoint_iterations=1", "training.keep_checkpoints=2"]


@pytest.fixture
def server(start_process, kept_programs):
    """Starts the process for a lab."""

    def start(lab):
        pipes = {"stdin": subprocess.PIPE, "stderr": None}
        return start_process("-c", SERVER, lab, variables=kept_programs, **pipes)

    return start


def run(server, words, after=None) -> tuple[int, float]:
    """Let a process do these words, and kill it after so many seconds: its exit code, and how long it took."""
    print(*words, file=server.stdin, flush=True)
    process, began = int(server.stdout.readline()), time.monotonic()
    if after is not None:
        time.sleep(after)
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:
            pass
    return int(server.stdout.readline()), time.monotonic() - began


@pytest.mark.slow
def test_killed_at_two_hundred_random_moments_nothing_is_lost(server, tmp_path):
    labs = [make_lab(tmp_path / name) for name in ("whole", "killed")]
    assert run(server(labs[0]), WORDS)[0] == 0
    whole = server(labs[0])
    code, seconds = run(whole, WORDS)
    assert code == 0
    reference = runs_in(labs[0])[-1]
    seed = time.time_ns()
    choose, process, words, killed, moments = random.Random(seed), server(labs[1]), WORDS, 0, set()
    while killed < 200:
        code, _ = run(process, words, choose.uniform(0, seconds))
        assert code in (0, -signal.SIGKILL), (seed, killed, code)
        killed += code != 0
        found = [path for path in runs_in(labs[1]) if (path / "checkpoint.h5").exists()]
        if not found:  # killed before there was a first checkpoint
            continue
        [folder] = found
        state = checkpoints.read(folder / "checkpoint.h5")
        moments.add(state["main_loop"]["iteration"])
        if (folder / "best.h5").exists():
            checkpoints.read(folder / "best.h5")
        for path in folder.glob("checkpoint-*.h5"):
            checkpoints.read(path)
        words = ["--resume", str(folder)]
        if code == 0:
            assert rows_of(folder) == rows_of(reference) and final_state(folder) == final_state(reference), seed
            assert not [*folder.glob(".*.part")], "what killed processes left is taken away"
            folder.rename(labs[1] / f"done-{time.time_ns()}")
            words = WORDS
    assert len(moments) > 20, "the moments were spread over the run"
