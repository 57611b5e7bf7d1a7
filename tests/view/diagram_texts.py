"""What a drawing says: the text of its boxes and arrows, read from the SVG that people see."""

import re
import xml.etree.ElementTree as tree

_SVG = "{http://www.w3.org/2000/svg}"


def parsed(drawing):
    """The SVG's root; it is XML, and shows nothing but shapes and text."""
    root = tree.fromstring(drawing.svg)
    kinds = {element.tag.removeprefix(_SVG) for element in root.iter()}
    assert kinds <= {"svg", "g", "title", "style", "path", "polygon", "polyline", "ellipse", "text"}, kinds
    return root


def said(group):
    """The texts of a group, from left to right and top to bottom as Graphviz writes them."""
    return " ".join(" ".join("".join(text.itertext()) for text in group.iter(f"{_SVG}text")).split())


def boxes(drawing):
    """The texts of all boxes."""
    return [said(g) for g in parsed(drawing).iter(f"{_SVG}g") if g.get("class") == "node"]


def arrows(drawing):
    """The texts of all arrows."""
    return [said(g) for g in parsed(drawing).iter(f"{_SVG}g") if g.get("class") == "edge"]


def titles(drawing):
    """What the mouse is told."""
    return [t.text for t in parsed(drawing).iter(f"{_SVG}title")][1:]


def lengths(shape: str, **known):
    """(batch, 784) as numbers, given the lengths of named axes."""
    inner = re.fullmatch(r"\((.*?),?\)", shape)
    return tuple(known.get(name) or int(name) for name in inner[1].split(", ")) if inner else ()
