"""The best epoch and its parameters, hyper-parameters between epochs, rows that aren't finite."""

import numpy as np
import pytest
from planned import Errors, Plan, run, stream

from bricks.errors import CheckpointError, NotFiniteError, UsageError
from bricks.training import Decay, EarlyStopping, Extension, FinishAfter, FiniteRows, MainLoop, Schedule


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
        2 * best,
        errors[best - 1],
    )
    assert stopping.best_parameters == {"w": 2 * best}
    assert loop.algorithm.parameters["w"].get_value() == 2 * epochs
    stopping.restore()
    assert loop.algorithm.parameters["w"].get_value() == 2 * best


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
    assert seen[::2] == [(0.5, 0.0), (0.25, 0.25), (0.125, 0.5)]
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
