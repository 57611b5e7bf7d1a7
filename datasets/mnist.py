"""MNIST: 70,000 handwritten digits of 28 x 28 grey pixels; 60,000 to train and validate, 10,000 to test.

As one row of 784, or as a sequence: of 28 rows, of 784 pixels, of 784 pixels in an order that is no more
local (Le, Jaitly and Hinton, "A simple way to initialize recurrent networks of rectified linear units", 2015).
"""

import functools
import os
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from bricks.data import (
    ArrayDataset,
    Cast,
    DataStream,
    Flatten,
    Permute,
    Reshape,
    ScaleAndShift,
    SequentialScheme,
    ShuffledScheme,
    TimeMajor,
    convert_mnist,
    ensure,
    read_mnist,
)
from bricks.errors import UsageError, nearest

ORIGINALS = Path(__file__).resolve().parent / "files" / "mnist"
TRAIN_EXAMPLES = 60_000
PIXELS = 28 * 28

VIEWS = {
    "flat": (),
    "rows": (Reshape((28, 28), "features", axes=("time", "feature")), TimeMajor("features")),
    "pixels": (Reshape((PIXELS, 1), "features", axes=("time", "feature")), TimeMajor("features")),
}
"""What a batch (batch, 784) goes through, while its pixels are still bytes."""


def streams(
    seed: int,
    *,
    batch_size: Annotated[int, Field(gt=0)] = 100,
    valid: Annotated[int, Field(gt=0, lt=TRAIN_EXAMPLES)] = 10_000,
    evaluation_batch_size: Annotated[int, Field(gt=0)] = 1000,
    view: Literal["flat", "rows", "pixels"] = "flat",
    permuted: bool = False,
    permutation_seed: Annotated[int, Field(ge=0)] = 0,
) -> dict[str, DataStream]:
    """The streams `train` (shuffled), `valid` and `test` (as they come).

    `targets` are int32 (batch,) from 0 to 9, `features` float32 in [0, 1]:

    | view | shape of a batch | a step in time is |
    | --- | --- | --- |
    | `flat` | (batch, 784) | |
    | `rows` | (28, batch, 28) | a row of the picture, from the top |
    | `pixels` | (784, batch, 1) | a pixel, row by row from the top left |

    Parameters
    ----------
    seed : int
        The order of training epoch e is a function of (seed, e).
    batch_size : int
        Of training.
    valid : int
        Examples held out of the training set: its last ones, always the same.
    evaluation_batch_size : int
        Of validation and test: larger, since nothing there depends on it but the speed.
    view : str
    permuted : bool
        Whether the 784 pixels of each digit come in another order, `permutation(permutation_seed)`.
    permutation_seed : int
        Of that order, and not `seed`: all runs, and all three sets, have the same one.
    """
    if view not in VIEWS:
        raise UsageError(f"mnist: unknown view {view!r}; {nearest(view, VIEWS)}")
    if not isinstance(valid, int) or not 0 < valid < TRAIN_EXAMPLES:
        raise UsageError(f"mnist: valid must be an integer from 1 to {TRAIN_EXAMPLES - 1}, got {valid!r}")
    path = ensure("mnist.hdf5", functools.partial(convert_mnist, ORIGINALS))
    order = permutation_seed if permuted else None
    sets = _in_memory(path, os.stat(path).st_mtime_ns, order)
    train = sets["train"]
    in_order = SequentialScheme(evaluation_batch_size)
    return {
        "train": _stream(train[:-valid], ShuffledScheme(batch_size, seed), view),
        "valid": _stream(train[-valid:], in_order, view),
        "test": _stream(sets["test"], in_order, view),
    }


def permutation(seed: int) -> np.ndarray:
    """Which pixel of the picture (row * 28 + column) comes when: int64 (784,), the same on every machine.

    The order of the first 784 numbers that PCG64 gives: NumPy promises those for all its versions to come.

    >>> permutation(0)[:5].tolist()
    [269, 11, 403, 600, 196]
    """
    return np.argsort(np.random.PCG64(seed).random_raw(PIXELS), kind="stable")


def _stream(dataset: ArrayDataset, scheme: SequentialScheme | ShuffledScheme, view: str) -> DataStream:
    return DataStream(dataset, scheme, [*VIEWS[view], ScaleAndShift(1 / 255, 0, "features")])


@functools.lru_cache(maxsize=2)  # as read and in one other order
def _in_memory(path: Path, modified: int, order: int | None) -> dict[str, ArrayDataset]:
    """Read once a process: 55 MB that all streams share. `modified` makes a new file count as another one."""
    once = [Flatten("features"), Reshape((), "targets"), Cast("int32", "targets")]
    if order is not None:
        once.append(Permute(permutation(order), "features"))
    return {name: dataset.transformed(*once) for name, dataset in read_mnist(path).items()}
