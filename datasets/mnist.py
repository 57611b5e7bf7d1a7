"""MNIST: 70,000 handwritten digits of 28 x 28 grey pixels; 60,000 to train and validate, 10,000 to test."""

import functools
import os
from pathlib import Path
from typing import Annotated

from pydantic import Field

from bricks.data import (
    ArrayDataset,
    Cast,
    DataStream,
    Flatten,
    Reshape,
    ScaleAndShift,
    SequentialScheme,
    ShuffledScheme,
    convert_mnist,
    ensure,
    read_mnist,
)
from bricks.errors import UsageError

ORIGINALS = Path(__file__).resolve().parent / "files" / "mnist"
TRAIN_EXAMPLES = 60_000


def streams(
    seed: int,
    *,
    batch_size: Annotated[int, Field(gt=0)] = 100,
    valid: Annotated[int, Field(gt=0, lt=TRAIN_EXAMPLES)] = 10_000,
    evaluation_batch_size: Annotated[int, Field(gt=0)] = 1000,
) -> dict[str, DataStream]:
    """The streams `train` (shuffled), `valid` and `test` (as they come).

    `features` are float32 (784,) in [0, 1], `targets` int32 scalars from 0 to 9.

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
    """
    if not isinstance(valid, int) or not 0 < valid < TRAIN_EXAMPLES:
        raise UsageError(f"mnist: valid must be an integer from 1 to {TRAIN_EXAMPLES - 1}, got {valid!r}")
    path = ensure("mnist.hdf5", functools.partial(convert_mnist, ORIGINALS))
    sets = _in_memory(path, os.stat(path).st_mtime_ns)
    train = sets["train"]
    in_order = SequentialScheme(evaluation_batch_size)
    return {
        "train": _stream(train[:-valid], ShuffledScheme(batch_size, seed)),
        "valid": _stream(train[-valid:], in_order),
        "test": _stream(sets["test"], in_order),
    }


def _stream(dataset: ArrayDataset, scheme: SequentialScheme | ShuffledScheme) -> DataStream:
    return DataStream(dataset, scheme, [ScaleAndShift(1 / 255, 0, "features")])


@functools.cache
def _in_memory(path: Path, modified: int) -> dict[str, ArrayDataset]:
    """Read once a process: 55 MB that all streams share. `modified` makes a new file count as another one."""
    once = Flatten("features"), Reshape((), "targets"), Cast("int32", "targets")
    return {name: dataset.transformed(*once) for name, dataset in read_mnist(path).items()}
