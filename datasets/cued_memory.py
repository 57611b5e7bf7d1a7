"""Cued memory: a moving average whose time constant another sequence says, and changes on the way.

    x_t     1 or -1, changing its sign with probability 1/10 a step
    tau_t   log-uniform between `shortest` and `longest` steps; drawn anew at a random step of the middle half
    cue_t   log tau_t, from -1 at the shortest to 1 at the longest, under the name that the unit gives the sequence
    y_t     f_t y_{t-1} + (1 - f_t) x_t,   f_t = exp(-1 / tau_t),   y_{-1} = 0

Without the cue nobody can know how long to remember. The task is this project's own.
"""

from typing import Annotated

import numpy as np
from pydantic import Field, PositiveInt

from bricks.data import Stream, TimeMajor, generated_streams
from bricks.errors import UsageError

SWITCHING = 1 / 10
"""The probability that the input changes its sign in a step."""

AXES = ("batch", "time", "feature")


def streams(
    seed: int,
    *,
    cue: str = "modulator",
    length: Annotated[int, Field(ge=4)] = 100,
    shortest: Annotated[float, Field(gt=0)] = 2.0,
    longest: Annotated[float, Field(gt=0)] = 50.0,
    batch_size: PositiveInt = 50,
    examples: PositiveInt = 5000,
    valid: PositiveInt = 500,
    test: PositiveInt = 500,
    evaluation_batch_size: PositiveInt = 500,
    fresh: bool = True,
) -> dict[str, Stream]:
    """The streams `train`, `valid` and `test`: `features`, the cue and `targets`, float32 (length, batch, 1).

    Parameters
    ----------
    seed : int
        Of the training examples.
    cue : str
        The source's name: what the unit calls the sequence, such as `modulator` or `hippocampus`.
    length : int
        Steps in time.
    shortest, longest : float
        Limits of the time constant, in steps.
    batch_size, evaluation_batch_size : int
        Of training; of valid and test.
    examples : int
        In an epoch of training.
    valid, test : int
        Examples of these sets, the same in every run.
    fresh : bool
        Whether each epoch has new training examples, or all the same `examples`.
    """
    if not 0 < shortest < longest:
        raise UsageError(f"cued_memory: shortest must be below longest, both above 0, got {shortest} and {longest}")

    def draw(random: np.random.Generator, n: int) -> dict[str, np.ndarray]:
        limits = np.log([shortest, longest])
        first, second = random.uniform(*limits, (2, n, 1))
        change = random.integers(length // 4, 3 * length // 4, (n, 1))
        log_tau = np.where(np.arange(length) < change, first, second)
        signs = np.where(random.random((n, length)) < SWITCHING, -1, 1)
        signs[:, 0] = random.choice([-1, 1], n)
        x, f = np.cumprod(signs, axis=1), np.exp(-np.exp(-log_tau))
        y, targets = np.zeros(n), np.empty((n, length))
        for t in range(length):
            y = targets[:, t] = f[:, t] * y + (1 - f[:, t]) * x[:, t]
        arrays = {"features": x, cue: (log_tau - limits.mean()) / (np.ptp(limits) / 2), "targets": targets}
        return {name: array.astype("float32")[:, :, None] for name, array in arrays.items()}

    return generated_streams(
        draw,
        seed,
        batch_size=batch_size,
        examples=examples,
        valid=valid,
        test=test,
        evaluation_batch_size=evaluation_batch_size,
        fresh=fresh,
        axes={"features": AXES, cue: AXES, "targets": AXES},
        transformers=[TimeMajor("features", cue, "targets")],
    )
