"""Hashes of rows, by which equal ones are found in files of any size, within and between sets."""

import functools

import numpy as np

MOST_ROWS = 1 << 22
"""Rows whose hashes are kept; of more, those whose hash ends in so many zeros that no more are left."""

PIECE = 1 << 21  # bytes hashed at a time, so that the words stay in the processor's cache


def row_hashes(array: np.ndarray) -> np.ndarray:
    """A number of 64 bits for each row: equal rows have equal ones, and others with a chance of 2^-64.

        h_k = top 32 bits of (a_k + sum_i b_ki w_i mod 2^64),  k = 1, 2,   w the row's words of 32 bits

    Lemire and Kaser, "Strongly universal string hashing is fast", 2014: each half is strongly universal.

    Parameters
    ----------
    array : np.ndarray
        (rows, ...), or a `ragged` vector, of which also the shapes count. Values are compared bit by bit.

    Examples
    --------
    >>> h = row_hashes(np.array([[1.5, 2], [3, 4], [1.5, 2]]))
    >>> bool(h[0] == h[2]), bool(h[0] == h[1])
    (True, False)
    """
    if array.dtype == object:
        hashes = [_hash(np.frombuffer(_words_of(example), "<u4")[None])[0] for example in array]
        return np.array(hashes, np.uint64)
    if not len(array):
        return np.zeros(0, np.uint64)
    rows = np.ascontiguousarray(array).reshape(len(array), -1)
    rows = rows.view(np.uint8).reshape(len(rows), -1)
    if rows.shape[1] % 4:
        rows = np.pad(rows, ((0, 0), (0, -rows.shape[1] % 4)))
    step = max(1, PIECE // max(1, rows.shape[1]))
    words = rows.view("<u4")
    return np.concatenate([_hash(words[start : start + step]) for start in range(0, len(words), step)])


def _words_of(example: np.ndarray) -> bytes:
    content = np.array(example.shape, "<u4").tobytes() + example.tobytes()
    return content + bytes(-len(content) % 4)


def _hash(words: np.ndarray) -> np.ndarray:
    factors = _factors(words.shape[1] + 1)
    wide = words.astype(np.uint64)
    halves = [(np.einsum("ij,j->i", wide, factors[1:, k]) + factors[0, k]) >> np.uint64(32) for k in (0, 1)]
    return halves[0] << np.uint64(32) | halves[1]


def _factors(count: int) -> np.ndarray:
    return _drawn(max(1024, 1 << (count - 1).bit_length()))[:count]


@functools.lru_cache(maxsize=4)
def _drawn(count: int) -> np.ndarray:
    """The first numbers that PCG64 gives, which NumPy promises to stay the same."""
    return np.random.PCG64(0).random_raw(2 * count).reshape(count, 2)


class Hashes:
    """The hashes of the rows of some sets, with their numbers; of very many rows those of a part of all hashes.

    A row is in that part or not by its hash alone, so that of equal rows all are or none.

    >>> hashes = Hashes(most=4)
    >>> for start in range(0, 100, 10):
    ...     hashes.add("train", np.arange(start, start + 10), row_hashes(np.arange(start, start + 10)))
    >>> hashes.kept <= 4, hashes.part < 1
    (True, True)
    """

    def __init__(self, most: int = MOST_ROWS):
        self.most, self.bits = most, 0
        self._parts: dict[str, list[tuple[np.ndarray, np.ndarray, np.ndarray]]] = {}
        self.kept = 0

    @property
    def part(self) -> float:
        """Of all hashes, how many are looked at: 1 unless there are too many rows."""
        return 0.5**self.bits

    def add(self, name: str, numbers: np.ndarray, hashes: np.ndarray, labels: np.ndarray | None = None) -> None:
        """Rows of a set: their numbers, their hashes, and hashes of their targets if there are any."""
        labels = np.zeros(len(hashes), np.uint64) if labels is None else labels
        self._parts.setdefault(name, []).append(self._thinned((numbers, hashes, labels)))
        self.kept += len(self._parts[name][-1][0])
        while self.kept > self.most:
            self.bits += 1
            self._parts = {name: [self._thinned(part) for part in parts] for name, parts in self._parts.items()}
            self.kept = sum(len(part[0]) for parts in self._parts.values() for part in parts)

    def of(self, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Numbers, hashes and labels of the rows of a set."""
        parts = self._parts.get(name) or [(np.zeros(0, np.int64), *(np.zeros(0, np.uint64),) * 2)]
        return tuple(np.concatenate(column) for column in zip(*parts, strict=True))

    def _thinned(self, part: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
        if not self.bits:
            return part
        keep = (part[1] & np.uint64((1 << self.bits) - 1)) == 0
        return tuple(column[keep] for column in part)
