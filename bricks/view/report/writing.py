"""Reports as files: made while one is told what is being looked at, also at the end of a run, which none may harm.

Nothing heavy is imported before a function needs it: then what is missing is told, too.
"""

import shlex
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from rich.console import Console

from bricks.command_line import shown_path
from bricks.errors import BricksError

FILE = "report.html"
"""In the directory of a run, or of a sweep."""


def write_run(folder: Path, path: Path) -> None:
    """The report of a run."""
    from bricks.view.report.run import report_run

    _write(path, "the run", lambda progress: report_run(folder, progress))


def write_sweep(folder: Path, path: Path) -> None:
    """The report of a sweep."""
    from bricks.view.report.sweep import report_sweep

    _write(path, "the sweep", lambda progress: report_sweep(folder, progress))


def write_comparison(folders: Mapping[str, Path], path: Path) -> None:
    """Runs beside each other, by what they are to be called."""
    from bricks.view.report.several import compare

    _write(path, f"{len(folders)} runs", lambda progress: compare(folders, progress))


def at_end(folder: Path, is_sweep: bool = False) -> bool:
    """The report of a run, or a sweep, that is over: what goes wrong is said in a line.

    Returns
    -------
    bool
        False if Ctrl-C stopped it.
    """
    again = f"python -m bricks report {shlex.quote(shown_path(folder))}"
    try:
        (write_sweep if is_sweep else write_run)(folder, folder / FILE)
    except KeyboardInterrupt:
        print(f"interrupted; all is trained and tested, the report alone is missing: {again}", file=sys.stderr)
        return False
    except Exception as error:  # whatever it is: the run is done, and is worth more than its report
        why = " ".join(f"{'' if isinstance(error, BricksError) else type(error).__name__ + ': '}{error}".split())
        print(f"warning: no report: {why}; try it again: {again}", file=sys.stderr)
    return True


def _write(path: Path, what: str, make: Callable) -> None:
    from bricks.view import page

    began = time.monotonic()
    words = f"report: looking at {what}, which takes some seconds"
    console = Console(highlight=False)
    if console.is_terminal:
        with console.status(words) as status:
            text = make(lambda now: status.update(f"{words}: {now}"))
    else:
        print(words, flush=True)
        text = make(lambda now: None)
    try:
        page.write(path, text)
    except OSError as error:
        raise BricksError(f"{shown_path(path)}: can't be written: {error.strerror or error}") from None
    print(f"report: {shown_path(path)} ({time.monotonic() - began:.1f} s)", flush=True)
