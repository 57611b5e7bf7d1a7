"""Resumed equals uninterrupted, bit for bit: over models, rules, schedules, extensions and moments drawn at random."""

import itertools
import json
import random
import shutil

import pytest
from small_lab import REPOSITORY, final_state, make_lab, rows_of, runs_in

from bricks.training import folders
from bricks.training.command import main
from bricks.training.saving import Saving
from bricks.training.step_rules import RULES

pytestmark = pytest.mark.usefixtures("compiled_programs_are_kept")

RATES = {"adadelta": None}  # the rest take one; a small one keeps all of them finite
SEQUENCES = "examples=24 valid=12 test=12 batch_size=5 evaluation_batch_size=6"
MLP = ("blobs", "mlp", {"hidden": [6], "classes": 5})
MODELS = [
    (*MLP[:2], MLP[2] | {"dropout": 0.3, "input_dropout": 0.1}),
    (*MLP[:2], MLP[2] | {"batch_normalization": True, "activation": "rectifier"}),
    ("adding", "sequence_regressor", {"dim": 3, "zoneout": 0.2}),
    ("adding", "sequence_regressor", {"dim": 3, "unit": "gru", "layers": 2, "dropout": 0.2}),
    ("copy_memory", "sequence_classifier", {"dim": 3, "classes": 9, "recurrent_dropout": 0.2}),
    ("copy_memory", "sequence_classifier", {"dim": 3, "classes": 9, "unit": "janet", "layer_normalization": "joint"}),
    ("copy_memory", "sequence_classifier", {"dim": 3, "classes": 9, "bidirectional": True, "backward": "recomputed"}),
]
SCHEDULES = [
    None,
    {"kind": "step", "every": 0.7},
    {"kind": "cosine", "warm_up": 0.5},
    {"kind": "one_cycle", "warm_up": 1.0},
    {"kind": "exponential", "factor": 0.9},
    {"kind": "plateau", "patience": 1},
]
EXTRAS = [
    {},
    {"patience": 2},
    {"monitor": {"gradient_norm": "*", "mean": "*"}},
    {"monitor": {"update_norm": "*", "norm": "*"}, "tensorboard": True},
    {"not_finite": "skip", "keep_checkpoints": 3},
    {"steps_per_call": 3},
]


class Killed(BaseException):
    """Ends a run at once, as SIGKILL does: nothing catches it."""


def drawn(case: int) -> dict:
    """A config; rules come round by the case's number, so that each of them is met."""
    choose = random.Random(case)
    rule = sorted(RULES)[case % len(RULES)]
    data, model, options = MODELS[case % len(MODELS)]
    dataset = {"name": data}
    if data != "blobs":
        dataset |= dict(pair.split("=") for pair in SEQUENCES.split())
        dataset = {key: int(value) if key != "name" else value for key, value in dataset.items()} | {"length": 4}
        if data == "copy_memory":
            dataset["symbols"] = 2
    algorithm = {"step_rule": rule, "clip": choose.choice([None, 1.0]), "max_norm": choose.choice([None, 2.0])}
    schedule = choose.choice(SCHEDULES)
    if rule not in RATES:
        algorithm |= {"learning_rate": 0.003, "schedule": schedule, "decay": choose.choice([1.0, 0.9])}
    training = {"epochs": 4, "report": False, "checkpoint_iterations": choose.choice([1, 2, 3])} | choose.choice(EXTRAS)
    return {
        "seed": case,
        "dataset": dataset,
        "model": {"name": model} | options,
        "algorithm": algorithm,
        "training": training,
    }


def lab_of(folder, config):
    lab = make_lab(folder)
    for room in ("models", "datasets"):
        for path in (REPOSITORY / room).glob("*.py"):
            shutil.copy(path, lab / room)
    (lab / "configs" / "drawn.yaml").write_text(json.dumps(config))
    return lab


@pytest.mark.parametrize("case", [pytest.param(n, marks=() if n == 8 else pytest.mark.slow) for n in range(24)])
def test_resumed_equals_uninterrupted(case, tmp_path, monkeypatch):
    config = drawn(case)
    whole = lab_of(tmp_path / "whole", config)
    writes = itertools.count(1)
    write = Saving.write
    with monkeypatch.context() as patch:
        patch.setattr(Saving, "write", lambda self, state: (write(self, state), next(writes))[0])
        assert main(["drawn"], whole) == 0, config
    saved = next(writes) - 1
    lab = lab_of(tmp_path / "killed", config)
    kills = sorted(random.Random(case).sample(range(2, saved), 2))
    for number, words in zip(kills, (["drawn"], None), strict=False):
        count = itertools.count(1)

        def kill(self, state, count=count, number=number):
            write(self, state)
            if next(count) == number:
                raise Killed

        with monkeypatch.context() as patch:
            patch.setattr(Saving, "write", kill)
            try:
                main(words or ["--resume", str(runs_in(lab)[0])], lab)
            except Killed:
                pass
    [run] = runs_in(lab)
    assert (run / folders.LOG).exists()
    assert main(["--resume", str(run)], lab) == 0
    [reference] = runs_in(whole)
    assert rows_of(run) == rows_of(reference), config
    assert final_state(run) == final_state(reference), config
