"""Activations of a unit in an example, as heat maps: time to the right, a row for each unit, the input above."""

from collections.abc import Mapping

import numpy as np
from markupsafe import Markup
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from bricks.view import figures, page

MOST_ROWS, MOST_GATES = 128, 6

WIDTH, LEFT, RIGHT, TOP, BOTTOM, TITLE = 3.5, 0.02, 0.42, 0.2, 0.4, 0.2
"""Inches."""

SIGNED = LinearSegmentedColormap.from_list("signed", [figures.SERIES[0], "#f7f7f7", figures.SERIES[3]])
"""Blue below 0, pale at 0, red above."""


def order_of(kept: np.ndarray | None, activations: Mapping[str, np.ndarray]) -> np.ndarray:
    """The units of a layer, those that keep longest first; without a past, those with the largest first gate."""
    by = next(iter(activations.values())) if kept is None else kept
    return np.argsort(-by.mean(axis=(0, 1)), kind="stable")


@figures.style()
def heat_maps(
    inputs: Mapping[str, np.ndarray],
    activations: Mapping[str, np.ndarray],
    bounded: Mapping[str, bool],
    title: str,
    description: str,
) -> Markup:
    """One example.

    Parameters
    ----------
    inputs : mapping of str to array (time, features)
    activations : mapping of str to array (time, units)
        Ordered as they are to be shown.
    bounded : mapping of str to bool
        Whether an activation lies between 0 and 1.
    title, description : str
    """
    rows = {("", name): values for name, values in inputs.items()}
    rows |= {("gate", name): values for name, values in activations.items()}
    heights = [_height(values, kind) for (kind, _), values in rows.items()]
    whole = TOP + sum(heights) + TITLE * len(rows) + BOTTOM
    figure = Figure(figsize=(WIDTH, whole))  # laid out by hand: asking where all of it may be takes most of the time
    at = whole - TOP
    for ((kind, name), values), height in zip(rows.items(), heights, strict=True):
        at -= TITLE + height
        axis = figure.add_axes((LEFT / WIDTH, at / whole, (WIDTH - LEFT - RIGHT) / WIDTH, height / whole))
        if kind:
            bar = figure.add_axes(((WIDTH - RIGHT + 0.06) / WIDTH, at / whole, 0.09 / WIDTH, height / whole))
            _heat(figure, axis, bar, values, bounded[name])
        else:
            _input(axis, values)
        axis.set_title(page.shortened(name.replace("_", " "), 40), fontsize=8.5, fontweight="normal", pad=2)
        axis.set_yticks([])
        axis.grid(False)
        last = (kind, name) == list(rows)[-1]
        axis.tick_params(length=0, labelsize=7.5, labelbottom=last)
        axis.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        for spine in axis.spines.values():
            spine.set_visible(False)
    axis.set_xlabel("step", fontsize=8.5)
    figure.text(LEFT / WIDTH, 1 - 0.02 / whole, title, ha="left", va="top", fontsize=9.5, fontweight="bold")
    return figures.svg(figure, description)


def _height(values: np.ndarray, kind: str) -> float:
    if not kind:
        return 0.5 if values.shape[1] == 1 else 0.75
    return min(0.85, 0.2 + 0.06 * values.shape[1])


def _input(axis, values: np.ndarray) -> None:
    steps, features = values.shape
    if features == 1:
        axis.plot(np.arange(steps), values[:, 0], color=figures.SERIES[4], linewidth=1.2, drawstyle="steps-mid")
        axis.set_xlim(-0.5, steps - 0.5)
        axis.margins(y=0.15)
        return
    axis.imshow(_thinned(values).T, aspect="auto", cmap="gray", interpolation="none", extent=_extent(steps, features))


def _heat(figure, axis, beside, values: np.ndarray, bounded: bool) -> None:
    steps, units = values.shape
    if bounded:
        how = {"cmap": "viridis", "vmin": 0.0, "vmax": 1.0}
    else:
        most = float(np.abs(values).max(initial=0)) or 1.0
        how = {"cmap": "viridis", "vmin": 0.0, "vmax": most}
        if values.min(initial=0) < 0:
            how = {"cmap": SIGNED, "vmin": -most, "vmax": most}
    image = axis.imshow(_thinned(values).T, aspect="auto", interpolation="none", extent=_extent(steps, units), **how)
    bar = figure.colorbar(image, cax=beside)
    bar.outline.set_visible(False)
    bar.set_ticks([how["vmin"], how["vmax"]])
    bar.set_ticklabels([f"{how['vmin']:.2g}", f"{how['vmax']:.2g}"])
    beside.tick_params(length=0, labelsize=6.5, pad=1)
    for label, place in zip(beside.get_yticklabels(), ("bottom", "top"), strict=True):
        label.set_va(place)


def _thinned(values: np.ndarray) -> np.ndarray:
    """At most so many units of a wide layer, from all over the order."""
    units = values.shape[1]
    return values if units <= MOST_ROWS else values[:, np.arange(MOST_ROWS) * units // MOST_ROWS]


def _extent(steps: int, rows: int) -> tuple[float, float, float, float]:
    return -0.5, steps - 0.5, rows - 0.5, -0.5
