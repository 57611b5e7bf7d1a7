"""Several steps a call: the same training bit for bit, and the same promises about callbacks, errors and the end."""

import numpy as np
import pytensor.tensor as pt
import pytest

from bricks.data import (
    ArrayDataset,
    DataStream,
    Flatten,
    OneHot,
    Reshape,
    ScaleAndShift,
    SequentialScheme,
    ShuffledScheme,
    TimeMajor,
)
from bricks.errors import NotFiniteError, UsageError
from bricks.layers import BatchNormalization, CategoricalCrossEntropy, Dropout, Linear, Sequence, Tanh
from bricks.training import Extension, FinishAfter, GradientDescent, MainLoop, build_step_rule
from bricks.training import grouping as groupings
from bricks.training.held import hold

BATCHES = 5  # an epoch's, of which the last is short


def pixels(bad=None):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (34, 3, 2), dtype="uint8")
    if bad is not None:
        images = images.astype("float32")
        images[bad, 1, 1] = np.nan
    return ArrayDataset({"features": images, "targets": rng.integers(0, 4, 34).astype("int32")})


def stream(dataset=None, seed=5, **settings):
    return DataStream(
        dataset or pixels(), ShuffledScheme(8, seed=seed), [Flatten("features"), ScaleAndShift(1 / 255, 0, "features")]
    )


def algorithm():
    """With all that a step may change: noise, statistics of batches, moments, a norm that clips."""
    x, t = pt.matrix("features", dtype="float32", shape=(None, 6)), pt.ivector("targets")
    layers = [Linear(6, 8), BatchNormalization(8), Tanh(), Dropout(0.3), Linear(8, 4)]
    cost = CategoricalCrossEntropy()(t, Sequence(layers, name="net", seed=2)(x))
    return GradientDescent(cost, step_rule=build_step_rule("adam", learning_rate=0.01, clip=0.5))


class Watch(Extension):
    """Notes each batch that it is shown, so that none is held on the device."""

    def __init__(self):
        super().__init__()
        self.before, self.after = [], []

    def before_batch(self, batch):
        self.before.append((self.main_loop.iteration, len(batch["targets"])))

    def after_batch(self, batch):
        self.after.append((self.main_loop.iteration, len(batch["targets"])))


class Calls(Extension):
    """Notes after how many steps each call ended."""

    def __init__(self):
        super().__init__()
        self.ends = []

    def after_steps(self):
        self.ends.append(self.main_loop.iteration)


def trained(steps_per_call, *extensions, epochs=3, **settings):
    loop = MainLoop(
        algorithm(), stream(), [*extensions, FinishAfter(epochs=epochs)], steps_per_call=steps_per_call, **settings
    )
    loop.run()
    return loop


def content(value):
    if isinstance(value, dict):
        return {key: content(item) for key, item in value.items() if key not in ("time", "extensions")}
    return value.tobytes() if isinstance(value, np.ndarray) else value


@pytest.fixture(scope="module")
def reference():
    return trained(1)


@pytest.mark.parametrize("steps_per_call", [None, 4, *(pytest.param(n, marks=pytest.mark.slow) for n in (2, 64))])
@pytest.mark.parametrize("seen", [False, True], ids=["held", "read"])
def test_however_many_steps_a_call_has_the_run_is_the_same_bit_for_bit(reference, steps_per_call, seen):
    calls = Calls()
    loop = trained(steps_per_call, calls, *([Watch()] if seen else []))
    assert (loop._grouping.held is None) is seen
    assert content(loop.state_dict()) == content(reference.state_dict())
    assert [content(row) for row in loop.log] == [content(row) for row in reference.log]
    assert all(end in calls.ends for end in (5, 10, 15)), "a call ends with the epoch"
    assert (len(calls.ends) == 15) is (steps_per_call is None and seen)


FAST = [(1, None), (None, 1), (3, 4)]
PAIRS = [(first, second) for first in (1, 3, None) for second in (1, 4, None)]


@pytest.mark.parametrize(
    ("first", "second"), [pytest.param(*pair, marks=() if pair in FAST else pytest.mark.slow) for pair in PAIRS]
)
def test_a_run_saved_within_an_epoch_goes_on_with_another_number_of_steps(reference, first, second):
    begun = MainLoop(algorithm(), stream(), [FinishAfter(iterations=7)], steps_per_call=first)
    begun.run()
    loop = MainLoop(algorithm(), stream(), [FinishAfter(epochs=3)], steps_per_call=second)
    loop.load_state_dict(begun.state_dict() | {"extensions": {}})
    loop.run()
    assert content(loop.state_dict()) == content(reference.state_dict())
    assert [content(row) for row in loop.log] == [content(row) for row in reference.log][1:]


CHECKS = [(steps, every) for steps in (1, 3, None) for every in (2, 100)]


@pytest.mark.parametrize(
    ("steps_per_call", "check_every"),
    [pytest.param(*c, marks=() if c in [(3, 2), (None, 100)] else pytest.mark.slow) for c in CHECKS],
)
def test_a_step_that_is_not_finite_is_named_and_the_state_is_before_it(steps_per_call, check_every):
    order = ShuffledScheme(8, seed=5).indices(34, 1)
    bad = int(order[2 * 8 + 3])  # in the third batch of the second epoch; in the first it comes elsewhere
    in_first = int(np.flatnonzero(ShuffledScheme(8, seed=5).indices(34, 0) == bad)[0]) // 8
    before = MainLoop(algorithm(), stream(), [FinishAfter(iterations=in_first)], steps_per_call=1)
    before.run()
    loop = MainLoop(
        algorithm(), stream(pixels(bad)), steps_per_call=steps_per_call, check_every=check_every, name="spoilt"
    )
    with pytest.raises(NotFiniteError, match=rf"step {in_first + 1} \(epoch 1, batch {in_first + 1}\)"):
        loop.run()
    assert loop.iteration == in_first
    assert loop.state_dict()["position"] == {"epoch": 0, "batch": in_first}
    assert content(loop.state_dict()["algorithm"]) == content(before.state_dict()["algorithm"])


