"""What Fuel had and is not here any more: each use is an error that says what to take instead."""

import importlib.abc
import sys

FETCH = "`python -m bricks fetch NAME`, or `bricks.data.fetch_file` with a SHA-256 sum"
WRITE = (
    "read the originals with NumPy and write them by `fuel.converters.base.fill_hdf5_file` or `bricks.data.write_hdf5`"
)
WORKERS = "`bricks.data.DataStream(..., workers=4)` makes batches in processes of this machine"

MODULES = {
    "fuel.converters.adult": "`python -m bricks convert csv adult.data`; " + WRITE,
    "fuel.converters.binarized_mnist": WRITE,
    "fuel.converters.caltech101_silhouettes": WRITE,
    "fuel.converters.celeba": WRITE + "; `python -m bricks convert images FOLDER` takes pictures",
    "fuel.converters.dogs_vs_cats": "`python -m bricks convert images FOLDER`",
    "fuel.converters.ilsvrc2010": "`python -m bricks convert images FOLDER`",
    "fuel.converters.ilsvrc2012": "`python -m bricks convert images FOLDER`",
    "fuel.converters.youtube_audio": WRITE,
    "fuel.downloaders": FETCH,
    "fuel.utils.disk": "`shutil.disk_usage`",
    "fuel.utils.formats": "`tarfile.open`",
    "fuel.utils.lock": "nothing: files appear whole, so that readers need no locks",
    "fuel.utils.logging": "`logging`",
    "fuel.utils.parallel": WORKERS,
}
"""From each module that is gone to what to do instead."""


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, fullname, path=None, target=None):
        instead = MODULES.get("fuel.downloaders" if fullname.startswith("fuel.downloaders.") else fullname)
        if instead is not None:
            raise ModuleNotFoundError(f"{fullname} is gone; instead: {instead}", name=fullname)
        return None


def refuse_modules() -> None:
    """Let the import of a module that is gone say what to do instead."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


def gone(name: str, instead: str) -> type:
    """A class of this name that can be imported, and is an error where it is used.

    >>> gone("start_server", "something else")()
    Traceback (most recent call last):
    NotImplementedError: start_server is gone; instead: something else
    """

    def refuse(self, *args, **kwargs):
        raise NotImplementedError(f"{name} is gone; instead: {instead}")

    return type(name, (), {"__init__": refuse, "__doc__": f"Gone; instead: {instead}."})
