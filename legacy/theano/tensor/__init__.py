"""`theano.tensor`: symbolic arrays. Most is PyTensor's under the old name; what differed is as it was in Theano."""

# ruff: noqa: E402, F401 (names of a package; what PyTensor has of them comes first)

from theano.tensor import _same

globals().update(_same.gather())

from pytensor.gradient import numeric_grad

from theano._differentiation import (
    Lop,
    Rop,
    consider_constant,
    grad,
    hessian,
    jacobian,
    verify_grad,
)
from theano.tensor._classes import TensorVariable
from theano.tensor._computing import (
    abs_,
    advanced_inc_subtensor1,
    advanced_subtensor1,
    argtopk,
    batched_dot,
    batched_tensordot,
    complex_from_polar,
    inv,
    iround,
    max_and_argmax,
    mean,
    round,
    round_half_away_from_zero,
    sgn,
    topk,
    topk_and_argtopk,
)
from theano.tensor._making import (
    addbroadcast,
    col,
    default,
    flatten,
    get_scalar_constant_value,
    load,
    matrix,
    patternbroadcast,
    reshape,
    row,
    scalar,
    split,
    stack,
    take,
    tensor,
    tensor3,
    tensor4,
    tensor5,
    tensor6,
    tensor7,
    to_one_hot,
    unbroadcast,
    vector,
)
from theano.tensor.shared_randomstreams import RandomStreams

random = RandomStreams(seed=0xBAD5EED)

__all__ = sorted({name for name in globals() if not name.startswith("_")} - {"shared_randomstreams"})

from theano.tensor import nlinalg, nnet, shared_randomstreams, signal, slinalg
