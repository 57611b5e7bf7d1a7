"""What one sees while it trains: a line an epoch, and on a terminal a bar with loss, speed and time left."""

import time
from collections.abc import Mapping

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from bricks.training.extensions import Extension

REFRESH = 0.25
"""Seconds between two looks at the loss: a look waits for the steps that are under way."""


class ProgressBar(Extension):
    """A line for each epoch; below them, where standard output is a terminal, a bar.

    Parameters
    ----------
    epochs : int
        How many there will be at most.
    batches_per_epoch, examples_per_epoch : int
        Of the training stream.
    console : rich.console.Console, optional
        Where to write; standard output by default.
    """

    def __init__(self, epochs: int, batches_per_epoch: int, examples_per_epoch: int, console: Console | None = None):
        super().__init__()
        self.epochs, self.batches, self.examples = epochs, batches_per_epoch, examples_per_epoch
        self.console = console or Console(highlight=False)
        self._bar: Progress | None = None
        self._looked = self._epoch_began = 0.0
        self._first: tuple[int, float] | None = None  # iteration and time after the step that compiles

    def before_training(self) -> None:
        self._epoch_began = time.monotonic()  # a run resumed within an epoch is told of no beginning
        if self.console.is_terminal:
            self._bar = Progress(
                TextColumn("epoch {task.fields[epoch]}/{task.fields[epochs]}"),
                BarColumn(),
                TextColumn("{task.fields[cost]}  {task.fields[speed]}  left"),
                TimeRemainingColumn(),
                console=self.console,
                transient=True,
            )
            fields = {
                "epoch": self.main_loop.epoch + 1,
                "epochs": self.epochs,
                "cost": "compiling",
                "speed": "",
            }
            self._task = self._bar.add_task(
                "", total=self.epochs * self.batches, completed=self.main_loop.iteration, **fields
            )
            self._bar.start()
        self._first = None

    def before_epoch(self) -> None:
        self._epoch_began = time.monotonic()

    def after_steps(self) -> None:
        now = time.monotonic()
        self._first = self._first or (self.main_loop.iteration, now)
        if self._bar is None or now - self._looked < REFRESH:
            return
        self._looked = now
        cost = self.main_loop.algorithm.read_monitored(reset=False).get("cost", float("nan"))
        iteration, began = self._first
        speed = (self.main_loop.iteration - iteration) / max(now - began, 1e-9) * self.examples / self.batches
        self._bar.update(
            self._task,
            completed=self.main_loop.iteration,
            epoch=min(self.main_loop.epoch + 1, self.epochs),
            cost=f"cost {shown('cost', cost)}",
            speed=f"{speed:,.0f} examples/s",
        )

    def after_epoch(self) -> None:
        row, seconds = self.main_loop.row, time.monotonic() - self._epoch_began
        width = len(str(self.epochs))
        self.say(f"epoch {row['epoch']:{width}}/{self.epochs}  {line(row)}  {seconds:.1f} s")

    def say(self, line: str) -> None:
        """Print a line, above the bar if there is one."""
        self.console.print(line, markup=False, soft_wrap=True)

    def close(self) -> None:
        """Take the bar away; the terminal is as it was."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def after_training(self) -> None:
        self.close()

    def on_error(self, error: Exception) -> None:
        self.close()


class Printing(Extension):
    """Print a line for each epoch: the row's numbers, on standard output.

    For scripts; `train.py` has a `ProgressBar`. Names with a slash, as those of single parameters have, are left out.

    >>> Printing().name
    'printing'
    """

    def after_epoch(self) -> None:
        row = self.main_loop.row
        print(f"epoch {row['epoch']}  {line(row)}  {row['time']['total']:.1f} s", flush=True)


def line(row: Mapping) -> str:
    """The numbers of a row that are for a person to follow.

    >>> line({"iteration": 500, "epoch": 1, "train_cost": 0.31, "valid_error": 0.083, "train_norm/mlp/W": 3.2})
    'train_cost 0.3100  valid_error 8.30 %'
    """
    numbers = {key: v for key, v in row.items() if isinstance(v, int | float) and "/" not in key}
    return "  ".join(f"{key} {shown(key, v)}" for key, v in numbers.items() if key not in ("iteration", "epoch"))


def shown(name: str, value: float) -> str:
    """A number as a person reads it: rates of errors in percent, small numbers by their first digits.

    >>> shown("valid_error", 0.0171), shown("valid_error_lstm", 0.03), shown("valid_cost", 0.05123)
    ('1.71 %', '3.00 %', '0.0512')
    >>> shown("valid_cost", 0.000012345)
    '1.23e-05'
    """
    rate = "error" in name.split("_") and "cost" not in name.split("_")
    if rate and 0 <= value <= 1:
        return f"{100 * value:.2f} %"
    return f"{value:.4f}" if value == 0 or not abs(value) < 1e-3 else f"{value:.3g}"
