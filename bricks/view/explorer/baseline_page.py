"""The baselines on the page: a table, the scores of each fold, differences in pairs, and what the best one confuses."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from bricks.view import figures, page
from bricks.view.explorer.baselines import Baselines, Result, differences, interval
from bricks.view.explorer.panels import LABEL, Panel, heat, on_page, percent
from bricks.view.explorer.study import Study
from bricks.view.page import Section

MOST_CLASSES = 30


def section(found: Study) -> Section:
    """The section, or why there are none."""
    if found.baselines is None:
        return Section("Baselines", [found.no_baselines or "There are none."])
    baselines, numbers = found.baselines, found.target.kind == "numbers"
    whole = found.seen[found.main].examples
    of = f"{baselines.examples:,} of {whole:,}" if baselines.examples < whole else f"all {whole:,}"
    alike = "all pixels by one mean and deviation" if found.roles.kind == "images" else "each column"
    said = (
        f"{baselines.folds} folds over {of} examples of {page.shortened(found.main, 40)}; no other set is looked at. "
        f"Features are standardised within each fold, {alike}, missing values being the mean. Nothing was tuned."
    )
    if found.examples.X.shape[1] > 1 and found.roles.kind == "images":
        height, width = found.examples.raw.shape[1:3]
        if height * width > found.examples.X.shape[1]:
            said += " Images were made smaller first."
    header = ["baseline", "RMSE" if numbers else "error", "95 %", *(["R²"] if numbers else []), "seconds", "what it is"]
    rows = [_row(result, numbers) for result in sorted(baselines.results, key=lambda r: -np.mean(r.scores))]
    widened = (
        "Means over the folds. Intervals are Student's, widened since folds share most of their training examples "
        "(Nadeau and Bengio, 2003)."
    )
    plots = [_scores(baselines, numbers)]
    plots += [_fit(baselines)] if numbers else _confusion(found, baselines)
    return Section(
        "Baselines",
        [page.note(said), page.table(header, rows), page.note(widened), *_pairs(baselines, numbers), on_page(plots)],
    )


def _row(result: Result, numbers: bool) -> list:
    mean, half = interval(result.scores)
    shown = _number(mean, numbers)
    r2 = [f"{np.mean(result.r2):.3f}"] if numbers else []
    return [result.name, shown, f"± {_number(half, numbers)}", *r2, f"{result.seconds:.1f}", result.how]


def _pairs(found: Baselines, numbers: bool) -> list:
    rows = []
    for name, mean, half in differences(found):
        apart = abs(mean) > half
        verdict = "worse" if apart else "no telling: the interval has 0 in it"
        rows.append([name, f"+{_number(mean, numbers)}", f"± {_number(half, numbers)}", verdict])
    said = page.note(f"How much worse than {found.best.name}, fold by fold on the same examples:")
    return [said, page.table(["baseline", "difference", "95 %", ""], rows)]


def _scores(found: Baselines, numbers: bool) -> Panel:
    order = sorted(found.results, key=lambda result: -np.mean(result.scores))
    # What knows nothing is left out where the others would lie on top of each other beside it.
    trivial, next_worst = (float(np.mean(result.scores)) for result in order[:2])
    left = order[0] if trivial > 2 * next_worst else None
    order = [result for result in order if result is not left]

    def draw(axes: Axes) -> None:
        for place, result in enumerate(order):
            mean, half = interval(result.scores)
            axes.errorbar(
                mean, place, xerr=half, color=figures.INK, capsize=4, marker="|", markersize=10, linewidth=1.2
            )
            spread = place - 0.22 * np.linspace(-1, 1, len(result.scores))
            axes.plot(result.scores, spread, "o", color=figures.SERIES[0], alpha=0.7, markersize=3.5)
        axes.set_yticks(range(len(order)), [result.name.replace(" ", "\n", 1) for result in order], fontsize=8)
        axes.set_ylim(-0.6, len(order) - 0.4)
        axes.grid(axis="y", visible=False)
        if not numbers:
            percent(axes.xaxis)
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.set_xlim(left=max(0, axes.get_xlim()[0]))
        axes.set_xlabel("RMSE" if numbers else "error", fontsize=8)

    outside = f" Not shown: {left.name}, {_number(trivial, numbers)}." if left else ""
    return Panel("Errors of baselines", draw, f"Points are folds, bars the mean and its 95 % interval.{outside}")


def _confusion(found: Study, baselines: Baselines) -> list[Panel]:
    """Of each class, what the best baseline says while it's held out."""
    names = found.target.classes
    if len(names) > MOST_CLASSES:
        return []
    table = np.zeros((len(names), len(names)))
    np.add.at(table, (baselines.truth, baselines.best.predicted), 1)
    table *= 100 / np.maximum(table.sum(axis=1, keepdims=True), 1)

    wrong = np.where(np.eye(len(names), dtype=bool), np.nan, table)
    a, b = np.unravel_index(np.nanargmax(wrong), wrong.shape)

    def draw(axes: Axes) -> None:
        heat(axes, wrong, names, "viridis", 0, float(np.nanmax(wrong)) or 1, "% of the class")
        axes.set_xlabel("predicted", fontsize=8)
        axes.set_ylabel("class", fontsize=8)

    pair = [page.shortened(names[k], LABEL) for k in (a, b)]
    told = f"Of {baselines.best.name}, held out."
    told += f" Most often {pair[0]} is taken for {pair[1]}: {wrong[a, b]:.1f} % of them." if wrong[a, b] else ""
    return [Panel("Confusions of the best", draw, told)]


def _fit(found: Baselines) -> Panel:
    """The best baseline's predictions against what is true."""

    def draw(axes: Axes) -> None:
        rows = np.linspace(0, len(found.truth) - 1, min(len(found.truth), 1000)).round().astype(int)
        truth, predicted = found.truth[rows], found.best.predicted[rows]
        axes.plot(truth, predicted, "o", color=figures.SERIES[0], alpha=0.5, markersize=2.6, markeredgewidth=0)
        ends = [min(truth.min(), predicted.min()), max(truth.max(), predicted.max())]
        axes.plot(ends, ends, color=figures.FAINT, linewidth=1)
        axes.set_xlabel("target", fontsize=8)
        axes.set_ylabel("predicted, held out", fontsize=8)

    return Panel(f"Predictions of {found.best.name}", draw)


def _number(value: float | None, numbers: bool) -> str:
    if value is None:
        return "?"
    return f"{value:.4g}" if numbers else f"{100 * value:.2f} %"
