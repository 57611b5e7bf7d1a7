"""First values of parameters: `init(rng, shape, dtype)` draws an array.

Every initialiser draws in float64 and casts, so that float32 and float64 models start alike. The fans of a
matrix of shape (in, out) are its rows (fan-in: what a unit receives) and its columns (fan-out).
"""

import math
from abc import ABC, abstractmethod

import numpy as np

from bricks.errors import ShapeError, UsageError

DISTRIBUTIONS = ("uniform", "normal")


class Initializer(ABC):
    """Draws first values; a subclass says how in `draw`."""

    def __call__(self, rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray:
        """An array of `shape` and `dtype`, drawn with `rng`."""
        shape = tuple(int(n) for n in shape)
        values = np.asarray(self.draw(rng, shape))
        if values.shape != shape:
            raise ShapeError(f"{self!r}: must draw values of shape {shape}, got {values.shape}")
        return values.astype(dtype)

    @abstractmethod
    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        """Values of `shape`, float64."""

    def whose(self, path: str) -> str:
        """The path of the parameter whose random numbers are drawn: `path` itself, unless two belong together."""
        return path

    def __repr__(self):
        settings = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__name__}({settings})"


class Constant(Initializer):
    """The same value everywhere, or an array that broadcasts to the shape.

    >>> Constant(0.5)(np.random.default_rng(0), (2,), "float32")
    array([0.5, 0.5], dtype=float32)
    """

    def __init__(self, value):
        self.value = value

    def draw(self, rng, shape):
        value = np.asarray(self.value, dtype="float64")
        try:
            return np.broadcast_to(value, shape)
        except ValueError:
            raise ShapeError(
                f"Constant: a value of shape {value.shape} does not fit a parameter of shape {shape}"
            ) from None


class Gaussian(Initializer):
    """Independent draws from N(mean, std^2).

    >>> Gaussian(0.1)(np.random.default_rng(0), (3, 4), "float32").shape
    (3, 4)
    """

    def __init__(self, std: float = 1.0, mean: float = 0.0):
        self.std = _not_negative("Gaussian", "std", std)
        self.mean = mean

    def draw(self, rng, shape):
        return rng.normal(self.mean, self.std, shape)


class Uniform(Initializer):
    """Independent draws from U(mean - width/2, mean + width/2).

    Parameters
    ----------
    width : float, optional
        Length of the interval.
    std : float, optional
        Standard deviation instead of the width; width = sqrt(12) * std.
    mean : float
        Middle of the interval.

    >>> values = Uniform(width=0.2)(np.random.default_rng(0), (1000,), "float64")
    >>> bool(abs(values).max() <= 0.1)
    True
    """

    def __init__(self, width: float | None = None, std: float | None = None, mean: float = 0.0):
        if (width is None) == (std is None):
            raise UsageError(f"Uniform: give either width or std, got width={width}, std={std}")
        self.width = (
            _not_negative("Uniform", "width", width)
            if std is None
            else math.sqrt(12) * _not_negative("Uniform", "std", std)
        )
        self.mean = mean

    def draw(self, rng, shape):
        return rng.uniform(self.mean - self.width / 2, self.mean + self.width / 2, shape)


class Orthogonal(Initializer):
    """A random matrix with orthonormal rows or columns, whichever are fewer, times `scale`.

    Uniform (Haar) over such matrices: Q of a Gaussian matrix, its columns' signs set by R's diagonal.

    References
    ----------
    Saxe, McClelland & Ganguli 2013, Exact solutions to the nonlinear dynamics of learning in deep linear
    neural networks; Mezzadri 2006, How to generate random matrices from the classical compact groups.

    >>> Q = Orthogonal()(np.random.default_rng(0), (3, 5), "float64")
    >>> np.allclose(Q @ Q.T, np.eye(3))
    True
    """

    def __init__(self, scale: float = 1.0):
        self.scale = scale

    def draw(self, rng, shape):
        rows, columns = _matrix(self, shape)
        q, r = np.linalg.qr(rng.normal(size=(max(rows, columns), min(rows, columns))))
        q = q * np.where(np.diag(r) < 0, -1.0, 1.0)
        return self.scale * (q if rows >= columns else q.T)


class Identity(Initializer):
    """Ones on the diagonal of a matrix, times `scale`; zeros elsewhere.

    >>> Identity(2.0)(np.random.default_rng(0), (2, 3), "float32")
    array([[2., 0., 0.],
           [0., 2., 0.]], dtype=float32)
    """

    def __init__(self, scale: float = 1.0):
        self.scale = scale

    def draw(self, rng, shape):
        return self.scale * np.eye(*_matrix(self, shape))


