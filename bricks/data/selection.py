"""Which rows of an HDF5 dataset belong to a selection, and reading them.

Rows are a `range` of step 1, where they are one stretch of the file, or an int64 vector in the order asked
for.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import h5py
import numpy as np

from bricks.data.arrays import example_numbers, native
from bricks.data.contiguous import read_contiguous, stretches
from bricks.data.layout import SplitRow
from bricks.errors import DataError, UsageError

Rows = range | np.ndarray


def set_rows(file: h5py.File, row: SplitRow, who: str) -> Rows:
    """The rows of `row.source` that are in `row.split`."""
    length = len(file[row.source])
    who = f"{who}: set {row.split!r}, source {row.source!r}"
    if row.indices is not None:
        indices = file[row.indices]
        if not isinstance(indices, h5py.Dataset):
            raise DataError(f"{who}: 'indices' must refer to a dataset, got {indices}")
        numbers = indices[...]
        if len(numbers) and numbers.min() < 0:
            raise DataError(f"{who}: 'indices' must refer to numbers from 0, got {numbers.min()}; is the file whole?")
        return example_numbers(numbers, length, who)
    if not 0 <= row.start <= row.stop <= length:
        raise DataError(
            f"{who}: examples {row.start} to {row.stop} must lie in the dataset, which has {length}; is the file whole?"
        )
    return range(int(row.start), int(row.stop))


def union(parts: Mapping[str, Sequence[Rows]]) -> dict[str, Rows]:
    """The rows of several sets, one set after the other; an example of two sets comes once, where first.

    Parameters
    ----------
    parts : dict of str to list of rows
        For each source the rows of the sets; the n-th rows of all sources together are one example.
    """
    if all(_adjoin(several) for several in parts.values()):
        return {name: range(several[0].start, several[-1].stop) for name, several in parts.items()}
    if all(len(several) == 1 for several in parts.values()):
        return {name: several[0] for name, several in parts.items()}  # may repeat an example on purpose
    joined = {name: np.concatenate([np.asarray(rows, np.int64) for rows in several]) for name, several in parts.items()}
    first = np.unique(np.stack(list(joined.values())), axis=1, return_index=True)[1]
    return {name: rows[np.sort(first)] for name, rows in joined.items()}


def _adjoin(several: Sequence[Rows]) -> bool:
    return all(isinstance(rows, range) for rows in several) and all(
        before.stop == after.start for before, after in pairwise(several)
    )


def subset_rows(rows: Rows, subset: slice | Sequence[int], who: str) -> Rows:
    """The rows of a slice or a list (kept in its order) of the numbers from 0 to len(rows) - 1."""
    if not isinstance(subset, slice):
        numbers = example_numbers(subset, len(rows), f"{who}: subset")
        return pick(rows, numbers)
    bounds = [bound for bound in (subset.start, subset.stop) if bound is not None]
    step = 1 if subset.step is None else subset.step
    if step == 0 or any(not isinstance(bound, int | np.integer) for bound in (*bounds, step)):
        raise UsageError(f"{who}: subset must be a slice of integers or a list of integers, got {subset}")
    if any(not -len(rows) <= bound <= len(rows) for bound in bounds):
        raise DataError(f"{who}: subset {subset} must lie within the {len(rows)} examples of the chosen sets")
    part = rows[subset]
    return part if isinstance(part, np.ndarray) or part.step == 1 else np.asarray(part, np.int64)


def pick(rows: Rows, numbers: np.ndarray) -> np.ndarray:
    """The rows of these numbers, which count the rows from 0."""
    return numbers + rows.start if isinstance(rows, range) else rows[numbers]


def read_rows(dataset: h5py.Dataset, rows: Rows, row_bytes: int | None = None) -> np.ndarray:
    """These rows, in this order, as a fresh array.

    HDF5 reads stretches of rows in ascending order: so the rows are sorted, read in few stretches and put
    back in the order asked for; a chunk is read once. A dataset that is not in chunks is read without HDF5.
    `row_bytes` is about what a row takes in the file, where its dtype does not say.
    """
    if isinstance(rows, np.ndarray) and len(rows) and (np.diff(rows) == 1).all():
        rows = range(int(rows[0]), int(rows[-1]) + 1)
    read = read_contiguous(dataset, rows)
    if read is not None:
        return native(read)
    if isinstance(rows, range):
        return native(dataset[rows.start : rows.stop])
    out = np.empty((len(rows), *dataset.shape[1:]), dataset.dtype.newbyteorder("="))
    order = np.argsort(rows, kind="stable")
    ascending = rows[order]
    chunk = dataset.chunks[0] if dataset.chunks else 1
    for begin, end in stretches(ascending, row_bytes or max(1, out[:1].nbytes), chunk):
        low, high = int(ascending[begin]), int(ascending[end - 1]) + 1
        out[order[begin:end]] = dataset[low:high][ascending[begin:end] - low]
    return out
