"""Several runs beside each other: their numbers, what differs in their configs, their curves in one plot."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup

from bricks.errors import BricksError
from bricks.training import checkpoints
from bricks.training.grid import word
from bricks.training.saving import BEST, CHECKPOINT
from bricks.view import figures, page
from bricks.view.page import Section
from bricks.view.report.curves import MOST, by_epoch, entries, scale, values
from bricks.view.report.head import duration, main_entries, told
from bricks.view.report.material import Logged, number

MOST_DRAWN = 20
"""Runs whose curves are drawn; the numbers of all are in the table."""

MOST_TESTS, LONGEST = 3, 40

_LINES = ("-", (0, (5, 1.5)))
"""For the first ten runs, and for the ten after them."""


def compare(folders: Mapping[str, Path], progress: Callable[[str], None] = lambda _: None) -> str:
    """The page that compares runs; neither their labs nor their data are needed.

    Parameters
    ----------
    folders : mapping of str to Path
        Run directories, by what they are to be called.
    progress : callable, optional
        Is told what is being done.

    Returns
    -------
    str
        HTML.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> row = '{"epoch": %d, "iteration": 5, "train_cost": 0.5}\\n'
    >>> _ = (folder / "log.jsonl").write_text(row % 1 + row % 2)
    >>> "2 runs compared" in compare({"seed=1": folder, "seed=2": folder})
    True
    """
    progress("reading the runs")
    runs = {name: Logged(folder) for name, folder in folders.items()}
    missing = [f"{name}: {line}" for name, run in runs.items() for line in run.missing]
    sections = [
        Section("Not there", [page.bullets(missing)] if missing else []),
        Section("Numbers", numbers(runs)),
        Section("Configs", configs(runs)),
    ]
    progress("curves")
    sections.insert(2, Section("Curves", curves(runs)))
    return page.page(
        f"{len(runs)} runs compared", sections, lead=", ".join(dict.fromkeys(r.name for r in runs.values()))
    )


def numbers(runs: Mapping[str, Logged]) -> list[Markup]:
    """A row for each run: how it ended, how large and how fast it is."""
    tests = list(dict.fromkeys(key for run in runs.values() if run.ended for key in main_entries(run.test, "test")))
    tests = sorted(tests, key=main_entries(dict.fromkeys(tests, 0.0), "test").index)[:MOST_TESTS]
    watched = list(dict.fromkeys(run.watch for run in runs.values()))
    header = ["run", *(k.replace("_", " ") for k in tests), *(f"best {k.replace('_', ' ')}" for k in watched)]
    header += ["best epoch", "epochs", "parameters", "trained for", "seconds an epoch"]
    devices = {name: str(run.versions.get("device", "")) for name, run in runs.items()}
    differ = len(set(devices.values())) > 1
    rows = []
    for name, run in runs.items():
        best = run.best or {}
        row: list[Any] = [page.name(name, LONGEST)]
        row += [told(key, run.test.get(key)) if run.ended and key in run.test else None for key in tests]
        row += [
            told(key, best[key]) if key == run.watch and number(best.get(key)) is not None else None for key in watched
        ]
        row += [best.get("epoch"), run.rows[-1]["epoch"] if run.rows else 0, parameters(run)]
        row += [None if run.seconds is None else duration(run.seconds), _epoch_seconds(run)]
        rows.append([*row, *([page.name(devices[name], 20)] if differ else [])])
    running = [page.shortened(name, LONGEST) for name, run in runs.items() if not run.ended]
    said = [page.note(f"Not finished: {', '.join(running)}.")] if running else []
    return [page.table([*header, *(["device"] if differ else [])], rows), *said]


def parameters(run: Logged) -> int | None:
    """How many numbers are trained, by what the run has saved; None where that can't be read."""
    for name in (BEST, CHECKPOINT):
        try:
            state = checkpoints.read(run.folder / name)
            kept = state["model"] if "model" in state else state["main_loop"]["algorithm"]
            return sum(int(np.size(values)) for values in kept["parameters"].values())
        except (BricksError, KeyError):
            continue
    return None


