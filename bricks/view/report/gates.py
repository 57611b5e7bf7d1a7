"""What trained gated units do: activations in examples, time constants, saturation, and what is lost without a gate."""

import numpy as np
from markupsafe import Markup

from bricks.data import Source
from bricks.errors import UsageError
from bricks.gated import GatedUnit, dynamics
from bricks.training.progress import shown
from bricks.view import page
from bricks.view.lesions import NONE, lesions
from bricks.view.page import Section
from bricks.view.report import memory
from bricks.view.report.heatmaps import MOST_GATES, heat_maps, order_of
from bricks.view.report.judged import target_of
from bricks.view.report.material import Material
from bricks.view.report.sample import Sample, is_mask
from bricks.view.report.units import Recording, examples_for, gates_of, is_between_0_and_1, is_fixed, steps_of

MOST_UNITS, MOST_LESIONED_UNITS, EXAMPLES, MOST_MEASURES, MOST_LESIONED = 4, 2, 3, 2, 8

MOST_STEPS = 300_000
"""Steps of examples that lesions are measured on."""


def sections(material: Material) -> list[Section]:
    """One for each unit of the model."""
    if material.trained is None or material.sample is None:
        return []
    units = dynamics.units_of(material.trained.model.graph)
    found = []
    for k, unit in enumerate(units[:MOST_UNITS]):
        title = "Gates" if len(units) == 1 else f"Gates of {page.shortened(unit.path, 40)}"
        try:
            found.append(Section(title, _of(material, unit, with_lesions=k < MOST_LESIONED_UNITS)))
        except UsageError as error:  # one that is applied twice
            found.append(Section(title, [page.note(f"Left out: {error}")]))
    if units[MOST_UNITS:]:
        left = ", ".join(page.shortened(unit.path, 40) for unit in units[MOST_UNITS:])
        found[-1].parts.append(page.note(f"Left out: {left}."))
    return found


def _of(material: Material, unit: GatedUnit, with_lesions: bool) -> list:
    trained, sample = material.trained, material.sample
    batch = sample.some(examples_for(unit, sample))
    recording = Recording(trained.model, unit, batch)
    after, before = recording(), None
    if material.initial is not None:
        with material.as_at_first():
            before = recording()
    examples = page.grid(_examples(material, recording, batch, after), least=310)
    kept = recording.kept(after)
    what = "those that keep the cell longest on top" if kept is not None else "in the order of the first gate's mean"
    parts: list = [
        page.note(
            f"Examples of the valid set through {page.shortened(unit.path, 60)}: each row a unit, {what}; to the "
            "right, time. Bright is open, dark is shut; cells and outputs are red above 0 and blue below."
        ),
        examples,
    ]
    found = [*memory.time_constants(recording, after, before), *memory.saturation(recording, after, before)]
    drawn, others = [p for p in found if "<figure" in p], [p for p in found if "<figure" not in p]
    parts += [page.grid(drawn), *others] if drawn else others
    if not with_lesions:  # each is a graph to compile
        return [*parts, page.note(f"Lesions are made of the first {MOST_LESIONED_UNITS} units alone.")]
    return parts + lesion_table(material, unit, recording, after)


def _examples(material: Material, recording: Recording, batch, after) -> list[Markup]:
    unit, sample = recording.unit, material.sample
    order = order_of(recording.kept(after), {name: after[name] for name in recording.names})
    names = [name for name in recording.names if not is_fixed_gate(unit, name)]
    gates = [name for name in names if name not in ("cell", "output")]
    names = [*gates[:MOST_GATES], *(name for name in names if name in ("cell", "output"))]
    bounded = {name: name in gates and is_between_0_and_1(unit, name) for name in names}
    target = target_of(material.trained)
    drawn = []
    for place in _chosen(batch, sample.sources, target, after["cell"].shape[1]):
        length = slice(None) if recording.mask is None else recording.mask[:, place]
        shown_inputs = _inputs(material, batch, sample.sources, place, length)
        activations = {name: after[name][length, place][:, order] for name in names}
        said = f"Example of class {batch[target].ravel()[place]}" if _is_class(batch, target) else f"Example {place}"
        drawn.append(page.figure(heat_maps(shown_inputs, activations, bounded, said, f"{unit.path}: {said}")))
    return drawn


