"""`theano.gradient`: derivatives, and operations that change them."""

from pytensor.gradient import (
    DisconnectedInputError,
    DisconnectedType,
    GradientError,
    NullTypeGradError,
    disconnected_grad,
    grad_clip,
    grad_not_implemented,
    grad_scale,
    grad_undefined,
    numeric_grad,
    subgraph_grad,
    zero_grad,
)
from pytensor.graph.basic import Variable

from theano._differentiation import Lop, Rop, consider_constant, grad, hessian, jacobian, verify_grad

__all__ = [
    "DisconnectedInputError",
    "DisconnectedType",
    "GradientError",
    "Lop",
    "NullTypeGradError",
    "Rop",
    "consider_constant",
    "disconnected_grad",
    "format_as",
    "grad",
    "grad_clip",
    "grad_not_implemented",
    "grad_scale",
    "grad_undefined",
    "hessian",
    "jacobian",
    "numeric_grad",
    "subgraph_grad",
    "verify_grad",
    "zero_grad",
]


def format_as(use_list: bool, use_tuple: bool, outputs):
    """Outputs as a list, as a tuple, or the only one by itself."""
    if use_list and use_tuple:
        raise AssertionError("theano.gradient.format_as: a list or a tuple, not both")
    if isinstance(outputs, Variable) or not isinstance(outputs, list | tuple):
        outputs = [outputs]
    if use_list:
        return list(outputs)
    if use_tuple:
        return tuple(outputs)
    if len(outputs) != 1:
        raise AssertionError(f"theano.gradient.format_as: {len(outputs)} outputs are not one")
    return outputs[0]
