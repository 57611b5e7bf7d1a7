"""Helpers that programs took from Fuel: data files by name, attributes that are not pickled, subsets."""

import os

from fuel.config_parser import config
from fuel.utils.subset import Subset, iterable_fancy_indexing

__all__ = ["Subset", "do_not_pickle_attributes", "find_in_data_path", "iterable_fancy_indexing"]

MAKES = {
    "mnist.hdf5": "mnist",
    "cifar10.hdf5": "cifar10",
    "cifar100.hdf5": "cifar100",
    "iris.hdf5": "iris",
    "svhn_format_2.hdf5": "svhn 2",
}
"""From the name of a file to what `fuel-convert` makes it by."""


def find_in_data_path(filename):
    """The path of the first file or folder of this name in the folders of `config.data_path`; IOError without one."""
    folders = config.data_path
    for folder in folders:
        path = os.path.join(folder, filename)
        if os.path.exists(path):
            return path
    made = MAKES.get(filename)
    name = made.split()[0] if made else ""
    remedy = (
        f"`python -m bricks fetch {name} -d FOLDER` and `fuel-convert {made} -d FOLDER -o {folders[0]}` make it"
        if made
        else "name its folder in fuel.config.data_path, or in FUEL_DATA_PATH"
    )
    raise OSError(f"{filename}: not found in the data path, {os.pathsep.join(folders)}; {remedy}")


def do_not_pickle_attributes(*names):
    """A decorator of classes: these attributes aren't pickled; the class's `load()` makes them, also afterwards.

    >>> @do_not_pickle_attributes("bulky")
    ... class Holder:
    ...     def load(self):
    ...         self.bulky = list(range(3))
    >>> Holder().bulky
    [0, 1, 2]
    """

    def decorated(cls):
        for name in names:
            setattr(cls, name, _lazy(name))
        before = cls.__dict__.get("__getstate__") or getattr(cls, "__getstate__", None)

        def __getstate__(self):
            state = before(self) if before is not None else self.__dict__
            return {key: value for key, value in (state or {}).items() if key not in kept}

        kept = {f"_{name}" for name in names}
        cls.__getstate__ = __getstate__
        return cls

    return decorated


def _lazy(name: str) -> property:
    own = f"_{name}"

    def get(self):
        if own not in self.__dict__:
            self.load()
            if own not in self.__dict__:
                raise ValueError(f"{type(self).__name__}.load() must set {name!r}, which is not pickled; it did not")
        return self.__dict__[own]

    def put(self, value):
        self.__dict__[own] = value

    return property(get, put)
