"""Plots: matplotlib in one style, as SVG for a page, light and dark, or as PNG.

Colours are a page's variables: what is drawn in `INK` or in one of `SERIES` gets, as SVG, the page's own ink or series
colour, by which a reader's dark mode changes them. No figure is known to pyplot, so none needs closing.
"""

import base64
import contextlib
import io
import itertools
import os
import re
import warnings

import numpy as np
from markupsafe import Markup, escape
from matplotlib import rc_context
from matplotlib.figure import Figure

from bricks.files import atomic_path

INK, FAINT, LINE = "#1d2433", "#5d6678", "#d9dde5"
"""Of text, of what is less important, of axes and grids."""

SERIES = (
    "#2f6fd0",
    "#d9730d",
    "#2c8a57",
    "#c93c4b",
    "#7b52c4",
    "#12858f",
    "#8a6240",
    "#c2478f",
    "#7d8423",
    "#6b7280",
)
"""Ten colours that are told apart, also by most who see fewer, on white and, in their dark form, on black."""

_DARK = {
    INK: "#e6e9f0",
    FAINT: "#a3acbd",
    LINE: "#3a4252",
    **dict(
        zip(
            SERIES,
            (
                "#7db0ff",
                "#ffa657",
                "#6fd39b",
                "#ff8b95",
                "#bd9cff",
                "#5cd0d8",
                "#d3a985",
                "#f59ad0",
                "#cfd36a",
                "#b4bac6",
            ),
            strict=True,
        )
    ),
}
_VARIABLE = {INK: "--ink", FAINT: "--faint", LINE: "--line", **{c: f"--series-{k}" for k, c in enumerate(SERIES, 1)}}

WIDTH, HEIGHT = 4.6, 2.9
"""Inches of a plot that is legible at a phone's width and stands beside another one on a screen."""

PNG_DPI = 150
"""Also of images within a plot that is otherwise SVG."""

PNG_MARK = b"Software\0bricks"
"""Stands in the head of PNG files that were saved here."""

_STYLE = {
    "axes.axisbelow": True,
    "axes.edgecolor": LINE,
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.labelcolor": FAINT,
    "axes.labelsize": 9,
    "axes.prop_cycle": f"cycler('color', {list(SERIES)})",
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "figure.facecolor": "white",
    "font.family": "sans-serif",
    "font.size": 9,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "image.cmap": "viridis",
    "image.interpolation": "nearest",
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "lines.linewidth": 1.6,
    "lines.markersize": 4,
    "svg.fonttype": "none",
    "text.color": INK,
    "text.parse_math": False,  # a name with dollars stays what it is
    "xtick.color": LINE,
    "xtick.labelcolor": FAINT,
    "xtick.labelsize": 8.5,
    "ytick.color": LINE,
    "ytick.labelcolor": FAINT,
    "ytick.labelsize": 8.5,
}
_number = itertools.count()


def style():
    """Within it, or in a function that it decorates, matplotlib draws in our style; what others set is left alone.

    >>> import matplotlib
    >>> with style():
    ...     matplotlib.rcParams["legend.frameon"]
    False
    >>> matplotlib.rcParams["legend.frameon"]
    True
    """
    return rc_context(_STYLE)


def new(width: float = WIDTH, height: float = HEIGHT, rows: int = 1, columns: int = 1, **how):
    """A figure and its axes, as `pyplot.subplots` gives them; to be called, and drawn on, within `style`.

    Parameters
    ----------
    width, height : float
        Inches.
    rows, columns : int
        Of axes.
    **how
        For `Figure.subplots`.

    Returns
    -------
    figure : Figure
    axes : Axes or array of Axes
    """
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(rows, columns, **how)