class Sparse(Initializer):
    """Only some of the weights that come into each unit are drawn; the others are `elsewhere`, mostly 0.

    In a matrix (in, out) these are `num_init` rows of each column, others for each, drawn by the same generator.

    Parameters
    ----------
    num_init : int or float
        How many weights come into a unit, or as a float, from above 0 to 1, which part of them all (at least one).
    weights_init : Initializer, optional
        Of these; by default `Gaussian()`, as in the paper. What scales with the fans, such as `Glorot`, sees the whole
        matrix.
    elsewhere : Initializer, optional
        Of the others; by default zeros.

    References
    ----------
    Martens 2010, Deep learning via Hessian-free optimization, section 5 (with 15 weights a unit).

    >>> W = Sparse(2)(np.random.default_rng(0), (10, 3), "float32")
    >>> (W != 0).sum(axis=0)
    array([2, 2, 2])
    """

    def __init__(
        self,
        num_init: int | float,
        weights_init: Initializer | None = None,
        elsewhere: Initializer | None = None,
    ):
        whole = isinstance(num_init, int | np.integer) and not isinstance(num_init, bool)
        if not (num_init >= 1 if whole else isinstance(num_init, float) and 0 < num_init <= 1):
            raise UsageError(
                f"Sparse: num_init must be an integer of at least 1, or a float above 0 and at most 1, got {num_init!r}"
            )
        self.num_init = num_init
        self.weights_init = weights_init or Gaussian()
        self.elsewhere = elsewhere or Constant(0)

    def draw(self, rng, shape):
        rows, _ = _matrix(self, shape)
        count = max(1, round(self.num_init * rows)) if isinstance(self.num_init, float) else self.num_init
        if count > rows:
            raise ShapeError(f"Sparse: num_init must be at most the {rows} weights of a unit in {shape}, got {count}")
        places = np.broadcast_to(np.arange(rows)[:, None], shape)
        chosen = rng.permuted(places, axis=0) < count
        return np.where(chosen, self.weights_init.draw(rng, shape), self.elsewhere.draw(rng, shape))


class Chrono(Initializer):
    """Biases of gates that remember for 1 to `longest` steps, the number of steps uniform over cells.

        b_f = log u,   u ~ U(1, longest - 1),   and b_i = -b_f with the same u

    Parameters
    ----------
    longest : float
        T_max: the longest time that something must be remembered, in steps.
    minus : str, optional
        The bias, beside this one's gate, that this is the negative of: `forget_gate/b` for an input gate.

    References
    ----------
    Tallec & Ollivier 2018, Can recurrent neural networks warp time?

    >>> b = Chrono(100)(np.random.default_rng(0), (1000,), "float64")
    >>> bool(0 <= b.min()) and bool(b.max() <= np.log(99))
    True
    """

    def __init__(self, longest: float, minus: str | None = None):
        if not (isinstance(longest, int | float) and 2 < longest < math.inf):
            raise UsageError(f"Chrono: longest must be a number of steps above 2, got {longest!r}")
        self.longest, self.minus = longest, minus

    def whose(self, path):
        if self.minus is None:
            return path
        return "/".join([*path.split("/")[:-2], self.minus])

    def draw(self, rng, shape):
        b = np.log(rng.uniform(1, self.longest - 1, shape))
        return b if self.minus is None else -b


class _ScaledVariance(Initializer):
    """Mean 0, variance gain**2 * numerator / fan."""

    def __init__(self, distribution: str = "uniform", gain: float = 1.0):
        if distribution not in DISTRIBUTIONS:
            raise UsageError(
                f"{type(self).__name__}: distribution must be one of {', '.join(DISTRIBUTIONS)}, got {distribution!r}"
            )
        self.distribution = distribution
        self.gain = _not_negative(type(self).__name__, "gain", gain)

    @abstractmethod
    def variance(self, fan_in: int, fan_out: int) -> float:
        """Of one value, at gain 1."""

    def draw(self, rng, shape):
        std = self.gain * math.sqrt(self.variance(*_matrix(self, shape)))
        if self.distribution == "normal":
            return rng.normal(0.0, std, shape)
        return rng.uniform(-math.sqrt(3) * std, math.sqrt(3) * std, shape)


class Glorot(_ScaledVariance):
    """Variance gain^2 * 2 / (fan_in + fan_out): for units that are linear near 0, such as tanh.

    Uniform: from -b to b with b = gain * sqrt(6 / (fan_in + fan_out)).

    Parameters
    ----------
    distribution : {"uniform", "normal"}
    gain : float

    References
    ----------
    Glorot & Bengio 2010, Understanding the difficulty of training deep feedforward neural networks, eq. 16.

    >>> Glorot()
    Glorot(distribution='uniform', gain=1.0)
    """

    def variance(self, fan_in, fan_out):
        return 2 / (fan_in + fan_out)


class He(_ScaledVariance):
    """Variance gain^2 * 2 / fan_in: for rectifiers, which pass half of the variance.

    Uniform: from -b to b with b = gain * sqrt(6 / fan_in).

    Parameters
    ----------
    distribution : {"uniform", "normal"}
    gain : float

    References
    ----------
    He, Zhang, Ren & Sun 2015, Delving deep into rectifiers, eq. 10.
    """

    def variance(self, fan_in, fan_out):
        return 2 / fan_in


class LeCun(_ScaledVariance):
    """Variance gain^2 * 1 / fan_in: inputs of variance 1 give sums of variance 1.

    Uniform: from -b to b with b = gain * sqrt(3 / fan_in).

    Parameters
    ----------
    distribution : {"uniform", "normal"}
    gain : float

    References
    ----------
    LeCun, Bottou, Orr & Mueller 1998, Efficient BackProp, section 4.6.
    """

    def variance(self, fan_in, fan_out):
        return 1 / fan_in


def _matrix(initializer: Initializer, shape: tuple[int, ...]) -> tuple[int, int]:
    if len(shape) != 2:
        raise ShapeError(
            f"{type(initializer).__name__}: is for matrices (in, out), got a parameter of shape {shape}; "
            "give that one an initialiser of its own, such as Gaussian or Constant"
        )
    return shape


def _not_negative(who: str, what: str, value: float) -> float:
    if not (isinstance(value, int | float | np.number) and 0 <= value < math.inf):
        raise UsageError(f"{who}: {what} must be a number of at least 0, got {value!r}")
    return value
