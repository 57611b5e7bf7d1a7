"""What data sets, schemes and transformers promise to a stream, and a stream to training; what keeps it fits in.

`Source` is what they tell of an array before the first batch. It alone says which axis counts the examples.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from bricks.data.streams import BatchIterator

Batch = dict[str, np.ndarray]


@dataclass(frozen=True)
class Source:
    """One named array of a data set or stream, as a batch of it looks.

    Parameters
    ----------
    dtype : np.dtype
        Of the batch's array.
    shape : tuple of (int or None)
        Of one example, without the batch axis; None where it varies.
    axes : tuple of str
        A label for each axis of a batch, the batch axis included; "" where an axis has none.
    ragged : bool
        Whether the examples of one batch may differ in shape. Such a batch is a vector (batch,) of dtype object,
        whose elements are arrays of `dtype` and `shape`; `axes` begin with "batch". See ragged.py.

    Notes
    -----
    Examples are counted along the axis labelled "batch", or the first where no axis is. So a batch of
    sequences is (batch, time, feature), or (time, batch, feature) where the labels say so.

    Examples
    --------
    >>> from bricks.data import Source
    >>> Source(np.dtype("uint8"), (28, 28), ("batch", "height", "width"))
    Source(uint8, (28, 28), batch height width)
    >>> rows = Source(np.dtype("float32"), (28, 28), ("time", "batch", "feature"))
    >>> rows.batch_axis, rows.batch_shape
    (1, (28, None, 28))
    """

    dtype: np.dtype
    shape: tuple[int | None, ...]
    axes: tuple[str, ...]
    ragged: bool = False

    @property
    def batch_axis(self) -> int:
        """The axis of a batch's array along which the examples lie."""
        return self.axes.index("batch") if "batch" in self.axes else 0

    @property
    def batch_shape(self) -> tuple[int | None, ...]:
        """The shape of a batch's array: that of an example with None put in where the examples lie."""
        return (*self.shape[: self.batch_axis], None, *self.shape[self.batch_axis :])

    def __repr__(self) -> str:
        labels = " ".join(label or "-" for label in self.axes)
        return f"Source({self.dtype}, {self.shape}, {labels}{', ragged' if self.ragged else ''})"


class Dataset(Protocol):
    """Numbered examples; knows nothing of order or batches.

    One that is in memory has `arrays`, by name, or says `from_disk = False`: then nothing is read ahead.
    """

    sources: Mapping[str, Source]
    num_examples: int

    def read(self, indices: np.ndarray) -> Batch:
        """The examples of these numbers, in this order, as arrays that nobody else holds."""


class Scheme(Protocol):
    """An order of the examples, cut into batches; has no state.

    It may also have `cuts(num_examples, epoch)`, where batches begin and end in the order, as many in each epoch;
    `read_batches`, how many of them are best read at once; `produces_examples`; `by_number`, whether it knows something
    of each example by its number.
    """

    batch_size: int

    def indices(self, num_examples: int, epoch: int) -> np.ndarray:
        """The numbers of this epoch's examples, int64, in order; the last batch may be short."""


class Transformer(Protocol):
    """What is done to a batch; has no state.

    One that draws at random has `apply_at(batch, place)` too (draws.py).
    """

    def sources(self, sources: Mapping[str, Source]) -> dict[str, Source]:
        """What comes out where this goes in; a DataError where it cannot be done."""

    def apply(self, batch: Batch) -> Batch:
        """The transformed batch; may hold views of the arrays of `batch`, never changes them."""


class Stream(Protocol):
    """Epochs of batches, any of which can be had without those before it; has no position.

    Where it has `ahead` and `workers`, batches are made before they are asked for (readahead.py).
    """

    sources: Mapping[str, Source]
    num_examples: int
    batches_per_epoch: int

    def batches(self, epoch: int) -> Callable[[int], Batch]:
        """What gives batch 0, 1, ... of this epoch, in arrays that nobody else holds."""

    def iterator(self) -> "BatchIterator":
        """A new position, at the start of epoch 0."""
