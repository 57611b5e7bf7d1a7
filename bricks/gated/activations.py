"""The functions that neurons can have, by name."""

from collections.abc import Callable

import pytensor.tensor as pt

from bricks.errors import UsageError, nearest

ACTIVATIONS: dict[str, Callable] = {
    "identity": lambda a: a,
    "logistic": pt.sigmoid,
    "rectifier": lambda a: pt.maximum(a, 0),
    "softplus": pt.softplus,
    "tanh": pt.tanh,
}


def activation_of(given: str | Callable, who: str) -> Callable:
    """The function of that name, or the function that was given.

    >>> activation_of("tanh", "lstm/candidate: activation") is pt.tanh
    True
    """
    if callable(given):
        return given
    if not isinstance(given, str) or given not in ACTIVATIONS:
        raise UsageError(f"{who} must be one of {', '.join(ACTIVATIONS)}, or a function, got {given!r}; "
                         f"{nearest(str(given), ACTIVATIONS)}")  # fmt: skip
    return ACTIVATIONS[given]
