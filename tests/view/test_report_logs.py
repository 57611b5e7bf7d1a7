"""What a report says of logs and configs alone: gaps, the best epoch, schedules, comparisons, sweeps, hostile names."""

import json
import math
import re

import numpy as np
import pytest
from report_lab import LONG, Page
from scipy import stats

from bricks.training import schedules
from bricks.view.report import curves, head, norms
from bricks.view.report.material import Logged
from bricks.view.report.rates import learning_rate
from bricks.view.report.several import compare
from bricks.view.report.sweep import report_sweep

CONFIG = {
    "seed": 1,
    "dataset": {"name": "d", "batch_size": 10},
    "model": {"name": "m", "hidden": [3]},
    "algorithm": {"step_rule": "scale", "learning_rate": 0.5, "decay": 1.0, "schedule": None},
    "training": {"epochs": 4, "watch": "valid_error"},
}


def written(folder, errors, test=0.25, changes=(), **entries):
    """A run directory by hand: an epoch for each error, None for one that was not finite."""
    folder.mkdir(parents=True)
    config = json.loads(json.dumps(CONFIG))
    for path, value in dict(changes).items():
        *sections, key = path.split(".")
        place = config
        for section in sections:
            place = place[section]
        place[key] = value
    (folder / "config.yaml").write_text(json.dumps(config))  # JSON is YAML
    (folder / "versions.json").write_text(json.dumps({"device": "cpu:0", "command": ["train.py", "c", "a=[1, 2]"]}))
    rows = []
    for k, error in enumerate(errors, 1):
        time = {"total": 2.0 * k, "data": 0.5 * k, "epoch": 1.5, "step": 0.1}
        row = {"iteration": 10 * k, "epoch": k, "train_cost": 1 / k, "valid_cost": 2 / k, "valid_error": error}
        rows.append({**row, **{key: value for key, value in entries.items()}, "time": time})
    if test is not None:
        finite = [row for row in rows if row["valid_error"] is not None]
        best = min(finite, key=lambda row: row["valid_error"])
        said = {"iteration": best["iteration"], "epoch": best["epoch"], "test_error": test, "test_cost": 0.5}
        rows.append({**said, "time": {"total": 9.0, "data": 1.0}})
    (folder / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def test_the_best_epoch_is_the_first_of_the_smallest_and_numbers_that_are_not_finite_are_told(tmp_path):
    run = Logged(written(tmp_path / "c" / "20260102-030405", [0.5, None, 0.25, 0.25], test=None))
    assert run.best["epoch"] == 3 and not run.ended and run.date == "02 Jan 2026, 03:04"
    assert curves.gaps(run, "error") == "At epoch 3: valid 25.00\u202f%. Valid was not finite in epoch 2."
    epochs, numbers = curves.values(run, "valid_error")
    assert epochs.tolist() == [1, 2, 3, 4] and np.isnan(numbers).tolist() == [False, True, False, False]
    page = Page(str(curves.section(run).parts[0]))
    assert "training steps" in page.text and "2.0 s, in all 8.0 s; 25.0 % of it waiting" in page.text


def test_all_gaps_is_a_plot_that_says_so(tmp_path):
    run = Logged(written(tmp_path / "c" / "r", [None, None], test=None))
    assert run.best is None
    assert "no finite number" in Page(str(curves.section(run).parts[0])).text
    assert head.facts(run).keys() >= {"trained for", "device", "seed"}


def test_the_command_is_quoted_as_a_shell_needs_it_and_a_sweep_s_place_left_out(tmp_path):
    run = Logged(written(tmp_path / "c" / "r", [0.5]))
    assert head.repeat(run) == "python train.py c 'a=[1, 2]'"
    run.versions |= {"command": ["train.py", "sweep.yaml", "--point", "x"], "device": "cuda:0", "floatX": "float64"}
    assert head.repeat(run) == "THEANO_FLAGS=device=cuda,floatX=float64 python train.py sweep.yaml"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"algorithm.decay": 0.5}, lambda step: 0.5 * 0.5 ** (step // 10)),
        (
            {"algorithm.schedule": {"kind": "cosine", "warm_up": 1.0, "final": 0.1}},
            lambda step: 0.5 * schedules.WarmUp(10, then=schedules.Cosine(30, 0.1)).factor(step),
        ),
        ({"algorithm.schedule": {"kind": "step", "every": 2.0}}, lambda step: 0.5 * 0.5 ** math.floor(step / 20)),
        ({}, None),
        ({"algorithm.schedule": {"kind": "plateau"}}, None),
        ({"algorithm.schedule": {"kind": "step", "hyperparameter": "momentum"}}, None),
    ],
)
def test_the_learning_rate_is_the_one_that_was_set(tmp_path, changes, expected):
    found = learning_rate(Logged(written(tmp_path / "c" / "r", [0.5] * 4, changes=changes)))
    if expected is None:
        assert found is None
        return
    epochs, rates = found
    assert len(rates) == 40 and rates == pytest.approx([float(expected(step)) for step in range(40)])


