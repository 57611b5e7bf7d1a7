"""What a run's model computes of its inputs, as StableHLO: which lengths it leaves open, and whether it is right.

The batch has any length. Time has any, where the model can be built for it: also where all sequences of the training
had one length, for a recurrence does not mind. What comes out is compared with `predict` before it is written.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bricks.data import Source
from bricks.errors import BricksError, UsageError
from bricks.export.lengths import Undecided
from bricks.export.stablehlo import PLATFORMS, Program, exported, exported_by_example
from bricks.model import Model
from bricks.training.experiment import build_model
from bricks.training.trained import Trained

BATCH, TIME = "batch", "time"
CHECKED = (2, 3)
"""Examples in the batches that are compared."""

TOLERANCE = {False: 1e-4, True: 1e-9}
"""How far it may be from `predict`, relative and absolute, with 32 and 64 bits: sums are in another order."""


@dataclass
class Forward:
    """An exported model.

    Attributes
    ----------
    program : Program
    about : dict
        What one must know to call it: names, dtypes, shapes, axes.
    notes : list of str
        What is not as one would wish.
    """

    program: Program
    about: dict[str, Any]
    notes: list[str]


def forward(trained: Trained, batch_size: int | None = None, steps: int | None = None) -> Forward:
    """Export the outputs of a run's model.

    Parameters
    ----------
    trained : Trained
    batch_size, steps : int, optional
        The number of examples, and of steps in time where the data has sequences of any length; by default any.

    Raises
    ------
    UsageError
        If the graph needs to know one of these numbers and it is not given.
    """
    refused: list[str] = []
    numbers = {BATCH: batch_size, TIME: steps}
    if steps is not None and not _has_open_time(trained):
        raise UsageError(f"{trained.folder.name}: steps are for data whose sequences differ in length, and its do not")
    for model, shapes, by_example in _ways(trained, numbers, refused):
        inputs = {name: model.inputs[name] for name in trained.needed}
        try:
            if by_example:
                axes = {name: trained.sources[name].batch_axis for name in inputs}
                program = exported_by_example(inputs, model.outputs, shapes, axes | trained.example_axes)
            else:
                program = exported(inputs, model.outputs, shapes)
            difference = _difference(trained, program, numbers)
        except (Undecided, _Differs) as error:
            refused.append(str(error))
            continue
        about = _about(trained, program, shapes) | {"difference_from_predict": difference}
        return Forward(program, about, _notes(trained, shapes, refused))
    remedy = (
        "--batch-size and --steps export it for given numbers"
        if _has_open_time(trained)
        else "--batch-size exports it for one number"
    )
    raise UsageError(
        f"{trained.folder.name}: the model can't be exported for any number of examples: {refused[-1]}; {remedy}"
    )


def _has_open_time(trained: Trained) -> bool:
    return any(
        length is None and label == TIME
        for source in trained.needed.values()
        for length, label in zip(source.batch_shape, source.axes, strict=True)
    )


def _ways(trained: Trained, numbers: dict[str, int | None], refused: list[str]) -> Iterator[tuple[Model, dict, bool]]:
    """Models with the shapes of their inputs, the most open first, and whether to go by example."""
    shapes = _shapes(trained.needed, numbers, with_time=True)
    if shapes != (closed := _shapes(trained.needed, numbers, with_time=False)):
        model = _without_length(trained, refused)
        if model is not None:
            yield model, shapes, False
    yield trained.model, closed, False
    one_per_example = all(axis is not None for axis in trained.example_axes.values())
    if numbers[BATCH] is None and one_per_example and _names(closed) == {BATCH}:
        yield trained.model, closed, True


def _shapes(
    needed: dict[str, Source], numbers: dict[str, int | None], with_time: bool
) -> dict[str, tuple[int | str, ...]]:
    """Of each input, with names for lengths that are any: of axes that are labelled alike and as long, the same."""
    names: dict[tuple, str] = {}
    found = {}
    for name, source in needed.items():
        shape: list[int | str] = []
        for axis, (length, label) in enumerate(zip(source.batch_shape, source.axes, strict=True)):
            if axis == source.batch_axis:
                shape.append(numbers[BATCH] or BATCH)
            elif length is None and label == TIME and numbers[TIME]:
                shape.append(numbers[TIME])
            elif length is None or (with_time and label == TIME):
                key = (label, length) if label else (name, axis)
                base = label if label.isidentifier() and label != BATCH else f"length{len(names)}"
                taken = set(names.values())
                shape.append(names.setdefault(key, base if base not in taken else f"{base}_{len(names)}"))
            else:
                shape.append(length)
        found[name] = tuple(shape)
    return found


def _names(shapes: dict) -> set[str]:
    return {length for shape in shapes.values() for length in shape if isinstance(length, str)}


def _without_length(trained: Trained, refused: list[str]) -> Model | None:
    """The model once more, for sequences of any length, with the same parameters."""
    sources = {
        name: replace(source, shape=_opened(source)) if TIME in source.axes else source
        for name, source in trained.sources.items()
    }
    if sources == trained.sources:
        return trained.model
    try:
        model = build_model(trained.config, trained.lab, sources)
        model.load_state_dict(trained.model.state_dict())
    except Exception as error:  # a model file may have any reason to want the length
        refused.append(f"the model is not built for any number of steps: {error}")
        return None
    return model if model.outputs.keys() == trained.model.outputs.keys() else None


def _opened(source: Source) -> tuple[int | None, ...]:
    axes = [label for axis, label in enumerate(source.axes) if axis != source.batch_axis]
    return tuple(None if label == TIME else length for label, length in zip(axes, source.shape, strict=True))


class _Differs(BricksError):
    """What was exported computes something else."""


def _difference(trained: Trained, program: Program, numbers: dict[str, int | None]) -> float:
    """The greatest difference from `predict`, for batches made up."""
    rng, worst = np.random.default_rng(0), 0.0
    for examples in (numbers[BATCH],) if numbers[BATCH] else CHECKED:
        steps = numbers[TIME] or 2 + examples
        batch = {name: _made_up(source, examples, steps, rng) for name, source in trained.needed.items()}
        given = [batch[name].astype(trained.model.inputs[name].type.dtype) for name in batch]
        found = program(*given)
        for name, expected in trained.predict(**batch).items():
            tolerance = TOLERANCE[expected.dtype == np.float64]
            value = np.asarray(found[name])
            if value.shape != expected.shape or not np.allclose(value, expected, tolerance, tolerance, equal_nan=True):
                raise _Differs(f"{name} of {examples} examples is not what predict gives")
            if expected.size and expected.dtype.kind == "f":
                worst = max(worst, float(np.nanmax(np.abs(value - expected), initial=0)))
    return worst


def _made_up(source: Source, examples: int, steps: int, rng: np.random.Generator) -> np.ndarray:
    """A batch: whole numbers are 0, which is in range of whatever they count."""
    shape = [steps if length is None else length for length in source.shape]
    shape.insert(source.batch_axis, examples)
    return (rng.random(shape) if source.dtype.kind == "f" else np.zeros(shape)).astype(source.dtype)


def _about(trained: Trained, program: Program, shapes: dict) -> dict[str, Any]:
    outputs = dict(zip(sorted(trained.model.outputs), program.exported.out_avals, strict=True))
    return {
        "inputs": [
            {
                "name": name,
                "dtype": trained.model.inputs[name].type.dtype,
                "shape": list(shape),
                "axes": list(trained.needed[name].axes),
            }
            for name, shape in shapes.items()
        ],
        "outputs": {
            name: {
                "dtype": str(array.dtype),
                "shape": [n if isinstance(n, int) else str(n) for n in array.shape],
                "batch_axis": trained.example_axes[name],
            }
            for name, array in outputs.items()
        },
        "platforms": list(PLATFORMS),
        "enable_x64": program.wide,
        "calling_convention": program.exported.calling_convention_version,
    }


def _notes(trained: Trained, shapes: dict, refused: list[str]) -> list[str]:
    """What is not open that might be."""
    fixed = [
        f"{name} has {length} steps"
        for name, shape in shapes.items()
        for length, label in zip(shape, trained.needed[name].axes, strict=True)
        if label == TIME and not isinstance(length, str)
    ]
    return [f"{', '.join(fixed)}, no other number: {refused[0]}"] if fixed and refused else []
