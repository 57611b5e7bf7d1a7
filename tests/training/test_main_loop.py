"""The main loop: the order of callbacks, rows, the end, errors, Ctrl-C, streams that do not fit."""

import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytensor.tensor as pt
import pytest

from bricks import engine
from bricks.data import ArrayDataset, Cast, DataStream, SequentialScheme
from bricks.errors import CheckpointError, DataError, ShapeError, UsageError
from bricks.training import (
    Extension,
    FinishAfter,
    GradientDescent,
    MainLoop,
)
from bricks.training.extensions import CALLBACKS


class Counter:
    """An algorithm that only counts, as the main loop sees one; `total` is its parameter."""

    monitored = {"cost": None}

    def __init__(self):
        self.steps_given, self.total, self.batches = 0, 0, []

    def prepare(self, sources):
        assert "x" in sources

    def process_batch(self, batch):
        self.steps_given += 1
        self.total += int(batch["x"].sum())
        self.batches.append(batch["x"].tolist())

    def check(self):
        return None

    def read_monitored(self, reset=True):
        return {"cost": 1.0 / self.steps_given}

    def state_dict(self):
        return {"steps": self.steps_given, "total": self.total}

    def load_state_dict(self, state):
        self.steps_given, self.total = state["steps"], state["total"]


class Recorder(Extension):
    """Writes down every callback, with the loop's iteration, into a list shared by several."""

    def __init__(self, events, name="recorder"):
        super().__init__(name)
        self.events = events

    def _note(self, callback):
        self.events.append((self.name, callback, self.main_loop.iteration))


for _callback in CALLBACKS:
    setattr(Recorder, _callback, lambda self, *arguments, _callback=_callback: self._note(_callback))


def at(callback, iteration, action):
    """An extension that does something in one callback, at one iteration."""

    def method(self, *arguments):
        if self.main_loop.iteration == iteration:
            action()

    return type("At", (Extension,), {callback: method})()


def stream(examples=5, batch_size=2, scheme=SequentialScheme, **settings):
    return DataStream(ArrayDataset({"x": np.arange(examples)}), scheme(batch_size, **settings))


def test_callbacks_come_in_the_order_that_is_documented():
    events = []
    loop = MainLoop(Counter(), stream(), [Recorder(events, "a"), FinishAfter(epochs=2), Recorder(events, "b")])
    loop.run()
    assert [name for name, *_ in events[:4]] == ["a", "b", "a", "b"]
    of_a = [(callback, iteration) for name, callback, iteration in events if name == "a"]
    epoch_1 = [("before_epoch", 0)]
    for n in range(3):
        epoch_1 += [("before_batch", n), ("after_batch", n + 1), ("after_steps", n + 1)]
    epoch_1.append(("after_epoch", 3))
    epoch_2 = [(callback, n + 3) for callback, n in epoch_1]
    assert of_a == [("before_training", 0), *epoch_1, *epoch_2, ("after_training", 6)]
    positions = [MainLoop.__doc__.index(name) for name in CALLBACKS]
    assert positions == sorted(positions)


def test_a_row_for_each_epoch_with_the_contracts_entries():
    class Adds(Extension):
        def after_epoch(self):
            self.main_loop.row["valid_cost"] = 7.0

    loop = MainLoop(Counter(), stream(), [Adds(), FinishAfter(epochs=2)])
    loop.run()
    assert loop.epoch == 2 and loop.iteration == 6 and loop.finish_reason == "2 epochs done" and loop.row is None
    assert [{k: v for k, v in row.items() if k != "time"} for row in loop.log] == [
        {"iteration": 3, "epoch": 1, "train_cost": 1 / 3, "valid_cost": 7.0},
        {"iteration": 6, "epoch": 2, "train_cost": 1 / 6, "valid_cost": 7.0},
    ]
    assert list(loop.log[0])[-1] == "time" and set(loop.log[0]["time"]) == {"total", "data"}


def test_time_spent_waiting_for_data_is_told_apart():
    class Slow(DataStream):
        def read(self, indices):
            time.sleep(0.02)
            return super().read(indices)

    class Work(Extension):
        def after_batch(self, batch):
            time.sleep(0.01)

    loop = MainLoop(
        Counter(),
        Slow(ArrayDataset({"x": np.arange(6)}), SequentialScheme(2)),
        [Work(), FinishAfter(epochs=1)],
    )
    loop.run()
    (row,) = loop.log
    assert 0.06 <= row["time"]["data"] < row["time"]["total"] - 0.029
    before = loop.time
    time.sleep(0.02)
    assert loop.time == before  # nothing runs, no time goes by


