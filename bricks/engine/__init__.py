"""The engine: PyTensor graphs in, functions compiled by XLA out.

Flags, the linker to XLA, `function`, shared variables, random streams and placement live here; nothing in
here knows of bricks. Names load on first use, so that reading the flags costs no import of PyTensor.
"""

import importlib

_HOME = {
    "RandomState": "bricks.engine.random",
    "debugprint": "bricks.engine.compiled",
    "floatX": "bricks.engine.settings",
    "function": "bricks.engine.compiled",
    "grad": "bricks.engine.compiled",
    "scan": "bricks.engine.compiled",
    "shared": "bricks.engine.state",
    "start": "bricks.engine.settings",
    "versions": "bricks.engine.settings",
}
_ROOMS = ("random",)

__all__ = sorted([*_HOME, *_ROOMS])


def __getattr__(name: str):
    if name in _HOME:
        value = getattr(importlib.import_module(_HOME[name]), name)
    elif name in _ROOMS:
        value = importlib.import_module(f"bricks.engine.{name}")
    else:
        raise AttributeError(f"module 'bricks.engine' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__():
    return sorted({*globals(), *__all__})
