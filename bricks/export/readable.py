"""StableHLO as text for people: numbers of large arrays left out, and beside each operation the brick that it is of."""

import re

MOST = 160
"""Characters of a constant that is shown whole."""

HEADER = """\
// For reading: large constants are "..." here. The file beside it, .stablehlo, is what runs.
"""

_DEFINITION = re.compile(r'^#(loc\d*) = loc\("((?:[^"\\]|\\.)*)".*\n', re.MULTILINE)
_OTHER_DEFINITION = re.compile(r"^#loc\d* = .*\n", re.MULTILINE)
_USE = re.compile(r' ?loc\((?:#(loc\d*)|unknown|"(?:[^"\\]|\\.)*")\)')
_CONSTANT = re.compile(rf"dense<([^<>]{{{MOST},}}?)>")
_BRICK = re.compile(r"\[([^\[\]]+)\]")


def readable(text: str) -> str:
    """An MLIR module with brick names in comments instead of locations.

    >>> print(readable('''
    ... #loc1 = loc("jit(forward)/[mlp/linear_0]/add"(#loc))
    ...   %3 = stablehlo.add %1, %2 : tensor<4xf32> loc(#loc1)
    ... '''))
    // For reading: large constants are "..." here. The file beside it, .stablehlo, is what runs.
    <BLANKLINE>
      %3 = stablehlo.add %1, %2 : tensor<4xf32>  // mlp/linear_0
    <BLANKLINE>
    """
    places = {name: place for name, place in _DEFINITION.findall(text)}
    text = _OTHER_DEFINITION.sub("", _DEFINITION.sub("", text))
    lines = []
    for line in text.splitlines():
        used = [place for place in _USE.findall(line) if place]
        bricks = _BRICK.findall(places.get(used[-1], "")) if used else []
        line = _CONSTANT.sub('dense<"...">', _USE.sub("", line)).rstrip()
        lines.append(f"{line}  // {bricks[-1]}" if bricks and not line.endswith("}") else line)
    return HEADER + "\n".join(lines) + "\n"
