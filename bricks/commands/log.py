"""Show what runs have logged: the rows of one, several beside each other, or rows as they come.

One run: a row for each epoch, of those entries that --key names, or of all. What the test set said stands in the row of
the epoch whose parameters were tested. Several runs: the last of each or, with --key, that entry epoch by epoch.
"""

import argparse
from pathlib import Path

from bricks.errors import UsageError, nearest

SECONDS = 0.5
"""Between two looks at a log that is followed."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("runs", metavar="RUN", nargs="+", help="run directories, or files in them")
    parser.add_argument("--key", metavar="NAME", action="append", help="an entry, as valid_error; may be repeated")
    parser.add_argument("--follow", action="store_true", help="print rows as they come, until the test set is read")
    parser.add_argument("--csv", metavar="FILE", type=Path, help="write all numbers instead, a line for each epoch")
    parser.add_argument("--force", action="store_true", help="replace the CSV file if it is there")


def run(asked: argparse.Namespace) -> int:
    """Show, follow or write."""
    from bricks.training import folders
    from bricks.training.lab import Lab

    here = Lab(Path.cwd())
    found = dict.fromkeys(folders.find(here, word, needs=(folders.LOG,)) for word in asked.runs)
    paths = {name: folder / folders.LOG for name, folder in names(list(found)).items()}
    if asked.follow:
        if asked.csv:
            raise UsageError("log: --follow prints rows as they come, --csv writes those that there are; choose one")
        return _follow(paths, asked.key)
    rows = {name: by_epoch(path) for name, path in paths.items()}
    if asked.csv:
        return write_csv(asked.csv, rows, asked.key, asked.force)
    _show(rows, asked.key)
    return 0


def names(runs: list[Path]) -> dict[str, Path]:
    """What tells the runs apart, the ends of their paths: CONFIG/TIME, in a sweep a point, or more if it must be."""
    least = 1 if all(run.parent.name.startswith("sweep-") for run in runs) else 2
    length = next(n for n in range(least, 99) if len({run.parts[-n:] for run in runs}) == len(runs))
    return {"/".join(run.parts[-length:]): run for run in runs}


def by_epoch(path: Path) -> list[dict]:
    """A row for each epoch, numbers alone; what the test set said goes into the row of its epoch."""
    from bricks.training import log as logs

    rows: dict = {}
    for row in logs.read(path):
        numbers = _numbers(row)
        if logs.last_test([row]):
            numbers = {key: value for key, value in numbers.items() if key.startswith("test_")}
        rows.setdefault(row.get("epoch"), {}).update({"epoch": row.get("epoch"), **numbers})
    return list(rows.values())


def _numbers(row: dict, prefix: str = "") -> dict:
    """The numbers of a row; `{"time": {"total": 3}}` has `time_total`. None is a number that was not finite."""
    found = {}
    for key, value in row.items():
        if isinstance(value, dict):
            found |= _numbers(value, f"{prefix}{key}_")
        elif value is None or isinstance(value, int | float):
            found[prefix + key] = value
    return found


def columns_of(rows: list[dict], keys: list[str] | None) -> list[str]:
    """The entries to show, in the order in which they came up; UsageError for one that there is not."""
    known = list(dict.fromkeys(key for row in rows for key in row))
    for key in keys or ():
        if key not in known:
            raise UsageError(f"log: no entry {key!r}; {nearest(key, known)}")
    return [key for key in known if key in ("epoch", *keys)] if keys else known


def _show(rows: dict[str, list[dict]], keys: list[str] | None) -> None:
    everything = [row for part in rows.values() for row in part]
    columns = columns_of(everything, keys)
    if not everything:
        print("no rows yet")
    elif len(rows) == 1:
        _print_table(columns if keys else _for_people(columns), everything)
    elif keys:
        _print_beside(rows, [key for key in columns if key != "epoch"])
    else:
        last = [{"run": name, **{key: v for row in part for key, v in row.items()}} for name, part in rows.items()]
        _print_table(["run", *_for_people(columns)], last)


def _for_people(columns: list[str]) -> list[str]:
    """Without entries of single parameters and the like, whose names have slashes, and parts of the time."""
    return [column for column in columns if "/" not in column and (column == "time_total" or column[:5] != "time_")]


def _print_beside(rows: dict[str, list[dict]], keys: list[str]) -> None:
    """A line for each epoch, a column for each run and key."""
    lines: dict = {}
    titles = {}
    for name, part in rows.items():
        for key in keys:
            titles[name, key] = name if len(keys) == 1 else f"{key}\n{name}"
            for row in part:
                if key in row:
                    lines.setdefault(row["epoch"], {})[titles[name, key]] = row[key]
    table = [{"epoch": epoch, **lines[epoch]} for epoch in sorted(lines)]
    print(*keys, sep=", ")
    _print_table(["epoch", *titles.values()], table, as_key=keys[0])


def _print_table(columns: list[str], rows: list[dict], as_key: str | None = None) -> None:
    """Print what the rows have in these columns, as numbers of the entry `as_key`, or each of its own column's."""
    from rich.console import Console

    keys = {column: as_key if as_key and column != "epoch" else column for column in columns}
    cells = [[_cell(keys[column], row.get(column, "")) for column in columns] for row in rows]
    console = Console(highlight=False)
    table, width = _table(columns, cells, console)
    if console.is_terminal and width > console.width:
        table, width = _table([column.replace("_", "\n") for column in columns], cells, console)
    console.width = max(console.width, width)  # a terminal may break the lines; no number is left out
    console.print(table)


