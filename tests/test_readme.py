"""The README's code runs as it stands there."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)


@pytest.mark.parametrize("code", BLOCKS, ids=lambda code: code.strip().splitlines()[-1][:40])
def test_a_code_block_runs(code, capsys):
    names: dict = {}
    exec(compile(code, "README.md", "exec"), names)
    if "descent" in names:
        assert names["loop"].epoch == 30
        assert names["loop"].log[-1]["train_cost"] < 0.5 * names["T"].var()
        assert not any(isinstance(value, names["bricks"].Brick) for value in names.values())
    elif "surprise" in names:
        intact, lesioned, *_, tau = map(float, capsys.readouterr().out.split())
        assert 0 < lesioned != intact and 0.5 < tau < 5
    else:
        assert "linear_1" in capsys.readouterr().out


def test_the_invented_gate_is_the_configs():
    yaml_block = re.search(r"```yaml\n(.*?)```", README, flags=re.DOTALL)[1]
    config = yaml.safe_load((ROOT / "configs" / "invent_a_gate.yaml").read_text(encoding="utf-8"))
    assert yaml.safe_load(yaml_block)["units"] == config["model"]["units"]
    assert sum(bool(line.strip()) for line in yaml_block.splitlines()) <= 10


def test_there_are_three_blocks_and_the_bare_one_is_short():
    assert len(BLOCKS) == 3
    lines = [line for line in BLOCKS[0].splitlines() if line.strip()]
    assert len(lines) <= 20
