"""`theano.compile`: functions, inputs, shared variables and modes under their old names."""

from pytensor.compile.builders import OpFromGraph
from pytensor.compile.debug.debugmode import DebugMode
from pytensor.compile.debug.monitormode import MonitorMode
from pytensor.compile.io import Out, SymbolicInput, SymbolicOutput
from pytensor.compile.ops import DeepCopyOp, FromFunctionOp, ViewOp, as_op, deep_copy_op, view_op
from pytensor.compile.sharedvalue import SharedVariable, shared_constructor
from pytensor.tensor.shape import Shape, Shape_i, SpecifyShape, shape, shape_i, specify_shape

from theano.compile import function_module, mode, nanguardmode
from theano.compile.function import function
from theano.compile.function_module import Function, UnusedInputError
from theano.compile.inputs import In, Param
from theano.compile.mode import (
    FAST_COMPILE,
    FAST_RUN,
    Mode,
    get_default_mode,
    get_mode,
    predefined_linkers,
    predefined_modes,
    predefined_optimizers,
    register_linker,
    register_mode,
    register_optimizer,
)
from theano.compile.nanguardmode import NanGuardMode
from theano.compile.shared import shared

__all__ = [
    "DebugMode",
    "DeepCopyOp",
    "FAST_COMPILE",
    "FAST_RUN",
    "FromFunctionOp",
    "Function",
    "In",
    "Mode",
    "MonitorMode",
    "NanGuardMode",
    "OpFromGraph",
    "Out",
    "Param",
    "Shape",
    "Shape_i",
    "SharedVariable",
    "SpecifyShape",
    "SymbolicInput",
    "SymbolicOutput",
    "UnusedInputError",
    "ViewOp",
    "as_op",
    "deep_copy_op",
    "function",
    "function_module",
    "get_default_mode",
    "get_mode",
    "mode",
    "nanguardmode",
    "predefined_linkers",
    "predefined_modes",
    "predefined_optimizers",
    "register_linker",
    "register_mode",
    "register_optimizer",
    "shape",
    "shape_i",
    "shared",
    "shared_constructor",
    "specify_shape",
    "view_op",
]
