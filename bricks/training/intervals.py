"""How sure one can be of a mean over a few runs."""

import math
from collections.abc import Sequence

import numpy as np

from bricks.errors import UsageError


def mean_interval(values: Sequence[float], level: float = 0.95) -> tuple[float, float | None]:
    """The mean of a few values, and half of the interval around it that covers the true mean at this level.

        mean +- t sqrt(sum (x - mean)^2 / (n - 1)) / sqrt(n),   t the quantile (1 + level) / 2 of n - 1 degrees

    Student, "The probable error of a mean", 1908: for independent values of one normal distribution. Runs of several
    seeds are about that. Folds share training examples, so that theirs is too narrow (Bengio and Grandvalet, "No
    unbiased estimator of the variance of k-fold cross-validation", 2004).

    Parameters
    ----------
    values : sequence of float
        At least one.
    level : float
        Between 0 and 1.

    Returns
    -------
    mean : float
    half : float or None
        None for one value, which says nothing of how much others would differ.

    Raises
    ------
    UsageError
        If there is no value, or no such level.

    Examples
    --------
    >>> mean, half = mean_interval([1.11, 1.30, 1.31])
    >>> round(mean, 3), round(half, 3)
    (1.24, 0.28)
    >>> mean_interval([3.0])
    (3.0, None)
    """
    from scipy.special import stdtrit

    if not len(values) or not 0 < level < 1:
        raise UsageError(f"mean_interval: needs a value, and a level between 0 and 1, got {values!r} and {level!r}")
    numbers = np.asarray(values, "float64")
    n, mean = len(numbers), float(numbers.mean())
    if n == 1:
        return mean, None
    return mean, float(stdtrit(n - 1, (1 + level) / 2) * numbers.std(ddof=1) / math.sqrt(n))
