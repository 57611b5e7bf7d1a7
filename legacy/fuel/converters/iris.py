"""Iris: `iris.data` to `iris.hdf5`."""

import os

from bricks import data


def convert_iris(directory, output_directory, output_filename="iris.hdf5"):
    """Convert the file in a folder; the path of what was made, in a tuple."""
    path = os.path.join(output_directory, output_filename or "iris.hdf5")
    data.convert_iris(directory, path)
    return (path,)


def fill_subparser(subparser):
    """What `fuel-convert iris` takes besides; the converter."""
    return convert_iris
