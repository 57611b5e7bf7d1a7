"""Cross-validation: a data set's train and valid examples, split anew into parts that are valid by turns."""

from collections.abc import Mapping

import numpy as np

from bricks.data.arrays import ArrayDataset
from bricks.data.balanced import StratifiedScheme
from bricks.data.contracts import Batch, Dataset, Scheme, Stream
from bricks.data.derived import AT_ONCE
from bricks.data.hdf5 import H5PYDataset
from bricks.data.names import chosen
from bricks.data.schemes import batch_cuts, whole
from bricks.data.streams import DataStream, reads_disk
from bricks.errors import DataError, UsageError, nearest


def fold_streams(
    streams: Mapping[str, Stream], *, folds: int, fold: int, seed: int, by: str | None = None
) -> dict[str, Stream]:
    """The same streams, but `valid` has part `fold` of the examples of both, and `train` all the others.

        parts = permutation(seed, K) of all examples of train and valid, cut into K
        valid = part k;  train = the other parts;  the other streams as they were

    Each example is valid in one of the K folds, and the parts differ by one example at most; with `by`, those of each
    class too: the folds are stratified. Orders, batch sizes and transformers stay those of each stream. No example is
    copied where the data set is in memory and the two streams have neighbouring slices of it, or where they read from a
    file.

    Parameters
    ----------
    streams : mapping of str to Stream
        `train` and `valid`, each a DataStream over a data set of its own with the same sources, and others.
    folds : int
        K, at least 2.
    fold : int
        k, from 1 to K.
    seed : int
        The split is a function of (seed, K), and of the classes with `by`.
    by : str, optional
        A source that has one class an example, "targets" say. A stream with a `StratifiedScheme` of these classes needs
        it: its scheme then goes by the examples that the stream gets.

    Raises
    ------
    UsageError
        If a number is out of range, or `train` or `valid` is missing.
    DataError
        If the streams cannot be split anew, or have fewer than K examples; if there is no source `by`, or it has no
        classes.

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

    References
    ----------
    Kohavi, "A study of cross-validation and bootstrap for accuracy estimation and model selection", 1995: stratified
    folds have less bias and less variance.
    """
    folds, fold, seed = (
        whole(value, least, name, "fold_streams")
        for value, least, name in ((folds, 2, "folds"), (fold, 1, "fold"), (seed, 0, "seed"))
    )
    if fold > folds:
        raise UsageError(f"fold_streams: fold must be at most folds={folds}, got {fold}")
    train, valid = (_foldable(streams, name, by) for name in ("train", "valid"))
    if by is not None:
        chosen((by,), train.dataset.sources, "folds")
    if train.dataset.sources != valid.dataset.sources:
        raise DataError(
            "folds: the data sets of train and valid must have the same sources, so that their examples can change "
            f"places, got {train.dataset.sources} and {valid.dataset.sources}"
        )
    dataset = _joined(train.dataset, valid.dataset)
    total = dataset.num_examples
    if total < folds:
        raise DataError(f"folds: {folds} parts need as many examples, train and valid have {total}; take fewer folds")
    order = _permutation(total, folds, seed)
    labels = None if by is None else _classes(dataset, by)
    parts = dealt(order, folds, labels)
    held_out = np.sort(parts.pop(fold - 1))
    rows = {"train": np.sort(np.concatenate(parts)), "valid": held_out}
    own = {"train": slice(None, train.dataset.num_examples), "valid": slice(train.dataset.num_examples, None)}
    anew = {}
    for name, stream in (("train", train), ("valid", valid)):
        scheme = stream.scheme
        if isinstance(scheme, StratifiedScheme):
            if not np.array_equal(scheme.labels, labels[own[name]]):
                raise DataError(f"folds: the labels of the StratifiedScheme of {name!r} must be those of source {by!r}")
            scheme = StratifiedScheme(labels[rows[name]], scheme.batch_size, scheme.seed)
        anew[name] = _part(dataset, rows[name], stream, scheme)
    return {**streams, **anew}


def dealt(order: np.ndarray, folds: int, labels: np.ndarray | None = None) -> list[np.ndarray]:
    """A shuffled order of examples in so many parts; with each example's class, every class in its proportion.

    >>> order, labels = np.array([5, 3, 0, 1, 4, 2]), np.array([0, 0, 0, 0, 1, 1])
    >>> [labels[part].tolist() for part in dealt(order, 2, labels)]
    [[0, 0, 1], [0, 0, 1]]
    """
    if labels is None:
        return np.array_split(order, folds)
    order = order[np.argsort(labels[order], kind="stable")]  # class by class, each shuffled, dealt out by turns
    return [order[part::folds] for part in range(folds)]


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


def _part(dataset: Dataset, rows: np.ndarray, like: DataStream, scheme: Scheme) -> DataStream:
    """A stream like another one, over some examples of a data set."""
    return DataStream(
        dataset, _Part(scheme, rows), like.transformers, read_ahead=like.asked_ahead, workers=like.workers
    )


def _classes(dataset: Dataset, name: str) -> np.ndarray:
    """The class of each example."""
    labels = _values(dataset, name)
    if labels.dtype.kind not in "biuSU" or labels.size != len(labels):
        raise DataError(
            f"folds: source {name!r} must have one class an example, a whole number or a word, got "
            f"{dataset.sources[name]}"
        )
    return labels.reshape(-1)


def _values(dataset: Dataset, name: str) -> np.ndarray:
    """All examples of a source, without the others where the data set knows how."""
    if isinstance(dataset, _Joined):
        return np.concatenate([_values(part, name) for part in (dataset.first, dataset.second)])
    if isinstance(dataset, ArrayDataset | H5PYDataset):
        return dataset.values(name)
    starts = range(0, dataset.num_examples, AT_ONCE)
    ends = (min(start + AT_ONCE, dataset.num_examples) for start in starts)
    return np.concatenate([dataset.read(np.arange(start, end))[name] for start, end in zip(starts, ends, strict=True)])


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


def _foldable(streams: Mapping[str, Stream], name: str, by: str | None) -> DataStream:
    if name not in streams:
        raise UsageError(f"folds: there must be a stream {name!r}; {nearest(name, streams)}")
    stream = streams[name]
    if type(stream) is not DataStream:
        raise DataError(
            f"folds: the stream {name!r} must be a DataStream, whose examples can be split anew, got "
            f"{type(stream).__name__}; examples that are made up anew in each batch need no folds (fresh: false makes "
            "them once, where a dataset has that option)"
        )
    stratified = isinstance(stream.scheme, StratifiedScheme)
    if getattr(stream.scheme, "by_number", False) and not (stratified and by is not None):
        remedy = "name the source of its labels, by=" if stratified else "take ShuffledScheme for folds"
        raise DataError(
            f"folds: the scheme of {name!r} must not depend on which example has which number, since they change "
            f"places, got {type(stream.scheme).__name__}; {remedy}"
        )
    return stream


def _permutation(total: int, folds: int, seed: int) -> np.ndarray:
    """Of the numbers below `total`; with a key of its own, for a ShuffledScheme draws from [seed, epoch]."""
    sequence = np.random.SeedSequence([seed, folds], spawn_key=(1,))
    return np.random.Generator(np.random.PCG64(sequence)).permutation(total).astype(np.int64, copy=False)
