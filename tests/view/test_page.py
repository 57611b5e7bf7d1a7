"""Pages escape what people gave, ask nothing of a network, and draw in colours that a reader's dark mode changes."""

import re
import xml.etree.ElementTree as tree
from html.parser import HTMLParser

import numpy as np
import pytest

from bricks.view import figures, page

HOSTILE = [
    "<script>alert(1)</script>",
    "a \"quoted\" & 'single' name",
    "x" * 10_000,
    "new\nline",
    "$x_1$ \\n %s {{ 7 * 7 }}",
]


class Tags(HTMLParser):
    """The tags of a page, their attributes, and its text."""

    def __init__(self, text: str):
        super().__init__()
        self.seen, self.text = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text.append(data)


def everywhere(name: str) -> str:
    with figures.style():
        figure, axes = figures.new()
        axes.plot([1, 2], label=page.shortened(name, 40))
        axes.legend()
        axes.set_title(page.shortened(name, 40))
    parts = [
        name,
        page.table([name], [[name], [3]], caption=name),
        page.grid([page.figure(figures.svg(figure, name), caption=name)]),
        page.folded(name, page.code(name)),
        page.figure(figures.image(np.zeros((2, 2), "uint8"), name)),
        page.note(name),
    ]
    return page.page(name, [page.Section(name, parts)], lead=name, facts={name: name})


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_name_stays_a_name_wherever_it_is_put(name):
    tags = Tags(everywhere(name))
    assert {tag for tag, _ in tags.seen}.isdisjoint({"script", "link", "iframe", "object"})
    assert not any(key.startswith("on") for _, attributes in tags.seen for key in attributes)
    said = " ".join("".join(tags.text).split())
    assert " ".join(name.split())[:30] in said


def test_a_page_names_no_other_place():
    text = everywhere("plain")
    for _, attributes in Tags(text).seen:
        for key in ("src", "href", "xlink:href"):
            assert attributes.get(key, "#").startswith(("data:", "#"))
    assert not re.search(r"url\((?!#)", text) and "@import" not in text
    assert "default-src 'none'" in text


def test_a_plot_is_svg_in_the_colours_of_the_page():
    with figures.style():
        figure, axes = figures.new()
        axes.plot([0, 1])
        axes.plot([1, 0])
        axes.set_xlabel("epoch")
    text = str(figures.svg(figure, "two lines"))
    tree.fromstring(text)
    for variable in ("--series-1", "--series-2", "--faint", "--line"):
        assert f"var({variable})" in text
    assert not re.search("|".join([figures.INK, figures.FAINT, figures.LINE, *figures.SERIES]), text)
    assert ">epoch</text>" in text
    light, dark = figures.colours()
    assert light.keys() == dark.keys() and not set(light.values()) & set(dark.values())


def test_colours_are_legible_on_light_and_on_dark():
    """By WCAG 2's contrast ratio: 4.5 for text, 3 for lines of plots."""

    def luminance(colour: str) -> float:
        channels = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)]) / 255
        linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    for colours, paper in zip(figures.colours(), ("#ffffff", "#12161f"), strict=True):
        assert paper in page.page("t", [])
        for variable, colour in colours.items():
            low, high = sorted([luminance(colour), luminance(paper)])
            contrast = (high + 0.05) / (low + 0.05)
            least = {"--ink": 4.5, "--faint": 4.5, "--line": 1.2}.get(variable, 3)
            assert contrast >= least, (variable, colour, contrast)


def test_numbers_are_flush_right_and_words_are_not():
    text = str(page.table(["who", "n", "rate"], [["a", 1000, "1.7 %"], ["b", None, "0.2 ± 0.1 %"]]))
    assert text.count("class=number") == 2 + 4
    assert "1,000" in text


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "a.png"
    with figures.style():
        figure, _ = figures.new()
    figures.save(figure, path)
    assert path.read_bytes().startswith(b"\x89PNG")
    page.write(tmp_path / "p.html", page.page("t", []))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.png", "p.html"]
    with pytest.raises(FileNotFoundError):
        page.write(tmp_path / "none" / "p.html", "text")
