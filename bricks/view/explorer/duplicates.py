"""Rows that are equal bit for bit, within a set and between sets, told by their hashes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bricks.view.explorer.hashing import Hashes

MOST_SHOWN = 12


@dataclass
class Duplicates:
    """Equal rows of a file, as far as they were read.

    Parameters
    ----------
    within : dict of str to int
        Of each set, how many rows are equal to an earlier row of it.
    between : dict of (str, str) to int
        Of two sets, how many rows of the first are also in the second.
    conflicts : int
        Different rows that come with more than one target.
    groups : list of list of (str, int)
        Some groups of equal rows: set and number in it.
    part : float
        Of all hashes, those that were looked at: counts are of so many rows only.
    """

    within: dict[str, int]
    between: dict[tuple[str, str], int]
    conflicts: int
    groups: list[list[tuple[str, int]]]
    part: float


def duplicates_of(hashes: Hashes, names: Sequence[str], with_targets: bool = True) -> Duplicates:
    """Equal rows of these sets.

    Parameters
    ----------
    hashes : Hashes
    names : list of str
        Of sets; rows of the later ones are looked for in the earlier ones.
    with_targets : bool
        Whether the rows have targets, which then should be equal too.

    Examples
    --------
    >>> hashes = Hashes()
    >>> for name, rows in {"train": [7, 7, 8], "test": [8, 9]}.items():
    ...     hashes.add(name, np.arange(len(rows)), np.array(rows, np.uint64))
    >>> found = duplicates_of(hashes, ["train", "test"])
    >>> found.within, found.between
    ({'train': 1, 'test': 0}, {('test', 'train'): 1})
    """
    rows = {name: hashes.of(name) for name in names}
    different = {name: np.unique(rows[name][1]) for name in names}
    within = {name: len(rows[name][1]) - len(different[name]) for name in names}
    between = {}
    for k, later in enumerate(names):
        for earlier in names[:k]:
            between[later, earlier] = int(np.isin(rows[later][1], different[earlier]).sum())
    return Duplicates(within, between, _conflicts(rows) if with_targets else 0, _groups(rows), hashes.part)


def _conflicts(rows: Mapping[str, tuple[np.ndarray, ...]]) -> int:
    """How many different rows come with more than one target."""
    hashes, labels = (np.concatenate([columns[k] for columns in rows.values()]) for k in (1, 2))
    order = np.lexsort((labels, hashes))
    hashes, labels = hashes[order], labels[order]
    other = (hashes[1:] == hashes[:-1]) & (labels[1:] != labels[:-1])
    return len(np.unique(hashes[1:][other]))


def _groups(rows: Mapping[str, tuple[np.ndarray, ...]]) -> list[list[tuple[str, int]]]:
    """Some groups of equal rows, those of more than one set first, then the largest."""
    names = list(rows)
    hashes = np.concatenate([rows[name][1] for name in names])
    numbers = np.concatenate([rows[name][0] for name in names])
    sets = np.repeat(np.arange(len(names)), [len(rows[name][1]) for name in names])
    found, counts = np.unique(hashes, return_counts=True)
    found = found[counts > 1]
    (where,) = np.nonzero(np.isin(hashes, found))
    where = where[np.lexsort((numbers[where], sets[where], hashes[where]))]
    starts = np.flatnonzero(np.diff(hashes[where], prepend=hashes[where][:1] ^ np.uint64(1)))
    stops = np.append(starts, len(where))[1:]
    mixed = sets[where[starts]] != sets[where[stops - 1]]
    order = np.lexsort((numbers[where[starts]], starts - stops, ~mixed))[:MOST_SHOWN]
    groups = [where[starts[k] : stops[k]] for k in order]
    return [[(names[sets[k]], int(numbers[k])) for k in group[:MOST_SHOWN]] for group in groups]
