"""Writing HDF5 files in Fuel's layout (layout.py): whole, or not at all."""

import os
from collections.abc import Mapping, Sequence

import h5py
import numpy as np

from bricks.data.layout import SplitRow, reason, split_table
from bricks.data.names import axis_labels
from bricks.errors import DataError, UsageError
from bricks.files import atomic_path

INTERFACE_VERSION = "0.3"  # of the layout; Fuel's H5PYDataset.interface_version
CONVERT_VERSION = "0.2"  # of Fuel's converters, whose layout this is

Sets = Mapping[str, Mapping[str, np.ndarray]]


def write_hdf5(
    path: str | os.PathLike,
    sets: Sets,
    *,
    axes: Mapping[str, Sequence[str]] | None = None,
    command: str = "bricks.data.write_hdf5",
) -> None:
    """Write named sets of arrays as one file in Fuel's layout; it is there whole or not at all.

    Parameters
    ----------
    path : path
        Of the file; one that is there is replaced.
    sets : dict of str to dict of str to np.ndarray
        Set name to source name to array, as `{"train": {"features": ..., "targets": ...}, "test": ...}`.
        A set may lack a source. Arrays of one source have one dtype and example shape.
    axes : dict of str to tuple of str, optional
        Labels of all axes of a source, "batch" first.
    command : str
        Kept in the file as what made it (`fuel_convert_command`).

    Raises
    ------
    UsageError, DataError
        There is nothing to write; the arrays do not fit together; the file cannot be written.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "small.hdf5"
    >>> write_hdf5(path, {"train": {"x": np.arange(3)}, "test": {"x": np.arange(2)}})
    >>> from bricks.data import H5PYDataset
    >>> H5PYDataset(path, "test").read([1])
    {'x': array([1])}
    """
    sources = _examined(sets)
    rows = []
    try:
        with atomic_path(path) as temporary, h5py.File(temporary, "w") as file:
            for source in sources:
                labels = (axes or {}).get(source)
                rows += _write_source(file, source, sets, labels)
            # Fuel's order: all sources of the first set, then all of the second.
            rows.sort(key=lambda row: list(sets).index(row.split))
            file.attrs["split"] = split_table(rows)
            file.attrs["h5py_interface_version"] = INTERFACE_VERSION.encode()
            file.attrs["fuel_convert_version"] = CONVERT_VERSION.encode()
            file.attrs["fuel_convert_command"] = command.encode()
    except (OSError, RuntimeError) as error:  # h5py raises the second where closing the file fails
        raise DataError(
            f"{path}: cannot be written: {reason(error)}; make room or take another folder "
            "(BRICKS_DATA_PATH names the one for data)"
        ) from error


def _write_source(file: h5py.File, source: str, sets: Sets, labels: Sequence[str] | None) -> list[SplitRow]:
    parts = {name: arrays[source] for name, arrays in sets.items() if source in arrays}
    first = next(iter(parts.values()))
    total = sum(map(len, parts.values()))
    dataset = file.create_dataset(source, (total, *first.shape[1:]), first.dtype)
    for axis, label in enumerate(axis_labels(labels, first.ndim, f"write_hdf5: source {source!r}")):
        dataset.dims[axis].label = label
    rows, start = [], 0
    for name in sets:
        if name not in parts:
            rows.append(SplitRow(name, source, available=False))
            continue
        stop = start + len(parts[name])
        dataset[start:stop] = parts[name]
        rows.append(SplitRow(name, source, start, stop))
        start = stop
    return rows


def _examined(sets: Sets) -> list[str]:
    """The names of all sources, sorted; raises where the arrays do not fit together."""
    sources = sorted({source for arrays in sets.values() for source in arrays})
    if not sources:
        raise UsageError("write_hdf5: needs at least one set with one source, got none")
    for name, arrays in sets.items():
        lengths = {source: len(array) for source, array in arrays.items()}
        if len(set(lengths.values())) > 1:
            raise DataError(f"write_hdf5: sources of set {name!r} must be equally long, got {lengths}")
    for source in sources:
        kinds = {name: (a[source].dtype, a[source].shape[1:]) for name, a in sets.items() if source in a}
        if len(set(kinds.values())) > 1:
            raise DataError(f"write_hdf5: source {source!r} must be alike in all sets, got {kinds}")
        dtype = next(iter(kinds.values()))[0]
        if dtype.kind not in "biufcS":
            raise DataError(f"write_hdf5: source {source!r} must hold numbers or bytes, got dtype {dtype}")
    return sources
