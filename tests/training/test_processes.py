"""Processes side by side: as many as there are slots, on their cores, none of them left behind."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest
from small_lab import REPOSITORY

from bricks.errors import BricksError
from bricks.training.processes import Command, cores, run_all, slots


def command(folder, name, code):
    return Command(name, [sys.executable, "-S", "-c", textwrap.dedent(code)], folder / f"{name}.txt")


def alive(number):
    """Whether it runs; one that has ended and that nobody has waited for does not."""
    try:
        with open(f"/proc/{number}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(condition, seconds=20):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not come to that"
        time.sleep(0.02)


def test_as_many_run_at_a_time_as_there_are_slots_and_each_says_how_it_ended(tmp_path):
    commands = [command(tmp_path, str(k), f"import time, sys; time.sleep(0.2); sys.exit({k})") for k in range(5)]
    running, most, statuses = set(), [], {}

    def started(command):
        running.add(command.name)
        most.append(len(running))

    def ended(command, status):
        running.remove(command.name)
        statuses[command.name] = status

    run_all(commands, [None, None], started, ended)
    assert max(most) == 2
    assert statuses == {str(k): k for k in range(5)}


def test_what_a_command_says_is_kept_also_its_errors(tmp_path):
    run_all([command(tmp_path, "a", "import sys; print('out', flush=True); sys.exit('error')")], [None])
    assert (tmp_path / "a.txt").read_text() == "out\nerror\n"


def test_a_command_that_is_not_there_is_told(tmp_path):
    with pytest.raises(BricksError, match="a: can't be started: nowhere: No such file"):
        run_all([Command("a", ["nowhere"], tmp_path / "a.txt")], [None])


@pytest.mark.skipif(cores() is None, reason="no process can be kept to some cores here")
def test_each_slot_keeps_to_its_cores_and_this_process_has_all_of_them_again(tmp_path):
    before, there = os.sched_getaffinity(0), cores()
    code = "import os; print(sorted(os.sched_getaffinity(0)))"
    chosen = slots(2, 1)
    assert chosen == [{there[0]}, {there[1 % len(there)]}]
    for slot in (*chosen, None):
        run_all([command(tmp_path, "a", code)], [slot])
        assert (tmp_path / "a.txt").read_text() == f"{sorted(slot or there)}\n"
    assert os.sched_getaffinity(0) == before
    assert slots(1, len(there)) == [set(there)]


WAITS = """
import signal, sys, time
def stop(*_):
    print("saved", flush=True)
    sys.exit(130)
signal.signal(signal.SIGINT, stop)
print("ready", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_is_handed_on_once_and_waited_for_and_nothing_more_is_started(tmp_path, number):
    commands = [command(tmp_path, name, WAITS) for name in "abc"]
    statuses, pressed = {}, []

    def tick():
        outputs = [c.output for c in commands[:2]]
        if not pressed and all(path.exists() and path.read_text() == "ready\n" for path in outputs):
            pressed.append(True)
            os.kill(os.getpid(), number)

    with pytest.raises(KeyboardInterrupt):
        run_all(commands, [None, None], ended=lambda c, status: statuses.update({c.name: status}), tick=tick)
    assert statuses == {"a": 130, "b": 130}
    assert all(c.output.read_text() == "ready\nsaved\n" for c in commands[:2])
    assert not commands[2].output.exists()


def test_a_second_ctrl_c_kills(tmp_path):
    stubborn = command(tmp_path, "a", WAITS.replace("sys.exit(130)", "time.sleep(60)") + "print(1)")
    numbers = []

    def tick():
        said = stubborn.output.read_text() if stubborn.output.exists() else ""
        if said == ("ready\n" if not numbers else "ready\nsaved\n"):
            numbers.append(time.monotonic())
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        run_all([stubborn], [None], tick=tick)
    assert len(numbers) == 2 and time.monotonic() - numbers[1] < 5


PARENT = """
import sys
from pathlib import Path
from bricks.training.processes import Command, run_all
child = '''
import os, sys, time
from bricks.training.processes import end_with_standard_input
end_with_standard_input()
try:
    print(os.getpid(), flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    print("saved", flush=True)
'''
run_all([Command("child", [sys.executable, "-c", child], Path(sys.argv[1]))], [None])
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP])
def test_no_child_survives_a_parent_that_is_killed_and_it_saves_first(tmp_path, number):
    output = tmp_path / "child.txt"
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(output)], env={**os.environ, "PYTHONPATH": str(REPOSITORY)}
    )
    try:
        wait_until(lambda: output.exists() and output.read_text().endswith("\n"))
        child = int(output.read_text())
        assert alive(child)
        parent.send_signal(number)
        assert parent.wait() == -number
        wait_until(lambda: not alive(child))
        assert output.read_text() == f"{child}\nsaved\n"
    finally:
        parent.kill()
        parent.wait()