@pytest.mark.parametrize(
    ("iterations", "rows", "epoch"),
    [(0, 0, 0), (2, 0, 0), (3, 1, 1), (4, 1, 1), (6, 2, 2)],
)
def test_finishing_after_iterations_closes_the_epoch_only_at_its_end(iterations, rows, epoch):
    loop = MainLoop(Counter(), stream(), [FinishAfter(iterations=iterations)])
    loop.run()
    assert (loop.iteration, len(loop.log), loop.epoch) == (iterations, rows, epoch)


def test_a_loop_that_finished_can_be_run_on():
    algorithm, finish = Counter(), FinishAfter(iterations=4)
    loop = MainLoop(algorithm, stream(), [finish])
    loop.run()
    loop.run()
    assert loop.iteration == 4
    finish.iterations = 6
    loop.run()
    assert algorithm.batches == [[0, 1], [2, 3], [4]] * 2 and len(loop.log) == 2


@pytest.mark.parametrize("where", ["stream", "step", "extension"])
def test_an_exception_goes_to_the_extensions_and_then_to_the_caller(where):
    class Broken(RuntimeError):
        pass

    def fail(*_):
        raise Broken(where)

    class Failing(Extension):
        def on_error(self, error):
            raise ValueError("no disk")

    events, data, algorithm = [], stream(), Counter()
    extensions = [Failing(), Recorder(events)]
    if where == "stream":
        read = data.read
        data.read = lambda indices: fail() if 2 in indices else read(indices)
    elif where == "step":
        step = algorithm.process_batch
        algorithm.process_batch = lambda batch: fail() if 2 in batch["x"] else step(batch)
    else:
        extensions.append(at("before_batch", 1, fail))
    loop = MainLoop(algorithm, data, extensions)
    with pytest.raises(Broken, match=where) as caught:
        loop.run()
    assert events[-2:] == [("recorder", "on_error", 1), ("recorder", "after_training", 1)]
    assert "no disk" in caught.value.__notes__[-1]
    if where == "stream":
        assert caught.value.__notes__[0] == "while the stream made the batch of step 2 (epoch 1)"
    assert loop.state_dict()["position"] == {"epoch": 0, "batch": 1}, "the state is that after the last finished step"


@pytest.fixture
def ctrl_c():
    """Python's own handler, whatever the tests were started with: a background job ignores SIGINT."""
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield signal.default_int_handler
    signal.signal(signal.SIGINT, previous)


def test_ctrl_c_finishes_the_step_then_tells_then_raises(ctrl_c):
    events = []
    interrupt = at("before_batch", 3, lambda: signal.raise_signal(signal.SIGINT))
    loop = MainLoop(Counter(), stream(), [interrupt, Recorder(events)])
    with pytest.raises(KeyboardInterrupt):
        loop.run()
    assert [(callback, n) for _, callback, n in events[-5:]] == [
        ("before_batch", 3), ("after_batch", 4), ("after_steps", 4), ("on_interrupt", 4), ("after_training", 4),
    ]  # fmt: skip
    assert signal.getsignal(signal.SIGINT) is ctrl_c
    assert loop.iteration == 4 and loop.finish_reason == "interrupted" and len(loop.log) == 1


def test_a_second_ctrl_c_aborts_at_once(ctrl_c):
    def twice():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        raise AssertionError("not reached")

    events = []
    loop = MainLoop(Counter(), stream(), [at("before_batch", 1, twice), Recorder(events)])
    with pytest.raises(KeyboardInterrupt):
        loop.run()
    assert not {"on_interrupt", "after_training", "on_error"} & {event[1] for event in events}
    assert signal.getsignal(signal.SIGINT) is ctrl_c


