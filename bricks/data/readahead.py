"""Making batches before they are asked for: in a thread, or in worker processes (workers.py).

A batch is a function of (epoch, number), so whoever makes it, and when, changes nothing; and a position is saved
without what was made ahead of it.
"""

from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from bricks.data.contracts import Batch, Stream


class ReadAhead:
    """The batches of one epoch of a stream, a few of them made ahead.

    The first batch that is asked for is made then and there: whoever wants one alone, to look at it, does not pay
    for more. From the second one on, `ahead` others are under way.

    Parameters
    ----------
    stream : Stream
        `batches(epoch)` is called in this thread, what it gives by one other.
    epoch : int
    thread : Thread
        Where batches are made, unless the stream has workers.
    """

    def __init__(self, stream: Stream, epoch: int, thread: "Thread"):
        self._ahead, self._last = stream.ahead, stream.batches_per_epoch
        self._make = make = stream.batches(epoch)
        self._next: int | None = None
        self._coming: deque = deque()
        if stream.workers:
            self._submit: Callable = lambda number: stream.worker_processes.submit(epoch, number)
        else:
            self._submit = lambda number: thread.submit(make, number)

    def __call__(self, number: int) -> Batch:
        if self._next is None:
            batch = self._make(number)
            self._next = number + 1
            return batch
        if number != self._next:
            self._forget()
        first = number + len(self._coming)
        for coming in range(first, min(number + self._ahead + 1, self._last)):
            self._coming.append(self._submit(coming))
        self._next = number + 1
        try:
            return self._coming.popleft().result()
        except BaseException:
            self._forget()  # whoever tries again shall not get what was made around an error
            self._next = number
            raise

    def _forget(self) -> None:
        for coming in self._coming:
            coming.cancel()
        self._coming.clear()


class Thread:
    """One thread, started when there is something to do; ends with this object or with the process."""

    def __init__(self):
        self._executor: ThreadPoolExecutor | None = None

    def submit(self, function: Callable, *arguments):
        if self._executor is None:
            self._executor = ThreadPoolExecutor(1, thread_name_prefix="bricks-read-ahead")
        return self._executor.submit(function, *arguments)
