"""Compiled programs are kept: a second process compiles nothing and gets the same bits; no fault of a disk stops it."""

import os
import subprocess
import sys
import time

import pytest

from bricks.engine.programs import tidy

# Prints how many programs were read and how many compiled, and a digest of what was computed.
PROGRAM = """
import hashlib
import jax.monitoring, numpy as np, pytensor.tensor as pt
from bricks import function, grad, scan, shared
told = []
jax.monitoring.register_event_listener(lambda event, **_: told.append(event.rpartition("/")[2]))
x, W = pt.ftensor3("x"), shared(np.eye(4, dtype="float32"), name="W")
h = scan(lambda xt, h, W: pt.tanh(xt + h @ W), [x], [pt.zeros((x.shape[1], 4), "float32")], [W])
cost = (h[-1] ** 2).sum()
step = function([x], cost, updates={W: W - np.float32(0.1) * grad(cost, W)})
value = np.random.default_rng(0).normal(size=(5, 3, 4)).astype("float32")
costs = [float(step(value)) for _ in range(3)]
digest = hashlib.sha256(W.get_value().tobytes() + str(costs).encode()).hexdigest()
print(told.count("cache_hits"), told.count("cache_misses"), digest)
"""


def _start(folder, **settings):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("JAX_")}
    environment |= {"BRICKS_DATA_PATH": str(folder), **settings}
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def _result(process):
    out, said = process.communicate(timeout=300)
    assert process.returncode == 0, said
    read, compiled, digest = out.split()
    return int(read), int(compiled), digest, said


def test_a_second_process_compiles_nothing_and_gets_the_same_bits(tmp_path):
    both = [_start(tmp_path), _start(tmp_path)]  # at once
    first, other = map(_result, both)
    assert first[2] == other[2] and first[0] + first[1] > 0
    read, compiled, digest, said = _result(_start(tmp_path))
    assert compiled == 0 and read == first[0] + first[1]
    assert digest == first[2] and "cache" not in said


def test_what_cannot_be_kept_is_compiled_all_the_same(tmp_path):
    (tmp_path / "file").write_text("in the way of a folder")
    read, compiled, digest, _ = _result(_start(tmp_path / "file"))
    assert read == 0 and not list(tmp_path.rglob("*-cache"))
    full = _result(_start(tmp_path / "small", JAX_COMPILATION_CACHE_MAX_SIZE="10"))
    assert full[2] == digest and not list(tmp_path.rglob("*-cache"))
    assert _result(_start(tmp_path / "kept"))[2] == digest
    entries = list((tmp_path / "kept").rglob("*-cache"))
    for entry in entries:
        entry.write_bytes(entry.read_bytes()[:100])
    assert entries and _result(_start(tmp_path / "kept"))[2] == digest


@pytest.mark.parametrize(
    "settings, kept",
    [({"JAX_COMPILATION_CACHE_DIR": "theirs"}, ["theirs"]), ({"JAX_ENABLE_COMPILATION_CACHE": "0"}, [])],
)
def test_jaxs_own_settings_win(tmp_path, settings, kept):
    settings = {k: str(tmp_path / v) if k.endswith("DIR") else v for k, v in settings.items()}
    _result(_start(tmp_path / "ours", JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS="0", **settings))
    assert sorted({path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("*-cache")}) == kept


def test_entries_that_a_process_did_not_finish_are_taken_away(tmp_path):
    for name in ("a-cache", "a-atime", "half-cache", "rest-atime", "new-cache", ".lockfile"):
        (tmp_path / name).touch()
        if name != "new-cache":
            os.utime(tmp_path / name, (time.time() - 3600,) * 2)
    tidy(tmp_path)
    assert sorted(os.listdir(tmp_path)) == [".lockfile", "a-atime", "a-cache", "new-cache"]


@pytest.mark.skipif(len(getattr(os, "sched_getaffinity", lambda _: [0])(0)) < 2, reason="there is one core")
def test_programs_of_other_numbers_of_threads_are_others(tmp_path):
    """XLA cuts them into as many parts; JAX's key for them is the same."""
    cores = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(cores)})
        alone = _start(tmp_path)
    finally:
        os.sched_setaffinity(0, cores)
    read, compiled, digest, _ = _result(alone)
    assert read == 0 and compiled > 0
    assert _result(_start(tmp_path))[:2] == (read, compiled)
