"""Compilers that fail, caches that are read-only, broken or shared, and threads: the same numbers always."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import hashlib, os, sys, warnings
os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[:int(sys.argv[1])]))
import numpy as np
from bricks import function, grad
import pytensor.tensor as pt
from bricks.engine.recurrences import Recurrence, recurrence

x, h, W, b = (pt.tensor(n, shape=s, dtype="float32") for n, s in
              (("x", (None, None, 48)), ("h", (None, 48)), ("W", (48, 48)), ("b", (48,))))
last, rows = recurrence(lambda x, h: ([pt.tanh(x + pt.dot(h, W) + b)], [h]), [x], [h])
results = [*last, *rows, *grad((last[0] ** 2).sum() + (rows[0] ** 3).sum(), [x, h, W, b])]
f = function([x, h, W, b], results)
rng = np.random.default_rng(0)
values = [rng.normal(size=s).astype("float32") * 0.2 for s in ((12, 67, 48), (67, 48), (48, 48), (48,))]
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    found = f(*values)
assert all(a.tobytes() == b.tobytes() for _ in range(5) for a, b in zip(found, f(*values)))
print(*{n.op.loop or "kernel" for n in f.maker.fgraph.apply_nodes if isinstance(n.op, Recurrence)}, sep=", ")
print(sum("could not be compiled" in str(w.message) for w in told))
print(hashlib.sha256(b"".join(np.ascontiguousarray(a).tobytes() for a in found)).hexdigest())
print(*(float(np.abs(a).sum()) for a in found))
"""


def start(folder, cpus=1, flags=""):
    """The program in another process: a cache of its own, `cpus` processors."""
    environment = dict(os.environ, BRICKS_DATA_PATH=str(folder), THEANO_FLAGS=flags)
    environment.pop("FUEL_DATA_PATH", None)
    command = [sys.executable, "-c", PROGRAM, str(cpus)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def results(process):
    """(why it was a loop, or "kernel"; how many warnings; a digest; sums of the results' absolute values)"""
    out, error = process.communicate(timeout=300)
    assert process.returncode == 0, error
    loop, warned, digest, sums = out.strip().splitlines()[-4:]
    return loop, int(warned), digest, [float(v) for v in sums.split()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def alone(folder):
    """Two processes that compile the same kernels at once; what the first gave."""
    processes = [start(folder), start(folder)]
    found = [results(process) for process in processes]
    assert found[0] == found[1] and found[0][:2] == ("kernel", 0)
    return found[0]


def libraries(folder):
    return sorted((Path(folder) / "cache" / "kernels").iterdir())


def test_two_processes_that_compile_at_once_leave_whole_libraries_and_nothing_else(alone, folder):
    assert len(libraries(folder)) == 3 and all(path.suffix == ".so" for path in libraries(folder))


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one processor")
def test_threads_change_no_more_than_the_order_of_sums_and_each_number_of_them_gives_the_same_bits(alone, folder):
    processes = [start(folder, cpus=2), start(folder, cpus=2)]
    a, b = (results(process) for process in processes)
    assert a == b and a[0] == "kernel"
    assert a[3] == pytest.approx(alone[3], rel=1e-5)


def test_a_library_of_which_a_part_is_missing_is_made_again(alone, folder, tmp_path):
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    sizes = [path.stat().st_size for path in libraries(tmp_path)]
    for path, size in zip(libraries(tmp_path), (100, 9000, 20000), strict=True):
        os.truncate(path, size)
    assert results(start(tmp_path)) == alone
    assert [path.stat().st_size for path in libraries(tmp_path)] == sizes


def test_a_compiler_that_fails_is_named_once_and_loops_are_xlas(alone, tmp_path):
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\necho no licence >&2\nexit 1\n")
    broken.chmod(0o755)
    processes = [start(tmp_path, flags=f"cxx={cxx}") for cxx in (broken, "")]
    failed, without = (results(process) for process in processes)
    assert failed[:2] == ("the compiler failed", 1) and without[:2] == ("there is no C++ compiler", 0)
    assert failed[2:] == without[2:] and failed[3] == pytest.approx(alone[3], rel=1e-4)


def test_a_cache_that_cannot_be_written_to_is_done_without(alone, tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be")
    assert results(start(tmp_path)) == alone


def test_a_disk_that_is_full_is_done_without(alone, tmp_path, monkeypatch):
    from bricks.engine.kernel import build

    def full(source, target):
        Path(target).write_bytes(b"a part")
        raise OSError(28, "No space left on device")

    monkeypatch.setenv("BRICKS_DATA_PATH", str(tmp_path))
    monkeypatch.setattr(build.shutil, "copyfile", full)
    library = build._library("bricks_full", 'extern "C" int bricks_full() { return 7; }', build.compiler())
    assert library.bricks_full() == 7 and libraries(tmp_path) == []
