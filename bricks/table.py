"""What `print(brick)` shows: bricks, dimensions, parameters with shapes and counts, in aligned columns."""

import math

HEADER = ("brick", "dims", "parameter", "shape", "count")


def table(brick) -> str:
    """The tree below `brick` as plain text, a line for each brick and each further parameter.

    >>> from bricks.layers import MLP, Tanh
    >>> print(MLP([Tanh(), None], [784, 500, 10], seed=1))
    brick       dims        parameter  shape         count
    mlp         784 -> 10
      linear_0  784 -> 500  W          (784, 500)  392,000
                            b          (500,)          500
      tanh
      linear_1  500 -> 10   W          (500, 10)     5,000
                            b          (10,)            10
    total                                          397,510
    """
    rows = [HEADER, *rows_of(brick)]
    widths = [max(len(row[i]) for row in rows) for i in range(5)]
    lines = []
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row[:4], widths, strict=False)]
        lines.append("  ".join([*cells, row[4].rjust(widths[4])]).rstrip())
    return "\n".join(lines)


def rows_of(brick) -> list[tuple[str, str, str, str, str]]:
    """The table's rows, of five texts each; a brick inside another is indented by two spaces."""
    rows = []
    for part in brick.walk():
        rows += _own_rows(part, "  " * (part.path.count("/") - brick.path.count("/")))
    total = sum(math.prod(v.type.shape) for v in brick.all_parameters().values())
    return [*rows, ("total", "", "", "", f"{total:,}")]


def _own_rows(brick, indent: str) -> list[tuple[str, str, str, str, str]]:
    dims = [getattr(brick, name, None) for name in ("input_dim", "output_dim")]
    shown = "" if None in dims else f"{dims[0]} -> {dims[1]}"
    kept = [(name, str(v.type.shape), f"{math.prod(v.type.shape):,}") for name, v in brick.parameters.items()]
    kept += [(f"{name} (buffer)", str(v.type.shape), "") for name, v in brick.buffers.items()]
    first, *others = kept or [("", "", "")]
    return [(indent + brick.name, shown, *first), *(("", "", *row) for row in others)]
