"""Computations whose signature or result was another in Theano than in PyTensor, or which PyTensor has no more."""

import pytensor.tensor as pt
from pytensor.graph.basic import Variable


def abs_(a):
    """The absolute value."""
    return pt.abs(a)


def inv(a):
    """1 / a."""
    return pt.reciprocal(a)


def sgn(a):
    """-1, 0 or 1."""
    return pt.sign(a)


def round(a, mode=None):
    """The nearest whole number: of two, the even one, or with mode "half_away_from_zero" the larger in size."""
    if mode not in (None, "half_to_even", "half_away_from_zero"):
        raise ValueError(f"theano.tensor.round: mode must be half_to_even or half_away_from_zero, got {mode!r}")
    return round_half_away_from_zero(a) if mode == "half_away_from_zero" else pt.round_half_to_even(a)


def round_half_away_from_zero(a):
    """The nearest whole number, of two the larger in size."""
    a = pt.as_tensor_variable(a)
    whole = pt.trunc(a)
    return whole + pt.sign(a) * pt.cast(pt.ge(abs(a - whole), 0.5), a.dtype)


def iround(a, mode=None):
    """`round` as int64."""
    return pt.cast(round(a, mode), "int64")


def complex_from_polar(abs, angle):
    """The complex number of that size and angle."""
    return pt.complex(abs * pt.cos(angle), abs * pt.sin(angle))


def advanced_subtensor1(x, ilist):
    """The rows of x with those numbers."""
    return pt.as_tensor_variable(x)[ilist]


def advanced_inc_subtensor1(x, y, ilist):
    """x with y added to the rows of those numbers."""
    return pt.inc_subtensor(pt.as_tensor_variable(x)[ilist], y)


def mean(input, axis=None, dtype=None, op=False, keepdims=False, acc_dtype=None):
    """The mean over axes, of all by default; of integers in float64."""
    if op:
        raise ValueError("theano.tensor.mean: op=True was a debugging aid, which is gone; leave it out")
    return pt.mean(input, axis=axis, dtype=dtype, keepdims=keepdims, acc_dtype=acc_dtype)


def max_and_argmax(a, axis=None, keepdims=False):
    """(maximum, where it is), over all axes by default."""
    return [pt.max(a, axis=axis, keepdims=keepdims), pt.argmax(a, axis=axis, keepdims=keepdims)]


def batched_dot(a, b):
    """The dot product of each a[i] with b[i]."""
    a, b = pt.as_tensor_variable(a), pt.as_tensor_variable(b)
    if a.ndim == 0 or b.ndim == 0:
        raise TypeError(f"theano.tensor.batched_dot: both must have a first axis to go along, got {a.type}, {b.type}")
    if a.ndim == 1 or b.ndim == 1:
        return (
            a.dimshuffle(*range(a.ndim), *["x"] * (b.ndim - 1)) * b
            if a.ndim == 1
            else a * pt.shape_padright(b, a.ndim - 1)
        )
    if a.ndim > 3 or b.ndim > 3:
        return batched_tensordot(a, b, [[a.ndim - 1], [max(1, b.ndim - 2)]])
    left = a if a.ndim == 3 else a.dimshuffle(0, "x", 1)
    right = b if b.ndim == 3 else b.dimshuffle(0, 1, "x")
    product = pt.matmul(left, right)
    if b.ndim == 2:
        product = product[:, :, 0]
    return product[:, 0] if a.ndim == 2 else product


def batched_tensordot(x, y, axes=2):
    """`tensordot` of each x[i] with y[i]; axes are counted with the batch's, which is 0."""
    x, y = pt.as_tensor_variable(x), pt.as_tensor_variable(y)
    if isinstance(axes, int):
        axes = [list(range(x.ndim - axes, x.ndim)), list(range(1, axes + 1))]
    left, right = (
        ([axes[0]] if isinstance(axes[0], int) else list(axes[0])),
        ([axes[1]] if isinstance(axes[1], int) else list(axes[1])),
    )
    if 0 in left or 0 in right:
        raise ValueError("theano.tensor.batched_tensordot: axis 0 is the batch's, which is not summed over")
    names = iter("abcdefghijklmnopqrstuvwxyz")
    batch = next(names)
    of_x = [batch, *(next(names) for _ in range(x.ndim - 1))]
    of_y = [batch, *(next(names) for _ in range(y.ndim - 1))]
    for i, j in zip(left, right, strict=True):
        of_y[j] = of_x[i]
    summed = {of_x[i] for i in left}
    kept = [n for n in [*of_x, *of_y[1:]] if n not in summed]
    return pt.einsum(f"{''.join(of_x)},{''.join(of_y)}->{''.join(kept)}", x, y)


def topk(x, kth, axis=-1, sorted=True, idx_dtype="int64"):
    """The `kth` largest along an axis, the largest first (-kth smallest where negative, the smallest first)."""
    return topk_and_argtopk(x, kth, axis, sorted, idx_dtype)[0]


def argtopk(x, kth, axis=-1, sorted=True, idx_dtype="int64"):
    """Where the `kth` largest along an axis are."""
    return topk_and_argtopk(x, kth, axis, sorted, idx_dtype)[1]


def topk_and_argtopk(x, kth, axis=-1, sorted=True, idx_dtype="int64"):
    """(`topk`, `argtopk`)."""
    x = pt.as_tensor_variable(x)
    if axis is None:
        x, axis = x.flatten(), 0
    if isinstance(kth, int) and kth == 0:
        raise ValueError("theano.tensor.topk: kth must not be 0")
    if isinstance(kth, Variable):
        raise ValueError("theano.tensor.topk: kth must be a Python integer here, since it decides the shape")
    order = pt.argsort(-x if kth > 0 else x, axis=axis, kind="stable")
    part = (slice(None),) * (axis % x.ndim) + (slice(0, abs(kth)),)
    where = order[part]
    return [pt.take_along_axis(x, where, axis=axis), pt.cast(where, idx_dtype)]
