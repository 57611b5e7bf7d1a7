"""Extensions beside those that the main loop's own tests use: callbacks of one's own, the best, checkpoints."""

import itertools

import pytest
from planned import loop_of, run

from bricks.errors import UsageError
from bricks.training import (
    Callback,
    Checkpoint,
    FinishIfNoImprovement,
    Plateau,
    Printing,
    TensorBoard,
    Timing,
    TrackTheBest,
    checkpoints,
)


def test_functions_of_ones_own_are_callbacks():
    seen = []
    run(
        [3, 2, 1],
        Callback(
            after_epoch=lambda loop: seen.append(loop.row["valid_error"]), after_training=lambda _: seen.append("end")
        ),
        Callback(every=4, after_steps=lambda loop: seen.append(("steps", loop.iteration)), name="steps"),
        Callback(before_batch=lambda loop, batch: seen.append(batch["x"].tolist()), name="batches"),
    )
    batches = [[0, 1], [2, 3]]
    assert seen == [*batches, 3, *batches, ("steps", 4), 2, *batches, 1, "end"]
    with pytest.raises(UsageError, match="no callback is called 'after_epochs'; did you mean 'after_epoch'"):
        Callback(after_epochs=print)


@pytest.mark.parametrize(
    ("errors", "settings", "epochs"),
    [
        ([3, 2, 2, 2, 1], {"epochs": 2}, 4),
        ([3, 2, 2, 1, 1, 1], {"epochs": 3}, 6),
        ([3, 2, 2, 2, 1], {"iterations": 3}, 4),
        ([float("nan"), float("nan"), 1], {"epochs": 2}, 2),
    ],
)
def test_it_ends_when_nothing_got_better_for_a_while(errors, settings, epochs):
    """Also where the count steps over the limit, as iterations do: 3 of them, two an epoch."""
    best = TrackTheBest("valid_error")
    loop = run(errors, best, FinishIfNoImprovement(best, **settings))
    assert loop.epoch == epochs
    if epochs < len(errors):
        assert f"did not get better for {[*settings.values()][0]} {[*settings][0]}" in loop.finish_reason


def test_a_run_gone_on_with_less_patience_ends_at_once():
    """Though the count is beyond the limit, and never was equal to it."""
    best = TrackTheBest("valid_error")
    state = run([1, 2, 2, 2], best).state_dict()
    best = TrackTheBest("valid_error")
    loop = loop_of([1] * 9, best, FinishIfNoImprovement(best, epochs=2))
    loop.load_state_dict(state)
    loop.run()
    assert loop.epoch == 4 and "for 2 epochs" in loop.finish_reason


def test_the_best_may_be_the_greatest_and_goes_with_the_state():
    best = TrackTheBest("valid_error", maximize=True)
    loop = run([1, 3, 3, 2], best)
    assert (best.best_value, best.best_epoch, best.best_iteration, best.stale) == (3, 2, 4, 2)
    again = TrackTheBest("valid_error", maximize=True)
    loop_of([1, 3, 3, 2], again).load_state_dict(loop.state_dict())
    assert again.state_dict() == best.state_dict()
    with pytest.raises(UsageError, match="track_the_best must be an extension of the loop"):
        run([1], FinishIfNoImprovement(TrackTheBest("valid_error"), epochs=1))


def test_a_plateau_makes_the_learning_rate_smaller():
    plateau = Plateau("valid_error", 0.5, patience=2, least=0.1)
    loop = run([3, 3, 3, 2, 2, float("nan"), 2, 2, 2, 2], plateau)
    assert float(loop.algorithm.step_rule.learning_rate.get_value()) == pytest.approx(0.1)
    assert plateau.state_dict() == {"best": 2, "stale": 0}


def test_a_plateau_never_makes_it_larger_and_greater_may_be_better():
    loop = run([3, 3], Plateau("valid_error", patience=1, least=2.0))
    assert float(loop.algorithm.step_rule.learning_rate.get_value()) == 0.5
    growing, falling = ([1, 2, 3], 0.5), ([3, 2, 1], 0.125)
    for errors, rate in (growing, falling):
        loop = run(errors, Plateau("valid_error", patience=1, maximize=True))
        assert float(loop.algorithm.step_rule.learning_rate.get_value()) == rate


def test_the_time_of_an_epochs_steps_is_told():
    loop = run([1, 1], Timing())
    for row in loop.log:
        assert 0 < row["time"]["step"] == pytest.approx(row["time"]["epoch"] / 2, abs=1e-6)
        assert list(row["time"]) == ["total", "data", "epoch", "step"]


def test_checkpoints_come_when_they_are_asked_for_and_the_newest_are_kept(tmp_path):
    path = tmp_path / "checkpoint.h5"
    run([1] * 6, Checkpoint(path, epochs=None, iterations=3, keep=2))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["checkpoint-12.h5", "checkpoint-9.h5", "checkpoint.h5"]
    states = [checkpoints.read(tmp_path / f"checkpoint{which}.h5")["main_loop"] for which in ("-9", "-12", "")]
    assert [state["iteration"] for state in states] == [9, 12, 12]
    saves = Checkpoint(path, epochs=2, keep=2)
    loop = loop_of([1] * 8, saves)
    saves.load()
    assert loop.iteration == 12
    loop.run()
    assert loop.iteration == 16 and not (tmp_path / "checkpoint-9.h5").exists()


def test_a_clock_that_jumps_changes_nothing(tmp_path, monkeypatch):
    """Only the clock that never jumps says when a checkpoint is due."""
    jumping = itertools.cycle([0.0, 1e9, -1e9])  # further than the five minutes, forwards and backwards
    monkeypatch.setattr("time.time", lambda: next(jumping))
    loop = run([1, 1], Timing(), Checkpoint(tmp_path / "checkpoint.h5", epochs=None, minutes=5))
    assert not [*tmp_path.iterdir()]
    totals = [row["time"]["total"] for row in loop.log]
    assert 0 < totals[0] < totals[1] < 60


def test_a_row_is_printed_as_a_line(capsys):
    run([0.25, 0.125], Printing())
    lines = capsys.readouterr().out.splitlines()
    assert [line.rpartition("  ")[0] for line in lines] == [
        "epoch 1  train_cost 1.0000  valid_error 25.00 %",
        "epoch 2  train_cost 1.0000  valid_error 12.50 %",
    ]


def test_tensorboard_reads_what_was_written_and_not_what_was_before_a_resume(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    loop = loop_of([3, 2, 1], TensorBoard(tmp_path), epochs=2)
    loop.run()
    saved = loop.state_dict()
    run([3, 2, 7], TensorBoard(tmp_path))  # another third epoch, later forgotten
    again = loop_of([3, 2, 1], TensorBoard(tmp_path), epochs=3)
    again.load_state_dict(saved)
    again.run()
    events = EventAccumulator(str(tmp_path)).Reload()
    points = [(event.step, event.value) for event in events.Scalars("error/valid")]
    assert points[-1] == (6, 1.0) and (6, 7.0) not in points
    assert "cost/train" in events.Tags()["scalars"] and "time/total" in events.Tags()["scalars"]


def test_extensions_are_told_from_other_things():
    with pytest.raises(
        UsageError, match=r"extensions must be made of bricks.training.Extension, got .*write Timing\(\.\.\.\)"
    ):
        run([1], Timing)
    for wrong in (0, True, "2"):
        with pytest.raises(UsageError, match=f"Checkpoint: keep must be an integer from 1, got {wrong!r}"):
            Checkpoint("checkpoint.h5", keep=wrong)
