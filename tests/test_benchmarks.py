"""The benchmarks' own arithmetic, with contenders that take no time; nothing here looks at a clock or needs torch."""

import importlib
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "benchmarks"
NAMES = [path.stem for path in FOLDER.glob("*.py")]


@pytest.fixture
def load(monkeypatch):
    """A module of the benchmarks by its name; gone again afterwards."""
    monkeypatch.syspath_prepend(str(FOLDER))
    yield importlib.import_module
    for name in NAMES:
        sys.modules.pop(name, None)


@pytest.fixture
def effort(load):
    return load("workload").Effort(rounds=4, seconds=0.0)


def contender(losses, taken=None):
    """Gives these losses one after the other, then the last one for ever; notes how many steps it was asked for."""
    given = iter(losses)

    def run(steps):
        if taken is not None:
            taken.append(steps)
        return next(given, losses[-1])

    return lambda: run


def failing():
    raise RuntimeError("no such cell\nand more")


def test_every_round_times_every_contender_by_multiples_of_steps(load, effort):
    taken = []
    measured = load("timing").alternate({"a": contender([1.0], taken), "b": contender([1.0])}, effort, multiple=100)
    assert {name: len(values) for name, values in measured.values.items()} == {"a": 4, "b": 4}
    assert taken[:3] == [1, 1, 1] and set(taken[3:]) == {100}


def test_a_contender_that_fails_is_named_and_left_out(load, effort):
    measured = load("timing").alternate({"a": contender([1.0]), "b": failing}, effort)
    assert measured.failures == {"b": "RuntimeError: no such cell"}
    assert list(measured.values) == ["a"]


def test_other_losses_are_told_and_nan_is_not_compared(load, effort):
    timing, report, table = load("timing"), load("report"), load("table").TABLE
    losses = [2.0, 1.0, 0.5]
    same = timing.alternate(
        {"a": contender(losses), "b": contender([2.0, 1.00001, 0.5]), "c": contender([math.nan])}, effort
    )
    assert same.difference() == pytest.approx(1e-5) and report.remarks(table[0], same) == []
    other = timing.alternate({"a": contender(losses), "b": contender([2.0, 1.1, 0.5])}, effort)
    (remark,) = report.remarks(table[0], other)
    assert "NOT THE SAME MODEL" in remark


def test_ratios_are_taken_within_a_round_and_for_equal_work(load):
    workload, report = load("workload"), load("report")
    kept = workload.Workload(
        "w",
        "some net",
        "none",
        comparisons=(
            workload.Comparison("bricks", "peer", 1.0),
            workload.Comparison("bricks", "peer", 2.0, work="half"),
            workload.Comparison("bricks", "somebody who failed", 1.0),
        ),
    )
    measured = workload.Measured({"bricks": [1.0, 20.0, 3.0], "peer": [2.0, 10.0, 3.0]})
    rows = report.rows(kept, measured, {"half": 0.5})
    assert [row["ratio"]["median"] for row in rows] == [1.0, 2.0]
    assert rows[0]["ratio"] == {"median": 1.0, "low": 0.75, "high": 1.5}
    text = report.markdown(rows, "a machine", "2026-01-01")
    assert "| some net | 3.000 ms | peer 3.000 ms | 1.00 (0.75 - 1.50) | 1.00 | yes |" in text
    assert report.plain(rows).count("\n") == 2
    doubtful = report.rows(kept, measured, {}, others=1.3)
    assert report.cells(doubtful[0])[-1] == "yes?"


def test_the_table_names_modules_that_can_measure(load):
    table = load("table").TABLE
    names = [workload.name for workload in table]
    assert len(set(names)) == len(names)
    for workload in table:
        module = load(workload.module)
        assert hasattr(module, "contenders") or hasattr(module, "measure")
        assert workload.comparisons and all(hasattr(module, c.work) for c in workload.comparisons if c.work)


def test_deep_gates_do_less_work_than_an_lstm(load):
    cells = load("cells")
    assert cells.work("deep_gates") == pytest.approx((3 * (156 * 32 + 32 * 128) + 156 * 128) / (156 * 512))


def test_the_slope_of_a_square_is_two(load):
    assert load("scaling").slope([1, 2, 4, 8], [3, 12, 48, 192]) == pytest.approx(2)


def test_without_compiler_nothing_is_on_the_path(load, monkeypatch):
    monkeypatch.setenv("PATH", os.environ["PATH"])
    monkeypatch.setenv("CXX", "g++")
    monkeypatch.setenv("BRICKS_DATA_PATH", "")
    load("run").hide_compilers()
    assert load("machine").describe()["compiler"] == "none on the PATH" and "CXX" not in os.environ


def test_the_list_needs_neither_torch_nor_jax():
    command = "import sys, run; run.main(['--list']); assert not {'torch', 'jax', 'pytensor'} & set(sys.modules)"
    told = subprocess.run([sys.executable, "-c", command], cwd=FOLDER, capture_output=True, text=True, check=True)
    assert "pixel MNIST" in told.stdout


@pytest.mark.slow
@pytest.mark.parametrize("unit", ["lstm_peephole", "lstm_coupled", "sub_lstm", "janet", "gru", "layer_normalised"])
def test_the_loops_of_pytorch_compute_what_our_units_do(load, unit):
    pytest.importorskip("torch")
    cells, effort = load("cells"), load("workload").Effort(rounds=1, seconds=0.0, compiled_loops=False)
    found = cells.contenders(effort, unit)
    measured = load("timing").alternate({name: found[name] for name in ("bricks", "PyTorch loop")}, effort)
    assert not measured.failures and measured.difference() < 1e-4
