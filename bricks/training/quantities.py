"""Quantities that no graph computes: from the values of each batch, in Python.

An `Evaluation` takes them beside symbolic variables. What the batches say is put together by the quantity itself.
"""

from abc import ABC, abstractmethod

import numpy as np
import pytensor.tensor as pt

from bricks.errors import DataError, UsageError
from bricks.graph import is_tensor


class Quantity(ABC):
    """Something measured on the values of variables, batch by batch.

    Parameters
    ----------
    *variables : Variable
        Whose values `add` gets.

    Examples
    --------
    >>> class Largest(Quantity):
    ...     def reset(self):
    ...         self.largest = -np.inf
    ...     def add(self, values):
    ...         self.largest = max(self.largest, values.max())
    ...     def value(self):
    ...         return float(self.largest)
    >>> largest = Largest(pt.fmatrix("x"))
    """

    def __init__(self, *variables):
        for variable in variables:
            if not is_tensor(variable):
                raise UsageError(f"{type(self).__name__}: must be of symbolic tensors, got {variable!r}")
        self.variables = variables

    @abstractmethod
    def reset(self) -> None:
        """Before the first batch."""

    @abstractmethod
    def add(self, *values: np.ndarray) -> None:
        """A batch's values of the variables."""

    @abstractmethod
    def value(self) -> float | list:
        """The entry of the row: a number, or nested lists of numbers."""


class ConfusionMatrix(Quantity):
    """How often examples of class i were taken for class j: row i, column j.

    Parameters
    ----------
    targets : variable, integers (batch,) or (time, batch)
    scores : variable, (..., classes)
        The largest one is what the model says; of equal ones the first.
    mask : variable of the shape of `targets`, optional
        Where it is 0, nothing is counted.

    Examples
    --------
    >>> matrix = ConfusionMatrix(pt.ivector("targets"), pt.fmatrix("scores"))
    >>> matrix.reset()
    >>> matrix.add(np.array([0, 1, 1]), np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]]))
    >>> matrix.value()
    [[1, 0], [1, 1]]
    """

    def __init__(self, targets, scores, mask=None):
        super().__init__(targets, scores, *(() if mask is None else (mask,)))

    def reset(self):
        self.counts = None

    def add(self, targets, scores, mask=None):
        classes = scores.shape[-1]
        said, targets = np.argmax(scores, axis=-1).reshape(-1), targets.reshape(-1)
        if mask is not None:
            said, targets = said[mask.reshape(-1) != 0], targets[mask.reshape(-1) != 0]
        if targets.size and not 0 <= targets.min() <= targets.max() < classes:
            raise DataError(
                f"ConfusionMatrix: targets must be classes from 0 to {classes - 1}, as there are scores, "
                f"got {targets.min()} to {targets.max()}"
            )
        counts = np.bincount(targets * classes + said, minlength=classes**2).reshape(classes, classes)
        self.counts = counts if self.counts is None else self.counts + counts

    def value(self):
        return [] if self.counts is None else self.counts.tolist()


class EditDistance(Quantity):
    """How many labels must be inserted, deleted or changed to make what the model says the target, per target label.

        sum over sequences of distance(said, target) / sum of the targets' lengths

    Levenshtein, "Binary codes capable of correcting deletions, insertions and reversals", 1966.

    Parameters
    ----------
    targets : variable, integers (time, batch)
    said : variable
        Integers (time', batch), or scores (time', batch, classes), of which the largest counts.
    targets_mask, said_mask : variables of the shapes of their labels, optional
        Where they are 0, there is no label.

    Examples
    --------
    >>> distance = EditDistance(pt.imatrix("targets"), pt.imatrix("said"))
    >>> distance.reset()
    >>> ones = np.ones((3, 1))
    >>> distance.add(np.array([[1], [2], [3]]), np.array([[1], [3], [3]]), ones, ones)
    >>> round(distance.value(), 3)
    0.333
    """

    def __init__(self, targets, said, targets_mask=None, said_mask=None):
        masks = [pt.ones_like(targets) if targets_mask is None else targets_mask]
        labels = said if said.type.ndim == 2 else pt.argmax(said, axis=-1)
        masks.append(pt.ones_like(labels) if said_mask is None else said_mask)
        super().__init__(targets, labels, *masks)

    def reset(self):
        self.distance = self.length = 0

    def add(self, targets, said, targets_mask, said_mask):
        for k in range(targets.shape[1]):
            target = targets[targets_mask[:, k] != 0, k]
            self.distance += edit_distance(said[said_mask[:, k] != 0, k], target)
            self.length += len(target)

    def value(self):
        return self.distance / self.length if self.length else float("nan")


def edit_distance(a, b) -> int:
    """Levenshtein's distance between two sequences of labels.

    >>> edit_distance(list("kitten"), list("sitting"))
    3
    """
    b = np.asarray(b)
    steps = np.arange(len(b) + 1)
    row = steps.copy()
    for label in a:
        best = np.minimum(row[1:] + 1, row[:-1] + (b != label)) if len(b) else row[1:]
        new = np.concatenate([[row[0] + 1], best])
        row = np.minimum.accumulate(new - steps) + steps  # an insertion costs 1 for each step to the right
    return int(row[-1])
