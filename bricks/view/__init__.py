"""Seeing: diagrams of models and units, plots, reports of runs, the explorer of data sets.

What is here needs matplotlib and Jinja2, diagrams also Graphviz (`pip install 'bricks[view]'`); nothing loads before it is
asked for.
"""

from bricks.lazy import exports

_HOME: dict[str, str] = {}

__all__ = sorted(_HOME)

__getattr__, __dir__ = exports(__name__, _HOME)
