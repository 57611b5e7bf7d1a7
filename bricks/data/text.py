"""Text as numbers: each line of some files is an example, a sequence of the numbers of its words or characters."""

import codecs
import collections
import gzip
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import BinaryIO

import numpy as np

from bricks.data.arrays import example_numbers
from bricks.data.contracts import Batch, Source
from bricks.data.names import as_names
from bricks.data.ragged import ragged
from bricks.errors import DataError, UsageError, nearest

LEVELS = ("word", "character")


class TextFile:
    """The lines of text files, as sequences of numbers.

        example = [number of bos_token] + [number of token for token in line] + [number of eos_token]

    Lines are found once, at the start, and read when they are asked for: 8 bytes a line lie in memory.

    Parameters
    ----------
    files : path or list of path
        Their lines follow one another. A file packed by gzip (.gz) is gone through from its beginning whenever one
        reads back in it: fast in order, slow when shuffled; unpack it for that.
    dictionary : dict of str to int
        From each token to its number; `text_dictionary` counts one.
    level : str
        "word", what lies between white space; or "character", without the end of the line.
    bos_token, eos_token : str or None
        Put before and after each line; None for no such token.
    unk_token : str or None
        In place of what the dictionary does not have; with None that is an error.
    preprocess : callable, optional
        From a line, without its end, to what is read in its place; `str.lower`, say.
    encoding : str
        Of the files.

    Attributes
    ----------
    sources : dict of str to Source
        `data`, int64 (time,), ragged.

    Raises
    ------
    UsageError, DataError
        A file can't be read or is damaged; a token is not in the dictionary; a line is not in this encoding.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "a.txt"
    >>> _ = path.write_text("to be or\\nnot to be\\n")
    >>> dictionary = {"<S>": 0, "</S>": 1, "<UNK>": 2, "to": 3, "be": 4}
    >>> TextFile(path, dictionary).read([1, 0])["data"].tolist()
    [array([0, 2, 3, 4, 1]), array([0, 3, 4, 2, 1])]
    """

    def __init__(
        self,
        files: str | os.PathLike | Sequence[str | os.PathLike],
        dictionary: Mapping[str, int],
        level: str = "word",
        *,
        bos_token: str | None = "<S>",
        eos_token: str | None = "</S>",
        unk_token: str | None = "<UNK>",
        preprocess: Callable[[str], str] | None = None,
        encoding: str = "utf-8",
    ):
        self.files, self.dictionary, self.level = _paths(files), dict(dictionary), _level(level)
        for token in (bos_token, eos_token, unk_token):
            if token is not None and token not in self.dictionary:
                raise UsageError(
                    f"TextFile: the dictionary must have {token!r}; add it, or pass None for "
                    "bos_token, eos_token or unk_token"
                )
        self._before = [] if bos_token is None else [self.dictionary[bos_token]]
        self._after = [] if eos_token is None else [self.dictionary[eos_token]]
        self._unknown = None if unk_token is None else self.dictionary[unk_token]
        self.preprocess, self.encoding = preprocess, _encoding(encoding)
        self._starts = [_line_starts(path) for path in self.files]
        self._first = np.cumsum([0, *(len(starts) - 1 for starts in self._starts)])
        self.num_examples: int = int(self._first[-1])
        self.sources = {"data": Source(np.dtype(np.int64), (None,), ("batch", "time"), ragged=True)}
        self._lock, self._open = threading.Lock(), {}

    def read(self, indices: Sequence[int] | np.ndarray) -> Batch:
        """The lines of these numbers, in this order; negative ones count from the end."""
        numbers = example_numbers(indices, self.num_examples, "TextFile")
        lines = {}
        with self._lock:
            for number in np.unique(numbers).tolist():  # in the order in which they lie
                lines[number] = self._line(number)
        return {"data": ragged([lines[number].copy() for number in numbers.tolist()])}

    def close(self) -> None:
        """Close the files; the next `read` opens them again."""
        with self._lock:
            opened, self._open = self._open, {}
        for _, file in opened.values():
            file.close()

    def __getstate__(self) -> dict:
        return {**self.__dict__, "_open": {}, "_lock": None}

    def __setstate__(self, state: dict) -> None:
        self.__dict__.update(state, _lock=threading.Lock())

    def _line(self, number: int) -> np.ndarray:
        which = int(np.searchsorted(self._first, number, side="right")) - 1
        path, line = self.files[which], number - int(self._first[which])
        start, stop = map(int, self._starts[which][line : line + 2])
        try:
            owner, file = self._open.get(path, (None, None))
            if owner != os.getpid():  # an open file stays in its process
                file = _opened(path)
                self._open[path] = os.getpid(), file
            file.seek(start)
            content = file.read(stop - start)
        except (OSError, EOFError) as error:
            raise _unreadable(path, error) from error
        if len(content) != stop - start:
            raise DataError(f"{path}: is shorter than it was when it was opened; open it anew")
        who = f"{path}: line {line + 1}"
        return np.array([*self._before, *self._numbers(_decoded(content, self, who), who), *self._after], np.int64)

    def _numbers(self, text: str, who: str) -> Iterator[int]:
        for token in _tokens(text, self.level):
            number = self.dictionary.get(token, self._unknown)
            if number is None:
                raise DataError(
                    f"{who}: {token!r} is not in the dictionary; add it, or name the token for what is unknown, "
                    "unk_token"
                )
            yield number


