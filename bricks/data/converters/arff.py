"""ARFF files, Weka's tables: read by SciPy, whole, and written as CSV files are."""

import os
import warnings
from collections.abc import Iterator

from bricks.data.converters.tables import Column, Row, target_column, write_table
from bricks.errors import DataError


def convert_arff(
    source: str | os.PathLike,
    output: str | os.PathLike,
    *,
    target: str | None = None,
    which_set: str = "all",
    dtype: str = "float64",
    compression: str | None = None,
) -> None:
    """Convert an ARFF file to one HDF5 file in Fuel's layout.

    Parameters
    ----------
    source : path
        Of the file; its attributes numeric, real, integer or nominal. SciPy reads no others and no sparse lines.
    output : path
        Of the HDF5 file: `features` (n, features) and, if there is a target, `targets` (n, 1); see tables.py. The
        classes of a nominal attribute are in the order in which the file declares them.
    target, which_set, dtype, compression
        As `convert_csv` takes them.

    Raises
    ------
    UsageError, DataError
        The file is missing, damaged or of a kind that SciPy does not read; there is no such attribute; the output
        cannot be written.
    """
    from scipy.io import arff

    who = os.fspath(source)
    try:
        with open(who, encoding="utf-8") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            data, meta = arff.loadarff(file)
    except OSError as error:
        raise DataError(f"{who}: cannot be read: {error.strerror or error}") from error
    except Exception as error:  # SciPy raises what comes: ValueError, IndexError, StopIteration, ParseArffError, ...
        raise DataError(
            f"{who}: damaged, no ARFF file, or one with parts that SciPy does not read ({error})"
        ) from error
    columns = [_column(name, *meta[name]) for name in meta.names()]
    for column in columns:
        column.whole = column.values is None and bool((data[column.name] % 1 == 0).all())
    if not len(data):
        raise DataError(f"{who}: must have at least one example, got none")

    def rows() -> Iterator[tuple[int, Row]]:
        for number, row in enumerate(data.tolist(), start=1):
            yield (
                number,
                [cell.decode() if isinstance(cell, bytes) else "" if cell != cell else repr(cell) for cell in row],
            )

    write_table(
        output,
        columns,
        rows,
        target_column(columns, target, who),
        which_set=which_set,
        dtype=dtype,
        compression=compression,
        command="bricks.data.convert_arff",
        who=who,
    )


def _column(name: str, kind: str, values: tuple[str, ...] | None) -> Column:
    return Column(name, tuple(value.strip() for value in values) if kind == "nominal" else None)
