"""Make a page of what a run, several runs or a sweep did: one HTML file, which needs no network and no server.

One run: curves, the model and its parameters, gradients and activations; of a classifier what it takes for what and
its most confident mistakes; of gated units activations, time constants, saturation and lesions. All of it is measured
on the valid set. Training makes it at its end (unless training.report=false); of an old, unfinished or moved run there
is what there can be. Several runs: their numbers, configs and curves beside each other. A sweep: its table, with
intervals.
"""

import argparse
from pathlib import Path

from bricks.errors import UsageError

COMPARISON = "comparison.html"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("runs", metavar="RUN", nargs="+", help="run directories, or files in them; or one sweep")
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        type=Path,
        help=f"where to write; by default RUN/report.html, of several runs {COMPARISON} here",
    )
    parser.add_argument("--force", action="store_true", help="replace a file that is no page of ours")


def run(asked: argparse.Namespace) -> int:
    """Find the runs, and write the page."""
    from bricks.commands.log import names
    from bricks.training import folders
    from bricks.training.lab import Lab
    from bricks.view.report import writing

    here = Lab(Path.cwd())
    sweeps = [folders.find_sweep(here, word) for word in asked.runs]
    if any(sweeps) and len(sweeps) > 1:
        raise UsageError("report: takes one sweep, or runs; to compare runs of a sweep, give their directories")
    if sweeps[0]:
        path = asked.output or sweeps[0] / writing.FILE
        _check(path, asked.force)
        writing.write_sweep(sweeps[0], path)
        return 0
    chosen = list(dict.fromkeys(folders.find(here, word, needs=(folders.CONFIG,)) for word in asked.runs))
    path = asked.output or (chosen[0] / writing.FILE if len(chosen) == 1 else Path(COMPARISON))
    _check(path, asked.force)
    if len(chosen) == 1:
        writing.write_run(chosen[0], path)
    else:
        writing.write_comparison(names(chosen), path)
    return 0


def _check(path: Path, force: bool) -> None:
    """UsageError where no page can be written, or it would take the place of what we have not written."""
    from bricks.commands.writing import check_writable
    from bricks.view.page import is_ours

    ours = path.is_file() and is_ours(path)
    check_writable(path, force or ours, suffixes=(".html",))
