"""Batches made ahead, in a thread: NumPy and HDF5 let the program go on meanwhile, and no process has to be forked."""

import copy
import queue
import threading
import warnings
import weakref

from fuel.transformers.base import Transformer, no_request

WAIT = 0.1  # seconds after which a full queue is looked at again: whether anybody still wants the rest


class BackgroundProcess:
    """Makes the batches of a stream, epoch after epoch, and keeps a number of them.

    Parameters
    ----------
    data_stream : AbstractDataStream
    max_batches : int
    """

    def __init__(self, data_stream, max_batches):
        self.data_stream, self.epoch, self.stopped, self.error = data_stream, 0, False, None
        self.batches = queue.Queue(max_batches)

    def main(self):
        """Make batches until it is stopped, or an error comes."""
        epoch = 0
        try:
            while not self.stopped:
                for data in self.data_stream.get_epoch_iterator():
                    if not self._put(epoch, "data", data):
                        break
                else:
                    self._put(epoch, "end", None)
                epoch += 1
        except BaseException as error:
            self._put(epoch, "error", error)

    def get_next_data(self):
        """The next batch; StopIteration at the end of an epoch; the error that came in the making."""
        while True:
            if self.error is not None:
                raise self.error
            try:
                epoch, kind, data = self.batches.get(timeout=WAIT)
            except queue.Empty:
                if self.stopped:
                    raise ValueError("MultiProcessing: the stream is closed; make a new one") from None
                continue
            if kind == "error":
                self.stopped, self.error = True, data
                continue
            if epoch < self.epoch:
                continue
            if kind == "end":
                raise StopIteration
            return data

    def _put(self, epoch: int, kind: str, data) -> bool:
        """Whether it was taken in; no batch is where the epoch has been left before its end."""
        while not self.stopped and (epoch >= self.epoch or kind == "error"):
            try:
                self.batches.put((epoch, kind, data), timeout=WAIT)
                return True
            except queue.Full:
                continue
        return False


class MultiProcessing(Transformer):
    """Batches made ahead, in the same order.

    Parameters
    ----------
    data_stream : AbstractDataStream
        A copy of it is worked on; the stream itself stays where it is.
    max_store : int
        How many are kept at most.
    **kwargs
        As `Transformer` takes them.

    Notes
    -----
    A thread makes them, from the first that is asked for on. An error in the making comes out where the batch would.
    """

    def __init__(self, data_stream, max_store=100, **kwargs):
        kwargs.setdefault("axis_labels", data_stream.axis_labels)
        super().__init__(data_stream, data_stream.produces_examples, **kwargs)
        try:
            data_stream = copy.deepcopy(data_stream)
        except Exception as error:
            warnings.warn(
                f"MultiProcessing: the stream can't be copied ({type(error).__name__}: {error}): it is gone through "
                "itself, so nothing else must use it",
                stacklevel=2,
            )
        self.background, self._thread, self._asked = BackgroundProcess(data_stream, max_store), None, 0

    def get_epoch_iterator(self, **kwargs):
        """An iterator over the next epoch; what was left of the one before is passed over."""
        self.background.epoch = self._asked
        self._asked += 1
        return super(Transformer, self).get_epoch_iterator(**kwargs)

    def get_data(self, request=None):
        if request is not None:
            raise no_request(self)
        if self._thread is None:
            self._thread = threading.Thread(target=self.background.main, daemon=True)
            weakref.finalize(self, _stop, self.background)
            self._thread.start()
        return self.background.get_next_data()

    def close(self):
        self.background.stopped = True
        super().close()

    def __getstate__(self):
        raise TypeError(
            "MultiProcessing: can't be pickled, its thread is ahead of the program; pickle the stream below"
        )


def _stop(background: BackgroundProcess) -> None:
    background.stopped = True
