"""From the start of a process to the end of its first training step, with caches that are empty, and full.

Each side runs in processes of its own: Python's start, imports, building, compiling, one step, the loss read. Cold: a
home folder with nothing in it. Warm: the same again. JAX by hand keeps its persistent cache in that folder.

    python startup.py bricks|jax mlp|lstm     is what such a process does
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MLP = {"hidden": 500, "batch": 100}
LSTM = (28, 128, 28, 128)  # T, B, D, H


def measure(effort, model: str):
    from timing import progress
    from workload import Measured

    measured = Measured()
    for turn in range(effort.processes):
        for who, name in (("bricks", "bricks"), ("jax", "JAX by hand")):
            with tempfile.TemporaryDirectory() as home:
                for state in ("cold", "warm"):
                    progress(f"process {turn + 1} of {effort.processes}: {name}, {state}")
                    seconds, loss = started(who, model, Path(home))
                    measured.values.setdefault(f"{name}, {state}", []).append(seconds)
                    measured.checks.setdefault(f"{name}, {state}", [loss])
    progress("")
    return measured


def started(who: str, model: str, home: Path) -> tuple[float, float]:
    """Seconds until the process has told its first loss, and that loss."""
    command = [sys.executable, __file__, who, model]
    start = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment(who, home)) as process:
        told = process.stdout.readline()
        seconds = time.perf_counter() - start
    if process.returncode or not told:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}, after {told!r}")
    return seconds, float(told)


def environment(who: str, home: Path) -> dict[str, str]:
    """This process's, but for whatever says where something is kept from one process to the next."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "JAX_COMPILATION", "JAX_PERSISTENT"))}
    for name in ("FUEL_DATA_PATH", "BRICKS_DATA_PATH", "XLA_FLAGS"):  # our own flags were set by importing bricks
        kept.pop(name, None)
    kept["HOME"] = str(home)
    if who == "jax":
        kept["JAX_COMPILATION_CACHE_DIR"] = str(home / "jax")
        kept["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
        kept["JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES"] = "-1"
    return kept


def first_step(who: str, model: str) -> float:
    """What the process does."""
    import mlp
    import recurrent

    if model == "mlp":
        weights = mlp.first_weights(MLP["hidden"])
        x, y = mlp.few(MLP["batch"])
    else:
        weights = recurrent.random_weights(*LSTM[2:])
        x, y = recurrent.batch(*LSTM[:3])
    if who == "jax":
        import peers_jax

        cost = {"mlp": peers_jax.mlp_cost, "lstm": peers_jax.lstm_cost}[model]
        return peers_jax.on_one_batch(cost, weights, x, y)(1)
    if model == "mlp":
        return recurrent.on_one_batch(mlp.descend(MLP["hidden"]), x, y)(1)
    units, head, descent = recurrent.classifier("lstm", LSTM)
    recurrent.load_random(units, head, weights)
    return recurrent.on_one_batch(descent, x, y)(1)


if __name__ == "__main__":
    print(first_step(*sys.argv[1:]), flush=True)
