"""How many steps the main loop hands over in one call, and in which form: as batches, or as numbers of examples.

However steps are grouped, they give the same bits; so the grouping may follow the clock.
"""

import time
from collections.abc import Sequence

import numpy as np

from bricks.errors import UsageError

MOST = 50
"""Steps in a call at most, where nobody says how many: more of them gain nothing that can be measured."""

MOST_BYTES = 2**23
"""Of the batches in a call, where nobody says and they are read one by one: they should stay in a cache."""

SECONDS = 0.1
"""About how long a call may take, where nobody says: Ctrl-C and the progress bar wait for it."""


class Grouping:
    """Hands steps over to an algorithm, several at once.

    Parameters
    ----------
    steps_per_call : int or None
        None: chosen here. Then calls grow from one step on, twice as many each time, while they are short.
    per_batch : bool
        Whether an extension wants to see each batch: then, unless somebody says how many, steps go one by one.
    """

    def __init__(self, steps_per_call: int | None, per_batch: bool):
        wrong = isinstance(steps_per_call, bool) or not isinstance(steps_per_call, int) or steps_per_call < 1
        if steps_per_call is not None and wrong:
            raise UsageError(f"MainLoop: steps_per_call must be an integer from 1, got {steps_per_call!r}")
        self.asked = 1 if steps_per_call is None and per_batch else steps_per_call
        self._per_batch = per_batch
        self._stream = None
        self.held = None
        self._room = 1
        self._now = 1

    def start(self, algorithm, stream) -> None:
        """Before a run's first step: put the stream's examples on the device, where that can be done."""
        self._algorithm = algorithm
        several = self.asked != 1 and hasattr(algorithm, "process_batches")
        if not several or self._per_batch:
            self.held = None
        elif stream is not self._stream:
            self._stream, self.held = stream, algorithm.hold(stream)
        self._room = 1 if not several else self.asked or (MOST if self.held else _room(stream))
        self._now = self._room if self.asked else 1

    def steps(self, due: int) -> int:
        """How many steps the next call has at most; `due` are left until somebody waits for them."""
        return max(1, min(self._now, due))

    def hand_over(self, group: Sequence) -> None:
        """Let the algorithm do these steps."""
        start = time.perf_counter()
        if self.held is not None:
            self._algorithm.process_rows(self.held, group, self._room)
        elif self._room == 1:
            self._algorithm.process_batch(group[0])
        else:
            self._algorithm.process_batches(group, self._room)
        seconds = time.perf_counter() - start  # of a call before it, which had to end before this one
        if self.asked is None:
            if seconds > SECONDS:
                self._now = max(1, self._now // 2)
            elif len(group) == self._now and seconds < SECONDS / 2:
                self._now = min(2 * self._now, self._room)


def _room(stream) -> int:
    """How many batches of a stream stay within `MOST_BYTES`, by its first one."""
    batch = next(stream.iterator(), {})
    size = sum(np.asarray(array).nbytes for array in batch.values())
    return max(1, min(MOST, MOST_BYTES // max(size, 1)))
