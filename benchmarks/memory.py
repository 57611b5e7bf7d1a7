"""How much memory a training step takes, beyond what is resident once everything is imported: peaks of processes.

Building and compiling count, as does the batch; the peak is the kernel's own (VmHWM), set back after the imports.
The kernel carries ru_maxrss over from the parent process, so it isn't used where /proc is there.

    python memory.py nn.LSTM|saved|recomputed T B D H     is what such a process does
"""

import resource
import subprocess
import sys
from pathlib import Path

STEPS = 3
CONTENDERS = {"bricks": "saved", "bricks, recomputing": "recomputed", "nn.LSTM": "nn.LSTM"}


def measure(effort, T: int, B: int, D: int, H: int):
    from timing import progress
    from workload import Measured

    measured = Measured()
    for turn in range(effort.processes):
        for name, who in CONTENDERS.items():
            progress(f"process {turn + 1} of {effort.processes}: {name}")
            command = [sys.executable, __file__, who, *map(str, (T, B, D, H))]
            told = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
            measured.values.setdefault(name, []).append(float(told))
    progress("")
    return measured


def growth(who: str, sizes: tuple[int, int, int, int]) -> float:
    """MiB at the peak of a few steps, less those after the imports."""
    import recurrent

    T, B, D, H = sizes
    _import(who)
    before = _mark()
    x, y = recurrent.batch(T, B, D)
    if who == "nn.LSTM":
        import peers_torch

        run = peers_torch.on_one_batch(recurrent.fused("LSTM", D, H), x, y)
    else:
        _, _, descent = recurrent.classifier("lstm", sizes, backward=who)
        run = recurrent.on_one_batch(descent, x, y)
    run(STEPS)
    return (_status("VmHWM") if _PROC.exists() else _max_rss()) - before


def _import(who: str) -> None:
    if who == "nn.LSTM":
        import peers_torch  # noqa: F401  (resident before the growth is measured)
    else:
        import jax.numpy  # noqa: F401  (resident before the growth is measured)

        import bricks.engine.compiled
        import bricks.gated
        import bricks.layers
        import bricks.training.step_rules  # noqa: F401  (resident before the growth is measured)


_PROC = Path("/proc/self/status")


def _mark() -> float:
    """What is resident now, in MiB; the peak begins anew where the kernel allows it."""
    if not _PROC.exists():
        return _max_rss()
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pass
    return _status("VmRSS")


def _status(name: str) -> float:
    line = next(text for text in _PROC.read_text().splitlines() if text.startswith(name + ":"))
    return int(line.split()[1]) / 1024


def _max_rss() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 1024


if __name__ == "__main__":
    print(growth(sys.argv[1], tuple(map(int, sys.argv[2:]))))