def test_where_sigint_is_ignored_it_stays_so(ctrl_c):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    interrupt = at("before_batch", 1, lambda: signal.raise_signal(signal.SIGINT))
    loop = MainLoop(Counter(), stream(), [interrupt, FinishAfter(epochs=1)])
    loop.run()
    assert loop.epoch == 1 and signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_sigint_from_outside_the_process_is_heard_while_it_steps():
    program = """
import signal, sys, time
import numpy as np
from bricks.data import ArrayDataset, DataStream, SequentialScheme
from bricks.training import Extension, MainLoop
sys.path.insert(0, sys.argv[1])
from test_main_loop import Counter
signal.signal(signal.SIGINT, signal.default_int_handler)
class Tell(Extension):
    def after_batch(self, batch):
        print("step", self.main_loop.iteration, flush=True)
        time.sleep(0.01)
    def on_interrupt(self):
        print("interrupted", self.main_loop.algorithm.steps_given == self.main_loop.iteration, flush=True)
try:
    MainLoop(Counter(), DataStream(ArrayDataset({"x": np.arange(9)}), SequentialScheme(2)), [Tell()]).run()
except KeyboardInterrupt:
    sys.exit(130)
"""
    folder = __file__.rpartition("/")[0]
    process = subprocess.Popen([sys.executable, "-c", program, folder], stdout=subprocess.PIPE, text=True)
    try:
        while not process.stdout.readline().startswith("step"):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130 and rest.splitlines()[-1] == "interrupted True"


def test_in_another_thread_signals_are_left_alone():
    loop = MainLoop(Counter(), stream(), [FinishAfter(epochs=1)])
    thread = threading.Thread(target=loop.run)
    thread.start()
    thread.join(30)
    assert loop.epoch == 1


def test_states_that_do_not_fit_are_refused():
    loop = MainLoop(Counter(), stream(), [FinishAfter(epochs=1)])
    state = loop.state_dict()
    with pytest.raises(CheckpointError, match="the state lacks position"):
        loop.load_state_dict({k: v for k, v in state.items() if k != "position"})
    with pytest.raises(CheckpointError, match="extension 'early_stoping', which isn't there now"):
        loop.load_state_dict(state | {"extensions": {"early_stoping": {"stale": 1}}})
    with pytest.raises(CheckpointError, match="an epoch has 3 batches"):
        loop.load_state_dict(state | {"position": {"epoch": 0, "batch": 9}})


def fits_not(case):
    x, W = pt.matrix("x", dtype="float32", shape=(None, 3)), engine.shared(np.zeros(3, "float32"), name="W")
    cost = pt.dot(x, W).mean() + pt.fscalar("rate") * 0 if case == "scalar" else pt.dot(x, W).mean()
    array = {"float64": np.zeros((4, 3)), "width": np.zeros((4, 2), "float32")}.get(case, np.zeros((4, 3), "float32"))
    data = DataStream(ArrayDataset({"features" if case == "name" else "x": array}), SequentialScheme(2))
    return MainLoop(GradientDescent(cost), data, [FinishAfter(epochs=1)])


@pytest.mark.parametrize(
    ("case", "error", "message"),
    [
        ("name", UsageError, "input 'x' needs a source of that name in the stream; there are: features"),
        ("float64", UsageError, "source 'x' must be float32.*the stream gives float64"),
        ("width", ShapeError, r"shape \(any, 3\).*the stream gives \(any \(batch\), 2\)"),
        ("scalar", UsageError, "input 'rate' needs a source"),
    ],
)
def test_a_stream_that_does_not_fit_is_refused_before_anything_is_compiled(case, error, message):
    loop = fits_not(case)
    with pytest.raises(error, match=message):
        loop.run()
    assert loop.algorithm._step is None and loop.iteration == 0


def test_a_cast_in_the_stream_makes_it_fit():
    loop = fits_not("float64")
    loop.stream = DataStream(loop.stream.dataset, loop.stream.scheme, [Cast("float32")])
    loop.algorithm.prepare(loop.stream.sources)


def test_an_empty_epoch_is_an_error_not_an_endless_loop():
    class Empty(DataStream):
        def iterator(self):
            iterator = super().iterator()
            iterator.load_state_dict({"epoch": 0, "batch": self.batches_per_epoch})
            return iterator

    loop = MainLoop(Counter(), Empty(ArrayDataset({"x": np.arange(3)}), SequentialScheme(2)))
    with pytest.raises(DataError, match="at least one batch"):
        loop.run()


def test_extensions_have_unique_names_and_one_loop():
    extension = FinishAfter(epochs=1)
    MainLoop(Counter(), stream(), [extension])
    with pytest.raises(UsageError, match="belongs to another loop"):
        MainLoop(Counter(), stream(), [extension])
    with pytest.raises(UsageError, match="two extensions are called 'finish_after'"):
        MainLoop(Counter(), stream(), [FinishAfter(epochs=1), FinishAfter(iterations=1)])
    with pytest.raises(UsageError, match="check_every must be an integer from 1"):
        MainLoop(Counter(), stream(), check_every=0)
