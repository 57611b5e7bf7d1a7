"""Fetching files over HTTPS: from the first mirror that gives them, known by their sums, whole or not at all.

What has arrived lies in `NAME.part` beside the file until all of it has, and is gone on with after a cut, a stall,
Ctrl-C or in another process. Only what has the known SHA-256 sum gets the file's own name.
"""

import contextlib
import hashlib
import http.client
import os
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from bricks.data.layout import reason
from bricks.errors import DataError, UsageError
from bricks.files import sync_folder

TIMEOUT = 30.0
"""Seconds in which `LEAST` bytes must arrive."""

LEAST = 1024

ATTEMPTS = 5
"""How often a mirror may break off after something arrived, before the next is asked."""

PIECE = 1 << 18

LOOPBACK = ("127.0.0.1", "::1", "localhost")

Progress = Callable[[int, int | None], None]


def fetch_file(
    urls: Sequence[str],
    path: str | os.PathLike,
    sha256: str,
    *,
    size: int | None = None,
    progress: Progress = lambda done, total: None,
    timeout: float = TIMEOUT,
) -> bool:
    """Fetch a file, unless it is there with the right sum already.

    Parameters
    ----------
    urls : list of str
        Mirrors, asked in this order; https:// only (http:// on this machine itself).
    path : path
        What it becomes. A file that is there with another sum is an error, and stays as it was.
    sha256 : str
        Its SHA-256 sum, hexadecimal.
    size : int, optional
        Its length in bytes; no more is taken.
    progress : callable
        Told, as bytes arrive, how many there are and how many there will be, None where the mirror does not say.
    timeout : float
        Seconds in which at least `LEAST` bytes must come; else what is left is asked for again, or elsewhere.

    Returns
    -------
    bool
        Whether anything was fetched.

    Raises
    ------
    UsageError, DataError
        A URL is not HTTPS; no mirror gave the file, with the reason for each; it cannot be written; another process
        is fetching it.
    """
    path, part = Path(path), Path(f"{os.fspath(path)}.part")
    for url in urls:
        _check_url(url)
    if path.exists():
        found = _sum_of(path)
        if found == sha256:
            return False
        raise DataError(
            f"{path}: is there already, with the SHA-256 sum {found} in place of {sha256}; move it away, "
            "or fetch to another folder"
        )
    said = []
    with _locked(part) as file:
        for url in urls:
            try:
                _from(url, file, size, progress, timeout)
            except _Gone as error:
                said.append(f"{url}: {error}")
                continue
            found = _sum(file)
            if found == sha256:
                _write(file, lambda: os.fsync(file.fileno()))
                os.replace(part, path)
                sync_folder(path.parent)
                return True
            said.append(f"{url}: the SHA-256 sum must be {sha256}, got {found}")
            file.truncate(0)  # what has come is worth nothing
        if file.seek(0, os.SEEK_END) == 0:
            part.unlink()
    reasons = "; ".join(said) or "no mirror is known"
    raise DataError(
        f"{path}: could not be fetched: {reasons}. Try again later: what has come is kept; or put it there yourself"
    )


class _Gone(Exception):
    """A mirror does not give the file."""


def _from(url: str, file: BinaryIO, size: int | None, progress: Progress, timeout: float) -> None:
    """Take the rest of a file from one mirror, asking again where it breaks off on the way."""
    resumed = file.seek(0, os.SEEK_END) > 0
    failures, slow = 0, f"fewer than {LEAST} bytes came in {timeout:g} s"
    while True:
        before = file.seek(0, os.SEEK_END)
        if size is not None and before > size:
            file.truncate(0)
            before = 0
        if size is not None and before == size:
            return
        try:
            if _take(url, file, before, size, progress, timeout):
                return
            problem = "broke off"
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == 416 and resumed:  # what is there is as long as the file, or longer
                if size is None:
                    return
                file.truncate(0)
                resumed = False
                continue
            raise _Gone(f"{error.code} {error.reason}") from error
        except TimeoutError:
            problem = slow
        except (OSError, http.client.HTTPException) as error:
            cause = getattr(error, "reason", error)
            problem = slow if isinstance(cause, TimeoutError) else str(cause) or type(cause).__name__
        failures = failures + 1 if file.seek(0, os.SEEK_END) > before else ATTEMPTS
        if failures >= ATTEMPTS:
            raise _Gone(problem)


def _take(url: str, file: BinaryIO, start: int, size: int | None, progress: Progress, timeout: float) -> bool:
    """Ask once for all from `start` on; whether it came to its end."""
    request = urllib.request.Request(url, headers={"User-Agent": "bricks", "Accept-Encoding": "identity"})
    if start:
        request.add_header("Range", f"bytes={start}-")
    with _opener().open(request, timeout=timeout) as response:
        if start and (response.status != 206 or _first_byte(response) != start):
            file.truncate(0)  # the mirror begins anew
            start = 0
        length = response.headers.get("Content-Length")
        total = start + int(length) if length and length.isdigit() else None
        if size is not None and total not in (None, size):
            raise _Gone(f"must have {size} bytes, the mirror has {total}")
        done = file.seek(start)
        progress(done, size or total)
        marked, since = done, time.monotonic()
        while piece := response.read1(PIECE):
            done += len(piece)
            if time.monotonic() - since > timeout:
                if done - marked < LEAST:
                    raise TimeoutError
                marked, since = done, time.monotonic()
            if size is not None and done > size:
                raise _Gone(f"must have {size} bytes, the mirror sent more")
            _write(file, lambda piece=piece: file.write(piece))
            progress(done, size or total)
        _write(file, file.flush)
    return (size or total) in (None, done)


def _write(file: BinaryIO, action: Callable[[], object]) -> None:
    """Do something to the file that is written; a full disk is not the mirror's fault."""
    try:
        action()
    except OSError as error:
        raise DataError(
            f"{file.name}: cannot be written: {reason(error)}; make room, it is then gone on with"
        ) from error


def _first_byte(response: http.client.HTTPResponse) -> int | None:
    found = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return int(found[1]) if found else None


class _SameSafety(urllib.request.HTTPRedirectHandler):
    """Follows a mirror only to where it could have been asked for."""

    def redirect_request(self, request, fp, code, message, headers, url):
        try:
            _check_url(url)
        except UsageError as error:
            raise _Gone(f"leads to {url}, which is not https://") from error
        return super().redirect_request(request, fp, code, message, headers, url)


def _opener() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(_SameSafety)


def _check_url(url: str) -> None:
    parts = urllib.parse.urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise UsageError(f"{url}: files are fetched from https:// alone; use such a mirror")


@contextlib.contextmanager
def _locked(part: Path) -> Iterator[BinaryIO]:
    """The partial file, open for reading and writing, and nobody else's."""
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        file = open(part, "a+b")
        file.close()
        file = open(part, "r+b")
    except OSError as error:
        raise DataError(f"{part}: cannot be written: {error.strerror or error}") from error
    with file:
        try:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except ImportError:  # not on this system
            pass
        except OSError as error:
            raise DataError(f"{part}: another process is fetching it; wait for that one") from error
        yield file


def _sum_of(path: Path) -> str:
    try:
        with open(path, "rb") as file:
            return _sum(file)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error


def _sum(file: BinaryIO) -> str:
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest()
