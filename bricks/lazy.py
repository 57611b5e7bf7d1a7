"""Names of a package that load on first use (PEP 562), so that importing one room does not load them all.

And modules of others that others import long before they ask anything of them, if ever.
"""

import contextlib
import importlib
import sys
import types
from collections.abc import Mapping


def exports(package: str, homes: Mapping[str, str], rooms: tuple[str, ...] = ()):
    """The `__getattr__` and `__dir__` of a package.

    Parameters
    ----------
    package : str
        Its full name.
    homes : mapping
        From each exported name to the module that has it.
    rooms : tuple of str
        Submodules that are reached as attributes.
    """

    def get(name: str):
        if name in homes:
            value = getattr(importlib.import_module(homes[name]), name)
        elif name in rooms:
            value = importlib.import_module(f"{package}.{name}")
        else:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        setattr(sys.modules[package], name, value)
        return value

    def names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *homes, *rooms})

    return get, names


class _Later(types.ModuleType):
    """Stands for a module until something of it is asked for."""

    def __getattr__(self, name: str):
        return getattr(importlib.import_module(self.__name__), name)


@contextlib.contextmanager
def later(name: str):
    """Whoever imports the module of that name meanwhile gets it when something of it is first asked for.

    >>> with later("wave"):
    ...     import wave
    >>> "wave" in sys.modules, wave.open.__name__, "wave" in sys.modules
    (False, 'open', True)
    """
    if name in sys.modules:
        yield
        return
    sys.modules[name] = _Later(name)
    try:
        yield
    finally:
        if isinstance(sys.modules.get(name), _Later):
            del sys.modules[name]
