"""`theano.gof`: what graphs are made of, from PyTensor."""

from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.graph.features import Bookkeeper, Feature, History, ReplaceValidate
from pytensor.graph.fg import FunctionGraph
from pytensor.graph.op import Op
from pytensor.graph.type import Type
from pytensor.graph.utils import InconsistencyError, MethodNotDefined, MissingInputError, Scratchpad
from pytensor.link.basic import Container, Linker
from pytensor.link.c.op import COp, ExternalCOp
from pytensor.link.c.params_type import Params, ParamsType
from pytensor.link.c.type import Generic, generic

from theano.gof import fg, graph, op, type, utils

__all__ = [
    "Apply",
    "Bookkeeper",
    "COp",
    "Constant",
    "Container",
    "ExternalCOp",
    "Feature",
    "FunctionGraph",
    "Generic",
    "History",
    "InconsistencyError",
    "Linker",
    "MethodNotDefined",
    "MissingInputError",
    "Op",
    "Params",
    "ParamsType",
    "ReplaceValidate",
    "Scratchpad",
    "Type",
    "Variable",
    "fg",
    "generic",
    "graph",
    "op",
    "type",
    "utils",
]