def _epoch_seconds(run: Logged) -> float | None:
    each = [number(row.get("time", {}).get("epoch")) for row in run.rows]
    known = [seconds for seconds in each if seconds is not None]
    return float(np.median(known)) if known else None


def configs(runs: Mapping[str, Logged]) -> list[Markup]:
    """What differs in the configs, a column for each such key."""
    flat = {name: flattened(run.config) for name, run in runs.items()}
    keys = list(dict.fromkeys(key for config in flat.values() for key in config))
    differing = [key for key in keys if len({repr(config.get(key)) for config in flat.values()}) > 1]
    if not differing:
        return [page.note("Their configs are the same.")]
    rows = [[page.name(key, 50), *(_cell(flat[name], key) for name in flat)] for key in differing]
    return [page.table(["key", *(page.name(name, LONGEST) for name in runs)], rows)]


def _cell(config: Mapping[str, Any], key: str) -> Markup | None:
    return page.name(word(config[key]), LONGEST) if key in config else None


def flattened(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """
    >>> flattened({"seed": 1, "model": {"name": "mlp", "hidden": [500]}})
    {'seed': 1, 'model.name': 'mlp', 'model.hidden': [500]}
    """
    found: dict[str, Any] = {}
    for key, value in config.items():
        found |= flattened(value, f"{prefix}{key}.") if isinstance(value, dict) and value else {f"{prefix}{key}": value}
    return found


def curves(runs: Mapping[str, Logged]) -> list[Markup]:
    """For each entry one plot of all runs: valid, and train where valid hasn't it; what the colours mean above."""
    drawn = {name: run for name, run in itertools.islice(runs.items(), MOST_DRAWN) if run.rows}
    if not drawn:
        return [page.note("None of them has finished an epoch.")]
    styles = style_of(list(drawn))
    wanted = list(dict.fromkeys(entry for run in drawn.values() for entry in entries(run)))
    plots = []
    for entry in wanted[:MOST]:
        for prefix in ("valid", "train"):
            key = f"{prefix}_{entry}"
            if any(key in row for run in drawn.values() for row in run.rows):
                plots.append(page.figure(_overlaid(drawn, key, styles)))
    parts = [legend(styles), page.grid(plots)]
    if len(runs) > len(drawn):
        parts.append(page.note(f"Drawn are {len(drawn)} of {len(runs)} runs."))
    return parts


def style_of(names: Sequence[str]) -> dict[str, dict]:
    """A colour and a line for each run."""
    count = len(figures.SERIES)
    return {
        name: {"color": figures.SERIES[k % count], "linestyle": _LINES[k // count % len(_LINES)]}
        for k, name in enumerate(names)
    }


def legend(styles: Mapping[str, dict]) -> Markup:
    """What the colours mean; of more than ten runs, the later ones are dashed."""
    dashed = {name for name, style in styles.items() if style["linestyle"] != _LINES[0]}
    named = [(f"{name} (dashed)" if name in dashed else name, style["color"]) for name, style in styles.items()]
    return page.legend(named)


@figures.style()
def _overlaid(runs: Mapping[str, Logged], key: str, styles: Mapping[str, dict]) -> Markup:
    figure, axes = figures.new()
    drawn = []
    for name, run in runs.items():
        if any(key in row for row in run.rows):
            epochs, numbers_ = values(run, key)
            drawn.append(numbers_)
            marker = "o" if len(epochs) <= 3 else None
            axes.plot(epochs, numbers_, marker=marker, linewidth=1.4, **styles[name])
            best = run.best
            if best is not None and number(best.get(key)) is not None:
                axes.plot([best["epoch"]], [best[key]], "o", markersize=4.5, color=styles[name]["color"])
    scale(axes, key, drawn)
    by_epoch(axes)
    axes.set_title(page.shortened(key.replace("_", " "), LONGEST))
    return figures.svg(figure, f"{page.shortened(key, LONGEST)} of {len(runs)} runs over the epochs; dots: best epochs")
