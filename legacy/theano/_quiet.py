"""PyTensor's advice to use its newer names, which is not for programs that were written before them."""

import warnings

ADVICE = (
    "The `broadcastable` keyword is deprecated",
    "Scan return signature will change",
    "The `mode` argument of `scan` is deprecated",
    "Setting default_update is deprecated",
    "pytensor.as_op is deprecated",
    r".* should implement `pullback` instead of `L_op`/`grad`",
)


def filter_advice() -> None:
    """Let it be ignored, in the whole process."""
    for message in ADVICE:
        for category in (DeprecationWarning, FutureWarning):
            warnings.filterwarnings("ignore", message, category)
