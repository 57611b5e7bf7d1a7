"""The page: sets and sources, attributes, balance of classes, plots, pairs, and how all that was made."""

import math
from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from bricks.view import page
from bricks.view.explorer.choice import outlying
from bricks.view.explorer.panels import Panel, on_page
from bricks.view.explorer.roles import MASK
from bricks.view.explorer.study import Study
from bricks.view.page import Section

MOST_ATTRIBUTES = 500
MOST_CLASSES = 100
KINDS = {
    "table": "a table",
    "images": "images",
    "sequences": "sequences; a vector of each is made of its length and, of each feature, mean, deviation, range, ends "
    "and mean change",
    "tokens": "sequences of whole numbers, taken for tokens; a vector of each has the share of each frequent token",
}


def sets_and_sources(found: Study) -> Section:
    """Tables of the sets, the sources, and the columns."""
    rows = [[name, seen.examples, seen.read, seen.measured, len(seen.numbers)] for name, seen in found.seen.items()]
    parts: list = [
        page.table(["set", "examples", "read", "in statistics", "in the sample"], rows),
        page.table(
            ["source", "set", "type", "an example", "least", "most", "mean", "deviation", "missing", "constant"],
            _sources(found),
        ),
    ]
    parts.append(page.note("Missing is NaN, infinite or masked; constant is how many columns have one value alone."))
    if found.opened.unreadable:
        left = [f"{page.shortened(name)}: {page.shortened(why, 300)}" for name, why in found.opened.unreadable.items()]
        parts.append(page.note("Left out, since they can't be explored: " + "; ".join(left)))
    kind = KINDS[found.roles.kind]
    target = "no target"
    if found.target:
        what = {"classes": "classes", "numbers": "numbers", "steps": "a class or a number for each step"}
        target = f"target: “{_name(found.target.name)}”, {what[found.target.kind]}"
    parts.append(page.note(f"Features: “{_name(found.roles.features)}”, {kind}; {target}."))
    if found.roles.kind == "table":
        parts.append(_attributes(found))
    return Section("Sets and sources", parts)


def classes(found: Study) -> Section:
    """How many examples of each class each set has."""
    counts = found.class_counts()
    if not counts:
        return Section("Classes", [])
    names = list(counts)
    order = np.argsort(-np.sum(list(counts.values()), axis=0), kind="stable")[:MOST_CLASSES]
    rows = []
    for k in sorted(order):
        row: list = [found.target.classes[k]]
        for name in names:
            row += [counts[name][k], f"{100 * counts[name][k] / max(1, sum(counts[name])):.1f} %"]
        rows.append(row)
    header = [found.target.name]
    for name in names:
        header += [name, "share"]
    table = page.table([_name(title, 24) for title in header], rows)
    left = len(found.target.classes) - len(rows)
    parts: list = [table if len(rows) <= 12 else page.folded(f"{len(rows)} classes", table)]
    if left:
        parts.append(page.note(f"{left} rarer classes are left out."))
    if found.target.kind == "steps":
        parts.append(page.note("Each step of a sequence has a class: these are counts of steps."))
    return Section("Classes", parts)


def plots(found: Study, first: Sequence[Panel], further: Sequence[Panel]) -> list[Section]:
    """The sixteen plots, and the others."""
    legend = [] if found.palette is None else [page.legend(found.palette.entries())]
    title = f"{len(first)} plots at once" if len(first) != 16 else "Sixteen plots at once"
    about = f"Of {_name(found.main)}: {len(found.examples):,} examples"
    whole = found.seen[found.main].examples
    about += f", drawn at random from {whole:,}." if len(found.examples) < whole else ", all that there are."
    sections = [Section(title, [*_order_said(found), page.note(about), *legend, on_page(first)])]
    if further:
        sections.append(Section("Further plots", [*legend, on_page(further)]))
    return sections


def rows_apart(found: Study) -> Section:
    """Tables of equal rows and of outliers; of images those are plots already."""
    parts: list = []
    duplicates = found.duplicates
    counts = [[f"{later} in {earlier}", count] for (later, earlier), count in duplicates.between.items()]
    counts += [[f"twice in {name}", count] for name, count in duplicates.within.items()]
    part = "" if duplicates.part == 1 else f", of {100 * duplicates.part:.2g} % of all, chosen by their hashes"
    parts.append(page.note(f"Rows whose features are equal bit for bit{part}:"))
    parts.append(page.table(["equal rows", "number"], counts))
    if duplicates.groups:
        rows = []
        for group, rows_of in zip(duplicates.groups, found.equal_rows, strict=True):
            where = ", ".join(f"{name} {number:,}" for name, number in group[:4]) + (", ..." if len(group) > 4 else "")
            classes = [found.class_of(rows_of, k) for k in range(len(rows_of))] if found.target else []
            rows.append(
                [where, " / ".join(dict.fromkeys(page.shortened(c, 30) for c in classes)), _row(found, rows_of, 0)]
            )
        table = page.table(
            ["which", "target", "features"], rows, "Some of them: those in two sets, then the most frequent."
        )
        parts.append(page.folded("Some of the equal rows", table))
    if found.within is not None and found.roles.kind != "images":
        rows = [
            [
                int(found.examples.numbers[k]),
                found.class_of(found.examples, k),
                float(found.within.remoteness[k]),
                _row(found, found.examples, k),
            ]
            for k in outlying(found)
        ]
        table = page.table(["number", "target", "distance", "features"], rows, "Furthest from their fifth neighbour.")
        parts.append(page.folded("Outliers", table))
    return Section("Equal rows and outliers", parts)


