"""A classifier on the valid set: what is taken for what, the error of each class, whether it is as sure as right."""

import math

import numpy as np
from markupsafe import Markup

from bricks.view import figures, page
from bricks.view.page import Section
from bricks.view.report.judged import BINS, Judged, labels_of
from bricks.view.report.material import Material

MOST_OUTPUTS, MOST_NUMBERED, MOST_DRAWN, MOST_LISTED = 4, 20, 200, 12

LEAST = 5
"""Examples in a bin of confidence that is drawn."""

LONGEST = 14
"""Characters of a class's name in a plot."""


def section(material: Material) -> Section | None:
    """Confusion matrix, errors by class, calibration; None where no output is one of classes."""
    found = material.judged[:MOST_OUTPUTS]
    if not found:
        return None
    parts: list = [
        page.note(
            f"On {material.sample.said}, with {'the best' if material.best_parameters else 'the last'} parameters. The "
            "test set is read once, at the end of a run, and not for this."
        )
    ]
    for judged in found:
        names = labels_of(material.trained, material.streams["valid"], len(judged.matrix))
        parts += _of(judged, names, several=len(found) > 1)
    return Section("Classes", parts)


def _of(judged: Judged, names: list[str], several: bool) -> list:
    classes = len(names)
    wrong = judged.count - int(np.trace(judged.matrix))
    caption = f"{wrong:,} of {judged.count:,} wrong, {100 * judged.error:.2f} %."
    if several:
        caption = f"{page.shortened(judged.output, 60)}: {caption}"
    plots = []
    if classes <= MOST_DRAWN:
        plots.append(page.figure(confusion(judged, names), f"{caption} Rows: what it is; columns: what was said."))
    if classes <= MOST_NUMBERED:
        plots.append(page.figure(by_class(judged, names), "Part of each class's examples that is taken for another."))
    plots.append(page.figure(calibration(judged), _calibration_said(judged)))
    worst = _confusions(judged, names)
    if worst:
        header = ["is", "said", "times", "of the class"]
        plots.append(page.table(header, worst, "The most frequent confusions."))
    parts: list = [page.grid(plots)]
    if classes > MOST_DRAWN:
        parts.insert(0, caption)
    if classes > MOST_NUMBERED:
        parts.append(page.folded("Classes with the largest errors", _worst_classes(judged, names)))
    return parts


@figures.style()
def confusion(judged: Judged, names: list[str]) -> Markup:
    """The matrix: what is right in blue, as a part of its row; what is wrong in red, against the most frequent one."""
    matrix, classes = judged.matrix, len(names)
    figure, axes = figures.new(4.6, 4.3)
    totals = np.maximum(1, matrix.sum(axis=1, keepdims=True))
    off = matrix * (1 - np.eye(classes, dtype=int))
    strength = np.where(np.eye(classes, dtype=bool), 0.75 * matrix / totals, np.sqrt(off / max(1, off.max())) * 0.85)
    colours = np.zeros((classes, classes, 4))
    right, wrong = ([int(c[k : k + 2], 16) / 255 for k in (1, 3, 5)] for c in (figures.SERIES[0], figures.SERIES[3]))
    colours[..., :3] = np.where(np.eye(classes, dtype=bool)[..., None], right, wrong)
    colours[..., 3] = strength
    axes.imshow(colours, interpolation="none", aspect="equal")
    axes.grid(False)
    short = [page.shortened(name, LONGEST) for name in names]
    if classes <= MOST_NUMBERED:
        size = min(9.0, 90 / classes)
        for i, j in zip(*np.nonzero(matrix), strict=True):
            axes.text(j, i, f"{matrix[i, j]:,}", ha="center", va="center", fontsize=size * (0.85 if i == j else 1))
        axes.set_xticks(range(classes), short, rotation=90 if max(map(len, short)) > 2 else 0)
        axes.set_yticks(range(classes), short)
    axes.set_xlabel("said")
    axes.set_ylabel("is")
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.tick_params(length=0)
    axes.set_title("confusion matrix")
    return figures.svg(figure, f"confusion matrix of {classes} classes, {100 * judged.error:.2f} % wrong")


