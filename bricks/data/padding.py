"""Sequences of unequal length as one array with a mask."""

from collections.abc import Mapping

import numpy as np

from bricks.data.contracts import Batch, Source
from bricks.data.names import as_names, chosen
from bricks.data.schemes import whole
from bricks.data.transformers import Names, floating
from bricks.errors import DataError


class Padding:
    """Zeros after the end of each sequence, and a mask that is 1 where the sequence is.

        x[t, n] = t-th element of example n, 0 after its end;  x_mask[t, n] = 1 or 0

    Parameters
    ----------
    sources : str or list of str, optional
        Names of ragged sources, (time, ...) an example; all of these by default.
    time_major : bool
        Whether time comes first, as recurrent nets read it: (time, batch, ...); else (batch, time, ...).
    multiple : int
        Times are rounded up to a multiple of it, 1 at least: each length of a batch is a shape of its own, and a
        compiled step compiles for each. Lengths to 100 by 10 are 10 shapes instead of 100.
    mask : bool
        Whether `<source>_mask` is added.
    dtype : str or dtype
        Of the masks.

    Raises
    ------
    UsageError
        A number is out of range.
    DataError
        There is no ragged source, or a mask's name is taken.

    Notes
    -----
    Axes other than time are padded too where they vary, to the longest of the batch; the mask tells of time alone.

    Examples
    --------
    >>> from bricks.data import ragged
    >>> batch = Padding().apply({"x": ragged([[5, 6, 7], [8]])})
    >>> batch["x"].tolist(), batch["x_mask"].tolist()
    ([[5, 8], [6, 0], [7, 0]], [[1.0, 1.0], [1.0, 0.0], [1.0, 0.0]])
    """

    def __init__(
        self,
        sources: Names = None,
        *,
        time_major: bool = True,
        multiple: int = 1,
        mask: bool = True,
        dtype: str | np.dtype = "float32",
    ):
        self._names, self.time_major, self.mask = as_names(sources), time_major, mask
        self.multiple, self.dtype = whole(multiple, 1, "multiple", "Padding"), floating(dtype, "Padding")

    def sources(self, sources: Mapping[str, Source]) -> dict[str, Source]:
        names = chosen(self._names, sources, "Padding")
        names = [name for name in names if sources[name].ragged or self._names]
        if not names:
            raise DataError(f"Padding: needs a source whose examples differ in length, got {dict(sources)}")
        described = {}
        for name, source in sources.items():
            if name not in names:
                described[name] = source
                continue
            if not source.ragged or not source.shape:
                raise DataError(f"Padding: source {name!r} must be ragged, with a time axis, got {source}")
            time = source.axes[1] or "time"
            first = (time, "batch") if self.time_major else ("batch", time)
            described[name] = Source(source.dtype, (None, *source.shape[1:]), (*first, *source.axes[2:]))
            if self.mask:
                described[f"{name}_mask"] = Source(self.dtype, (None,), first)
        added = len(names) if self.mask else 0
        if len(described) != len(sources) + added:
            raise DataError(f"Padding: the names of masks, as '{names[0]}_mask', must be free, got {list(sources)}")
        return described

    def apply(self, batch: Batch) -> Batch:
        padded = {}
        for name, array in batch.items():
            if not array.dtype.hasobject if self._names is None else name not in self._names:
                padded[name] = array
                continue
            padded[name], lengths = self._padded(array)
            if self.mask:
                time = np.arange(padded[name].shape[0 if self.time_major else 1])
                mask = time[:, None] < lengths if self.time_major else time < lengths[:, None]
                padded[f"{name}_mask"] = mask.astype(self.dtype)
        return padded

    def _padded(self, examples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The array, and how long each example is."""
        shapes = np.array([example.shape for example in examples])
        longest, *others = shapes.max(axis=0).tolist()
        times = max(1, -(-longest // self.multiple)) * self.multiple
        count = len(examples)
        first = (times, count) if self.time_major else (count, times)
        array = np.zeros((*first, *others), examples[0].dtype)
        for number, example in enumerate(examples):
            where = tuple(slice(size) for size in example.shape)
            place = (where[0], number, *where[1:]) if self.time_major else (number, *where)
            array[place] = example
        return array, shapes[:, 0]
