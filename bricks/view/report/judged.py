"""What a classifier says of the valid examples, held against their targets: counts, confidence, mistakes."""

import heapq
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bricks.data.contents import class_names
from bricks.training.quantities import ConfusionMatrix
from bricks.training.trained import Trained
from bricks.view.report.sample import Sample

MOST_MISTAKES = 24

BINS = 10
"""Of confidence."""


@dataclass(frozen=True)
class Mistake:
    """An example that was taken for another class.

    Attributes
    ----------
    place : (int, int)
        Batch of the sample, and example in it.
    step : int or None
        In time, where each step has a target.
    number : int
        Of the example in its data set.
    target, said : int
    confidence : float
        The probability of what was said.
    """

    place: tuple[int, int]
    step: int | None
    number: int
    target: int
    said: int
    confidence: float


@dataclass
class Judged:
    """Of one output.

    Attributes
    ----------
    output : str
    matrix : array of int (classes, classes)
        Row: what it is; column: what was said.
    mistakes : list of Mistake
        The most confident first.
    bins : array (BINS, 3)
        For each part of the range of confidence: how many, the sum of confidences, how many were right.
    """

    output: str
    matrix: np.ndarray
    mistakes: list[Mistake]
    bins: np.ndarray

    @property
    def count(self) -> int:
        return int(self.matrix.sum())

    @property
    def error(self) -> float:
        return 1 - np.trace(self.matrix) / max(1, self.count)

    @property
    def class_errors(self) -> np.ndarray:
        """Of each class; NaN for one of which there is no example."""
        totals = self.matrix.sum(axis=1)
        with np.errstate(invalid="ignore"):
            return 1 - np.diag(self.matrix) / np.where(totals, totals, np.nan)

    @property
    def calibration_error(self) -> float:
        """sum over bins of |sum of confidences - right| / n  (Guo et al., "On calibration of modern neural networks",
        2017)."""
        return float(np.abs(self.bins[:, 1] - self.bins[:, 2]).sum() / max(1, self.count))


def target_of(trained: Trained) -> str | None:
    """The source of classes that a model is told in training and doesn't need to predict; None where there is none."""
    spare = [
        name
        for name, variable in trained.model.inputs.items()
        if variable.type.dtype.startswith(("int", "uint")) and name not in trained.needed
    ]
    return "targets" if "targets" in spare else spare[0] if len(spare) == 1 else None


def judge(trained: Trained, sample: Sample) -> list[Judged]:
    """Each output of a model that gives probabilities for the classes of its targets.

    An output does if, for each target, it has some numbers from 0 on that add up to 1.
    """
    target = target_of(trained)
    if target is None or not trained.model.outputs:
        return []
    judges: dict[str, _Judge] = {}
    for k, batch in enumerate(sample.batches):
        outputs = trained.predict(**{name: batch[name] for name in trained.needed})
        for name, values in outputs.items():
            if k == 0 and _are_probabilities(values, batch[target]):
                judges[name] = _Judge(trained, name, target, sample.sources[target].batch_axis)
            if name in judges:
                judges[name].add(values, batch, k, sample.numbers[k])
    return [one.judged() for one in judges.values()]


def _are_probabilities(values: np.ndarray, targets: np.ndarray) -> bool:
    classes = values.shape[-1] if values.ndim >= 2 else 0
    if classes < 2 or values.dtype.kind != "f" or values.size != targets.size * classes:
        return False
    return bool(np.all(values >= 0) and np.allclose(values.sum(axis=-1), 1, atol=1e-3))


class _Judge:
    """Counts one output, batch by batch."""

    def __init__(self, trained: Trained, output: str, target: str, batch_axis: int):
        self.output, self.target, self.axis = output, target, batch_axis
        inputs = trained.model.inputs
        self.matrix = ConfusionMatrix(inputs[target], trained.model.outputs[output])
        self.matrix.reset()
        self.masks = [name for name in ("mask", f"{target}_mask") if name in inputs]
        self.bins = np.zeros((BINS, 3))
        self.heap: list[tuple[float, tuple[int, int], Mistake]] = []

    def add(self, values: np.ndarray, batch: Mapping[str, np.ndarray], k: int, numbers: np.ndarray) -> None:
        """Count a batch, and keep the mistakes that are more confident than those kept."""
        targets = batch[self.target]
        flat, wanted = values.reshape(-1, values.shape[-1]), targets.reshape(-1)
        masks = [batch[name] for name in self.masks if batch[name].shape == targets.shape]
        counted = (masks[0] if masks else np.ones_like(targets)).reshape(-1) != 0
        self.matrix.add(wanted, flat, counted)
        said, confidence = flat.argmax(axis=-1), flat.max(axis=-1).astype("float64")
        right = said == wanted
        bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
        for column, weights in enumerate((counted, counted * confidence, counted & right)):
            self.bins[:, column] += np.bincount(bins, weights, BINS)
        wrong = np.flatnonzero(~right & counted)
        for place in wrong[np.argsort(-confidence[wrong], kind="stable")][:MOST_MISTAKES].tolist():
            position = [int(p) for p in np.unravel_index(place, targets.shape)]
            example = position[self.axis]
            steps = values.ndim == 3 and targets.ndim == 2
            found = Mistake(
                place=(k, example),
                step=position[1 - self.axis] if steps else None,
                number=int(numbers[example]),
                target=int(wanted[place]),
                said=int(said[place]),
                confidence=float(confidence[place]),
            )
            heapq.heappush(self.heap, (found.confidence, (-k, -place), found))
            if len(self.heap) > MOST_MISTAKES:
                heapq.heappop(self.heap)

    def judged(self) -> Judged:
        """What came of it."""
        mistakes = [entry[-1] for entry in sorted(self.heap, key=lambda entry: entry[:2], reverse=True)]
        return Judged(self.output, np.array(self.matrix.value()), mistakes, self.bins)


def labels_of(trained: Trained, stream, classes: int) -> list[str]:
    """What the data file calls the classes (the attribute `classes` of its targets), else their numbers."""
    found = class_names(stream).get(target_of(trained), [])
    return found if len(found) == classes else list(map(str, range(classes)))
