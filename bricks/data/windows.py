"""Data sets of pieces of sequences: windows with what follows them, n-grams with the symbol after."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bricks.data.arrays import example_numbers
from bricks.data.contracts import Batch, Dataset, Source
from bricks.data.derived import AT_ONCE
from bricks.data.names import chosen
from bricks.data.schemes import whole
from bricks.data.streams import reads_disk
from bricks.errors import DataError, UsageError


class Window:
    """Pieces of one length of each sequence of a data set, and the pieces that lie `offset` further on.

        source = sequence[k step : k step + length]
        target = sequence[k step + offset : k step + offset + target_length],  k = 0, 1, ... while both lie inside

    Each piece is an example: so windows can be shuffled, and come back to, as any. A batch reads the sequences that its
    windows lie in, whole: let long ones be in memory.

    Parameters
    ----------
    dataset : Dataset
        Of sequences, (time, ...) an example, ragged or of one length.
    length : int
        Of a window.
    source : str, optional
        Of the data set; needed where it has several. The others are left out.
    offset : int, optional
        From the beginning of a window to that of its target; by default 1: the target is the window one step later.
    target_length : int, optional
        By default that of the window.
    step : int, optional
        From a window to the next; by default `length`: they do not overlap. 1 for all windows.
    target : str
        The name of the targets.
    lengths : array of int, optional
        Of the sequences. By default they are read, all of them once, where they are not of one length.

    Raises
    ------
    UsageError, DataError
        A number is out of range, the source does not hold sequences, or none is long enough.

    Examples
    --------
    >>> from bricks.data import ArrayDataset, Window
    >>> windows = Window(ArrayDataset({"x": [[0, 1, 2, 3, 4, 5]]}), length=2)
    >>> windows.num_examples, windows.read([0, 1])
    (2, {'x': array([[0, 1],
           [2, 3]]), 'targets': array([[1, 2],
           [3, 4]])})
    """

    def __init__(
        self,
        dataset: Dataset,
        length: int,
        *,
        source: str | None = None,
        offset: int = 1,
        target_length: int | None = None,
        step: int | None = None,
        target: str = "targets",
        lengths: Sequence[int] | np.ndarray | None = None,
    ):
        who = type(self).__name__
        if source is None and len(dataset.sources) != 1:
            raise UsageError(f"{who}: source must be one of {sorted(dataset.sources)}, got none")
        [name] = chosen(None if source is None else (source,), dataset.sources, who)
        if name == target:
            raise UsageError(f"{who}: the targets must have another name than the source, got {target!r} for both")
        described = dataset.sources[name]
        if not described.shape or None in described.shape[1:]:
            raise DataError(f"{who}: source {name!r} must hold sequences, (time, ...) an example, got {described}")
        self.dataset, self.source, self.target = dataset, name, target
        self.length, self.offset = whole(length, 1, "length", who), whole(offset, 0, "offset", who)
        self.target_length = self.length if target_length is None else whole(target_length, 1, "target_length", who)
        self.step = self.length if step is None else whole(step, 1, "step", who)
        lengths = _lengths(dataset, name) if lengths is None else np.asarray(lengths)
        if len(lengths) != dataset.num_examples:
            raise DataError(f"{who}: lengths must be those of {dataset.num_examples} sequences, got {len(lengths)}")
        span = max(self.length, self.offset + self.target_length)
        self._ends = np.cumsum(np.maximum(0, (lengths - span) // self.step + 1))
        self.num_examples: int = int(self._ends[-1]) if len(lengths) else 0
        if self.num_examples == 0:
            raise DataError(
                f"{who}: a sequence of {span} at least is needed, the longest has {max(lengths, default=0)}"
            )
        self.sources = {
            name: replace(described, shape=(self.length, *described.shape[1:]), ragged=False),
            target: replace(described, shape=(self.target_length, *described.shape[1:]), ragged=False),
        }
        self.from_disk = reads_disk(dataset)

    def read(self, indices: Sequence[int] | np.ndarray) -> Batch:
        """The windows of these numbers, which count those of the first sequence first."""
        numbers = example_numbers(indices, self.num_examples, type(self).__name__)
        sequence = np.searchsorted(self._ends, numbers, side="right")
        before = np.where(sequence > 0, self._ends[sequence - 1], 0)
        starts = (numbers - before) * self.step
        needed, which = np.unique(sequence, return_inverse=True)
        read = self.dataset.read(needed)[self.source]
        batch = {}
        for name, shift, length in ((self.source, 0, self.length), (self.target, self.offset, self.target_length)):
            described = self.dataset.sources[self.source]
            batch[name] = np.empty((len(numbers), length, *described.shape[1:]), described.dtype)
            for row, (of, start) in enumerate(zip(which, starts + shift, strict=True)):
                batch[name][row] = read[of][start : start + length]
        return batch


class NGrams(Window):
    """Each stretch of n symbols of the sequences of a data set, with the symbol that follows it.

    Parameters
    ----------
    dataset : Dataset
        Of sequences, (time, ...) an example.
    order : int
        n.
    source, target, lengths
        As `Window` takes them.

    Examples
    --------
    >>> from bricks.data import ArrayDataset, NGrams
    >>> grams = NGrams(ArrayDataset({"x": [[5, 6, 7, 8]]}), order=2)
    >>> batch = grams.read(range(grams.num_examples))
    >>> batch["x"].tolist(), batch["targets"].tolist()
    ([[5, 6], [6, 7]], [7, 8])
    """

    def __init__(
        self,
        dataset: Dataset,
        order: int,
        *,
        source: str | None = None,
        target: str = "targets",
        lengths: Sequence[int] | np.ndarray | None = None,
    ):
        super().__init__(
            dataset, order, source=source, offset=order, target_length=1, step=1, target=target, lengths=lengths
        )
        described = self.sources[target]
        self.sources[target] = Source(described.dtype, described.shape[1:], ("batch", *described.axes[2:]))

    def read(self, indices: Sequence[int] | np.ndarray) -> Batch:
        """The n-grams of these numbers."""
        batch = super().read(indices)
        return {**batch, self.target: batch[self.target][:, 0]}


def _lengths(dataset: Dataset, name: str) -> np.ndarray:
    source = dataset.sources[name]
    if source.shape[0] is not None:
        return np.full(dataset.num_examples, source.shape[0])
    lengths: list[int] = []
    for start in range(0, dataset.num_examples, AT_ONCE):
        numbers = np.arange(start, min(start + AT_ONCE, dataset.num_examples))
        lengths += [len(example) for example in dataset.read(numbers)[name]]
    return np.array(lengths, np.int64)
