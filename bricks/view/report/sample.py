"""Some examples of a stream, in memory: what a report looks at of the valid set. The test set is never read for one."""

import math

import numpy as np

from bricks.data import Source, Stream

SPREAD = 10
"""Batches that a sample is from, at least: a file may hold one class after the other."""

MOST_NUMBERS = 32_000_000
"""Numbers in memory, of all sources together: 128 MB in float32."""


class Sample:
    """The examples of a stream or, where it has more than so many, of batches from all over it; read as a stream is.

    Parameters
    ----------
    stream : Stream
    most : int
        Examples.
    most_numbers : int
        Of all sources together.

    Attributes
    ----------
    sources : dict of str to Source
    batches : list of dict of str to array
        All of one number of examples, but for the last where all are taken.
    numbers : list of array
        Which examples they are, for each batch: their numbers in the data set.
    num_examples, total : int
        Of the sample, and of the stream.

    Examples
    --------
    >>> from bricks.data import ArrayDataset, DataStream, SequentialScheme
    >>> stream = DataStream(ArrayDataset({"x": np.arange(100)}), SequentialScheme(batch_size=10))
    >>> sample = Sample(stream, most=4)
    >>> [batch["x"].tolist() for batch in sample.iterator()], sample.num_examples, sample.total
    ([[0], [30], [60], [90]], 4, 100)
    >>> sample.some(2)["x"].tolist()
    [0, 60]
    """

    def __init__(self, stream: Stream, most: int, most_numbers: int = MOST_NUMBERS):
        self.sources: dict[str, Source] = dict(stream.sources)
        self.total = stream.num_examples
        read, count = stream.batches(0), stream.batches_per_epoch
        first = read(0)
        size = self._length(first)
        each = max(1, sum(array.size for array in first.values()) // size)
        wanted = max(1, min(most, most_numbers // each))
        chosen = range(count)
        if wanted < self.total:
            most_batches = min(count, wanted, max(SPREAD, math.ceil(wanted / size)))
            chosen = np.linspace(0, count - 1, most_batches).round().astype(int)
        part = None if len(chosen) == count and wanted >= self.total else min(size, math.ceil(wanted / len(chosen)))
        self.batches: list[dict[str, np.ndarray]] = []
        self.numbers: list[np.ndarray] = []
        for number in chosen:
            batch = first if number == 0 else read(int(number))
            there = self._length(batch)
            if part is not None and there < part:
                continue  # the short last one
            places = np.arange(there) if part is None else np.arange(part) * there // part
            self.batches.append(self._taken(batch, places))
            self.numbers.append(int(number) * size + places)
        if hasattr(stream, "plan"):  # which knows the examples by their numbers in the data set
            order = stream.plan(0)[0]
            self.numbers = [order[places] for places in self.numbers]
        self.num_examples = sum(map(len, self.numbers))
        self.batches_per_epoch = len(self.batches)

    def iterator(self):
        """The batches, from the first."""
        return iter(self.batches)

    def some(self, most: int) -> dict[str, np.ndarray]:
        """A batch of at most so many examples from all over; where batches differ in length, of the first one."""
        shapes = [{name: self._of_one(batch, name) for name in batch} for batch in self.batches]
        batches = self.batches if all(shape == shapes[0] for shape in shapes) else self.batches[:1]
        lengths = [self._length(batch) for batch in batches]
        starts, total = np.cumsum([0, *lengths]), sum(lengths)
        wanted = np.arange(min(most, total)) * total // min(most, total)
        parts = []
        for batch, start, length in zip(batches, starts, lengths, strict=False):
            places = wanted[(wanted >= start) & (wanted < start + length)] - start
            parts += [self._taken(batch, places)] if len(places) else []
        return {
            name: np.concatenate([part[name] for part in parts], axis=source.batch_axis)
            for name, source in self.sources.items()
        }

    def at(self, batch: int, place: int) -> dict[str, np.ndarray]:
        """An example: an array for each source, without the batch axis."""
        arrays = self.batches[batch]
        return {name: np.take(arrays[name], place, self.sources[name].batch_axis) for name in self.sources}

    @property
    def said(self) -> str:
        """How many of how many, in words."""
        if self.num_examples == self.total:
            return f"all {self.total:,} examples of the valid set"
        return f"{self.num_examples:,} examples from all over the valid set, of {self.total:,}"

    def _of_one(self, batch: dict[str, np.ndarray], name: str) -> tuple[int, ...]:
        shape = batch[name].shape
        return shape[: self.sources[name].batch_axis] + shape[self.sources[name].batch_axis + 1 :]

    def _length(self, batch: dict[str, np.ndarray]) -> int:
        name, source = next(iter(self.sources.items()))
        return batch[name].shape[source.batch_axis]

    def _taken(self, batch: dict[str, np.ndarray], places: np.ndarray) -> dict[str, np.ndarray]:
        return {name: np.take(batch[name], places, self.sources[name].batch_axis) for name in self.sources}


def is_mask(name: str) -> bool:
    """Whether a source says where sequences are, as `Padding` names it and as the lab's models do.

    >>> [is_mask(name) for name in ("mask", "features_mask", "masked")]
    [True, True, False]
    """
    return name == "mask" or name.endswith("_mask")
