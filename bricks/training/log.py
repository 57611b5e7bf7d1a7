"""`log.jsonl`: one JSON object a line, on the disk when `append` returns; cut back to a checkpoint on resume.

A process killed while it appends leaves a torn last line: it never counts as a row.
"""

import fcntl
import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bricks.errors import CheckpointError, UsageError


class Log:
    """The rows of a run, kept in a file that grows by whole lines.

    Parameters
    ----------
    path : path
        Made if it isn't there. It stays locked to this process until `close`: a run has one writer.
    offset : int, optional
        Cut the file back to so many bytes, as a checkpoint says. By default only a torn last line is cut off.

    Raises
    ------
    UsageError
        If another process has the log open.
    CheckpointError
        If the file is shorter than `offset`, or has no line end there.

    Examples
    --------
    >>> import tempfile
    >>> log = Log(Path(tempfile.mkdtemp()) / "log.jsonl")
    >>> log.append({"iteration": 500, "epoch": 1, "train_cost": 0.31})
    >>> log[-1]["train_cost"], len(log), log.offset
    (0.31, 1, 51)
    """

    def __init__(self, path: str | os.PathLike, offset: int | None = None):
        self.path = Path(path)
        self._file = open(self.path, "a+b")
        try:
            _lock(self._file, self.path)
            self._file.seek(0)
            content = self._file.read()
            end = content.rfind(b"\n") + 1 if offset is None else offset
            if end > len(content) or (end and content[end - 1 : end] != b"\n"):
                raise CheckpointError(
                    f"{path}: must have a whole line up to byte {end:,}, as the checkpoint says, "
                    f"but has {len(content):,} bytes; it isn't this checkpoint's log"
                )
            self._rows = _rows(content[:end], self.path)
        except BaseException:
            self._file.close()
            raise
        if end < len(content):
            self._file.truncate(end)
            os.fsync(self._file.fileno())
        self.offset = end

    def append(self, row: dict[str, Any]) -> None:
        """Add a row: appended, flushed, synced. What isn't finite becomes null: JSON has no such number."""
        line = (json.dumps(_finite(row), allow_nan=False) + "\n").encode()
        self._file.write(line)
        self._file.flush()
        os.fsync(self._file.fileno())
        self.offset += len(line)
        self._rows.append(json.loads(line))

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index):
        return self._rows[index]

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self._rows)


def read(path: str | os.PathLike) -> list[dict[str, Any]]:
    """The rows of a log, also of one that is being written; a torn last line is left out."""
    content = Path(path).read_bytes()
    return _rows(content[: content.rfind(b"\n") + 1], path)


def _rows(content: bytes, path: str | os.PathLike) -> list[dict[str, Any]]:
    rows = []
    for number, line in enumerate(content.splitlines(), 1):
        try:
            rows.append(json.loads(line))
        except ValueError:
            raise CheckpointError(f"{path}, line {number}: isn't JSON: {line[:60]!r}; the log was damaged") from None
    return rows


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _lock(file, path: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise UsageError(f"{path}: another process is writing this run; wait for it or end it first") from None
    except OSError:
        pass  # some network file systems have no locks: then care is the user's
