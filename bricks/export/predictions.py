"""What a model says of the examples of a stream, and what the stream says of them: arrays with the examples first."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from bricks.data import Source
from bricks.training.trained import Trained

TIME = "time"


@dataclass
class Predictions:
    """Arrays with the examples along their first axis.

    Attributes
    ----------
    arrays : dict of str to array
        The model's outputs, by name; and sources that are no input of the model, such as targets, or that are one
        number a step, such as a mask.
    by_step : set of str
        The names of those with time along the second axis.
    steps : array of int (examples,) or None
        How many steps count, where batches differ in length: what follows is filled up, floats with NaN, signed
        numbers with -1, others with 0.
    """

    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    by_step: set[str] = field(default_factory=set)
    steps: np.ndarray | None = None


def predicted(trained: Trained, batches: Iterable[Mapping[str, np.ndarray]], axes: Mapping[str, int | None]):
    """Collect what the model predicts, batch by batch.

    Parameters
    ----------
    trained : Trained
    batches : iterable of dict of str to array
        As the run's streams give them.
    axes : dict of str to (int or None)
        Of each output, along which its examples lie; those that have none are left out.

    Returns
    -------
    Predictions
    """
    parts: dict[str, list[np.ndarray]] = {}
    kept = [name for name, source in trained.sources.items() if name not in axes and _is_kept(name, source, trained)]
    for batch in batches:
        given = {name: batch[name] for name in trained.needed}
        for name, array in trained.predict(**given).items():
            if axes[name] is not None:
                parts.setdefault(name, []).append(np.moveaxis(array, axes[name], 0))
        for name in kept:
            if name in batch:
                parts.setdefault(name, []).append(np.moveaxis(batch[name], trained.sources[name].batch_axis, 0))
    # Our sequences are time-major: an output whose examples lie along its second axis has time along the first.
    by_step = {name for name in parts if axes.get(name) == 1}
    by_step |= {name for name in kept if name in parts and _is_by_step(trained.sources[name])}
    found = Predictions(by_step=by_step)
    lengths = {name: [part.shape[1] for part in parts[name]] for name in by_step}
    if any(len(set(of_batches)) > 1 for of_batches in lengths.values()):
        name = max(lengths, key=lambda name: len(set(lengths[name])))
        counts = [len(part) for part in parts[name]]
        found.steps = np.repeat(np.array(lengths[name], "int32"), counts)
    for name, arrays in parts.items():
        longest = max(lengths[name]) if name in lengths else None
        found.arrays[name] = np.concatenate([_filled(array, longest) for array in arrays])
    return found


def _is_kept(name: str, source: Source, trained: Trained) -> bool:
    """Whether a source goes with the predictions: it is no input, or one number a step."""
    return name not in trained.needed or (_is_by_step(source) and len(source.axes) == 2)


def _is_by_step(source: Source) -> bool:
    rest = [label for axis, label in enumerate(source.axes) if axis != source.batch_axis]
    return rest[:1] == [TIME]


def _filled(array: np.ndarray, steps: int | None) -> np.ndarray:
    """The array, its second axis so long."""
    if steps is None or array.shape[1] == steps:
        return array
    value = {"f": np.nan, "i": -1}.get(array.dtype.kind, 0)
    width = [(0, 0), (0, steps - array.shape[1]), *((0, 0),) * (array.ndim - 2)]
    return np.pad(array, width, constant_values=value)
