"""Two habits of NumPy's that Fuel's programs were written for, and that NumPy has given up."""

import numpy

KINDS = {"b": 0, "u": 1, "i": 1, "f": 2, "c": 3}


def stacked(examples) -> numpy.ndarray:
    """The examples as one array; where their shapes differ, as a vector of them.

    >>> stacked([[1, 2], [3]])
    array([list([1, 2]), list([3])], dtype=object)
    """
    try:
        return numpy.asarray(examples)
    except ValueError:  # what NumPy gives now for what differs in shape
        vector = numpy.empty(len(examples), object)
        for number, example in enumerate(examples):
            vector[number] = example
        return vector


def scalar_pair(array: numpy.ndarray, scalar) -> tuple[numpy.ndarray, object]:
    """An array and a number in the dtype in which the two were computed with until NumPy 2: by the number's value.

    >>> float32 = numpy.ones(1, "float32")
    >>> (float32 * numpy.float64(0.5)).dtype, numpy.multiply(*scalar_pair(float32, numpy.float64(0.5))).dtype
    (dtype('float64'), dtype('float32'))
    """
    value = numpy.asarray(scalar)
    if value.ndim or array.dtype.kind not in KINDS or value.dtype.kind not in KINDS:
        return array, scalar
    if KINDS[value.dtype.kind] > KINDS[array.dtype.kind]:
        dtype = numpy.promote_types(array.dtype, value.dtype)
    else:
        least = numpy.min_scalar_type(value[()])
        if least.kind == "u" and array.dtype.kind == "i" and value <= numpy.iinfo(f"i{least.itemsize}").max:
            least = numpy.dtype(f"i{least.itemsize}")
        dtype = numpy.promote_types(array.dtype, least)
    return array.astype(dtype, copy=False), dtype.type(value[()])
