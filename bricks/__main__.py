"""`python -m bricks VERB`: everything that is not training.

A verb is a module with `add_arguments(parser)` and `run(asked)`, which gives the exit status; its docstring is what
`--help` says. Nothing heavy is imported before `run`.
"""

import argparse
import importlib
import logging
import sys

from bricks.command_line import Parser, status_of
from bricks.errors import UsageError, nearest

VERBS = {
    "convert": ("bricks.commands.convert", "make one HDF5 file of original data files"),
    "evaluate": ("bricks.commands.evaluate", "measure a run's model on a set of its data"),
    "explore": ("bricks.commands.explore", "show what is in a data set: plots, duplicates, baselines"),
    "export": ("bricks.commands.export", "write a run for R, Matlab and Octave, NumPy or JAX"),
    "fetch": ("bricks.commands.fetch", "fetch the original files of a data set"),
    "info": ("bricks.commands.info", "show what is in a data file, and check it"),
    "log": ("bricks.commands.log", "show or compare what runs have logged"),
    "predict": ("bricks.commands.predict", "let a run's model predict for the examples in a file"),
    "report": ("bricks.commands.report", "make a page of a run, of several or of a sweep"),
}
"""From each verb to its module and what it does, in a line."""

PROGRAM = "python -m bricks"


def main(argv: list[str]) -> int:
    """Do what the command line `argv` asks for; the exit status."""
    return status_of(lambda: _main(argv))


def _main(argv: list[str]) -> int:
    if not argv or argv[0] in ("-h", "--help"):
        print(_help())
        return 0
    verb, *words = argv
    if verb == "--version":
        from bricks import __version__

        print(f"bricks {__version__}")
        return 0
    if verb not in VERBS:
        raise UsageError(f"no verb {verb!r}; {nearest(verb, VERBS)}")
    module = importlib.import_module(VERBS[verb][0])
    parser = Parser(
        prog=f"{PROGRAM} {verb}",
        description=module.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    module.add_arguments(parser)
    asked = parser.parse_intermixed_args(words)
    logging.basicConfig(format="warning: %(message)s", level=logging.WARNING)
    return module.run(asked)


def _help() -> str:
    width = max(map(len, VERBS))
    verbs = "\n".join(f"  {verb:{width}}  {line}" for verb, (_, line) in sorted(VERBS.items()))
    return (
        f"usage: {PROGRAM} VERB ...\n\n{verbs}\n\n"
        f"{PROGRAM} VERB --help tells the rest; train.py trains.\n"
        "Exit status: 0 done, 1 failed, 2 asked wrongly, 130 after Ctrl-C."
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
