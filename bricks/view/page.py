"""Pages: one self-contained HTML file each, which asks nothing of a network and runs no script.

What a page is made of is `Markup`, and whatever else is put into it is escaped: names that people gave can't become
HTML. A policy in the page's head forbids every request, so that this holds also for what we may have overlooked.
"""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from bricks.files import atomic_path
from bricks.view import figures

LONGEST = 80
"""Characters of a name that are shown; the rest is in the tooltip, as far as `TOOLTIP`."""

TOOLTIP = 400

_UNSEEN = re.compile("[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff]")  # control characters, and halves of others

_MARK = b'<meta name="generator" content="bricks">'


@dataclass
class Section:
    """A part of a page with a heading, which the page's contents list.

    Parameters
    ----------
    title : str
    parts : list of Markup or str
        One below the other; a str is a paragraph.
    """

    title: str
    parts: list = field(default_factory=list)


def page(title: str, sections: Sequence[Section], lead: str = "", facts: Mapping[str, object] | None = None) -> str:
    """An HTML page.

    Parameters
    ----------
    title : str
    sections : list of Section
        Those without parts are left out.
    lead : str
        A sentence or two below the title.
    facts : mapping, optional
        What is to be seen first, as cards: from a label to a number or a few words.

    Examples
    --------
    >>> text = page("<b>", [Section("Curves", ["none yet"])], facts={"test error": "1.7 %"})
    >>> "<h1>&lt;b&gt;</h1>" in text, "<p>none yet</p>" in text, "script" in text
    (True, True, False)
    """
    light, dark = figures.colours()
    return _macros().page(
        title=title,
        sections=[section for section in sections if section.parts],
        lead=lead,
        facts=dict(facts or {}),
        light=light,
        dark=dark,
    )


def fragment(*parts: Markup) -> str:
    """Parts as a notebook shows them: with the page's style, which touches nothing else there.

    >>> fragment(table(["a"], [[1]])).startswith('<div class="bricks"')
    True
    """
    light, dark = figures.colours()
    return str(_macros().fragment(parts, light, dark)).strip()


def write(path: str | os.PathLike, text: str) -> None:
    """A page as a file, whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="replace")  # of file names that are no text


def is_ours(path: str | os.PathLike) -> bool:
    """Whether a file is a page, or a plot as PNG, that was written here: it may be replaced by a newer one.

    >>> is_ours(os.__file__)
    False
    """
    with open(path, "rb") as file:
        head = file.read(4096)
    return any(mark in head for mark in (_MARK, figures.PNG_MARK))


def table(header: Sequence[str], rows: Iterable[Sequence[object]], caption: str = "") -> Markup:
    """A table; numbers, and columns of nothing but numbers and gaps, are set flush right.

    Parameters
    ----------
    header : list of str
    rows : list of rows
        Markup, str, numbers, or None for a gap. Floats are shown by four digits; format them where others are meant.

    Examples
    --------
    >>> "<td class=number>0.3333</td>" in table(["a"], [[1 / 3]])
    True
    """
    rows = [list(row) for row in rows]
    numeric = [_all_numbers(row[k] for row in rows) for k in range(len(header))]
    return _macros().table(header, rows, numeric, caption)


def bullets(items: Iterable[Markup | str]) -> Markup:
    """Sentences below each other, each with a dot before it."""
    return _macros().bullets(list(items))


def legend(entries: Iterable[tuple[object, str]]) -> Markup:
    """What the colours of several plots mean: names, each with one of the colours of `figures`.

    >>> "var(--series-1)" in legend([("<b>", figures.SERIES[0])])
    True
    """
    return _macros().legend([(label, figures.variable(colour)) for label, colour in entries])


def figure(content: Markup, caption: str | Markup = "", wide: bool = False) -> Markup:
    """A plot, diagram or image with what it shows in words; a wide one is scrolled on a phone, not shrunk."""
    return _macros().figure(content, caption, wide)


def grid(parts: Iterable[Markup], least: int = 400, beyond: bool = False) -> Markup:
    """Parts beside each other, as many as have room for `least` pixels each; perhaps beyond the margins of the text."""
    return _macros().grid(list(parts), least, beyond)


def folded(summary: str, content: Markup | str) -> Markup:
    """Content that is shown when the summary is clicked."""
    return _macros().folded(summary, content)


def note(text: str | Markup) -> Markup:
    """A remark, such as that something was sampled or left out."""
    return _macros().note(text)


def code(text: str) -> Markup:
    """Text as it stands in a file or a terminal."""
    return _macros().code(text)


def name(text: object, most: int = LONGEST) -> Markup:
    """A name that somebody gave, escaped, and shortened in its middle where it is long.

    >>> name("<script>")
    Markup('<span>&lt;script&gt;</span>')
    >>> name("mlp/W")
    Markup('<span>mlp/<wbr>W</span>')
    >>> name("abcdefghij", most=7)
    Markup('<span title="abcdefghij">abc…hij</span>')
    """
    whole = str(text)
    shown = shortened(whole, most)
    breakable = escape(shown).replace("/", Markup("/<wbr>"))  # a path ends its line where a part of it does
    if shown == whole:
        return Markup("<span>{}</span>").format(breakable)
    return Markup('<span title="{}">{}</span>').format(shortened(whole, TOOLTIP), breakable)


def shortened(text: object, most: int = LONGEST) -> str:
    """A text of at most so many characters on one line, by leaving out its middle.

    >>> shortened("abcdefghij", 7), shortened("two\\nlines"), shortened("\\x01")
    ('abc…hij', 'two lines', '�')
    """
    line = _UNSEEN.sub("\ufffd", " ".join(str(text).split()) or str(text))
    if len(line) <= most:
        return line
    tail = (most - 1) // 2
    return f"{line[: most - 1 - tail]}…{line[len(line) - tail :]}"


def shown(value: object) -> str | Markup:
    """A value as a table shows it."""
    if value is None:
        return ""
    if isinstance(value, Markup):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return name(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"


def _all_numbers(values: Iterable[object]) -> bool:
    values = [value for value in values if value is not None]
    return bool(values) and all(isinstance(v, int | float) and not isinstance(v, bool) or _reads(v) for v in values)


def _reads(value: object) -> bool:
    """Whether a text is a number that was formatted: 1.71 %, 3,000, 0.2 ± 0.1."""
    bare = str(value).replace(",", "").replace("%", "").replace("±", "").replace("−", "-").split()
    try:
        return bool(bare) and not isinstance(value, Markup) and all(float(word) is not None for word in bare)
    except ValueError:
        return False


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("bricks.view"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["shown"] = shown
    environment.filters["name"] = name
    return environment


def _macros():
    return _environment().get_template("page.html").module
