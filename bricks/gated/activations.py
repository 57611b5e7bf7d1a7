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
BOUNDS = {"logistic": (0, 1), "tanh": (-1, 1)}
"""Between which values those lie that have bounds."""
ALIASES = {"sigmoid": "logistic", "relu": "rectifier"}


def canonical(given):
    """The one name of an activation that has several; anything else as it is.

    >>> canonical("sigmoid"), canonical("tanh")
    ('logistic', 'tanh')
    """
    return ALIASES.get(given, given) if isinstance(given, str) else given


def activation_of(given: str | Callable, who: str) -> Callable:
    """The function of that name, or the function that was given.

    >>> activation_of("tanh", "lstm/candidate: activation") is pt.tanh
    True
    """
    if callable(given):
        return given
    name = canonical(given)
    if not isinstance(name, str) or name not in ACTIVATIONS:
        known = [*ACTIVATIONS, *ALIASES]
        raise UsageError(
            f"{who} must be one of {', '.join(known)}, or a function, got {given!r}; {nearest(str(given), known)}"
        )
    return ACTIVATIONS[name]
