"""Show what is in a data file: its sets and sources, their dtypes, shapes and axes, and how they are stored.

Of HDF5 files in Fuel's layout, and of IDX files. --check reads all of it, in a process of its own that damage may
bring down, and compares the check sums that the file has.
"""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bricks.data.contents import FileContents


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("file", metavar="FILE", type=Path)
    parser.add_argument("--check", action="store_true", help="read everything, and compare check sums")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(asked: argparse.Namespace) -> int:
    """Show, and check."""
    from bricks.command_line import shown_path
    from bricks.data import file_contents, read_idx
    from bricks.data.checking import check_file
    from bricks.data.idx import is_idx

    path = asked.file
    if is_idx(path):
        array = read_idx(path)
        about = {"file": str(path), "kind": "IDX", "dtype": str(array.dtype), "shape": list(array.shape)}
        print(json.dumps(about) if asked.json else f"{shown_path(path)}: IDX, {array.dtype} {array.shape}, read whole")
        return 0
    if asked.check:
        check_file(path)
    contents = file_contents(path)
    if asked.json:
        print(json.dumps({"file": str(path), "kind": "HDF5", **_plain(contents), "checked": asked.check}))
        return 0
    made = f", made by {contents.made_by}" if contents.made_by else ""
    print(f"{shown_path(path)}: HDF5 in Fuel's layout, {path.stat().st_size:,} bytes{made}")
    print(summary(contents))
    if asked.check:
        print(
            "checked: everything reads"
            + (", and has its check sums" if contents.has_sums else "; it has no check sums")
        )
    return 0


def summary(contents: "FileContents") -> str:
    """Sets and sources, in lines for a person."""
    lines = []
    for name, sources in contents.sets.items():
        counts = set(sources.values())
        few = f"{', '.join(sources)}" if set(sources) != set(contents.sources) else "all sources"
        lines.append(f"  set {name}: {' or '.join(f'{count:,}' for count in sorted(counts))} examples, {few}")
    for name, stored in contents.sources.items():
        source = stored.source
        shape = " x ".join("any" if size is None else str(size) for size in source.shape) or "a number"
        axes = ", ".join(label or "-" for label in source.axes)
        chunks = f"chunks of {stored.chunk:,} examples" if stored.chunk else "in one piece"
        packed = f", {stored.compression}" if stored.compression else ""
        varying = ", of varying length" if source.ragged else ""
        lines.append(f"  source {name}: {source.dtype}, {shape}{varying} (axes: {axes}); {chunks}{packed}")
        for key, value in stored.notes.items():
            text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            lines.append(f"    {key}: {text if len(text) <= 90 else text[:87] + '...'}")
    return "\n".join(lines)


def _plain(contents: "FileContents") -> dict:
    sources = {
        name: {
            "dtype": str(stored.source.dtype),
            "shape": list(stored.source.shape),
            "axes": list(stored.source.axes),
            "ragged": stored.source.ragged,
            "examples": stored.examples,
            "stored_bytes": stored.stored_bytes,
            "chunk": stored.chunk,
            "compression": stored.compression,
            "notes": stored.notes,
        }
        for name, stored in contents.sources.items()
    }
    return {"sets": contents.sets, "sources": sources, "made_by": contents.made_by, "has_sums": contents.has_sums}
