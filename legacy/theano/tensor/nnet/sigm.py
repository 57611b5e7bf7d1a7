"""Pointwise functions of nets, as Theano defined them."""

import pytensor.tensor as pt

__all__ = [
    "elu",
    "hard_sigmoid",
    "relu",
    "selu",
    "sigmoid",
    "softplus",
    "softsign",
    "ultra_fast_sigmoid",
]


def sigmoid(x):
    """1 / (1 + exp(-x))."""
    return pt.sigmoid(x)


def softplus(x):
    """log(1 + exp(x))."""
    return pt.softplus(x)


def hard_sigmoid(x):
    """0.2 x + 0.5, cut to 0 ... 1.

    >>> hard_sigmoid(pt.constant([-3.0, 0.0, 1.0])).eval().tolist()
    [0.0, 0.5, 0.7]
    """
    x = pt.as_tensor_variable(x)
    return pt.clip(x * _like(x, 0.2) + _like(x, 0.5), 0, 1)


def ultra_fast_sigmoid(x):
    """A rational approximation of the sigmoid, to within 0.1, cheap on a processor without a vectorised exp."""
    x = 0.5 * pt.as_tensor_variable(x)
    size = abs(x)
    middle = 0.935409070603099 + 0.0458812946797165 * (size - 1.7)
    half = pt.switch(size < 1.7, 1.5 * size / (1 + size), pt.switch(size < 3, middle, 0.99505475368673))
    return 0.5 * (pt.sign(x) * half + 1)


def softsign(x):
    """x / (1 + |x|)."""
    return x / (1.0 + abs(x))


def relu(x, alpha=0):
    """x where it is positive, alpha x elsewhere; its derivative at 0 is the mean of both slopes, as it was.

    >>> relu(pt.constant([-2.0, 3.0]), alpha=0.5).eval().tolist()
    [-1.0, 3.0]
    """
    x = pt.as_tensor_variable(x)
    if isinstance(alpha, int | float) and alpha == 0:
        return 0.5 * (x + abs(x))
    alpha = pt.as_tensor_variable(alpha)
    return 0.5 * (1 + alpha) * x + 0.5 * (1 - alpha) * abs(x)


def elu(x, alpha=1):
    """x where it is positive, alpha (exp(x) - 1) elsewhere."""
    x = pt.as_tensor_variable(x)
    return pt.switch(x > 0, x, alpha * pt.expm1(x))


def selu(x):
    """The exponential linear unit scaled so that activations keep mean 0 and variance 1 (Klambauer et al. 2017)."""
    alpha, scale = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946
    return scale * elu(x, alpha)


def _like(x, number: float):
    """A number of x's dtype, so that a float32 stays one."""
    return pt.constant(number, dtype=x.dtype if x.dtype.startswith("float") else pt.scalar().dtype)
