"""Loops that keep only every sqrt(T)-th state for their backward pass, and compute the rest again.

    T steps  =  S segments of L steps, L about sqrt(T),  and the T - S L that are left

A loop over segments has the work of L steps as its step, and keeps the states between segments alone. Its gradient
computes a segment again, this time keeping what the gradient of each step reads, goes back through it, and forgets it.
The work is done one more time; memory grows with S + L instead of T (Chen et al. 2016, Training Deep Nets with
Sublinear Memory Cost).
"""

from collections.abc import Callable, Sequence
from math import isqrt

import pytensor.tensor as pt
from pytensor.graph.basic import Variable

from bricks.engine.recurrences import given, loop


def in_segments(
    work: Callable,
    sequences: Sequence[Variable],
    states: Sequence[Variable],
    *,
    reverse: bool = False,
    name: str = "segments",
) -> tuple[list[Variable], list[Variable]]:
    """A symbolic loop over parts of sequences, that are computed again for the backward pass.

    Parameters
    ----------
    work : callable
        `work(*parts, *states)` gives the pair (states after these steps, rows of these steps), two lists; the parts
        are (steps, ...), as are the rows, and the number of steps is any. It is a whole computation, of loops and of
        what goes before and after them, and must give for all steps at once what it gives for some after others.
    sequences : list of variables, (T, ...)
        At least one, all of the same length.
    states : list of variables
        The initial states; each new state must have its dtype and shape.
    reverse : bool
        Whether `work` goes from its last row to its first: the last part is then the first.
    name : str
        For printed graphs and errors.

    Returns
    -------
    (last states, stacked rows)

    >>> import numpy as np
    >>> from bricks.engine import function, recurrence
    >>> x = pt.fvector("x")
    >>> def sums(part, start):
    ...     return recurrence(lambda xt, s: ([s + xt], [s + xt]), [part**2], [start])
    >>> (total,), (rows,) = in_segments(sums, [x], [pt.constant(np.float32(0))])
    >>> [value.tolist() for value in function([x], [total, rows])(np.float32([1, 2, 3, 4, 5]))]
    [55.0, [1.0, 5.0, 14.0, 30.0, 55.0]]
    """
    sequences, states = given(sequences, states, name)
    time = next((s.type.shape[0] for s in sequences if s.type.shape[0] is not None), None)
    length = _length(sequences[0].shape[0]) if time is None else _known_length(time)
    count = (sequences[0].shape[0] if time is None else time) // length
    cut = count * length

    def whole(states):
        parts = [_cut(s[:cut], count, length) for s in sequences]
        states, rows = loop(work, parts, states, reverse, "recomputed", name)
        return states, [_joined(row, cut) for row in rows]

    if time is not None and cut == time:
        return whole(states)

    def rest(states):
        return work(*(s[cut:] for s in sequences), *states)

    if reverse:
        states, after = rest(states)
        states, before = whole(states)
    else:
        states, before = whole(states)
        states, after = rest(states)
    return states, [pt.join(0, a, _as_long(b, a)) for a, b in zip(before, after, strict=True)]


def _known_length(time: int) -> int:
    """Of segments: the largest divisor of T up to its root, so that nothing is left, or the root if that is far off."""
    root = max(isqrt(time), 1)
    divisor = next(n for n in range(root, 0, -1) if time % n == 0)
    return divisor if 2 * divisor > root else root


def _length(time: Variable) -> Variable:
    """The same of a length that is known later, of whole numbers alone: XLA asks for it before anything runs."""
    numbers = pt.arange(1, time + 2)
    root = pt.maximum((numbers * numbers <= time).sum(), 1)
    divisor = (numbers * (pt.eq(time % numbers, 0) & (numbers <= root))).max()
    return pt.switch(2 * divisor > root, divisor, root)


def _cut(sequence: Variable, count, length) -> Variable:
    """(S * L, ...) as (S, L, ...)."""
    tail = [sequence.shape[k] if n is None else n for k, n in enumerate(sequence.type.shape)][1:]
    return sequence.reshape((count, length, *tail))


def _as_long(rows: Variable, others: Variable) -> Variable:
    """Rows of the same shape as others but for the first axis, also where there are none of them."""
    tail = [others.shape[k] if n is None else n for k, n in enumerate(others.type.shape)][1:]
    return rows.reshape((rows.shape[0], *tail))


def _joined(rows: Variable, cut) -> Variable:
    """(S, L, ...) as (S * L, ...)."""
    tail = [rows.shape[k] if n is None else n for k, n in enumerate(rows.type.shape)][2:]
    return rows.reshape((cut, *tail))
