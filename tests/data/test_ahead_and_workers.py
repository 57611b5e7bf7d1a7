"""Batches made ahead, by a thread or by worker processes: same bits, order and positions; no worker left."""

import gc
import json
import os
import signal
import subprocess
import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worker_functions import Negative, Twice, dying_at_7, failing_at_7, lines, loaded, noisy

from bricks.data import (
    ArrayDataset,
    BlockShuffledScheme,
    Crop,
    DataStream,
    Flip,
    H5PYDataset,
    IterableDataset,
    LengthBuckets,
    Mapping,
    Padding,
    ScaleAndShift,
    SequentialScheme,
    ShuffledScheme,
    StratifiedScheme,
    write_hdf5,
)
from bricks.errors import DataError, UsageError

COUNT = 60


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("ahead") / "a.hdf5"
    x = np.arange(COUNT * 2 * 4 * 3, dtype=np.int64) % 251
    write_hdf5(path, {"all": {"x": x.astype("uint8").reshape(COUNT, 2, 4, 3), "y": np.arange(COUNT)}})
    return path


def same(a, b):
    assert a.keys() == b.keys()
    for name in a:
        assert a[name].dtype == b[name].dtype and a[name].flags.writeable
        np.testing.assert_array_equal(a[name], b[name])


def events(iterator, steps):
    return [next(iterator, None) for _ in range(steps)]


def all_same(found, expected):
    for a, b in zip(found, expected, strict=True):
        if a is None or b is None:
            assert a is b
        else:
            same(a, b)


LENGTHS = np.arange(COUNT) * 7 % 10
schemes = st.builds(
    lambda kind, size, seed, block: (
        ShuffledScheme(size, seed),
        BlockShuffledScheme(size, seed, block, 3),
        LengthBuckets(LENGTHS, size, seed, buckets=3),
        StratifiedScheme(LENGTHS, size, seed),
        SequentialScheme(size),
    )[kind],
    st.integers(0, 4),
    st.integers(1, 25),
    st.integers(0, 99),
    st.integers(1, 9),
)
transformers = st.lists(
    st.sampled_from(
        [Crop((2, 2), "x", seed=1), Flip(2, "x"), ScaleAndShift(0.5, 1, "y"), Mapping(noisy, seed=4), Flip(3, "x", 0.2)]
    ),
    max_size=3,
    unique=True,
)


def resumed_equals_uninterrupted(file, scheme, transformers, before, after, **settings):
    def stream(**settings):
        return DataStream(H5PYDataset(file, "all", load_in_memory=False), scheme, transformers, **settings)

    plain = stream(read_ahead=0).iterator()
    events(plain, before)
    saved = json.loads(json.dumps(plain.state_dict()))
    expected = events(plain, after)
    ahead = stream(**settings)
    first = ahead.iterator()
    events(first, before)
    assert first.state_dict() == saved  # what was made ahead is not in it
    all_same(events(first, after), expected)
    second = ahead.iterator()
    events(second, after % 5)
    second.load_state_dict(saved)
    all_same(events(second, after), expected)
    assert second.state_dict() == plain.state_dict()


@settings(deadline=None, max_examples=15)
@given(
    scheme=schemes,
    transformers=transformers,
    before=st.integers(0, 20),
    after=st.integers(1, 20),
    ahead=st.none() | st.integers(0, 9),
)
def test_resumed_with_read_ahead_equals_uninterrupted_without(file, scheme, transformers, before, after, ahead):
    resumed_equals_uninterrupted(file, scheme, transformers, before, after, read_ahead=ahead)


@settings(deadline=None, max_examples=3, derandomize=True)
@given(scheme=schemes, transformers=transformers, before=st.integers(0, 20), after=st.integers(5, 20))
def test_resumed_with_workers_equals_uninterrupted_without(file, scheme, transformers, before, after):
    resumed_equals_uninterrupted(file, scheme, transformers, before, after, workers=2)


@pytest.mark.slow
@settings(deadline=None, max_examples=100)
@given(
    scheme=schemes,
    transformers=transformers,
    before=st.integers(0, 30),
    after=st.integers(5, 30),
    workers=st.integers(1, 3),
)
def test_resumed_with_any_workers_equals_uninterrupted_without(file, scheme, transformers, before, after, workers):
    resumed_equals_uninterrupted(file, scheme, transformers, before, after, workers=workers)


def test_batches_from_disk_are_read_ahead_by_one_thread_and_those_in_memory_are_not(file):
    def names():
        return [thread.name for thread in threading.enumerate() if thread.name.startswith("bricks-read-ahead")]

    gc.collect()
    assert not names()
    stream = DataStream(H5PYDataset(file, "all"), ShuffledScheme(10, 1))
    assert stream.ahead == 0 and stream.arrays is not None
    list(stream.iterator())
    peeked = DataStream(H5PYDataset(file, "all", load_in_memory=False), ShuffledScheme(10, 1)).iterator()
    next(peeked)
    assert not names()  # one batch alone is not worth a thread
    next(peeked)
    assert len(names()) == 1
    del peeked
    deadline = time.monotonic() + 10
    while names() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not names()


