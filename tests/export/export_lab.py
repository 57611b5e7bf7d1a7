"""A run of an LSTM that names a class at each step of padded sequences; and the other programs that open exports."""

import json
import shutil
import subprocess
import tempfile
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest
from small_lab import REPOSITORY, make_lab

from bricks.training import checkpoints, folders, provenance
from bricks.training import config as configs
from bricks.training.experiment import build_model, build_streams
from bricks.training.lab import Lab

CLASSES = ["<script>alert(1)</script>", 'a "quoted", name', "größe", "x" * 10_000]
SPOKEN = '''"""Sequences of two to six steps; the class of a step counts the numbers above 0 so far, at most three."""

from pathlib import Path

import numpy as np

from bricks.data import DataStream, H5PYDataset, HDF5Writer, Padding, Rename, SequentialScheme, ragged

FILE = Path(__file__).with_name("spoken.hdf5")


def streams(seed: int):
    rng = np.random.default_rng(1)
    features = [rng.normal(size=(length, 3)).astype("float32") for length in [3, 4, 2, 4] * 5 + [6, 5, 4, 6] * 5]
    targets = [np.minimum((x[:, 0] > 0).cumsum(), 3).astype("int32") for x in features]
    if not FILE.exists():
        with HDF5Writer(FILE) as writer:
            for which in ("train", "valid", "test"):
                writer.append(which, {"features": ragged(features), "targets": ragged(targets)})
            writer.note("targets", classes=CLASSES)
    named = [Padding("features"), Rename({"features_mask": "mask"}), Padding("targets", mask=False)]
    return {w: DataStream(H5PYDataset(FILE, w), SequentialScheme(20), named) for w in ("train", "valid", "test")}
'''.replace("CLASSES", repr(CLASSES))
CONFIG = """# Spoken.
seed: 3
dataset: {name: spoken}
model: {name: sequence_classifier, unit: lstm, dim: 4, classes: 4}
algorithm: {step_rule: adam, learning_rate: 0.05}
training: {epochs: 1, watch: valid_error, report: false}
"""

octave = pytest.mark.skipif(not shutil.which("octave"), reason="needs GNU Octave")
r = pytest.mark.skipif(not shutil.which("Rscript"), reason="needs R")


LOG = [
    {"iteration": 2, "epoch": 1, "train_cost": 1.5, "valid_error": 0.75, "train_norm": {"lstm/cell": 2}},
    {"iteration": 4, "epoch": 2, "train_cost": None, "valid_error": 0.1234567890123456789},
    {"iteration": 2, "epoch": 1, "test_error": 0.5},
]


def spoken_run(folder: Path, steps: int | None = None) -> Path:
    """The directory of a run, in a lab of its own; nothing was trained, to save the time: its files are as if.

    With `steps`, as if all sequences had been so long.
    """
    lab = Lab(make_lab(folder))
    shutil.copy(REPOSITORY / "models" / "sequence_classifier.py", lab.folder / "models")
    (lab.folder / "datasets" / "spoken.py").write_text(SPOKEN, encoding="utf-8")
    (lab.folder / "configs" / "spoken.yaml").write_text(CONFIG)
    config = configs.read(lab.config_path("spoken"), lab, [])
    sources = build_streams(config, lab)["train"].sources
    sources = {name: replace(source, shape=(steps, *source.shape[1:])) for name, source in sources.items()}
    model = build_model(config, lab, sources)
    about = provenance.record(config, lab, sources)
    run = lab.folder / "runs" / "spoken" / "20261122-101500"
    run.mkdir(parents=True)
    folders.write_text(run / folders.CONFIG, config.to_yaml())
    shutil.copy(lab.folder / "models" / "sequence_classifier.py", run / folders.MODEL)
    checkpoints.write(run / "best.h5", {"about": about, "epoch": 1, "iteration": 2, "model": model.state_dict()})
    (run / folders.LOG).write_text("".join(json.dumps(row) + "\n" for row in LOG))
    return run


def said_by(*words: str, code: str) -> str:
    """What a program prints for a file with some code; it must not fail."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8") as file:
        file.write(textwrap.dedent(code))
        file.flush()
        done = subprocess.run([*words, file.name], capture_output=True, text=True, timeout=120, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    return done.stdout
