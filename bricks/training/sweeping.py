"""A sweep from the command line: checked, run side by side, told of while it goes on, its table at the end."""

import argparse
import contextlib
import os
import signal
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from bricks.command_line import INTERRUPTED, shown_path
from bricks.engine import settings
from bricks.errors import BricksError, UsageError
from bricks.training import folders, processes, reporting, sweeps, tables
from bricks.training import log as logs
from bricks.training.given import Given
from bricks.training.lab import Lab
from bricks.training.processes import Command
from bricks.training.progress import REFRESH, shown
from bricks.training.sweeps import Sweep

LONGEST = 300
"""Characters of a failed run's message."""

_PREALLOCATE = "XLA_PYTHON_CLIENT_PREALLOCATE"


def start(given: Given, lab: Lab, name: str, asked: argparse.Namespace, argv: list[str], again: str) -> int:
    """Begin a sweep; the exit status. `again` is how `train.py` is started from here."""
    sweep = Sweep(given, lab, name)
    _check(sweep)
    if asked.check:
        print("\n".join(sweep.points))
        print(f"{name}: valid; a sweep of {len(sweep.points)} points; nothing was compiled or written")
        return 0
    jobs, threads = _shared_out(asked.jobs, len(sweep.points))
    sweep.create(["train.py", *argv], threads)
    return _run(sweep, jobs, threads, again)


