"""The names of `theano` itself."""

import pytensor.tensor as pt
from pytensor.compile.builders import OpFromGraph
from pytensor.printing import pp, pprint

from theano.compile import (
    DeepCopyOp,
    Function,
    In,
    Mode,
    Out,
    Param,
    SymbolicInput,
    SymbolicOutput,
    as_op,
    function,
    predefined_linkers,
    predefined_modes,
    predefined_optimizers,
    shared,
)
from theano.configparser import change_flags, config
from theano.gof import (
    Apply,
    Constant,
    Container,
    FunctionGraph,
    InconsistencyError,
    Linker,
    Op,
    Type,
    Variable,
    generic,
)
from theano.gradient import Lop, Rop, grad, subgraph_grad
from theano.printing import debugprint as dprint
from theano.scan_module import clone, foldl, foldr, map, reduce, scan
from theano.tensor import get_scalar_constant_value
from theano.updates import OrderedUpdates

__all__ = [
    "Apply",
    "Constant",
    "Container",
    "DeepCopyOp",
    "Function",
    "FunctionGraph",
    "In",
    "InconsistencyError",
    "Linker",
    "Lop",
    "Mode",
    "Op",
    "OpFromGraph",
    "OrderedUpdates",
    "Out",
    "Param",
    "Rop",
    "SymbolicInput",
    "SymbolicOutput",
    "Type",
    "Variable",
    "as_op",
    "change_flags",
    "clone",
    "config",
    "dot",
    "dprint",
    "foldl",
    "foldr",
    "function",
    "generic",
    "get_scalar_constant_value",
    "grad",
    "map",
    "pp",
    "pprint",
    "predefined_linkers",
    "predefined_modes",
    "predefined_optimizers",
    "reduce",
    "scan",
    "shared",
    "sparse_grad",
    "subgraph_grad",
]


def dot(l, r):  # noqa: E741 (Theano's name)
    """The matrix product."""
    return pt.dot(l, r)


def sparse_grad(var):
    """`var`, whose gradient XLA makes as it can: that it might be sparse was a hint, and changed no number."""
    return var
