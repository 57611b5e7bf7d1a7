"""Text: each line of some files is an example, a list of the numbers of its words or characters."""

import gzip
import os

from fuel.datasets.base import Dataset

LEVELS = ("word", "character")


class TextFile(Dataset):
    """The lines of text files, as lists of numbers.

    Parameters
    ----------
    files : list of path
        Their lines follow one another; those that end in .gz are unpacked.
    dictionary : dict of str to int
        From each token to its number.
    bos_token, eos_token : str or None
        Put before and after each line; None for no such token.
    unk_token : str or None
        In place of what the dictionary does not have; with None that is an error.
    level : str
        "word", what lies between white space; or "character", without white space at both ends of the line.
    preprocess : callable, optional
        From a line, with its end, to what is read in its place.
    encoding : str, optional
        Of the files; UTF-8 by default.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from fuel.streams import DataStream
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "a.txt"
    >>> _ = path.write_text("to be or\\nnot to be\\n")
    >>> dictionary = {"<S>": 0, "</S>": 1, "<UNK>": 2, "to": 3, "be": 4}
    >>> list(DataStream(TextFile([path], dictionary)).get_epoch_iterator())
    [([0, 3, 4, 2, 1],), ([0, 2, 3, 4, 1],)]
    """

    provides_sources = ("features",)
    example_iteration_scheme = None

    def __init__(
        self,
        files,
        dictionary,
        bos_token="<S>",
        eos_token="</S>",
        unk_token="<UNK>",
        level="word",
        preprocess=None,
        encoding=None,
    ):
        if isinstance(files, str | os.PathLike):
            raise ValueError(f"TextFile: files must be a list of paths, got {files!r}; [{files!r}] is one")
        if level not in LEVELS:
            raise ValueError(f"TextFile: level must be 'word' or 'character', got {level!r}")
        for token in (bos_token, eos_token, unk_token):
            if token is not None and token not in dictionary:
                raise ValueError(
                    f"TextFile: the dictionary must have {token!r}; add it, or pass None for bos_token, eos_token or "
                    "unk_token"
                )
        self.files, self.dictionary, self.level = list(files), dictionary, level
        self.bos_token, self.eos_token, self.unk_token = bos_token, eos_token, unk_token
        self.preprocess, self.encoding = preprocess, encoding
        super().__init__()

    def open(self):
        return _Lines(self.files, self.encoding or "utf-8")

    def close(self, state):
        if state is not None:  # of a stream that is closed already
            state.close()

    def get_data(self, state=None, request=None):
        if request is not None:
            raise ValueError("TextFile: gives what comes next, and takes no requests; use no scheme")
        line = next(state)
        if self.preprocess is not None:
            line = self.preprocess(line)
        tokens = line.split() if self.level == "word" else line.strip()
        before, after = (
            [] if token is None else [self.dictionary[token]] for token in (self.bos_token, self.eos_token)
        )
        return ([*before, *map(self._number, tokens), *after],)

    def _number(self, token: str) -> int:
        found = self.dictionary.get(token)
        if found is not None:
            return found
        if self.unk_token is None:
            raise ValueError(f"TextFile: {token!r} is not in the dictionary; add it, or name a token by unk_token=")
        return self.dictionary[self.unk_token]


class _Lines:
    """The lines of several files; when pickled it keeps its place, not its open file."""

    def __init__(self, files: list, encoding: str):
        self._files, self._encoding = files, encoding
        self._which, self._offset, self._file = 0, 0, None

    def __iter__(self):
        return self

    def __next__(self) -> str:
        while self._which < len(self._files):
            if self._file is None:
                self._open()
            line = self._file.readline()
            if line:
                return line
            self.close()
            self._which, self._offset = self._which + 1, 0
        raise StopIteration

    def close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def _open(self) -> None:
        path = os.fspath(self._files[self._which])
        opened = gzip.open if path.endswith(".gz") else open
        self._file = opened(path, "rt", encoding=self._encoding)
        self._file.seek(self._offset)

    def __getstate__(self) -> dict:
        offset = self._offset if self._file is None else self._file.tell()
        return {**self.__dict__, "_offset": offset, "_file": None}
