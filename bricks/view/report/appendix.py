"""What else there is of a run: its config, its versions, the end of its log, all folded."""

import json

from bricks.training import yamls
from bricks.view import page
from bricks.view.page import Section
from bricks.view.report.material import Logged

LINES = 20

LONGEST = 2000
"""Characters of a line of the log."""


def section(run: Logged) -> Section:
    """Config, versions, log."""
    parts: list = []
    if run.config:
        parts.append(page.folded("Config, with all defaults", page.code(yamls.dump(run.config))))
    if run.versions:
        rows = [[key, _plain(value)] for key, value in run.versions.items()]
        parts.append(page.folded("Versions and device", page.table(["what", "value"], rows)))
    rows = [*run.rows, *([run.test] if run.ended else [])][-LINES:]
    if rows:
        lines = "\n".join(json.dumps(row)[:LONGEST] for row in rows)
        parts.append(page.folded(f"The last {len(rows)} rows of the log", page.code(lines)))
    return Section("Config, versions, log", parts)


def _plain(value) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
