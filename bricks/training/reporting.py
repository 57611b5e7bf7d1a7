"""The report at the end of a run, or of a sweep.

Pages belong to a room that may import all others, so that none of these knows it: it is looked for when it is needed.
"""

import importlib
from pathlib import Path


def report(folder: Path, is_sweep: bool = False) -> bool:
    """Make the report of what is over, in its directory. What goes wrong is said in a line and does no harm.

    Parameters
    ----------
    folder : Path
        Of a run, or of a sweep.
    is_sweep : bool

    Returns
    -------
    bool
        False if Ctrl-C stopped it.
    """
    return importlib.import_module("bricks.view.report.writing").at_end(folder, is_sweep)
