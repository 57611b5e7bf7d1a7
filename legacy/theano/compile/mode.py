"""Modes: how a function is compiled. `Mode`, `get_mode` and `predefined_modes` under their old names."""

from pytensor.compile.mode import (
    AddFeatureOptimizer,
    Mode,
    predefined_linkers,
    predefined_optimizers,
    register_linker,
    register_mode,
    register_optimizer,
)
from pytensor.compile.mode import get_mode as _pytensors
from pytensor.link.vm import VMLinker

from bricks.engine.flags import FLAGS
from bricks.engine.linker import XLA
from bricks.errors import UsageError

__all__ = [
    "AddFeatureOptimizer",
    "FAST_COMPILE",
    "FAST_RUN",
    "Mode",
    "get_default_mode",
    "get_mode",
    "predefined_linkers",
    "predefined_modes",
    "predefined_optimizers",
    "register_linker",
    "register_mode",
    "register_optimizer",
]

FAST_RUN = XLA
FAST_COMPILE = _pytensors("FAST_COMPILE")
# PyTensor's own machine in Python and NumPy: slow, without a C compiler, and able to do what XLA isn't.
HOST = Mode(VMLinker(use_cloop=False, c_thunks=False), "fast_run").excluding("fusion", "inplace", "BlasOpt", "c_blas")
predefined_modes = {"FAST_RUN": FAST_RUN, "FAST_COMPILE": FAST_COMPILE}


class NamedMode:
    """A mode that bricks knows by its name."""

    def __init__(self, name: str):
        self.name = name


def resolve(mode):
    """What `bricks.function` takes for a mode of Theano's: "Mode" is the default, as in Theano."""
    if mode is None:
        from theano.configparser import config

        mode = config.mode
    if isinstance(mode, NamedMode):
        return mode.name
    if not isinstance(mode, str):
        return mode
    if mode in ("ProfileMode", "PROFILE_MODE"):
        raise UsageError(f"theano: mode {mode!r} is gone; use theano.function(..., profile=True)")
    return FLAGS.mode if mode.upper() == "MODE" else mode


def get_mode(name=None):
    """The mode of that name, by default the configured one."""
    found = resolve(name)
    if isinstance(found, str) and found.upper() in ("FAST_RUN", "JAX", "NANGUARDMODE"):
        return XLA
    return _pytensors(found)


def get_default_mode():
    """The mode that functions are compiled with where none is said."""
    return get_mode()
