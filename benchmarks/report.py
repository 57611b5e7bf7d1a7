"""From what was measured to rows, and from rows to a table for the screen and one in Markdown."""

from collections.abc import Iterable, Mapping

from timing import summary
from workload import Measured, Workload

SAME = 1e-3  # relative difference of losses up to which two contenders computed the same

QUIET = 0.15  # cores that others may keep busy before the figures are to be doubted


def rows(workload: Workload, measured: Measured, works: Mapping[str, float], others: float | None = None) -> list[dict]:
    """One for each comparison whose two sides were measured; ratios are taken within a round.

    Where `others` kept cores busy meanwhile, whether a limit was met stands with a question mark.
    """
    found = []
    for comparison in workload.comparisons:
        if not {comparison.ours, comparison.theirs} <= set(measured.values):
            continue
        ours, theirs = measured.values[comparison.ours], measured.values[comparison.theirs]
        work = works.get(comparison.work, 1.0) if comparison.work else 1.0
        found.append(
            {
                "workload": workload.title,
                "ours": comparison.ours,
                "theirs": comparison.theirs,
                "unit": workload.unit,
                "ours_value": summary(ours),
                "theirs_value": summary(theirs),
                "work": work,
                "ratio": summary([a / b / work for a, b in zip(ours, theirs, strict=True)]),
                "at_most": comparison.at_most,
                "busy": others is not None and others > QUIET,
            }
        )
    return found


def cells(row: Mapping) -> list[str]:
    """A row as text: workload, ours, theirs, ratio, at most, met."""
    limit = row["at_most"]
    work = "" if row["work"] == 1 else f" for {row['work']:.2f} of the products"
    return [
        row["workload"] if row["ours"] == "bricks" else f"{row['workload']}: {row['ours'].removeprefix('bricks, ')}",
        f"{_number(row['ours_value']['median'])} {row['unit']}{work}",
        f"{row['theirs']} {_number(row['theirs_value']['median'])} {row['unit']}",
        f"{row['ratio']['median']:.2f} ({row['ratio']['low']:.2f} - {row['ratio']['high']:.2f})",
        "" if limit is None else f"{limit:.2f}",
        "" if limit is None else ("yes" if row["ratio"]["median"] <= limit else "no") + "?" * row["busy"],
    ]


HEADER = ["workload", "ours", "peer", "ours / peer (quartiles)", "at most", "met"]


def markdown(found: Iterable[Mapping], machine: str, date: str) -> str:
    """To be pasted into the docs."""
    lines = [HEADER, ["---"] * len(HEADER), *(cells(row) for row in found)]
    body = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return f"{date}: {machine}. Medians of rounds; a ratio is taken within a round.\n\n{body}\n"


def plain(found: Iterable[Mapping]) -> str:
    """For the screen."""
    lines = [HEADER, *(cells(row) for row in found)]
    widths = [max(len(line[k]) for line in lines) for k in range(len(HEADER))]
    return "\n".join("  ".join(text.ljust(w) for text, w in zip(line, widths, strict=True)).rstrip() for line in lines)


def remarks(workload: Workload, measured: Measured, others: float | None = None) -> list[str]:
    """What a reader must know besides the ratios."""
    found = [f"{workload.name}: {name} failed: {why}" for name, why in measured.failures.items()]
    difference = measured.difference()
    if difference is not None and difference > SAME:
        found.append(f"{workload.name}: NOT THE SAME MODEL: losses differ by {difference:.1e}: {measured.checks}")
    if others is not None and others > QUIET:
        found.append(f"{workload.name}: other processes kept {others:.1f} cores busy meanwhile: measure again in quiet")
    return found


def _number(value: float) -> str:
    return f"{value:.3f}" if value < 10 else f"{value:.1f}" if value < 1000 else f"{value:.0f}"
