"""A process that reads data loads neither PyTensor nor JAX, and the room exports what it says."""

import json
import re
from pathlib import Path

import bricks.data


def test_importing_the_room_loads_nothing_symbolic(start_python):
    program = "import bricks.data, json, sys; print(json.dumps(sorted({m.partition('.')[0] for m in sys.modules})))"
    out, err = start_python(program).communicate(timeout=60)
    loaded = set(json.loads(out)) if out else err
    assert {"bricks", "h5py", "numpy"} <= loaded
    assert not loaded & {"pytensor", "jax", "jaxlib", "scipy", "pydantic", "theano"}


def test_exports_are_sorted_and_there():
    assert bricks.data.__all__ == sorted(bricks.data.__all__)
    assert all(hasattr(bricks.data, name) for name in bricks.data.__all__)


def test_the_page_about_data_runs_and_names_what_there_is(capsys):
    page = (Path(__file__).resolve().parents[2] / "docs" / "data.md").read_text(encoding="utf-8")
    [code] = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    exec(code, {})
    assert capsys.readouterr().out == "Source(float32, (3, 32, 32), batch - - -) {'epoch': 0, 'batch': 1}\n"
    named = set(re.findall(r"`([A-Z]\w*[a-z]\w*)", page)) - {"DataStream"}
    assert len(named) > 15 and named <= set(bricks.data.__all__)
