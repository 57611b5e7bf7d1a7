"""Activations: bricks without parameters, for inputs of any shape."""

import pytensor.tensor as pt
from pytensor.tensor.special import softmax

from bricks.brick import Brick
from bricks.errors import ShapeError
from bricks.layers.checks import check_float


class Activation(Brick):
    """An element-wise function; a subclass says which in `activate`.

    >>> class Cube(Activation):
    ...     def activate(self, input_):
    ...         return input_**3
    >>> import pytensor.tensor as pt
    >>> Cube()(pt.matrix("x", shape=(2, 3))).type.shape
    (2, 3)
    """

    def apply(self, input_):
        """Any float shape to the same."""
        check_float(self, input_)
        return self.activate(input_)


class Identity(Activation):
    """y = x"""

    def activate(self, input_):
        return input_


class Tanh(Activation):
    """y = tanh(x)"""

    def activate(self, input_):
        return pt.tanh(input_)


class Logistic(Activation):
    """y = 1 / (1 + exp(-x))"""

    def activate(self, input_):
        return pt.sigmoid(input_)


class Rectifier(Activation):
    """y = max(x, 0)

    Not written as a choice by x > 0, which would turn NaN into 0 and so hide it.

    References
    ----------
    Glorot, Bordes & Bengio 2011, Deep sparse rectifier neural networks.
    """

    def activate(self, input_):
        return pt.maximum(input_, 0)


class Softmax(Activation):
    """y_i = exp(x_i) / sum_j exp(x_j), over one axis.

    The maximum is subtracted first, so that nothing overflows.

    Parameters
    ----------
    axis : int
        The axis that sums to 1.
    **settings
        Of `Brick`.

    >>> import pytensor.tensor as pt
    >>> Softmax()(pt.matrix("x", shape=(None, 10)))
    softmax.output
    """

    def __init__(self, axis: int = -1, **settings):
        super().__init__(**settings)
        self.axis = axis

    def activate(self, input_):
        if not -input_.type.ndim <= self.axis < input_.type.ndim:
            raise ShapeError(f"{self.path}: input must have an axis {self.axis}, got shape {input_.type.shape}")
        return softmax(input_, axis=self.axis)
