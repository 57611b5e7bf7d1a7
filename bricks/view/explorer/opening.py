"""What a name or a file means: the sets of an HDF5 file, a table, or the streams of a data set of the lab."""

import gzip
import os
import shutil
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import h5py

from bricks.command_line import shown_path
from bricks.data import H5PYDataset, convert_arff, convert_csv, data_folders, find_data_file
from bricks.data.contracts import Dataset
from bricks.data.hdf5 import describe
from bricks.data.layout import hdf5_errors, read_splits
from bricks.data.seals import compare_seal
from bricks.errors import DataError, UsageError, nearest
from bricks.training.lab import Lab
from bricks.view.explorer.gathering import gathered

HDF5 = (".hdf5", ".h5")
TABLES = (".csv", ".csv.gz", ".arff")


@dataclass
class Opened:
    """Data that can be read, and what is known of it before it is.

    Parameters
    ----------
    title : str
        What it is called.
    about : str
        What it is, and where it lies.
    sets : dict of str to Dataset
        Each with at least one example.
    notes : dict of str to dict
        Of each source what the file says besides: `columns` and `classes`, as lists of texts.
    unreadable : dict of str to str
        From a source that can't be explored to why.
    chunk : int
        Neighbouring examples that are best read together.
    remarks : list of str
        What a reader should know.
    """

    title: str
    about: str
    sets: dict[str, Dataset]
    notes: dict[str, dict] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)
    chunk: int = 1
    remarks: list[str] = field(default_factory=list)


def opened(word: str, stack: ExitStack, *, target: str | None = None, seed: int = 0, lab: Path | None = None) -> Opened:
    """What `word` means: a file, by its suffix; a data file in a data folder; or a data set of the lab.

    Parameters
    ----------
    word : str
    stack : ExitStack
        Closes the files, and removes temporary ones.
    target : str, optional
        The column of the targets, of a table.
    seed : int
        For the streams of a data set of the lab.
    lab : path, optional
        The lab's folder; by default the current one.

    Raises
    ------
    UsageError, DataError
        There is nothing of that name; the file is damaged, or has no examples.
    """
    path = Path(word)
    suffix = ".csv.gz" if word.lower().endswith(".csv.gz") else path.suffix.lower()
    if suffix in (*HDF5, *TABLES):
        if not path.is_file():
            raise DataError(f"{word}: there is no such file; {nearest(path.name, _files_beside(path))}")
        found = _from_table(path, suffix, target, stack) if suffix in TABLES else _from_hdf5(path, stack)
    elif path.is_file():
        raise UsageError(f"{word}: must end in one of {', '.join((*HDF5, *TABLES))}")
    else:
        found = _by_name(word, Lab(lab or Path.cwd()), stack, seed)
    empty = [name for name, dataset in found.sets.items() if dataset.num_examples == 0]
    for name in empty:
        del found.sets[name]
        found.remarks.append(f"Set {name!r} has no examples.")
    if not found.sets:
        raise DataError(f"{word}: must have at least one example, got none")
    return found


def _by_name(name: str, lab: Lab, stack: ExitStack, seed: int) -> Opened:
    known = lab.names("datasets")
    path = find_data_file(f"{name}.hdf5")
    if path is None and name in known:
        try:
            streams = lab.function("datasets", name)(seed)
        except TypeError as error:  # an option without a default
            raise UsageError(f"{name}: {error}; explore a file instead") from error
        path = find_data_file(f"{name}.hdf5")  # which the streams may have made
        if path is None:
            sets, remarks = gathered(streams)
            return Opened(name, f"Streams of datasets/{name}.py, with seed {seed}.", sets, remarks=remarks)
    if path is None:
        folders = data_folders()
        files = {path.stem for folder in folders if folder.is_dir() for path in folder.glob("*.hdf5")}
        raise UsageError(
            f"no file or data set {name!r}: neither in datasets/ here, nor {name}.hdf5 in {folders[0]}; "
            f"{nearest(name, {*known, *files})}"
        )
    found = _from_hdf5(path, stack)
    found.title = name
    return found


def _from_hdf5(path: Path, stack: ExitStack) -> Opened:
    who = os.fspath(path)
    with hdf5_errors(who):
        compare_seal(path)
    notes, unreadable, sets = {}, {}, {}
    with hdf5_errors(who), h5py.File(path, "r") as file:
        rows = [row for row in read_splits(file, who) if row.available]
        chunk = 1
        for name in dict.fromkeys(row.source for row in rows):
            try:
                describe(file, name, who)
            except DataError as error:
                unreadable[name] = str(error).removeprefix(f"{who}: ").partition("; ")[0]
                continue
            notes[name] = {
                key: _texts(file[name].attrs[key]) for key in ("columns", "classes") if _has(file[name], key)
            }
            chunk = max(chunk, file[name].chunks[0] if file[name].chunks and file[name].ndim > 1 else 1)
    for split in dict.fromkeys(row.split for row in rows):
        names = [row.source for row in rows if row.split == split and row.source not in unreadable]
        if names:
            sets[split] = H5PYDataset(path, split, sources=names, load_in_memory=False)
            stack.callback(sets[split].close)
    if unreadable and not sets:
        raise DataError(f"{who}: no source can be read: {'; '.join(unreadable.values())}")
    size = f"{path.stat().st_size:,} bytes"
    return Opened(path.stem, f"{_where(path)}, HDF5 in Fuel's layout, {size}.", sets, notes, unreadable, chunk)


def _from_table(path: Path, suffix: str, target: str | None, stack: ExitStack) -> Opened:
    """A table is read as the converters read it, by way of a temporary file."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bricks-explore-")))
    source, stem = path, path.name[: -len(suffix)] or path.name
    if suffix == ".csv.gz":
        source = folder / "unpacked.csv"
        try:
            with gzip.open(path) as packed, open(source, "wb") as unpacked:
                shutil.copyfileobj(packed, unpacked)
        except (OSError, EOFError) as error:
            raise DataError(f"{shown_path(path)}: cannot be unpacked: {error}") from error
    try:
        convert = convert_arff if suffix == ".arff" else convert_csv
        convert(source, folder / "table.hdf5", target=target, which_set=stem)
    except (DataError, UsageError) as error:
        raise type(error)(str(error).replace(os.fspath(source), shown_path(path))) from None
    found = _from_hdf5(folder / "table.hdf5", stack)
    found.title = stem
    found.about = f"{_where(path)}, {'ARFF' if suffix == '.arff' else 'CSV'}, {path.stat().st_size:,} bytes."
    return found


def _where(path: Path) -> str:
    """A path as a page shows it, for others too: from here, or from one's home."""
    shown, home = shown_path(path), f"{Path.home()}{os.sep}"
    return f"~{os.sep}{shown.removeprefix(home)}" if shown.startswith(home) else shown


def _files_beside(path: Path) -> list[str]:
    if not path.parent.is_dir():
        return []
    return [other.name for other in path.parent.iterdir() if other.name.lower().endswith((*HDF5, *TABLES))]


def _has(dataset: h5py.Dataset, key: str) -> bool:
    return key in dataset.attrs and getattr(dataset.attrs[key], "ndim", 0) == 1


def _texts(values) -> list[str]:
    return [value.decode(errors="replace") if isinstance(value, bytes) else str(value) for value in values]
