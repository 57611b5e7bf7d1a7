"""Maxout: the greatest of several linear maps, a convex function that is learned."""

import pytensor.tensor as pt

from bricks.brick import Brick
from bricks.errors import ShapeError
from bricks.layers.checks import check_dim, check_float, check_ndim, lengths
from bricks.layers.linear import Linear
from bricks.layers.sequence import Sequence


class Maxout(Brick):
    """The greatest of each group of neighbours in the last axis.

        y_j = max(x_{jk}, ..., x_{jk+k-1}),   k = num_pieces

    Parameters
    ----------
    num_pieces : int
        How many go into a group; the last axis must be a multiple of it.
    **settings
        Of `Brick`.

    References
    ----------
    Goodfellow, Warde-Farley, Mirza, Courville & Bengio 2013, Maxout networks.

    >>> import pytensor.tensor as pt
    >>> x = pt.matrix("x", dtype="float32", shape=(1, 6))
    >>> Maxout(3)(x).eval({x: [[1, 2, 0, -3, -1, -2]]}).tolist()
    [[2.0, -1.0]]
    """

    def __init__(self, num_pieces: int, **settings):
        super().__init__(**settings)
        self.num_pieces = check_dim(self, "num_pieces", num_pieces)

    def output_dim_of(self, input_dim: int) -> int:
        """The length of the last axis after, from that before."""
        if input_dim % self.num_pieces:
            raise ShapeError(
                f"{self.path}: input must have a multiple of {self.num_pieces} columns (num_pieces={self.num_pieces}), "
                f"got {input_dim}"
            )
        return input_dim // self.num_pieces

    def apply(self, input_):
        """(..., columns) to (..., columns / num_pieces)."""
        check_float(self, input_)
        check_ndim(self, input_, 1, "(..., columns)", at_least=True)
        columns = input_.type.shape[-1]
        groups = -1 if columns is None else self.output_dim_of(columns)
        return pt.max(pt.reshape(input_, (*lengths(input_)[:-1], groups, self.num_pieces)), axis=-1)


class LinearMaxout(Sequence):
    """A linear layer and the greatest of each `num_pieces` of its outputs.

        y_j = max_i (x W_{ji} + b_{ji}),   i = 1 ... num_pieces

    Parameters
    ----------
    input_dim, output_dim : int
        Lengths of the last axis before and after.
    num_pieces : int
        Linear maps an output.
    use_bias : bool
        Whether there is a b.
    **settings
        Of `Brick`.

    >>> list(LinearMaxout(784, 240, num_pieces=5, seed=1).all_parameters().values())
    [linear_maxout/linear/W, linear_maxout/linear/b]
    """

    def __init__(self, input_dim: int, output_dim: int, num_pieces: int, use_bias: bool = True, **settings):
        maxout = Maxout(num_pieces)
        linear = Linear(input_dim, check_dim(maxout, "output_dim", output_dim) * maxout.num_pieces, use_bias)
        super().__init__([linear, maxout], **settings)
