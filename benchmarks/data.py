"""Shuffled batches from a file larger than one wants in memory: time a batch, and the peak of memory.

The file is one of our writer's: uint8 (examples, 3072) and their targets, in one piece or in chunks with check sums.
Each contender is a process of its own that reads the first `batches` of an epoch, whose cost a batch is that of the
whole epoch. PyTorch's DataLoader gets a BatchSampler over random numbers, and makes one sorted read a batch. The file
is in the system's cache as far as that has room, for all alike.

    python data.py make FILE piece|chunks GIGABYTES                makes the file
    python data.py blocks|whole|DataLoader WORKERS FILE BATCHES    tells milliseconds a batch and MiB at the peak
"""

import functools
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PIXELS, BATCH, AT_ONCE = 3072, 100, 10_000
QUICK_GIGABYTES = 0.5
STRETCH = 64  # batches that are read at once: 20 MB

CONTENDERS = {
    "bricks": "blocks 0",
    "bricks, 2 workers": "blocks 2",
    "bricks, wholly shuffled": "whole 0",
    "DataLoader": "DataLoader 0",
    "DataLoader, 2 workers": "DataLoader 2",
}


def measure(effort, layout: str, gigabytes: float, batches: int, what: str):
    """`what` is "time" or "memory"; both come from the same processes."""
    from workload import Measured

    if effort.processes == 1:
        gigabytes, batches = min(gigabytes, QUICK_GIGABYTES), min(batches, 1000)
    told = processes(layout, gigabytes, batches, effort.processes)
    column = ("time", "memory").index(what)
    return Measured({name: [row[column] for row in rows] for name, rows in told.items()})


@functools.cache
def processes(layout: str, gigabytes: float, batches: int, rounds: int) -> dict[str, list[tuple[float, float]]]:
    """What each contender told in each round."""
    from timing import progress

    told: dict[str, list[tuple[float, float]]] = {name: [] for name in CONTENDERS}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        path = Path(folder) / "images.hdf5"
        progress(f"writing {gigabytes} GB")
        _run("make", path, layout, gigabytes)
        names = list(CONTENDERS)
        for turn in range(rounds):
            for k in range(len(names)):
                name = names[(turn + k) % len(names)]
                progress(f"round {turn + 1} of {rounds}: {name}")
                told[name].append(tuple(map(float, _run(*CONTENDERS[name].split(), path, batches).split())))
    progress("")
    return told


def make(path: str, layout: str, gigabytes: str) -> None:
    import numpy as np

    from bricks.data import HDF5Writer

    random, left = np.random.default_rng(0), int(float(gigabytes) * 1e9 / PIXELS)
    known = {"features": left, "targets": left} if layout == "piece" else None
    with HDF5Writer(path, examples=known) as writer:
        while left:
            n = min(AT_ONCE, left)
            x = random.integers(0, 256, (n, PIXELS), dtype="uint8")
            writer.append("train", {"features": x, "targets": x[:, 0] % 10})
            left -= n


def read(who: str, workers: int, path: str, batches: int) -> tuple[float, float]:
    """Milliseconds a batch, after the first few; MiB at the peak, with its imports, without its workers."""
    loader = _data_loader(path, workers) if who == "DataLoader" else _stream(path, who, workers)
    warm, seen = max(5, 2 * workers), 0
    start = time.perf_counter()
    for number, (x, y) in enumerate(loader):
        if number == warm:
            start = time.perf_counter()
        seen += int(x[0, 0]) + int(y[0])  # touched, as a step would
        if number == warm + batches:
            break
    taken = (time.perf_counter() - start) * 1e3 / batches
    assert number == warm + batches, f"an epoch has only {number + 1} batches"
    return taken, _peak()


def _stream(path: str, who: str, workers: int):
    import h5py

    from bricks.data import BlockShuffledScheme, DataStream, H5PYDataset, ShuffledScheme

    with h5py.File(path, "r") as file:
        block = file["features"].chunks[0] if file["features"].chunks else 64
    scheme = BlockShuffledScheme(BATCH, 1, block, STRETCH) if who == "blocks" else ShuffledScheme(BATCH, 1)
    stream = DataStream(H5PYDataset(path, "train", load_in_memory=False), scheme, workers=workers)
    for batch in stream.iterator():
        yield batch["features"], batch["targets"]


def _data_loader(path: str, workers: int):
    import h5py
    import numpy as np
    import torch
    from torch.utils.data import BatchSampler, DataLoader, Dataset, RandomSampler

    class Images(Dataset):
        file = None

        def __len__(self) -> int:
            with h5py.File(path, "r") as file:
                return len(file["targets"])

        def __getitem__(self, numbers: list[int]):
            if self.file is None:
                self.file = h5py.File(path, "r")  # in each worker anew
            rows = np.sort(numbers)
            return torch.from_numpy(self.file["features"][rows]), torch.from_numpy(self.file["targets"][rows])

    data = Images()
    sampler = BatchSampler(RandomSampler(data, generator=torch.Generator().manual_seed(1)), BATCH, drop_last=False)
    return DataLoader(data, sampler=sampler, batch_size=None, num_workers=workers)


def _peak() -> float:
    """Of this process, in MiB, by the kernel's own count."""
    import memory

    return memory._status("VmHWM") if memory._PROC.exists() else memory._max_rss()


def _run(*arguments) -> str:
    command = [sys.executable, __file__, *map(str, arguments)]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(*sys.argv[2:])
    else:
        print(*read(sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])), flush=True)
