"""One pass through the data, in blocks of neighbours: statistics, counts, hashes of rows, and a sample of them.

Blocks come in random order, so that what was seen when the time is up is from everywhere; each is read once, and no
more than one is in memory beside the sample.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from bricks.data.contracts import Batch, Dataset, Source
from bricks.view.explorer.hashing import Hashes, row_hashes
from bricks.view.explorer.reservoir import Reservoir
from bricks.view.explorer.running import Counts, Running, columns_of

BLOCK_BYTES = 1 << 24
"""About what is read at a time."""

SAMPLE_BYTES = 1 << 27
"""Of the sample of the set that is explored; those of others have a quarter."""

SECONDS = 50.0
"""After which no further block is read."""

STATISTICS_SECONDS = 20.0
"""After which blocks are hashed and sampled, but no longer go into ranges, means and deviations."""


@dataclass
class Seen:
    """What a pass saw of one set.

    Parameters
    ----------
    examples : int
        In the set.
    read, measured : int
        Of them, those that were read, and those that went into the statistics.
    running : dict of str to Running
        By source.
    counts : dict of str to Counts
        By source, of the target and of those whose examples are one number. Over all that were read.
    sample : dict of str to array
        Examples drawn from those read, each with the same chance, in the order of the file.
    numbers : np.ndarray
        Which examples those are.
    """

    examples: int
    read: int
    measured: int
    running: dict[str, Running]
    counts: dict[str, Counts]
    sample: Batch
    numbers: np.ndarray


def go_through(
    sets: Mapping[str, Dataset],
    *,
    main: str,
    features: str,
    target: str | None,
    sample: int,
    seed: int,
    chunk: int = 1,
    seconds: float = SECONDS,
    statistics_seconds: float = STATISTICS_SECONDS,
    advance: Callable[[int], None] = lambda more: None,
) -> tuple[dict[str, Seen], Hashes]:
    """Go through all sets, as far as there is time.

    Parameters
    ----------
    sets : mapping of str to Dataset
    main : str
        The set that is explored: `sample` of its examples are kept, of the others a quarter of that.
    features, target : str
        Sources: whose rows are hashed, and what is to be equal where those are.
    sample, seed : int
    chunk : int
        Blocks are a multiple of it, as far as they may.
    seconds, statistics_seconds : float
    advance : callable
        Told how many blocks more are done.

    Returns
    -------
    seen : dict of str to Seen
    hashes : Hashes
    """
    random, began = np.random.default_rng((seed, 0)), time.monotonic()
    hashes, measuring = Hashes(), 0.0
    plans = {
        name: _Plan(dataset, target, chunk, sample if name == main else -(-sample // 4), (seed, k), name == main)
        for k, (name, dataset) in enumerate(sets.items(), start=1)
    }
    for name, start in _order(plans, random):
        if time.monotonic() - began > seconds and all(plan.read for plan in plans.values()):
            break
        plan = plans[name]
        numbers = np.arange(start, min(start + plan.block, plan.examples))
        batch = plan.dataset.read(numbers)
        if features in batch:
            labels = row_hashes(batch[target]) if target in batch else None
            hashes.add(name, numbers, row_hashes(batch[features]), labels)
        plan.add(numbers, batch)
        if measuring < statistics_seconds or not plan.measured:
            measuring -= time.monotonic()
            plan.measure(batch)
            measuring += time.monotonic()
        advance(1)
    return {name: plan.seen() for name, plan in plans.items()}, hashes


def blocks(sets: Mapping[str, Dataset], chunk: int = 1) -> int:
    """How many blocks a whole pass has."""
    return sum(len(range(0, dataset.num_examples, _block(dataset, chunk)[0])) for dataset in sets.values())


class _Plan:
    """What is gathered of one set."""

    def __init__(
        self, dataset: Dataset, target: str | None, chunk: int, sample: int, seed: tuple[int, int], main: bool
    ):
        self.dataset, self.examples = dataset, dataset.num_examples
        self.block, example_bytes = _block(dataset, chunk)
        allowed = SAMPLE_BYTES // (1 if main else 4) // max(1, example_bytes)
        self.reservoir = Reservoir(min(sample, max(8, allowed)), seed)
        numeric = {name: source for name, source in dataset.sources.items() if source.dtype.kind != "S"}
        self.running = {name: Running(columns_of(source)) for name, source in numeric.items()}
        self.counts = {
            name: Counts() for name, source in dataset.sources.items() if name == target or _is_small(source)
        }
        self.read = self.measured = 0

    def add(self, numbers: np.ndarray, batch: Batch) -> None:
        self.read += len(numbers)
        self.reservoir.add(numbers, batch)
        for name, counts in self.counts.items():
            counts.add(batch[name])

    def measure(self, batch: Batch) -> None:
        self.measured += len(next(iter(batch.values())))
        for name, running in self.running.items():
            running.add(batch[name])

    def seen(self) -> Seen:
        numbers, sample = self.reservoir.result()
        return Seen(self.examples, self.read, self.measured, self.running, self.counts, sample, numbers)


def _order(plans: Mapping[str, _Plan], random: np.random.Generator) -> Iterator[tuple[str, int]]:
    """The beginnings of blocks: one of each set first, then all others in random order."""
    every = [(name, start) for name, plan in plans.items() for start in range(0, plan.examples, plan.block)]
    first, others = {}, []
    for place in random.permutation(len(every)):
        name, start = every[place]
        if name in first:
            others.append((name, start))
        else:
            first[name] = start
    yield from first.items()
    yield from others


def _block(dataset: Dataset, chunk: int) -> tuple[int, int]:
    """Examples of a block, and about how many bytes one takes."""
    few = dataset.read(np.arange(min(16, dataset.num_examples)))
    example = sum(sum(e.nbytes for e in a) if a.dtype == object else a.nbytes for a in few.values())
    example = max(1, math.ceil(example / len(next(iter(few.values())))))
    rows = max(1, BLOCK_BYTES // example)
    return rows // chunk * chunk or rows, example


def _is_small(source: Source) -> bool:
    """Whether an example is one number or text."""
    return not source.ragged and math.prod(source.shape) == 1
