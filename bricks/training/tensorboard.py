"""Rows for TensorBoard, by its own writer: `pip install 'bricks[tensorboard]'`, then `tensorboard --logdir runs`."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from bricks.errors import UsageError
from bricks.training.extensions import Extension


class TensorBoard(Extension):
    """Write the numbers of each epoch's row as TensorBoard's events, over the iterations.

    `train_cost` and `valid_cost` become the curves `train` and `valid` of one plot only where their folders differ, so
    each number goes under its own name: `cost/train`, `cost/valid`. A resumed run hides what was written after the
    state that it goes on from.

    Parameters
    ----------
    folder : path, optional
        Of the event files; to be set before the training, if not here.

    Raises
    ------
    UsageError
        If the package `tensorboard` isn't installed.
    """

    def __init__(self, folder: str | Path | None = None):
        super().__init__("tensorboard")
        self.folder = folder
        try:
            from tensorboard.compat.proto import event_pb2, summary_pb2
            from tensorboard.summary.writer.event_file_writer import EventFileWriter
        except ImportError as error:
            raise UsageError(f"TensorBoard: {error}; pip install 'bricks[tensorboard]'") from None
        self._events, self._summaries, self._open = event_pb2, summary_pb2, EventFileWriter
        self._writer = None

    def before_training(self) -> None:
        self._writer = self._open(str(self.folder))
        if self.main_loop.iteration:
            status = self._events.SessionLog.START
            event = self._events.Event(session_log=self._events.SessionLog(status=status))
            self._add(event, self.main_loop.iteration + 1)

    def after_epoch(self) -> None:
        row = self.main_loop.row
        values = [self._summaries.Summary.Value(tag=tag, simple_value=value) for tag, value in _numbers(row)]
        self._add(self._events.Event(summary=self._summaries.Summary(value=values)), row["iteration"])
        self._writer.flush()

    def after_training(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _add(self, event, iteration: int) -> None:
        event.wall_time, event.step = time.time(), iteration
        self._writer.add_event(event)


def _numbers(row: Mapping) -> Iterator[tuple[str, float]]:
    """Numbers of a row by tags that TensorBoard groups: `valid_cost` as `cost/valid`.

    >>> list(_numbers({"iteration": 5, "train_cost": 0.5, "time": {"total": 1.0}}))
    [('cost/train', 0.5), ('time/total', 1.0)]
    """
    for key, value in row.items():
        if key in ("iteration", "epoch"):
            continue
        if isinstance(value, Mapping):
            yield from ((f"{key}/{name}", float(number)) for name, number in value.items())
        elif isinstance(value, int | float):
            stream, _, rest = key.partition("_")
            yield (f"{rest}/{stream}" if rest else key), float(value)
