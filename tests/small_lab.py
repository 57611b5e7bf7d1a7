"""A small lab for tests: the real `models/mlp.py` and `train.py`, and a data set made up of 600 examples."""

import json
import shutil
from pathlib import Path

import numpy as np

from bricks.training import checkpoints

REPOSITORY = Path(__file__).resolve().parent.parent
DATASET = '''"""Blobs: five clouds of points, made up."""

import numpy as np
from pydantic import PositiveInt

from bricks.data import ArrayDataset, DataStream, SequentialScheme, ShuffledScheme


def streams(seed: int, *, batch_size: PositiveInt = 50, bad: bool = False):
    rng = np.random.default_rng(0)
    targets = rng.integers(0, 5, 600).astype("int32")
    centres = rng.normal(size=(5, 8))
    features = (centres[targets] + rng.normal(size=(600, 8))).astype("float32")
    if bad:
        features[123] = np.nan

    def stream(start, stop, scheme):
        part = {"features": features[start:stop], "targets": targets[start:stop]}
        return DataStream(ArrayDataset(part), scheme)

    return {
        "train": stream(0, 400, ShuffledScheme(batch_size, seed)),
        "valid": stream(400, 500, SequentialScheme(100)),
        "test": stream(500, 600, SequentialScheme(100)),
    }
'''
CONFIG = """# Blobs by ten hidden units, 1 second.
seed: 1
dataset: {name: blobs}
model: {name: mlp, hidden: [10], classes: 5, dropout: 0.2}
algorithm: {step_rule: momentum, learning_rate: 0.01, decay: 0.99}
training: {epochs: 6, watch: valid_cost, report: false}
"""


def make_lab(folder: Path) -> Path:
    """Fill `folder` with a lab; gives it back."""
    for room in ("models", "datasets", "configs"):
        (folder / room).mkdir(parents=True)
    shutil.copy(REPOSITORY / "models" / "mlp.py", folder / "models")
    shutil.copy(REPOSITORY / "train.py", folder)
    (folder / "datasets" / "blobs.py").write_text(DATASET)
    (folder / "configs" / "blobs.yaml").write_text(CONFIG)
    return folder


def runs_in(lab: Path) -> list[Path]:
    """All run directories, oldest first."""
    return sorted((lab / "runs").glob("*/*"), key=lambda path: path.stat().st_ctime_ns)


def rows_of(run: Path) -> list[dict]:
    """The log's rows without what may differ: the time fields."""
    rows = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return [{key: value for key, value in row.items() if key != "time"} for row in rows]


def final_state(run: Path) -> dict:
    """What a run ended with, flat: each entry of checkpoint and best, arrays as bytes; times left out."""
    flat = {}

    def walk(value, where):
        if isinstance(value, dict):
            for key, item in value.items():
                if key not in ("time", "log_offset", "about"):
                    walk(item, f"{where}/{key}")
        elif isinstance(value, np.ndarray):
            flat[where] = (value.dtype.str, value.shape, value.tobytes())
        else:
            flat[where] = value

    for name in ("checkpoint.h5", "best.h5"):
        walk(checkpoints.read(run / name), name)
    return flat
