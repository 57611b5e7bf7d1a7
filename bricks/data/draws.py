"""What transformers draw at random: functions of (seed, epoch, example), so that any batch can be made again.

Nothing here has a state. The same example gets the same draw in an epoch whatever batch it is in, whichever process
makes it.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bricks.data.contracts import Batch, Transformer
from bricks.data.schemes import BATCH, generator


@dataclass(frozen=True, eq=False)
class Place:
    """Where a batch stands: its epoch, its number in the epoch, the numbers of its examples in the data set.

    Parameters
    ----------
    epoch, batch : int
    examples : np.ndarray, int64 (examples,)
    """

    epoch: int
    batch: int
    examples: np.ndarray

    def uniform(self, seed: int, count: int, use: str = "") -> np.ndarray:
        """`count` numbers from [0, 1) for each example, float64 (examples, count), of (seed, epoch, example) alone.

        Each `use` has other numbers: so that of two transformers with one seed, one that mirrors and one that crops,
        neither tells what the other one does.

        Each is a hash: the last function of SplitMix64 over the integers one after the other (Steele, Lea and
        Flood, "Fast splittable pseudorandom number generators", 2014), which costs no generator an example.
        """
        start = _mixed(np.array([seed], np.uint64), np.uint64(zlib.crc32(use.encode())))
        start = _mixed(start, np.uint64(self.epoch))
        of_example = _mixed(start, self.examples.astype(np.uint64))
        bits = _mixed(of_example[:, None], np.arange(1, count + 1, dtype=np.uint64))
        return (bits >> np.uint64(11)) * 2.0**-53

    def generator(self, seed: int) -> np.random.Generator:
        """A generator for the whole batch: a function of (seed, epoch, batch)."""
        return generator(seed, self.epoch, self.batch, use=BATCH)


def through(transformers: Sequence[Transformer], batch: Batch, place: Place | None) -> Batch:
    """A batch through transformers; those that draw, by `apply_at`, are told where it stands."""
    for transformer in transformers:
        draws = getattr(transformer, "apply_at", None)
        batch = transformer.apply(batch) if draws is None or place is None else draws(batch, place)
    return batch


class Drawing:
    """For transformers that draw: `apply` alone is that of the first batch, of the examples from 0 on."""

    def apply(self, batch: Batch) -> Batch:
        n = len(next(iter(batch.values()), ()))
        return self.apply_at(batch, Place(0, 0, np.arange(n)))


def _mixed(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """A hash of both, 64 bits; arithmetic wraps."""
    with np.errstate(over="ignore"):
        z = a * np.uint64(0x9E3779B97F4A7C15) + b + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))
