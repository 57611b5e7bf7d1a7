"""Layer normalisation inside a unit."""

from bricks.brick import Brick
from bricks.initialization import Constant
from bricks.layers.normalization import standardized
from bricks.roles import SCALE, SHIFT


class CellNormalization(Brick):
    """The cell's own, before psi: gain * standardised c + shift; both (dim,)."""

    def __init__(self, dim: int, **settings):
        super().__init__(name="cell_normalization", **settings)
        self.gain = self.add_parameter("gain", (dim,), role=SCALE, init=Constant(1))
        self.shift = self.add_parameter("shift", (dim,), role=SHIFT, init=Constant(0))

    def of(self, cell, epsilon: float):
        """(..., dim) to the same."""
        return self.gain * standardized(cell, epsilon) + self.shift
