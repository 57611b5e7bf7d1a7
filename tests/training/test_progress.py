"""Progress: a line an epoch; on a terminal also a bar with loss, speed and time left, gone at the end."""

import io
import re

from rich.console import Console

from bricks.training import progress
from bricks.training.extensions import FinishAfter
from bricks.training.main_loop import MainLoop
from bricks.training.progress import ProgressBar, shown


class Algorithm:
    """Stands in for GradientDescent: nothing is compiled, the cost is always 0.5."""

    monitored, steps_given = ("cost", "error"), 0

    def prepare(self, sources):
        pass

    def process_batch(self, batch):
        pass

    def check(self):
        return None

    def read_monitored(self, reset=True):
        return {"cost": 0.5, "error": 0.0123}

    def state_dict(self):
        return {}


class Stream:
    """Four batches an epoch."""

    sources = {}

    def iterator(self):
        from bricks.data import ArrayDataset, DataStream, SequentialScheme

        return DataStream(ArrayDataset({"x": range(8)}), SequentialScheme(2)).iterator()


class Failing(FinishAfter):
    def after_batch(self, batch):
        raise RuntimeError("no")


def train(terminal, monkeypatch, finish=FinishAfter):
    monkeypatch.setattr(progress, "REFRESH", 0)
    written = io.StringIO()
    bar = ProgressBar(10, 4, 8, Console(file=written, force_terminal=terminal, width=100, highlight=False))
    loop = MainLoop(Algorithm(), Stream(), [finish(epochs=10), bar])
    caught = None
    try:
        loop.run()
    except RuntimeError as error:
        caught = error
    return written.getvalue(), bar, caught


def test_on_no_terminal_there_are_plain_lines_alone(monkeypatch):
    said, _, _ = train(False, monkeypatch)
    lines = said.splitlines()
    assert len(lines) == 10 and "\x1b" not in said
    assert re.fullmatch(r"epoch  1/10  train_cost 0\.5000  train_error 1\.23 %  0\.\d s", lines[0])
    assert lines[9].startswith("epoch 10/10  ")


def test_on_a_terminal_there_is_a_bar_with_loss_speed_and_time_left(monkeypatch):
    said, bar, _ = train(True, monkeypatch)
    assert "epoch  1/10  train_cost 0.5000" in said
    assert "cost 0.5000" in said and "examples/s" in said and re.search(r"left \S*\d:\d\d:\d\d", said)
    assert bar._bar is None and said.endswith("\x1b[2K")  # the bar's line is erased


def test_the_bar_goes_when_training_fails_and_the_cursor_is_back(monkeypatch):
    said, bar, error = train(True, monkeypatch, Failing)
    assert str(error) == "no" and bar._bar is None
    assert said.count("\x1b[?25l") == said.count("\x1b[?25h") == 1  # hidden, shown


def test_rates_of_errors_are_shown_in_percent_and_nothing_else():
    assert shown("valid_error", 0.5) == "50.00 %"
    assert shown("valid_error", 7.0) == "7.0000"
    assert shown("error_cost", 0.5) == "0.5000"
