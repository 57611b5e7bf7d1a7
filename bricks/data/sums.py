"""Check sums in the files that we write: the root attribute `bricks_crc32`, which other programs leave alone.

HDF5 tells damage only where its own structure breaks: a bit that flips among the values, or in a size, is read as it
stands. So there is a CRC-32 of the table of sets with dtype, shape and axis labels of each source, compared whenever
the file is opened, and one of each set of each source, compared when the set is loaded into memory whole. A file
without the attribute, such as Fuel's own, is taken as it is.
"""

import json
import zlib
from collections.abc import Mapping, Sequence

import h5py

from bricks.data.layout import SplitRow, dimension_labels
from bricks.errors import DataError

ATTRIBUTE = "bricks_crc32"


def write_sums(file: h5py.File, rows: Sequence[SplitRow], sums: Mapping[str, Mapping[str, int]]) -> None:
    """Keep the sums of a file that is otherwise complete: source to set to sum."""
    found = {"layout": _layout(file, rows), "values": sums}
    file.attrs[ATTRIBUTE] = json.dumps(found, sort_keys=True).encode()


def read_sums(file: h5py.File, rows: Sequence[SplitRow], who: str) -> dict[str, dict[str, int]]:
    """The sums of the values, source to set to sum; nothing where the file has none.

    Raises
    ------
    DataError
        The file's layout is not the one that was written.
    """
    if ATTRIBUTE not in file.attrs:
        return {}
    try:
        found = json.loads(file.attrs[ATTRIBUTE])
        layout, values = found["layout"], {name: dict(sets) for name, sets in found["values"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{who}: the check sums in the file can't be read; {REMEDY}") from error
    if layout != _layout(file, rows):
        raise DataError(f"{who}: the sets and sources in the file are not those that were written (CRC-32); {REMEDY}")
    return values


REMEDY = f"restore the damaged file or make it anew (changed on purpose? delete its root attribute {ATTRIBUTE!r})"


def _layout(file: h5py.File, rows: Sequence[SplitRow]) -> int:
    table = [[row.split, row.source, int(row.start), int(row.stop), bool(row.indices), row.available] for row in rows]
    sources = {}
    for name in sorted({row.source for row in rows}):
        dataset = file.get(name)
        if isinstance(dataset, h5py.Dataset):
            base = h5py.check_vlen_dtype(dataset.dtype) or dataset.dtype
            scales = [list(dimension.keys()) for dimension in dataset.dims]
            sources[name] = [str(base), list(dataset.shape), dimension_labels(dataset), scales]
    return zlib.crc32(json.dumps([table, sources]).encode())
