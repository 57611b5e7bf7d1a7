"""CSV files, and Iris, which is one: a line of cells for each example."""

import csv
import os
from collections.abc import Callable, Iterator, Mapping, Sequence

from bricks.data.converters.originals import original
from bricks.data.converters.tables import Column, Row, examined, number_of, target_column, write_table
from bricks.errors import DataError, UsageError

IRIS_COLUMNS = ("sepal_length", "sepal_width", "petal_length", "petal_width", "class")
IRIS_SHA256 = {"iris.data": "6f608b71a7317216319b4d27b4d9bc84e6abd734eda7872b71a458569e2656c0"}

OTHERS = (";", "\t", "|")
"""Delimiters that a file has where it seems to have one column alone."""


def convert_csv(
    source: str | os.PathLike,
    output: str | os.PathLike,
    *,
    target: str | None = None,
    which_set: str = "all",
    dtype: str = "float64",
    delimiter: str = ",",
    header: bool | None = None,
    compression: str | None = None,
) -> None:
    """Convert a CSV file to one HDF5 file in Fuel's layout, in two passes over it.

    Parameters
    ----------
    source : path
        UTF-8.
    output : path
        Of the HDF5 file: `features` (n, features) and, if there is a target, `targets` (n, 1); see tables.py.
    target : str, optional
        The column of the targets; by default one called class, target or label.
    which_set : str
        What the set is called.
    dtype : str
        Of the features, "float64" or "float32".
    delimiter : str
        Between cells, one character.
    header : bool, optional
        Whether the first line names the columns; else they are called 0, 1, ... By default it does where none of its
        cells is a number.
    compression : str, optional
        As `HDF5Writer` takes it.

    Raises
    ------
    UsageError, DataError
        The file is missing, empty or uneven; there is no such column; the output cannot be written.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from bricks.data import H5PYDataset
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (folder / "a.csv").write_text("size,colour,class\\n1.5,red,yes\\n2,blue,no\\n")
    >>> convert_csv(folder / "a.csv", folder / "a.hdf5")
    >>> H5PYDataset(folder / "a.hdf5", "all").read([0, 1])
    {'features': array([[1.5, 0. , 1. ],
           [2. , 1. , 0. ]]), 'targets': array([[1],
           [0]])}
    """
    who = os.fspath(source)
    if len(delimiter) != 1:
        raise UsageError(f"convert_csv: delimiter must be one character, got {delimiter!r}")
    if delimiter in '\r\n"':
        raise UsageError(f"convert_csv: delimiter must be no quote and no end of a line, got {delimiter!r}")
    first = next(_lines(who, delimiter), None)
    if first is None:
        raise DataError(f"{who}: must have at least one example, got an empty file")
    other = next((mark for mark in OTHERS if mark in first[1][0]), None) if len(first[1]) == 1 else None
    if other is not None:
        raise DataError(f"{who}: has one column alone, {first[1][0]!r:.80}; is {other!r} the delimiter?")
    named = not any(number_of(cell) is not None for cell in first[1]) if header is None else header
    names = [cell.strip() for cell in first[1]] if named else [str(number) for number in range(len(first[1]))]
    hint = "" if named else "; does the first line name the columns? Then say header=True (--header yes)"
    columns, rows = _table(who, names, delimiter, skip=named, hint=hint)
    write_table(
        output,
        columns,
        rows,
        target_column(columns, target, who),
        which_set=which_set,
        dtype=dtype,
        compression=compression,
        command="bricks.data.convert_csv",
        who=who,
    )


def convert_iris(
    source: str | os.PathLike,
    output: str | os.PathLike,
    *,
    checksums: Mapping[str, str] | None = IRIS_SHA256,
    compression: str | None = None,
) -> None:
    """Convert Fisher's irises to one HDF5 file in Fuel's layout.

    Parameters
    ----------
    source : path
        `iris.data`, or the folder that it is in.
    output : path
        Of the HDF5 file, set `all`: `features` float32 (150, 4), sepal length and width, petal length and width in cm;
        `targets` int64 (150, 1): 0 setosa, 1 versicolor, 2 virginica.
    checksums : dict of str to str, or None
        The SHA-256 sum that the file must have; None takes any.
    compression : str, optional
        As `HDF5Writer` takes it.

    Raises
    ------
    DataError
        The file is missing, has another sum or is damaged; the output cannot be written.

    Notes
    -----
    Fisher, "The use of multiple measurements in taxonomic problems", 1936; the file is the UCI repository's, which
    differs from the paper in two flowers, the 35th and the 38th.
    """
    who = os.fspath(original(source, "iris.data", checksums))
    columns, rows = _table(who, IRIS_COLUMNS, ",", skip=False)
    write_table(
        output,
        columns,
        rows,
        target_column(columns, "class", who),
        which_set="all",
        dtype="float32",
        compression=compression,
        command="bricks.data.convert_iris",
        who=who,
    )


def _table(
    who: str, names: Sequence[str], delimiter: str, skip: bool, hint: str = ""
) -> tuple[list[Column], Callable[[], Iterator[tuple[int, Row]]]]:
    def rows() -> Iterator[tuple[int, Row]]:
        lines = _lines(who, delimiter)
        if skip:
            next(lines)
        for line, cells in lines:
            if len(cells) != len(names):
                raise DataError(f"{who}: line {line}: must have {len(names)} cells, one a column, got {len(cells)}")
            yield line, cells

    return examined(names, rows(), who, hint), rows


def _lines(path: str, delimiter: str) -> Iterator[tuple[int, Row]]:
    """The lines that are not empty, with their numbers."""
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, delimiter=delimiter, strict=True)
            for cells in reader:
                if any(map(str.strip, cells)):
                    yield reader.line_num, cells
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise DataError(f"{path}: no CSV file in UTF-8 ({error})") from error
