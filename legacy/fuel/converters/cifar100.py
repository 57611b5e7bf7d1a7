"""CIFAR-100: `cifar-100-binary.tar.gz` to `cifar100.hdf5`."""

import os

from bricks import data


def convert_cifar100(directory, output_directory, output_filename="cifar100.hdf5"):
    """Convert the archive, or what was unpacked from it, in a folder; the path of what was made, in a tuple."""
    path = os.path.join(output_directory, output_filename or "cifar100.hdf5")
    data.convert_cifar100(directory, path)
    return (path,)


def fill_subparser(subparser):
    """What `fuel-convert cifar100` takes besides; the converter."""
    return convert_cifar100
