"""No search for garbage while a graph is built or rewritten.

Graphs are a great many small objects that live: Python's collector goes through all of them again and again (a tenth
of the time to compile an LSTM's training step) and finds next to nothing. What there is goes with the next search.
"""

import contextlib
import gc


@contextlib.contextmanager
def uncollected():
    """Python's collector rests; also usable as a decorator.

    >>> with uncollected():
    ...     gc.isenabled()
    False
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
