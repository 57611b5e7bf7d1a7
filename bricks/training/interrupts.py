"""Ctrl-C as a request: the first SIGINT is noted, for the loop to stop after its step; the second aborts."""

import signal
import threading


class Interrupts:
    """A context in which the first SIGINT only sets `received`.

    The second goes to the handler that was there before, which by default raises KeyboardInterrupt at once.
    Outside the main thread, and where SIGINT is ignored (a background job of a shell), everything is left as
    it is.
    """

    def __init__(self):
        self.received = False
        self._old = None
        self._installed = False

    def __enter__(self) -> "Interrupts":
        if threading.current_thread() is threading.main_thread():
            self._old = signal.getsignal(signal.SIGINT)
            if self._old not in (None, signal.SIG_IGN):
                signal.signal(signal.SIGINT, self._receive)
                self._installed = True
        return self

    def __exit__(self, *exception) -> None:
        self._restore()

    def _receive(self, number, frame) -> None:
        if not self.received:
            self.received = True
            return
        self._restore()
        signal.raise_signal(number)

    def _restore(self) -> None:
        if self._installed:
            signal.signal(signal.SIGINT, self._old)
            self._installed = False
