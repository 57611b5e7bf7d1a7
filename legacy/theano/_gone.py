"""Names that can be imported and not used: each use is an error that says what there is instead.

Old programs import CUDA's modules at their top and use them, or not, further down; so the import must pass.
"""

import sys
import types

from bricks.errors import BricksError


class GoneError(BricksError, NotImplementedError, AttributeError):
    """Something of Theano's that is not there any more, or not yet."""


class Gone:
    """Stands for a function or a class that is gone; `isinstance(x, it)` is False.

    >>> pool = Gone("theano.tensor.signal.pool.pool_2d", "pooling comes later")
    >>> isinstance(3, pool)
    False
    >>> pool(ws=(2, 2))
    Traceback (most recent call last):
    ...
    theano._gone.GoneError: theano.tensor.signal.pool.pool_2d: pooling comes later
    """

    def __init__(self, name: str, instead: str):
        self.__dict__.update(__name__=name, __qualname__=name, __doc__=instead)

    def _raise(self, *args, **kwargs):
        raise GoneError(f"{self.__name__}: {self.__doc__}")

    __call__ = __getitem__ = __iter__ = __enter__ = __exit__ = _raise

    def __getattr__(self, name: str):
        if name.startswith("__"):
            raise AttributeError(name)
        self._raise()

    def __instancecheck__(self, instance) -> bool:
        return False

    def __subclasscheck__(self, subclass) -> bool:
        return False

    def __mro_entries__(self, bases):
        self._raise()

    def __repr__(self):
        return f"<gone: {self.__name__}>"


class GoneModule(types.ModuleType):
    """A module all whose names are gone, but for those that are given."""

    def __init__(self, name: str, instead: str, **names):
        super().__init__(name, f"Gone: {instead}")
        self.__dict__.update(names, __path__=[], __package__=name, _instead=instead)

    def __getattr__(self, name: str):
        if name.startswith("__"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        return Gone(f"{self.__name__}.{name}", self._instead)


def put(name: str, instead: str, **names) -> types.ModuleType:
    """A module of names that are gone, as `import` will find it."""
    module = GoneModule(name, instead, **names)
    sys.modules[name] = module
    parent, _, last = name.rpartition(".")
    if parent in sys.modules:
        setattr(sys.modules[parent], last, module)
    return module


def names(module: str, listing: str, instead: str) -> dict:
    """{name: what stands for it} for the names of a listing."""
    return {name: Gone(f"{module}.{name}", instead) for name in listing.split()}
