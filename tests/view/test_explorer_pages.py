"""The explorer's page: whole, of its own, escaped; sixteen plots of whatever the data are; what notebooks show."""

import re
import xml.etree.ElementTree as tree
from contextlib import ExitStack
from html.parser import HTMLParser

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_digits, load_iris

from bricks.data import (
    ArrayDataset,
    DataStream,
    GeneratedStream,
    H5PYDataset,
    HDF5Writer,
    SequentialScheme,
    TimeMajor,
    ragged,
    write_hdf5,
)
from bricks.view import figures
from bricks.view.explorer import Options, explore
from bricks.view.explorer.choice import panels_of
from bricks.view.explorer.panels import Palette
from bricks.view.explorer.steps import Steps
from bricks.view.explorer.study import study

HOSTILE = [
    '<script>alert("x")</script>',
    "a \"quoted\" & 'single' <b>name</b>",
    "c" + "lass" * 2500,
    "new\nline",
    "$x_1$ \\n %s {{ 7 * 7 }}",
    "\x01 \U0001f389 日本",
]
VOID = {"meta", "br", "img", "hr", "link", "input", "wbr"}


class Checked(HTMLParser):
    """A page whose every element is closed where it was opened, with its tags and its text."""

    def __init__(self, text: str):
        super().__init__()
        self.open, self.seen, self.text = [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def checked(text: str) -> Checked:
    found = Checked(text)
    assert {tag for tag, _ in found.seen}.isdisjoint({"script", "link", "iframe", "object"})
    for _, attributes in found.seen:
        assert not any(name.startswith("on") for name in attributes)
        for name in ("src", "href", "xlink:href"):
            assert attributes.get(name, "#").startswith(("data:", "#"))
    for svg in re.findall(r"<svg.*?</svg>", text, flags=re.DOTALL):
        tree.fromstring(svg)
    identifiers = re.findall(r' id="([^"]+)"', text)
    assert len(identifiers) == len(set(identifiers))
    return found


def titles(explored) -> list[str]:
    return [cell for axes in explored.figure.axes if (cell := axes.get_title(loc="left"))]


def csv_of(path, data, names=None) -> str:
    header = [*(getattr(data, "feature_names", None) or names), "class"]
    target = data.target if not hasattr(data, "target_names") else np.asarray(data.target_names)[data.target]
    rows = [",".join(map(str, [*row, y])) for row, y in zip(data.data, target, strict=True)]
    path.write_text("\n".join([",".join(map(str, header)), *rows]) + "\n")
    return str(path)


def test_iris(tmp_path):
    explored = explore(csv_of(tmp_path / "iris.csv", load_iris()))
    page = checked(explored.page)
    text = " ".join(page.text)
    assert sum(tag == "svg" for tag, _ in page.seen) == 16 + 2  # and the baselines' two
    assert len(titles(explored)) == 16
    assert titles(explored)[:4] == ["petal width (cm)", "petal length (cm)", "sepal length (cm)", "sepal width (cm)"]
    for name in ("setosa", "versicolor", "virginica"):
        assert re.search(rf"{name}\s+50\s+33.3 %", text)
    assert "One row of iris is equal to an earlier one of it." in text
    assert "5 folds over all 150 examples of iris; no other set is looked at." in text
    for name in ("majority", "nearest neighbours", "softmax regression", "one hidden layer"):
        assert name in text
    assert "66.67 %" in text and "Nadeau and Bengio" in text
    html = explored._repr_html_()
    assert html.startswith('<div class="bricks"') and "<svg" in html


def test_images_of_two_sets(tmp_path):
    data = load_digits()
    images, y = data.images.astype("uint8")[:600], data.target[:600]
    sets = {"train": (slice(400)), "test": slice(400, 600)}
    write_hdf5(
        tmp_path / "digits.h5", {name: {"features": images[part], "targets": y[part]} for name, part in sets.items()}
    )
    explored = explore(str(tmp_path / "digits.h5"), Options(baselines=False))
    text = " ".join(checked(explored.page).text)
    found = titles(explored)
    assert len(found) == 16 and explored.study.roles.kind == "images"
    assert {"Mean image of each class", "Outliers", "Nearest pairs, test over train"} <= set(found)
    assert "Baselines were not asked for." in text and "400 examples, all that there are" in text


def test_a_target_of_numbers_and_sequences_and_texts(tmp_path):
    data = load_diabetes()
    rng = np.random.default_rng(0)
    y = np.arange(60) % 3
    sequences = ragged(
        [np.sin(np.arange(10 + k % 7)[:, None] * (1 + y[k])) + rng.normal(size=(1, 2)) for k in range(60)]
    )
    texts = ragged([rng.integers(0, 20 + 5 * y[k], 5 + k % 9) for k in range(60)])
    made = {
        "diabetes": {"features": data.data, "targets": data.target},
        "speech": {"sound": sequences, "labels": y},
        "texts": {"words": texts, "labels": y},
    }
    wanted = {
        "diabetes": {"Correlations of ranks", "targets (target)"},
        "speech": {"Lengths by class", "Mean course"},
        "texts": {"Frequency by rank", "Coverage"},
    }
    for name, arrays in made.items():
        write_hdf5(tmp_path / f"{name}.h5", {"train": arrays})
        with ExitStack() as stack:
            found = study(str(tmp_path / f"{name}.h5"), Options(baselines=False), Steps(), stack)
        first, further = panels_of(found)
        assert wanted[name] <= {panel.title for panel in first} and len(first) == 16
        with figures.style():
            for panel in [*first, *further]:
                figure, axes = figures.new()
                panel.draw(axes)
                assert axes.has_data(), panel.title


def test_hostile_names_are_escaped_and_legible(tmp_path):
    rng = np.random.default_rng(0)
    y = np.arange(120) % 6
    with HDF5Writer(tmp_path / "hostile.h5") as writer:
        for name in HOSTILE[:2]:
            writer.append(name, {"<b>features": rng.normal(size=(120, 6)) + y[:, None], "label": y})
        writer.note("<b>features", columns=HOSTILE)
        writer.note("label", classes=HOSTILE)
    explored = explore(str(tmp_path / "hostile.h5"), Options(folds=2))
    page = checked(explored.page)
    text = " ".join(" ".join(page.text).split())
    for name in HOSTILE:
        assert " ".join(name.split())[1:30] in text.replace("�", "\x01")
    assert len(explored.page) < 3_000_000
    assert max(map(len, titles(explored))) <= 40
    figures.save(explored.figure, tmp_path / "hostile.png")


def test_the_most_frequent_of_many_classes_have_colours():
    counts = list(range(40))
    palette = Palette([f"class {k}" for k in range(40)], counts)
    assert palette.shown == list(range(31, 40))
    assert palette.entries()[-1] == ("31 others", figures.SERIES[-1])
    codes = np.array([39, 0, 1, 35, -1])
    assert [rows.nonzero()[0].tolist() for _, _, rows in palette.groups(codes)][-1] == [1, 2]
    assert sum(rows.sum() for _, _, rows in palette.groups(codes)) == 4


def test_data_sets_and_streams_show_their_sources_in_a_notebook(tmp_path):
    arrays = {"<script>": np.zeros((4, 5, 2), "float32"), "y": np.arange(4)}
    axes = {"<script>": ("batch", "time", "feature")}
    write_hdf5(tmp_path / "a.h5", {"train": arrays}, axes=axes)
    dataset = ArrayDataset(arrays, axes)
    stream = DataStream(dataset, SequentialScheme(2), [TimeMajor("<script>")])
    generated = GeneratedStream(lambda random, n: {"x": random.random(n)}, examples=5, batch_size=2, seed=1)
    shown = {
        H5PYDataset(tmp_path / "a.h5", "train"): ["4 examples of train", "<td>5 × 2</td>", "time, feature"],
        dataset: ["4 examples in memory", "<td>a number</td>"],
        stream: ["2 batches an epoch", "<td>5 × batch × 2</td>", "time, batch, feature"],
        generated: ["made up anew", "<td>batch</td>"],
    }
    for each, words in shown.items():
        html = each._repr_html_()
        Checked(html)
        assert "<script" not in html and all(word in html for word in words), html
        assert repr(each).startswith("<bricks.data.")


@pytest.mark.slow
def test_mnist_in_a_minute_and_two_gigabytes(start_process, tmp_path, monkeypatch):
    from pathlib import Path

    lab = Path(__file__).resolve().parents[2]
    program = (
        "import resource, sys, time; from bricks.__main__ import main; began = time.monotonic();"
        "assert main(['explore', 'mnist', '-o', sys.argv[1]]) == 0;"
        "print(time.monotonic() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    process = start_process("-c", program, tmp_path / "mnist.html", cwd=lab)
    said, errors = process.communicate()
    assert process.returncode == 0, errors
    seconds, kilobytes = map(float, said.split("\n")[-2].split())
    assert seconds < 60 and kilobytes < 2e6
