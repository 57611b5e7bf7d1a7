"""The original files that converters read: found in a folder or an archive, known by their sums."""

import contextlib
import os
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from bricks.data.checksums import verify_file
from bricks.data.layout import reason
from bricks.errors import DataError


def original(source: str | os.PathLike, name: str, sums: Mapping[str, str] | None) -> Path:
    """The file `name`: `source` itself, or in that folder; its SHA-256 compared unless `sums` is None."""
    path = Path(source)
    path = path / name if path.is_dir() else path
    if sums is not None:
        verify_file(path, sums[name])
    return path


@contextlib.contextmanager
def members(source: str | os.PathLike, archive: str, sums: Mapping[str, str] | None) -> Iterator:
    """A function that opens a file of an archive by its last name.

    `source` is the archive, the folder that it is in, or the folder that it was unpacked to; in the last case there
    is no sum to compare.

    Raises
    ------
    DataError
        A file is missing, the archive is damaged or has another sum.
    """
    folder = Path(source)
    if folder.is_dir() and not (folder / archive).exists():
        yield lambda name: _open(_below(folder, name))
        return
    path = original(source, archive, sums)
    try:
        with tarfile.open(path) as tar:
            found = {Path(member.name).name: member for member in tar if member.isfile()}

            def opened(name: str) -> BinaryIO:
                if name not in found:
                    raise DataError(f"{path}: must contain {name}, got {', '.join(sorted(found)) or 'nothing'}")
                return tar.extractfile(found[name])

            yield opened
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise DataError(f"{path}: damaged or no archive ({reason(error)})") from error


def _below(folder: Path, name: str) -> Path:
    """The file of this name in the folder or in one within it."""
    found = next((path for path in (folder / name, *sorted(folder.glob(f"*/{name}"))) if path.is_file()), None)
    if found is None:
        raise DataError(f"{folder}: must contain {name}; is it the folder that the archive was unpacked to?")
    return found


def _open(path: Path) -> BinaryIO:
    try:
        return open(path, "rb")
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
