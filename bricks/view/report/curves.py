"""Curves over the epochs: what train and valid said, the learning rate, the time. Gaps are what was not finite."""

import math
from collections.abc import Mapping

import numpy as np
from markupsafe import Markup
from matplotlib.ticker import MaxNLocator

from bricks.training.progress import shown
from bricks.view import figures, page
from bricks.view.page import Section
from bricks.view.report.head import duration, told
from bricks.view.report.material import Logged, number
from bricks.view.report.rates import learning_rate

MOST = 6
"""Entries that have a plot; the others are in the log."""

SPAN = 20
"""A positive curve whose largest value is so many times its smallest is drawn on a logarithmic axis."""

COLOURS = {"train": figures.SERIES[0], "valid": figures.SERIES[1], "test": figures.SERIES[2]}


def section(run: Logged) -> Section | None:
    """Plots of a run's log; None before its first epoch."""
    if not run.rows:
        return None
    found = entries(run)
    plots = []
    if len(run.rows) > 1:
        plots += [page.figure(curve(run, name), gaps(run, name)) for name in found[:MOST]]
    rate = learning_rate(run)
    if rate is not None and np.ptp(rate[1]):
        plots.append(page.figure(_rate(*rate), "As the config's decay and schedule set it."))
    if len(run.rows) > 1:
        plots.append(page.figure(_time(run), _time_said(run)))
    parts: list = [page.grid(plots)] if plots else []
    if len(run.rows) == 1:
        parts = [*_one_epoch(run, found[:MOST]), *parts, page.note(_time_said(run))]
    if found[MOST:]:
        left = ", ".join(page.shortened(name, 40) for name in found[MOST:])
        parts.append(page.note(f"Logged too: {left}; python -m bricks log shows it."))
    return Section("Curves", parts)


def _one_epoch(run: Logged, names: list[str]) -> list[Markup]:
    """A table, for one point is no curve."""
    rows, only = [], {**(run.test or {}), **run.rows[0]}
    for name in names:
        keys = [f"{prefix}_{name}" for prefix in COLOURS]
        rows.append([page.name(name, 40), *(told(key, only[key]) if key in only else None for key in keys)])
    return [page.note("One epoch is logged."), page.table(["", *COLOURS], rows)]


def entries(run: Logged) -> list[str]:
    """What rows have of train or valid, without the prefix: first what is watched, then costs and errors."""
    found: dict[str, None] = {}
    for row in run.rows:
        for key, value in row.items():
            prefix, _, name = key.partition("_")
            if prefix in ("train", "valid") and "/" not in name and (value is None or number(value) is not None):
                found.setdefault(name)
    watched = run.watch.partition("_")[2]

    def rank(name: str) -> tuple[bool, bool, bool]:
        return name != watched, name not in ("cost", "error"), not {"cost", "error"} & set(name.split("_"))

    return sorted(found, key=rank)


def values(run: Logged, key: str) -> tuple[np.ndarray, np.ndarray]:
    """Epochs, and an entry in them; NaN where it is not finite or not there."""
    known = [(row["epoch"], number(row.get(key))) for row in run.rows]
    epochs, numbers = zip(*known, strict=True)
    return np.array(epochs), np.array([math.nan if value is None else value for value in numbers])


@figures.style()
def curve(run: Logged, name: str) -> Markup:
    """An entry over the epochs, of train and valid; the best epoch marked, the test set's number beside it."""
    figure, axes = figures.new()
    drawn: dict[str, np.ndarray] = {}
    for prefix in ("train", "valid"):
        if any(f"{prefix}_{name}" in row for row in run.rows):
            epochs, drawn[prefix] = values(run, f"{prefix}_{name}")
            marker = "o" if len(epochs) <= 30 else None
            axes.plot(epochs, drawn[prefix], color=COLOURS[prefix], marker=marker, markersize=3, label=prefix)
    best = run.best
    if best is not None:
        axes.axvline(best["epoch"], color=figures.FAINT, linewidth=0.9, linestyle=(0, (3, 3)), label="best epoch")
        test = number((run.test or {}).get(f"test_{name}")) if run.ended else None
        if test is not None:
            drawn["test"] = np.array([test])
            axes.plot([best["epoch"]], [test], "D", color=COLOURS["test"], markersize=5, label="test")
        valid = number(best.get(f"valid_{name}"))
        if valid is not None:
            axes.plot([best["epoch"]], [valid], "o", color=COLOURS["valid"], markersize=6)
    scale(axes, f"valid_{name}", drawn.values())
    by_epoch(axes)
    axes.set_title(page.shortened(name.replace("_", " "), 40))
    figures.legend_above(axes)
    at = f", best epoch {best['epoch']}" if best else ""
    return figures.svg(figure, f"{page.shortened(name, 40)} of train and valid over {len(run.rows)} epochs{at}")


