"""Commands in processes of their own, some side by side; none of them outlives the process that started them."""

import contextlib
import dataclasses
import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from bricks.errors import BricksError
from bricks.training.interrupts import Interrupts

PAUSE = 0.1
"""Seconds between two looks at what runs."""

GRACE = 30.0
"""Seconds that a process has for saving when the one that started it is gone; to compile is what may take so long."""


@dataclasses.dataclass(frozen=True)
class Command:
    """What is to be run: its name, its words, and the file that what it says goes to."""

    name: str
    words: Sequence[str]
    output: Path


def run_all(
    commands: Iterable[Command],
    slots: Sequence[set[int] | None],
    started: Callable[[Command], None] = lambda command: None,
    ended: Callable[[Command, int], None] = lambda command, status: None,
    tick: Callable[[], None] = lambda: None,
) -> None:
    """Run commands, as many at a time as there are slots.

    Ctrl-C here, or SIGTERM, is handed on once: each command gets SIGINT, and is waited for; a second one kills them.
    They are in sessions of their own, so that Ctrl-C in a terminal does not reach them twice, and their standard input
    ends when this process does, which `end_with_standard_input` notices in them.

    Parameters
    ----------
    commands : iterable of Command
    slots : sequence of set of int or None
        The cores that a command in this slot may use; None for all.
    started : callable
        `started(command)`.
    ended : callable
        `ended(command, status)`; the status of one that a signal ended is minus the signal's number.
    tick : callable
        Called all the time.

    Raises
    ------
    KeyboardInterrupt
        After Ctrl-C, when nothing runs any more.

    Examples
    --------
    >>> import sys, tempfile
    >>> output = Path(tempfile.mkdtemp()) / "hello.txt"
    >>> run_all([Command("hello", [sys.executable, "-c", "print('hello')"], output)], slots=[None])
    >>> output.read_text()
    'hello\\n'
    """
    waiting, free = deque(commands), list(reversed(range(len(slots))))
    running: dict[int, tuple[Command, subprocess.Popen]] = {}
    told = False
    with Interrupts() as interrupts, _terminated_as_interrupted():
        try:
            while running or waiting and not interrupts.received:
                while waiting and free and not interrupts.received:
                    command, slot = waiting.popleft(), free.pop()
                    running[slot] = command, _start(command, slots[slot])
                    started(command)
                if interrupts.received and not told:
                    told = True
                    for _, process in running.values():
                        process.send_signal(signal.SIGINT)
                for slot, (command, process) in list(running.items()):
                    if process.poll() is not None:
                        process.stdin.close()
                        del running[slot]
                        free.append(slot)
                        ended(command, process.returncode)
                tick()
                if running:
                    time.sleep(PAUSE)
        finally:
            for _, process in running.values():
                process.kill()
            for _, process in running.values():
                process.wait()
                process.stdin.close()
    if interrupts.received:
        raise KeyboardInterrupt


def cores() -> list[int] | None:
    """The cores that this process may use; None where one can't be kept to some of them."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None


def slots(jobs: int, threads: int) -> list[set[int] | None]:
    """For each of so many jobs side by side, so many cores: each its own, as far as there are enough.

    XLA starts a thread for each core that its process may use, so this says how many threads a job has.
    """
    there = cores()
    if there is None:
        return [None] * jobs
    return [{there[(job * threads + k) % len(there)] for k in range(threads)} for job in range(jobs)]


def end_with_standard_input() -> None:
    """Stop this process as Ctrl-C does, soon, when its standard input ends; for what `run_all` starts."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell lets jobs in the background ignore it

    def watch():
        while os.read(0, 1024):
            pass
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(GRACE)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="bricks-end-of-input").start()


def _start(command: Command, where: set[int] | None) -> subprocess.Popen:
    try:
        command.output.parent.mkdir(parents=True, exist_ok=True)
        with open(command.output, "wb") as output, _keeping_to(where):
            return subprocess.Popen(
                command.words, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
            )
    except OSError as error:
        raise BricksError(f"{command.name}: can't be started: {error.filename}: {error.strerror or error}") from None


@contextlib.contextmanager
def _keeping_to(where: set[int] | None) -> Iterator[None]:
    """What is started meanwhile may use these cores alone; a process has those of the thread that starts it."""
    if where is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, where)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextlib.contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """SIGTERM counts as Ctrl-C; where that is ignored, it is left as it is."""
    here = threading.current_thread() is threading.main_thread()
    if not here or signal.getsignal(signal.SIGINT) in (None, signal.SIG_IGN):
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
