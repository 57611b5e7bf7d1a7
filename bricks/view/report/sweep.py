"""A sweep: the table of its grid with means and intervals, what each setting came to, curves with bands over seeds."""

import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from markupsafe import Markup
from matplotlib.ticker import MaxNLocator

from bricks.training import folders, given, grid, tables
from bricks.training.intervals import mean_interval
from bricks.training.lab import Lab
from bricks.training.tables import Row
from bricks.view import figures, page
from bricks.view.page import Section
from bricks.view.report.curves import by_epoch, entries, scale, values
from bricks.view.report.head import duration, told
from bricks.view.report.material import Logged
from bricks.view.report.several import legend, style_of

MOST_DRAWN, MOST_ENTRIES, LONGEST = 10, 4, 40


def report_sweep(folder: Path, progress: Callable[[str], None] = lambda _: None) -> str:
    """The page of a sweep, as far as its runs have come; neither its lab nor its data are needed.

    Parameters
    ----------
    folder : Path
        With `sweep.yaml`, and a run directory for each point that was begun.
    progress : callable, optional
        Is told what is being done.

    Returns
    -------
    str
        HTML.
    """
    progress("reading the runs")
    found = given.load(folder / folders.SWEEP, Lab(folder))
    points = dict(zip(grid.names(found.points), found.points, strict=True))
    runs = {name: Logged(folder / name) for name in points if (folder / name / folders.CONFIG).is_file()}
    watch = next((run.watch for run in runs.values()), "valid_cost")
    results = {name: tables.read_result(folder / name, watch) for name in runs}
    results = {name: result for name, result in results.items() if result is not None}
    rows = tables.rows(points, results, watch)
    header, cells = tables.cells(rows, watch)
    over = tables.repeats(points)
    said = f"Mean and 95 % interval (Student's t) over {over}; s" if over else "S"
    progress("curves")
    drawn = [row for row in rows if row.results][:MOST_DRAWN]
    parts: list = [page.table(header, cells, f"{said}orted by {watch}.")]
    parts += _not_done(points, runs, results)
    sections = [
        Section("Table", parts),
        Section("Settings", settings(rows, watch)),
        Section("Curves", curves(drawn, points, runs, len(rows))),
        Section("Sweep", _asked(folder)),
    ]
    facts = {"points done": f"{len(results)} of {len(points)}"}
    if drawn:
        facts |= {f"best {watch.replace('_', ' ')}": cells[0][header.index(watch)], "by": label(drawn[0])}
        facts["of training"] = duration(60 * sum(result.minutes for result in results.values()))
    title = f"{folders.config_name(folder)} / {folder.name}"
    return page.page(title, sections, lead=f"A sweep over {', '.join(_paths(points))}.", facts=facts)


def _paths(points: Mapping[str, grid.Values]) -> list[str]:
    return [page.shortened(path, LONGEST) for path in dict.fromkeys(p for values in points.values() for p in values)]


def label(row: Row) -> str:
    """What the runs of a row have in common: `unit=lstm, dim=64`."""
    keys = grid.short(row.values)
    words = (f"{keys[path]}={grid.word(value)}" for path, value in row.values.items())
    return page.shortened(", ".join(words), LONGEST) or "all runs"


def _not_done(points: Mapping, runs: Mapping[str, Logged], results: Mapping) -> list[Markup]:
    left = []
    for name in points:
        if name not in results:
            rows = runs[name].rows if name in runs else []
            how = f"{rows[-1]['epoch']} epochs so far" if rows else "not begun"
            left.append(f"{page.shortened(name)}: {how}")
    return [page.note(f"{len(left)} points are not done:"), page.bullets(left)] if left else []


def settings(rows: Sequence[Row], watch: str) -> list[Markup]:
    """For what is watched, and for the test set, a line for each row of the table: mean, interval, single runs."""
    done = [row for row in rows if row.results]
    names = tables.shown_columns(done, watch)[:2] if done else []
    plots = [page.figure(_forest(done, name, watch)) for name in names]
    said = "A row of the table each: its mean with the 95 % interval, and the single runs behind it."
    return [page.note(said), page.grid(plots)] if plots else []


