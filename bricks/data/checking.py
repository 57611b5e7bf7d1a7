"""Reading a data file through, in a process of its own: where the file is damaged, libhdf5 may crash or not come back.

HDF5's library trusts what it reads: a size or an address that changed can make it write where it must not. A process
that only checks may go down by that; one that has trained for a day may not. So check first what comes from elsewhere.
"""

import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np

from bricks.errors import DataError

STALLED = 60.0
"""Seconds in which a step of reading must be done."""

STEP_BYTES = 1 << 24  # about what a step of reading takes


def check_file(path: str | os.PathLike, stalled: float = STALLED) -> None:
    """Raise a DataError unless all sets of a file in Fuel's layout can be read and have the sums that it names.

    Parameters
    ----------
    path : path
        Of the file.
    stalled : float
        After how many seconds without progress the file counts as damaged.

    Raises
    ------
    DataError
        What is wrong; also where the process that read the file crashed or stood still.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from bricks.data import check_file, write_hdf5
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "small.hdf5"
    >>> write_hdf5(path, {"train": {"x": np.arange(3)}})
    >>> check_file(path)
    """
    root = str(Path(__file__).resolve().parents[2])
    child = subprocess.Popen(
        [sys.executable, "-m", "bricks.data.checking", os.fspath(path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    last, alarm = "", _Alarm(child, stalled)
    try:
        for line in child.stdout:
            alarm.restart()
            last = line.strip() or last
        child.wait()
    finally:
        alarm.stop()
        child.kill()
        child.wait()
        child.stdout.close()
    if alarm.rang:
        raise DataError(f"{path}: reading it stood still for {stalled:g} s; the file is damaged")
    if last.startswith("error "):
        raise DataError(last.removeprefix("error "))
    if child.returncode != 0 or last != "whole":
        raise DataError(f"{path}: HDF5's library crashed on it (exit status {child.returncode}); the file is damaged")


class _Alarm:
    """Kills a process that says nothing for so long."""

    def __init__(self, child: subprocess.Popen, seconds: float):
        self.child, self.seconds, self.rang = child, seconds, False
        self.restart()

    def restart(self) -> None:
        self.stop()
        self._timer = threading.Timer(self.seconds, self._ring)
        self._timer.daemon = True
        self._timer.start()

    def stop(self) -> None:
        timer = getattr(self, "_timer", None)
        if timer is not None:
            timer.cancel()

    def _ring(self) -> None:
        self.rang = True
        self.child.kill()


def read_through(path: str) -> None:
    """Read all sets of a file, a step at a time, and compare the sums; says on standard output that it goes on."""
    from bricks.data.checksums import array_sum
    from bricks.data.contents import file_contents
    from bricks.data.hdf5 import H5PYDataset
    from bricks.data.layout import hdf5_errors
    from bricks.data.seals import compare_seal
    from bricks.data.sums import REMEDY

    with hdf5_errors(path):
        compare_seal(path, everything=True)
    contents = file_contents(path)
    for split, sources in contents.sets.items():
        for name in sources:
            dataset = H5PYDataset(path, split, sources=[name], load_in_memory=False)
            source = dataset.sources[name]
            example = source.dtype.itemsize * int(np.prod([size or 1 for size in source.shape], dtype=np.int64))
            step, total = max(1, STEP_BYTES // max(1, example if not source.ragged else 1 << 12)), 0
            for start in range(0, dataset.num_examples, step):
                stop = min(start + step, dataset.num_examples)
                total = array_sum(dataset.read(np.arange(start, stop))[name], total)
                print(flush=True)
            known = dataset.sums.get(name, {}).get(split)
            if known not in (None, total):
                raise DataError(
                    f"{path}: set {split!r}, source {name!r}: the values are not those that were written (CRC-32); "
                    f"{REMEDY}"
                )
            dataset.close()


if __name__ == "__main__":
    try:
        read_through(sys.argv[1])
        print("whole", flush=True)
    except DataError as error:
        print("error", *str(error).splitlines(), flush=True)
