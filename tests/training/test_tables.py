"""The table of a sweep: means and intervals of what the runs' logs say, by whatever the sweep is over."""

import csv
import io
import json
import math
import statistics

import pytest

from bricks.training import tables
from bricks.training.tables import Result

T = {2: 12.706205, 3: 4.302653}
"""Student's quantile 0.975 for so many values."""

RUNS = {
    "unit=lstm,seed=1": (
        {"model.unit": "lstm", "seed": 1},
        Result(0.02, {"test_cost": 0.1, "test_error": 0.03}, 5, 1.5),
    ),
    "unit=lstm,seed=2": (
        {"model.unit": "lstm", "seed": 2},
        Result(0.04, {"test_cost": 0.3, "test_error": 0.05}, 4, 2.5),
    ),
    "unit=gru,seed=1": ({"model.unit": "gru", "seed": 1}, Result(0.01, {"test_cost": 0.2, "test_error": 0.02}, 5, 0.5)),
    "unit=gru,seed=2": ({"model.unit": "gru", "seed": 2}, None),
    "unit=a|b,seed=1": ({"model.unit": "a|b", "seed": 1}, None),
}
POINTS = {name: values for name, (values, _) in RUNS.items()}
RESULTS = {name: result for name, (_, result) in RUNS.items() if result}


def table():
    return tables.rows(POINTS, RESULTS, "valid_error")


def test_rows_are_points_without_their_seeds_the_best_first_and_those_without_a_result_last():
    assert [(row.values["model.unit"], len(row.results), row.asked) for row in table()] == [
        ("gru", 1, 2),
        ("lstm", 2, 2),
        ("a|b", 0, 1),
    ]


def test_as_it_is_printed():
    half = {
        name: T[2] * statistics.stdev(values) / math.sqrt(2)
        for name, values in {"watch": (2.0, 4.0), "test": (3.0, 5.0), "cost": (0.1, 0.3)}.items()
    }
    rows = [
        [cell.strip() for cell in line.strip("| \n").split(" | ")]
        for line in tables.markdown(table(), "valid_error").splitlines()
    ]
    assert rows[0] == ["unit", "n", "valid_error", "test_error", "test_cost", "epochs", "minutes"]
    assert rows[2] == ["gru", "1 of 2", "1.00 %", "2.00 %", "0.2000", "5", "0.50"]
    assert rows[3] == [
        "lstm",
        "2",
        f"3.00 ± {half['watch']:.2f} %",
        f"4.00 ± {half['test']:.2f} %",
        f"0.2000 ± {half['cost']:.4f}",
        "4.5",
        "2.0",
    ]
    assert rows[4][:2] == ["a\\|b", "0 of 1"]
    assert len({len(line) for line in tables.markdown(table(), "valid_error").splitlines()}) == 1  # aligned


def test_as_programs_read_it():
    rows = list(csv.DictReader(io.StringIO(tables.comma_separated(table(), "valid_error"))))
    lstm = rows[1]
    assert lstm["unit"] == "lstm" and (lstm["n"], lstm["asked"]) == ("2", "2")
    for name, values in {"valid_error": (0.02, 0.04), "test_cost": (0.1, 0.3), "test_error": (0.03, 0.05)}.items():
        half = T[2] * statistics.stdev(values) / math.sqrt(2)
        assert float(lstm[f"{name}_mean"]) == pytest.approx(statistics.fmean(values))
        assert float(lstm[f"{name}_low"]) == pytest.approx(statistics.fmean(values) - half, rel=1e-3)
        assert float(lstm[f"{name}_high"]) == pytest.approx(statistics.fmean(values) + half, rel=1e-3)
    assert rows[0]["test_error_mean"] == "0.02" and rows[0]["test_error_low"] == ""
    assert rows[2]["n"] == "0" and rows[2]["test_error_mean"] == rows[2]["minutes"] == ""


def test_a_sweep_over_seeds_alone_is_one_row():
    points = {f"seed={k}": {"seed": k} for k in (1, 2, 3)}
    results = {name: Result(value, {"test_cost": value}, 1, 1.0) for name, value in zip(points, (1, 2, 3), strict=True)}
    (row,) = tables.rows(points, results, "valid_cost")
    assert row.values == {} and row.asked == 3
    half = T[3] * 1 / math.sqrt(3)
    assert f"| 3   | 2.0000 ± {half:.4f}" in tables.markdown([row], "valid_cost")
    assert tables.repeats(points) == "seed 1, 2, 3"


def test_what_a_run_came_to_is_read_from_its_log(tmp_path):
    time = {"total": 90.0, "data": 1.0}
    rows = [
        {"iteration": 5, "epoch": 1, "valid_cost": 0.5, "time": {"total": 30.0, "data": 0}},
        {"iteration": 10, "epoch": 2, "valid_cost": 0.25, "time": {"total": 60.0, "data": 0}},
        {"iteration": 15, "epoch": 3, "valid_cost": 0.75, "time": time},
        {"iteration": 10, "epoch": 2, "test_cost": 0.3, "test_error": None, "test_matrix": [[1, 2]], "time": time},
    ]

    def write(rows):
        (tmp_path / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        return tables.read_result(tmp_path, "valid_cost")

    assert tables.read_result(tmp_path, "valid_cost") is None
    assert write(rows[:3]) is None
    found = write(rows)
    assert (found.watched, found.epochs, found.minutes) == (0.25, 3, 1.5)
    assert found.test["test_cost"] == 0.3 and math.isnan(found.test["test_error"]) and len(found.test) == 2
    assert write([*rows, {**rows[2], "epoch": 4}]) is None  # extended, and not at its end yet