@figures.style()
def by_class(judged: Judged, names: list[str]) -> Markup:
    """A bar for each class: its error, with how many examples it has."""
    figure, axes = figures.new(4.6, 4.3)
    errors, totals = judged.class_errors, judged.matrix.sum(axis=1)
    places = np.arange(len(names))
    axes.barh(places, np.nan_to_num(errors), 0.7, color=figures.SERIES[3])
    top = max(float(np.nanmax(errors, initial=0)), 1e-9)
    for place, error, total in zip(places, errors, totals, strict=True):
        said = f"{100 * error:.2f} % of {total:,}" if total else "no example"
        axes.text(1.6 * top, place, said, va="center", ha="right", fontsize=8, color=figures.FAINT)
    axes.axvline(judged.error, color=figures.FAINT, linewidth=0.9, linestyle=(0, (3, 3)))
    axes.set_yticks(places, [page.shortened(name, LONGEST) for name in names])
    axes.invert_yaxis()
    axes.set_xlim(0, 1.6 * top)
    axes.set_xticks([tick for tick in axes.get_xticks() if tick <= 1.05 * top])  # to the right are words
    axes.xaxis.set_major_formatter(lambda value, _: f"{100 * value:g} %")
    axes.grid(axis="y", visible=False)
    axes.set_title("error of each class")
    return figures.svg(figure, "the error of each class")


@figures.style()
def calibration(judged: Judged) -> Markup:
    """How often it is right, against how sure it is."""
    figure, axes = figures.new(4.6, 3.4)
    counts, sums, right = judged.bins.T
    there = counts >= LEAST
    axes.plot([0, 1], [0, 1], color=figures.FAINT, linewidth=0.9, linestyle=(0, (3, 3)))
    sure, hits = sums[there] / counts[there], right[there] / counts[there]
    limits = wilson(right[there], counts[there])
    axes.errorbar(sure, hits, np.abs(limits - hits), fmt="o", color=figures.SERIES[0], elinewidth=1, capsize=2.5)
    axes.set_xlim(0, 1.02)
    axes.set_ylim(0, 1.02)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda value, _: f"{100 * value:g} %")
    axes.set_xlabel("probability of what was said")
    axes.set_ylabel("right")
    axes.set_title("calibration")
    return figures.svg(figure, "how often it is right against how sure it is")


def _calibration_said(judged: Judged) -> str:
    counts, sums, right = judged.bins.sum(axis=0)
    sure, hits = 100 * sums / max(1, counts), 100 * right / max(1, counts)
    return (
        f"Sure of {sure:.1f} % on average, right in {hits:.1f} %; expected calibration error "
        f"{100 * judged.calibration_error:.2f} % in {BINS} bins. Bars: 95 % intervals (Wilson's); bins of fewer than "
        f"{LEAST} are not drawn."
    )


def wilson(hits: np.ndarray, counts: np.ndarray, z: float = 1.96) -> np.ndarray:
    """Limits of intervals for proportions, (2, n); Wilson, "Probable inference", 1927.

    >>> wilson(np.array([8]), np.array([10])).round(4).tolist()
    [[0.4902], [0.9433]]
    """
    part = hits / counts
    middle = (part + z**2 / (2 * counts)) / (1 + z**2 / counts)
    half = z / (1 + z**2 / counts) * np.sqrt(part * (1 - part) / counts + z**2 / (4 * counts**2))
    return np.stack([middle - half, middle + half])


def _confusions(judged: Judged, names: list[str]) -> list[list]:
    off = judged.matrix * (1 - np.eye(len(names), dtype=int))
    order = np.argsort(-off, axis=None, kind="stable")[:MOST_LISTED]
    pairs = [divmod(int(place), len(names)) for place in order if off.flat[place]]
    totals = judged.matrix.sum(axis=1)
    return [
        [_name(names[i]), _name(names[j]), int(off[i, j]), f"{100 * off[i, j] / totals[i]:.2f} %"] for i, j in pairs
    ]


def _worst_classes(judged: Judged, names: list[str]) -> Markup:
    errors, totals = judged.class_errors, judged.matrix.sum(axis=1)
    order = [k for k in np.argsort(-np.nan_to_num(errors), kind="stable")[:MOST_LISTED] if not math.isnan(errors[k])]
    rows = [[_name(names[k]), int(totals[k]), f"{100 * errors[k]:.2f} %"] for k in order]
    return page.table(["class", "examples", "error"], rows)


def _name(text: str) -> Markup:
    return page.name(text, 40)