def is_fixed_gate(unit: GatedUnit, name: str) -> bool:
    """Whether a name of a recording is of a neuron that sees nothing."""
    return name in unit.wiring.neurons and is_fixed(unit, name)


def _is_class(batch, target: str | None) -> bool:
    return target is not None and batch[target].ndim == 1


def _chosen(batch, sources: dict[str, Source], target: str | None, count: int) -> list[int]:
    """Examples of different classes, as far as there are such; else from all over the batch."""
    if _is_class(batch, target):
        _, first = np.unique(batch[target], return_index=True)
        spread = first[np.arange(min(EXAMPLES, len(first))) * len(first) // min(EXAMPLES, len(first))]
        return [int(place) for place in spread]
    return [k * count // min(EXAMPLES, count) for k in range(min(EXAMPLES, count))]


def _inputs(material: Material, batch, sources: dict[str, Source], place: int, length) -> dict[str, np.ndarray]:
    """The sequences of one example, (time, features), numbers alone."""
    needed = material.trained.needed if material.trained.model.outputs else material.trained.sources
    found = {}
    for name in needed:
        values, source = batch[name], sources[name]
        if values.ndim == 3 and source.batch_axis in (0, 1) and values.dtype.kind == "f":
            found[name] = np.take(values, place, source.batch_axis)[length]
        elif values.ndim == 2 and source.batch_axis == 1 and not is_mask(name):
            found[name] = values[:, place, None][length]
    return found


def measures_of(material: Material, unit: GatedUnit) -> dict:
    """What is monitored of the model that this unit changes: its own error and cost, rather than those of several."""
    model = material.trained.model
    scalars = {name: v for name, v in model.monitored.items() if getattr(getattr(v, "type", None), "ndim", None) == 0}
    found = {}
    for name, variable in {"cost": model.cost, **scalars}.items():
        units = dynamics.units_of(variable)
        words = name.split("_")
        if unit in units:
            found[name] = (len(units), "error" not in words, "cost" not in words)
    best = sorted(found, key=found.__getitem__)[:MOST_MEASURES]
    return {name: scalars.get(name, model.cost) for name in best}


def lesion_table(material: Material, unit: GatedUnit, recording: Recording, after) -> list:
    """What is measured with each gate held: open, shut, at its mean."""
    measures = measures_of(material, unit)
    held: dict[str, dict] = {}
    for gate in gates_of(unit)[:MOST_LESIONED]:
        ends = {"open (1)": 1.0, "shut (0)": 0.0} if is_between_0_and_1(unit, gate) else {"0": 0.0}
        mean = {} if is_fixed(unit, gate) else {"its mean": recording.seen(after[gate]).mean(axis=0)}
        held[gate] = ends | mean
    if not measures or not held:
        return []
    sample = Sample(material.streams["valid"], most=max(50, MOST_STEPS // steps_of(material.sample)))
    table = lesions(measures, unit, sample, held)
    names = list(measures)
    rows = [["no lesion", "", *_numbers(table[NONE], table[NONE], names)]]
    for gate in held:
        for value in held[gate]:
            rows.append([page.name(gate.replace("_", " ")), value, *_numbers(table[gate, value], table[NONE], names)])
    header = ["gate", "held", *(word for name in names for word in (page.shortened(name, 30), "change"))]
    said = (
        f"Lesions: each gate held at a value in all units and steps, nothing trained again; {sample.said}. Its mean: "
        "of each unit over the examples above."
    )
    return [page.note(said), page.table(header, rows)]


def _numbers(measured: dict, without: dict, names: list[str]) -> list:
    found: list = []
    for name in names:
        change = measured[name] - without[name]
        found.append(shown(name, measured[name]))
        percent = shown(name, abs(measured[name])).endswith("%") and shown(name, abs(without[name])).endswith("%")
        words = f"{100 * change:+.2f} %" if percent else f"{change:+.3g}"
        found.append(None if measured is without else words.replace("-", "−"))
    return found
