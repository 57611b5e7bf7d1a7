"""How a log shows itself in a notebook: curves, and the last of its rows."""

from collections.abc import Sequence

from bricks.training.progress import shown as told
from bricks.view import page
from bricks.view.report import curves
from bricks.view.report.material import Logged, number

LAST = 5
"""Rows in the table."""

MOST = 8
"""Columns in the table, after the epoch."""


class Unfiled(Logged):
    """Rows that lie in no run's directory."""

    def __init__(self, rows: Sequence[dict]):
        self.folder, self.missing = None, []
        self.config, self.versions = {}, {}
        self.take(list(rows))

    @property
    def watch(self) -> str:
        return "valid_error" if any("valid_error" in row for row in self.rows) else "valid_cost"


def shown(rows: Sequence[dict]) -> str:
    """HTML for a notebook.

    >>> "<svg" in shown([{"epoch": n, "iteration": 5 * n, "train_cost": 1 / n, "time": {"total": n}} for n in (1, 2)])
    True
    """
    if not rows:
        return page.fragment(page.note("An empty log: no epoch is finished."))
    run = Unfiled(rows)
    section = curves.section(run)
    return page.fragment(*(section.parts if section else []), _table(rows))


def _table(rows: Sequence[dict]):
    numbers = [key for row in rows for key, value in row.items() if value is None or number(value) is not None]
    columns = [key for key in dict.fromkeys(numbers) if key not in ("epoch", "iteration")][:MOST]
    header = ["epoch", "iteration", *(page.shortened(key.replace("_", " "), 30) for key in columns)]
    last = [[row.get("epoch"), row.get("iteration"), *(_told(key, row.get(key)) for key in columns)] for row in rows]
    left = f"The last {LAST} of {len(rows)} rows." if len(rows) > LAST else ""
    return page.table(header, last[-LAST:], left)


def _told(key: str, value) -> str | None:
    return None if number(value) is None else told(key, value)
