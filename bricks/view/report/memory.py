"""How long a unit remembers, and how often its gates are shut or open: before and after training."""

from collections.abc import Mapping

import numpy as np
from markupsafe import Markup

from bricks.gated import dynamics
from bricks.view import figures, page
from bricks.view.report.units import Recording, gates_of, is_between_0_and_1, is_fixed

SHORTEST, LONGEST = 0.1, 1e4
"""Time constants, in steps, at the ends of the plot: what lies beyond is counted there."""

BINS = 60

SHUT, OPEN = 0.1, 0.9


def time_constants(recording: Recording, after: Mapping, before: Mapping | None) -> list[Markup]:
    """A histogram of the time constants that what is kept of the cell amounts to, and its quantiles in words."""
    kept = recording.kept(after)
    if kept is None:
        why = (
            "has no past" if recording.unit.wiring.body is None else "is subtracted from, which no time constant tells"
        )
        return [page.note(f"Time constants are left out: the cell of {recording.unit.name} {why}.")]
    if not recording.unit.wiring.acting("body"):
        return [page.note(f"Nothing acts on the past of the cell of {recording.unit.name}: it never forgets.")]
    taus = {"after": dynamics.time_constants(recording.seen(kept))}
    if before is not None:
        taus = {"before": dynamics.time_constants(recording.seen(recording.kept(before))), **taus}
    steps = len(kept)
    words = [f"{when} training {quantiles(values, steps)}" for when, values in taus.items()]
    caption = f"-1 / log of what is kept of the cell in a step, over units and steps; {'; '.join(words)}."
    return [page.figure(_histogram(taus, steps), caption)]


def quantiles(taus: np.ndarray, steps: int) -> str:
    """
    >>> quantiles(np.array([1.0, 2.0, 3.0, 4.0, np.inf]), steps=3)
    'median 3, a tenth above inf, 40 % longer than the 3 steps of a sequence'
    """
    low, high = np.quantile(taus, [0.5, 0.9], method="nearest")
    longer = 100 * float((taus > steps).mean())
    return f"median {low:.3g}, a tenth above {high:.3g}, {longer:.3g} % longer than the {steps} steps of a sequence"


@figures.style()
def _histogram(taus: Mapping[str, np.ndarray], steps: int) -> Markup:
    figure, axes = figures.new()
    edges = np.logspace(np.log10(SHORTEST), np.log10(LONGEST), BINS + 1)
    for when, values in taus.items():
        within = np.clip(values.ravel(), SHORTEST, LONGEST)
        shares = np.histogram(within, edges)[0] / within.size
        colour = figures.SERIES[0] if when == "after" else figures.FAINT
        axes.stairs(100 * shares, edges, color=colour, fill=when == "before", alpha=0.35 if when == "before" else 1.0,
                    linewidth=1.5, label=when)  # fmt: skip
    axes.axvline(steps, color=figures.FAINT, linewidth=0.9, linestyle=(0, (3, 3)), label=f"{steps} steps")
    axes.set_xlim(SHORTEST, LONGEST)
    figures.logarithmic(axes, "x")
    axes.set_xlabel("time constant (steps)")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g} %")
    axes.set_title("time constants")
    figures.legend_above(axes)
    return figures.svg(figure, "distribution of time constants before and after training")


def saturation(recording: Recording, after: Mapping, before: Mapping | None) -> list[Markup]:
    """A table of how often gates are nearly shut and nearly open, and a point for each unit's share of both."""
    unit = recording.unit
    gates = [gate for gate in gates_of(unit) if is_between_0_and_1(unit, gate)]
    if not gates:
        return []
    rows = []
    for gate in gates:
        row: list = [page.name(gate.replace("_", " "))]
        for activations in (before, after):
            if activations is not None:
                seen = recording.seen(activations[gate])
                shares = dynamics.saturation(seen, SHUT, OPEN)
                row += [float(seen.mean()), f"{100 * shares['below']:.1f} %", f"{100 * shares['above']:.1f} %"]
        rows.append(row)
    whens = ["before", "after"] if before is not None else ["after"]
    header = ["gate", *(f"{what} {when}" for when in whens for what in ("mean", "shut", "open"))]
    said = f"Gates over units and steps, before and after training; shut: below {SHUT}, open: above {OPEN}."
    parts = [page.note(said), page.table(header, rows)]
    moving = [gate for gate in gates if not is_fixed(unit, gate)]
    if moving and unit.dim > 1:
        said = f"A point for each of the {unit.dim:,} units: in what part of the steps its gate is shut, and open."
        parts.insert(0, page.figure(_points(recording, after, moving), said))
    return parts


@figures.style()
def _points(recording: Recording, after: Mapping, gates: list[str]) -> Markup:
    """After Karpathy, Johnson & Fei-Fei, "Visualizing and understanding recurrent networks", 2015."""
    figure, axes = figures.new()
    most = 0.1
    for gate in gates[: len(figures.SERIES)]:
        shares = dynamics.saturation(recording.seen(after[gate]), SHUT, OPEN, axis=0)
        most = max(most, shares["below"].max(), shares["above"].max())
        axes.plot(shares["below"], shares["above"], ".", markersize=5, alpha=0.65, label=page.shortened(gate, 24))
    axes.plot([0, 1], [1, 0], color=figures.LINE, linewidth=1)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda value, _: f"{100 * value:g} %")
    axes.set_xlim(-0.03 * most, min(1.03, 1.15 * most))
    axes.set_ylim(-0.03 * most, min(1.03, 1.15 * most))
    axes.set_xlabel(f"steps shut (below {SHUT})")
    axes.set_ylabel(f"steps open (above {OPEN})")
    axes.set_title("saturation")
    axes.legend(loc="upper right")
    return figures.svg(figure, "how often the gate of each unit is shut, and open")
