"""The copy task: keep some symbols in memory over a long blank, then say them in order when the cue comes.

With K symbols to keep out of an alphabet of A (numbered from 0), a blank (A) and a cue (A + 1), an example of
length T has T + 2K steps in time:

    input    s_1 ... s_K   T - 1 blanks   the cue   K blanks
    target   T + K blanks                           s_1 ... s_K

so the cue comes one step before the first symbol must be said. s_1 ... s_K are drawn uniformly and independently.
With K = 10 and A = 8, the defaults: Arjovsky, Shah and Bengio, "Unitary evolution recurrent neural networks",
2016, after Hochreiter and Schmidhuber, 1997; Tallec and Ollivier, "Can recurrent neural networks warp time?", 2018.
"""

import math
from typing import Annotated

import numpy as np
from pydantic import Field, PositiveInt

from bricks.data import OneHot, Stream, TimeMajor, generated_streams
from bricks.errors import UsageError

AXES = {"features": ("batch", "time"), "targets": ("batch", "time")}


def baseline(length: int, symbols: int = 10, alphabet: int = 8) -> float:
    """The best cross entropy without a memory, nats a step: K log A / (T + 2K).

    That of saying blank for T + K steps, and then each of the A symbols with equal probability.

    >>> round(baseline(100), 4)
    0.1733
    """
    return symbols * math.log(alphabet) / (length + 2 * symbols)


def streams(
    seed: int,
    *,
    length: PositiveInt = 100,
    symbols: PositiveInt = 10,
    alphabet: Annotated[int, Field(ge=1, le=254)] = 8,
    batch_size: PositiveInt = 100,
    examples: PositiveInt = 10_000,
    valid: PositiveInt = 1000,
    test: PositiveInt = 1000,
    evaluation_batch_size: PositiveInt = 500,
    fresh: bool = True,
) -> dict[str, Stream]:
    """The streams `train`, `valid` and `test`.

    `features` are float32 (length + 2 symbols, batch, alphabet + 2), one-hot; `targets` int32 (length + 2 symbols,
    batch), from 0 to `alphabet`, which is the blank.

    Parameters
    ----------
    seed : int
        Of the training examples.
    length : int
        T, steps from the last symbol kept to the cue.
    symbols, alphabet : int
        K, how many are kept; A, out of how many they are drawn.
    batch_size, evaluation_batch_size : int
        Of training; of valid and test.
    examples : int
        In an epoch of training.
    valid, test : int
        Examples of these sets, the same in every run.
    fresh : bool
        Whether each epoch has new training examples, or all the same `examples`.
    """
    for name, value in {"length": length, "symbols": symbols, "alphabet": alphabet}.items():
        if not isinstance(value, int) or value < 1:
            raise UsageError(f"copy_memory: {name} must be an integer of at least 1, got {value!r}")
    if alphabet > 254:  # with blank and cue they are kept as bytes
        raise UsageError(f"copy_memory: alphabet must be at most 254, got {alphabet}")

    def draw(random: np.random.Generator, n: int) -> dict[str, np.ndarray]:
        steps = length + 2 * symbols
        features = np.full((n, steps), alphabet, "uint8")
        targets = np.full((n, steps), alphabet, "int32")
        features[:, :symbols] = targets[:, -symbols:] = random.integers(0, alphabet, (n, symbols))
        features[:, length + symbols - 1] = alphabet + 1
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
        transformers=[TimeMajor("features", "targets"), OneHot(alphabet + 2, "features")],
    )
