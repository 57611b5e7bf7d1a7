"""Examples of unequal shape, as sequences are: a vector of dtype object with an array for each of them.

Such a vector is what a batch of a source has where `Source.ragged` holds. In files the values of an example lie flat,
its shape beside them (varying.py).
"""

from collections.abc import Iterable, Sequence

import numpy as np

from bricks.errors import DataError


def ragged(examples: Iterable[object]) -> np.ndarray:
    """The vector (examples,) of dtype object of these arrays, also where all of them have one shape.

    >>> from bricks.data import ragged
    >>> ragged([[1, 2, 3], [4]])
    array([array([1, 2, 3]), array([4])], dtype=object)
    >>> ragged([[1, 2], [3, 4]]).shape
    (2,)
    """
    arrays = [np.asarray(example) for example in examples]
    vector = np.empty(len(arrays), object)
    for number, array in enumerate(arrays):
        vector[number] = array
    return vector


def common(examples: Sequence[np.ndarray], who: str) -> tuple[np.dtype, tuple[int | None, ...]]:
    """The dtype of these arrays, and their shape with None along axes where they differ.

    Raises
    ------
    DataError
        There is none; they differ in dtype or in the number of axes, or hold Python objects.
    """
    if len(examples) == 0:
        raise DataError(f"{who}: must have at least one example, got none: nothing says their dtype and shape")
    first = examples[0]
    for number, example in enumerate(examples):
        if not isinstance(example, np.ndarray) or example.dtype.hasobject:
            raise DataError(f"{who}: example {number} must be an array of numbers, got {example!r:.60}")
        if (example.dtype, example.ndim) != (first.dtype, first.ndim):
            raise DataError(
                f"{who}: all examples must have one dtype and number of axes, got {first.dtype} {first.shape} and "
                f"{example.dtype} {example.shape} (example {number})"
            )
    sizes = zip(*(example.shape for example in examples), strict=True)
    return first.dtype, tuple(axis[0] if len(set(axis)) == 1 else None for axis in sizes)
