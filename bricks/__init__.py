"""bricks: training neural nets as symbolic graphs, built from bricks, compiled by XLA.

Names load on first use (PEP 562), so that `import bricks.data` loads neither PyTensor nor JAX.
THEANO_FLAGS is read here, before PyTensor and JAX look at the environment.
"""

import sys as _sys

from bricks.errors import UsageError as _UsageError
from bricks.lazy import exports

__version__ = "0.1.0"

_EXPORTS = {
    "bricks.brick": ("Brick",),
    "bricks.engine": (
        "RandomState",
        "debugprint",
        "floatX",
        "function",
        "gauss_newton_vector_product",
        "grad",
        "hessian_vector_product",
        "recurrence",
        "scan",
        "shared",
    ),
    "bricks.errors": ("BricksError", "CheckpointError", "DataError", "NotFiniteError", "ShapeError", "UsageError"),
    "bricks.graph": ("ComputationGraph", "VariableFilter", "named_parameters", "project", "replace", "training_graph"),
    "bricks.layers": ("apply_noise",),
    "bricks.model": ("Model",),
    "bricks.training": ("GradientDescent", "MainLoop", "load", "load_parameters", "save_parameters"),
    "bricks.view": ("functional_diagram",),
}
_HOME = {name: module for module, names in _EXPORTS.items() for name in names}
_ROOMS = ("data", "engine", "errors", "gated", "graph", "initialization", "layers", "roles", "training", "view")

__all__ = sorted([*_HOME, *_ROOMS])

try:
    from bricks.engine import flags as _flags

    _flags.apply()
except _UsageError as _error:
    if _sys.argv[:1] != ["-m"] or "bricks" not in _sys.orig_argv:
        raise
    from bricks.command_line import say_error as _say_error

    # `python -m bricks` comes by here before any line of bricks/__main__.py.
    raise SystemExit(_say_error(_error)) from None

__getattr__, __dir__ = exports(__name__, _HOME, _ROOMS)
