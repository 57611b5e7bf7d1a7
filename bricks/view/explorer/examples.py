"""The sample as the explorer looks at it: of each example a vector of numbers, its class or target, its picture."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bricks.data.contracts import Batch
from bricks.view.explorer.pictures import pictures
from bricks.view.explorer.roles import MASK, Roles
from bricks.view.explorer.summaries import masked, sequence_summary, token_counts
from bricks.view.explorer.targets import Target, codes_and_numbers

MOST_NUMBERS = 1 << 25
"""Of all vectors together."""

MOST_DOUBLE = 1 << 23
"""Of a table in double precision."""

SIDE = 32
"""Images that are larger are made so small, by the means of neighbouring pixels, before they become vectors."""


@dataclass
class Examples:
    """Some examples of a set.

    Parameters
    ----------
    kind : str
        As `Roles` has it.
    numbers : np.ndarray
        Which examples of the set they are.
    X : np.ndarray
        (examples, columns), float32, or float64 where a table needs it; NaN where a value is missing.
    columns : list of str
        What the numbers of X are called.
    raw : np.ndarray
        The features: of images (examples, height, width, channels), else as they came.
    codes : np.ndarray or None
        Of classes: the number of each example's class among the target's; -1 where it is missing.
    y : np.ndarray or None
        Of numbers: each example's.
    """

    kind: str
    numbers: np.ndarray
    X: np.ndarray
    columns: list[str]
    raw: np.ndarray
    codes: np.ndarray | None = None
    y: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.numbers)

    def take(self, rows: np.ndarray) -> "Examples":
        """Some of them."""
        arrays = {name: getattr(self, name) for name in ("numbers", "X", "raw", "codes", "y")}
        return replace(self, **{name: array if array is None else array[rows] for name, array in arrays.items()})


def examples_of(
    roles: Roles,
    target: Target | None,
    batch: Batch,
    numbers: np.ndarray,
    titles: Mapping[str, list[str]],
    image: tuple[int, ...] | None = None,
    vocabulary: np.ndarray | None = None,
    axes: Sequence[str] = (),
) -> Examples:
    """Vectors, classes and pictures of a sample.

    Parameters
    ----------
    roles : Roles
    target : Target or None
    batch : dict of str to array
        The sample.
    numbers : np.ndarray
        Which examples they are.
    titles : mapping of str to list of str
        What the columns of a source are called, where the file says it.
    image : tuple of int, optional
        Height, width and channels that features are shown as.
    vocabulary : np.ndarray, optional
        Of tokens: those that are counted.
    axes : sequence of str
        Labels of the features' axes.
    """
    raw = masked(batch[roles.features], batch.get(roles.features + MASK))
    if roles.kind == "images":
        raw = pictures(raw, image, axes)
        small = smaller(raw)
        X = small.reshape(len(small), -1).astype(np.float32)
        columns = [f"pixel {place}" for place in np.ndindex(small.shape[1:])] if X.shape[1] <= 1024 else []
        columns = columns or [f"pixel {k}" for k in range(X.shape[1])]
    elif roles.kind == "sequences":
        X, columns = sequence_summary(raw)
    elif roles.kind == "tokens":
        X, columns = token_counts(raw, vocabulary)
    else:
        X, columns = _table(roles, raw, batch, titles)
    keep = np.arange(len(X))[: max(8, MOST_NUMBERS // max(1, X.shape[1]))]
    found = Examples(roles.kind, numbers, _finite_or_nan(X), columns, raw)
    if target is not None and target.kind != "steps":
        given = raw.reshape(len(raw), -1)[:, roles.place] if roles.place is not None else batch.get(roles.target)
        if given is not None:
            found.codes, found.y = codes_and_numbers(target, given)
    if len(keep) < len(X):  # of a random sample, a random part
        keep = np.sort(np.random.default_rng(0).permutation(len(X))[: len(keep)])
        return found.take(keep)
    return found


def _table(roles: Roles, raw: np.ndarray, batch: Batch, titles: Mapping[str, list[str]]) -> tuple[np.ndarray, list]:
    parts, columns = [], []
    for name in (roles.features, *roles.columns):
        values = raw if name == roles.features else masked(batch[name], batch.get(name + MASK))
        # Large tables in single precision; in others a time in seconds, say, keeps its digits.
        narrow = values.dtype.itemsize <= 2 or values.dtype == np.float32 or values.size > MOST_DOUBLE
        values = values.reshape(len(values), -1).astype(np.float32 if narrow else np.float64)
        given = titles.get(name, [])
        alone = [name] if values.shape[1] == 1 else [f"{name} {k}" for k in range(values.shape[1])]
        parts.append(values)
        columns += list(given) if len(given) == values.shape[1] else alone
    X = np.concatenate(parts, axis=1)
    if roles.place is not None:
        X = np.delete(X, roles.place, axis=1)
        del columns[roles.place]
    return X, columns


def smaller(images: np.ndarray) -> np.ndarray:
    height, width = images.shape[1:3]
    rows, columns = -(-height // SIDE), -(-width // SIDE)
    if rows == columns == 1:
        return images
    cut = images[:, : height // rows * rows, : width // columns * columns]
    shape = (len(images), height // rows, rows, width // columns, columns, images.shape[3])
    return cut.reshape(shape).mean(axis=(2, 4), dtype=np.float32)


def _finite_or_nan(X: np.ndarray) -> np.ndarray:
    """X, with NaN for what is not finite or so large that its square is not."""
    there = np.abs(X) < np.sqrt(np.finfo(X.dtype).max)
    return X if there.all() else np.where(there, X, X.dtype.type(np.nan))
