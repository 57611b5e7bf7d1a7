"""Which plots a data set gets, and which sixteen of them first."""

from collections.abc import Iterator
from itertools import combinations, islice

import numpy as np

from bricks.view import page
from bricks.view.explorer import plots_common, plots_images, plots_sequences, plots_table
from bricks.view.explorer.examples import smaller
from bricks.view.explorer.neighbours import pairs
from bricks.view.explorer.panels import AT_ONCE, Panel
from bricks.view.explorer.study import Study

MOST_PAIRS = 12
MOST_OUTLIERS = 12


def panels_of(found: Study) -> tuple[list[Panel], list[Panel]]:
    """The sixteen plots, and those beyond; fewer where there is less to see."""
    makers = {"table": _table, "images": _images, "sequences": _sequences, "tokens": _tokens}
    every = list(makers[found.roles.kind](found))
    if found.roles.kind == "table":  # pairs of attributes only fill up
        every += islice(_pairs(found), max(0, AT_ONCE - len(every)))
    return every[:AT_ONCE], every[AT_ONCE:]


def outlying(found: Study) -> list[int]:
    """Rows of the sample, the furthest out first."""
    if found.within is None:
        return []
    return np.argsort(-found.within.remoteness, kind="stable")[:MOST_OUTLIERS].tolist()


def _table(found: Study) -> Iterator[Panel]:
    order = found.telling
    for k in order[:AT_ONCE]:
        told = None if found.bits is None else float(found.bits[k])
        yield plots_table.attribute(found.attributes[k], found.examples, found.palette, told)
    yield from _target(found)
    yield from _general(found)
    chosen = [found.attributes[k] for k in order]
    if len([each for each in chosen if each.words is None]) > 1:
        yield plots_table.correlations(chosen, found.examples)
    lost = plots_table.missing(found.attributes, found.examples)
    if lost is not None:
        yield lost


def _pairs(found: Study) -> Iterator[Panel]:
    """The attributes that tell most, two against each other."""
    numbers = [found.attributes[k] for k in found.telling if found.attributes[k].words is None][:4]
    for a, b in combinations(numbers, 2):
        yield plots_table.pair(a, b, found.examples, found.palette)


def _images(found: Study) -> Iterator[Panel]:
    examples, palette = found.examples, found.palette
    shape = smaller(examples.raw[:1]).shape[1:]  # of the images that became vectors
    if palette is not None:
        yield from _target(found)
        yield plots_images.class_examples(examples, palette)
        yield plots_images.class_means(examples, palette)
    else:
        yield plots_images.some_examples(examples)
        yield from _target(found)
    yield from plots_images.mean_and_deviation(examples)
    if found.bits is not None:
        yield plots_images.told_by_pixels(found.bits, shape)
    yield plots_images.values(examples)
    yield plots_images.intensity(examples, palette)
    if found.components.scores.shape[1] > 1:
        yield plots_common.scatter(found.components, examples, palette)
        yield plots_common.scree(found.components)
    if len(found.components.directions):
        yield plots_images.components(found.components, shape)
    if found.within is not None:
        yield plots_common.distances(found.within, found.between, found.main)
        yield from _near(found)
        rows = outlying(found)
        yield plots_images.outliers(examples, rows, [_label(found, row) for row in rows])
        if palette is not None:
            yield from _apart(found)
            if _mixed(found):
                yield plots_common.neighbouring(found.within, examples, palette)
    if palette is not None and len(set(examples.codes[examples.codes >= 0].tolist())) > 1:
        yield plots_images.class_distances(examples, found.Z, palette)
    if found.within is not None:
        yield plots_common.remoteness(found.within)
    yield from _more_components(found)


def _sequences(found: Study) -> Iterator[Panel]:
    examples, palette = found.examples, found.palette
    lengths = {found.main: plots_sequences.lengths_of(examples.raw)}
    lengths |= {name: plots_sequences.lengths_of(each.raw) for name, each in found.others.items()}
    yield from _target(found)
    if len(np.unique(lengths[found.main])) > 1:
        yield plots_sequences.lengths(lengths)
        if palette is not None:
            yield plots_sequences.lengths_by_class(examples, palette)
    yield plots_sequences.courses(examples)
    if palette is not None and found.bits is not None:
        yield plots_sequences.course_by_class(examples, palette, _telling_feature(found))
    yield plots_sequences.values(examples)
    for title, row in _typical(found):
        yield plots_sequences.one(examples, row, title, f"Number {examples.numbers[row]:,}.")
    yield from _general(found)
    for row in outlying(found)[:2]:
        yield plots_sequences.one(
            examples, row, f"Outlier: number {examples.numbers[row]}", found.class_of(examples, row)
        )
    yield from _attributes(found)
    yield from _more_components(found)


def _tokens(found: Study) -> Iterator[Panel]:
    vocabulary, counts = found.vocabulary
    lengths = {found.main: plots_sequences.lengths_of(found.examples.raw)}
    lengths |= {name: plots_sequences.lengths_of(each.raw) for name, each in found.others.items()}
    yield from _target(found)
    yield plots_sequences.lengths(lengths)
    if found.palette is not None:
        yield plots_sequences.lengths_by_class(found.examples, found.palette)
    if len(counts):
        yield plots_sequences.frequent_tokens(vocabulary, counts)
        yield plots_sequences.ranks(counts)
        yield plots_sequences.coverage(counts)
    yield from _general(found)
    yield from _attributes(found)
    yield from _more_components(found)


