"""Forgetting that an axis has length 1: an identity for numbers, another type for the graph."""

import pytensor.tensor as pt
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.tensor.type import TensorType

from bricks.engine.lowering import lower


class Unbroadcast(Op):
    """`x`, the axes of which that are given are of any length for the graph.

    Parameters
    ----------
    axes : sequence of int
    """

    __props__ = ("axes",)
    view_map = {0: [0]}

    def __init__(self, axes):
        self.axes = tuple(sorted(int(axis) for axis in axes))

    def make_node(self, x):
        x = pt.as_tensor_variable(x)
        if any(not -x.ndim <= axis < x.ndim for axis in self.axes):
            raise ValueError(f"theano.tensor.unbroadcast: {x} has {x.ndim} axes, got {self.axes}")
        axes = {axis % x.ndim for axis in self.axes}
        shape = tuple(None if axis in axes else n for axis, n in enumerate(x.type.shape))
        return Apply(self, [x], [TensorType(x.dtype, shape=shape)()])

    def perform(self, node, inputs, output_storage):
        output_storage[0][0] = inputs[0]

    def pullback(self, inputs, outputs, cotangents):
        broadcast = [axis for axis, n in enumerate(inputs[0].type.shape) if n == 1]
        return [pt.specify_broadcastable(cotangents[0], *broadcast) if broadcast else cotangents[0]]

    def grad(self, inputs, cotangents):
        return self.pullback(inputs, None, cotangents)


@lower.register(Unbroadcast)
def _unbroadcast(op, node, context):
    return lambda x: x
