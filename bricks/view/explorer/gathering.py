"""The first examples of streams, in memory: of data that has no file, since it's made up as it is asked for."""

from collections.abc import Mapping

import numpy as np

from bricks.data import ArrayDataset, Stream, ragged
from bricks.data.contracts import Dataset

MOST_EXAMPLES = 20_000
MOST_BYTES = 1 << 27
"""Of a stream, whichever is less."""


def gathered(
    streams: Mapping[str, Stream], most: int = MOST_EXAMPLES, most_bytes: int = MOST_BYTES
) -> tuple[dict[str, Dataset], list[str]]:
    """The first examples of each stream's first epoch, along the first axis, and what was left out, in words.

    >>> from bricks.data import DataStream, SequentialScheme
    >>> stream = DataStream(ArrayDataset({"x": [1, 2, 3]}), SequentialScheme(2))
    >>> sets, remarks = gathered({"train": stream}, most=2)
    >>> sets["train"].read([0, 1])["x"].tolist(), remarks
    ([1, 2], ["Of 'train' only the first 2 of 3 examples of an epoch were taken."])
    """
    sets: dict[str, Dataset] = {}
    remarks = []
    for name, stream in streams.items():
        sets[name] = _gathered(stream, most, most_bytes)
        if sets[name].num_examples < stream.num_examples:
            remarks.append(
                f"Of {name!r} only the first {sets[name].num_examples:,} of {stream.num_examples:,} examples of an "
                "epoch were taken."
            )
    return sets, remarks


def _gathered(stream: Stream, most: int, most_bytes: int) -> ArrayDataset:
    parts: dict[str, list[np.ndarray]] = {name: [] for name in stream.sources}
    one_by_one = getattr(stream, "produces_examples", False)
    count = total = 0
    for batch in stream.iterator():
        for name, source in stream.sources.items():
            examples = batch[name][None] if one_by_one else np.moveaxis(batch[name], source.batch_axis, 0)
            parts[name].append(examples)
        count += len(parts[name][-1])
        total += sum(array.nbytes for array in batch.values())
        if count >= most or total >= most_bytes:
            break
    axes = {
        name: ("batch", *(label for label in source.axes if label != "batch"))
        for name, source in stream.sources.items()
    }
    arrays = {name: _joined(several)[:most] for name, several in parts.items()}
    return ArrayDataset(arrays, {name: axes[name] for name in arrays if len(axes[name]) == _axes(arrays[name])})


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    if len({part.shape[1:] for part in parts}) == 1 and parts[0].dtype != object:
        return np.concatenate(parts)
    return ragged([example for part in parts for example in part])  # batches may be padded to lengths of their own


def _axes(array: np.ndarray) -> int:
    return 1 + array[0].ndim if array.dtype == object else array.ndim
