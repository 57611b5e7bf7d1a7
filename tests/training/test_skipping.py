"""Steps that are not finite, left out: the training is that of a stream without their batches, bit for bit."""

import logging

import numpy as np
import pytest
from spoilt import Position, Stream, descent

from bricks.errors import DataError, NotFiniteError, UsageError
from bricks.training import FinishAfter, MainLoop


def over(bad=(), missing=()):
    """Five batches an epoch; of those in `bad` all of some rows is NaN: dropout might leave a single one out."""

    def spoil(batch):
        batch["features"][5:] = np.nan

    return Stream(5, dict.fromkeys(bad, spoil), missing)


@pytest.fixture(scope="module")
def net():
    algorithm = descent()
    return algorithm, algorithm.state_dict()


@pytest.fixture
def loop_over(net):
    def make(stream, *extensions, **settings):
        algorithm, start = net
        algorithm.load_state_dict(start)
        return MainLoop(algorithm, stream, extensions, **settings)

    return make


def content(value):
    if isinstance(value, dict):
        kept = {key: item for key, item in value.items() if key not in ("time", "train_skipped", "position")}
        return {key: content(item) for key, item in kept.items()}
    return value.tobytes() if isinstance(value, np.ndarray) else value


BAD = [(0, 0), (0, 3), (1, 1), (1, 2), (1, 4)]


@pytest.mark.parametrize(("steps_per_call", "check_every"), [(1, 1), (3, 2), (1, 100), (None, 100)])
def test_what_is_skipped_might_as_well_not_be_there(loop_over, steps_per_call, check_every):
    """At the beginning, in the middle, two in a row and at the end of an epoch, however steps are grouped."""
    reference = loop_over(over(missing=BAD), FinishAfter(epochs=3))
    reference.run()
    expected, rows = content(reference.state_dict()), [content(row) for row in reference.log]
    settings = {"steps_per_call": steps_per_call, "check_every": check_every}
    loop = loop_over(over(bad=BAD), FinishAfter(epochs=3), not_finite="skip", **settings)
    loop.run()
    assert content(loop.state_dict()) == expected and [content(row) for row in loop.log] == rows
    assert [row["train_skipped"] for row in loop.log] == [2, 3, 0] and loop.iteration == 10


def test_it_ends_after_the_iterations_that_took_effect_and_goes_on_from_a_saved_state(loop_over, net):
    reference = loop_over(over(missing=BAD), FinishAfter(iterations=5))
    reference.run()
    expected = content(reference.state_dict()["algorithm"])
    first = loop_over(over(bad=BAD), FinishAfter(iterations=2), not_finite="skip")
    first.run()
    assert first.iteration == 2 and first.state_dict()["skipped"] == 1
    state = first.state_dict()
    again = loop_over(over(bad=BAD), FinishAfter(iterations=5), not_finite="skip")
    again.load_state_dict(state)
    again.run()
    ended = content(again.state_dict()["algorithm"])
    assert again.iteration == 5 and again.log[0]["train_skipped"] == 2
    for part in set(expected) - {"monitored"}:  # of two epochs, one closed: the last batch, a bad one, wasn't come to
        assert ended[part] == expected[part], part


def test_each_is_told_the_first_with_its_cause(loop_over, caplog):
    with caplog.at_level(logging.WARNING, "bricks"):
        loop_over(over(bad=[(0, 1), (0, 3)]), FinishAfter(epochs=1), not_finite="skip").run()
    first, second = (record.getMessage() for record in caplog.records)
    assert "step 2 (epoch 1, batch 2) is not finite: source 'features'" in first and first.endswith("batch is skipped.")
    assert "step 3 (epoch 1, batch 4) is not finite: as one before" in second


def test_where_nothing_is_finite_it_ends(loop_over):
    everything = [(epoch, batch) for epoch in range(5) for batch in range(5)]
    with pytest.raises(DataError, match="at least one batch with a finite step, all were skipped"):
        loop_over(over(bad=everything), FinishAfter(epochs=5), not_finite="skip").run()


def test_many_that_are_not_in_a_row_are_not_too_many(loop_over):
    """Two at the beginning of each of seven epochs, each time after steps that were finite."""
    bad = [(epoch, batch) for epoch in range(7) for batch in (0, 1)]
    loop = loop_over(over(bad=bad), FinishAfter(epochs=7), not_finite="skip")
    loop.run()
    assert [row["train_skipped"] for row in loop.log] == [2] * 7 and loop.iteration == 21


def test_ten_in_a_row_are_too_many(loop_over):
    stream = over(bad=[(0, batch) for batch in range(1, 12)])

    class Long(Position):
        def __next__(self):
            if self.batch in range(1, 12):
                self.batch, batch = 1, self.batch
                try:
                    return super().__next__()
                finally:
                    self.batch = batch + 1
            return super().__next__()

    stream.iterator = lambda: Long(stream)
    loop = loop_over(stream, FinishAfter(epochs=1), not_finite="skip")
    with pytest.raises(NotFiniteError, match="It is the 10th in a row, with different batches"):
        loop.run()
    assert loop.iteration == 1
    with pytest.raises(UsageError, match="not_finite must be 'stop' or 'skip', got 'ignore'"):
        loop_over(stream, not_finite="ignore")
