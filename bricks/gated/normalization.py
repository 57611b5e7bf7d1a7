"""Layer normalisation inside a unit."""

import pytensor.tensor as pt

from bricks.brick import Brick
from bricks.initialization import Constant
from bricks.roles import SCALE, SHIFT


def standardized(value, epsilon: float):
    """(a - mean) / sqrt(variance + epsilon), over the last axis (Ba, Kiros & Hinton 2016)."""
    centred = value - value.mean(axis=-1, keepdims=True)
    return centred / pt.sqrt((centred**2).mean(axis=-1, keepdims=True) + epsilon)


class CellNormalization(Brick):
    """The cell's own, before psi: gain * standardised c + shift; both (dim,)."""

    def __init__(self, dim: int, **settings):
        super().__init__(name="cell_normalization", **settings)
        self.gain = self.add_parameter("gain", (dim,), role=SCALE, init=Constant(1))
        self.shift = self.add_parameter("shift", (dim,), role=SHIFT, init=Constant(0))

    def of(self, cell, epsilon: float):
        """(..., dim) to the same."""
        return self.gain * standardized(cell, epsilon) + self.shift
