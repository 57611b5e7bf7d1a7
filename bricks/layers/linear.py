"""The linear layer, and a bias by itself."""

import pytensor.tensor as pt

from bricks.brick import Brick
from bricks.initialization import Constant, Glorot
from bricks.layers.checks import check_columns, check_dim, check_float, check_ndim
from bricks.roles import BIAS, WEIGHT


class Linear(Brick):
    """A linear map of the last axis, and a bias.

        y = x W + b

    Parameters
    ----------
    input_dim, output_dim : int
        Lengths of the last axis before and after.
    use_bias : bool
        Whether there is a b.
    **settings
        Of `Brick`.

    Attributes
    ----------
    W : shared variable, (input_dim, output_dim)
        WEIGHT; by default Glorot & Bengio's uniform values (2010).
    b : shared variable, (output_dim,), or None
        BIAS; by default zeros.

    >>> import pytensor.tensor as pt
    >>> linear = Linear(784, 500, seed=1)
    >>> linear(pt.matrix("x", dtype="float32", shape=(100, 784))).type.shape
    (100, 500)
    """

    def __init__(self, input_dim: int, output_dim: int, use_bias: bool = True, **settings):
        super().__init__(**settings)
        self.input_dim = check_dim(self, "input_dim", input_dim)
        self.output_dim = check_dim(self, "output_dim", output_dim)
        self.W = self.add_parameter("W", (self.input_dim, self.output_dim), role=WEIGHT, init=Glorot())
        self.b = self.add_parameter("b", (self.output_dim,), role=BIAS, init=Constant(0)) if use_bias else None

    def apply(self, input_):
        """(..., input_dim) to (..., output_dim)."""
        check_float(self, input_, self.W.type.dtype)
        check_ndim(self, input_, 1, "(..., input_dim)", at_least=True)
        check_columns(self, input_, self.input_dim)
        output = pt.dot(input_, self.W)
        return output if self.b is None else output + self.b


class Bias(Brick):
    """Adds a trained value to each column.

        y = x + b

    Parameters
    ----------
    dim : int
        Length of the last axis.
    **settings
        Of `Brick`.

    Attributes
    ----------
    b : shared variable, (dim,)
        BIAS; by default zeros.

    >>> import pytensor.tensor as pt
    >>> Bias(3)(pt.matrix("x", dtype="float32"))
    bias.output
    """

    def __init__(self, dim: int, **settings):
        super().__init__(**settings)
        self.input_dim = self.output_dim = check_dim(self, "dim", dim)
        self.b = self.add_parameter("b", (self.input_dim,), role=BIAS, init=Constant(0))

    def apply(self, input_):
        """(..., dim) to the same."""
        check_float(self, input_, self.b.type.dtype)
        check_ndim(self, input_, 1, "(..., dim)", at_least=True)
        check_columns(self, input_, self.input_dim, "dim")
        return input_ + self.b
