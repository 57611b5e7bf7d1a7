"""Makes the tables of docs/legacy.md: what became of each public name of Theano and Fuel.

`python legacy/tables.py` writes them into the page; `legacy/names/LIBRARY.txt` lists the names, one a line:

    # a heading
    name                        works
    name | differs | how
    name | gone | what instead

A name that is said to work or to differ must be there, else the script refuses; so must what is gone be gone.
"""

import importlib
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "legacy.md"
LIBRARIES = ("theano", "fuel")
WORKS, DIFFERS, GONE = "works", "differs", "gone"


def resolve(name: str):
    """The object of a dotted name: the longest importable module, then attributes.

    >>> resolve("os.path.join").__name__
    'join'
    """
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        module = ".".join(parts[:length])
        try:
            found = importlib.import_module(module)
        except ModuleNotFoundError as error:
            if error.name is None or not module.startswith(error.name):
                raise
            continue
        for part in parts[length:]:
            found = getattr(found, part)
        return found
    raise ModuleNotFoundError(f"no module of {name} is there")


def is_there(name: str) -> bool:
    """Whether a name leads to something that is not only there to say that it is gone."""
    try:
        found = resolve(name)
    except (ImportError, AttributeError):
        return False
    return type(found).__name__ not in ("Gone", "GoneModule")


def sections(library: str) -> dict[str, list[tuple[str, str, str]]]:
    """{heading: (name, status, remark) of each of its names}, as the list says."""
    found: dict[str, list] = {}
    heading = ""
    for line in (HERE / "names" / f"{library}.txt").read_text().splitlines()[1:]:
        if line.startswith("#"):
            heading = line.lstrip("# ")
        elif line.strip():
            name, *said = [part.strip() for part in line.split("|", 2)]
            status, remark = [*said, "", ""][:2] if said else (WORKS, "")
            found.setdefault(heading, []).append((name, status, remark))
    return found


def read(library: str) -> list[tuple[str, str, str]]:
    """(name, status, remark) of each name of a library, compared with what is there."""
    rows = [row for section in sections(library).values() for row in section]
    for name, status, remark in rows:
        if status not in (WORKS, DIFFERS, GONE):
            raise SystemExit(f"{library}.txt: {name}: status must be works, differs or gone, got {status!r}")
        if status != WORKS and not remark:
            raise SystemExit(f"{library}.txt: {name}: {status} needs a remark: how, or what instead")
        if status != GONE and not is_there(name):
            raise SystemExit(f"{library}.txt: {name} is said to be there and isn't")
        if status == GONE and library == "theano" and is_there(name):
            raise SystemExit(f"{library}.txt: {name} is said to be gone and is there")
    return rows


def table(library: str) -> str:
    """The tables of a library in Markdown: under each heading a row of what works, then what differs, what is gone."""
    rows = read(library)
    count = {status: sum(row[1] == status for row in rows) for status in (WORKS, DIFFERS, GONE)}
    parts = [
        f"Of {len(rows)} names {count[WORKS]} work as they did, {count[DIFFERS]} differ, {count[GONE]} are gone.",
    ]
    for heading, names in sections(library).items():
        working = [name for name, status, _ in names if status == WORKS]
        lines = [f"### {heading}", "", "| name | status | how, or what instead |", "| --- | --- | --- |"]
        if working:
            lines.append(f"| {_joined(working)} | works | |")
        for wanted in (DIFFERS, GONE):
            lines += [f"| `{name}` | {status} | {remark} |" for name, status, remark in names if status == wanted]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _joined(names: list[str]) -> str:
    """Names side by side; what all of them begin with is said once.

    >>> _joined(["os.path.join", "os.path.split"])
    '`os.path.`: `join` `split`'
    """
    first = names[0].rpartition(".")[0] + "."
    if len(names) > 1 and all(name.startswith(first) for name in names):
        return f"`{first}`: " + " ".join(f"`{name[len(first) :]}`" for name in names)
    return " ".join(f"`{name}`" for name in names)


def page(text: str) -> str:
    """The page with its tables made anew."""
    for library in LIBRARIES:
        start, end = f"<!-- {library}: made by legacy/tables.py -->", f"<!-- {library}: end -->"
        before, _, rest = text.partition(start)
        _, _, after = rest.partition(end)
        text = f"{before}{start}\n\n{table(library)}\n\n{end}{after}"
    return text


if __name__ == "__main__":
    sys.path.insert(0, str(HERE))
    PAGE.write_text(page(PAGE.read_text()))