def scale(axes, key: str, drawn) -> None:
    """A vertical axis that fits the numbers: percent for rates of errors, logarithmic where they span far."""
    finite = np.concatenate([np.ravel(part)[np.isfinite(np.ravel(part))] for part in drawn] or [np.zeros(0)])
    if not finite.size:
        axes.text(0.5, 0.5, "no finite number", transform=axes.transAxes, ha="center", color=figures.FAINT)
        return
    rate = shown(key, float(finite.max())).endswith("%")

    def words(value: float) -> str:
        return f"{100 * value:g} %" if rate else f"{value:g}"

    if finite.min() > 0 and finite.max() / finite.min() > SPAN:
        figures.logarithmic(axes, "y", words)
    elif rate:
        axes.yaxis.set_major_formatter(lambda value, _: words(value))


def by_epoch(axes) -> None:
    """Epochs along the horizontal axis, whole numbers."""
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))


def gaps(run: Logged, name: str) -> str:
    """Where an entry was not finite, in words."""
    said = []
    for prefix in ("train", "valid"):
        bad = [row["epoch"] for row in run.rows if row.get(f"{prefix}_{name}", 0) is None]
        if bad:
            listed = ", ".join(map(str, bad[:10])) + (", ..." if bad[10:] else "")
            said.append(f"{prefix} was not finite in epoch{'s' if bad[1:] else ''} {listed}")
    best = run.best
    at_best = [f"{p} {told(f'{p}_{name}', best[f'{p}_{name}'])}" for p in COLOURS if best and f"{p}_{name}" in best]
    if run.ended and f"test_{name}" in run.test:
        at_best.append(f"test {told(f'test_{name}', run.test[f'test_{name}'])}")
    ends = [f"At epoch {best['epoch']}: {', '.join(at_best)}."] if at_best else []
    return " ".join([*ends, *(f"{line[0].upper()}{line[1:]}." for line in said)])


@figures.style()
def _rate(epochs: np.ndarray, rates: np.ndarray) -> Markup:
    figure, axes = figures.new()
    axes.plot(epochs, rates, color=figures.SERIES[4])
    scale(axes, "rate", [rates])
    by_epoch(axes)
    axes.set_title("learning rate")
    return figures.svg(figure, "the learning rate over the epochs")


def _times(run: Logged) -> Mapping[str, np.ndarray]:
    """Seconds of each epoch: `total`, of its `steps`, waiting for `data`; NaN where an old log doesn't say."""

    def of(key: str) -> np.ndarray:
        given = [number(row.get("time", {}).get(key)) for row in run.rows]
        return np.array([math.nan if value is None else value for value in given])

    def each(key: str) -> np.ndarray:
        return np.diff(of(key), prepend=0.0)

    return {"total": each("total"), "steps": of("epoch"), "data": each("data")}


@figures.style()
def _time(run: Logged) -> Markup:
    figure, axes = figures.new()
    epochs, times = [row["epoch"] for row in run.rows], _times(run)
    steps = np.where(np.isfinite(times["steps"]), np.minimum(times["steps"], times["total"]), times["total"])
    rest = np.clip(times["total"] - steps, 0, None)
    width = 0.8 if len(epochs) <= 60 else 1.0
    axes.bar(epochs, steps, width, color=figures.SERIES[0], label="training steps")
    axes.bar(epochs, rest, width, bottom=steps, color=figures.SERIES[9], label="evaluation, saving")
    by_epoch(axes)
    axes.set_ylabel("seconds")
    top = np.nanmax(times["total"], initial=0)
    axes.set_ylim(0, 1.05 * top if top > 0 else 1)
    axes.set_title("time per epoch")
    figures.legend_above(axes)
    return figures.svg(figure, "seconds of each epoch")


def _time_said(run: Logged) -> str:
    times = _times(run)
    total, data = np.nansum(times["total"]), np.nansum(times["data"])
    if not total > 0:
        return ""
    waiting = f"{100 * data / total:.1f} % of it waiting for data."
    if len(run.rows) == 1:
        return f"It took {duration(float(total))}, compiling included; {waiting}"
    median = duration(float(np.nanmedian(times["total"])))
    return f"Median {median}, in all {duration(float(total))}; {waiting} The first epoch compiles."
