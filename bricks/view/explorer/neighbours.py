"""Nearest neighbours within a sample: what is alone, what is nearly the same, which classes lie beside each other.

Candidates come from the first principal components; among them distances are those of all columns.
"""

from dataclasses import dataclass

import numpy as np

CANDIDATES = 8
"""In the space of components; their order is decided by all columns."""

RANK = 5
"""An example is as far out as its neighbour of this rank is away: a few outliers that lie together are outliers."""

BLOCK = 512


@dataclass
class Neighbours:
    """The neighbours of some examples among others.

    Parameters
    ----------
    places : np.ndarray
        (examples, candidates), the nearest first: row numbers of the others.
    distances : np.ndarray
        Of the same shape.
    """

    places: np.ndarray
    distances: np.ndarray

    @property
    def nearest(self) -> np.ndarray:
        """Of each example, the distance to the nearest of the others."""
        return self.distances[:, 0]

    @property
    def remoteness(self) -> np.ndarray:
        """Of each example, the distance to its neighbour of rank `RANK`, or to the last one that there is."""
        return self.distances[:, min(RANK, self.distances.shape[1]) - 1]


def neighbours(
    Z: np.ndarray, scores: np.ndarray, others: tuple[np.ndarray, np.ndarray] | None = None, candidates: int = CANDIDATES
) -> Neighbours | None:
    """The nearest of `others`, or of the examples themselves, each without itself.

    Parameters
    ----------
    Z : np.ndarray
        (examples, columns), in one scale.
    scores : np.ndarray
        Their first principal components.
    others : (Z, scores), optional
    candidates : int
        Neighbours that are looked for.

    Returns
    -------
    Neighbours or None
        None where there is no other example.

    Examples
    --------
    >>> Z = np.array([[0.0], [1.0], [1.5], [9.0]])
    >>> found = neighbours(Z, Z)
    >>> found.places[:, 0].tolist(), found.nearest.tolist()
    ([1, 2, 1, 2], [1.0, 0.5, 0.5, 7.5])
    """
    alone = others is None
    other_Z, other_scores = (Z, scores) if others is None else others
    count = min(candidates, len(other_Z) - alone)
    if count < 1 or not len(Z):
        return None
    lengths = np.einsum("ij,ij->i", other_scores, other_scores)
    places = np.empty((len(Z), count), np.int64)
    distances = np.empty((len(Z), count), np.float32)
    for start in range(0, len(Z), BLOCK):
        rows = np.arange(start, min(start + BLOCK, len(Z)))
        near = lengths - 2 * scores[rows] @ other_scores.T
        if alone:
            near[rows - start, rows] = np.inf
        found = np.argpartition(near, count - 1, axis=1)[:, :count]
        exact = np.stack([_distance(Z[rows], other_Z[found[:, k]]) for k in range(count)], axis=1)
        order = np.argsort(exact, axis=1, kind="stable")
        places[rows] = np.take_along_axis(found, order, axis=1)
        distances[rows] = np.take_along_axis(exact, order, axis=1)
    return Neighbours(places, distances)


def pairs(
    found: Neighbours, most: int, keep: np.ndarray | None = None, apart: bool = False
) -> list[tuple[int, int, float]]:
    """The nearest pairs (example, other, distance), no example twice, none at distance 0.

    Parameters
    ----------
    found : Neighbours
    most : int
    keep : np.ndarray, optional
        Bool, of the shape of `found.places`: which pairs count.
    apart : bool
        Whether the others are other examples than these, so that equal numbers mean nothing.
    """
    distances = np.where(found.distances > 0, found.distances, np.inf)
    if keep is not None:
        distances = np.where(keep, distances, np.inf)
    best = distances.argmin(axis=1)
    least = distances[np.arange(len(best)), best]
    rows_taken: set[int] = set()
    others_taken: set[int] = set() if apart else rows_taken
    pairs = []
    for row in np.argsort(least, kind="stable"):
        if len(pairs) == most or not np.isfinite(least[row]):
            break
        other = int(found.places[row, best[row]])
        if other not in others_taken and int(row) not in rows_taken:
            rows_taken.add(int(row))
            others_taken.add(other)
            pairs.append((int(row), other, float(least[row])))
    return pairs


def _distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    difference = a - b
    return np.sqrt(np.einsum("ij,ij->i", difference, difference))
