"""Errors that say who, what must hold, what came and what to do about it.

`train.py` and `python -m bricks` print them as one message, without a traceback, and exit with their
`exit_status`: 2 for what was asked wrongly, 1 for what failed.
"""

import difflib
from collections.abc import Iterable


class BricksError(Exception):
    """Base of all errors that bricks raises on purpose."""

    exit_status = 1


class UsageError(BricksError, ValueError):
    """Something was asked for that cannot be: a config, a flag, an argument, an unknown name."""

    exit_status = 2


class DataError(BricksError, ValueError):
    """A data file or a stream is not what it must be."""


class ShapeError(BricksError, ValueError):
    """Shapes that do not fit together."""

    exit_status = 2


class CheckpointError(BricksError):
    """A checkpoint is damaged, or belongs to another model."""


class NotFiniteError(BricksError, ArithmeticError):
    """A training step produced a value that is not finite."""


def nearest(name: str, known: Iterable[str]) -> str:
    """The end of an "unknown name" message: the nearest known name, or all of them.

    >>> nearest("momentun", ["scale", "momentum", "adam"])
    "did you mean 'momentum'? (there are: adam, momentum, scale)"
    >>> nearest("x", [])
    'there are none'
    """
    known = sorted(known)
    if not known:
        return "there are none"
    listing = ", ".join(known) if len(known) <= 20 else ", ".join(known[:20]) + ", ..."
    close = difflib.get_close_matches(str(name), known, n=1)
    return f"did you mean {close[0]!r}? (there are: {listing})" if close else f"there are: {listing}"
