"""The engine: PyTensor graphs in, functions compiled by XLA out.

Flags, the linker to XLA, `function`, shared variables, random streams and placement live here; nothing in
here knows of bricks. Names load on first use, so that reading the flags costs no import of PyTensor.
"""

from bricks.lazy import exports

_HOME = {
    "BACKWARD": "bricks.engine.recurrences",
    "RandomState": "bricks.engine.random",
    "debugprint": "bricks.engine.compiled",
    "floatX": "bricks.engine.settings",
    "function": "bricks.engine.compiled",
    "gauss_newton_vector_product": "bricks.engine.curvature",
    "grad": "bricks.engine.compiled",
    "hessian_vector_product": "bricks.engine.curvature",
    "in_segments": "bricks.engine.segments",
    "recurrence": "bricks.engine.recurrences",
    "scan": "bricks.engine.compiled",
    "shared": "bricks.engine.state",
    "start": "bricks.engine.settings",
    "versions": "bricks.engine.settings",
}
_ROOMS = ("random",)

__all__ = sorted([*_HOME, *_ROOMS])

__getattr__, __dir__ = exports(__name__, _HOME, _ROOMS)
