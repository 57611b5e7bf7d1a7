"""Labs for reports: pictures with hostile class names for an MLP, short sequences for an LSTM; what a page must be."""

import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
from small_lab import REPOSITORY, make_lab, runs_in

from bricks.training import checkpoints
from bricks.training import config as configs
from bricks.training.command import main
from bricks.training.lab import Lab
from bricks.training.runs import Run

LONG = "x" * 10_000
CLASSES = ["<script>alert(1)</script>", "a \"quoted\" & 'single' name", LONG]
PICTURES = '''"""Three clouds of pictures of 8 x 8 pixels, in a file that names their classes."""

from pathlib import Path

import numpy as np

from bricks.data import DataStream, H5PYDataset, HDF5Writer, SequentialScheme, ShuffledScheme

FILE = Path(__file__).with_name("pictures.hdf5")


def streams(seed: int):
    rng = np.random.default_rng(0)
    targets = rng.integers(0, 3, 300).astype("int32")
    features = rng.normal(size=(3, 64))[targets] + 2.5 * rng.normal(size=(300, 64))
    if not FILE.exists():
        with HDF5Writer(FILE) as writer:
            for which, part in {"train": slice(0, 150), "valid": slice(150, 250), "test": slice(250, 300)}.items():
                writer.append(which, {"features": features[part].astype("float32"), "targets": targets[part]})
            writer.note("targets", classes=CLASSES)
    schemes = {"train": ShuffledScheme(30, seed), "valid": SequentialScheme(40), "test": SequentialScheme(50)}
    return {which: DataStream(H5PYDataset(FILE, which), scheme) for which, scheme in schemes.items()}
'''.replace("CLASSES", repr(CLASSES))
SEQUENCES = '''"""Sequences of six steps; the class is how many of their first numbers are above 0, at most three."""

import numpy as np

from bricks.data import ArrayDataset, DataStream, SequentialScheme, TimeMajor


def streams(seed: int):
    rng = np.random.default_rng(1)
    features = rng.normal(size=(120, 6, 3)).astype("float32")
    targets = np.minimum((features[:, :, 0] > 0).sum(axis=1), 3).astype("int32")
    axes = {"features": ("batch", "time", "feature")}

    def stream(part, size):
        dataset = ArrayDataset({"features": features[part], "targets": targets[part]}, axes)
        return DataStream(dataset, SequentialScheme(size), [TimeMajor("features")])

    return {"train": stream(slice(0, 60), 20), "valid": stream(slice(60, 100), 20), "test": stream(slice(100, 120), 20)}
'''
CONFIGS = {
    "a<b>&c": """# Pictures.
seed: 3
dataset: {name: pictures}
model: {name: mlp, hidden: [6], classes: 3, activation: rectifier}
algorithm: {step_rule: momentum, learning_rate: 0.05, decay: 0.5}
training: {epochs: 3, watch: valid_cost, report: false}
""",
    "sequences": """# Sequences.
seed: 3
dataset: {name: sequences}
model: {name: sequence_classifier, unit: lstm, dim: 4, classes: 4}
algorithm: {step_rule: adam, learning_rate: 0.05}
training: {epochs: 2, watch: valid_error, report: false}
""",
}


def lab_at(folder: Path) -> Path:
    """A lab with the configs."""
    lab = make_lab(folder)
    shutil.copy(REPOSITORY / "models" / "sequence_classifier.py", lab / "models")
    (lab / "datasets" / "pictures.py").write_text(PICTURES)
    (lab / "datasets" / "sequences.py").write_text(SEQUENCES)
    for name, text in CONFIGS.items():
        (lab / "configs" / f"{name}.yaml").write_text(text)
    return lab


def trained(folder: Path, config: str) -> Path:
    """The directory of a run of one of the configs, in a lab of its own."""
    lab = lab_at(folder)
    assert main([config], lab) == 0
    return runs_in(lab)[0]


def as_if_trained(folder: Path, config: str) -> Path:
    """The same without the time that training takes: its best parameters are drawn, its log is written by hand."""
    lab = Lab(lab_at(folder))
    run = Run(configs.read(lab.folder / "configs" / f"{config}.yaml", lab), lab)
    run.create(["train.py", config])
    random = np.random.default_rng(0)
    model = run.experiment.model.state_dict()
    for path, value in model["parameters"].items():
        model["parameters"][path] = (value + 0.4 * random.normal(size=value.shape)).astype(value.dtype)
    best = {"about": run.saving.about, "epoch": 2, "iteration": 6, "model": model}
    checkpoints.write(run.folder / "best.h5", best)
    for epoch, error in enumerate((0.75, 0.5), 1):
        row = {"iteration": 3 * epoch, "epoch": epoch, "train_cost": 1.5 / epoch, "valid_cost": 2 / epoch}
        run.loop.log.append({**row, "valid_error": error, "time": {"total": float(epoch), "data": 0.0}})
    run.loop.log.append({"iteration": 6, "epoch": 2, "test_error": 0.5, "test_cost": 1.0, "time": {"total": 2.0}})
    run.loop.log.close()
    return run.folder


class Page(HTMLParser):
    """A page as read: every tag is closed in order, no script or request is in it, and its text."""

    _VOID = {"meta", "img", "br", "wbr", "link", "input", "hr"}

    def __init__(self, html: str):
        super().__init__()
        self.open, self.tags, self.words = [], [], []
        self.feed(html.replace("<wbr>", ""))
        assert self.open == []
        assert {tag for tag, _ in self.tags}.isdisjoint({"script", "iframe", "object", "link"})
        for _, attributes in self.tags:
            assert not any(key.startswith("on") for key in attributes)
            for key in ("src", "href", "xlink:href"):
                assert attributes.get(key, "#").startswith(("data:", "#"))
        assert not re.search(r"url\((?!#)", html) and "@import" not in html
        self.text = " ".join(" ".join(self.words).split())
        assert "could not be made" not in self.text

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in self._VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, tag

    def handle_data(self, data):
        if not self.open or self.open[-1] != "style":
            self.words.append(data)

    def sections(self, html: str) -> list[str]:
        """The headings."""
        return re.findall(r"<h2>(.*?)</h2>", html)
