"""Sections of a config whose keys are ours: schedules, what is monitored, what a bad step leads to."""

import pytest
from small_lab import make_lab, rows_of, runs_in

from bricks.training.command import main

pytestmark = pytest.mark.usefixtures("compiled_programs_are_kept")


@pytest.fixture
def lab(tmp_path):
    return make_lab(tmp_path / "lab")


def test_a_config_schedules_and_monitors(lab, capsys):
    """Half an epoch, four steps, up; then half a cosine down over the five and a half that are left."""
    schedule = "algorithm.schedule={kind: cosine, warm_up: 0.5, final: 0.1}"
    monitor = "training.monitor={mean: mlp/tanh_0, gradient_norm: '*/W', update_norm: mlp/linear_1/b}"
    assert main(["blobs", schedule, monitor, "algorithm.decay=1.0", "training.keep_checkpoints=2"], lab) == 0
    [run] = runs_in(lab)
    *rows, _ = rows_of(run)
    assert rows[0]["train_learning_rate"] == pytest.approx(0.01 * (0.1 + 0.9 * 0.98857), rel=1e-4)  # 3 of 44 steps
    rates = [row["train_learning_rate"] for row in rows]
    assert rates == sorted(rates, reverse=True) and 0.001 < rates[-1] < 0.00102
    norms = ["gradient_norm/mlp/linear_0/W", "gradient_norm/mlp/linear_1/W", "update_norm/mlp/linear_1/b"]
    assert {f"train_{name}" for name in ["mean/mlp/tanh_0.output", *norms]} < rows[0].keys()
    assert [path.name for path in sorted(run.glob("checkpoint-*"))] == ["checkpoint-40.h5", "checkpoint-48.h5"]
    printed = capsys.readouterr().out
    assert "train_learning_rate 0.0099" in printed and "gradient_norm/" not in printed
    assert main(["--resume", str(run), "training.epochs=7", "training.monitor={mean: mlp/tanh_0}"], lab) == 1
    assert "monitored means: the state holds" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["constant", "step", "exponential", "one_cycle", "plateau"])
def test_every_kind_of_schedule_is_built(lab, kind):
    assert main(["blobs", f"algorithm.schedule={{kind: {kind}}}", "--check"], lab) == 0


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("algorithm.schedule={kind: cosin}", "algorithm.schedule.kind: unknown value 'cosin'; did you mean 'cosine'?"),
        (
            "algorithm.schedule={kind: cosine, finale: 1}",
            "algorithm.schedule.finale: unknown key; did you mean 'final'?",
        ),
        ("algorithm.schedule={kind: step, final: 0.5}", "kind step has no final; it has every, factor, warm_up"),
        ("algorithm.schedule={kind: cosine, warm_up: 6.0}", "warm_up must be less than the 6 epochs of the schedule"),
        ("algorithm.schedule={kind: step, hyperparameter: rate}", "no one hyper-parameter is called 'rate'"),
        ("training.monitor={means: x}", "training.monitor.means: unknown key; did you mean 'mean'?"),
        ("training.monitor={mean: x}", "monitor: mean 'x' fits no output of a brick"),
        ("training.monitor={norm: [1]}", "training.monitor.norm[0]: must be a string, got 1"),
        ("training.not_finite=ignore", "training.not_finite: unknown value 'ignore'; there are: roll_back, skip, stop"),
        ("training.keep_checkpoints=0", "training.keep_checkpoints: must be greater than 0, got 0"),
    ],
)
def test_what_is_wrong_is_told_with_its_path(lab, capsys, word, said):
    assert main(["blobs", word, "--check"], lab) == 2
    assert said in capsys.readouterr().err
