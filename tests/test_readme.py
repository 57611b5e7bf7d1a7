"""The README's code runs as it stands there."""

import re
from pathlib import Path

import numpy as np
import pytest
import yaml
from small_lab import make_lab, runs_in

from bricks.training.command import main

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
LOADING = next(code for code in BLOCKS if "bricks.load(" in code)
BLOCKS.remove(LOADING)
WRITING = next(code for code in BLOCKS if "HDF5Writer(" in code)
BLOCKS.remove(WRITING)


def test_a_run_can_be_used_as_it_says(tmp_path, monkeypatch):
    """With a small run in the place of the one on MNIST."""
    lab = make_lab(tmp_path / "lab")
    assert main(["blobs", "training.epochs=1"], lab) == 0
    monkeypatch.chdir(tmp_path)
    digits = np.random.default_rng(0).normal(size=(7, 8)).astype("float32")
    names = {"digits": digits}
    exec(re.sub(r'load\("[^"]*"\)', f'load("{runs_in(lab)[0]}")', LOADING), names)
    assert names["run"].predict(features=digits)["probabilities"].shape == (7, 5)
    assert (tmp_path / "mlp.safetensors").stat().st_size > 4 * 145


def test_a_data_file_is_written_as_it_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    recordings = [([np.zeros((length, 2)), np.ones((3, 2))], np.array([length, 3])) for length in (4, 5)]
    names = {"recordings": recordings}
    exec(WRITING, names)
    batch = names["train"].read([2, 1])
    assert [sound.shape for sound in batch["sound"]] == [(5, 2), (3, 2)]
    assert batch["words"].tolist() == [5, 3]


@pytest.mark.parametrize("code", BLOCKS, ids=lambda code: code.strip().splitlines()[-1][:40])
def test_a_code_block_runs(code, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(compile(code, "README.md", "exec"), names)
    if "descent" in names:
        assert names["loop"].epoch == 30
        assert names["loop"].log[-1]["train_cost"] < 0.5 * names["T"].var()
        assert not any(isinstance(value, names["bricks"].Brick) for value in names.values())
    elif "surprise" in names:
        intact, lesioned, *_, tau = map(float, capsys.readouterr().out.split())
        assert 0 < lesioned != intact and 0.5 < tau < 5
    elif "derivation" in names:
        assert "784 × 500" in (tmp_path / "net.svg").read_text(encoding="utf-8")
        assert "(784, 500)" in names["derivation"].svg
    else:
        assert "linear_1" in capsys.readouterr().out


def test_the_invented_gate_is_the_configs():
    yaml_block = re.search(r"```yaml\n(.*?)```", README, flags=re.DOTALL)[1]
    config = yaml.safe_load((ROOT / "configs" / "invent_a_gate.yaml").read_text(encoding="utf-8"))
    assert yaml.safe_load(yaml_block)["units"] == config["model"]["units"]
    assert sum(bool(line.strip()) for line in yaml_block.splitlines()) <= 10


def test_there_are_four_blocks_and_the_bare_one_is_short():
    assert len(BLOCKS) == 4
    lines = [line for line in BLOCKS[0].splitlines() if line.strip()]
    assert len(lines) <= 20
