"""Plots for data of any kind: balance of classes, principal components, distances to neighbours, the target."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from bricks.view import figures, page
from bricks.view.explorer.components import Components
from bricks.view.explorer.examples import Examples
from bricks.view.explorer.neighbours import Neighbours
from bricks.view.explorer.panels import LABEL, Palette, Panel, by_set, faded, heat, percent, plain

MOST_POINTS = 1200
"""In a scatter plot: each is drawn for itself."""

MOST_BARS = 20

GREYS = (figures.FAINT, figures.INK, figures.LINE)
"""Of sets: the other colours are those of classes."""


def balance(shares: Mapping[str, Sequence[int]], names: Sequence[str], target: str, palette: Palette | None) -> Panel:
    """How often each class comes, a bar for each set; of one set alone in the classes' own colours."""

    def draw(axes: Axes) -> None:
        total = np.sum(list(shares.values()), axis=0)
        order = np.sort(np.argsort(-total, kind="stable")[:MOST_BARS])
        width = 0.8 / len(shares)
        for k, (name, counts) in enumerate(shares.items()):
            part = np.asarray(counts) / max(1, np.sum(counts))
            places = np.arange(len(order)) + width * (k - (len(shares) - 1) / 2)
            label = page.shortened(name, LABEL)
            own = palette is not None and len(shares) == 1
            colours = [palette.colour(place) for place in order] if own else GREYS[k % len(GREYS)]
            axes.bar(places, part[order], width * 0.92, label=label, color=colours)
        short = [page.shortened(names[k], 10 if len(order) <= 6 else 7) for k in order]
        wide = max(map(len, short)) * len(short) > 36
        axes.set_xticks(range(len(order)), short, rotation=90 if wide else 0, fontsize=7.5)
        axes.grid(axis="x", visible=False)
        percent(axes.yaxis)
        if len(shares) > 1:
            axes.legend(ncols=3, loc="upper right", fontsize=7.5)
            axes.margins(y=0.22)

    left = f", the {MOST_BARS} most frequent of {len(names)}" if len(names) > MOST_BARS else ""
    said = "Shares of the classes in each set" if len(shares) > 1 else f"Shares of {page.shortened(target, LABEL)}"
    return Panel("Balance of classes", draw, f"{said}{left}.")


def scatter(found: Components, examples: Examples, palette: Palette | None, first: int = 0) -> Panel:
    """Scores of two components, by class or by the target."""

    def draw(axes: Axes) -> None:
        rows = _some(len(examples))
        x, y = found.scores[rows, first], found.scores[rows, first + 1]
        points(axes, x, y, rows, examples, palette)
        for label, k in ((axes.set_xlabel, first), (axes.set_ylabel, first + 1)):
            label(f"component {k + 1}, {100 * found.share[k]:.1f} %", fontsize=8)

    return Panel(f"Principal components {first + 1} and {first + 2}", draw, "With their shares of the variance.")


def points(axes: Axes, x: np.ndarray, y: np.ndarray, rows: np.ndarray, examples: Examples, palette: Palette | None):
    """Points in the colours of their classes, or shaded by the target."""
    size = {"linestyle": "none", "marker": "o", "markersize": 2.6 if len(x) > 300 else 3.6, "markeredgewidth": 0}
    if palette is not None and examples.codes is not None:
        for _, colour, which in palette.groups(examples.codes[rows]):
            axes.plot(x[which], y[which], color=colour, alpha=0.6, **size)
    elif examples.y is not None:
        there = np.isfinite(examples.y[rows])
        shades = axes.scatter(x[there], y[there], c=examples.y[rows][there], s=6, linewidths=0, rasterized=True)
        axes.figure.colorbar(shades, ax=axes)
    else:
        axes.plot(x, y, color=figures.SERIES[0], alpha=0.5, **size)
    plain(axes.xaxis, x)
    plain(axes.yaxis, y)


