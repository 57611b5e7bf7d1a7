"""The explorer of data sets: what is in a file, sixteen plots at once, duplicates, outliers and baselines, on one page.

The way of the data: `opening` finds what a name or a file means; `passing` goes through it once, block by block, for
statistics, hashes of rows and a random sample; `roles` tells features from targets; `examples` makes a vector of each
example of the sample. From these come plots (`panels`, `plots_*`), `neighbours` and `duplicates`, and `baselines`;
`sections` puts them on a page. Nothing is read but by `opening` and `passing`, and nothing is larger than they allow.
"""

from bricks.lazy import exports

_HOME = {
    "Options": "bricks.view.explorer.options",
    "explore": "bricks.view.explorer.exploring",
}

__all__ = sorted(_HOME)

__getattr__, __dir__ = exports(__name__, _HOME)