def _target(found: Study) -> Iterator[Panel]:
    """How the target is distributed."""
    counts = found.class_counts()
    if counts:
        yield plots_common.balance(counts, found.target.classes, found.target.name, found.palette)
    elif found.examples.y is not None and np.isfinite(found.examples.y).any():
        yield plots_common.target_histogram(found.examples.y, found.target.name)


def _general(found: Study) -> Iterator[Panel]:
    """What can be drawn of any vectors."""
    if found.components.scores.shape[1] > 1:
        yield plots_common.scatter(found.components, found.examples, found.palette)
        yield plots_common.scree(found.components)
    if found.within is not None:
        yield plots_common.distances(found.within, found.between, found.main)
        yield plots_common.remoteness(found.within)
        if _mixed(found):
            yield plots_common.neighbouring(found.within, found.examples, found.palette)


def _attributes(found: Study) -> Iterator[Panel]:
    """The summaries of sequences that tell most."""
    for k in found.telling[:AT_ONCE]:
        told = None if found.bits is None else float(found.bits[k])
        yield plots_table.attribute(found.attributes[k], found.examples, found.palette, told)


def _more_components(found: Study) -> Iterator[Panel]:
    for first in (2, 4, 6):
        if found.components.scores.shape[1] > first + 1:
            yield plots_common.scatter(found.components, found.examples, found.palette, first)


def _near(found: Study) -> Iterator[Panel]:
    """The nearest pairs of another set and this one; or, where this is the only one, within it."""
    examples = found.examples
    for name, near in list(found.between.items())[:2]:
        chosen = pairs(near, MOST_PAIRS, apart=True)
        if chosen:
            other = found.others[name]
            both = other.raw[[row for row, _, _ in chosen]], examples.raw[[place for _, place, _ in chosen]]
            labels = [f"{distance:.2g}" for _, _, distance in chosen]
            title = f"Nearest pairs, {page.shortened(name, 10)} over {page.shortened(found.main, 10)}"
            yield plots_images.pairs(title, both, labels, examples.raw, _pairs_said(found))
    chosen = [] if found.between else pairs(found.within, MOST_PAIRS)
    if chosen:
        both = examples.raw[[row for row, _, _ in chosen]], examples.raw[[place for _, place, _ in chosen]]
        labels = [f"{distance:.2g}" for _, _, distance in chosen]
        yield plots_images.pairs("Nearest pairs", both, labels, examples.raw, _pairs_said(found))


def _apart(found: Study) -> Iterator[Panel]:
    """The nearest pairs of different classes."""
    examples, near = found.examples, found.within
    other = examples.codes[near.places] != examples.codes[:, None]
    there = (examples.codes[near.places] >= 0) & (examples.codes[:, None] >= 0)
    chosen = pairs(near, MOST_PAIRS, other & there)
    if chosen:
        both = examples.raw[[row for row, _, _ in chosen]], examples.raw[[place for _, place, _ in chosen]]
        short = [[page.shortened(found.class_of(examples, row), 6) for row in pair[:2]] for pair in chosen]
        labels = [f"{a} / {b}" for a, b in short]
        yield plots_images.pairs(
            "Nearest pairs of different classes", both, labels, examples.raw, "With the classes of both, upper first."
        )


def _pairs_said(found: Study) -> str:
    return f"With distances; the median to the nearest is {np.median(found.within.nearest):.2g}."


def _label(found: Study, row: int) -> str:
    number = f"{found.examples.numbers[row]}"
    label = page.shortened(found.class_of(found.examples, row), 6)
    return f"{label}: {number}" if label else number


def _mixed(found: Study) -> bool:
    """Whether some of several classes lie beside others."""
    if found.palette is None or found.palette.number < 3:
        return False
    codes = found.examples.codes
    return bool((codes != codes[found.within.places[:, 0]]).any())


def _telling_feature(found: Study) -> int:
    best = found.examples.columns[int(np.argmax(found.bits))]
    word = best.rpartition(" ")[2]
    return int(word) if word.isdigit() else 0


def _typical(found: Study) -> list[tuple[str, int]]:
    """For each of a few classes, or parts of the sample, an example that has near neighbours."""
    examples = found.examples
    far = np.zeros(len(examples)) if found.within is None else found.within.remoteness
    if found.palette is None:
        rows = [int(part[np.argmin(far[part])]) for part in np.array_split(np.arange(len(examples)), 4) if len(part)]
        return [(f"An example: number {examples.numbers[row]}", row) for row in rows]
    found_rows = []
    for k in found.palette.shown[:4]:
        (rows,) = np.nonzero(examples.codes == k)
        if len(rows):
            row = int(rows[np.argmin(far[rows])])
            found_rows.append((f"An example: {page.shortened(found.palette.names[k], 16)}", row))
    return found_rows
