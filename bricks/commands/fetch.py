"""Fetch the original files of a data set over HTTPS: cifar10, cifar100, iris, mnist, svhn, svhn_extra.

Their SHA-256 sums are compared. What has arrived is kept after a cut or Ctrl-C, and gone on with the next time.
"""

import argparse
import sys
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("name", metavar="NAME", help="cifar10, cifar100, iris, mnist, svhn, svhn_extra")
    parser.add_argument("-d", "--directory", metavar="FOLDER", type=Path, help="by default NAME in the data folder")


def run(asked: argparse.Namespace) -> int:
    """Fetch, with a bar for each file on a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    from bricks.command_line import shown_path
    from bricks.data import fetch, writable_folder
    from bricks.data.downloads import ORIGINALS
    from bricks.errors import UsageError, nearest

    if asked.name not in ORIGINALS:
        raise UsageError(f"fetch: no data set {asked.name!r}; {nearest(asked.name, ORIGINALS)}")
    kind = asked.name.removesuffix("_extra")
    folder = asked.directory or writable_folder() / kind
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    console = Console(file=sys.stderr)
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        tasks: dict = {}

        def progress(name: str, done: int, total: int | None) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=total)
            bars.update(tasks[name], completed=done, total=total)

        paths = fetch(asked.name, folder, progress)
    for path in paths:
        print(f"{shown_path(path)}: {path.stat().st_size:,} bytes, with the right sum")
    print(f"next: python -m bricks convert {kind} {shown_path(folder)}")
    return 0
