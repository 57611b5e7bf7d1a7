"""Plots of attributes: histograms stacked by class, as Weka has them, or how each goes with a target of numbers."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from bricks.view import figures, page
from bricks.view.explorer.attributes import Attribute
from bricks.view.explorer.examples import Examples
from bricks.view.explorer.panels import Palette, Panel, faded, heat, plain
from bricks.view.explorer.plots_common import points

BINS = 28
MOST_WORDS = 14
FEW = 8
"""Different numbers that are drawn as boxes against a target of numbers, as words are."""
TAIL = 0.005
"""Of the values, beyond which they are left out of a plot where they would squeeze the others into a corner."""


def attribute(found: Attribute, examples: Examples, palette: Palette | None, told: float | None) -> Panel:
    """The plot of one attribute.

    Parameters
    ----------
    found : Attribute
    examples : Examples
    palette : Palette or None
        Where the target is classes.
    told : float or None
        Bits about the target.
    """
    values = found.values(examples.X)
    there = np.isfinite(values)
    corner = "" if told is None else f"{told:.2f} bits"
    remarks = []
    if not there.all():
        remarks.append(f"{(~there).sum():,} of {len(values):,} missing")
    if found.words is not None:
        return Panel(
            found.name, lambda axes: _words(axes, found, values, examples, palette), _sentence(remarks), corner
        )
    low, high = _range(values[there])
    outside = int(((values[there] < low) | (values[there] > high)).sum())
    if outside:
        remarks.append(f"{outside} values lie outside, from {values[there].min():.4g} to {values[there].max():.4g}")

    def draw(axes: Axes) -> None:
        if examples.y is not None:
            _against(axes, values, examples, low, high)
        else:
            _histogram(axes, values, examples, palette, low, high)

    return Panel(found.name, draw, _sentence(remarks), corner)


def pair(a: Attribute, b: Attribute, examples: Examples, palette: Palette | None) -> Panel:
    """Two attributes against each other."""
    x, y = a.values(examples.X), b.values(examples.X)

    def draw(axes: Axes) -> None:
        (rows,) = np.nonzero(np.isfinite(x) & np.isfinite(y))
        rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), 1000)).round().astype(int)] if len(rows) else rows
        points(axes, x[rows], y[rows], rows, examples, palette)
        axes.set_xlabel(page.shortened(a.name, 30), fontsize=8)
        axes.set_ylabel(page.shortened(b.name, 24), fontsize=8)

    short = [page.shortened(each.name, 14) for each in (a, b)]
    return Panel(f"{short[1]} by {short[0]}", draw)


def correlations(chosen: Sequence[Attribute], examples: Examples) -> Panel:
    """Spearman's correlations of numbers."""
    numbers = [found for found in chosen if found.words is None][:20]

    def draw(axes: Axes) -> None:
        columns = np.stack([_ranks(found.values(examples.X)) for found in numbers])
        columns -= columns.mean(axis=1, keepdims=True)
        columns /= np.maximum(np.linalg.norm(columns, axis=1, keepdims=True), 1e-12)
        heat(axes, columns @ columns.T, [found.name for found in numbers], "RdBu_r", -1, 1, "correlation")

    return Panel("Correlations of ranks", draw, "Spearman's; missing values count as the middle rank.")


def missing(chosen: Sequence[Attribute], examples: Examples) -> Panel | None:
    """The attributes with the most missing values; None where there is none."""
    parts = {found.name: float(np.mean(~np.isfinite(found.values(examples.X)))) for found in chosen}
    most = sorted(((part, name) for name, part in parts.items() if part > 0), reverse=True)[:12]
    if not most:
        return None

    def draw(axes: Axes) -> None:
        places = np.arange(len(most))[::-1]
        axes.barh(places, [100 * part for part, _ in most], color=figures.SERIES[0], height=0.75)
        axes.set_yticks(places, [page.shortened(name, 18) for _, name in most], fontsize=7.5)
        axes.grid(axis="y", visible=False)
        axes.set_xlabel("missing, %", fontsize=8)

    return Panel("Missing values", draw, f"{sum(part > 0 for part in parts.values())} attributes have some.")


def _histogram(
    axes: Axes, values: np.ndarray, examples: Examples, palette: Palette | None, low: float, high: float
) -> None:
    there = np.isfinite(values) & (values >= low) & (values <= high)
    bins = _bins(values[there], low, high)
    if palette is None:
        axes.hist(values[there], bins, color=figures.SERIES[0], histtype="stepfilled")
    else:
        below = np.zeros(len(bins) - 1)
        for _, colour, rows in palette.groups(examples.codes):
            counts = np.histogram(values[there & rows], bins)[0]
            axes.stairs(below + counts, bins, baseline=below, fill=True, color=colour, linewidth=0)
            below = below + counts
    axes.set_xlim(bins[0], bins[-1])
    plain(axes.xaxis, values[there])
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))


