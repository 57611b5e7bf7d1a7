"""SVHN, cropped digits: MATLAB's files to `svhn_format_2.hdf5`."""

import os

from bricks import data
from fuel._gone import WRITE, gone

convert_svhn_format_1 = gone("fuel.converters.svhn.convert_svhn_format_1", WRITE)


def convert_svhn_format_2(directory, output_directory, output_filename="svhn_format_2.hdf5"):
    """Convert the files in a folder; the path of what was made, in a tuple."""
    path = os.path.join(output_directory, output_filename)
    data.convert_svhn(directory, path)
    return (path,)


def convert_svhn(which_format, directory, output_directory, output_filename=None):
    """Convert the files in a folder; the path of what was made, in a tuple. Format 1, whole pictures, is gone."""
    if which_format == 1:
        raise NotImplementedError(f"convert_svhn: format 1 is gone; instead: {WRITE}")
    if which_format != 2:
        raise ValueError(f"convert_svhn: which_format must be 2, got {which_format!r}")
    return convert_svhn_format_2(directory, output_directory, output_filename or "svhn_format_2.hdf5")


def fill_subparser(subparser):
    """What `fuel-convert svhn` takes besides; the converter."""
    subparser.add_argument(
        "which_format", type=int, choices=(1, 2), help="2: cropped digits; 1, whole pictures, is gone"
    )
    return convert_svhn
