"""Means weighted by examples, on train and other streams; early stopping and schedules, which go by them."""

import numpy as np
import pytensor.tensor as pt
import pytest

from bricks import RandomState, engine
from bricks.data import ArrayDataset, DataStream, SequentialScheme
from bricks.errors import CheckpointError, DataError, NotFiniteError, UsageError
from bricks.training import (
    Decay,
    EarlyStopping,
    Evaluation,
    Extension,
    FinishAfter,
    FiniteRows,
    GradientDescent,
    MainLoop,
    Momentum,
    Schedule,
)

VALUES = np.float32([1, 2, 3, 4, 100])  # in batches of 2: the last counts for one example, not for a third


def stream(values=VALUES, name="x", batch_size=2):
    return DataStream(ArrayDataset({name: values}), SequentialScheme(batch_size))


def test_means_are_weighted_by_examples_on_train_and_on_other_streams():
    x, w = pt.fvector("x"), engine.shared(np.float32(0), name="w")
    cost = ((x - w) ** 2).mean()
    monitored = {"mean": x.mean(), "count": x.shape[0], "constant": pt.constant(3)}
    evaluation = Evaluation(monitored, stream(), "valid")
    descent = GradientDescent(cost, step_rule=Momentum(1e-9), monitored=monitored)
    loop = MainLoop(descent, stream(), [evaluation, FinishAfter(epochs=2)])
    loop.run()
    for row in loop.log:
        assert row["train_mean"] == row["valid_mean"] == 22
        assert row["train_count"] == row["valid_count"] == pytest.approx(9 / 5)
        assert row["train_constant"] == row["valid_constant"] == 3
        assert row["train_cost"] == pytest.approx(np.mean(VALUES**2), rel=1e-5)
    assert list(loop.log[0]) == [
        "iteration", "epoch", "train_cost", "train_mean", "train_count", "train_constant",
        "valid_mean", "valid_count", "valid_constant", "time",
    ]  # fmt: skip
    assert loop.row_entries == list(loop.log[0])[2:-1]
    assert evaluation.evaluate(stream(VALUES[1:3]), prefix="test")["test_mean"] == 2.5


def test_evaluation_draws_anew_for_each_batch_and_leaves_the_training_random_state():
    state = RandomState(seed=4)
    x = pt.fvector("x")
    noise = state.uniform((x.shape[0],), "noise")
    state.step.set_value(np.uint32(17))
    evaluation = Evaluation(
        {"noise": noise.mean(), "square": noise.mean() ** 2}, stream(np.zeros(6, "float32")), "valid"
    )
    first = evaluation.evaluate()
    assert state.step.get_value() == 17 and evaluation.evaluate() == first
    assert first["valid_square"] > first["valid_noise"] ** 2 + 1e-6, "equal draws would have equal means"


def test_a_quantity_without_data_is_computed_once():
    w = engine.shared(np.float32([3, 4]), name="w")
    assert Evaluation({"norm": w.norm(2)}, stream(), "valid").evaluate() == {"valid_norm": 5}


def test_evaluation_names_what_is_wrong_with_it():
    x = pt.fvector("features")
    with pytest.raises(UsageError, match="monitored 'x' must be a symbolic scalar, got Vector"):
        Evaluation({"x": x}, stream(), "valid")
    evaluation = Evaluation({"mean": x.mean()}, stream(), "valid")
    w = engine.shared(np.float32(0), name="w")
    loop = MainLoop(GradientDescent((pt.fvector("x") * w).mean()), stream(), [evaluation])
    with pytest.raises(UsageError, match=r"Evaluation\('valid'\): the graph's input 'features' needs a source"):
        loop.run()
    assert loop.iteration == 0

    class Empty:
        sources = stream(name="features").sources

        def iterator(self):
            return iter([])

    with pytest.raises(DataError, match="at least one example"):
        evaluation.evaluate(Empty())


class Plan:
    """An algorithm whose parameter is the number of steps; nothing is compiled."""

    monitored = {"cost": None}

    def __init__(self):
        self.steps_given = 0
        self.parameters, self.buffers = {"w": engine.shared(np.float32(0), name="w")}, {}
        self.step_rule = Momentum(0.5, momentum=0.5)

    def prepare(self, sources):
        pass

    def process_batch(self, batch):
        self.steps_given += 1
        self.parameters["w"].set_value(np.float32(self.steps_given))

    def check(self):
        return None

    def read_monitored(self, reset=True):
        return {"cost": 1.0}

    def state_dict(self):
        return {"steps": self.steps_given}

    def load_state_dict(self, state):
        self.steps_given = state["steps"]


