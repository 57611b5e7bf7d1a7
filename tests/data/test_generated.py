"""Data made up: the same of the same seed, epoch and batch, whatever was drawn before; new where it must be."""

import itertools
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bricks.data import GeneratedStream, TimeMajor, generated_streams
from bricks.errors import CheckpointError, DataError, UsageError


def draw(random, n):
    return {"x": random.random((n, 3, 2), "float32"), "y": random.integers(0, 1 << 62, n)}


def fresh(examples=7, batch_size=3, seed=1):
    return GeneratedStream(draw, examples=examples, batch_size=batch_size, seed=seed, transformers=[TimeMajor("x")])


def three(seed=1, **options):
    sizes = dict(batch_size=4, examples=10, valid=5, test=6, evaluation_batch_size=4)
    return generated_streams(draw, seed, **{**sizes, **options}, transformers=[TimeMajor("x")])


def numbers(batches):
    return [number for batch in batches for number in batch["y"].tolist()]


def take(iterator, steps):
    """The next `steps` events: a batch as bytes, or None where an epoch ends."""
    found = [next(iterator, None) for _ in range(steps)]
    return [batch and {name: (array.shape, array.tobytes()) for name, array in batch.items()} for batch in found]


def test_batches_are_as_the_sources_say_and_the_last_may_be_short():
    stream = fresh()
    assert (stream.num_examples, stream.batches_per_epoch) == (7, 3)
    assert repr(stream.sources) == "{'x': Source(float32, (3, 2), time batch -), 'y': Source(int64, (), batch)}"
    for batch, n in zip(stream.iterator(), (3, 3, 1), strict=True):
        assert (batch["x"].shape, batch["x"].dtype, batch["y"].shape) == ((3, n, 2), np.float32, (n,))


@settings(deadline=None)
@given(
    examples=st.integers(1, 9), size=st.integers(1, 4), seed=st.integers(0, 3), before=st.integers(0, 20),
    after=st.integers(1, 20),
)  # fmt: skip
def test_resumed_at_any_batch_equals_uninterrupted(examples, size, seed, before, after):
    iterator = fresh(examples, size, seed).iterator()
    take(iterator, before)
    saved = json.loads(json.dumps(iterator.state_dict()))
    expected = take(iterator, after)
    resumed = fresh(examples, size, seed).iterator()
    take(resumed, after % 3)
    resumed.load_state_dict(saved)
    assert take(resumed, after) == expected and resumed.state_dict() == iterator.state_dict()


def test_any_batch_of_any_epoch_can_be_had_alone():
    stream, iterator = fresh(), fresh().iterator()
    for epoch in range(3):
        for number, batch in enumerate(iterator):
            alone = stream.batches(epoch)(number)
            for name in batch:
                np.testing.assert_array_equal(alone[name], batch[name])


def test_no_example_comes_twice_in_any_epoch_batch_set_or_seed():
    sets = []
    for seed in (0, 1, 2):
        streams = three(seed)
        iterator = streams["train"].iterator()
        sets += [numbers(iterator) for _ in range(4)]
        sets.append(numbers(three(seed, fresh=False)["train"].iterator()))
    sets += [numbers(streams[name].iterator()) for name in ("valid", "test")]
    everything = list(itertools.chain(*sets))
    assert len(everything) == 3 * 5 * 10 + 5 + 6 == len(set(everything))


@pytest.mark.parametrize("is_fresh", [True, False])
def test_training_is_by_the_seed_and_the_other_sets_are_the_same_in_every_run(is_fresh):
    first, same, other = (three(seed, fresh=is_fresh) for seed in (1, 1, 2))
    for name in first:
        found = [take(streams[name].iterator(), 8) for streams in (first, same, other)]
        assert found[0] == found[1]
        assert (found[0] == found[2]) == (name != "train")


def test_evaluation_sets_do_not_depend_on_the_size_of_a_batch_and_are_the_same_each_time():
    streams, others = three(), three(evaluation_batch_size=1, batch_size=2, examples=20, fresh=False)
    for name, count in (("valid", 5), ("test", 6)):
        iterator = streams[name].iterator()
        found = numbers(iterator)
        assert len(found) == count and found == numbers(iterator) == numbers(others[name].iterator())


def test_a_fixed_training_set_comes_whole_each_epoch_in_another_order():
    iterator = three(fresh=False)["train"].iterator()
    epochs = [numbers(iterator) for _ in range(3)]
    assert len(set(epochs[0])) == 10 and sorted(epochs[0]) == sorted(epochs[1]) == sorted(epochs[2])
    assert epochs[0] != epochs[1] != epochs[2]


def test_batches_are_fresh_arrays():
    streams = three(fresh=False)
    for stream in (fresh(), *streams.values()):
        for batch in stream.iterator():
            for array in batch.values():
                array[...] = 0  # allowed, and seen by nobody
        assert all(batch["y"].all() for batch in stream.iterator())


def test_a_draw_that_breaks_its_word_is_named():
    def growing(random, n):
        return {"x": np.zeros((n, int(random.integers(2, 1000))))}

    stream = GeneratedStream(growing, examples=4, batch_size=4, seed=1)
    with pytest.raises(DataError, match=r"a draw of 4 examples must give 'x' float64 \(4, \d+\), got 'x' float64"):
        stream.batches(epoch=1)(0)
    with pytest.raises(DataError, match="a draw of 1 examples must give"):
        GeneratedStream(lambda random, n: {"x": np.zeros(n + 1)}, examples=4, batch_size=4, seed=1)
    with pytest.raises(DataError, match="must give the 5 examples asked for, got 4"):
        generated_streams(
            lambda random, n: {"x": np.zeros(min(n, 4))},
            1, batch_size=1, examples=2, valid=5, test=1, evaluation_batch_size=1,
        )  # fmt: skip


@pytest.mark.parametrize("is_fresh", [True, False])
@pytest.mark.parametrize(
    "wrong",
    [{"batch_size": 0}, {"examples": 0}, {"valid": 0}, {"test": 1.5}, {"evaluation_batch_size": 0}, {"seed": -1}],
)
def test_numbers_out_of_range_are_refused(wrong, is_fresh):
    (name,) = wrong
    with pytest.raises(UsageError, match=f"{name.removeprefix('evaluation_')} must be an integer of at least"):
        three(**wrong, fresh=is_fresh)


def test_a_position_of_another_stream_is_refused():
    with pytest.raises(CheckpointError, match="an epoch has 3 batches"):
        fresh().iterator().load_state_dict({"epoch": 0, "batch": 4})