def test_callbacks_of_batches_come_once_for_each_all_before_and_all_after_the_call():
    watch = Watch()
    trained(3, watch, epochs=1)
    assert watch.before == [(0, 8), (0, 8), (0, 8), (3, 8), (3, 2)]
    assert watch.after == [(3, 8), (3, 8), (3, 8), (5, 8), (5, 2)]


def test_who_wants_to_see_each_batch_gets_it_around_its_own_step():
    watch = Watch()
    trained(None, watch, epochs=1)
    assert [iteration for iteration, _ in watch.before] == [0, 1, 2, 3, 4]
    assert [iteration for iteration, _ in watch.after] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("steps_per_call", [4, None])
def test_a_call_ends_where_an_extension_is_due_and_where_finiteness_is_checked(steps_per_call):
    calls = Calls()
    loop = MainLoop(
        algorithm(), stream(), [calls, FinishAfter(iterations=7)], steps_per_call=steps_per_call, check_every=3
    )
    loop.run()
    assert loop.iteration == 7 and {3, 5, 7} <= set(calls.ends)


def test_calls_grow_while_they_are_short_and_shrink_when_they_are_long(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(groupings.time, "perf_counter", lambda: clock[0])

    class Algorithm:
        seconds = 0.001

        def hold(self, stream):
            return None

        def process_batches(self, batches, room):
            clock[0] += self.seconds * len(batches)

    grouping = groupings.Grouping(None, per_batch=False)
    grouping.start(Algorithm(), stream())
    sizes = []
    for seconds in [0.001] * 7 + [0.003] * 3:
        Algorithm.seconds = seconds
        sizes.append(grouping.steps(due=1000))
        grouping.hand_over([{}] * sizes[-1])
    assert sizes == [1, 2, 4, 8, 16, 32, 50, 50, 25, 25]


@pytest.mark.parametrize("wrong", [0, -1, 1.5, True, "4"])
def test_a_wrong_number_of_steps_is_refused(wrong):
    with pytest.raises(UsageError, match="steps_per_call must be an integer from 1, got"):
        MainLoop(algorithm(), stream(), steps_per_call=wrong)


def test_batches_of_unequal_shapes_may_be_handed_over_together():
    one, together = algorithm(), algorithm()
    batches = list(stream().iterator()) + list(stream().iterator())
    for batch in batches:
        one.process_batch(batch)
    together.process_batches(batches, room=4)
    assert together.check() is None and together.steps_given == 10
    assert content(together.state_dict()) == content(one.state_dict())
    with pytest.raises(UsageError, match="the batch lacks the source 'targets'"):
        together.process_batches([batches[0], {"features": batches[0]["features"]}])
    assert together.steps_given == 10


def views():
    images = np.random.default_rng(1).integers(0, 256, (20, 4, 3), dtype="uint8")
    symbols = np.random.default_rng(2).integers(0, 5, (20, 1))
    scale = ScaleAndShift(1 / 255, 0, "features")
    return [
        ("float32", {"features": images.astype("float32")}, [], True),
        (
            "scaled",
            {"features": images, "targets": symbols},
            [Flatten("features"), scale, Reshape((), "targets")],
            True,
        ),
        ("rows", {"features": images}, [TimeMajor("features"), scale], True),
        ("shifted", {"features": images}, [ScaleAndShift(1 / 255, -0.5)], False),
        ("one-hot", {"targets": symbols}, [OneHot(5)], False),
        ("float64", {"features": images / 255}, [], False),
        ("wide", {"targets": symbols + 2**40}, [], False),
    ]


@pytest.mark.parametrize(("name", "arrays", "transformers", "can_be"), views(), ids=[view[0] for view in views()])
def test_batches_made_on_the_device_have_the_bits_of_those_that_are_read(name, arrays, transformers, can_be):
    import jax

    from bricks.engine import placement

    data = DataStream(ArrayDataset(arrays), SequentialScheme(6), transformers)
    held = hold(data, placement.default(), x64=False)
    assert (held is not None) is can_be
    if can_be:
        rows = np.int32([3, 19, 0, 3])
        made, read = jax.jit(held.batch)(held.tables, rows), data.read(rows.astype("int64"))
        for source, array in read.items():
            narrow = {"int64": "int32"}.get(array.dtype.name, array.dtype.name)
            assert made[source].dtype == narrow
            np.testing.assert_array_equal(np.asarray(made[source]), array)


def test_what_was_overridden_is_not_gone_round():
    class Noisy(DataStream):
        def read(self, indices):
            return {name: array + 1 for name, array in super().read(indices).items()}

    class Half(ScaleAndShift):
        def array(self, array):
            return super().array(array) / 2

    data = ArrayDataset({"x": np.zeros((4, 2), "float32")})
    assert DataStream(data, SequentialScheme(2)).arrays is data.arrays
    assert Noisy(data, SequentialScheme(2)).arrays is None
    assert DataStream(data, SequentialScheme(2), [Half(0.5, 0)]).arrays is None
