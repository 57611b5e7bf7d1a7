"""Plots of the explorer: each is drawn on axes that are given, for a page one by one, and sixteen at once as a PNG."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import EngFormatter, MaxNLocator

from bricks.view import figures, page

AT_ONCE = 16

MOST_COLOURS = 9
"""Classes that have a colour of their own: the most frequent; the others share the last one."""

TITLE, LABEL = 38, 18
"""Characters of a title and of a label in a plot."""


@dataclass
class Panel:
    """One plot.

    Parameters
    ----------
    title : str
    draw : callable
        Draws on the axes that it is given.
    caption : str
        What is to be known besides.
    corner : str
        A word or two of it that stand beside the title, also in the PNG.
    """

    title: str
    draw: Callable[[Axes], None]
    caption: str = ""
    corner: str = ""


class Palette:
    """The colours of classes, the same in all plots.

    Parameters
    ----------
    names : list of str
        Of the classes.
    counts : list of int
        How many examples each has.

    Examples
    --------
    >>> palette = Palette(["a", "b"], [5, 9])
    >>> palette.groups(np.array([0, 1, 1, -1]))[1][0]
    'b'
    """

    def __init__(self, names: Sequence[str], counts: Sequence[int]):
        self.names, self.number = list(names), len(names)
        own = self.number if self.number <= MOST_COLOURS + 1 else MOST_COLOURS
        self.shown = sorted(np.argsort(-np.asarray(counts), kind="stable")[:own].tolist())
        self.others = sorted(set(range(self.number)) - set(self.shown))

    def entries(self) -> list[tuple[str, str]]:
        """Names and colours, for a legend."""
        entries = [(self.names[k], figures.SERIES[place]) for place, k in enumerate(self.shown)]
        return entries + ([(f"{len(self.others)} others", figures.SERIES[-1])] if self.others else [])

    def colour(self, code: int) -> str:
        """That of a class."""
        return figures.SERIES[self.shown.index(code)] if code in self.shown else figures.SERIES[-1]

    def groups(self, codes: np.ndarray) -> list[tuple[str, str, np.ndarray]]:
        """Name, colour and which examples, for each colour; those without a class are left out."""
        which = [codes == k for k in self.shown]
        if self.others:
            which.append(np.isin(codes, self.others))
        return [(*entry, rows) for entry, rows in zip(self.entries(), which, strict=True)]


def on_page(panels: Sequence[Panel]) -> Markup:
    """The plots as figures of a page, beside each other."""
    return page.grid([page.figure(svg(panel), panel.caption) for panel in panels], least=320, beyond=len(panels) > 3)


@figures.style()
def svg(panel: Panel, width: float = 3.5, height: float = 2.7) -> Markup:
    """One plot for a page."""
    figure, axes = figures.new(width, height)
    _draw(panel, axes)
    return figures.svg(figure, page.shortened(f"{panel.title}. {panel.caption}", 300))


@figures.style()
def at_once(panels: Sequence[Panel], title: str, palette: Palette | None) -> Figure:
    """Up to sixteen plots as one figure, four in a row, each with as much room as the others."""
    panels = panels[:AT_ONCE]
    columns = min(4, max(1, len(panels)))
    rows = max(1, math.ceil(len(panels) / columns))
    entries = [] if palette is None else palette.entries()
    head, foot = 0.4, 0.3 * math.ceil(len(entries) / (3 * columns))
    size = 3.5 * columns, 2.75 * rows + head + foot
    figure = Figure(figsize=size, layout="constrained")
    heights = [head, 2.75 * rows, *([foot] if entries else [])]
    parts = figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
    parts[0].text(0.1 / size[0], 0.4, page.shortened(title, 100), va="center", fontsize=13, fontweight="bold")
    cells = parts[1].subfigures(rows, columns, squeeze=False, wspace=0.03, hspace=0.03)
    for panel, cell in zip(panels, cells.flat, strict=False):
        _draw(panel, cell.subplots())
    if entries:
        patches = [Patch(color=colour, label=page.shortened(name, LABEL)) for name, colour in entries]
        parts[2].legend(handles=patches, loc="center left", ncols=3 * columns, fontsize=9)
    return figure


def montage(
    axes: Axes, images: np.ndarray, labels: Sequence[str] = (), columns: int | None = None, size: float = 7.0
) -> None:
    """Images beside each other, four to three, each with what is said of it below.

    Parameters
    ----------
    axes : Axes
    images : np.ndarray
        uint8 (images, height, width, 3), or with opacity (..., 4).
    labels : list of str
        One for each image, or none at all.
    columns : int, optional
    size : float
        Of the labels, in points.
    """
    count, height, width = images.shape[:3]
    below = 0.28 if labels else 0.06
    columns = columns or _columns(count, width, height * (1 + below))
    step = [max(1, length // 56) for length in (height, width)]  # no more pixels than can be seen
    images = images[:, :: step[0], :: step[1]]
    finer = max(1, 48 // max(images.shape[1:3]))  # so fine that gaps are thin
    images = images.repeat(finer, axis=1).repeat(finer, axis=2)
    height, width = images.shape[1:3]
    gap, foot = max(1, round(0.08 * width)), max(1, round(below * height))
    rows = math.ceil(count / columns)
    canvas = np.zeros((rows * (height + foot), columns * (width + gap), 4), np.uint8)
    for place, image in enumerate(images):
        top, left = place // columns * (height + foot), place % columns * (width + gap)
        canvas[top : top + height, left : left + width, 3] = 255
        canvas[top : top + height, left : left + width, : image.shape[2]] = image
        if labels:
            middle = left + width / 2
            axes.text(middle, top + height + foot * 0.45, labels[place], ha="center", va="center", fontsize=size)
    axes.imshow(canvas)
    without_axes(axes)


def without_axes(axes: Axes) -> None:
    """A picture, not a plot of numbers."""
    axes.set_anchor("NW")
    axes.grid(False)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)


def heat(axes: Axes, values: np.ndarray, names: Sequence[str], cmap: str, low: float, high: float, bar: str) -> None:
    """A square table as colours, NaN blank, with the names at its sides where they are legible."""
    axes.set_anchor("NW")
    image = axes.imshow(values, cmap=cmap, vmin=low, vmax=high, aspect="equal")
    axes.grid(False)
    if len(names) <= 20:
        short = [page.shortened(name, 12 if len(names) <= 10 else 8) for name in names]
        wide = max(map(len, short), default=0) > 2
        axes.set_xticks(range(len(names)), short, rotation=90 if wide else 0, fontsize=7)
        axes.set_yticks(range(len(names)), short, fontsize=7)
    axes.figure.colorbar(image, ax=axes, label=bar, shrink=0.85)


def by_set(axes: Axes, parts: Mapping[str, np.ndarray], bins: np.ndarray) -> None:
    """Histograms of sets, as shares: the first filled, the others as lines over it; in no colour of a class."""
    for k, (name, values) in enumerate(list(parts.items())[:4]):
        share = np.histogram(values, bins)[0] / max(1, len(values))
        how = {"label": page.shortened(name, 24), "linewidth": 1.4}
        if k == 0:
            axes.stairs(share, bins, fill=True, color=faded(figures.FAINT, 0.45), **how)
        else:
            axes.stairs(share, bins, color=figures.INK, linestyle=("-", "--", ":")[k - 1], **how)
    percent(axes.yaxis)
    if len(parts) > 1:
        axes.legend(fontsize=7.5)


def percent(axis: Axis) -> None:
    """Parts of one as percent."""
    axis.set_major_formatter(lambda value, _: f"{100 * value:.4g} %")


def plain(axis: Axis, values: np.ndarray) -> None:
    """Few ticks, and no power of ten beside the axis."""
    axis.set_major_locator(MaxNLocator(5))
    if len(values) and 1e5 <= np.abs(values).max() < 1e15:
        axis.set_major_formatter(EngFormatter(sep=""))


def faded(colour: str, opacity: float) -> tuple:
    """A colour that shows what lies under it."""
    return to_rgba(colour, opacity)


def _draw(panel: Panel, axes: Axes) -> None:
    panel.draw(axes)
    axes.set_title(page.shortened(panel.title, TITLE - len(panel.corner)))
    axes.set_title(panel.corner, loc="right", fontsize=8.5, fontweight="normal", color=figures.FAINT)


def _columns(count: int, width: float, height: float) -> int:
    """So many in a row that all together are about four to three."""
    return max(1, min(count, round(math.sqrt(count * height / width * 4 / 3))))
