"""`fuel-download NAME`: the original files of a data set; `python -m bricks fetch` under Fuel's name."""

import sys
from pathlib import Path

from bricks.command_line import Parser, status_of
from bricks.commands import fetch


def main(args=None):
    """Fetch; the exit status."""
    parser = Parser(prog="fuel-download", description="Fetch the original files of a data set, their sums compared.")
    fetch.add_arguments(parser)
    parser.set_defaults(directory=Path())  # Fuel's: here
    return status_of(lambda: fetch.run(parser.parse_args(sys.argv[1:] if args is None else list(args))))
