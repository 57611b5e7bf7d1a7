"""Where names were: modules that programs import, those that are gone, and what they say."""

import importlib
import sys

import pytest
import theano
from theano._gone import GoneError
from theano._layout import GONE, MOVED

import bricks


@pytest.mark.parametrize("name", sorted(MOVED) + sorted(GONE))
def test_every_module_of_the_layout_can_be_imported(name):
    assert importlib.import_module(name) is sys.modules[name]


def test_names_are_found_where_programs_import_them():
    program = """
from theano import *
import theano.tensor as T, theano.tensor as tt, theano.sandbox.rng_mrg
from theano import tensor as T, function, config, shared, In, Out, Mode, Op, Apply, scan, ifelse, gof, printing
from theano import OpFromGraph, FunctionGraph, Variable, Constant, Type, generic, pp, clone, map, reduce, Param
from theano.tensor import nnet, TensorType, TensorVariable, dmatrix, dot, sqr, tanh, cast, as_tensor_variable
from theano.tensor.nnet import sigmoid, softmax, relu, categorical_crossentropy, binary_crossentropy, softplus
from theano.tensor.nnet.nnet import softmax, categorical_crossentropy
from theano.tensor.nnet.bn import batch_normalization
from theano.tensor.basic import as_tensor_variable, TensorType, patternbroadcast, arange, eye
from theano.tensor.var import TensorConstant, TensorVariable, _tensor_py_operators
from theano.tensor.sharedvar import TensorSharedVariable
from theano.tensor.subtensor import set_subtensor, IncSubtensor, AdvancedSubtensor
from theano.tensor.elemwise import Elemwise, DimShuffle, CAReduce, Sum
from theano.tensor.extra_ops import cumsum, repeat, bincount, to_one_hot, diff, unique
from theano.tensor.sort import sort, argsort
from theano.tensor.type import TensorType
from theano.tensor.shared_randomstreams import RandomStreams
from theano.tensor import slinalg, nlinalg, fft, shared_randomstreams
from theano.sandbox.rng_mrg import MRG_RandomStreams
from theano.compile import SharedVariable, Mode, ViewOp, function, as_op, DebugMode, MonitorMode
from theano.compile.sharedvalue import SharedVariable, shared
from theano.compile.nanguardmode import NanGuardMode
from theano.compile.function_module import Function, UnusedInputError
from theano.compile.io import In
from theano.compile.mode import Mode, get_mode
from theano.compile.ops import as_op, Shape
from theano.scan_module import until, scan_utils
from theano.scan_module.scan_utils import clone, map_variables, until, equal_computations
from theano.gof import Op, Apply, Variable, FunctionGraph
from theano.gof.graph import inputs, ancestors, io_toposort, is_same_graph
from theano.gradient import disconnected_grad, grad_clip, DisconnectedType, verify_grad, zero_grad, jacobian
from theano.ifelse import ifelse
from theano.printing import Print, debugprint, pp, pydotprint
from theano.updates import OrderedUpdates
from theano.configparser import config, change_flags
from theano.misc.safe_asarray import _asarray
from theano.compat import izip
from theano.compat.python2x import OrderedDict
from theano.scalar import upcast, float32
"""
    names = {}
    exec(program, names)
    assert names["T"] is theano.tensor and names["tensor"] is theano.tensor
    assert theano.ifelse.ifelse is names["ifelse"]
    assert names["sort"] is theano.tensor.sort and callable(theano.tensor.var)
    assert names["patternbroadcast"] is theano.tensor.patternbroadcast  # as Theano's was, not PyTensor's


def test_cudas_modules_import_and_say_what_to_do_when_they_are_used():
    import theano.sandbox.cuda as cuda
    from theano.sandbox.cuda import CudaNdarrayType, dnn
    from theano.sandbox.cuda.basic_ops import gpu_from_host, host_from_gpu
    from theano.sandbox.cuda.dnn import dnn_conv

    assert cuda.cuda_available is False and not isinstance(theano.shared(1.0).type, CudaNdarrayType)
    for use in (lambda: cuda.use("gpu0"), lambda: dnn_conv(1), lambda: gpu_from_host(1), lambda: host_from_gpu.x):
        with pytest.raises(GoneError, match="device=cuda"):
            use()
    with pytest.raises(GoneError, match="dnn_pool"):
        dnn.dnn_pool(1)
    with pytest.raises(GoneError):

        class Mine(CudaNdarrayType):
            pass


def test_convolution_and_pooling_say_that_they_come_later():
    from theano.tensor.nnet import conv, conv2d
    from theano.tensor.nnet.conv import conv2d as older
    from theano.tensor.signal import downsample, pool
    from theano.tensor.signal.downsample import max_pool_2d
    from theano.tensor.signal.pool import pool_2d

    for f in (conv2d, older, conv.conv2d, max_pool_2d, pool_2d, downsample.max_pool_2d, pool.pool_2d):
        with pytest.raises(GoneError, match="later version"):
            f(1, 2)
    with pytest.raises(GoneError, match="pytensor.sparse"):
        theano.sparse.csr_matrix("x")
    with pytest.raises(bricks.BricksError, match="functional_diagram"):
        theano.printing.pydotprint(1)


def test_graphs_are_walked_through_under_the_old_names():
    from theano.gof import graph, utils

    x, y = theano.tensor.dscalars("x", "y")
    z = theano.tensor.exp(x) + y
    assert set(graph.inputs([z])) == {x, y} and set(graph.variables([x, y], [z])) >= {x, y, z}
    assert [str(node.op) for node in graph.io_toposort([x, y], [z])] == ["Exp", "Add"]
    assert len(graph.ops([x, y], [z])) == 2 and x in graph.ancestors([z])
    assert graph.is_same_graph(z, theano.tensor.exp(x) + y) and not graph.is_same_graph(z, x)
    assert graph.is_same_graph(z, theano.tensor.exp(y) + y, givens={x: y})
    assert utils.flatten([1, [2, (3,)]]) == [1, 2, 3] and utils.uniq([2, 1, 2]) == [2, 1]


def test_an_op_of_ones_own_runs_with_a_warning():
    class Double(theano.Op):
        __props__ = ()

        def make_node(self, x):
            x = theano.tensor.as_tensor_variable(x)
            return theano.Apply(self, [x], [x.type()])

        def perform(self, node, inputs, output_storage):
            output_storage[0][0] = 2 * inputs[0]

        def grad(self, inputs, output_grads):
            return [2 * output_grads[0]]

    x = theano.tensor.dvector("x")
    y = Double()(x)
    with pytest.warns(UserWarning, match="PyTensor's own machine"):
        f = theano.function([x], [y, theano.grad((y**2).sum(), x)])
    assert [v.tolist() for v in f([1, 2])] == [[2, 4], [8, 16]]


def test_printing(capfd):
    x = theano.tensor.dvector("x")
    shown = theano.printing.Print("the value", attrs=["shape", "__str__"])(x)
    f = theano.function([x], theano.grad((shown**2).sum(), x))
    assert f([1, 2]).tolist() == [2, 4]
    out = capfd.readouterr().out
    assert "the value shape = (2,)" in out and "the value __str__ = [1. 2.]" in out
    assert theano.pp(x**2) == "(x ** 2)"
    assert "Exp" in theano.printing.debugprint(theano.function([x], theano.tensor.exp(x)), file="str")