def logarithmic(axes, which: str, words=lambda value: f"{value:g}") -> None:
    """A logarithmic axis, "x" or "y", with plain numbers: matplotlib's are formulas, which aren't read here.

    Call it when all is drawn; `words` is how a number is written.
    """
    getattr(axes, f"set_{which}scale")("log")
    axis = getattr(axes, f"{which}axis")
    axis.set_major_formatter(lambda value, _: words(value))
    low, high = axis.get_view_interval()
    few = 0 < low and high / low < 100  # else powers of ten are enough
    axis.set_minor_formatter(lambda value, _: words(value) if few and f"{value:e}"[0] in "25" else "")


def legend_above(axes, **how) -> None:
    """The legend on the line of the title, at its right: there it hides nothing of the plot."""
    how = {"ncols": 4, "columnspacing": 1.2, "handlelength": 1.4, "handletextpad": 0.5, "borderpad": 0} | how
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.35, **how)


def svg(figure: Figure, description: str) -> Markup:
    """A figure as SVG to stand in a page: its text is text, its colours are the page's.

    Parameters
    ----------
    figure : Figure
        Drawn within `style`.
    description : str
        For those who don't see it; escaped here.
    """
    written = io.StringIO()
    # Identifiers are the page's, too.
    with rc_context({**_STYLE, "svg.hashsalt": f"figure {next(_number)}"}), _any_letters():
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(written, format="svg", dpi=PNG_DPI, transparent=True, metadata=nothing)
    text = written.getvalue()
    text = text[text.index("<svg") :]
    for colour, variable in _VARIABLE.items():
        text = text.replace(f": {colour}", f": var({variable})")
    referred = set(re.findall(r"#([\w-]+)", text))
    text = re.sub(
        r' id="([^"]*)"', lambda found: found[0] if found[1] in referred else "", text
    )  # others have them too
    text = re.sub(r"'DejaVu Sans'(, [^;\"]*)?sans-serif", "system-ui, sans-serif", text)
    width = figure.get_figwidth() * 96
    head = f'<svg role="img" aria-label="{escape(description)}" style="max-width: {width:.0f}px" '
    text = re.sub(r'^<svg (.*?)(?:width|height)="[^"]*"', r"<svg \1", text, count=1, flags=re.DOTALL)
    text = re.sub(r'^<svg ([^>]*?)(?:width|height)="[^"]*"', r"<svg \1", text, count=1)
    return Markup(text.replace("<svg ", head, 1))


def save(figure: Figure, path: str | os.PathLike) -> None:
    """A figure as a PNG file on white, whole or not at all."""
    with style(), atomic_path(path) as temporary, _any_letters():
        figure.savefig(temporary, format="png", dpi=PNG_DPI, metadata={"Software": "bricks"})


@contextlib.contextmanager
def _any_letters():
    """No warning of letters that matplotlib's font lacks: a page's reader has them, in a PNG boxes stand for them."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from")
        yield


def image(pixels: np.ndarray, description: str, scale: int = 1) -> Markup:
    """An array of uint8, (height, width) or (height, width, 3), as an image of a page, its pixels sharp.

    >>> image(np.zeros((2, 3), "uint8"), "a <zero>", scale=4)[:57]
    Markup('<img alt="a &lt;zero&gt;" class="pixels" width="12" heigh')
    """
    from PIL import Image

    written = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(written, "PNG", optimize=True)
    height, width = (scale * length for length in pixels.shape[:2])
    source = base64.b64encode(written.getvalue()).decode()
    return Markup('<img alt="{}" class="pixels" width="{}" height="{}" src="data:image/png;base64,{}">').format(
        description, width, height, source
    )


def variable(colour: str) -> str:
    """One of our colours as a page names it, `var(--series-1)`; another one as it is."""
    return f"var({_VARIABLE[colour]})" if colour in _VARIABLE else colour


def colours() -> tuple[dict[str, str], dict[str, str]]:
    """The variables of a page, light and dark."""
    return {v: colour for colour, v in _VARIABLE.items()}, {v: _DARK[colour] for colour, v in _VARIABLE.items()}
