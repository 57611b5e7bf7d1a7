"""Data files in the user's folders (`bricks.folders`): finding them, and the one that is written to."""

import os
from pathlib import Path

from bricks.errors import DataError
from bricks.folders import VARIABLES, data_folders


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
