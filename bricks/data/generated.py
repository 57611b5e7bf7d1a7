"""Data that is made up: examples drawn by a function `draw(random, n)`, anew for each batch or once and kept.

`draw` gives n examples as arrays by name, along their first axis, and takes what is random from `random`, a
NumPy Generator, alone: so each batch is a function of a few integers, and a run resumes exactly.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from bricks.data.arrays import ArrayDataset
from bricks.data.contracts import Batch, Source, Stream, Transformer
from bricks.data.draws import Place, through
from bricks.data.schemes import SequentialScheme, ShuffledScheme, whole
from bricks.data.showing import as_table
from bricks.data.streams import BatchIterator, DataStream
from bricks.errors import DataError

Draw = Callable[[np.random.Generator, int], Mapping[str, np.ndarray]]

_TRAIN, _VALID, _TEST = range(3)  # which stream of random numbers a set is drawn from


class GeneratedStream:
    """Examples that are new in each batch of each epoch; none is kept.

        batch b of epoch e = transformers(draw(generator(seed, e, b), n))

    Parameters
    ----------
    draw : callable
        `draw(random, n)`: n examples, a dict of arrays (n, ...) of the same dtypes and shapes each time.
    examples : int
        In an epoch; an epoch has no other meaning than how often one measures.
    batch_size : int
        The last batch of an epoch may be short.
    seed : int
        At least 0.
    axes : dict of str to tuple of str, optional
        Labels of all axes that `draw` gives a source, "batch" first.
    transformers : list of Transformer
        Applied to each batch, first to last.

    Attributes
    ----------
    sources : dict of str to Source
        What a batch holds, known before the first one: from a draw of one example.
    num_examples, batches_per_epoch : int
        In one epoch.

    Raises
    ------
    UsageError, DataError
        A number is out of range; `draw` does not give what it must, now or in a later batch.

    Notes
    -----
    The generator is PCG64 of `SeedSequence(seed, spawn_key=(0, epoch, batch))`. NumPy promises the same draws
    for the same version of NumPy.

    Examples
    --------
    >>> from bricks.data import GeneratedStream
    >>> def draw(random, n):
    ...     return {"x": random.integers(0, 10, n)}
    >>> stream = GeneratedStream(draw, examples=5, batch_size=2, seed=1)
    >>> [len(batch["x"]) for batch in stream.iterator()]
    [2, 2, 1]
    >>> bool((stream.batches(epoch=3)(1)["x"] == stream.batches(epoch=3)(1)["x"]).all())
    True
    """

    def __init__(
        self,
        draw: Draw,
        *,
        examples: int,
        batch_size: int,
        seed: int,
        axes: Mapping[str, Sequence[str]] | None = None,
        transformers: Sequence[Transformer] = (),
    ):
        who = type(self).__name__
        self.draw, self.transformers = draw, tuple(transformers)
        self.num_examples: int = whole(examples, 1, "examples", who)
        self.batch_size = whole(batch_size, 1, "batch_size", who)
        self.seed = whole(seed, 0, "seed", who)
        self.batches_per_epoch: int = -(-self.num_examples // self.batch_size)
        one = ArrayDataset(draw(_generator(self.seed, _TRAIN, 0, 0), 1), axes, name=f"{who}: draw")
        self._drawn = one.sources
        self._check(one.arrays, 1)
        self.sources: dict[str, Source] = dict(one.sources)
        for transformer in self.transformers:
            self.sources = transformer.sources(self.sources)

    def batches(self, epoch: int) -> Callable[[int], Batch]:
        """What gives batch 0, 1, ... of this epoch."""

        def batch(number: int) -> Batch:
            n = min(self.batch_size, self.num_examples - number * self.batch_size)
            drawn = self.draw(_generator(self.seed, _TRAIN, epoch, number), n)
            arrays = {name: np.asarray(array) for name, array in drawn.items()}
            self._check(arrays, n)
            examples = np.arange(n) + number * self.batch_size
            return through(self.transformers, arrays, Place(epoch, number, examples))

        return batch

    def iterator(self) -> BatchIterator:
        """A new iterator at the start of epoch 0."""
        return BatchIterator(self)

    def _repr_html_(self) -> str:
        about = f"{self.num_examples:,} examples in {self.batches_per_epoch:,} batches an epoch, made up anew"
        return as_table("GeneratedStream", about, self.sources, batches=True)

    def _check(self, arrays: Mapping[str, np.ndarray], n: int) -> None:
        """A draw of n examples must look as the first one said that it would."""
        wanted = {name: (source.dtype, (n, *source.shape)) for name, source in self._drawn.items()}
        found = {name: (array.dtype, array.shape) for name, array in arrays.items()}
        if found != wanted:
            raise DataError(
                f"GeneratedStream: a draw of {n} examples must give {_shown(wanted)}, got {_shown(found)}; "
                "let dtypes and shapes not depend on what is drawn"
            )


def generated_streams(
    draw: Draw,
    seed: int,
    *,
    batch_size: int,
    examples: int,
    valid: int,
    test: int,
    evaluation_batch_size: int,
    fresh: bool = True,
    evaluation_seed: int = 0,
    axes: Mapping[str, Sequence[str]] | None = None,
    transformers: Sequence[Transformer] = (),
) -> dict[str, Stream]:
    """The streams `train`, `valid` and `test` of data that `draw` makes up.

    Parameters
    ----------
    draw, axes, transformers
        As `GeneratedStream` takes them.
    seed : int
        Of training. Batch b of epoch e is a function of (seed, e, b); a fixed set, of seed alone.
    batch_size : int
        Of training.
    examples : int
        In an epoch of training.
    valid, test : int
        Examples of these sets: drawn once, kept in memory as `draw` gives them, the same in every run.
    evaluation_batch_size : int
        Of valid and test.
    fresh : bool
        Whether training sees new examples in each batch of each epoch, or `examples` of them, drawn once and
        shuffled anew each epoch.
    evaluation_seed : int
        Of valid and test; not that of the run, so that runs of all seeds are measured by the same.

    Examples
    --------
    >>> streams = generated_streams(
    ...     lambda random, n: {"x": random.random(n)},
    ...     seed=1, batch_size=10, examples=1000, valid=20, test=30, evaluation_batch_size=20,
    ... )
    >>> {name: stream.num_examples for name, stream in streams.items()}
    {'train': 1000, 'valid': 20, 'test': 30}
    """

    def fixed(part: int, seed: int, count: int, scheme: SequentialScheme | ShuffledScheme) -> DataStream:
        n, name = whole(count, 1, _COUNTS[part], "generated_streams"), "generated_streams: draw"
        dataset = ArrayDataset(draw(_generator(seed, part), n), axes, name=name)
        if dataset.num_examples != n:
            raise DataError(f"{name} must give the {n} examples asked for, got {dataset.num_examples}")
        return DataStream(dataset, scheme, transformers)

    seed = whole(seed, 0, "seed", "generated_streams")
    in_order = SequentialScheme(evaluation_batch_size)
    if fresh:
        train: Stream = GeneratedStream(
            draw, examples=examples, batch_size=batch_size, seed=seed, axes=axes, transformers=transformers
        )
    else:
        train = fixed(_TRAIN, seed, examples, ShuffledScheme(batch_size, seed))
    return {
        "train": train,
        "valid": fixed(_VALID, evaluation_seed, valid, in_order),
        "test": fixed(_TEST, evaluation_seed, test, in_order),
    }


_COUNTS = {_TRAIN: "examples", _VALID: "valid", _TEST: "test"}


def _generator(seed: int, *key: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))


def _shown(arrays: Mapping[str, tuple[np.dtype, tuple]]) -> str:
    return ", ".join(f"{name!r} {dtype} {shape}" for name, (dtype, shape) in arrays.items()) or "nothing"