def scree(found: Components) -> Panel:
    """How much of the variance the first components have, together."""
    total = found.directions.shape[1]
    cumulated = np.cumsum(found.share)

    def draw(axes: Axes) -> None:
        numbers = np.arange(1, len(cumulated) + 1)
        axes.plot(numbers, cumulated, color=figures.SERIES[0], marker="o" if len(numbers) <= 15 else None)
        axes.fill_between(numbers, cumulated, color=faded(figures.SERIES[0], 0.15), linewidth=0)
        axes.set_ylim(0, 1.02)
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        percent(axes.yaxis)
        axes.set_xlabel("components", fontsize=8)

    reached = {
        level: 1 + int(np.argmax(cumulated >= level / 100)) for level in (50, 90) if cumulated[-1] >= level / 100
    }
    told = " and ".join(f"{level} % of the variance in {count}" for level, count in reached.items())
    most = f"{100 * cumulated[-1]:.0f} % of the variance in {len(cumulated)}"
    return Panel("Variance in the first components", draw, f"{told or most} of {total:,} directions.")


def distances(within: Neighbours, between: Mapping[str, Neighbours], main: str) -> Panel:
    """Histograms of the distance to the nearest neighbour, within a set and from others to it."""
    parts = {main: within.nearest, **{name: near.nearest for name, near in between.items()}}

    def draw(axes: Axes) -> None:
        every = np.concatenate(list(parts.values()))
        high = float(np.quantile(every, 0.995)) or float(every.max()) or 1.0
        by_set(axes, parts, np.linspace(0, high, 36))
        axes.set_xlabel("distance", fontsize=8)

    told = f"From each example to the nearest in {page.shortened(main, LABEL)}, in the sample."
    told += " Mass near 0 is near-duplicates."
    if between:
        told += f" A set nearer to {page.shortened(main, LABEL)} than that is to itself leaks."
    return Panel("Distances to the nearest", draw, told)


def remoteness(within: Neighbours) -> Panel:
    """Distances to the fifth neighbour, largest last: the tail is outliers."""

    def draw(axes: Axes) -> None:
        values = np.sort(within.remoteness)
        axes.plot(np.linspace(0, 1, len(values)), values, color=figures.SERIES[0])
        percent(axes.xaxis)
        axes.set_ylim(0)
        axes.set_xlabel("part of the examples", fontsize=8)
        axes.set_ylabel("distance to the fifth neighbour", fontsize=8)

    ratio = float(within.remoteness.max() / (np.median(within.remoteness) or 1))
    return Panel("How far out examples lie", draw, f"The furthest lies {ratio:.1f} times as far out as the median.")


def neighbouring(within: Neighbours, examples: Examples, palette: Palette) -> Panel:
    """Of each class, which classes its examples' nearest neighbours have."""
    size = palette.number

    def draw(axes: Axes) -> None:
        own, other = examples.codes, examples.codes[within.places[:, 0]]
        there = (own >= 0) & (other >= 0)
        table = np.zeros((size, size))
        np.add.at(table, (own[there], other[there]), 1)
        table *= 100 / np.maximum(table.sum(axis=1, keepdims=True), 1)
        np.fill_diagonal(table, np.nan)  # nearly all: in one scale with it the others would look alike
        heat(axes, table, palette.names, "viridis", 0, float(np.nanmax(table)) or 1, "% of the class")
        axes.set_ylabel("class", fontsize=8)
        axes.set_xlabel("class of the nearest neighbour", fontsize=8)

    same = examples.codes == examples.codes[within.places[:, 0]]
    return Panel(
        "Neighbours of other classes",
        draw,
        f"The nearest of {100 * np.mean(~same):.1f} % of all examples is of another class.",
    )


def target_histogram(y: np.ndarray, name: str) -> Panel:
    """Of a target that is a number."""
    y = y[np.isfinite(y)]

    def draw(axes: Axes) -> None:
        axes.hist(y, bins=30, color=figures.SERIES[0], histtype="stepfilled")
        axes.axvline(float(np.mean(y)), color=figures.INK, linewidth=1)

    told = f"Mean {np.mean(y):.4g} (the line), deviation {np.std(y):.4g}, median {np.median(y):.4g}."
    return Panel(f"{name} (target)", draw, told)


def _some(count: int) -> np.ndarray:
    """Numbers of at most `MOST_POINTS` examples, from all over the set."""
    return np.linspace(0, count - 1, min(count, MOST_POINTS)).round().astype(int)
