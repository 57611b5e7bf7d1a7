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

    limits: tuple[float, float] | None = None

    def apply(self, input_):
        """Any float shape to the same."""
        check_float(self, input_)
        return self.activate(input_)

    def bounds(self, output: str) -> tuple[float, float] | None:
        return self.limits


class Identity(Activation):
    """y = x"""

    def activate(self, input_):
        return input_


class Tanh(Activation):
    """y = tanh(x)"""

    limits = (-1, 1)

    def activate(self, input_):
        return pt.tanh(input_)


class Logistic(Activation):
    """y = 1 / (1 + exp(-x))"""

    limits = (0, 1)

    def activate(self, input_):
        return pt.sigmoid(input_)


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