def _against(axes: Axes, values: np.ndarray, examples: Examples, low: float, high: float) -> None:
    """The target by an attribute: points, and quartiles of the target in tenths of the attribute."""
    there = np.isfinite(values) & np.isfinite(examples.y) & (values >= low) & (values <= high)
    (rows,) = np.nonzero(there)
    different = np.unique(values[rows])
    if 0 < len(different) <= FEW:
        _boxes(axes, [examples.y[rows[values[rows] == value]] for value in different])
        axes.set_xticks(range(len(different)), [f"{value:.4g}" for value in different])
        return
    some = rows[np.linspace(0, len(rows) - 1, min(len(rows), 700)).round().astype(int)] if len(rows) else rows
    colour = figures.SERIES[0]
    axes.plot(values[some], examples.y[some], "o", color=faded(colour, 0.35), markersize=2.4, markeredgewidth=0)
    if len(rows) >= 30:
        edges = np.unique(np.quantile(values[rows], np.linspace(0, 1, 11)))
        tenths = np.clip(np.searchsorted(edges, values[rows], "right") - 1, 0, max(0, len(edges) - 2))
        found = [rows[tenths == k] for k in range(max(1, len(edges) - 1)) if (tenths == k).sum() >= 3]
        middle = [np.median(values[part]) for part in found]
        quartiles = np.array([np.quantile(examples.y[part], (0.25, 0.5, 0.75)) for part in found]).T
        axes.fill_between(middle, quartiles[0], quartiles[2], color=faded(figures.SERIES[1], 0.25), linewidth=0)
        axes.plot(middle, quartiles[1], color=figures.SERIES[1], linewidth=1.8)
    plain(axes.xaxis, values[rows])
    plain(axes.yaxis, examples.y[rows])


def _words(axes: Axes, found: Attribute, values: np.ndarray, examples: Examples, palette: Palette | None) -> None:
    counts = np.array([(values == k).sum() for k in range(len(found.words))])
    order = np.argsort(-counts, kind="stable")[:MOST_WORDS]
    places, names = np.arange(len(order)), [page.shortened(found.words[k], 14) for k in order]
    if examples.y is not None:
        groups = [examples.y[(values == k) & np.isfinite(examples.y)] for k in order]
        _boxes(axes, groups)
    else:
        below = np.zeros(len(order))
        for _, colour, rows in palette.groups(examples.codes) if palette else [("", figures.SERIES[0], slice(None))]:
            part = np.array([(values[rows] == k).sum() for k in order])
            axes.bar(places, part, bottom=below, color=colour, width=0.8)
            below += part
    wide = sum(map(len, names)) > 30
    axes.set_xticks(places, names, rotation=90 if wide else 0, fontsize=7.5)
    axes.grid(axis="x", visible=False)


def _boxes(axes: Axes, groups: Sequence[np.ndarray]) -> None:
    """Quartiles of each group, with whiskers to the last within one and a half of their distance."""
    line = {"color": figures.SERIES[0]}
    places = range(len(groups))
    axes.boxplot(groups, positions=places, widths=0.6, showfliers=False, boxprops=line, whiskerprops=line,
                 capprops=line, medianprops={"color": figures.SERIES[1]})  # fmt: skip
    axes.grid(axis="x", visible=False)


def _bins(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """One for each of few whole numbers, else about as many as there are digits of precision, at most `BINS`."""
    different = np.unique(values)
    if len(different) == 0 or low == high:
        return np.array([low - 0.5, low + 0.5])
    whole = (different == np.round(different)).all()
    if whole and high - low <= BINS:
        return np.arange(np.floor(low), np.ceil(high) + 2) - 0.5
    step = np.diff(different).min()
    even = np.isclose(np.diff(different) / step, np.round(np.diff(different) / step), atol=1e-2).all()
    count = round((high - low) / step) + 1
    if even and count <= 4 * BINS:  # measured to so many digits: no bin has one value more than another
        width = step * max(1, -(-count // BINS))
        return np.arange(low - step / 2, high + width, width)
    return np.linspace(low, high, BINS + 1)


def _range(values: np.ndarray) -> tuple[float, float]:
    if not len(values):
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    inner = np.quantile(values, (TAIL, 1 - TAIL))
    if high - low > 5 * (inner[1] - inner[0]) > 0:
        return float(inner[0]), float(inner[1])
    return low, high


def _ranks(values: np.ndarray) -> np.ndarray:
    from scipy.stats import rankdata

    ranks = rankdata(np.where(np.isfinite(values), values, np.inf)).astype(np.float64)
    ranks[~np.isfinite(values)] = (np.isfinite(values).sum() + 1) / 2
    return ranks


def _sentence(remarks: Sequence[str]) -> str:
    return "; ".join(remarks) + "." if remarks else ""