def test_what_was_monitored_is_drawn_by_kind(tmp_path):
    entries = {"train_gradient_norm/mlp/W": 0.5, "train_gradient_norm/mlp/b": 0.25, "train_saturated/mlp/tanh": 0.1}
    run = Logged(written(tmp_path / "c" / "r", [0.5, 0.4], **entries))
    assert norms.monitored(run) == {
        "gradient_norm": ["train_gradient_norm/mlp/W", "train_gradient_norm/mlp/b"],
        "saturated": ["train_saturated/mlp/tanh"],
    }
    drawn = Page(str(norms._lines(run, "gradient_norm", norms.monitored(run)["gradient_norm"]))).text
    assert "mlp/W" in drawn and "mlp/b" in drawn and "norms of gradients" in drawn


HOSTILE = ["<script>alert(1)</script>", "a \"quoted\" & 'single' name", "$x_1$ {{ 7 * 7 }}", LONG]


def test_runs_are_compared_and_hostile_names_stay_names(tmp_path):
    runs = {}
    for k, name in enumerate(HOSTILE):
        changes = {"model.hidden": [k], "seed": k, "model.name": name}
        folder = written(
            tmp_path / "c" / str(k), [0.5, 0.4 - k / 100], test=0.3 + k / 100, changes=changes, **{f"valid_{name}": 1.0}
        )
        runs[name] = folder
    html = compare(runs)
    page = Page(html)
    assert page.sections(html) == ["Numbers", "Curves", "Configs"]
    for name in HOSTILE[:3]:
        assert page.text.count(name) >= 3
    assert "x" * 500 not in html
    for k in range(4):
        assert f"{30 + k:.2f} %" in page.text and f"{40 - k:.2f} %" in page.text
    listed = re.findall(r"<tr><td><span>([\w.]+)</span>", html[html.index("Configs</h2>") :])
    assert listed == ["seed", "model.name", "model.hidden"]
    assert all(variable in html for variable in ("--series-1", "--series-4"))


def test_runs_of_one_config_say_so_and_one_that_goes_on_too(tmp_path):
    html = compare({n: written(tmp_path / "c" / n, [0.5, 0.4], test=None if n == "b" else 0.3) for n in ("a", "b")})
    assert "Their configs are the same." in html and "Not finished: b." in html


def test_a_sweep_s_page_has_the_means_and_intervals_of_its_table(tmp_path):
    folder = tmp_path / "runs" / "c" / "sweep-20260101-000000"
    errors = {1: [0.10, 0.14, 0.12], 2: [0.20, 0.30, 0.22]}
    for hidden, several in errors.items():
        for seed, error in enumerate(several, 1):
            changes = {"model.hidden": hidden, "seed": seed}
            written(folder / f"hidden={hidden},seed={seed}", [0.5, error], test=error + 0.01, changes=changes)
    (folder / "sweep.yaml").write_text(json.dumps({**CONFIG, "sweep": {"model.hidden": [1, 2, 3], "seed": [1, 2, 3]}}))
    html = report_sweep(folder)
    page = Page(html)
    assert page.sections(html) == ["Table", "Settings", "Curves", "Sweep"]
    for several in errors.values():
        for shift in (0, 0.01):
            mean = np.mean(several) + shift
            low, _ = stats.t.interval(0.95, 2, mean, stats.sem(several))
            assert f"{100 * mean:.2f} ± {100 * (mean - low):.2f} %" in page.text
    assert "points done 6 of 9" in page.text and "by hidden=1" in page.text
    assert "3 points are not done" in page.text and "hidden=3,seed=2: not begun" in page.text
    assert page.text.index("12.00 ±") < page.text.index("24.00 ±")
