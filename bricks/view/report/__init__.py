"""Reports: what a run, several runs or a sweep did, as one page each. A section of the page is a file here.

`material` gathers what a report is made from; each section takes that and gives a `Section`, or None where it doesn't
apply. Whatever can't be had (no best parameters yet, a lab that is gone) is a note on the page, not an error.
"""

from bricks.lazy import exports

_HOME = {
    "compare": "bricks.view.report.several",
    "report_run": "bricks.view.report.run",
    "report_sweep": "bricks.view.report.sweep",
}

__all__ = sorted(_HOME)

__getattr__, __dir__ = exports(__name__, _HOME)
