"""`fuel-convert NAME`: original data files to one HDF5 file.

By the converters here, and by those that the modules named in `config.extra_converters` have in `all_converters`.
"""

import importlib
import inspect
import os
import sys
import tempfile
from pathlib import Path

import h5py

from bricks.command_line import Parser, shown_path, status_of
from bricks.commands.info import summary
from bricks.data import file_contents
from bricks.data.layout import hdf5_errors
from bricks.errors import DataError, UsageError, nearest
from fuel import __version__
from fuel._gone import MODULES
from fuel.config_parser import config
from fuel.converters import all_converters
from fuel.converters.base import MissingInputFiles
from fuel.datasets import H5PYDataset


def main(args=None):
    """Convert, and say what was made; the exit status."""
    words = sys.argv[1:] if args is None else list(args)
    return status_of(lambda: _taught(words))


def _taught(words: list) -> int:
    try:
        return _main(words)
    except (MissingInputFiles, NotImplementedError) as error:
        raise DataError(f"fuel-convert: {error}") from error


def _main(words: list) -> int:
    converters = _converters()
    if words and not words[0].startswith("-") and words[0] not in converters:
        instead = MODULES.get(f"fuel.converters.{words[0]}")
        raise UsageError(
            f"fuel-convert: {words[0]} is gone; instead: {instead}"
            if instead
            else f"fuel-convert: no data set {words[0]!r}; {nearest(words[0], converters)}"
        )
    parser = Parser(prog="fuel-convert", description="Convert original data files to HDF5.")
    names = parser.add_subparsers(metavar="NAME", required=True)
    for name, fill_subparser in converters.items():
        own = names.add_parser(name, help=f"convert {name}")
        own.add_argument("-d", "--directory", default=os.getcwd(), help="where the original files are; here by default")
        own.add_argument("-o", "--output-directory", default=os.getcwd(), help="where the file goes; here by default")
        own.add_argument("-r", "--output-filename", help="its name; NAME.hdf5 by default")
        own.add_argument("--force", action="store_true", help="replace the file if it is there")
        own.set_defaults(converter=fill_subparser(own))
    asked = vars(parser.parse_args(words))
    converter, force, folder = asked.pop("converter"), asked.pop("force"), Path(asked.pop("output_directory"))
    if asked["output_filename"] is None:
        del asked["output_filename"]  # its default is the converter's
    default = getattr(inspect.signature(converter).parameters.get("output_filename"), "default", None)
    first = asked.get("output_filename", default)
    if isinstance(first, str):
        _check_free(folder / first, force)
    if not folder.is_dir():
        raise UsageError(f"{shown_path(folder)}: there is no such folder; make it, or name another with -o")
    # Made beside its place, and moved there when it is whole.
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        for made in map(Path, converter(output_directory=temporary, **asked)):
            _check_free(folder / made.name, force)
            _tag(made, f"fuel-convert {' '.join(words)}")
            contents = summary(file_contents(made))
            os.replace(made, folder / made.name)
            print(f"written: {shown_path(folder / made.name)}, {(folder / made.name).stat().st_size:,} bytes")
            print(contents)
    return 0


def _check_free(path: Path, force: bool) -> None:
    if path.exists() and not force:
        raise UsageError(f"{shown_path(path)}: is there already; --force replaces it")


def _tag(path: Path, command: str) -> None:
    """What made a file, as attributes; the converters of bricks leave them themselves."""
    with hdf5_errors(path):
        with h5py.File(path, "r") as file:
            if "fuel_convert_command" in file.attrs:
                return
        with h5py.File(path, "r+") as file:
            file.attrs["h5py_interface_version"] = H5PYDataset.interface_version.encode()
            file.attrs["fuel_convert_version"] = __version__.encode()
            file.attrs["fuel_convert_command"] = command.encode()


def _converters() -> dict:
    converters = dict(all_converters)
    for module in config.extra_converters:
        for name, fill_subparser in importlib.import_module(module).all_converters:
            if name in converters:
                raise UsageError(f"extra_converters: {module} has a converter {name!r}, which there is already")
            converters[name] = fill_subparser
    return converters
