"""Sources of varying length in Fuel's layout: each example flat, its shape in a dimension scale beside it.

The dataset is a vector of HDF5's variable-length type. Two scales of its axis, `shapes` (examples, axes) and
`shape_labels` (axes,), say how an example is to be reshaped. Without them an example is a vector.
"""

import functools
import io

import h5py
import numpy as np

from bricks.data.arrays import native
from bricks.data.contracts import Source
from bricks.data.names import axis_labels
from bricks.data.selection import Rows, read_rows
from bricks.errors import DataError

SHAPES, SHAPE_LABELS = "shapes", "shape_labels"


def is_varying(dataset: h5py.Dataset) -> bool:
    """Whether the examples are flat vectors of numbers of unequal length."""
    base = h5py.check_vlen_dtype(dataset.dtype)
    return isinstance(base, np.dtype) and not base.hasobject


def attach_shapes(file: h5py.File, dataset: h5py.Dataset, labels: tuple[str, ...]) -> h5py.Dataset:
    """Make the scales of a new dataset of varying length; that of the shapes, still empty."""
    name = dataset.name.removeprefix("/")
    shapes = file.create_dataset(
        f"{name}_shapes", (0, len(labels)), np.int32, maxshape=(None, len(labels)), chunks=(4096, max(1, len(labels)))
    )
    words = file.create_dataset(f"{name}_shape_labels", data=np.array([label.encode() for label in labels], "S"))
    for scale, called in ((shapes, SHAPES), (words, SHAPE_LABELS)):
        scale.make_scale(called)
        dataset.dims[0].attach_scale(scale)
    return shapes


def describe_varying(dataset: h5py.Dataset, who: str) -> Source:
    """What a batch of it looks like.

    Raises
    ------
    DataError
        The shapes do not fit the dataset.
    """
    dtype = h5py.check_vlen_dtype(dataset.dtype).newbyteorder("=")
    if dataset.ndim != 1:
        raise DataError(f"{who}: of varying length must be a vector of examples, got shape {dataset.shape}")
    shapes = _shapes(dataset)
    if shapes is None:
        return Source(dtype, (None,), axis_labels(None, 2, who), ragged=True)
    if shapes.ndim != 2 or shapes.dtype.kind not in "iu" or len(shapes) != len(dataset):
        raise DataError(
            f"{who}: 'shapes' must be integers ({len(dataset)}, axes), got {shapes.dtype} {shapes.shape}; "
            "is the file whole?"
        )
    sizes = shapes[...]
    if sizes.size and sizes.min() < 0:
        raise DataError(f"{who}: 'shapes' must be numbers from 0, got {sizes.min()}; is the file whole?")
    same = [len(sizes) > 0 and (column == column[0]).all() for column in sizes.T]
    shape = tuple(int(column[0]) if alike else None for column, alike in zip(sizes.T, same, strict=True))
    return Source(dtype, shape, axis_labels(("batch", *_labels(dataset, len(shape))), 1 + len(shape), who), ragged=True)


def read_varying(dataset: h5py.Dataset, rows: Rows, who: str) -> np.ndarray:
    """These examples, in this order: a vector of dtype object with a fresh array for each.

    Raises
    ------
    DataError
        An example has not as many values as its shape says.
    """
    shapes = _shapes(dataset)
    sizes = None if shapes is None else read_rows(shapes, rows)
    dtype = h5py.check_vlen_dtype(dataset.dtype)
    typical = 1 << 10 if sizes is None or not len(sizes) else int(np.prod(sizes.mean(axis=0)))
    flat = read_rows(dataset, rows, row_bytes=max(1, typical * dtype.itemsize))
    foreign = not dtype.isnative and _mislabelled()
    examples = np.empty(len(flat), object)
    for number, values in enumerate(flat):
        values = np.asarray(values)
        if foreign and values.dtype == dtype.newbyteorder("="):
            values = values.view(dtype)
        if sizes is None:
            examples[number] = native(values)
            continue
        shape = tuple(map(int, sizes[number]))
        if np.prod(shape, dtype=object) != values.size:
            raise DataError(f"{who}: an example of shape {shape} has {values.size} values; the file is damaged")
        examples[number] = native(values).reshape(shape)
    return examples


@functools.cache
def _mislabelled() -> bool:
    """Whether h5py takes values of varying length in the file's byte order for values in the machine's (3.16 does)."""
    dtype = np.dtype("i2").newbyteorder()
    with h5py.File(io.BytesIO(), "w") as file:
        dataset = file.create_dataset("x", (1,), h5py.vlen_dtype(dtype))
        dataset[0] = np.array([1], dtype)
        return dataset[0].tolist() != [1]


def _shapes(dataset: h5py.Dataset) -> h5py.Dataset | None:
    return dataset.dims[0][SHAPES] if SHAPES in dataset.dims[0] else None


def _labels(dataset: h5py.Dataset, count: int) -> list[str]:
    if SHAPE_LABELS not in dataset.dims[0]:
        return [""] * count
    words = dataset.dims[0][SHAPE_LABELS][...].reshape(-1)
    return [word.decode() if isinstance(word, bytes) else str(word) for word in words]
