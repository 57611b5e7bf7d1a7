"""Seeing: diagrams of models and units, plots, reports of runs, the explorer of data sets.

What is here needs matplotlib and Jinja2, diagrams also Graphviz (`pip install 'bricks[view]'`); nothing loads before it
is asked for.
"""

from bricks.lazy import exports

_HOME: dict[str, str] = {
    "Drawing": "bricks.view.drawing",
    "diagram": "bricks.view.diagrams.models",
    "functional_diagram": "bricks.view.diagrams.functional",
    "unit_diagram": "bricks.view.diagrams.units",
    "wirings_table": "bricks.view.diagrams.wirings",
}

__all__ = sorted(_HOME)

__getattr__, __dir__ = exports(__name__, _HOME)
