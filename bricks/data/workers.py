"""Worker processes that make batches, for transformers that are heavy: order, errors and positions stay as without.

Each is a fresh interpreter that loads what the stream needs, neither PyTensor nor JAX, and not the caller's main
module. A batch comes back through memory that both map, which has no name: nothing stays behind, whoever is killed.
A worker ends when the pipe to it closes, so with this process, however that ends. POSIX only.
"""

import contextlib
import mmap
import os
import pickle
import queue
import subprocess
import sys
import tempfile
import threading
import traceback
import weakref
from collections import deque
from collections.abc import Callable
from multiprocessing.connection import Connection, Pipe
from typing import TYPE_CHECKING

import numpy as np

from bricks.data.contracts import Batch
from bricks.data.ragged import ragged
from bricks.errors import DataError, UsageError

if TYPE_CHECKING:
    from bricks.data.streams import DataStream

SLOTS = 2
"""Batches that a worker may have under way or finished: it makes one while the one before waits to be fetched."""

_PROGRAM = "import sys; sys.path[:] = {path!r}; from bricks.data.workers import serve; serve({pipe}, {memory})"


class Workers:
    """Processes that make the batches of a stream.

    Parameters
    ----------
    stream : DataStream
        Pickled to each: its functions must have a name that can be imported, which a lambda has not.
    count : int
    """

    def __init__(self, stream: "DataStream", count: int):
        try:
            pickled = pickle.dumps(stream, pickle.HIGHEST_PROTOCOL)
        except Exception as error:
            raise UsageError(
                "DataStream: with workers, data set, scheme and transformers must be picklable, got "
                f"{type(error).__name__}: {error}; let functions be defined in a module, not as lambdas"
            ) from error
        self._workers: list[_Worker] = []
        self._lock = threading.Lock()
        self._close = weakref.finalize(self, _close, self._workers)  # which also runs when the interpreter ends
        for _ in range(count):
            self._workers.append(_Worker(count, pickled))

    def submit(self, epoch: int, number: int) -> "Coming":
        """Let a worker make this batch; which one is a function of its number, so that each knows what it will need."""
        with self._lock:
            return self._workers[number % len(self._workers)].submit(epoch, number, self._lock)

    @property
    def broken(self) -> bool:
        """Whether one of them is gone, or lost the thread when it was interrupted: then new ones are needed."""
        return not self._workers or any(worker.broken for worker in self._workers)

    def close(self) -> None:
        """End the processes."""
        self._close()

    @property
    def pids(self) -> list[int]:
        return [worker.process.pid for worker in self._workers]


class Coming:
    """A batch that a worker makes."""

    def __init__(self, worker: "_Worker", lock: threading.Lock):
        self._worker, self._lock = worker, lock
        self.answer: tuple | None = None
        self.wanted = True

    def result(self) -> Batch:
        """The batch, once it is there; raises what the worker has raised."""
        with self._lock:
            while self.answer is None:
                self._worker.receive()
        kind, value = self.answer
        if kind == "batch":
            return value
        error, told = value
        if not isinstance(error, Exception):
            error = DataError(f"a worker process failed: {error}")
        if told:
            error.add_note(f"in a worker process:\n{told}".rstrip())
        raise error

    def cancel(self) -> None:
        self.wanted = False


class _Worker:
    """This process's end of one worker."""

    def __init__(self, count: int, pickled: bytes):
        self.broken = False
        self.pipe, theirs = Pipe()
        # A file in memory where the system has that: one of /dev/shm would be cut short by the size of that.
        anonymous = hasattr(os, "memfd_create")
        self.file = os.fdopen(os.memfd_create("bricks"), "w+b") if anonymous else tempfile.TemporaryFile()
        self.memory: mmap.mmap | None = None
        self.waiting: deque[Coming] = deque()
        with theirs:
            passed = theirs.fileno(), self.file.fileno()
            program = _PROGRAM.format(path=sys.path, pipe=passed[0], memory=passed[1])
            # A group of its own: Ctrl-C is for this process, which closes the pipe.
            self.process = subprocess.Popen(
                [sys.executable, "-c", program], pass_fds=passed, stdin=subprocess.DEVNULL, process_group=0
            )
        with contextlib.suppress(OSError):  # where it has died already, receiving tells
            self.pipe.send(count)
            self.pipe.send_bytes(pickled)

    def submit(self, epoch: int, number: int, lock: threading.Lock) -> Coming:
        while len(self.waiting) >= SLOTS:
            self.receive()
        coming = Coming(self, lock)
        self.waiting.append(coming)
        with contextlib.suppress(OSError):
            self.pipe.send((epoch, number))
        return coming

    def receive(self) -> None:
        """Wait for the oldest batch, and take it out of the memory that the worker writes next."""
        try:
            kind, value = self.pipe.recv()
        except (EOFError, OSError) as error:
            self.broken = True
            self.pipe.close()
            status = self.process.wait()
            gone = DataError(
                f"a worker process ended with status {status} in the midst of a batch"
                + (" (killed; for want of memory?)" if status == -9 else "")
            )
            gone.__cause__ = error
            for coming in self.waiting:
                coming.answer = "error", (gone, "")
            self.waiting.clear()
            return
        except BaseException:  # Ctrl-C, say: a message may be half read
            self.broken = True
            raise
        coming = self.waiting.popleft()
        if kind == "batch" and coming.wanted:
            value = self._taken(*value)
        coming.answer = kind, value
        with contextlib.suppress(OSError):
            self.pipe.send(None)  # the memory may be written again

    def _taken(self, rest: dict, arrays: list, size: int) -> Batch:
        if size and (self.memory is None or len(self.memory) < size):
            self.memory = mmap.mmap(self.file.fileno(), size)
        batch = {name: ragged(examples) for name, examples in rest.items()}
        for name, (dtype, shape, start) in arrays:
            batch[name] = np.empty(shape, dtype)
            if batch[name].size:
                batch[name][...] = np.frombuffer(self.memory, dtype, batch[name].size, start).reshape(shape)
        return batch


