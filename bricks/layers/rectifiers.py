"""Activations that pass what is positive and hold back what is negative, each in its way."""

import math

import numpy as np
import pytensor.tensor as pt

from bricks.layers.activations import Activation
from bricks.layers.checks import check_positive, check_probability


class Rectifier(Activation):
    """y = max(x, 0)

    Not written as a choice by x > 0, which would turn NaN into 0 and so hide it.

    References
    ----------
    Glorot, Bordes & Bengio 2011, Deep sparse rectifier neural networks.
    """

    def activate(self, input_):
        return pt.maximum(input_, 0)


class LeakyRectifier(Activation):
    """y = max(x, leak x): a slope of 1 above 0, and of `leak` below, so that no unit dies.

    Parameters
    ----------
    leak : float
        From 0, the plain rectifier, to below 1. The 0.01 is the paper's.
    **settings
        Of `Brick`.

    References
    ----------
    Maas, Hannun & Ng 2013, Rectifier nonlinearities improve neural network acoustic models.

    >>> import pytensor.tensor as pt
    >>> x = pt.vector("x", dtype="float32")
    >>> LeakyRectifier(0.1)(x).eval({x: [-2, 3]}).tolist()
    [-0.20000000298023224, 3.0]
    """

    def __init__(self, leak: float = 0.01, **settings):
        super().__init__(**settings)
        self.leak = check_probability(self, "leak", leak)

    def activate(self, input_):
        return pt.maximum(input_, np.asarray(self.leak, input_.type.dtype) * input_)


class ELU(Activation):
    """y = x above 0, and alpha (exp(x) - 1) below: near -alpha far below, so that means come nearer to 0.

    Parameters
    ----------
    alpha : float
        Above 0. With 1, as in the paper's experiments, the slope has no jump at 0.
    **settings
        Of `Brick`.

    References
    ----------
    Clevert, Unterthiner & Hochreiter 2016, Fast and accurate deep network learning by exponential linear units.

    >>> import pytensor.tensor as pt
    >>> x = pt.vector("x", dtype="float32")
    >>> ELU()(x).eval({x: [-100, 3]}).tolist()
    [-1.0, 3.0]
    """

    def __init__(self, alpha: float = 1.0, **settings):
        super().__init__(**settings)
        self.alpha = check_positive(self, "alpha", alpha)

    def activate(self, input_):
        # The branch that is not taken has a gradient too, which must be finite: so its x goes no further than 0.
        # NaN is not above 0, and comes out of the other branch.
        below = np.asarray(self.alpha, input_.type.dtype) * pt.expm1(pt.minimum(input_, 0))
        return pt.switch(pt.gt(input_, 0), input_, below)


class GELU(Activation):
    """y = x P(X <= x) for a standard normal X: x (1 + erf(x / sqrt(2))) / 2.

    Parameters
    ----------
    approximate : bool
        Instead x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2, which is within 5e-4 of it: for weights that
        were trained so.
    **settings
        Of `Brick`.

    References
    ----------
    Hendrycks & Gimpel 2016, Gaussian error linear units.

    >>> import pytensor.tensor as pt
    >>> x = pt.vector("x", dtype="float32")
    >>> GELU()(x).eval({x: [0, 100]}).tolist()
    [0.0, 100.0]
    """

    def __init__(self, approximate: bool = False, **settings):
        super().__init__(**settings)
        self.approximate = bool(approximate)

    def activate(self, input_):
        def number(value):
            return np.asarray(value, input_.type.dtype)

        if self.approximate:
            argument = number(math.sqrt(2 / math.pi)) * (input_ + number(0.044715) * input_**3)
            return number(0.5) * input_ * (1 + pt.tanh(argument))
        # erfc: far below 0, 1 + erf would cancel to nothing.
        return number(0.5) * input_ * pt.erfc(number(-math.sqrt(0.5)) * input_)


class Softplus(Activation):
    """y = log(1 + exp(x)): a rectifier without a corner, always above 0; its slope is the logistic function.

    References
    ----------
    Dugas, Bengio, Belisle, Nadeau & Garcia 2001, Incorporating second-order functional knowledge for better option
    pricing.
    """

    def activate(self, input_):
        return pt.softplus(input_)