def _table(titles: list[str], cells: list[list[str]], console):
    """The table, and how many characters it is wide."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for title in titles:
        table.add_column(title, justify="left" if title == "run" else "right", no_wrap=True)
    for row in cells:
        table.add_row(*row)
    return table, console.measure(table, options=console.options.update(width=10_000)).maximum


def _cell(key: str, value) -> str:
    from bricks.training.progress import shown

    if isinstance(value, str):
        return value
    if value is None:
        return "not finite"
    if key.startswith("time_"):
        return f"{value:.1f}"
    return f"{value:,}" if isinstance(value, int) else shown(key, value)


def write_csv(path: Path, rows: dict[str, list[dict]], keys: list[str] | None, force: bool) -> int:
    from bricks.command_line import shown_path
    from bricks.commands.writing import check_writable, write_csv

    check_writable(path, force, suffixes=(".csv",))
    several = len(rows) > 1
    table = [{"run": name, **row} for name, part in rows.items() for row in part]
    columns = [*(["run"] if several else []), *columns_of([row for part in rows.values() for row in part], keys)]
    # None was a number that is not finite; an entry that a row lacks is an empty cell.
    cells = ([("nan" if row[key] is None else row[key]) if key in row else "" for key in columns] for row in table)
    write_csv(path, columns, cells)
    print(f"written: {shown_path(path)}, {len(table):,} rows")
    return 0


def _follow(paths: dict[str, Path], keys: list[str] | None) -> int:
    """Print rows as they come; until Ctrl-C, or until each run has read its test set."""
    import time

    from bricks.command_line import INTERRUPTED

    followed = [_Followed(path, f"{name}  " if len(paths) > 1 else "", keys) for name, path in paths.items()]
    try:
        while not all([log.look() for log in followed]):
            time.sleep(SECONDS)
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


class _Followed:
    """A log that grows, and may be cut back by a run that goes on from a checkpoint."""

    def __init__(self, path: Path, prefix: str, keys: list[str] | None):
        self.path, self.prefix, self.keys = path, prefix, keys
        self._seen: tuple | None = None
        self._ended = False
        self._rows: list[dict] = []

    def look(self) -> bool:
        """Print what is new; whether the run came to its end while it was followed."""
        from bricks.training import log as logs

        try:
            state = self.path.stat()
            if (state.st_size, state.st_mtime_ns) == self._seen:
                return self._ended
            rows = logs.read(self.path)
        except FileNotFoundError:  # of a run in which nothing was trained nothing is left
            raise UsageError(f"{self.path}: the log is gone") from None
        same = 0
        while same < min(len(rows), len(self._rows)) and rows[same] == self._rows[same]:
            same += 1
        if same < len(self._rows):
            back = f"epoch {rows[same - 1].get('epoch')}" if same else "its beginning"
            print(f"{self.prefix}(the run went back to {back})", flush=True)
        for row in rows[same:]:
            print(f"{self.prefix}{self._shown(row)}", flush=True)
        # What was there at first may be of an earlier end: the run may have been resumed since.
        self._ended = self._seen is not None and bool(rows[same:]) and logs.last_test(rows[-1:]) is not None
        self._seen, self._rows = (state.st_size, state.st_mtime_ns), rows
        return self._ended

    def _shown(self, row: dict) -> str:
        from bricks.training.progress import line

        numbers = {key: value for key, value in row.items() if self.keys is None or key in self.keys}
        return f"epoch {row.get('epoch')}  {line(numbers)}".rstrip()
