"""The folders of this user: where data lies, and, in the first of them, what is kept to save work.

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


def cache_folder(kind: str) -> Path | None:
    """The folder for what can be made again, such as compiled programs; None where it cannot be written to.

    >>> import tempfile
    >>> from unittest.mock import patch
    >>> with patch.dict(os.environ, BRICKS_DATA_PATH=tempfile.mkdtemp()):
    ...     cache_folder("kernels").name
    'kernels'
    """
    try:
        folder = data_folders()[0] / "cache" / kind
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, DataError):
        return None
    return folder if os.access(folder, os.W_OK | os.X_OK) else None


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
