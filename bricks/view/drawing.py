"""Drawings: graphs that Graphviz has laid out, as SVG for a notebook or a page, and as files.

Colours are those of `figures`, light and dark. What people named goes into a graph by `text`, which shortens and
escapes it, and never as the identifier of a node, so that it can't become markup of Graphviz or of SVG.
"""

import hashlib
import os
import re
import sys
import tempfile
import threading
import xml.etree.ElementTree as tree
from collections.abc import Mapping
from contextlib import contextmanager
from functools import cached_property
from html import escape
from pathlib import Path

from bricks.errors import UsageError
from bricks.files import atomic_path
from bricks.view.figures import FAINT, INK, colours
from bricks.view.page import TOOLTIP, shortened

PAPER = {"#ffffff": "#12161f"}
"""What a drawing lies on, light and dark, as a page has it: so it's legible wherever it is put."""

FONT = "Helvetica,Arial,sans-serif"  # one metric on every system: Arial, Liberation Sans, Arimo, Nimbus Sans
PNG_DPI = 192
SIZE = 10.5
"""Of plain text, in points: the 14 pixels that notebooks and pages have."""

_LETTER = re.compile(r"(?<![^\W_])([^\W\d_])(?![^\W_ᵀ⁰¹²³⁴-⁹⁻])")
_NUMBER = re.compile(r"-?\d+\.\d+")
_NUMBERS = ("d", "points", "x", "y", "cx", "cy", "rx", "ry", "font-size")
_EDGES = re.compile(r"^ +| +$")
_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
_SVG = "http://www.w3.org/2000/svg"
_DARK = {light: dark for light, dark in zip(*(each.values() for each in colours()), strict=True)} | PAPER
_graphviz = threading.Lock()  # it keeps some of its state in globals


class Drawing:
    """A graph as a picture.

    Parameters
    ----------
    graph : AGraph
        As `new` makes it, with nodes and edges.
    description : str
        For those who don't see it.
    titles : mapping, optional
        From names of nodes to what is shown when the mouse rests on them.
    program : {"dot", "nop2"}
        Graphviz's layout: in layers, or where the graph's own positions say.

    Attributes
    ----------
    svg : str
        It changes with a reader's dark mode, and refers to nothing outside itself.
    png, pdf : bytes
        Light.

    >>> graph = new()
    >>> graph.add_node("a", label=f"<{text('x < y')}>")
    >>> drawing = Drawing(graph, "one box", titles={"a": "all of it"})
    >>> drawing
    <Drawing: one box>
    >>> "x &lt; y" in drawing.svg, "<title>all of it</title>" in drawing.svg
    (True, True)
    """

    def __init__(self, graph, description: str, titles: Mapping[str, str] | None = None, program: str = "dot"):
        self.graph, self.description, self.program = graph, plain(description, TOOLTIP), program
        self.titles = dict(titles or {})

    @cached_property
    def svg(self) -> str:
        return _finished(self._drawn("svg").decode(), self.description, self.titles)

    @property
    def png(self) -> bytes:
        return self._drawn("png", dpi=str(PNG_DPI))

    @property
    def pdf(self) -> bytes:
        return self._drawn("pdf")

    def save(self, path: str | os.PathLike) -> None:
        """Write the picture as the path's ending says: .svg, .png or .pdf; whole or not at all.

        Raises
        ------
        UsageError
            If it says something else.
        """
        path = Path(path)
        kind = path.suffix.lower().lstrip(".")
        if kind not in ("svg", "png", "pdf"):
            raise UsageError(f"drawing: a file must end in .svg, .png or .pdf, got {path.name!r}")
        content = getattr(self, kind)
        with atomic_path(path) as temporary:
            temporary.write_bytes(content.encode() if isinstance(content, str) else content)

    def _drawn(self, kind: str, **attributes) -> bytes:
        with _graphviz, _without_font_warnings():
            self.graph.graph_attr.update(attributes)
            try:
                return self.graph.draw(format=kind, prog=self.program)
            finally:
                for name in attributes:
                    self.graph.graph_attr[name] = ""

    def _repr_svg_(self) -> str:
        return self.svg

    def __repr__(self):
        return f"<Drawing: {self.description}>"


def new(**attributes):
    """An empty graph in our style.

    Raises
    ------
    UsageError
        If Graphviz isn't there.
    """
    try:
        from pygraphviz import AGraph
    except ImportError as error:
        raise UsageError(f"diagrams are drawn by Graphviz: {error}; pip install 'bricks[view]'") from None
    graph = AGraph(directed=True, strict=False, bgcolor=next(iter(PAPER)), pad="0.12", **attributes)
    graph.graph_attr.update(fontname=FONT, fontsize=SIZE, fontcolor=INK)
    graph.node_attr.update(fontname=FONT, fontsize=SIZE, fontcolor=INK, color=FAINT, shape="box", margin="0.08,0.05")
    graph.edge_attr.update(fontname=FONT, fontsize=SIZE - 1.5, fontcolor=FAINT, color=FAINT, arrowsize="0.7")
    return graph


def tint(colour: str, strength: int = 26) -> str:
    """A colour to fill with, seen through to the paper, light or dark: of 255 parts so many."""
    return f"{colour}{strength:02x}"


def plain(given: object, most: int = 40) -> str:
    """A text of at most so many characters that can be shown: on one line, without what isn't a character."""
    line = shortened(given, most).encode("utf-8", "replace").decode()
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in line)


