"""Converted files are made at first use, in the data folder, and found there from then on."""

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import h5py

from bricks.data.layout import hdf5_errors, read_splits
from bricks.data.paths import VARIABLES, find_data_file, unwritable, writable_folder
from bricks.data.seals import compare_seal
from bricks.errors import DataError

_one_at_a_time = threading.Lock()  # the temporary name of a file is one per process


def ensure(filename: str, convert: Callable[[Path], None]) -> Path:
    """The path of a converted data file; where no data folder has it, `convert` makes it in the first one.

    A file that is there is never written over. Several processes may start at once: each finds a whole
    file, and those that found none write equal ones.

    Parameters
    ----------
    filename : str
        As "mnist.hdf5".
    convert : callable
        Takes the path to write. The file must appear there whole or not at all, as `write_hdf5` does it.

    Returns
    -------
    Path
        Of a file that is HDF5 in Fuel's layout.

    Raises
    ------
    DataError
        The file that is there is damaged or foreign; the data folder cannot be written.
    """
    with _one_at_a_time:
        found = find_data_file(filename)
        if found is None:
            return _make(writable_folder() / filename, convert)
    try:
        with hdf5_errors(found):
            compare_seal(found)
        with hdf5_errors(found), h5py.File(found, "r") as file:
            read_splits(file, os.fspath(found))
    except DataError as error:
        raise unusable(found, error) from error
    return found


def unusable(path: str | os.PathLike, reason: object) -> DataError:
    """The error for a converted file that is not what it must be; it may be the user's own, so it stays."""
    return DataError(
        f"{path}: this converted data file cannot be used; delete it, it is then made anew at the next start "
        f"(or name another data folder with {VARIABLES[0]}). What is wrong: {reason}"
    )


def _make(path: Path, convert: Callable[[Path], None]) -> Path:
    print(f"bricks: converting to {path} (at first use only) ...", file=sys.stderr, flush=True)
    try:
        convert(path)
    except OSError as error:
        raise unwritable(path, error.strerror or str(error)) from error
    return path
