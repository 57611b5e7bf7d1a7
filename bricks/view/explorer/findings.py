"""What a reader should look at first, in sentences: what is missing, constant, equal, rare, or suspiciously near."""

from collections.abc import Iterator

import numpy as np

from bricks.view import page
from bricks.view.explorer.neighbours import RANK, Neighbours
from bricks.view.explorer.study import Study

NEAR, CHANCE = 0.25, 0.01
"""Two examples are nearly the same where one is nearer than NEAR times as far as the fifth neighbour, and so much
nearer that about CHANCE such neighbours are to be expected in the whole sample where it is evenly dense."""

RARE = 0.2
"""Of an equal share of the examples: a class with less is rare."""

FAR = 4.0
"""Times the median distance to the fifth neighbour: what lies further out is worth a look."""


def findings_of(found: Study) -> list[str]:
    """The sentences; none where nothing is to be said."""
    return [*_equal(found), *_near(found), *_values(found), *_classes(found), *_far(found), *found.opened.remarks]


def nearly_same(near: Neighbours, dimension: float) -> np.ndarray:
    """Which examples have a neighbour that is not equal, but far nearer than the others are.

    In d dimensions, evenly dense, the nearest of k is nearer than r times the k-th one with probability
    1 - (1 - r^d)^(k - 1).

    Parameters
    ----------
    near : Neighbours
    dimension : float
        d, as `intrinsic_dimension` estimates it.
    """
    ratio = min(NEAR, (CHANCE / (RANK - 1) / max(1, len(near.nearest))) ** (1 / max(dimension, 1e-3)))
    return (near.nearest > 0) & (near.nearest < ratio * near.remoteness)


def intrinsic_dimension(near: Neighbours) -> float:
    """How many dimensions the examples fill, by how distances grow from neighbour to neighbour.

        1 / d = mean over examples and j < k of log(T_k / T_j),   T_j the distance to the j-th neighbour, k the fifth

    Levina and Bickel, "Maximum likelihood estimation of intrinsic dimension", 2004, averaged as MacKay and Ghahramani
    do.
    """
    distances = near.distances[:, :RANK]
    there = distances[:, 0] > 0
    if distances.shape[1] < 2 or not there.any():
        return 0.0
    mean = float(np.log(distances[there][:, -1:] / distances[there][:, :-1]).mean())
    return 1 / mean if mean > 0 else 0.0


def _equal(found: Study) -> Iterator[str]:
    duplicates = found.duplicates
    of_all = "" if duplicates.part == 1 else f" (of the {100 * duplicates.part:.2g} % of rows whose hashes were kept)"
    for (later, earlier), count in duplicates.between.items():
        if count:
            leak = "a leak, where one of them is for testing"
            yield f"{_rows(count, later)} also in {earlier}, bit for bit{of_all}: {leak}."
    for name, count in duplicates.within.items():
        if count:
            yield f"{_rows(count, name)} equal to an earlier one of it{of_all}."
    if duplicates.conflicts:
        several = "rows come" if duplicates.conflicts > 1 else "row comes"
        yield f"{duplicates.conflicts:,} different {several} with more than one target: no model is right each time."


def _near(found: Study) -> Iterator[str]:
    if found.within is None:
        return
    dimension = intrinsic_dimension(found.within)
    for name, near in found.between.items():
        count = int(nearly_same(near, dimension).sum())
        if count:
            yield (
                f"{_of(count, len(near.nearest), f'examples of {name}')} nearly the same as one of the "
                f"{len(found.examples):,} of {found.main} that they were compared with."
            )
    count = int(nearly_same(found.within, dimension).sum())
    if count:
        yield f"{_of(count, len(found.examples), f'examples of {found.main}')} nearly the same as another one."


def _values(found: Study) -> Iterator[str]:
    running = found.seen[found.main].running.get(found.roles.features)
    if running is None or running.columns == 1:
        return
    what = "pixel" if found.roles.kind == "images" else "column"
    empty = int((running.count == 0).sum())
    if empty:
        yield f"{empty:,} {what}s have no value at all." if empty > 1 else f"One {what} has no value at all."
    constant = int((running.constant & (running.count > 0)).sum())
    if constant:
        several = f"{constant:,} {what}s are" if constant > 1 else f"One {what} is"
        yield f"{several} constant in {found.main}, and can tell nothing."
    if running.missing.sum() and found.roles.kind == "table":
        yield (
            f"{running.missing.sum():,} of {running.rows * running.columns:,} numbers of {found.roles.features} are "
            "missing; baselines take the mean of the column instead."
        )


def _classes(found: Study) -> Iterator[str]:
    counts = found.class_counts().get(found.main)
    if not counts or len(counts) < 2:
        return
    total = sum(counts)
    rare = [k for k, count in enumerate(counts) if count < RARE * total / len(counts)]
    if rare:
        least = min(rare, key=lambda k: counts[k])
        others = f" ({len(rare)} classes have less than a fifth of an equal share)" if len(rare) > 1 else ""
        name = page.shortened(found.target.classes[least], 60)
        yield f"Class {name} is rare in {found.main}: {counts[least]:,} of {total:,}{others}."


def _far(found: Study) -> Iterator[str]:
    if found.within is None or len(found.examples) < 20:
        return
    typical = float(np.median(found.within.remoteness))
    count = int((found.within.remoteness > FAR * typical).sum()) if typical else 0
    if count:
        several = "examples lie" if count > 1 else "example lies"
        yield f"{count:,} {several} more than {FAR:g} times as far out as the median: outliers, or errors."


def _rows(count: int, name: str) -> str:
    return f"{count:,} rows of {name} are" if count > 1 else f"One row of {name} is"


def _of(count: int, total: int, what: str) -> str:
    return f"{count:,} of {total:,} {what} {'are' if count > 1 else 'is'}"
