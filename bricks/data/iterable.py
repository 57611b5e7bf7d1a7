"""Data sets that can only be gone through from the beginning: generators, logs, what a program prints."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np

from bricks.data.arrays import example_numbers
from bricks.data.contracts import Batch, Source
from bricks.data.names import axis_labels, chosen
from bricks.data.ragged import common, ragged
from bricks.errors import DataError, UsageError

OPEN = 4
"""Iterators kept open: as many readers go on side by side without starting over."""


class IterableDataset:
    """The examples that an iterable gives one after the other, each time anew.

    Reading on costs what the iterable costs; reading back starts it over. So it goes with `SequentialScheme`, and
    a run resumed in the middle of an epoch skips to its place.

    Parameters
    ----------
    examples : iterable, or a function that makes one
        Of dictionaries from source to array, each time the same: a list, or a function with `yield`. Not an iterator,
        which is used up after one epoch.
    num_examples : int, optional
        How many there are; counted, in one pass, where neither this nor `len` says it.
    axes : dict of str to tuple of str, optional
        Labels of all axes of a source, "batch" first.
    ragged : list of str
        Sources whose examples differ in shape (ragged.py); their Source has None for every axis.

    Raises
    ------
    UsageError, DataError
        There is no example; an example does not look like the first; the iterable ends before `num_examples`.

    Examples
    --------
    >>> from bricks.data import DataStream, SequentialScheme
    >>> def squares():
    ...     for n in range(5):
    ...         yield {"x": np.float32(n), "y": np.float32(n * n)}
    >>> dataset = IterableDataset(squares)
    >>> dataset.num_examples, dataset.sources["y"]
    (5, Source(float32, (), batch))
    >>> [batch["y"].tolist() for batch in DataStream(dataset, SequentialScheme(batch_size=2)).iterator()]
    [[0.0, 1.0], [4.0, 9.0], [16.0]]
    """

    def __init__(
        self,
        examples: Iterable[Mapping[str, object]] | Callable[[], Iterable[Mapping[str, object]]],
        num_examples: int | None = None,
        axes: Mapping[str, Sequence[str]] | None = None,
        ragged: Sequence[str] = (),
    ):
        if isinstance(examples, Iterator):
            raise UsageError(
                "IterableDataset: must be able to begin anew at each epoch, got an iterator; pass the function that "
                "makes it, as IterableDataset(function)"
            )
        self._examples = examples
        self._lock, self._open = threading.Lock(), []
        first = next(self._begun(), None)
        if not isinstance(first, Mapping) or not first:
            raise DataError(f"IterableDataset: must give dictionaries from source to array, got {first!r}")
        self.sources = {name: self._describe(name, value, axes or {}, name in ragged) for name, value in first.items()}
        chosen((*ragged, *(axes or ())), self.sources, "IterableDataset")
        if num_examples is None:
            num_examples = len(examples) if hasattr(examples, "__len__") else sum(1 for _ in self._begun())
        self.num_examples: int = num_examples

    def read(self, indices: Sequence[int] | np.ndarray) -> Batch:
        """The examples of these numbers, in this order, as fresh arrays; negative ones count from the end."""
        numbers = example_numbers(indices, self.num_examples, "IterableDataset")
        wanted: dict[int, Mapping] = dict.fromkeys(numbers.tolist())
        if wanted:
            position, examples = self._opened(min(wanted))
            for number in range(position, max(wanted) + 1):
                example = next(examples, None)
                if example is None:
                    raise DataError(f"IterableDataset: must have {self.num_examples} examples, ended after {number}")
                if number in wanted:
                    wanted[number] = self._checked(number, example)
            with self._lock:
                self._open = [*self._open, (max(wanted) + 1, examples)][-OPEN:]
        return {name: self._stacked(name, [wanted[n][name] for n in numbers.tolist()]) for name in self.sources}

    def __getstate__(self) -> dict:
        return {**self.__dict__, "_open": [], "_lock": None}

    def __setstate__(self, state: dict) -> None:
        self.__dict__.update(state, _lock=threading.Lock())

    def _begun(self) -> Iterator[Mapping[str, object]]:
        return iter(self._examples() if callable(self._examples) else self._examples)

    def _opened(self, position: int) -> tuple[int, Iterator]:
        """An iterator that stands at or before a position: the nearest of those open, or a new one."""
        with self._lock:
            before = [pair for pair in self._open if pair[0] <= position]
            if before:
                best = max(before, key=lambda pair: pair[0])
                self._open.remove(best)
                return best
        return 0, self._begun()

    def _describe(self, name: str, value: object, axes: Mapping[str, Sequence[str]], varies: bool) -> Source:
        who = f"IterableDataset: source {name!r}"
        dtype, shape = common([np.asarray(value)], who)
        return Source(dtype, (None,) * len(shape) if varies else shape, _labels(axes, name, shape, who), varies)

    def _checked(self, number: int, example: Mapping[str, object]) -> dict[str, np.ndarray]:
        if set(example) != set(self.sources):
            raise DataError(
                f"IterableDataset: example {number} must have {sorted(self.sources)}, got {sorted(example)}"
            )
        arrays = {name: np.asarray(value) for name, value in example.items()}
        for name, array in arrays.items():
            source = self.sources[name]
            alike = len(array.shape) == len(source.shape) if source.ragged else array.shape == source.shape
            if array.dtype != source.dtype or not alike:
                raise DataError(
                    f"IterableDataset: source {name!r} of example {number} must be {source.dtype} {source.shape} as "
                    f"in the first, got {array.dtype} {array.shape}"
                )
        return arrays

    def _stacked(self, name: str, examples: list[np.ndarray]) -> np.ndarray:
        source = self.sources[name]
        if source.ragged:
            return ragged([example.copy() for example in examples])
        return np.stack(examples) if examples else np.zeros((0, *source.shape), source.dtype)


def _labels(axes: Mapping[str, Sequence[str]], name: str, shape: tuple, who: str) -> tuple[str, ...]:
    return axis_labels(axes.get(name), 1 + len(shape), who)
