"""What is installed: bricks alone, in a wheel built from the checkout."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent


def test_the_wheel_holds_bricks_alone(tmp_path):
    source, wheels = tmp_path / "source", tmp_path / "wheels"
    # A copy, so that building leaves nothing in the checkout; all folders, so that any could slip in.
    skipped = shutil.ignore_patterns(".*", "runs", "files", "build", "*.egg-info", "__pycache__", "results")
    shutil.copytree(CHECKOUT, source, ignore=skipped)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(wheels), "."]
    subprocess.run(command, cwd=source, check=True, capture_output=True, timeout=300)
    (wheel,) = wheels.glob("bricks-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"bricks"}
    for module in ("__init__.py", "engine/linker.py", "layers/linear.py", "data/streams.py", "training/main_loop.py"):
        assert f"bricks/{module}" in names
    sources = {str(p.relative_to(CHECKOUT)) for p in (CHECKOUT / "bricks").rglob("*.py")}
    assert sources == {name for name in names if name.endswith(".py")}
