"""Cross-validation: a data set's train and valid examples, split anew into parts that are valid by turns."""

from collections.abc import Mapping

import numpy as np

from bricks.data.arrays import ArrayDataset
from bricks.data.contracts import Batch, Dataset, Scheme, Stream
from bricks.data.schemes import batch_cuts, whole
from bricks.data.streams import DataStream, reads_disk
from bricks.errors import DataError, UsageError


def fold_streams(streams: Mapping[str, Stream], *, folds: int, fold: int, seed: int) -> dict[str, Stream]:
    """The same streams, but `valid` has part `fold` of the examples of both, and `train` all the others.

        parts = permutation(seed, K) of all examples of train and valid, cut into K
        valid = part k;  train = the other parts;  the other streams as they were

    Each example is valid in one of the K folds, and the parts differ by one example at most. Orders, batch sizes and
    transformers stay those of each stream. No example is copied where the data set is in memory and the two streams
    have neighbouring slices of it, or where they read from a file.

    Parameters
    ----------
    streams : mapping of str to Stream
        `train` and `valid`, each a DataStream over a data set of its own with the same sources, and others.
    folds : int
        K, at least 2.
    fold : int
        k, from 1 to K.
    seed : int
        The split is a function of (seed, K).

    Raises
    ------
    UsageError
        If a number is out of range.
    DataError
        If the streams cannot be split anew, or have fewer than K examples.

    Examples
    --------
    >>> from bricks.data import ArrayDataset, DataStream, SequentialScheme
    >>> data, scheme = ArrayDataset({"x": [0, 1, 2, 3, 4, 5]}), SequentialScheme(batch_size=6)
    >>> streams = {"train": DataStream(data[:5], scheme), "valid": DataStream(data[5:], scheme)}
    >>> parts = [fold_streams(streams, folds=3, fold=fold, seed=1) for fold in (1, 2, 3)]
    >>> [part["valid"].num_examples for part in parts], parts[0]["train"].num_examples
    ([2, 2, 2], 4)
    >>> sorted(sum((next(part["valid"].iterator())["x"].tolist() for part in parts), []))
    [0, 1, 2, 3, 4, 5]
    """
    folds, fold, seed = (
        whole(value, least, name, "fold_streams")
        for value, least, name in ((folds, 2, "folds"), (fold, 1, "fold"), (seed, 0, "seed"))
    )
    if fold > folds:
        raise UsageError(f"fold_streams: fold must be at most folds={folds}, got {fold}")
    train, valid = (_foldable(streams, name) for name in ("train", "valid"))
    if train.dataset.sources != valid.dataset.sources:
        raise DataError(
            "folds: the data sets of train and valid must have the same sources, so that their examples can change "
            f"places, got {train.dataset.sources} and {valid.dataset.sources}"
        )
    dataset = _joined(train.dataset, valid.dataset)
    total = dataset.num_examples
    if total < folds:
        raise DataError(f"folds: {folds} parts need as many examples, train and valid have {total}; take fewer folds")
    parts = np.array_split(_permutation(total, folds, seed), folds)
    held_out = np.sort(parts.pop(fold - 1))
    return {
        **streams,
        "train": _part(dataset, np.sort(np.concatenate(parts)), train),
        "valid": _part(dataset, held_out, valid),
    }


class _Part:
    """A scheme's order, of some examples of a data set alone."""

    def __init__(self, scheme: Scheme, rows: np.ndarray):
        self.scheme, self.rows, self.batch_size = scheme, rows, scheme.batch_size
        self.read_batches = getattr(scheme, "read_batches", 1)
        self.produces_examples = getattr(scheme, "produces_examples", False)

    def indices(self, num_examples: int, epoch: int) -> np.ndarray:
        return self.rows[self.scheme.indices(len(self.rows), epoch)]

    def cuts(self, num_examples: int, epoch: int) -> np.ndarray:
        return batch_cuts(self.scheme, len(self.rows), epoch)


def _part(dataset: Dataset, rows: np.ndarray, like: DataStream) -> DataStream:
    """A stream like another one, over some examples of a data set."""
    return DataStream(
        dataset, _Part(like.scheme, rows), like.transformers, read_ahead=like.asked_ahead, workers=like.workers
    )


class _Joined:
    """The examples of one data set, then those of another with the same sources."""

    def __init__(self, first: Dataset, second: Dataset):
        self.first, self.second, self.sources = first, second, first.sources
        self.num_examples = first.num_examples + second.num_examples
        self.from_disk = reads_disk(first) or reads_disk(second)

    def read(self, indices: np.ndarray) -> Batch:
        indices = np.asarray(indices)
        of_second = indices >= self.first.num_examples
        parts = (
            (~of_second, self.first.read(indices[~of_second])),
            (of_second, self.second.read(indices[of_second] - self.first.num_examples)),
        )
        batch = {}
        for name in self.sources:
            batch[name] = np.empty((len(indices), *parts[0][1][name].shape[1:]), parts[0][1][name].dtype)
            for where, part in parts:
                batch[name][where] = part[name]
        return batch


def _joined(first: Dataset, second: Dataset) -> Dataset:
    """Both data sets as one: without a copy where they are neighbours, or one of them is no ArrayDataset."""
    if type(first) is not ArrayDataset or type(second) is not ArrayDataset:
        return _Joined(first, second)
    if first.part_of and second.part_of:
        (owner, a), (other, b) = first.part_of, second.part_of
        if owner is other and a.step == b.step == 1 and a.stop == b.start:
            return owner[a.start : b.stop]
    arrays = {name: np.concatenate([first.arrays[name], second.arrays[name]]) for name in first.arrays}
    return ArrayDataset(arrays, {name: source.axes for name, source in first.sources.items()}, name=first.name)


def _foldable(streams: Mapping[str, Stream], name: str) -> DataStream:
    stream = streams[name]
    if type(stream) is not DataStream:
        raise DataError(
            f"folds: the stream {name!r} must be a DataStream, whose examples can be split anew, got "
            f"{type(stream).__name__}; examples that are made up anew in each batch need no folds (fresh: false makes "
            "them once, where a dataset has that option)"
        )
    if getattr(stream.scheme, "by_number", False):
        raise DataError(
            f"folds: the scheme of {name!r} must not depend on which example has which number, since they change "
            f"places, got {type(stream.scheme).__name__}; take ShuffledScheme for folds"
        )
    return stream


def _permutation(total: int, folds: int, seed: int) -> np.ndarray:
    """Of the numbers below `total`; with a key of its own, for a ShuffledScheme draws from [seed, epoch]."""
    sequence = np.random.SeedSequence([seed, folds], spawn_key=(1,))
    return np.random.Generator(np.random.PCG64(sequence)).permutation(total).astype(np.int64, copy=False)
