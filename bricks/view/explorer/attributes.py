"""Attributes of a table: columns of numbers, and words that a converter has made a column each of; what they tell.

The information that an attribute has about the target is that of the histogram that one would draw of it:

    I = sum_bc p(b, c) log2 (p(b, c) / (p(b) p(c))),   less its bias, (B - 1)(C - 1) / (2 n ln 2), and at least 0

with B bins of equally many examples, missing values being a bin of their own. Miller, "Note on the bias of information
estimates", 1955.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

BINS = 12

AT_ONCE = 1 << 22  # numbers that are sorted at a time


@dataclass
class Attribute:
    """One attribute: a column of X, or several that stand for words.

    Parameters
    ----------
    name : str
    columns : list of int
        Of X.
    words : list of str or None
        What the columns stand for, 1 where an example has the word; None of a number.
    """

    name: str
    columns: list[int]
    words: list[str] | None = None

    def values(self, X: np.ndarray) -> np.ndarray:
        """Of each example: its number; or the number of its word, NaN where it has none."""
        if self.words is None:
            return X[:, self.columns[0]]
        part = X[:, self.columns]
        return np.where(np.nan_to_num(part).any(axis=1), part.argmax(axis=1), np.nan)


def attributes_of(X: np.ndarray, columns: Sequence[str]) -> list[Attribute]:
    """The attributes that the columns of a table are: neighbours `a=x`, `a=y` of zeros and ones are one.

    >>> X = np.array([[1.5, 1, 0], [2.5, 0, 1]])
    >>> [(a.name, a.words) for a in attributes_of(X, ["size", "colour=red", "colour=blue"])]
    [('size', None), ('colour', ['red', 'blue'])]
    """
    found = []
    for name, group in groupby(range(len(columns)), key=lambda k: columns[k].partition("=")[0] or columns[k]):
        places = list(group)
        named = all("=" in columns[place] for place in places)
        part = np.nan_to_num(X[:, places]) if named else None
        if named and np.isin(part, (0, 1)).all() and (part.sum(axis=1) <= 1).all():
            found.append(Attribute(name, places, [columns[place].partition("=")[2] for place in places]))
        else:
            found += [Attribute(columns[place], [place]) for place in places]
    return found


def information(X: np.ndarray, codes: np.ndarray, bins: int = BINS) -> np.ndarray:
    """What each column tells of the classes, in bits.

    Parameters
    ----------
    X : np.ndarray
        (examples, columns); NaN is missing.
    codes : np.ndarray
        Each example's class, from 0 on.
    bins : int
        At most; each different value is one where there are no more.

    Examples
    --------
    >>> codes = np.arange(1000) % 2
    >>> X = np.stack([codes * 2.0, np.arange(1000) // 500], axis=1)
    >>> information(X, codes).round(2).tolist()
    [1.0, 0.0]
    """
    classes = int(codes.max(initial=0)) + 1
    step = max(1, AT_ONCE // max(1, len(X)))
    parts = [_information(X[:, start : start + step], codes, classes, bins) for start in range(0, X.shape[1], step)]
    return np.concatenate(parts) if parts else np.zeros(0)


def binned(numbers: np.ndarray, bins: int = BINS) -> np.ndarray:
    """Numbers as classes: bins of about equally many.

    >>> binned(np.array([1.0, 5.0, 2.0, 9.0]), bins=2).tolist()
    [0, 1, 0, 1]
    """
    return _codes(numbers[:, None].astype(np.float64), bins)[:, 0]


def _information(X: np.ndarray, codes: np.ndarray, classes: int, bins: int) -> np.ndarray:
    n, width = X.shape
    placed = _codes(X, bins)
    joint = np.zeros((width, bins + 1, classes))
    columns = np.arange(width)
    flat = (columns * (bins + 1) + placed) * classes + codes[:, None]
    joint += np.bincount(flat.reshape(-1), minlength=joint.size).reshape(joint.shape)
    joint /= max(n, 1)
    both = joint.sum(axis=2, keepdims=True) * joint.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        bits = np.where(joint > 0, joint * np.log2(joint / both), 0).sum(axis=(1, 2))
    used = (joint.sum(axis=2) > 0).sum(axis=1), (joint.sum(axis=1) > 0).sum(axis=1)
    bias = (used[0] - 1) * (used[1] - 1) / (2 * max(n, 1) * np.log(2))
    return np.maximum(bits - bias, 0)


def _codes(X: np.ndarray, bins: int) -> np.ndarray:
    """The bin of each value in its column, from 0; that of missing ones is `bins`."""
    ordered = np.sort(X, axis=0)  # NaN comes last
    there = np.isfinite(ordered).sum(axis=0)
    places = np.zeros(X.shape, np.int64)
    for k in range(1, bins):
        # A bin begins at a value: equal ones are never parted.
        edge = ordered[np.clip(k * there // bins, 0, len(X) - 1), np.arange(X.shape[1])]
        places += X >= edge
    different = 1 + (np.diff(ordered, axis=0) > 0).sum(axis=0)
    for column in np.flatnonzero((different <= bins) & (there > 0)):
        places[:, column] = np.searchsorted(np.unique(ordered[: there[column], column]), X[:, column])
    places[~np.isfinite(X)] = bins
    return places
