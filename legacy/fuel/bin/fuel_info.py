"""`fuel-info FILE`: what is in a data file; `python -m bricks info` under Fuel's name."""

import sys

from bricks.command_line import Parser, status_of
from bricks.commands import info


def main(args=None):
    """Show; the exit status."""
    parser = Parser(prog="fuel-info", description="Show what is in a data file: its sets and sources.")
    info.add_arguments(parser)
    return status_of(lambda: info.run(parser.parse_args(sys.argv[1:] if args is None else list(args))))