def text(given: object, most: int = 40, **how) -> str:
    """A text to stand in a label between < and >, escaped and shortened.

    Parameters
    ----------
    **how
        Of Graphviz's FONT: color, point_size; and bold, italic.

    >>> text("<script>", bold=True), text("a & b", color="#1d2433", point_size=8)
    ('<B>&lt;script&gt;</B>', '<FONT COLOR="#1d2433" POINT-SIZE="8">a &amp; b</FONT>')
    """
    return styled(escaped(plain(given, most)), **how)


def escaped(given: str) -> str:
    """Text for a label: without markup, and without the escapes of Graphviz, which it expands here too."""
    return escape(given, quote=False).replace("\\", "\\\\")


def styled(label: str, bold: bool = False, italic: bool = False, **font) -> str:
    """A label that is text already, in a font."""
    if not label:
        return ""
    label = f"<B>{label}</B>" if bold else label
    label = f"<I>{label}</I>" if italic else label
    given = "".join(f' {name.upper().replace("_", "-")}="{value}"' for name, value in font.items())
    return f"<FONT{given}>{label}</FONT>" if given else label


def maths(formula: str, **how) -> str:
    """A formula for a label: letters that stand alone in italics, what follows `_` below the line.

    >>> maths("h_t = tanh(a_{t-1})")
    '<I>h</I><SUB><I>t</I></SUB> = tanh(<I>a</I><SUB><I>t</I>−1</SUB>)'
    """
    parts = []
    for piece in re.split(r"(_\{[^}]*\}|_\w)", formula):
        below = piece.startswith("_") and len(piece) > 1
        piece = piece[1:].strip("{}").replace("-", "−") if below else piece
        words = (escaped(word) if k % 2 == 0 else f"<I>{word}</I>" for k, word in enumerate(_LETTER.split(piece)))
        piece = "".join(words)
        parts.append(f"<SUB>{piece}</SUB>" if below else piece)
    return styled("".join(parts), **how)


def table(rows: list[list[str]], align: str = "LEFT", **attributes) -> str:
    """Labels in rows and columns, as one label."""
    given = {"border": 0, "cellborder": 0, "cellspacing": 0, "cellpadding": 1, **attributes}
    head = "".join(f' {name.upper()}="{value}"' for name, value in given.items())
    body = "".join(f"<TR>{''.join(_cell(cell, align) for cell in row)}</TR>" for row in rows)
    return f"<TABLE{head}>{body}</TABLE>"


def _cell(cell: str, align: str) -> str:
    return cell if cell.startswith("<TD") else f'<TD ALIGN="{align}">{cell}</TD>'


def _finished(svg: str, description: str, titles: Mapping[str, str]) -> str:
    """Graphviz's SVG made fit for a page: one font, no identifiers, dark colours too."""
    tree.register_namespace("", _SVG)
    bare = re.sub(r"<!DOCTYPE[^>]*>|<\?xml.*?\?>|<!--.*?-->", "", svg, flags=re.DOTALL)
    root = tree.fromstring(bare)
    used = set()
    for element in root.iter():
        for part in ("text", "tail"):
            if (getattr(element, part) or "").isspace():
                setattr(element, part, None)
        for name, value in element.items():
            if name in _NUMBERS:
                element.set(name, _NUMBER.sub(lambda number: f"{float(number[0]):.1f}".removesuffix(".0"), value))
        if element.get("text-anchor") == "start":
            del element.attrib["text-anchor"]
        element.attrib.pop("id", None)
        if element.attrib.pop(_SPACE, None):  # which not every reader knows
            element.text = _EDGES.sub(lambda spaces: "\N{NO-BREAK SPACE}" * len(spaces[0]), element.text or "")
        if element.attrib.pop("font-family", None) and element.attrib.pop("baseline-shift", None):
            size = float(element.get("font-size"))
            element.set("font-size", f"{size * 0.75:.2f}")
            element.set("y", f"{float(element.get('y')) + size * 0.2:.1f}")
        used.update((kind, element.get(kind)) for kind in ("fill", "stroke") if element.get(kind) in _DARK)
    for parent in list(root.iter()):
        for title in parent.findall(f"{{{_SVG}}}title"):
            shown = titles.get(title.text)
            if shown is None:
                parent.remove(title)
            else:
                title.text = plain(shown, TOOLTIP)
    scope = "d" + hashlib.sha1(svg.encode()).hexdigest()[:8]
    rules = "".join(f'.{scope} [{kind}="{light}"]{{{kind}:{_DARK[light]}}}' for kind, light in sorted(used))
    style = tree.Element("style")
    style.text = f"@media(prefers-color-scheme:dark){{{rules}}}"
    label = tree.Element("title")
    label.text = description
    root.insert(0, label)
    root.insert(1, style)
    width, height = (float(root.attrib.pop(side).removesuffix("pt")) * 4 / 3 for side in ("width", "height"))
    root.attrib |= {"width": f"{width:.0f}", "height": f"{height:.0f}", "role": "img", "aria-label": description}
    root.attrib |= {"class": scope, "font-family": FONT, "style": "max-width:100%;height:auto"}
    return tree.tostring(root, encoding="unicode")


@contextmanager
def _without_font_warnings():
    """Keep off the terminal that the wheel's own fontconfig is older than the system's, and that a shape whose size is
    given is narrow; all else is said."""
    try:
        sys.stderr.flush()
        kept = os.dup(2)
    except (OSError, AttributeError):  # no terminal at all
        yield
        return
    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            said.seek(0)
            lines = said.read().decode(errors="replace").splitlines()
            for line in lines:
                if line and "Fontconfig" not in line and "too small for label" not in line:
                    print(line, file=sys.stderr)
