"""CIFAR-10: `cifar-10-binary.tar.gz` to `cifar10.hdf5`."""

import os

from bricks import data


def convert_cifar10(directory, output_directory, output_filename="cifar10.hdf5"):
    """Convert the archive, or what was unpacked from it, in a folder; the path of what was made, in a tuple."""
    path = os.path.join(output_directory, output_filename or "cifar10.hdf5")
    data.convert_cifar10(directory, path)
    return (path,)


def fill_subparser(subparser):
    """What `fuel-convert cifar10` takes besides; the converter."""
    return convert_cifar10
