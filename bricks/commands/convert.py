"""Convert original data files to one HDF5 file in Fuel's layout, which `H5PYDataset` opens.

  arff      a table of Weka's, .arff
  cifar10   cifar-10-binary.tar.gz, or the folder that it is in or was unpacked to
  cifar100  cifar-100-binary.tar.gz, or the folder that it is in or was unpacked to
  csv       a table, a line for each example
  images    a folder of pictures: CLASS/..., or SET/CLASS/...
  iris      iris.data, or the folder that it is in
  mnist     a folder with the four IDX files, packed by gzip
  svhn      a folder with train_32x32.mat, test_32x32.mat and, if it is there, extra_32x32.mat

Check sums of known originals are compared, except with --unchecked.
"""

import argparse
import os
import re
from pathlib import Path

from bricks.errors import UsageError, nearest

SUFFIXES = (".hdf5", ".h5")

FLAGS = {"which_set": "--set"}  # what an option is called here, where it is not `--option`


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("kind", metavar="KIND", help="what it is, as above")
    parser.add_argument("source", metavar="SOURCE", type=Path, help="a file or folder, as the kind takes it")
    parser.add_argument(
        "-o", "--output", metavar="FILE", type=Path, help="by default KIND.hdf5, or SOURCE's name, here"
    )
    parser.add_argument("--force", action="store_true", help="replace the output if it is there")
    parser.add_argument("--compression", choices=("gzip", "lzf"), help="gzip: small, lzf: fast; none by default")
    parser.add_argument("--unchecked", action="store_true", default=None, help="take originals that have other sums")
    parser.add_argument(
        "--target", metavar="COLUMN", help="csv, arff: by default the one called class, target or label"
    )
    parser.add_argument("--set", dest="which_set", metavar="SET", help="csv, arff: what the set is called; all")
    parser.add_argument("--dtype", metavar="DTYPE", help="csv, arff: of the features, float64 (default) or float32")
    parser.add_argument("--delimiter", metavar="CHARACTER", help="csv: between cells, a comma; tab for that")
    parser.add_argument(
        "--header",
        choices=("yes", "no"),
        help="csv: whether the first line names the columns; by default where none of it is a number",
    )
    parser.add_argument("--size", metavar="HxW", help="images: height and width to resize to")
    parser.add_argument("--grey", action="store_true", default=None, help="images: one channel, not three")


def run(asked: argparse.Namespace) -> int:
    """Convert, and say what is in the file."""
    import bricks.data
    from bricks.command_line import shown_path
    from bricks.commands.info import summary
    from bricks.commands.writing import check_writable
    from bricks.data.converters import CONVERTERS

    if asked.kind not in CONVERTERS:
        raise UsageError(f"convert: no kind {asked.kind!r}; {nearest(asked.kind, CONVERTERS)}")
    options = _options(asked)
    source = Path(os.path.abspath(asked.source))  # which may be "."
    own = source.name if source.is_dir() else source.stem
    output = asked.output or Path(f"{own if asked.kind in _OWN else asked.kind}.hdf5")
    check_writable(output, asked.force, suffixes=SUFFIXES)
    if asked.source.absolute() == output.absolute():
        raise UsageError(f"{shown_path(output)}: is the source; name another output with -o")
    getattr(bricks.data, f"convert_{asked.kind}")(asked.source, output, compression=asked.compression, **options)
    print(f"written: {shown_path(output)}, {output.stat().st_size:,} bytes")
    print(summary(bricks.data.file_contents(output)))
    return 0


_OWN = ("arff", "csv", "images")
"""Kinds whose data has no name but that of its source."""


def _options(asked: argparse.Namespace) -> dict:
    """What was asked for besides, as the converter's arguments; a UsageError for what it does not have."""
    from bricks.data.converters import CONVERTERS

    every = dict.fromkeys(option for options in CONVERTERS.values() for option in options)
    given = {option: getattr(asked, option) for option in every if getattr(asked, option) is not None}
    for option in given:
        if option not in CONVERTERS[asked.kind]:
            kinds = ", ".join(kind for kind, options in CONVERTERS.items() if option in options)
            raise UsageError(f"convert: {FLAGS.get(option, f'--{option}')} is for {kinds}, not for {asked.kind}")
    if given.pop("unchecked", None):
        given["checksums"] = None
    if "header" in given:
        given["header"] = given["header"] == "yes"
    if given.get("delimiter") in ("tab", "\\t"):
        given["delimiter"] = "\t"
    if "size" in given:
        found = re.fullmatch(r"([1-9]\d*)x([1-9]\d*)", given["size"])
        if not found:
            raise UsageError(f"convert: --size must be HEIGHTxWIDTH, as 32x32, got {given['size']!r}")
        given["size"] = int(found[1]), int(found[2])
    return given