def resume(folder: Path, lab: Lab, asked: argparse.Namespace, again: str) -> int:
    """Go on with a sweep: what is done is kept, what is half done resumed, all else started; the exit status."""
    if asked.config or asked.overrides:
        given = asked.config or asked.overrides[0]
        raise UsageError(f"a resumed sweep stays as it is, got {given}; start a new one, or resume one of its runs")
    sweep = sweeps.reopen(folder, lab)
    _check(sweep)
    if asked.check:
        print(f"{sweep.name}: valid; {len(sweep.results())} of {len(sweep.points)} points done; nothing was written")
        return 0
    threads = int(sweep.about["threads"])  # other numbers of them would give other bits
    there = processes.cores()
    jobs = asked.jobs or (max(1, len(there) // threads) if there and _on_cpu() else 1)
    return _run(sweep, jobs, threads, again)


def _check(sweep: Sweep) -> None:
    _start_small()
    count = len(sweep.representatives())
    if count:
        print(f"{sweep.name}: {len(sweep.points)} points; building each of {count} configs, to check them", flush=True)
    sweep.check()


def _start_small() -> None:
    """Start JAX, which checks the configs here, without what it takes of a GPU's memory at once: that is the runs'."""
    before = os.environ.get(_PREALLOCATE)
    os.environ[_PREALLOCATE] = "false"
    try:
        settings.start()
    finally:
        del os.environ[_PREALLOCATE]
        if before is not None:
            os.environ[_PREALLOCATE] = before


def _on_cpu() -> bool:
    return settings.device().platform == "cpu"


def _shared_out(jobs: int | None, points: int) -> tuple[int, int]:
    """How many runs side by side, and the threads of each: many with one thread, where nobody says.

    Measured on two busy cores: two epochs of configs/row_mnist_lstm.yaml take 21 s of processors with one thread, 25 s
    with two; and what one thread does anyway, importing and compiling, is then done for several runs at once.
    """
    there = processes.cores()
    if there is None or not _on_cpu():  # a GPU, and its memory, are taken whole
        return jobs or 1, len(there) if there else os.cpu_count() or 1
    jobs = jobs or min(len(there), points)
    return jobs, max(1, len(there) // jobs)


def _run(sweep: Sweep, jobs: int, threads: int, again: str) -> int:
    results, failures = sweep.results(), {}
    waiting = [name for name in sweep.points if name not in results]
    beside = f"{jobs} at a time, {threads} thread{'s' if threads > 1 else ''} each"
    kept = f"{len(results)} done, {len(waiting)} to do; " if results else ""
    print(f"sweep: {shown_path(sweep.folder)}; {kept}{beside}", flush=True)
    view = View(sweep, len(results))

    def ended(command: Command, status: int) -> None:
        result = sweep.result(command.name) if status == 0 else None
        if result is not None:
            results[command.name] = result
            with contextlib.suppress(BricksError):  # at the end it is an error
                sweep.write_table(results, {})
            view.ended(command.name, _said(result, sweep.watch))
        elif status in (INTERRUPTED, -signal.SIGINT):
            view.ended(command.name, "stopped")
        else:
            failures[command.name] = _message(command.output, status)
            view.ended(command.name, f"failed: {failures[command.name]}")

    try:
        commands = [_command(sweep, name) for name in waiting]
        processes.run_all(commands, processes.slots(jobs, threads), lambda c: view.started(c.name), ended, view.tick)
    except KeyboardInterrupt:
        view.close()
        done = f"{len(results)} of {len(sweep.points)} points are done"
        print(f"interrupted; {done}; go on: {again} --resume {shown_path(sweep.folder)}", file=sys.stderr)
        return INTERRUPTED
    finally:
        view.close()
    print(f"\n{sweep.table(results, failures)}", flush=True)
    sweep.write_table(results, failures)
    print(f"written: {shown_path(sweep.folder / sweeps.TABLE)}, {sweeps.CSV}")
    if results and all(point.config.training.report for point in sweep.points.values()):
        if not reporting.report(sweep.folder, is_sweep=True):
            return INTERRUPTED
    if failures:
        print(f"{len(failures)} failed; try them again: {again} --resume {shown_path(sweep.folder)}", file=sys.stderr)
    return 1 if failures else 0


def _command(sweep: Sweep, name: str) -> Command:
    """What runs a point: `train.py` in a Python of its own, for this one can't be forked once JAX is loaded."""
    words = [sys.executable, str(sweep.lab.folder / "train.py"), *sweep.words(name)]
    output = sweep.folder / sweeps.OUTPUT / f"{name}.txt"
    return Command(name, [*words, "--point", str(sweep.run_folder(name))], output)


class View:
    """What one sees of a sweep: a line for each run that starts or ends; on a terminal also one for each that runs.

    Parameters
    ----------
    sweep : Sweep
    done : int
        Points that are done already.
    console : rich.console.Console, optional
        Standard output by default.
    """

    def __init__(self, sweep: Sweep, done: int, console: Console | None = None):
        self.sweep, self.done = sweep, done
        self.console = console or Console(highlight=False)
        self._tasks: dict = {}
        self._looked = 0.0
        self._bars: Progress | None = None
        if self.console.is_terminal:
            columns = ("{task.description}", "{task.completed:g}/{task.total:g}", "{task.fields[said]}")
            name, count, said = map(TextColumn, columns)
            self._bars = Progress(
                name, BarColumn(), count, said, TimeRemainingColumn(), console=self.console, transient=True
            )
            self._all = self._bars.add_task("all", total=len(sweep.points), completed=done, said="")
            self._bars.start()

    def started(self, name: str) -> None:
        """A run begins."""
        if self._bars is None:
            self._say(f"started {name}")
            return
        epochs = self.sweep.points[name].config.training.epochs
        self._tasks[name] = self._bars.add_task(name, total=epochs, said="starting")

    def ended(self, name: str, said: str) -> None:
        """A run has ended so."""
        self.done += not said.startswith("stopped")
        if self._bars is not None:
            self._bars.remove_task(self._tasks.pop(name))
            self._bars.update(self._all, completed=self.done)
        self._say(f"{self.done}/{len(self.sweep.points)}  {name}  {said}")

    def tick(self) -> None:
        """Look at the logs, from time to time."""
        now = self._bars.get_time() if self._bars is not None else 0.0
        if self._bars is None or now - self._looked < REFRESH:
            return
        self._looked = now
        for name, task in self._tasks.items():
            path = self.sweep.run_folder(name) / folders.LOG
            rows = [row for row in logs.read(path) if self.sweep.watch in row] if path.is_file() else []
            if rows:
                watch = self.sweep.watch
                said = "" if rows[-1][watch] is None else f"{watch} {shown(watch, rows[-1][watch])}"
                self._bars.update(task, completed=rows[-1]["epoch"], said=said)

    def close(self) -> None:
        """The terminal is as it was."""
        if self._bars is not None:
            self._bars.stop()
            self._bars = None

    def _say(self, line: str) -> None:
        self.console.print(line, markup=False, soft_wrap=True)


def _said(result: tables.Result, watch: str) -> str:
    numbers = [(watch, result.watched), *result.test.items()]
    words = [f"{name} {shown(name, value)}" for name, value in numbers if name in (watch, "test_error", "test_cost")]
    return "  ".join([*words, f"{result.minutes:.1f} minutes"])


def _message(output: Path, status: int) -> str:
    """What a run that failed said: its errors, else its last line."""
    lines = [line.strip() for line in output.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    errors = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    if not errors and status < 0:
        errors = [f"ended by {signal.Signals(-status).name}"]
    return "; ".join(errors or lines[-1:] or [f"exit status {status}"])[:LONGEST]