def test_batches_are_made_while_the_one_before_is_used():
    made = []

    class Slow(ArrayDataset):
        from_disk = True

        def read(self, indices):
            made.append(int(indices[0]))
            return super().read(indices)

    iterator = DataStream(Slow({"x": np.arange(9)}), SequentialScheme(1), read_ahead=3).iterator()
    next(iterator)
    assert made == [0]
    next(iterator)
    deadline = time.monotonic() + 10
    while len(made) < 5 and time.monotonic() < deadline:
        time.sleep(0.005)
    time.sleep(0.02)
    assert made == [0, 1, 2, 3, 4]  # three more than were asked for


def test_an_error_ahead_comes_when_its_batch_is_asked_for_and_can_be_tried_again(file):
    class Flaky(H5PYDataset):
        broken = True

        def read(self, indices):
            if self.broken and 3 in indices:
                raise OSError("gone")
            return super().read(indices)

    dataset = Flaky(file, "all", load_in_memory=False)
    iterator = DataStream(dataset, SequentialScheme(1), read_ahead=5).iterator()
    assert [next(iterator)["y"].tolist() for _ in range(3)] == [[0], [1], [2]]
    for _ in range(2):
        with pytest.raises(OSError, match="gone"):
            next(iterator)
    assert iterator.state_dict() == {"epoch": 0, "batch": 3}
    dataset.broken = False
    assert [batch["y"].tolist() for batch in iterator] == [[n] for n in range(3, COUNT)]


def test_blocks_are_read_at_once_each_once_an_epoch(file):
    reads = []

    class Counting(H5PYDataset):
        def read(self, indices):
            reads.append(np.array(indices))
            return super().read(indices)

    dataset = Counting(file, "all", load_in_memory=False)
    stream = DataStream(dataset, BlockShuffledScheme(5, 1, block=6, read_batches=4))
    order = np.concatenate([batch["y"] for batch in stream.iterator()])
    np.testing.assert_array_equal(order, stream.scheme.indices(COUNT, 0))
    assert [len(rows) for rows in reads] == [20, 20, 20] and all((np.diff(rows) > 0).all() for rows in reads)


def test_ragged_batches_come_from_workers():
    data = IterableDataset(lines, COUNT, ragged=["x"])
    stream = DataStream(data, SequentialScheme(4), workers=2)
    for batch, expected in zip(stream.iterator(), DataStream(data, SequentialScheme(4)).iterator(), strict=True):
        assert batch["x"].dtype == object and list(map(list, batch["x"])) == list(map(list, expected["x"]))
        np.testing.assert_array_equal(batch["y"], expected["y"])
    padded = DataStream(data, SequentialScheme(4), [Padding()], workers=2)
    assert [batch["x_mask"].shape[1] for batch in padded.iterator()] == [4] * 15
    stream.close(), padded.close()


def test_workers_load_neither_pytensor_nor_jax_and_end_with_the_stream():
    stream = DataStream(
        ArrayDataset({"y": np.arange(10)}), SequentialScheme(1), [Mapping(loaded, outputs={})], workers=2
    )
    assert not any(batch["loaded"].any() for batch in list(stream.iterator())[1:])
    pids = stream.worker_processes.pids
    assert len(set(pids)) == 2 and all(map(alive, pids))
    del stream
    gc.collect()
    assert not any(map(alive, pids))


def test_an_error_in_a_worker_comes_with_its_traceback_and_its_batch():
    stream = DataStream(ArrayDataset({"y": np.arange(10)}), SequentialScheme(1), [Mapping(failing_at_7)], workers=2)
    iterator = stream.iterator()
    assert [next(iterator)["y"].tolist() for _ in range(7)] == [[n] for n in range(7)]
    for _ in range(2):
        with pytest.raises(ZeroDivisionError, match="seven came") as caught:
            next(iterator)
        assert "in failing_at_7" in caught.value.__notes__[0] and "in a worker process" in caught.value.__notes__[0]
    iterator.load_state_dict({"epoch": 0, "batch": 8})
    assert [batch["y"].tolist() for batch in iterator] == [[8], [9]]
    stream.close()


def test_a_worker_that_dies_is_told_and_others_are_started():
    stream = DataStream(ArrayDataset({"y": np.arange(10)}), SequentialScheme(1), [Mapping(dying_at_7)], workers=2)
    iterator = stream.iterator()
    events(iterator, 7)
    with pytest.raises(DataError, match="a worker process ended with status 3 in the midst of a batch"):
        next(iterator)
    iterator.load_state_dict({"epoch": 0, "batch": 8})
    assert [batch["y"].tolist() for batch in iterator] == [[8], [9]]
    pids = stream.worker_processes.pids
    os.kill(pids[0], signal.SIGKILL)
    with pytest.raises(DataError, match=r"status -9.*killed"):
        events(iterator, 4)
    stream.close()
    assert not any(map(alive, pids))


