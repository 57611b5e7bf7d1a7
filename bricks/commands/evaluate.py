"""Measure the model of a run on a set of the run's data: its cost, and what the run monitored.

The numbers are those of the run's own log, where nothing has changed since. The test set is for the end: by what it
says nothing should be chosen any more.
"""

import argparse
import json
import sys

from bricks.command_line import shown_path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("run", metavar="RUN", help="a run directory, or a file in it")
    parser.add_argument("--set", dest="which_set", metavar="SET", default="valid", help="train, valid (default), test")
    add_which(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def add_which(parser: argparse.ArgumentParser) -> None:
    """Whose parameters a verb takes."""
    parser.add_argument(
        "--which",
        choices=("best", "checkpoint"),
        help="parameters of the best epoch (default), or of the last step",
    )


def run(asked: argparse.Namespace) -> int:
    """Measure, and print what came."""
    from bricks.training import log as logs
    from bricks.training.loading import load

    trained = load(asked.run, which=asked.which)
    earlier = logs.last_test(trained.log)
    if asked.which_set == "test" and earlier:
        said = _sentence("test", earlier)
        print(f"note: the test set was read already in this run ({said}); choose nothing by it", file=sys.stderr)
    stream = trained.stream(asked.which_set)
    measured = trained.evaluate(asked.which_set, stream)
    where, examples = shown_path(trained.folder), stream.num_examples
    if asked.json:
        about = {"run": str(trained.folder), "set": asked.which_set, "examples": examples}
        about |= {"epoch": trained.epoch, "iteration": trained.iteration, "changed": trained.changed}
        print(json.dumps(about | logs.finite(measured)))
        return 0
    print(f"{where}: parameters of epoch {trained.epoch}, iteration {trained.iteration:,}")
    print(f"{asked.which_set}, {examples:,} examples: {_sentence(asked.which_set, measured)}")
    return 0


def _sentence(which_set: str, row: dict) -> str:
    from bricks.training.progress import shown

    entries = {key.removeprefix(f"{which_set}_"): row[key] for key in row if key.startswith(f"{which_set}_")}
    return ", ".join(
        f"{name.replace('_', ' ')} {shown(name, value) if isinstance(value, int | float) else json.dumps(value)}"
        for name, value in entries.items()
    )
