"""`In` and `Param`: inputs with names, defaults and settings of their own."""

from pytensor.compile.io import In as _In

__all__ = ["In", "Param"]


class In(_In):
    """An input of a function.

    Parameters
    ----------
    variable : Variable
    name : str, optional
        By which it may be given; the variable's by default.
    value : optional
        What it is where a call gives none.
    update : Variable, optional
        `theano.function` refuses it and says what to do instead.
    mutable, borrow : bool
        Accepted: XLA never changes what it is given.
    strict, allow_downcast
        Whether values may be converted to the variable's type, and lose precision thereby.
    """

    def __init__(
        self,
        variable,
        name=None,
        value=None,
        update=None,
        mutable=None,
        strict=False,
        allow_downcast=None,
        autoname=True,
        implicit=None,
        borrow=None,
        shared=False,
    ):
        super().__init__(variable, name=name, strict=strict, allow_downcast=allow_downcast, autoname=autoname)
        self.value, self.update = value, update


def Param(  # noqa: N802 (Theano's name)
    variable, default=None, name=None, mutable=False, strict=False, allow_downcast=None, implicit=None, borrow=None
):
    """An input with a default: an older form of `In(variable, value=default)`."""
    return In(variable, name=name, value=default, strict=strict, allow_downcast=allow_downcast)
