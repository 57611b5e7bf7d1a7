"""`.npz` files of plain arrays by name. A name may have slashes; nothing is ever unpickled."""

import os
import zipfile
import zlib
from collections.abc import Mapping
from typing import BinaryIO

import numpy as np

from bricks.errors import BricksError


def write_npz(path: str | os.PathLike, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays under any names (`np.savez` takes them as keywords, some of which it has itself).

    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "a.npz"
    >>> write_npz(path, {"mlp/linear_0/W": np.zeros((2, 1)), "file": np.ones(1)})
    >>> list(np.load(path))
    ['mlp/linear_0/W', 'file']
    """
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)


def read_npz(file: BinaryIO | str | os.PathLike, who: str, error: type[BricksError]) -> dict[str, np.ndarray]:
    """All the arrays of a file; `error`, which names it as `who`, where it is no such file or damaged."""
    try:
        found = np.load(file, allow_pickle=False)
        if isinstance(found, np.lib.npyio.NpzFile):
            return dict(found.items())
    except (ValueError, KeyError, EOFError, NotImplementedError, zipfile.BadZipFile, zlib.error) as reason:
        raise error(f"{who}: is no .npz of plain arrays, or damaged: {reason}") from None
    raise error(f"{who}: is a single array (.npy), not a file of named ones (.npz)")
