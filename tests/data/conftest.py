"""What the tests of the data room share: a data folder of their own, small IDX files, the real MNIST."""

import gzip
import hashlib
import importlib.util
import os
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def data_folder(tmp_path, monkeypatch):
    """An empty data folder, named by BRICKS_DATA_PATH; not yet made."""
    folder = tmp_path / "data folder"
    monkeypatch.setenv("BRICKS_DATA_PATH", str(folder))
    monkeypatch.delenv("FUEL_DATA_PATH", raising=False)
    return folder


@pytest.fixture(scope="session")
def idx_bytes():
    """Makes the bytes of an IDX file, written here independently of the reader."""
    codes = {"uint8": 8, "int8": 9, "int16": 11, "int32": 12, "float32": 13, "float64": 14}

    def make(array):
        header = bytes([0, 0, codes[array.dtype.name], array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
        return header + array.astype(array.dtype.newbyteorder(">")).tobytes()

    return make


@pytest.fixture
def small_digits(tmp_path, idx_bytes):
    """A folder with four small files in MNIST's format, their SHA-256 sums, and the arrays in them."""
    random = np.random.default_rng(0)
    folder, sums, arrays = tmp_path / "originals", {}, {}
    folder.mkdir()
    for prefix, split, count in (("train", "train", 7), ("t10k", "test", 3)):
        images = random.integers(0, 256, (count, 4, 5), dtype=np.uint8)
        labels = random.integers(0, 10, count, dtype=np.uint8)
        arrays[split] = {"features": images, "targets": labels}
        for name, array in ((f"{prefix}-images-idx3", images), (f"{prefix}-labels-idx1", labels)):
            packed = gzip.compress(idx_bytes(array), mtime=0)
            (folder / f"{name}-ubyte.gz").write_bytes(packed)
            sums[f"{name}-ubyte.gz"] = hashlib.sha256(packed).hexdigest()
    return folder, sums, arrays


@pytest.fixture(scope="session")
def lab_dataset():
    """Loads a dataset file of the lab from its place, as train.py does."""

    def load(name):
        specification = importlib.util.spec_from_file_location(f"lab_{name}", ROOT / "datasets" / f"{name}.py")
        module = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(module)
        return module

    return load


@pytest.fixture(scope="session")
def mnist_module(lab_dataset):
    """The lab's MNIST."""
    return lab_dataset("mnist")


@pytest.fixture(scope="session")
def mnist_data_folder(tmp_path_factory, mnist_module):
    """A data folder with the real MNIST, converted once for all tests."""
    folder = tmp_path_factory.mktemp("mnist")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BRICKS_DATA_PATH", str(folder))
        mnist_module.streams(seed=1)
    return folder


@pytest.fixture
def mnist(mnist_data_folder, mnist_module, monkeypatch):
    """The dataset file, where the real MNIST is converted already."""
    monkeypatch.setenv("BRICKS_DATA_PATH", str(mnist_data_folder))
    return mnist_module


@pytest.fixture(scope="session")
def start_python():
    """Starts a program in a fresh interpreter, in the repository's root."""

    def start(program, *arguments, **environment):
        return subprocess.Popen(
            [sys.executable, "-c", program, *map(str, arguments)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start
