"""ARFF files, Weka's tables: a line for each attribute, then one for each example, with what it has or what is not 0.

    @attribute outlook {sunny, 'very rainy'}
    @attribute temperature real
    @data
    'very rainy', 20.5
    {1 20.5}                    % sparse: what is not named is 0, or the first value

SciPy's reader takes quoted values only where the first example has some, and no sparse lines; so this is our own.
The University of Waikato, "ARFF (stable version)", 2008.
"""

import os
import re
from collections.abc import Iterator, Sequence

from bricks.data.converters.tables import MISSING, Column, Row, number_of, target_column, write_table
from bricks.errors import DataError, nearest

VALUE = r"""(?:'(?P<single>(?:[^'\\]|\\.)*)'|"(?P<double>(?:[^"\\]|\\.)*)"|(?P<plain>[^,'"{}]*?))"""
CELL = re.compile(rf"\s*{VALUE}\s*(?P<end>,|\t|$)")
PAIR = re.compile(rf"\s*(?P<place>\d+)\s+{VALUE}\s*(?P<end>,|\t|$)")
SPECIAL = re.compile(r"""['"{}\t]""")
NAME = re.compile(rf"{VALUE}(?=\s)")

ESCAPED = {"n": "\n", "r": "\r", "t": "\t"}


def convert_arff(
    source: str | os.PathLike,
    output: str | os.PathLike,
    *,
    target: str | None = None,
    which_set: str = "all",
    dtype: str = "float64",
    compression: str | None = None,
) -> None:
    """Convert an ARFF file to one HDF5 file in Fuel's layout, in two passes over it.

    Parameters
    ----------
    source : path
        UTF-8; its attributes numeric, real, integer or nominal. Lines may be sparse; weights are not read.
    output : path
        Of the HDF5 file: `features` (n, features) and, if there is a target, `targets` (n, 1); see tables.py. The
        classes of a nominal attribute are in the order in which the file declares them.
    target, which_set, dtype, compression
        As `convert_csv` takes them.

    Raises
    ------
    UsageError, DataError
        The file is missing, damaged or has attributes of other types; there is no such attribute; the output cannot be
        written.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from bricks.data import H5PYDataset
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> text = "@relation a\\n@attribute size real\\n@attribute class {no, 'I say'}\\n@data\\n1.5,'I say'\\n?,no\\n"
    >>> _ = (folder / "a.arff").write_text(text)
    >>> convert_arff(folder / "a.arff", folder / "a.hdf5")
    >>> H5PYDataset(folder / "a.hdf5", "all").read([0, 1])
    {'features': array([[1.5],
           [nan]]), 'targets': array([[1],
           [0]])}
    """
    who = os.fspath(source)
    columns = _columns(who)
    _check(who, columns)
    write_table(
        output,
        columns,
        lambda: _rows(who, columns),
        target_column(columns, target, who),
        which_set=which_set,
        dtype=dtype,
        compression=compression,
        command="bricks.data.convert_arff",
        who=who,
    )


def _columns(who: str) -> list[Column]:
    """The attributes that the file declares."""
    columns = []
    for number, line in _lines(who):
        keyword, *rest = line.split(None, 1)
        if keyword.lower() == "@data" and columns:
            return columns
        if keyword.lower() == "@attribute":
            columns.append(_attribute("".join(rest), f"{who}: line {number}"))
        elif keyword.lower() != "@relation":
            wanted = "@relation, @attribute or @data" if columns else "@relation or @attribute"
            raise DataError(f"{who}: line {number}: must be {wanted}, got {line!r:.60}; is it an ARFF file?")
    raise DataError(f"{who}: must have a line @data, got none; is it a whole ARFF file?")