class Errors(Extension):
    """Says what the valid error of each epoch is."""

    adds = ("valid_error",)

    def __init__(self, errors):
        super().__init__()
        self.errors = errors

    def after_epoch(self):
        self.main_loop.row["valid_error"] = self.errors[self.main_loop.epoch - 1]


def run(errors, *extensions):
    loop = MainLoop(Plan(), stream(), [Errors(errors), *extensions, FinishAfter(epochs=len(errors))])
    loop.run()
    return loop


@pytest.mark.parametrize(
    ("errors", "settings", "best", "epochs"),
    [
        ([5, 4, 4, 4.5, 3], {"patience": 2}, 2, 4),  # an equal value is no improvement
        ([5, 4, 4, 3, 2, 9, 9, 9, 9], {"patience": 3}, 5, 8),  # patience begins anew
        ([5, 6, 7, 8], {"patience": None}, 1, 4),
        ([float("nan"), 3, float("nan"), float("inf"), 2], {"patience": 3}, 5, 5),
        ([1, 2, 3, 3, 3], {"patience": 2, "maximize": True}, 3, 5),
    ],
)
def test_early_stopping_keeps_the_best_epoch_and_ends_after_its_patience(errors, settings, best, epochs):
    stopping = EarlyStopping("valid_error", **settings)
    loop = run(errors, stopping)
    assert loop.epoch == epochs
    assert (stopping.best_epoch, stopping.best_iteration, stopping.best_value) == (
        best,
        3 * best,
        errors[best - 1],
    )
    assert stopping.best_parameters == {"w": 3 * best}
    assert loop.algorithm.parameters["w"].get_value() == 3 * epochs
    stopping.restore()
    assert loop.algorithm.parameters["w"].get_value() == 3 * best


def test_early_stopping_remembers_through_its_state():
    first = EarlyStopping("valid_error", patience=3)
    run([5, 4, 6], first)
    second = EarlyStopping("valid_error", patience=3)
    loop = MainLoop(Plan(), stream(), [Errors([]), second])
    second.load_state_dict(first.state_dict())
    assert second.state_dict() == first.state_dict() and second.best_epoch == 2 and second.stale == 1
    second.stale = 3
    loop._dispatch("before_training")
    assert loop.finish_reason == "valid_error did not get better for 3 epochs", "a finished run stays finished"
    with pytest.raises(CheckpointError, match="extension early_stopping: the state lacks"):
        second.load_state_dict({"stale": 1})


def test_what_is_watched_must_be_there_and_before():
    with pytest.raises(UsageError, match="watch='valid_eror' is no entry of a row; did you mean 'valid_error'"):
        run([1], EarlyStopping("valid_eror"))
    loop = MainLoop(Plan(), stream(), [EarlyStopping("valid_error"), Errors([1])])
    with pytest.raises(UsageError, match="not in the row yet; put what adds it before this"):
        loop.run()
    stopping = EarlyStopping("valid_error", patience=None)
    run([float("nan")], stopping)
    with pytest.raises(UsageError, match="no best epoch yet"):
        stopping.restore()


def test_hyperparameters_follow_decay_and_schedule():
    class Look(Extension):
        def before_batch(self, batch):
            rule = self.main_loop.algorithm.step_rule
            seen.append((float(rule.learning_rate.get_value()), float(rule.momentum.get_value())))

    seen = []
    run([1, 1, 1], Decay(0.5), Schedule("momentum", lambda epoch: 0.25 * epoch), Look())
    assert seen[::3] == [(0.5, 0.0), (0.25, 0.25), (0.125, 0.5)]
    for wrong in (Decay(0.5, "learning_rte"), Schedule("learning_rte", float)):
        with pytest.raises(UsageError, match="did you mean 'momentum/learning_rate'|there are"):
            run([1], wrong)
    with pytest.raises(UsageError, match="factor must be above 0"):
        Decay(0.0)
    with pytest.raises(NotFiniteError, match="learning_rate must stay finite"):
        run([1, 1], Schedule("learning_rate", lambda epoch: np.inf))


def test_a_row_that_is_not_finite_ends_the_training():
    with pytest.raises(NotFiniteError, match="epoch 2: valid_error is nan"):
        run([1.0, float("nan"), 1.0], FiniteRows())


@pytest.mark.parametrize("settings", [{}, {"epochs": -1}, {"iterations": 2.5}, {"epochs": True}])
def test_finish_after_needs_whole_numbers(settings):
    with pytest.raises(UsageError, match="FinishAfter"):
        FinishAfter(**settings)
