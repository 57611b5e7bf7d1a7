"""The adding problem: sum two numbers of a long sequence, marked at random places far apart.

A step in time t of an example of `length` steps has two features, a value and a marker:

    value_t   uniform in [0, 1)
    marker_t  1 at one step of the first half (steps 0 to length // 2 - 1), 1 at one of the rest, else 0
    target    value at the first marked step + value at the second

Hochreiter and Schmidhuber, "Long short-term memory", 1997 (their experiment 4, with values in [-1, 1] and a
target scaled to [0, 1]); as it is here in Arjovsky, Shah and Bengio, "Unitary evolution recurrent neural
networks", 2016.
"""

from typing import Annotated

import numpy as np
from pydantic import Field, PositiveInt

from bricks.data import Stream, TimeMajor, generated_streams
from bricks.errors import UsageError

BASELINE = 1 / 6
"""The mean squared error of always saying 1, the best without a memory: the variance of the sum of two."""

AXES = {"features": ("batch", "time", "feature"), "targets": ("batch", "feature")}


def streams(
    seed: int,
    *,
    length: Annotated[int, Field(ge=2)] = 200,
    batch_size: PositiveInt = 50,
    examples: PositiveInt = 10_000,
    valid: PositiveInt = 1000,
    test: PositiveInt = 1000,
    evaluation_batch_size: PositiveInt = 500,
    fresh: bool = True,
) -> dict[str, Stream]:
    """The streams `train`, `valid` and `test`: `features` float32 (length, batch, 2), `targets` float32 (batch, 1).

    Parameters
    ----------
    seed : int
        Of the training examples.
    length : int
        Steps in time.
    batch_size, evaluation_batch_size : int
        Of training; of valid and test.
    examples : int
        In an epoch of training.
    valid, test : int
        Examples of these sets, the same in every run.
    fresh : bool
        Whether each epoch has new training examples, or all the same `examples`.
    """
    if not isinstance(length, int) or length < 2:
        raise UsageError(f"adding: length must be an integer of at least 2, got {length!r}")

    def draw(random: np.random.Generator, n: int) -> dict[str, np.ndarray]:
        features = np.zeros((n, length, 2), "float32")
        features[:, :, 0] = random.random((n, length), "float32")
        rows, half = np.arange(n), length // 2
        first, second = random.integers(0, half, n), random.integers(half, length, n)
        features[rows, first, 1] = features[rows, second, 1] = 1
        return {"features": features, "targets": features[rows, first, :1] + features[rows, second, :1]}

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
        transformers=[TimeMajor("features")],
    )
