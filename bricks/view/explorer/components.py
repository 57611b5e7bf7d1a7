"""Principal components of a sample: exact, by the smaller of the covariance and the products of examples."""

from dataclasses import dataclass

import numpy as np

from bricks.view.explorer.running import Running

MOST = 50
"""Components that are kept."""

MOST_WIDE = 2500
"""Examples from which the components come, where there are more columns than that: they are then no more."""


@dataclass
class Scale:
    """How columns are made comparable: (x - mean) / deviation, missing values being the mean.

    Parameters
    ----------
    mean, deviation : np.ndarray
        Of each column; the deviation is one number for all pixels of images.
    """

    mean: np.ndarray
    deviation: np.ndarray

    def apply(self, X: np.ndarray) -> np.ndarray:
        """X in this scale, as float32; 0 where it is missing."""
        scaled = np.subtract(X, self.mean.astype(X.dtype, copy=False))
        scaled /= self.deviation
        scaled = scaled.astype(np.float32, copy=False)
        if not np.isfinite(scaled).all():
            np.nan_to_num(scaled, copy=False, nan=0.0)
        return scaled


@dataclass
class Components:
    """Directions of largest variance.

    Parameters
    ----------
    directions : np.ndarray
        (components, columns), orthonormal.
    share : np.ndarray
        Of each component, its part of the whole variance.
    scores : np.ndarray
        (examples, components).
    examples : int
        From how many the directions come.
    """

    directions: np.ndarray
    share: np.ndarray
    scores: np.ndarray
    examples: int


def scale_of(X: np.ndarray, alike: bool) -> Scale:
    """The scale of a sample.

    Parameters
    ----------
    X : np.ndarray
        NaN is missing; a column of nothing else has mean 0.
    alike : bool
        Whether all columns are measured alike, as pixels are: then one deviation is for all of them.

    Examples
    --------
    >>> scale_of(np.array([[1.0, np.nan], [3.0, 4.0]]), alike=False).apply(np.array([[1.0, np.nan]])).tolist()
    [[-1.0, 0.0]]
    """
    running = Running(X.shape[1])
    running.add(X)
    mean, variance = running.mean, running.deviation**2
    if alike:
        variance = variance.mean(keepdims=True)
    deviation = np.sqrt(variance)
    # What is constant but for rounding stays as it is.
    rounding = 8 * np.finfo(X.dtype).eps * np.abs(mean.mean() if alike else mean)
    return Scale(mean, np.where(deviation > rounding, deviation, 1).astype(X.dtype))


def components_of(Z: np.ndarray, most: int = MOST) -> Components:
    """The first components of centred data.

    >>> Z = np.array([[3.0, 0.0], [-3.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    >>> found = components_of(Z)
    >>> np.abs(found.directions).round(3).tolist(), found.share.round(3).tolist()
    ([[1.0, 0.0], [0.0, 1.0]], [0.9, 0.1])
    """
    from scipy.linalg import eigh

    used = Z
    if Z.shape[1] > MOST_WIDE and len(Z) > MOST_WIDE:
        used = Z[np.linspace(0, len(Z) - 1, MOST_WIDE).round().astype(int)]
    n, width = used.shape
    wide = width > n
    products = (used @ used.T if wide else used.T @ used).astype(np.float64)
    size, total = len(products), float(np.trace(products))
    count = min(most, size)
    if total <= 0:
        return Components(np.zeros((0, width)), np.zeros(0), np.zeros((len(Z), 0), np.float32), n)
    values, vectors = eigh(products, subset_by_index=(size - count, size - 1))
    values, vectors = values[::-1], vectors[:, ::-1]
    real = values > 1e-9 * total
    values, vectors = values[real], vectors[:, real]
    directions = (vectors.T @ used) / np.sqrt(values)[:, None] if wide else vectors.T
    directions *= np.sign(directions[np.arange(len(directions)), np.abs(directions).argmax(axis=1)])[:, None]
    directions = directions.astype(np.float32)
    return Components(directions, values / total, Z @ directions.T, n)
