"""The model: its diagram, and a table of its parameters with what training made of them."""

import math

import numpy as np
from markupsafe import Markup

from bricks.errors import BricksError
from bricks.gated import dynamics
from bricks.training.trained import Trained
from bricks.view import figures, page
from bricks.view.page import Section
from bricks.view.report.material import Material, said

MOST_DIAGRAMS, MOST_HISTOGRAMS, MOST_ROWS = 3, 24, 24

MOST_SHOWN = 33
"""Characters of a parameter's path above its histogram: its end says most."""

BINS = 50


def section(material: Material) -> Section | None:
    """Diagram, table, histograms; None where the model can't be built."""
    if material.trained is None:
        return None
    return Section("Model", [*diagrams(material.trained), *parameters(material)])


def diagrams(trained: Trained) -> list[Markup]:
    """The model's brick drawn, or the units of a model that is of several bricks."""
    bricks = [trained.brick] if trained.brick is not None else dynamics.units_of(trained.model.graph)[:MOST_DIAGRAMS]
    found = []
    for brick in bricks:
        try:
            drawn = Markup(brick.diagram().svg)
        except BricksError as error:  # without Graphviz, say
            found.append(page.note(f"No diagram of {brick.path}: {said(error)}."))
        else:
            found.append(page.figure(drawn, wide=True))
    return found


def parameters(material: Material) -> list[Markup]:
    """A table of all parameters, and histograms of the largest ones."""
    model = material.trained.model
    now = {path: variable.get_value() for path, variable in model.parameters.items()}
    first = material.initial["parameters"] if material.initial else {}
    if not now:
        return [page.note("The model has no parameters.")]
    header = ["parameter", "shape", "count", "mean", "std", "min", "max", "zeros", "norm", "at first", "moved by"]
    rows = [_row(path, values, first.get(path)) for path, values in now.items()]
    total = sum(values.size for values in now.values())
    which = "of the best epoch" if material.best_parameters else "of the last step that was saved"
    explained = (
        f"{total:,} parameters in {len(now)} arrays, {which}. Norms are Euclidean; moved by: the norm of the change "
        "since the beginning, as a part of the norm at first."
    )
    parts = [page.note(explained), page.table(header, rows[:MOST_ROWS])]
    if rows[MOST_ROWS:]:
        rest = page.table(header, rows[MOST_ROWS:])
        parts.append(page.folded(f"{len(rows) - MOST_ROWS} more parameters", rest))
    spread = [path for path in now if now[path].size > 1]
    chosen = sorted(spread, key=lambda path: -now[path].size)[:MOST_HISTOGRAMS]
    plots = [page.figure(histogram(path, now[path], first.get(path))) for path in now if path in chosen]
    if plots:
        left = f" The {MOST_HISTOGRAMS} largest are shown." if len(chosen) < len(spread) else ""
        parts.append(
            page.note(
                f"How the values are distributed, each by its own peak: grey at first, blue after training.{left}"
            )
        )
        parts.append(page.grid(plots, least=160))
    return parts


def _row(path: str, values: np.ndarray, first: np.ndarray | None) -> list:
    wide = values.astype("float64")
    norm = float(np.linalg.norm(wide))
    began = moved = None
    if first is not None:
        began, change = float(np.linalg.norm(first.astype("float64"))), float(np.linalg.norm(wide - first))
        moved = f"{100 * change / began:.3g} %" if began else None
    shape = "\u202f×\u202f".join(map(str, values.shape)) or "one number"
    zeros = f"{100 * float((values == 0).mean()):.3g} %"
    numbers = [wide.mean(), wide.std(), wide.min(), wide.max()]
    return [page.name(path), Markup(shape), values.size, *map(float, numbers), zeros, norm, began, moved]


@figures.style()
def histogram(path: str, values: np.ndarray, first: np.ndarray | None) -> Markup:
    """How the values of a parameter are distributed, at the beginning and now."""
    figure, axes = figures.new(2.3, 1.5)
    both = [part.ravel()[np.isfinite(part.ravel())] for part in (first, values) if part is not None]
    low, high = min(p.min(initial=math.inf) for p in both), max(p.max(initial=-math.inf) for p in both)
    if not low <= high:
        axes.text(0.5, 0.5, "not finite", transform=axes.transAxes, ha="center")
    else:
        pad = (high - low) / 2 / BINS or max(abs(high), 1.0) / 10
        edges = np.linspace(low - pad, high + pad, BINS + 1)
        counts = [np.histogram(part, edges)[0] for part in both]
        if first is not None:
            axes.stairs(counts[0] / max(1, counts[0].max()), edges, fill=True, color=figures.FAINT, alpha=0.35)
        axes.stairs(counts[-1] / max(1, counts[-1].max()), edges, color=figures.SERIES[0], linewidth=1.3)
    axes.set_yticks([])
    axes.grid(False)
    axes.spines["left"].set_visible(False)
    axes.tick_params(labelsize=7)
    axes.locator_params(axis="x", nbins=4)
    axes.set_title(
        page.shortened(path if len(path) <= MOST_SHOWN else f"…{path[-MOST_SHOWN:]}", 40),
        fontsize=8,
        fontweight="normal",
    )
    return figures.svg(figure, f"distribution of the values of {page.shortened(path)}")
