"""What the figures were measured with: processor, cores, versions, and how busy the machine was."""

import os
import platform
import shutil
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

LIBRARIES = ("pytensor", "jax", "jaxlib", "numpy", "torch")


def describe() -> dict:
    """Of this process, as it is set up."""
    return {
        "cpu": _cpu(),
        "cores": cores(),
        "system": platform.platform(),
        "python": platform.python_version(),
        **{name: _version(name) for name in LIBRARIES},
        "compiler": shutil.which("g++") or "none on the PATH",
        "flags": {k: v for k, v in os.environ.items() if k in _FLAGS or k.startswith("BRICKS_")},
        "load": load(),
    }


def line(machine: dict) -> str:
    """The description in one line."""
    libraries = ", ".join(f"{name} {machine[name]}" for name in LIBRARIES)
    without = "" if machine["compiler"].startswith("/") else ", no compiler on the PATH"
    return f"{machine['cpu']}, {machine['cores']} cores; Python {machine['python']}, {libraries}{without}"


def cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def load() -> float | None:
    """Processes that wanted a core in the last minute, on average: above the number of cores, figures mean little."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


class Others:
    """How many cores other processes kept busy since this was made, on average; None where the system doesn't tell.

    With two threads and two cores, one busy neighbour is enough to let whoever waits for both threads at every step
    look many times slower than he is.
    """

    def __init__(self):
        self._start = self._now()

    def cores(self) -> float | None:
        before, now = self._start, self._now()
        if before is None or now is None or now[0] == before[0]:
            return None
        wall, busy, own = (b - a for a, b in zip(before, now, strict=True))
        return round(max(0.0, busy - own) / wall, 2)

    @staticmethod
    def _now() -> tuple[float, float, float] | None:
        """Seconds: by the clock, of all cores' work, and of this process's and its children's."""
        if not _STAT.exists():
            return None
        user, nice, system, _idle, _iowait, *interrupts = map(int, _STAT.read_text().split("\n", 1)[0].split()[1:9])
        busy = (user + nice + system + sum(interrupts)) / os.sysconf("SC_CLK_TCK")
        return time.perf_counter(), busy, sum(os.times()[:4])


_STAT = Path("/proc/stat")
_FLAGS = ("THEANO_FLAGS", "PYTENSOR_FLAGS", "XLA_FLAGS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def _cpu() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    return next((text.split(":")[1].strip() for text in lines if text.startswith("model name")), platform.processor())


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"
