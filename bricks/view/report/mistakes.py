"""The mistakes that a classifier is surest of, as pictures where its examples are such, else as numbers."""

from dataclasses import replace

import numpy as np
from markupsafe import Markup

from bricks.view import page
from bricks.view.page import Section
from bricks.view.report import pictures
from bricks.view.report.classes import MOST_OUTPUTS
from bricks.view.report.judged import MOST_MISTAKES, Judged, Mistake, labels_of
from bricks.view.report.material import Material
from bricks.view.report.sample import is_mask

MOST_NUMBERS, MOST_OF_MANY = 8, 8


def section(material: Material) -> Section | None:
    """Of each classifying output; None where there is none, or no mistake."""
    parts: list = []
    found = material.judged[:MOST_OUTPUTS]
    for judged in found:
        if judged.mistakes:
            names = labels_of(material.trained, material.streams["valid"], len(judged.matrix))
            who = page.shortened(judged.output, 60) if len(found) > 1 else "the model"
            parts.append(page.note(f"On the valid set, those that {who} is surest of first."))
            most = max(MOST_OF_MANY, MOST_MISTAKES // len(found))
            parts += _shown(material, replace(judged, mistakes=judged.mistakes[:most]), names)
    return Section("Most confident mistakes", parts) if parts else None


def _shown(material: Material, judged: Judged, names: list[str]) -> list:
    needed = {name: material.sample.sources[name] for name in material.trained.needed if not is_mask(name)}
    source = pictures.source_of_pictures(needed)
    if source is None or any(mistake.step is not None for mistake in judged.mistakes):
        return [_table(material, judged, names, list(needed))]
    figures_ = []
    for mistake in judged.mistakes:
        pixels = pictures.grey_or_colour(material.sample.at(*mistake.place)[source])
        figures_.append(page.figure(pictures.small(pixels, _words(mistake, names)), _caption(mistake, names)))
    return [page.grid(figures_, least=100)]


def _words(mistake: Mistake, names: list[str]) -> str:
    is_, said = (page.shortened(names[k], 30) for k in (mistake.target, mistake.said))
    return f"example {mistake.number}: {is_}, taken for {said}"


def _caption(mistake: Mistake, names: list[str]) -> Markup:
    said, is_ = page.name(names[mistake.said], 24), page.name(names[mistake.target], 24)
    sure = f"{100 * mistake.confidence:.1f} %"
    return Markup("said <b>{}</b>, {}<br>is <b>{}</b><br>example {}").format(said, sure, is_, f"{mistake.number:,}")


def _table(material: Material, judged: Judged, names: list[str], needed: list[str]) -> Markup:
    steps = any(mistake.step is not None for mistake in judged.mistakes)
    header = ["example", *(["step"] if steps else []), "is", "said", "sure", *(page.shortened(n, 30) for n in needed)]
    rows = []
    for mistake in judged.mistakes:
        example = material.sample.at(*mistake.place)
        step = [mistake.step] if steps else []
        classes = [page.name(names[mistake.target], 30), page.name(names[mistake.said], 30)]
        seen = [_numbers(_at_step(example[name], mistake.step)) for name in needed]
        rows.append([f"{mistake.number:,}", *step, *classes, f"{100 * mistake.confidence:.1f} %", *seen])
    return page.table(header, rows)


def _at_step(array: np.ndarray, step: int | None) -> np.ndarray:
    """Of a sequence that is judged at every step, what it is at that one."""
    return array if step is None or not array.ndim or len(array) <= step else array[step]


def _numbers(array: np.ndarray) -> Markup:
    """The first numbers of an example, in a line."""
    flat = array.ravel()
    listed = ", ".join(f"{value:.3g}" for value in flat[:MOST_NUMBERS].tolist())
    return page.name(f"{listed}, ..." if flat.size > MOST_NUMBERS else listed)