def made(found: Study, taken: Sequence[tuple[str, float]], command: str) -> Section:
    """How the page was made."""
    seen = found.seen
    partial = [
        f"Of {_name(name)} {each.read:,} of {each.examples:,} examples were read, in blocks from all over it"
        for name, each in seen.items()
        if each.read < each.examples
    ]
    measured = [
        f"statistics of {_name(name)} are of {each.measured:,} examples"
        for name, each in seen.items()
        if each.measured < each.read
    ]
    limit = f"reading ends after {found.options.seconds:g} s, statistics after {found.options.statistics_seconds:g} s"
    parts: list = [page.code(command)]
    if partial or measured:
        parts.append(page.note("; ".join([*partial, *measured]) + f": {limit}."))
    if found.components.examples < len(found.examples):
        parts.append(page.note(f"Components are of {found.components.examples:,} examples of the sample."))
    total = sum(seconds for _, seconds in taken)
    parts.append(
        page.table(
            ["step", "seconds"], [[title, f"{seconds:.1f}"] for title, seconds in taken] + [["all", f"{total:.1f}"]]
        )
    )
    return Section("How this was made", parts)


def _sources(found: Study) -> list[list]:
    rows = []
    for name, seen in found.seen.items():
        for source_name, source in found.opened.sets[name].sources.items():
            shape = " x ".join("any" if size is None else str(size) for size in source.shape) or "a number"
            labels = [label for label in source.axes[1:] if label]
            shape += f" ({', '.join(labels)})" if labels else ""
            row: list = [_name(source_name, 40), _name(name, 30), str(source.dtype), shape]
            running = seen.running.get(source_name)
            if running is None:
                rows.append([*row, *[None] * 6])
                continue
            low, high, mean, deviation = running.overall
            mask = seen.running.get(source_name + MASK)
            lost = running.missing.sum() / max(1, running.rows * running.columns)
            lost = lost if mask is None else 1 - (1 - lost) * mask.overall[2]
            constant = int(running.constant.sum()) if running.columns > 1 else None
            numbers = [None if math.isnan(v) else v for v in (low, high, mean, deviation)]
            rows.append([*row, *numbers, f"{100 * lost:.3g} %", constant])
    return rows


def _attributes(found: Study) -> Markup:
    """A row for each attribute, the most telling first."""
    order = list(found.telling)
    order += [k for k in range(len(found.attributes)) if k not in set(order)]
    running = found.seen[found.main].running.get(found.roles.features)
    whole = running is not None and running.columns == found.examples.X.shape[1]
    rows = []
    for k in order[:MOST_ATTRIBUTES]:
        each, values = found.attributes[k], found.attributes[k].values(found.examples.X)
        there = values[np.isfinite(values)]
        bits = None if found.bits is None else float(found.bits[k])
        if each.words is not None:
            counts = np.bincount(there.astype(int), minlength=len(each.words))
            best = int(counts.argmax())
            told = f"{len(each.words)} words, most often {page.shortened(each.words[best], 30)} ({counts[best]:,})"
            rows.append([each.name, bits, None, None, None, None, len(values) - len(there), told])
            continue
        column = each.columns[0]
        if whole and running.count[column]:
            numbers = [float(of[column]) for of in (running.least, running.most, running.mean, running.deviation)]
            lost = int(running.missing[column])
        elif len(there):
            numbers = [float(f(there)) for f in (np.min, np.max, np.mean, np.std)]
            lost = len(values) - len(there)
        else:
            numbers, lost = [None] * 4, len(values)
        different = len(np.unique(there))
        note = "all missing" if not different else "constant" if different == 1 else f"{different:,} different"
        rows.append([each.name, bits, *numbers, lost, note])
    header = ["attribute", "bits", "least", "most", "mean", "deviation", "missing", ""]
    left = len(order) - len(rows)
    title = f"The first {len(rows):,} of {len(order):,} attributes" if left else f"All {len(rows):,} attributes"
    return page.folded(title, page.table(header, rows))


def _order_said(found: Study) -> list[Markup]:
    if found.roles.kind == "table" and found.bits is not None and len(found.attributes) > 1:
        said = (
            "Attributes that tell most of the target come first, with how much that is, in bits of mutual information."
        )
        return [page.note(said)]
    return []


def _row(found: Study, examples, k: int) -> str:
    """Some of the numbers of an example."""
    if found.roles.kind != "table":
        return f"{len(np.atleast_1d(examples.raw[k])):,} steps" if found.roles.kind != "images" else "an image"
    parts = []
    for place in found.telling[:6]:
        attribute = found.attributes[place]
        value = attribute.values(examples.X[k : k + 1])[0]
        word = f"{value:.4g}" if attribute.words is None or not np.isfinite(value) else attribute.words[int(value)]
        parts.append(f"{page.shortened(attribute.name, 20)} {page.shortened(word, 20)}")
    return ", ".join(parts) + (", ..." if len(found.attributes) > 6 else "")


def _name(name: object, most: int = 60) -> str:
    return page.shortened(name, most)
