"""The lab's tasks made up for recurrent nets: each batch is checked, example by example, by the task's definition."""

import doctest
import inspect
import math

import numpy as np
import pydantic
import pytest

from bricks.errors import UsageError

TASKS = ["adding", "copy_memory", "warped_copy"]


@pytest.fixture(params=TASKS)
def task(request, lab_dataset):
    return lab_dataset(request.param)


def checked_batch(stream):
    """The stream's first batch, which is as its sources say."""
    batch = next(stream.iterator())
    assert set(batch) == set(stream.sources)
    size = batch["features"].shape[1]
    for name, array in batch.items():
        source = stream.sources[name]
        assert array.dtype == source.dtype and array.flags.c_contiguous
        assert array.shape == tuple(size if length is None else length for length in source.batch_shape)
    return batch


def symbols_of(one_hot):
    assert set(np.unique(one_hot)) <= {0, 1} and (one_hot.sum(axis=-1) == 1).all()
    return one_hot.argmax(axis=-1)


@pytest.mark.parametrize("length", [2, 3, 9, 200])
@pytest.mark.parametrize("fresh", [True, False])
def test_adding_marks_a_step_of_each_half_and_asks_for_their_sum(lab_dataset, length, fresh):
    streams = lab_dataset("adding").streams(1, length=length, batch_size=60, examples=120, valid=30, fresh=fresh)
    for stream in streams.values():
        batch = checked_batch(stream)
        assert stream.sources["features"].batch_shape == (length, None, 2)
        assert stream.sources["targets"].batch_shape == (None, 1)
        for example, target in zip(batch["features"].swapaxes(0, 1), batch["targets"], strict=True):
            values, markers = example.T
            first, second = np.flatnonzero(markers)
            assert first < length // 2 <= second and set(markers) <= {0, 1}
            assert values.min() >= 0 and values.max() < 1
            assert target == values[first] + values[second]


def test_adding_has_the_variance_of_its_baseline_and_marks_everywhere(lab_dataset):
    adding = lab_dataset("adding")
    batch = next(adding.streams(3, length=10, batch_size=50_000, examples=50_000)["train"].iterator())
    assert np.mean((batch["targets"] - 1) ** 2) == pytest.approx(adding.BASELINE, rel=0.03)
    np.testing.assert_allclose(batch["features"][:, :, 1].mean(axis=1), 0.2, atol=0.01)
    np.testing.assert_allclose(batch["features"][:, :, 0].mean(axis=1), 0.5, atol=0.01)


@pytest.mark.parametrize(("length", "symbols", "alphabet"), [(1, 1, 1), (1, 3, 2), (100, 10, 8), (37, 4, 200)])
def test_copy_memory_is_symbols_blanks_cue_blanks_and_asks_for_the_symbols_after_the_cue(
    lab_dataset, length, symbols, alphabet
):
    options = dict(length=length, symbols=symbols, alphabet=alphabet)
    streams = lab_dataset("copy_memory").streams(1, **options, batch_size=20, valid=10)
    blank, cue = alphabet, alphabet + 1
    for stream in streams.values():
        batch = checked_batch(stream)
        assert stream.sources["features"].batch_shape == (length + 2 * symbols, None, alphabet + 2)
        assert batch["targets"].dtype == np.int32
        for example, targets in zip(symbols_of(batch["features"]).T, batch["targets"].T, strict=True):
            kept = example[:symbols].tolist()
            assert max(kept) < alphabet
            assert example.tolist() == kept + [blank] * (length - 1) + [cue] + [blank] * symbols
            assert targets.tolist() == [blank] * (length + symbols) + kept


def test_the_copy_tasks_default_is_that_of_the_papers_and_its_symbols_are_uniform(lab_dataset):
    copy = lab_dataset("copy_memory")
    batch = next(copy.streams(1, length=500, batch_size=5000, examples=5000)["train"].iterator())
    assert batch["features"].shape == (520, 5000, 10)
    counts = batch["features"][:10].mean(axis=1)
    np.testing.assert_allclose(counts[:, :8], 1 / 8, atol=0.025)
    assert (counts[:, 8:] == 0).all()


def test_the_baseline_of_the_copy_task_is_the_cost_of_knowing_all_but_the_symbols(lab_dataset):
    copy = lab_dataset("copy_memory")
    targets = next(copy.streams(1, length=30)["test"].iterator())["targets"]
    probabilities = np.zeros((50, 9))
    probabilities[:40, 8], probabilities[40:, :8] = 1, 1 / 8
    cost = -np.log(np.take_along_axis(probabilities, targets, axis=1)).mean()
    assert copy.baseline(30) == pytest.approx(cost) == pytest.approx(10 * math.log(8) / 50)


def runs_of(example):
    """(symbol, how long it lasts), one after the other."""
    ends = [*(np.flatnonzero(np.diff(example)) + 1).tolist(), len(example)]
    return [(int(example[a]), b - a) for a, b in zip([0, *ends], ends, strict=False)]


