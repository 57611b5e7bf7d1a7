"""A nested state dictionary in one HDF5 file, whole or not there; no pickles.

Layout: plain HDF5. An array is a dataset; a dictionary or a list with arrays in it is a group, whose attribute `type`
says which; what has no array in it is a dataset of JSON text. A key with slashes, as parameter paths have, makes groups
within groups: `model/mlp/linear_0/W`. A `description` says what is in a group that is known here. The root's attribute
`format` says what the file is, its version, length and CRC-32 (of the file with zeros in place of these two numbers).
It is found by its text, so that damage is known before HDF5 sees the file.

Versions: a change that this version's readers would not notice keeps the number (attributes may be added); any other
takes the next one, and the reader of the older goes on beside it. A newer version is refused. Version 1 had the same
HDF5 behind 512 bytes of text with length and CRC-32, a user block, which not every program looks for.
"""

import io
import json
import os
import re
import zlib
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import h5py
import numpy as np

from bricks.errors import CheckpointError
from bricks.files import atomic_path

VERSION = 2
_MAGIC = "bricks state, version "
_DESCRIPTIONS = {
    "about": "JSON: config, versions, and the files and the data that the run was made from",
    "main_loop": "all that the training goes on from",
    "main_loop/algorithm": "all that a training step changes",
    "main_loop/algorithm/parameters": "what is trained, by path of brick and name, after the last step",
    "main_loop/algorithm/buffers": "what is kept but not trained, such as population means, after the last step",
    "main_loop/algorithm/step_rule": "what the step rule remembers, such as momenta",
    "main_loop/algorithm/random": "states of the random draws",
    "main_loop/extensions": "what extensions remember; the best parameters too",
    "model": "the values of a model, by path of brick and name",
    "model/parameters": "what is trained",
    "model/buffers": "what is kept but not trained, such as population means",
}
"""What is in a group, or a text, at these places."""


def write(path: str | os.PathLike, state: dict[str, Any]) -> None:
    """Write a state dictionary; a reader sees the file that was there before, or all of the new one.

    Parameters
    ----------
    path : path
        Written by way of a temporary name beside it.
    state : dict
        String keys; values are dictionaries, lists, NumPy arrays (bool, integer, float, complex), int, float,
        bool, str or None.

    Raises
    ------
    CheckpointError
        For a value of another kind, with its path. Nothing is written.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "checkpoint.h5"
    >>> write(path, {"epoch": 3, "model": {"mlp/linear_0/W": np.zeros((2, 1), "float32")}})
    >>> read(path)["model"]["mlp/linear_0/W"].shape
    (2, 1)
    """
    _has_arrays(state, ())
    image = io.BytesIO()
    with h5py.File(image, "w") as file:
        file.attrs["format"] = np.bytes_(_seal(0, 0))  # first, so that it lies before anything that may look like it
        file.attrs["version"] = VERSION
        _put(file, state, ())
    content = image.getbuffer()
    place = image.getvalue().index(_seal(0, 0))
    content[place : place + len(_seal(0, 0))] = _seal(len(content), zlib.crc32(content))
    with atomic_path(path) as temporary, open(temporary, "wb") as out:
        out.write(content)