def text_dictionary(
    files: str | os.PathLike | Sequence[str | os.PathLike],
    level: str = "word",
    *,
    most: int | None = None,
    tokens: Sequence[str] = ("<S>", "</S>", "<UNK>"),
    preprocess: Callable[[str], str] | None = None,
    encoding: str = "utf-8",
) -> dict[str, int]:
    """The tokens of text files and their numbers: `tokens` first, then the most frequent, equally frequent by name.

    Parameters
    ----------
    files, level, preprocess, encoding
        As `TextFile` takes them.
    most : int, optional
        How many, `tokens` included, at most.
    tokens : list of str
        What comes first, whether the files have it or not.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "a.txt"
    >>> _ = path.write_text("to be or\\nnot to be\\n")
    >>> text_dictionary(path, most=5)
    {'<S>': 0, '</S>': 1, '<UNK>': 2, 'be': 3, 'to': 4}
    """
    counts: collections.Counter[str] = collections.Counter()
    reading = _Reading(preprocess, _encoding(encoding))
    for path in _paths(files):
        try:
            with _opened(path) as file:
                for number, line in enumerate(file, start=1):
                    counts.update(_tokens(_decoded(line, reading, f"{path}: line {number}"), _level(level)))
        except (OSError, EOFError) as error:
            raise _unreadable(path, error) from error
    by_frequency = sorted(counts.keys() - set(tokens), key=lambda token: (-counts[token], token))
    names = [*dict.fromkeys(tokens), *by_frequency]
    return {token: number for number, token in enumerate(names[:most])}


_Reading = collections.namedtuple("_Reading", ["preprocess", "encoding"])


def _tokens(text: str, level: str) -> list[str]:
    return text.split() if level == "word" else list(text)


def _decoded(line: bytes, reading, who: str) -> str:
    try:
        text = line.decode(reading.encoding).rstrip("\r\n").removeprefix("\ufeff")  # which editors put in front
    except UnicodeDecodeError as error:
        raise DataError(f"{who}: must be {reading.encoding}, got {error.reason}; name another encoding=") from error
    return text if reading.preprocess is None else reading.preprocess(text)


def _line_starts(path: str) -> np.ndarray:
    """Where the lines of a file begin, and where the last one ends, in bytes of what is unpacked."""
    try:
        with _opened(path) as file:
            lengths = np.fromiter(map(len, file), np.int64)
    except (OSError, EOFError) as error:
        raise _unreadable(path, error) from error
    return np.concatenate([[0], np.cumsum(lengths)])


def _opened(path: str) -> BinaryIO:
    return gzip.open(path, "rb") if path.endswith(".gz") else open(path, "rb")


def _unreadable(path: str, error: Exception) -> DataError:
    return DataError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}")


def _paths(files: str | os.PathLike | Sequence[str | os.PathLike]) -> tuple[str, ...]:
    paths = as_names(os.fspath(files) if isinstance(files, os.PathLike) else files) or ()
    if not paths:
        raise UsageError("TextFile: needs at least one file, got none")
    return tuple(map(os.fspath, paths))


def _level(level: str) -> str:
    if level not in LEVELS:
        raise UsageError(f"TextFile: unknown level {level!r}; {nearest(level, LEVELS)}")
    return level


def _encoding(name: str) -> str:
    """An encoding whose lines end in the byte of a newline, as most do."""
    try:
        plain = "a\n".encode(codecs.lookup(name).name) == b"a\n"
    except LookupError as error:
        raise UsageError(f"TextFile: unknown encoding {name!r}") from error
    if not plain:
        raise UsageError(f"TextFile: in {name!r} lines can't be found by their bytes; recode the file, to utf-8 say")
    return name
