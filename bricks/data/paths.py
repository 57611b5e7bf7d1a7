"""Where data files lie: the folders that are searched, and the one that is written to.

`BRICKS_DATA_PATH`, else Fuel's `FUEL_DATA_PATH`, names them (a list, separated as in PATH, searched in
order; the first one is written to). Where neither is set there is one folder per user.
"""

import os
import sys
from pathlib import Path

from bricks.errors import DataError

VARIABLES = ("BRICKS_DATA_PATH", "FUEL_DATA_PATH")


def data_folders() -> tuple[Path, ...]:
    """The folders searched for data files, first to last, whether they exist or not.

    >>> from unittest.mock import patch
    >>> with patch.dict(os.environ, BRICKS_DATA_PATH=os.pathsep.join(["/data/mine", "/data/shared"])):
    ...     [folder.name for folder in data_folders()]
    ['mine', 'shared']
    """
    for variable in VARIABLES:
        entries = [entry for entry in os.environ.get(variable, "").split(os.pathsep) if entry]
        if entries:
            return tuple(Path(os.path.expanduser(entry)).absolute() for entry in entries)
    return (_user_folder(),)


def find_data_file(filename: str) -> Path | None:
    """The first file of this name in the data folders, or None."""
    for folder in data_folders():
        if os.path.exists(folder / filename):
            return folder / filename
    return None


def writable_folder() -> Path:
    """The first data folder, made where it is missing.

    Raises
    ------
    DataError
        The folder cannot be made or written to.
    """
    folder = data_folders()[0]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(folder, error.strerror or str(error)) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise unwritable(folder, "no permission")
    return folder


def unwritable(path: Path, reason: str) -> DataError:
    """The error for a data folder, or a file in it, that cannot be written."""
    named_by = next((variable for variable in VARIABLES if os.environ.get(variable)), None)
    origin = f"named by {named_by}" if named_by else "the default for this user"
    return DataError(
        f"{path}: the data folder ({origin}) must be writable, got: {reason}; "
        f"name another folder with the environment variable {VARIABLES[0]}"
    )


def _user_folder() -> Path:
    try:
        if sys.platform == "win32":
            base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
        elif sys.platform == "darwin":
            base = Path.home() / "Library" / "Application Support"
        else:
            base = Path(os.environ.get("XDG_DATA_HOME", ""))
            if not base.is_absolute():  # the XDG specification: a relative one is to be ignored
                base = Path.home() / ".local" / "share"
    except RuntimeError as error:
        raise DataError(
            f"no data folder: this user has no home folder ({error}); name a folder with {VARIABLES[0]}"
        ) from error
    return base / "bricks"
