"""Makes the tables of docs/legacy.md: what became of each public name of Theano and Fuel.

`python legacy/tables.py` writes them into the page; `legacy/names/LIBRARY.txt` lists the names, one a line:

    name                        works if it resolves
    name | differs | how
    name | gone | what instead

A name listed without a word works if it can be resolved, else the script refuses.
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


def read(library: str) -> list[tuple[str, str, str]]:
    """(name, status, remark) of each name of a library, checked: what works or differs must resolve."""
    rows = []
    for line in (HERE / "names" / f"{library}.txt").read_text().splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        name, status, remark = (
            ([part.strip() for part in line.split("|", 2)] + [WORKS, ""])[:3]
            if ("|" not in line)
            else [part.strip() for part in line.split("|", 2)]
        )
        if status not in (WORKS, DIFFERS, GONE):
            raise SystemExit(f"{library}.txt: {name}: status must be works, differs or gone, got {status!r}")
        if status != WORKS and not remark:
            raise SystemExit(f"{library}.txt: {name}: {status} needs a remark: how, or what instead")
        if status != GONE:
            try:
                resolve(name)
            except (ImportError, AttributeError) as error:
                raise SystemExit(f"{library}.txt: {name} is said to be there and isn't: {error}") from None
        rows.append((name, status, remark))
    return rows


def table(library: str) -> str:
    """The table of a library in Markdown."""
    rows = [f"| `{name}` | {status} | {remark} |" for name, status, remark in read(library)]
    return "\n".join(["| name | status | |", "| --- | --- | --- |", *rows])


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
