"""Drawings: pictures that stand in any page, light or dark, whatever people have called things."""

import re
import sys

import diagram_texts as texts
import pytest

from bricks.errors import UsageError
from bricks.gated import WIRINGS, GatedUnit
from bricks.layers import MLP, Linear, Sequence, Tanh
from bricks.view import Drawing, drawing, figures, page

HOSTILE = {
    "script": "<script>alert(1)<",
    "quotes": "a \"quoted\" & 'single' name",
    "Graphviz": "\\N \\G \\n {a|b} <B>",
    "entity": "&lt;b&gt; &#60; &amp;",
    "long": "x" * 10_000,
    "controls": "tab\tnew\nline\x00\x1b\u200b end",
    "templates": "$x_1$ %s {{ 7 * 7 }} _{t-1}",
}


def mlp(**settings):
    return MLP([Tanh(), None], [4, 3, 2], seed=1, **settings)


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_a_name_stays_a_name(name, capfd):
    picture = Sequence([Linear(4, 3, name=name), Tanh()], name=name, seed=1).diagram()
    shown = drawing.plain(name, 32)
    assert any(box.startswith(" ".join(shown.split())) for box in texts.boxes(picture))
    assert len(picture.svg) < 20_000
    assert all(len(title) <= page.TOOLTIP for title in texts.titles(picture))
    assert picture.png and picture.pdf
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_a_units_and_a_wirings_name_too(name, capfd):
    wiring = WIRINGS["lstm"]().but(name=name, reference=name)
    unit = GatedUnit(wiring, 4, 3, name=name, seed=1)
    for picture in (wiring.diagram(), unit.diagram(), unit.diagram(steps=2)):
        texts.parsed(picture)
        assert len(picture.svg) < 60_000
    assert capfd.readouterr().err == ""


def test_half_a_character_is_shown_as_missing():
    graph, name = drawing.new(), "half \udc80 a pair"
    graph.add_node("a", label=f"<{drawing.text(name)}>")
    assert texts.boxes(Drawing(graph, "\udc80")) == ["half \ufffd a pair"]


def test_neurons_with_long_names_keep_their_size():
    long = "n" * 10_000
    wiring = WIRINGS["lstm"]().but(neurons={long: WIRINGS["lstm"]().neurons["input_gate"]})
    usual = WIRINGS["lstm"]().diagram()
    for picture in (wiring.diagram(), wiring.diagram(steps=2)):
        root = texts.parsed(picture)
        assert float(root.get("width")) < 2 * float(texts.parsed(usual).get("width"))


def test_the_svg_refers_to_nothing_outside_itself():
    svg = mlp().diagram().svg
    assert not re.search(r"href|src=|url\(|@import|<!|<\?|\bid=", svg)


def test_two_drawings_do_not_colour_each_other():
    svgs = [mlp().diagram().svg, WIRINGS["gru"]().diagram().svg]
    scopes = [re.search(r'class="(d\w+)"', svg)[1] for svg in svgs]
    assert len(set(scopes)) == 2
    for svg, scope in zip(svgs, scopes, strict=True):
        style = re.search(r"<style>@media\(prefers-color-scheme:dark\){(.*)}</style>", svg)[1]
        assert style and all(rule.startswith(f".{scope} [") for rule in style.split("}")[:-1])


def test_every_colour_has_a_dark_one():
    light, dark = figures.colours()
    known = dict(zip(light.values(), dark.values(), strict=True)) | drawing.PAPER
    for picture in (mlp().diagram(), WIRINGS["sub_lstm"]().diagram(), WIRINGS["mgu"]().diagram()):
        body = picture.svg.partition("</style>")[2]
        used = set(re.findall(r'(?:fill|stroke)="(#?\w+)"', body)) - {"none", "transparent"}
        assert used and used <= set(known)
        for colour in used:
            assert f'"{colour}"]{{' in picture.svg and known[colour] in picture.svg


def test_a_drawing_lies_on_the_paper_of_a_page():
    (light, dark), text = next(iter(drawing.PAPER.items())), page.page("t", [])
    assert f"--paper: {light}" in text and f"--paper: {dark}" in text


def test_files_are_what_their_ending_says(tmp_path):
    picture = mlp().diagram()
    begins = {"svg": b"<svg", "png": b"\x89PNG", "pdf": b"%PDF"}
    for kind, first in begins.items():
        picture.save(tmp_path / f"a.{kind}")
        assert (tmp_path / f"a.{kind}").read_bytes().startswith(first)
    picture.save(str(tmp_path / "B.SVG"))
    with pytest.raises(UsageError, match=r"\.svg, \.png or \.pdf, got 'a\.jpg'"):
        picture.save(tmp_path / "a.jpg")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["B.SVG", "a.pdf", "a.png", "a.svg"]


def test_a_png_is_fit_for_a_slide():
    picture = mlp().diagram()
    width = int.from_bytes(picture.png[16:20], "big")
    assert width > 1.8 * float(texts.parsed(picture).get("width"))
    assert picture.png == picture.png and Drawing(picture.graph, "").svg == Drawing(picture.graph, "").svg


def test_without_graphviz_the_error_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    with pytest.raises(UsageError, match=r"pip install 'bricks\[view\]'"):
        mlp().diagram()
    shown = mlp()._repr_html_()
    assert "<table" in shown and "<svg" not in shown and "bricks[view]" in shown


def test_bricks_and_wirings_show_themselves_in_notebooks():
    hostile = Linear(2, 2, name="<script>alert(1)<", seed=1)
    for shown in (mlp()._repr_html_(), hostile._repr_html_(), WIRINGS["gru"]()._repr_html_()):
        assert "<svg" in shown and "<table" in shown and "<script" not in shown
    assert "(4, 3)" in mlp()._repr_html_()
    assert "forget_gate" in WIRINGS["gru"]()._repr_html_()
    assert repr(mlp()) == "<MLP mlp>" and str(mlp()).startswith("brick")
