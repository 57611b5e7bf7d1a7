"""Warped and padded sequences: say each symbol one symbol later, however long each of them lasts.

Symbols s_0, s_1, ... out of an alphabet of A (numbered from 0; A is the blank) last d_0, d_1, ... steps in
time; W is the maximum warping:

    uniform    d_i = W                       variable   d_i drawn uniformly from 1, ..., W

Let k(t) be the number of the symbol that lasts at step t. What is fed, and what is to be said, at step t:

    warped     s_k(t)                        padded     s_k(t) in the first of its steps, blank in the others
    target     s_{k(t) - 1}, and blank while k(t) = 0

that is, for the symbols 2, 0, 1 with W = 3, padded uniformly and warped variably (lasting 1, 3 and 2 steps):

    input    2 _ _ 0 _ _ 1 _ _               input    2 0 0 0 1 1
    target   _ _ _ 2 2 2 0 0 0               target   _ 2 2 2 0 0

A sequence is cut at `length` steps. Each symbol is drawn uniformly from those that differ from the one before:
where equal symbols met, nobody could tell from a variably warped sequence when the second one began.

After Tallec and Ollivier, "Can recurrent neural networks warp time?", 2018; that no symbol equals the one before,
and the target during the blanks of a padded sequence, are decided here.
"""

from typing import Annotated

import numpy as np
from pydantic import Field, PositiveInt

from bricks.data import OneHot, Stream, TimeMajor, generated_streams
from bricks.errors import UsageError

AXES = {"features": ("batch", "time"), "targets": ("batch", "time")}


def streams(
    seed: int,
    *,
    length: PositiveInt = 500,
    maximum_warping: PositiveInt = 10,
    variable: bool = False,
    padded: bool = False,
    alphabet: Annotated[int, Field(ge=2, le=255)] = 10,
    batch_size: PositiveInt = 32,
    examples: PositiveInt = 10_000,
    valid: PositiveInt = 1000,
    test: PositiveInt = 1000,
    evaluation_batch_size: PositiveInt = 500,
    fresh: bool = True,
) -> dict[str, Stream]:
    """The streams `train`, `valid` and `test`.

    `features` are float32 (length, batch, alphabet + 1), one-hot, the last column being the blank, with or without
    padding; `targets` int32 (length, batch), from 0 to `alphabet`, which is the blank.

    Parameters
    ----------
    seed : int
        Of the training examples.
    length : int
        Steps in time, warped and all; so it holds about length / W symbols, or 2 length / (W + 1) if `variable`.
    maximum_warping : int
        W, steps that a symbol lasts, at most; 1 for the plain task.
    variable : bool
        Whether each symbol lasts a time of its own.
    padded : bool
        Whether a symbol is followed by blanks, instead of being repeated.
    alphabet : int
        A, how many symbols there are.
    batch_size, evaluation_batch_size : int
        Of training; of valid and test.
    examples : int
        In an epoch of training.
    valid, test : int
        Examples of these sets, the same in every run.
    fresh : bool
        Whether each epoch has new training examples, or all the same `examples`.
    """
    least = {"length": (length, 1), "maximum_warping": (maximum_warping, 1), "alphabet": (alphabet, 2)}
    for name, (value, low) in least.items():
        if not isinstance(value, int) or value < low:
            raise UsageError(f"warped_copy: {name} must be an integer of at least {low}, got {value!r}")
    if alphabet > 255:  # with the blank they are kept as bytes
        raise UsageError(f"warped_copy: alphabet must be at most 255, got {alphabet}")

    def draw(random: np.random.Generator, n: int) -> dict[str, np.ndarray]:
        begins = _begins(random, n, length, maximum_warping, variable)
        number = begins.cumsum(axis=1, dtype="int32")  # k(t) + 1
        symbols = _symbols(random, n, int(number.max()), alphabet)
        fed = np.take_along_axis(symbols, number, axis=1)
        targets = np.take_along_axis(symbols, number - 1, axis=1).astype("int32")
        features = np.where(begins, fed, np.uint8(alphabet)) if padded else fed
        return {"features": features, "targets": targets}

    return generated_streams(
        draw,
        seed,
        batch_size=batch_size,
        examples=examples,
        valid=valid,
        test=test,
        evaluation_batch_size=evaluation_batch_size,
        fresh=fresh,
        axes=AXES,
        transformers=[TimeMajor("features", "targets"), OneHot(alphabet + 1, "features")],
    )


def _begins(random: np.random.Generator, n: int, length: int, warping: int, variable: bool) -> np.ndarray:
    """Whether a symbol begins at a step: bool (n, length)."""
    begins = np.zeros((n, length), bool)
    if not variable:
        begins[:, ::warping] = True
        return begins
    ends = random.integers(1, warping + 1, (n, length), "int32").cumsum(axis=1, dtype="int32")
    begins[:, 0] = True
    rows, which = np.nonzero(ends < length)
    begins[rows, ends[rows, which]] = True
    return begins


def _symbols(random: np.random.Generator, n: int, count: int, alphabet: int) -> np.ndarray:
    """The blank, then `count` symbols, none equal to the one before: uint8 (n, 1 + count)."""
    steps = random.integers(1, alphabet, (n, count))  # from each symbol to the next, around a circle
    steps[:, 0] = random.integers(0, alphabet, n)
    symbols = np.full((n, 1 + count), alphabet, "uint8")
    symbols[:, 1:] = steps.cumsum(axis=1) % alphabet
    return symbols
