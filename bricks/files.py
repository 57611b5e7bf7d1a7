"""Files that are whole or not there: written under a temporary name, synced, renamed."""

import contextlib
import os
import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def atomic_path(path: str | os.PathLike) -> Iterator[Path]:
    """Give a temporary path beside `path`; on success it becomes `path`, on failure it goes.

    A reader sees the old file or the new one, never a part, also after a crash: the data is synced
    before the rename, the folder after it. Two processes may write the same path at once; the last wins.
    Temporary files left by processes that were killed are removed on the way.

    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "a.txt"
    >>> with atomic_path(target) as temporary:
    ...     _ = temporary.write_text("whole")
    >>> target.read_text()
    'whole'
    """
    path = Path(path)
    _remove_abandoned(path)
    temporary = path.with_name(f".{path.name}.{_host()}.{os.getpid()}.{threading.get_native_id()}.part")
    try:
        yield temporary
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
        sync_folder(path.parent)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def sync_folder(folder: str | os.PathLike) -> None:
    """Make renames and new names in `folder` last through a crash."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _host() -> str:
    return re.sub(r"[^A-Za-z0-9-]", "-", socket.gethostname()) or "host"


def _remove_abandoned(path: Path) -> None:
    pattern = re.compile(rf"\.{re.escape(path.name)}\.{re.escape(_host())}\.(\d+)\.\d+\.part")
    for other in path.parent.iterdir() if path.parent.is_dir() else ():
        match = pattern.fullmatch(other.name)
        if match and int(match[1]) != os.getpid() and not _alive(int(match[1])):
            other.unlink(missing_ok=True)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
