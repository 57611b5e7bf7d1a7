"""`log.jsonl`: one JSON object a line, on the disk when `append` returns; cut back to a checkpoint on resume.

A process killed while it appends leaves a torn last line: it never counts as a row.
"""

import contextlib
import errno
import fcntl
import json
import logging
import math
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bricks.errors import CheckpointError, UsageError

logger = logging.getLogger("bricks")


class Rows(list):
    """Rows of a log; a notebook shows them as curves and a table.

    >>> Rows([{"epoch": 1, "train_cost": 0.31}])
    [{'epoch': 1, 'train_cost': 0.31}]
    """

    def _repr_html_(self) -> str:
        from bricks.view.logs import shown  # loaded when it is to be seen, and not before

        return shown(self)


class Log:
    """The rows of a run, kept in a file that grows by whole lines.

    Parameters
    ----------
    path : path
        Made if it isn't there. It stays locked to this process until `close`: a run has one writer.
    offset : int, optional
        Cut the file back to so many bytes, as a checkpoint says. By default only a torn last line is cut off.

    Attributes
    ----------
    offset : int
        Bytes that are on the disk, whole lines.
    pending : list of dict
        Rows that could not be written, because the disk is full, say: tried again with the next row and at the end.

    Raises
    ------
    UsageError
        If another process has the log open.
    CheckpointError
        If the file is shorter than `offset`, or has no line end there; from `close`, if rows are still pending.

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
        try:  # without a buffer: what a full disk refused must not be written later by itself
            self._file = open(self.path, "a+b", buffering=0)
        except OSError as error:
            raise CheckpointError(f"{path}: can't be written: {error.strerror or error}; the run stays") from None
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
        self.offset, self.pending = end, []

    def append(self, row: dict[str, Any]) -> None:
        """Add a row: appended, synced. What isn't finite becomes null: JSON has no such number."""
        row = json.loads(json.dumps(finite(row), allow_nan=False))
        self._rows.append(row)
        self.pending.append(row)
        failure = self._write()
        if failure:
            logger.warning("%s: can't be written: %s; the row is kept and tried again", self.path, failure)

    def close(self) -> None:
        """Write what is pending, and let go of the file."""
        failure = None if self._file.closed else self._write()
        self._file.close()
        if failure:
            raise CheckpointError(
                f"{self.path}: can't be written: {failure}; its last {len(self.pending)} rows are lost"
            )

    def _write(self) -> str | None:
        """Write what is pending, all of it or none; why it could not be."""
        lines = "".join(json.dumps(row) + "\n" for row in self.pending).encode()
        if not lines:
            return None
        try:
            if self._file.write(lines) < len(lines):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(self._file.fileno())
        except OSError as error:
            with contextlib.suppress(OSError):
                self._file.truncate(self.offset)
            return error.strerror or str(error)
        self.offset += len(lines)
        self.pending = []
        return None

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index):
        return self._rows[index]

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self._rows)

    def _repr_html_(self) -> str:
        return self._rows._repr_html_()


def read(path: str | os.PathLike) -> Rows:
    """The rows of a log, also of one that is being written; a torn last line is left out."""
    content = Path(path).read_bytes()
    return _rows(content[: content.rfind(b"\n") + 1], path)


def last_test(rows: Iterable[dict[str, Any]]) -> dict[str, Any] | None:
    """The last row with what the test set said; None if it was not read.

    >>> last_test([{"epoch": 1}, {"epoch": 1, "test_error": 0.5}])
    {'epoch': 1, 'test_error': 0.5}
    """
    tests = [row for row in rows if any(key.startswith("test_") for key in row)]
    return tests[-1] if tests else None


def _rows(content: bytes, path: str | os.PathLike) -> Rows:
    rows = Rows()
    for number, line in enumerate(content.splitlines(), 1):
        try:
            rows.append(json.loads(line))
        except ValueError:
            raise CheckpointError(f"{path}, line {number}: isn't JSON: {line[:60]!r}; the log was damaged") from None
    return rows


def finite(value: Any) -> Any:
    """The value with None in place of numbers that are not finite, which JSON does not have."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
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
