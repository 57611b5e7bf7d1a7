"""Names of a package that load on first use (PEP 562), so that importing one room does not load them all."""

import importlib
import sys
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
