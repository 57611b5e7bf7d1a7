"""What XLA's compiler worked in goes back to the system.

A compilation leaves some 75 MiB to the C library's allocator, in many threads' heaps, where the arrays of a step don't
find room: the process grows by both. Registered with JAX when this is imported.
"""

import ctypes
import os

import jax

COMPILED = "/jax/core/compile/backend_compile_duration"
SECONDS = 0.1  # of compiling, below which there is little to give back
TRIM = getattr(ctypes.CDLL(None), "malloc_trim", None) if os.name == "posix" else None  # glibc's alone


def _after(event: str, seconds: float, **_) -> None:
    if event == COMPILED and seconds > SECONDS:
        TRIM(0)


if TRIM is not None:
    jax.monitoring.register_event_duration_secs_listener(_after)
