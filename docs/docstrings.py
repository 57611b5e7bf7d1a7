"""Docstrings as they are written here, made into reStructuredText.

They are to be read by `help()`: an equation is an indented block with nothing before it, and the example at the end has
no heading. In reStructuredText the one would be a quotation, in numpydoc's form the other one more parameter.
"""

import re

from sphinx.ext.napoleon import NumpyDocstring

_UNDERLINE = re.compile(r"-{3,}\s*")
_BAR = re.compile(r"\|(?=[^`]*(?:`[^`]*`[^`]*)*$)")  # outside of backticks: |x| is a size, no substitution
_PROSE = ("", "Notes", "Examples", "References")


def sections(lines: list[str]) -> list[str]:
    """Lines of a docstring, with `::` before bare indented blocks and a heading before a bare example.

    >>> sections(["Adds.", "", "    y = x + b", "", "Parameters", "----------", "b : int", "", ">>> 1", "1"])[2:5]
    ['::', '', '    y = x + b']
    """
    new: list[str] = []
    section, in_block, in_example = "", False, False
    for number, line in enumerate(lines):
        following = lines[number + 1] if number + 1 < len(lines) else ""
        indented, after_blank = line.startswith("  "), not new or not new[-1].strip()
        if _UNDERLINE.fullmatch(following) and line.strip() and not indented:
            section = line.strip()
        if line.startswith(">>> ") and after_blank and section not in _PROSE:
            section = "Examples"
            new += [section, "-" * len(section)]
        elif section in _PROSE and indented and after_blank and not in_block and not _is_introduced(new):
            new += ["::", ""]
        if line.strip():
            in_block = indented
        in_example = bool(line.strip()) and (in_example or line.startswith(">>> "))
        new.append(line if indented or in_example else _BAR.sub(r"\\|", line))
    return new


def _is_introduced(lines: list[str]) -> bool:
    """Whether what came last announces an indented block already: by `::`, or as a point of a list."""
    before = next((line for line in reversed(lines) if line.strip()), "")
    return before.rstrip().endswith("::") or before.lstrip().startswith(("- ", "* ", ".. "))


def _process(app, what, name, thing, options, lines: list[str]) -> None:
    # Napoleon would take the first words of a property's docstring, up to a colon, for its type.
    kind = "method" if what in ("property", "attribute", "data") else what
    lines[:] = str(NumpyDocstring(sections(lines), app.config, app, kind, name, thing, options)).splitlines()


def setup(app):
    """Instead of napoleon's own handler, whose settings are used."""
    app.setup_extension("sphinx.ext.napoleon")
    app.connect("autodoc-process-docstring", _process)
    return {"parallel_read_safe": True}
