"""What data sets, schemes and transformers promise to a stream; anything that keeps it fits in.

`Source` is what they tell of an array before the first batch.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

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
        A label for each axis, the batch axis included; "" where an axis has none.

    Examples
    --------
    >>> from bricks.data import Source
    >>> Source(np.dtype("uint8"), (28, 28), ("batch", "height", "width"))
    Source(uint8, (28, 28), batch height width)
    """

    dtype: np.dtype
    shape: tuple[int | None, ...]
    axes: tuple[str, ...]

    def __repr__(self) -> str:
        labels = " ".join(label or "-" for label in self.axes)
        return f"Source({self.dtype}, {self.shape}, {labels})"


class Dataset(Protocol):
    """Numbered examples; knows nothing of order or batches."""

    sources: Mapping[str, Source]
    num_examples: int

    def read(self, indices: np.ndarray) -> Batch:
        """The examples of these numbers, in this order, as arrays that nobody else holds."""


class Scheme(Protocol):
    """An order of the examples, cut into batches; has no state."""

    batch_size: int

    def indices(self, num_examples: int, epoch: int) -> np.ndarray:
        """The numbers of this epoch's examples, int64, in order; the last batch may be short."""


class Transformer(Protocol):
    """What is done to a batch; has no state."""

    def sources(self, sources: Mapping[str, Source]) -> dict[str, Source]:
        """What comes out where this goes in; a DataError where it cannot be done."""

    def apply(self, batch: Batch) -> Batch:
        """The transformed batch; may hold views of the arrays of `batch`, never changes them."""