@figures.style()
def _forest(rows: Sequence[Row], name: str, watch: str) -> Markup:
    figure, axes = figures.new(4.6, 1.0 + 0.26 * len(rows))
    drawn = []
    for place, row in enumerate(rows):
        numbers = np.array(row.measured(name, watch), float)
        numbers = numbers[np.isfinite(numbers)]
        drawn.append(numbers)
        if not numbers.size:
            continue
        mean, half = mean_interval(numbers)
        axes.plot(numbers, np.full(len(numbers), place), "o", color=figures.FAINT, markersize=3.5, alpha=0.5)
        axes.errorbar(
            [mean], [place], xerr=None if half is None else [half], fmt="o", color=figures.SERIES[0], capsize=2.5
        )
    axes.set_yticks(range(len(rows)), [page.shortened(label(row), 28) for row in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.grid(axis="y", visible=False)
    if any(told(name, float(part.max())).endswith("%") for part in drawn if part.size):
        axes.xaxis.set_major_formatter(lambda value, _: f"{100 * value:g} %")
    axes.set_title(page.shortened(name.replace("_", " "), LONGEST))
    return figures.svg(figure, f"{page.shortened(name, LONGEST)} of each setting, with its interval")


def curves(rows: Sequence[Row], points: Mapping[str, grid.Values], runs: Mapping[str, Logged], count: int) -> list:
    """Means over the runs of each row, epoch by epoch, with bands of the 95 % interval."""
    named = {label(row): _of_row(row, points, runs) for row in rows}
    named = {name: part for name, part in named.items() if any(run.rows for run in part)}
    if not named:
        return []
    styles = style_of(list(named))
    wanted = dict.fromkeys(entry for run in itertools.chain(*named.values()) for entry in entries(run))
    plots = []
    for entry in list(wanted)[:MOST_ENTRIES]:
        key = f"valid_{entry}"
        if any(key in row for run in itertools.chain(*named.values()) for row in run.rows):
            plots.append(page.figure(_bands(named, key, styles)))
    some = f" The {len(named)} best of {count} rows." if count > len(named) else ""
    note = page.note(f"Means over the runs of a row, with 95 % intervals, in epochs that all of them have.{some}")
    return [note, legend(styles), page.grid(plots)]


def _of_row(row: Row, points: Mapping[str, grid.Values], runs: Mapping[str, Logged]) -> list[Logged]:
    return [runs[name] for name, values_ in points.items() if name in runs and grid.common(values_) == row.values]


@figures.style()
def _bands(named: Mapping[str, Sequence[Logged]], key: str, styles: Mapping[str, dict]) -> Markup:
    figure, axes = figures.new()
    drawn = []
    for name, runs in named.items():
        epochs, means, halves = band([values(run, key) for run in runs if run.rows])
        drawn.append(means)
        axes.plot(epochs, means, linewidth=1.4, **styles[name])
        axes.fill_between(epochs, means - halves, means + halves, color=styles[name]["color"], alpha=0.18, linewidth=0)
    scale(axes, key, drawn)
    by_epoch(axes)
    axes.set_title(page.shortened(key.replace("_", " "), LONGEST))
    return figures.svg(figure, f"{page.shortened(key, LONGEST)} over the epochs, means with intervals")


def band(series: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Epochs that all series have, the means of their values, and halves of the intervals (0 for a single one).

    >>> epochs, means, halves = band([(np.array([1, 2]), np.array([3.0, 1.0])), (np.array([1]), np.array([5.0]))])
    >>> epochs.tolist(), means.tolist(), halves.round(2).tolist()
    ([1], [4.0], [12.71])
    """
    tables_ = [dict(zip(epochs.tolist(), numbers.tolist(), strict=True)) for epochs, numbers in series]
    shared = sorted(set.intersection(*(set(table) for table in tables_)))
    found = [mean_interval([table[epoch] for table in tables_]) for epoch in shared]
    return np.array(shared), np.array([mean for mean, _ in found]), np.array([half or 0.0 for _, half in found])


def _asked(folder: Path) -> list:
    parts: list = []
    try:
        about = json.loads((folder / folders.VERSIONS).read_text(encoding="utf-8"))
        parts.append(page.code(f"python {' '.join(map(str, about['command']))}"))
    except (OSError, ValueError, KeyError, TypeError):
        pass  # then nobody knows how it was asked for
    text = (folder / folders.SWEEP).read_text(encoding="utf-8")
    return [*parts, page.folded("The config that is swept", page.code(text))]