def _attribute(text: str, who: str) -> Column:
    found = NAME.match(text)
    if not found:
        raise DataError(f"{who}: must be @attribute NAME TYPE, got {text!r:.60}")
    name, kind = _value(found), text[found.end() :].strip()
    if kind.startswith("{") and kind.endswith("}"):
        return Column(name, tuple(dict.fromkeys(_cells(kind[1:-1], who))))
    if not re.match(r"(numeric|real|integer)\b", kind, re.IGNORECASE):
        raise DataError(
            f"{who}: attribute {name!r} must be numeric, real, integer or {{A, B, ...}}, got {kind!r:.60}; leave it out"
        )
    return Column(name)


def _check(who: str, columns: Sequence[Column]) -> None:
    """Raise a DataError unless the examples have what the attributes say; find out which hold whole numbers alone."""
    known = [None if column.values is None else {*column.values, *MISSING} for column in columns]
    for column in columns:
        column.whole = column.values is None
    empty = True
    for number, row in _rows(who, columns):
        empty, at = False, f"{who}: line {number}"
        if len(row) != len(columns):
            raise DataError(f"{at}: must have {len(columns)} values, one an attribute, got {len(row)}")
        for column, values, cell in zip(columns, known, row, strict=True):
            if values is not None:
                if cell not in values:
                    values = column.values
                    raise DataError(
                        f"{at}: attribute {column.name!r} has no value {cell!r:.60}; {nearest(cell, values)}"
                    )
            elif cell not in MISSING:
                value = number_of(cell)
                if value is None:
                    raise DataError(f"{at}: attribute {column.name!r} must be a number, got {cell!r:.60}")
                column.whole = column.whole and value.is_integer() and abs(value) < 2**53
    if empty:
        raise DataError(f"{who}: must have at least one example, got none")


def _rows(who: str, columns: Sequence[Column]) -> Iterator[tuple[int, Row]]:
    """The examples, with their lines."""
    lines = _lines(who)
    while next(lines)[1].lower() != "@data":
        pass
    for number, line in lines:
        at = f"{who}: line {number}"
        yield number, _sparse(line, columns, at) if line.startswith("{") else _cells(line, at)


def _sparse(line: str, columns: Sequence[Column], who: str) -> list[str]:
    """What a sparse line has; the others are 0, or of the first value."""
    row = ["0" if column.values is None else column.values[0] for column in columns]
    if not line.endswith("}"):
        raise DataError(f"{who}: a sparse line must end in '}}', got {line!r:.60}")
    for found in _matches(PAIR, line[1:-1], who) if line[1:-1].strip() else ():
        place = int(found["place"])
        if place >= len(row):
            raise DataError(f"{who}: attributes are numbered from 0 to {len(row) - 1}, got {place}")
        row[place] = _value(found)
    return row


def _cells(text: str, who: str) -> list[str]:
    if not SPECIAL.search(text):  # most lines are plain, and this is fast
        return list(map(str.strip, text.split(",")))
    return [_value(found) for found in _matches(CELL, text, who)]


def _matches(pattern: re.Pattern, text: str, who: str) -> Iterator[re.Match]:
    """One after the other, to the end of the text."""
    place, end = 0, ","
    while end:
        found = pattern.match(text, place)
        if not found:
            raise DataError(f"{who}: must be values with commas between them, words or in quotes, got {text!r:.60}")
        yield found
        place, end = found.end(), found["end"]


def _value(found: re.Match) -> str:
    if found["plain"] is not None:
        return found["plain"]
    quoted = found["double"] if found["single"] is None else found["single"]
    return re.sub(r"\\(.)", lambda match: ESCAPED.get(match[1], match[1]), quoted).strip()


def _lines(who: str) -> Iterator[tuple[int, str]]:
    """The lines that are neither empty nor comments, without blanks around them, with their numbers."""
    try:
        with open(who, encoding="utf-8-sig") as file:
            for number, line in enumerate(file, start=1):
                line = line.strip()
                if line and not line.startswith("%"):
                    yield number, line
    except OSError as error:
        raise DataError(f"{who}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{who}: no ARFF file in UTF-8 ({error})") from error
