"""Sequences and texts as vectors: by what their features do over time, and by how often each token comes."""

import math

import numpy as np

from bricks.data import ragged

MOST_TOKENS = 300
"""The most frequent ones are counted; the others are together one column."""

STATISTICS = ("mean of", "deviation of", "least", "most", "first", "last", "mean step of")


def masked(array: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
    """Values where the mask is 0 become NaN; sequences that end before others become `ragged`.

    >>> masked(np.array([[1, 2], [3, 4]]), np.array([[1, 1], [1, 0]]))[1]
    array([3])
    """
    if mask is None or array.dtype == object:
        return array
    mask = mask != 0
    lengths = mask.sum(axis=1) if mask.ndim == 2 else None
    if lengths is not None and (mask == (np.arange(mask.shape[1]) < lengths[:, None])).all() and array.ndim >= 2:
        if array.shape[1] == mask.shape[1]:
            return ragged([example[:length] for example, length in zip(array, lengths, strict=True)])
    if mask.shape != array.shape[: mask.ndim]:
        return array
    mask = mask.reshape(*mask.shape, *(1,) * (array.ndim - mask.ndim))
    return np.where(mask, array, np.nan)


def steps_of(example: np.ndarray) -> np.ndarray:
    """A sequence as (time, features)."""
    return example.reshape(len(example), math.prod(example.shape[1:])) if example.ndim else example.reshape(1, 1)


def sequence_summary(sequences: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Of each sequence: its length, and of each feature mean, deviation, range, ends and mean change.

    >>> X, columns = sequence_summary(ragged([[[1.0], [3.0]], [[5.0]]]))
    >>> dict(zip(columns, X[0].tolist()))["mean of feature 0"]
    2.0
    """
    features = max((steps_of(example).shape[1] for example in sequences[:100]), default=1)
    rows = np.full((len(sequences), 1 + len(STATISTICS) * features), np.nan, np.float32)
    for row, example in zip(rows, sequences, strict=True):
        steps = steps_of(example).astype(np.float32)
        row[0] = len(steps)
        if len(steps) == 0 or steps.shape[1] != features:
            continue
        change = np.abs(np.diff(steps, axis=0)).mean(axis=0) if len(steps) > 1 else np.zeros(features)
        found = (steps.mean(0), steps.std(0), steps.min(0), steps.max(0), steps[0], steps[-1], change)
        row[1:] = np.concatenate(found)
    names = [f"{statistic} feature {k}" for statistic in STATISTICS for k in range(features)]
    return rows, ["length", *names]


def vocabulary_of(sequences: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Tokens and how often each comes, the most frequent first.

    >>> vocabulary_of(ragged([[3, 3, 1], [3]]))
    (array([3, 1]), array([3, 1]))
    """
    every = np.concatenate([np.asarray(example).reshape(-1) for example in sequences]) if len(sequences) else []
    tokens, counts = np.unique(np.asarray(every), return_counts=True)
    order = np.lexsort((tokens, -counts))
    return tokens[order], counts[order]


def token_counts(sequences: np.ndarray, vocabulary: np.ndarray | None = None) -> tuple[np.ndarray, list[str]]:
    """Of each text how often each of the most frequent tokens comes, as part of its length; and its length.

    >>> X, columns = token_counts(ragged([[3, 3, 1, 7], [3, 1, 1, 1]]), np.array([3, 1]))
    >>> columns, X.tolist()
    (['length', 'other tokens', 'token 3', 'token 1'], [[4.0, 0.25, 0.5, 0.25], [4.0, 0.0, 0.25, 0.75]])
    """
    known = (vocabulary_of(sequences)[0] if vocabulary is None else vocabulary)[:MOST_TOKENS]
    order = np.argsort(known)
    ascending = known[order]
    rows = np.zeros((len(sequences), 2 + len(known)), np.float32)
    for row, example in zip(rows, sequences, strict=True):
        tokens = np.asarray(example).reshape(-1)
        row[0] = len(tokens)
        if not len(tokens) or not len(known):
            continue
        places = np.clip(np.searchsorted(ascending, tokens), 0, len(known) - 1)
        found = ascending[places] == tokens
        counts = np.bincount(order[places[found]], minlength=len(known))
        row[1] = (~found).sum() / len(tokens)
        row[2:] = counts / len(tokens)
    return rows, ["length", "other tokens", *(f"token {token}" for token in known.tolist())]
