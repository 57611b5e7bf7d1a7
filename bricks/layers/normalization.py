"""Normalisation: of a batch, whose statistics differ between training and inference; of a layer, which needs none."""

import pytensor.tensor as pt

from bricks.brick import Brick
from bricks.errors import UsageError
from bricks.graph import in_training
from bricks.initialization import Constant
from bricks.layers.checks import check_columns, check_dim, check_float, check_ndim, check_positive, check_probability
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
        self.momentum = check_probability(self, "momentum", momentum)
        self.epsilon = check_positive(self, "epsilon", epsilon)
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


class LayerNormalization(Brick):
    """Normalises each example, then scales and shifts each column.

        y = (x - m) / sqrt(v + epsilon) * scale + shift

    with m and v the mean and the biased variance of one example's last axis, in training as at inference.

    Parameters
    ----------
    dim : int
        Length of the last axis, at least 2.
    epsilon : float
        Added to the variance, so that a constant example does not divide by zero.
    **settings
        Of `Brick`.

    Attributes
    ----------
    scale, shift : shared variables, (dim,)
        SCALE and SHIFT; ones and zeros at first.

    References
    ----------
    Ba, Kiros & Hinton 2016, Layer normalization. (Gated units have it inside: `layer_normalization=`.)

    >>> import pytensor.tensor as pt
    >>> normalization = LayerNormalization(3)
    >>> normalization(pt.tensor3("x", dtype="float32"))
    layer_normalization.output
    """

    def __init__(self, dim: int, epsilon: float = 1e-5, **settings):
        super().__init__(**settings)
        self.input_dim = self.output_dim = dim = check_dim(self, "dim", dim)
        if dim < 2:
            raise UsageError(f"{self.path}: dim must be at least 2, got 1: a single value minus its mean is always 0")
        self.epsilon = check_positive(self, "epsilon", epsilon)
        self.scale = self.add_parameter("scale", (dim,), role=SCALE, init=Constant(1))
        self.shift = self.add_parameter("shift", (dim,), role=SHIFT, init=Constant(0))

    def apply(self, input_):
        """(..., dim) to the same."""
        check_float(self, input_, self.scale.type.dtype)
        check_ndim(self, input_, 1, "(..., dim)", at_least=True)
        check_columns(self, input_, self.input_dim, "dim")
        return standardized(input_, pt.constant(self.epsilon, dtype=self.scale.type.dtype)) * self.scale + self.shift


def standardized(value, epsilon):
    """(a - mean) / sqrt(variance + epsilon), over the last axis (Ba, Kiros & Hinton 2016)."""
    centred = value - value.mean(axis=-1, keepdims=True)
    return centred / pt.sqrt((centred**2).mean(axis=-1, keepdims=True) + epsilon)