def test_streams_of_ones_own_keep_what_they_override():
    data = ArrayDataset({"y": np.arange(4)})
    for make in (Twice, Negative):
        stream = make(data, SequentialScheme(1), workers=1)
        expected = [batch["y"].tolist() for batch in make(data, SequentialScheme(1)).iterator()]
        assert [batch["y"].tolist() for batch in stream.iterator()] == expected != [[0], [1], [2], [3]]
        stream.close()
    assert next(Negative(data, SequentialScheme(1), [Mapping(noisy, seed=1)]).iterator()).keys() == {"y", "noise"}
    with pytest.raises(UsageError, match="Twice: where transformers draw at random, `read` must be DataStream's own"):
        next(Twice(data, SequentialScheme(1), [Mapping(noisy, seed=1)]).iterator())


def test_after_an_interrupt_it_goes_on_with_the_same_batches(monkeypatch):
    stream = DataStream(ArrayDataset({"y": np.arange(10)}), SequentialScheme(1), workers=2)
    iterator = stream.iterator()
    events(iterator, 3)
    pids = stream.worker_processes.pids

    def interrupted(self):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("multiprocessing.connection.Connection.recv", interrupted)
        with pytest.raises(KeyboardInterrupt):
            events(iterator, 3)
    left = [batch["y"].tolist() for batch in iterator]
    assert left == [[n] for n in range(10 - len(left), 10)] and len(left) >= 5
    assert not any(map(alive, pids))
    stream.close()


def test_what_cannot_be_sent_to_workers_is_told():
    data = ArrayDataset({"y": np.arange(10)})
    stream = DataStream(data, SequentialScheme(1), [Mapping(lambda batch: {})], workers=1)
    with pytest.raises(UsageError, match="must be picklable.*let functions be defined in a module"):
        list(stream.iterator())
    with pytest.raises(UsageError, match="workers must be an integer of at least 0, got -1"):
        DataStream(data, SequentialScheme(1), workers=-1)


_MAIN = """
import numpy as np, sys
sys.path.insert(0, {folder!r})
from bricks.data import ArrayDataset, DataStream, Mapping, SequentialScheme
import worker_functions
data = ArrayDataset({{"y": np.arange(9)}})
stream = DataStream(data, SequentialScheme(1), [Mapping(worker_functions.slow, outputs={{}})], workers=2)
iterator = stream.iterator()
next(iterator)
print(*stream.worker_processes.pids, flush=True)
next(iterator)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_no_worker_is_left_in_the_midst_of_a_batch(start_python, how):
    """Of a program that is killed, or interrupted as by Ctrl-C, while its workers are busy for a minute."""
    program = _MAIN.format(folder=os.path.dirname(__file__))
    process = start_python(program)
    pids = [int(word) for word in process.stdout.readline().split()]
    assert len(pids) == 2 and all(map(alive, pids))
    time.sleep(0.3)
    process.send_signal(how)
    _, err = process.communicate(timeout=20)
    assert process.returncode and ("KeyboardInterrupt" in err) == (how == signal.SIGINT)
    deadline = time.monotonic() + 10
    while any(map(alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(map(alive, pids))


def test_functions_of_the_main_program_are_refused_with_the_remedy(start_python):
    program = """
import numpy as np
from bricks.data import ArrayDataset, DataStream, Mapping, SequentialScheme
def mine(batch):
    return {}
stream = DataStream(ArrayDataset({"y": np.arange(9)}), SequentialScheme(1), [Mapping(mine)], workers=1)
try:
    list(stream.iterator())
except Exception as error:
    print(type(error).__name__, error)
"""
    out, err = start_python(program).communicate(timeout=60)
    assert out.startswith("UsageError DataStream: a worker process could not load the stream"), err
    assert "in a module that can be imported, not in the main program" in out


def alive(pid):
    """Whether a process runs; one that has ended and was not waited for does not."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout.strip()
    return bool(state) and not state.startswith("Z")


def test_batches_left_out_on_the_way_leave_those_made_ahead_behind():
    iterator = DataStream(ArrayDataset({"x": np.arange(20)}), SequentialScheme(2), read_ahead=3).iterator()
    seen = [next(iterator)["x"].tolist() for _ in range(2)]
    assert iterator.take_rows(2).tolist() == [[4, 5], [6, 7]]
    seen += [batch["x"].tolist() for batch in iterator]
    assert seen == [[n, n + 1] for n in (0, 2, 8, 10, 12, 14, 16, 18)]


def test_a_worker_reads_those_batches_of_a_stretch_that_are_its_own(file):
    class Recorded(H5PYDataset):
        def read(self, indices):
            self.rows.append(np.asarray(indices).tolist())
            return super().read(indices)

    dataset, scheme = Recorded(file, "all", load_in_memory=False), BlockShuffledScheme(5, 1, block=3, read_batches=4)
    dataset.rows = []
    stream = DataStream(dataset, scheme)
    stream.read_every = 2  # as in one of two workers
    order, read = scheme.indices(COUNT, 0), stream.batches(0)
    for number in (1, 3, 5):
        np.testing.assert_array_equal(read(number)["y"], order[5 * number : 5 * number + 5])
    own = [[*order[5:10], *order[15:20]], [*order[25:30], *order[35:40]]]
    assert dataset.rows == [sorted(rows) for rows in own]