def read(path: str | os.PathLike) -> dict[str, Any]:
    """Read the state dictionary that `write` wrote.

    Raises
    ------
    CheckpointError
        If there is no such file, or it is damaged, cut short, of another kind or of a later version.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path}: can't be read: {error.strerror or error}") from None
    place = content.find(_MAGIC.encode())
    found = re.match(rb"(\d+)[;\n]", content[place + len(_MAGIC) :][:20]) if place >= 0 else None
    if found is None:
        kind = "is empty" if not content else "is not a file of bricks' state, or damaged or cut short"
        raise CheckpointError(f"{path}: {kind}; {_REMEDY}")
    version = int(found[1])
    if version > VERSION:
        raise CheckpointError(f"{path}: has version {version}, this bricks reads version {VERSION}; use the newer one")
    whole = _is_whole_1(content) if version == 1 else _is_whole(content, place)
    if not whole:
        raise CheckpointError(f"{path}: is damaged or cut short ({len(content):,} bytes); {_REMEDY}")
    with h5py.File(io.BytesIO(content), "r") as file:
        return _get(file)


_REMEDY = "take another checkpoint (best.h5 beside it has the best parameters), or start a new run"


def _seal(length: int, crc: int) -> bytes:
    return f"{_MAGIC}{VERSION}; bytes {length:015}, crc32 {crc:08x}".encode("ascii")


def _is_whole(content: bytes, place: int) -> bool:
    blank = _seal(0, 0)
    end = place + len(blank)
    crc = zlib.crc32(memoryview(content)[end:], zlib.crc32(blank, zlib.crc32(memoryview(content)[:place])))
    return content[place:end] == _seal(len(content), crc)


def _is_whole_1(content: bytes) -> bool:
    """Of version 1: what lies behind the first 512 bytes is as they say."""
    body = memoryview(content)[512:]
    text = f"{_MAGIC}1\nbytes {len(body)}, crc32 {zlib.crc32(body):08x}\n"
    return content[:512] == text.encode("ascii").ljust(512, b"\0")


def _put(group: h5py.Group, state: dict[str, Any], where: tuple[str, ...]) -> None:
    """Store a dictionary as `group`."""
    plain = _can_be_paths(list(state))
    group.attrs["type"] = "dictionary" if plain else "dictionary, keys quoted"
    if "/".join(where) in _DESCRIPTIONS:
        group.attrs["description"] = _DESCRIPTIONS["/".join(where)]
    for key, value in sorted(state.items()):
        _put_value(group, key if plain else _quoted(key), value, (*where, key))


def _put_value(group: h5py.Group, name: str, value: Any, where: tuple[str, ...]) -> None:
    if not _has_arrays(value, where):
        text = group.create_dataset(name, data=np.bytes_(json.dumps(value, sort_keys=True)))
        if "/".join(where) in _DESCRIPTIONS:
            text.attrs["description"] = _DESCRIPTIONS["/".join(where)]
    elif isinstance(value, dict):
        _put(group.create_group(name), value, where)
    elif isinstance(value, list | tuple):
        items = group.create_group(name)
        items.attrs["type"] = "list"
        for index, item in enumerate(value):
            _put_value(items, str(index), item, (*where, str(index)))
    else:
        group.create_dataset(name, data=value)


def _has_arrays(value: Any, where: tuple[str, ...]) -> bool:
    """Whether there is an array in a value; CheckpointError if there is anything that can't be stored."""
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                raise CheckpointError(f"state {_show(where)}: keys must be strings, got {key!r}")
        return any([_has_arrays(item, (*where, key)) for key, item in value.items()])
    if isinstance(value, list | tuple):
        return any([_has_arrays(item, (*where, str(index))) for index, item in enumerate(value)])
    if isinstance(value, np.ndarray | np.generic):
        if value.dtype.kind not in "biufc":
            raise CheckpointError(f"state {_show(where)}: can't store an array of dtype {value.dtype}")
        return True
    if value is None or type(value) in (bool, int, float, str):
        return False
    raise CheckpointError(f"state {_show(where)}: can't store a {type(value).__name__}")


def _show(where: tuple[str, ...]) -> str:
    return "/".join(where) or "as a whole"


def _get(item: h5py.Group | h5py.Dataset) -> Any:
    if isinstance(item, h5py.Dataset):
        return json.loads(item[()]) if item.dtype.kind == "S" else np.asarray(item[()], dtype=item.dtype)
    kind = item.attrs["type"]
    if kind == "list":
        return [_get(item[str(index)]) for index in range(len(item))]
    if kind == "dictionary":
        return dict(_paths(item, ""))
    return {_unquoted(name): _get(child) for name, child in item.items()}


def _paths(group: h5py.Group, prefix: str):
    for name, child in group.items():
        if isinstance(child, h5py.Dataset) or "type" in child.attrs:
            yield prefix + name, _get(child)
        else:  # only a part of a key with slashes
            yield from _paths(child, f"{prefix}{name}/")


def _can_be_paths(keys: list[str]) -> bool:
    """Whether keys can be HDF5 paths as they are: clean parts, and none inside another."""
    if not all(key.isascii() and key.isprintable() for key in keys):
        return False
    parts = {tuple(key.split("/")) for key in keys}
    if any(part in ("", ".", "..") for key in parts for part in key):
        return False
    return not any(key[:length] in parts for key in parts for length in range(1, len(key)))


def _quoted(key: str) -> str:
    """A key as one HDF5 name; `=` in front keeps it from being empty or dots."""
    return "=" + quote(key, safe=" ", errors="surrogatepass")


def _unquoted(name: str) -> str:
    return unquote(name[1:], errors="surrogatepass")
