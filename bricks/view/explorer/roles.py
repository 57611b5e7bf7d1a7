"""Which source is what: the features, and their kind; the target, and whether it's classes or numbers."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bricks.data.contracts import Dataset, Source
from bricks.errors import UsageError, nearest
from bricks.view.explorer.running import Counts

TARGETS = ("targets", "target", "labels", "label", "class", "classes", "fine_labels", "coarse_labels", "y")
"""What the source of targets is called where nobody says it, the likeliest first; in any letters."""

FEATURES = ("features", "image_features", "images", "inputs", "data", "x")

MASK = "_mask"
"""At the end of the name of a source that says which values of another one are there."""

MOST_CLASSES = 100
"""Whole numbers from 0 or 1 on are classes as long as there are no more; 10 where they have gaps."""

MOST_GAPPED = 10

FEWEST_EACH = 3
"""Examples that a class must have on average, for whole numbers to be classes."""

SETS = ("train", "all")
"""The set that is explored where nobody says it, the likeliest first; else the first that isn't for testing."""


@dataclass(frozen=True)
class Roles:
    """What the sources of a set are for.

    Parameters
    ----------
    features : str
    kind : str
        "table", "images", "sequences" or "tokens".
    target : str or None
        A source; None where there is none, or where it is a column of the features.
    columns : tuple of str
        Further sources that are columns beside the features of a table.
    place : int, optional
        Which column of the features is the target.
    """

    features: str
    kind: str
    target: str | None
    columns: tuple[str, ...] = ()
    place: int | None = None


def roles_of(
    sources: Mapping[str, Source],
    target: str | None = None,
    image: tuple[int, ...] | None = None,
    titles: Mapping[str, Sequence[str]] | None = None,
) -> Roles:
    """The roles of a set's sources.

    Parameters
    ----------
    sources : mapping of str to Source
    target : str, optional
        The source of the targets, or a column.
    image : tuple of int, optional
        Height, width and perhaps channels that the features are shown as.
    titles : mapping of str to list of str, optional
        From sources to what their columns are called.

    Raises
    ------
    UsageError
        There is no such source, or none is left for features; the features are no such images.

    Examples
    --------
    >>> sources = {
    ...     "pixels": Source(np.dtype("uint8"), (28, 28), ("batch", "height", "width")),
    ...     "label": Source(np.dtype("uint8"), (), ("batch",)),
    ... }
    >>> roles_of(sources)
    Roles(features='pixels', kind='images', target='label', columns=(), place=None)
    """
    columns = {title: (name, k) for name in sources for k, title in enumerate((titles or {}).get(name, ()))}
    if target in columns and target not in sources and kind_of(sources[columns[target][0]]) == "table":
        name, place = columns[target]
        return Roles(name, "table", None, (), place)
    if target is not None and target not in sources:
        raise UsageError(f"--target: there is no source or column {target!r}; {nearest(target, {*sources, *columns})}")
    if target is None:
        target = _named(TARGETS, sources)
    left = {
        name: source
        for name, source in sources.items()
        if name != target and source.dtype.kind in "biuf" and not _is_mask(name, sources)
    }
    if not left:
        raise UsageError(f"no features: of the sources {', '.join(sources)} none besides the target holds numbers")
    named = _named(FEATURES, left)
    features = named if named is not None else max(left, key=lambda name: (left[name].ragged, _size(left[name])))
    if image is not None:
        if _size(left[features]) != math.prod(image) or left[features].ragged:
            shape = " x ".join(map(str, image))
            raise UsageError(f"--image: an example of {features!r} has {left[features].shape} numbers, not {shape}")
        return Roles(features, "images", target)
    kind = kind_of(left[features])
    flat = [name for name in left if name not in (features, target) and kind_of(left[name]) == "table"]
    # Labels of other kinds are no features: an example must not be told by what it is called.
    columns = tuple(name for name in flat if name.lower() not in TARGETS) if kind == "table" else ()
    return Roles(features, kind, target, columns)


def kind_of(source: Source) -> str:
    """What kind of data a source is, by its shape, axes and dtype.

    >>> kind_of(Source(np.dtype("int64"), (None,), ("batch", "time"), ragged=True))
    'tokens'
    >>> kind_of(Source(np.dtype("float32"), (20, 3), ("batch", "time", "feature")))
    'sequences'
    """
    labels, shape = set(source.axes), source.shape
    if {"height", "width"} <= labels:
        return "images"
    if source.ragged or "time" in labels:
        return "tokens" if source.dtype.kind in "iu" and len(shape) == 1 else "sequences"
    if len(shape) == 2 and min(shape) >= 5:
        return "images"
    if len(shape) == 3 and (shape[0] <= 4 or shape[2] <= 4) and min(sorted(shape)[1:]) >= 5:
        return "images"
    return "table"


def main_set(sets: Mapping[str, Dataset], wanted: str | None = None) -> str:
    """The set that is explored.

    >>> main_set({"test": None, "train": None})
    'train'
    """
    if wanted is not None:
        if wanted not in sets:
            raise UsageError(f"--which-set: there is no set {wanted!r}; {nearest(wanted, sets)}")
        return wanted
    known = [name for name in SETS if name in sets] or [name for name in sets if "test" not in name.lower()]
    return next(iter(known), next(iter(sets)))


def is_classes(counts: Iterable[Counts], dtype: np.dtype, named: bool, task: str | None = None) -> bool:
    """Whether a target is classes: words, or few whole numbers without gaps; or what was asked for.

    >>> few = Counts()
    >>> few.add(np.array([0, 1, 2, 2, 1, 0, 0, 1, 2]))
    >>> is_classes([few], np.dtype("int64"), named=False)
    True
    """
    if task is not None:
        return task == "classes"
    if named or dtype.kind in "Sb":
        return True
    found: set[float] = set()
    total = 0
    for each in counts:
        if each.of is None:
            return False
        found |= set(each.of)
        total += sum(each.of.values())
    if not found or any(value != int(value) for value in found):
        return False
    if len(found) > 2 and total < FEWEST_EACH * len(found):
        return False
    without_gaps = min(found) in (0, 1) and max(found) - min(found) + 1 == len(found)
    return len(found) <= (MOST_CLASSES if without_gaps else MOST_GAPPED)


def _named(names: Iterable[str], sources: Iterable[str]) -> str | None:
    lower = {name.lower(): name for name in reversed(list(sources))}
    return next((lower[name] for name in names if name in lower), None)


def _is_mask(name: str, sources: Mapping[str, Source]) -> bool:
    return name.endswith(MASK) and name.removesuffix(MASK) in sources


def _size(source: Source) -> int:
    return math.prod(size or 1 for size in source.shape)
