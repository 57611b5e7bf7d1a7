"""Batch normalisation, as statistics that differ between training and inference."""

import pytensor.tensor as pt

from bricks.brick import Brick
from bricks.errors import UsageError
from bricks.graph import in_training
from bricks.initialization import Constant
from bricks.layers.checks import check_columns, check_dim, check_float, check_ndim
from bricks.roles import BATCH_STATISTIC, POPULATION_MEAN, POPULATION_VARIANCE, SCALE, SHIFT


class BatchNormalization(Brick):
    """Normalises each column, then scales and shifts it.

        y = (x - m) / sqrt(v + epsilon) * scale + shift

    Training takes m and v from the batch, over all axes but the last; v is the biased variance, the mean of
    (x - m)^2. Inference takes the population's, which training follows by

        population <- momentum * population + (1 - momentum) * batch

    Parameters
    ----------
    dim : int
        Length of the last axis.
    momentum : float
        Of the populations, from 0 to below 1: 0.9 averages over about the last ten batches.
    epsilon : float
        Added to the variance, so that a constant column does not divide by zero.
    **settings
        Of `Brick`.

    Attributes
    ----------
    scale, shift : shared variables, (dim,)
        SCALE and SHIFT; ones and zeros at first.
    population_mean, population_variance : shared variables, (dim,)
        Buffers; zeros and ones at first.

    References
    ----------
    Ioffe & Szegedy 2015, Batch normalization (there the population's variance is corrected by n / (n - 1)).

    >>> import pytensor.tensor as pt
    >>> normalization = BatchNormalization(3)
    >>> normalization(pt.matrix("x", dtype="float32"))
    batch_normalization.output
    >>> list(normalization.parameters), list(normalization.buffers)
    (['scale', 'shift'], ['population_mean', 'population_variance'])
    """

    def __init__(self, dim: int, momentum: float = 0.9, epsilon: float = 1e-5, **settings):
        super().__init__(**settings)
        self.input_dim = self.output_dim = dim = check_dim(self, "dim", dim)
        if not (isinstance(momentum, int | float) and 0 <= momentum < 1):
            raise UsageError(f"{self.path}: momentum must be at least 0 and below 1, got {momentum!r}")
        if not (isinstance(epsilon, int | float) and epsilon > 0):
            raise UsageError(f"{self.path}: epsilon must be above 0, got {epsilon!r}")
        self.momentum, self.epsilon = momentum, epsilon
        self.scale = self.add_parameter("scale", (dim,), role=SCALE, init=Constant(1))
        self.shift = self.add_parameter("shift", (dim,), role=SHIFT, init=Constant(0))
        self.population_mean = self.add_buffer("population_mean", (dim,), POPULATION_MEAN)
        self.population_variance = self.add_buffer("population_variance", (dim,), POPULATION_VARIANCE, Constant(1))

    def apply(self, input_):
        """(batch, ..., dim) to the same."""
        check_float(self, input_, self.scale.type.dtype)
        check_ndim(self, input_, 2, "(batch, ..., dim)", at_least=True)
        check_columns(self, input_, self.input_dim, "dim")
        mean = self._statistic(self.population_mean, _mean, input_, "mean")
        variance = self._statistic(self.population_variance, _variance, input_, "variance")
        return (input_ - mean) / pt.sqrt(variance + self._number(self.epsilon)) * self.scale + self.shift

    def _statistic(self, population, of_batch, input_, name: str):
        def follow(x):
            batch = of_batch(x)
            rest = self._number(1 - self.momentum)
            return batch, {population: self._number(self.momentum) * population + rest * batch}

        return self.tag(in_training(population, follow, [input_], BATCH_STATISTIC), name, BATCH_STATISTIC)

    def _number(self, value: float):
        return pt.constant(value, dtype=self.scale.type.dtype)


def _mean(x):
    return pt.mean(x, axis=tuple(range(x.type.ndim - 1)))


def _variance(x):
    return _mean(pt.sqr(x - _mean(x)))
