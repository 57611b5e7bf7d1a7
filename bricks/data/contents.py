"""What is in a data file, told without reading its examples."""

import os
from dataclasses import dataclass

import h5py

from bricks.data.contracts import Source
from bricks.data.hdf5 import describe
from bricks.data.layout import hdf5_errors, read_splits
from bricks.data.seals import compare_seal
from bricks.data.selection import set_rows
from bricks.data.sums import read_sums
from bricks.errors import BricksError


@dataclass(frozen=True)
class StoredSource:
    """A source as it lies in the file.

    Parameters
    ----------
    source : Source
        As a batch of it looks.
    examples : int
        Of all sets.
    stored_bytes : int
        What they take in the file; of varying length without the values, which HDF5 keeps elsewhere.
    chunk : int or None
        Examples in a chunk; None where they lie in one piece.
    compression : str or None
        Of the chunks.
    notes : dict
        The dataset's other attributes, such as `classes`.
    """

    source: Source
    examples: int
    stored_bytes: int
    chunk: int | None
    compression: str | None
    notes: dict


@dataclass(frozen=True)
class FileContents:
    """The sets and sources of a file in Fuel's layout, and what made it.

    Parameters
    ----------
    sets : dict of str to dict of str to int
        Set to source to number of examples.
    sources : dict of str to StoredSource
    made_by : str
        The command that the converter left; "" where it left none.
    has_sums : bool
        Whether check sums are in the file.
    """

    sets: dict[str, dict[str, int]]
    sources: dict[str, StoredSource]
    made_by: str
    has_sums: bool


def file_contents(path: str | os.PathLike) -> FileContents:
    """What is in a file in Fuel's layout.

    Raises
    ------
    DataError
        The file is missing, truncated, no HDF5 or not in Fuel's layout; its table does not fit its sources.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import numpy as np
    >>> from bricks.data import write_hdf5
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "small.hdf5"
    >>> write_hdf5(path, {"train": {"x": np.arange(3)}, "test": {"x": np.arange(2)}})
    >>> contents = file_contents(path)
    >>> contents.sets, contents.sources["x"].source
    ({'train': {'x': 3}, 'test': {'x': 2}}, Source(int64, (), batch))
    """
    who = os.fspath(path)
    with hdf5_errors(path):
        compare_seal(path)
    with hdf5_errors(path), h5py.File(path, "r") as file:
        rows = [row for row in read_splits(file, who) if row.available]
        sums = read_sums(file, read_splits(file, who), who)
        sources = {name: _stored(file, name, who) for name in dict.fromkeys(row.source for row in rows)}
        sets: dict[str, dict[str, int]] = {}
        for row in rows:
            sets.setdefault(row.split, {})[row.source] = len(set_rows(file, row, who))
        made_by = file.attrs.get("fuel_convert_command", "")
    text = made_by.decode(errors="replace") if isinstance(made_by, bytes) else str(made_by)
    return FileContents(sets, sources, text, bool(sums))


def _stored(file: h5py.File, name: str, who: str) -> StoredSource:
    source, dataset = describe(file, name, who), file[name]
    notes = {key: _plain(value) for key, value in dataset.attrs.items() if key not in _DIMENSIONS}
    return StoredSource(
        source,
        len(dataset),
        dataset.id.get_storage_size(),
        dataset.chunks[0] if dataset.chunks else None,
        dataset.compression,
        notes,
    )


def class_names(stream) -> dict[str, list[str]]:
    """What a stream's data file calls the classes of each source that has the attribute `classes`; {} without a file.

    >>> from bricks.data import ArrayDataset, DataStream, SequentialScheme
    >>> class_names(DataStream(ArrayDataset({"x": [1]}), SequentialScheme(1)))
    {}
    """
    dataset = stream
    while not hasattr(dataset, "path") and hasattr(dataset, "dataset"):
        dataset = dataset.dataset
    try:
        sources = file_contents(dataset.path).sources
    except (AttributeError, BricksError):
        return {}  # of most streams there is no such file
    return {name: list(map(str, s.notes["classes"])) for name, s in sources.items() if "classes" in s.notes}


_DIMENSIONS = ("DIMENSION_LABELS", "DIMENSION_LIST", "REFERENCE_LIST")  # HDF5's own, of its dimension scales


def _plain(value: object) -> object:
    """An attribute as JSON can hold it."""
    value = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)
