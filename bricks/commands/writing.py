"""Arrays into a file a person can open: HDF5, CSV or `.npz`; whole or not at all, and none over another by mistake."""

import contextlib
import csv
import itertools
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np

from bricks.command_line import shown_path
from bricks.commands.reading import HDF5, SUFFIXES
from bricks.errors import BricksError, UsageError
from bricks.files import atomic_path
from bricks.npz import write_npz


def check_writable(path: Path, force: bool, suffixes: tuple[str, ...] = SUFFIXES) -> None:
    """UsageError where a file of this name can't be made, or is there already and is not to be replaced."""
    who = shown_path(path)
    if path.suffix not in suffixes:
        raise UsageError(f"{who}: must end in one of {', '.join(suffixes)}, got {path.name!r}")
    if not path.parent.is_dir():
        raise UsageError(f"{who}: there is no folder {shown_path(path.parent)}")
    if path.is_dir():
        raise UsageError(f"{who}: is a folder")
    if path.exists() and not force:
        raise UsageError(f"{who}: is there already; --force replaces it")


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray], which_set: str) -> None:
    """Write arrays with equally many examples along their first axis.

    Parameters
    ----------
    path : Path
        `.h5` or `.hdf5`: Fuel's layout, so that `H5PYDataset` opens it; `.csv`: a column for each number of an example,
        `probabilities_0`, `probabilities_1`, ...; `.npz`.
    arrays : mapping of str to array
    which_set : str
        What the set is called, in HDF5.
    """
    from bricks.data import write_hdf5

    if path.suffix in HDF5:
        write_hdf5(path, {which_set: arrays}, command="python -m bricks predict")
    elif path.suffix == ".csv":
        write_csv(path, list(_titles(arrays)), _rows(arrays))
    else:
        with whole_file(path) as temporary:
            write_npz(temporary, arrays)


def write_csv(path: Path, header: list[str], rows: Iterable[list]) -> None:
    """Write a CSV file, whole or not at all."""
    with whole_file(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A temporary path that becomes `path`; what the system says against it is an error of ours."""
    try:
        with atomic_path(path) as temporary:
            yield temporary
    except OSError as error:
        raise BricksError(f"{shown_path(path)}: can't be written: {error.strerror or error}") from None


def _titles(arrays: Mapping[str, np.ndarray]) -> Iterator[str]:
    for name, array in arrays.items():
        for place in itertools.product(*map(range, array.shape[1:])):
            yield "_".join([name, *map(str, place)])


def _rows(arrays: Mapping[str, np.ndarray]) -> Iterator[list]:
    flat = [array.reshape(len(array), -1) for array in arrays.values()]
    for rows in zip(*flat, strict=True):
        # NumPy's own words for a number are the shortest that read back to it in its dtype.
        yield [str(value) for row in rows for value in row]