def _close(workers: list[_Worker]) -> None:
    for worker in workers:
        worker.pipe.close()
    for worker in workers:
        try:
            worker.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            worker.process.kill()
            worker.process.wait()
        worker.file.close()
    workers.clear()


def serve(pipe: int, memory: int) -> None:
    """What a worker does, until its pipe closes."""
    connection, tasks, written = Connection(pipe), queue.SimpleQueue(), threading.Semaphore(1)
    try:
        count = connection.recv()
        pickled = connection.recv_bytes()
    except (EOFError, OSError):
        os._exit(0)
    threading.Thread(target=_listen, args=(connection, tasks, written), daemon=True).start()
    make, failure = None, None
    try:
        make = _batches(pickled, count)
    except Exception as error:
        failure = _told(
            UsageError(
                f"DataStream: a worker process could not load the stream, {type(error).__name__}: {error}; let "
                "functions and classes be defined in a module that can be imported, not in the main program"
            )
        )
    buffer = _Buffer(memory)
    while True:
        epoch, batch = tasks.get()
        try:
            answer = failure or ("batch", make(epoch, batch))
        except BaseException as error:
            answer = _told(error)
        written.acquire()  # until the batch before has been taken out
        if answer[0] == "batch":
            try:
                answer = "batch", buffer.written(answer[1])
            except Exception as error:
                answer = _told(error)
        try:
            connection.send(answer)
        except OSError:
            os._exit(0)


def _listen(connection: Connection, tasks: queue.SimpleQueue, written: threading.Semaphore) -> None:
    """Take what comes; end the process with the pipe, also in the midst of a batch."""
    while True:
        try:
            message = connection.recv()
        except (EOFError, OSError):
            os._exit(0)
        if message is None:
            written.release()
        else:
            tasks.put(message)


def _batches(pickled: bytes, count: int) -> Callable[[int, int], Batch]:
    """What makes a batch of an epoch, in one of `count` workers."""
    stream = pickle.loads(pickled)
    stream.read_every = count
    of_epoch: list = [None, None]

    def make(epoch: int, batch: int) -> Batch:
        if of_epoch[0] != epoch:
            of_epoch[:] = epoch, stream.batches(epoch)
        return of_epoch[1](batch)

    return make


def _told(error: BaseException) -> tuple:
    """An error as it can be sent, with its traceback as text."""
    text = "".join(traceback.format_exception(error))
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return "error", (f"{type(error).__name__}: {error}", text)
    return "error", (error if isinstance(error, Exception) else f"{type(error).__name__}: {error}", text)


class _Buffer:
    """The memory that this worker writes and the other process reads."""

    def __init__(self, file: int):
        self._file, self._memory = file, None

    def written(self, batch: Batch) -> tuple[dict, list, int]:
        """Put arrays there: those that do not fit into it (of Python objects), where each begins, the whole size."""
        placed, rest, size = [], {}, 0
        for name, array in batch.items():
            array = np.asarray(array)
            if array.dtype.hasobject:
                rest[name] = list(array)
                continue
            placed.append((name, (array.dtype, array.shape, size)))
            size += -(-array.nbytes // 64) * 64
        if size and (self._memory is None or len(self._memory) < size):
            os.ftruncate(self._file, size)
            self._memory = mmap.mmap(self._file, size)
        for name, (dtype, shape, start) in placed:
            count = int(np.prod(shape, dtype=np.int64))
            if count:
                np.frombuffer(self._memory, dtype, count, start).reshape(shape)[...] = batch[name]
        return rest, placed, size
