"""MNIST: the four original files to `mnist.hdf5`."""

import os
import tempfile

import numpy

from bricks import data
from bricks.data.converters.mnist import AXES, FILES

DTYPES = ("float32", "float64", "bool")


def convert_mnist(directory, output_directory, output_filename=None, dtype=None):
    """Convert the files in a folder; the path of what was made, in a tuple.

    Parameters
    ----------
    directory, output_directory : path
    output_filename : str, optional
        `mnist.hdf5` by default, or `mnist_<dtype>.hdf5`.
    dtype : str, optional
        "float32" or "float64": pixels from 0 to 1; "bool": whether they are at least 128. By default they are bytes.
    """
    if dtype is not None and dtype not in DTYPES:
        raise ValueError(f"convert_mnist: dtype must be one of {', '.join(DTYPES)}, got {dtype!r}")
    path = os.path.join(output_directory, output_filename or (f"mnist_{dtype}.hdf5" if dtype else "mnist.hdf5"))
    if dtype is None:
        data.convert_mnist(directory, path)
        return (path,)
    with tempfile.TemporaryDirectory() as folder:
        plain = os.path.join(folder, "mnist.hdf5")
        data.convert_mnist(directory, plain)
        sets = {name: dict(data.H5PYDataset(plain, name).arrays) for name in FILES}
    for arrays in sets.values():
        arrays["features"] = _pixels(arrays["features"], dtype)
    data.write_hdf5(path, sets, axes=AXES, command=f"fuel-convert mnist --dtype {dtype}")
    return (path,)


def read_mnist_images(filename, dtype=None):
    """The pictures of one original file, (n, 1, 28, 28); `dtype` as `convert_mnist` takes it."""
    return _pixels(data.read_idx(filename)[:, None], dtype)


def read_mnist_labels(filename):
    """The digits of one original file, uint8 (n, 1)."""
    return data.read_idx(filename)[:, None]


def _pixels(pixels, dtype):
    if dtype is None:
        return pixels
    if numpy.dtype(dtype) == bool:
        return pixels >= 128
    return pixels.astype(dtype) / numpy.dtype(dtype).type(255)


def fill_subparser(subparser):
    """What `fuel-convert mnist` takes besides; the converter."""
    subparser.add_argument("--dtype", choices=DTYPES, help="of the pixels; bytes by default")
    return convert_mnist