@pytest.mark.parametrize("warping", [1, 2, 5, 70])
@pytest.mark.parametrize("variable", [False, True])
@pytest.mark.parametrize("fresh", [True, False])
def test_warped_copy_repeats_symbols_and_asks_for_the_one_before(lab_dataset, warping, variable, fresh):
    options = dict(length=60, maximum_warping=warping, variable=variable, alphabet=4, fresh=fresh)
    streams = lab_dataset("warped_copy").streams(1, **options, batch_size=30, examples=60, valid=40)
    for stream in streams.values():
        batch = checked_batch(stream)
        assert stream.sources["features"].batch_shape == (60, None, 5)
        assert batch["targets"].dtype == np.int32
        lasted = set()
        for example, targets in zip(symbols_of(batch["features"]).T, batch["targets"].T, strict=True):
            runs = runs_of(example)
            lasted |= {length for _, length in runs[:-1]}
            assert runs[-1][1] <= warping and max(symbol for symbol, _ in runs) < 4
            befores = [4, *(symbol for symbol, _ in runs)]
            expected = [before for before, (_, length) in zip(befores, runs, strict=False) for _ in range(length)]
            assert targets.tolist() == expected
        if warping < 60:
            assert lasted == (set(range(1, warping + 1)) if variable else {warping})


@pytest.mark.parametrize("warping", [1, 4])
@pytest.mark.parametrize("variable", [False, True])
def test_padded_it_is_the_same_sequences_with_blanks_for_the_repetitions(lab_dataset, warping, variable):
    options = dict(length=50, maximum_warping=warping, variable=variable, alphabet=3, batch_size=25)
    warped, padded = (
        checked_batch(lab_dataset("warped_copy").streams(7, **options, padded=padded)["train"])
        for padded in (False, True)
    )
    np.testing.assert_array_equal(warped["targets"], padded["targets"])
    for whole, marks in zip(symbols_of(warped["features"]).T, symbols_of(padded["features"]).T, strict=True):
        begins = np.diff(whole, prepend=-1) != 0
        np.testing.assert_array_equal(marks, np.where(begins, whole, 3))


def test_warped_symbols_are_uniform_and_differ_from_the_one_before(lab_dataset):
    batch = next(
        lab_dataset("warped_copy")
        .streams(1, length=6, maximum_warping=1, alphabet=4, batch_size=40_000, examples=40_000)["train"]
        .iterator()
    )
    symbols = symbols_of(batch["features"])
    pairs = np.zeros((4, 4))
    np.add.at(pairs, (symbols[2], symbols[3]), 1 / 40_000)
    np.testing.assert_allclose(pairs, (1 - np.eye(4)) / 12, atol=0.006)
    np.testing.assert_allclose(batch["features"].mean(axis=1)[:, :4], 1 / 4, atol=0.015)


def test_the_same_seed_gives_the_same_data_and_another_another(task):
    for fresh in (True, False):
        first, same, other = (task.streams(seed, fresh=fresh)["train"].batches(2)(1) for seed in (1, 1, 2))
        for name in first:
            np.testing.assert_array_equal(first[name], same[name])
            assert (first[name] != other[name]).any()


@pytest.mark.parametrize("fresh", [True, False])
def test_resume_in_the_middle_of_an_epoch_is_exact(task, fresh):
    options = dict(length=12, batch_size=4, examples=10, fresh=fresh)
    iterator, resumed = (task.streams(5, **options)["train"].iterator() for _ in range(2))
    for _ in range(4 + 1):  # one epoch of three batches and its end, and one batch
        next(iterator, None)
    resumed.load_state_dict(iterator.state_dict())
    assert iterator.state_dict() == {"epoch": 1, "batch": 1}
    for _ in range(2):
        rest = list(zip(iterator, resumed, strict=True))
        assert rest and rest[-1][0]["features"].shape[1] == 2
        for one, other in rest:
            for name in one:
                np.testing.assert_array_equal(one[name], other[name])


@pytest.mark.parametrize(
    "wrong",
    [
        {"length": 0}, {"length": 2.5}, {"batch_size": 0}, {"examples": 0}, {"valid": 0}, {"test": 0},
        {"evaluation_batch_size": 0}, {"alphabet": 0}, {"alphabet": 256}, {"symbols": 0}, {"maximum_warping": 0},
    ],
)  # fmt: skip
def test_options_out_of_range_are_refused_here_and_by_the_annotations(task, wrong):
    ((name, value),) = wrong.items()
    parameters = inspect.signature(task.streams).parameters
    if name not in parameters:
        pytest.skip(f"no {name} here")
    with pytest.raises(UsageError, match=name.removeprefix("evaluation_")):
        task.streams(1, **wrong)
    with pytest.raises(pydantic.ValidationError):
        pydantic.TypeAdapter(parameters[name].annotation).validate_python(value)


def test_defaults_keep_to_the_annotations_and_doctests_hold(task):
    for parameter in list(inspect.signature(task.streams).parameters.values())[1:]:
        assert pydantic.TypeAdapter(parameter.annotation).validate_python(parameter.default) == parameter.default
    assert doctest.testmod(task).failed == 0
