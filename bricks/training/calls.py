"""From batches to compiled calls of several steps, for an algorithm whose step is one compiled function."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from bricks.engine.steps import Steps
from bricks.training.held import Held


class Calls:
    """Steps of one compiled function, many in a call.

    Parameters
    ----------
    step : XLAFunction
        Of a batch's sources and of how many steps must have been done before.
    names : list of str
        The sources, in the order of its inputs.
    """

    def __init__(self, step, names: Sequence[str]):
        self._step, self._names = step, list(names)
        self._stacked = Steps(step)
        self._gathering: tuple[Held, Steps] | None = None

    def stacked(self, batches: Sequence[Mapping], given: int, room: int) -> None:
        """A step for each batch, all alike in shape; `given` steps were handed over before."""
        stacked = self._stacked.stack([[batch[name] for name in self._names] for batch in batches], room)
        self._stacked([*stacked, _expected(given, room)], len(batches))

    def gathered(self, held: Held, rows: np.ndarray, given: int, room: int) -> None:
        """A step for each row of examples' numbers."""
        if self._gathering is None or self._gathering[0] is not held:
            dtypes = [spec.variable.type.dtype for spec in self._step._specs]

            def inputs(tables, slices):
                batch = held.batch(tables, slices[0])
                values = [*(batch[name] for name in self._names), slices[1]]
                return [value.astype(dtype) for value, dtype in zip(values, dtypes, strict=True)]

            self._gathering = held, Steps(self._step, inputs)
        numbers = np.zeros((room, rows.shape[1]), "int32")
        numbers[: len(rows)] = rows
        self._gathering[1]([numbers, _expected(given, room)], len(rows), data=held.tables)


def _expected(given: int, room: int) -> np.ndarray:
    """How many steps must have been done before each."""
    return np.arange(given, given + room, dtype="int32")


def alike(batches: Sequence[Mapping], names: Sequence[str], room: int) -> Iterator[list[Mapping]]:
    """The batches in runs of equal shapes, none longer than `room`."""
    run: list[Mapping] = []
    last = None
    for batch in batches:
        shapes = [np.shape(batch[name]) for name in names]
        if run and (shapes != last or len(run) == room):
            yield run
            run = []
        run.append(batch)
        last = shapes
    if run:
        yield run
