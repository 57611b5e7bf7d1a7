"""What a data set or a stream is, as a small table for a notebook. It needs nothing that isn't Python's own."""

from collections.abc import Mapping
from html import escape

from bricks.data.contracts import Source

LONGEST = 80
"""Characters of a name that are shown."""


def as_table(title: str, about: str, sources: Mapping[str, Source], batches: bool = False) -> str:
    """HTML: a line that says what it is, and a row for each source.

    Parameters
    ----------
    title, about : str
    sources : mapping of str to Source
    batches : bool
        Whether shapes are those of batches, the axis of the examples among them, or of one example.

    >>> html = as_table("<i>", "3 examples", {"x": Source("uint8", (28, None), ("batch", "", "time"))})
    >>> "&lt;i&gt;" in html, "<td>28 × any</td>" in html
    (True, True)
    """
    rows = []
    for name, source in sources.items():
        shape = source.batch_shape if batches else source.shape
        place = source.batch_axis if batches else None
        lengths = ["batch" if axis == place else _length(length) for axis, length in enumerate(shape)]
        labels = source.axes if batches else [label for label in source.axes if label != "batch"]
        cells = (
            _short(name),
            f"{source.dtype}",
            " × ".join(lengths) or "a number",
            ", ".join(label or "-" for label in labels) + (", ragged" if source.ragged else ""),
        )
        rows.append("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>")
    shaped = "a batch" if batches else "an example"
    header = "".join(f"<th>{cell}</th>" for cell in ("source", "dtype", shaped, "axes"))
    return (
        f"<div><b>{escape(_short(title))}</b> {escape(_short(about))}"
        f"<table><thead><tr>{header}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _length(length: int | None) -> str:
    return "any" if length is None else f"{length:,}"


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST // 2]}…{text[-LONGEST // 2 + 1 :]}"
