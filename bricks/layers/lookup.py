"""The lookup table: a trained row for each number, as words and other symbols need."""

import math

import numpy as np
import pytensor.tensor as pt

from bricks.brick import Brick
from bricks.errors import UsageError
from bricks.graph import is_tensor
from bricks.initialization import Gaussian
from bricks.layers.checks import check_dim
from bricks.roles import WEIGHT


class LookupTable(Brick):
    """Looks up a row of W for each number: an embedding.

        y_... = W[i_...]

    which is one-hot rows times W, without the product; the gradient goes to the rows that were looked up. A number
    that is not one of the rows, -1 too, gives a row of NaN, rather than another number's.

    Parameters
    ----------
    length : int
        How many rows: numbers are from 0 to length - 1.
    dim : int
        Length of a row.
    **settings
        Of `Brick`.

    Attributes
    ----------
    W : shared variable, (length, dim)
        WEIGHT; by default Gaussian with std 1 / sqrt(dim), so that a row's length is about 1 however long it is.

    Notes
    -----
    A row is a number's, and a column nobody's: max-norm (`VariableClipping`), which shortens columns, is to be kept
    from W with `Restrict`.

    References
    ----------
    Bengio, Ducharme, Vincent & Jauvin 2003, A neural probabilistic language model.

    >>> import pytensor.tensor as pt
    >>> words = pt.matrix("words", dtype="int32", shape=(20, None))
    >>> LookupTable(10000, 100, seed=1)(words).type.shape
    (20, None, 100)
    """

    def __init__(self, length: int, dim: int, **settings):
        super().__init__(**settings)
        self.length = check_dim(self, "length", length)
        self.output_dim = check_dim(self, "dim", dim)
        init = Gaussian(1 / math.sqrt(self.output_dim))
        self.W = self.add_parameter("W", (self.length, self.output_dim), role=WEIGHT, init=init)

    def apply(self, indices):
        """Integers of any shape (...) to (..., dim)."""
        if not is_tensor(indices):
            raise UsageError(
                f"{self.path}: indices must be a symbolic tensor, got {type(indices).__name__} {indices!r}"
            )
        if np.dtype(indices.type.dtype).kind not in "iu":
            raise UsageError(
                f"{self.path}: indices must be of an integer dtype, got {indices.type.dtype}; "
                "cast them with indices.astype('int32')"
            )
        # Said with NaN, which training finds and names: XLA would clamp the number to the nearest one there is.
        there = pt.and_(pt.ge(indices, 0), pt.lt(indices, self.length))
        rows = self.W[pt.switch(there, indices, pt.zeros_like(indices))]
        return pt.switch(there[..., None], rows, pt.constant(float("nan"), dtype=self.W.type.dtype))
