"""Rounds that alternate between contenders: a machine whose speed drifts slows all of them alike.

What counts is the ratio within a round. Each contender gets about the same time in a round, and the one that begins
changes from round to round, since whoever comes after another finds that one's data in the caches.
"""

import gc
import math
import statistics
import sys
import time
import traceback
from collections.abc import Callable, Mapping

from workload import Effort, Measured, Run

CHECKED_STEPS = 3


def alternate(builders: Mapping[str, Callable[[], Run]], effort: Effort, multiple: int = 1) -> Measured:
    """Build all contenders, warm them up, and time them in turn; one that fails is left out and named."""
    measured, runs = Measured(), {}
    for name, build in builders.items():
        try:
            runs[name] = _prepared(name, build, effort, multiple, measured)
        except Exception as error:
            traceback.print_exc()
            measured.failures[name] = f"{type(error).__name__}: {(str(error).strip() or '?').splitlines()[0]}"
    names = list(runs)
    measured.values = {name: [] for name in names}
    gc.collect()
    gc.disable()
    try:
        for turn in range(effort.rounds):
            progress(f"round {turn + 1} of {effort.rounds}")
            for k in range(len(names)):
                name = names[(turn + k) % len(names)]
                measured.values[name].append(timed(*runs[name]))
    finally:
        gc.enable()
        progress("")
    return measured


def _prepared(name: str, build: Callable[[], Run], effort: Effort, multiple: int, measured: Measured):
    """A contender, warm, and how many steps it does in a round."""
    progress(f"{name}: building and compiling")
    start = time.perf_counter()
    run = build()
    losses = [run(1)]
    measured.first_call[name] = time.perf_counter() - start
    losses += [run(1) for _ in range(CHECKED_STEPS - 1)]
    if all(math.isfinite(loss) for loss in losses):
        measured.checks[name] = losses
    run(multiple)
    needed = effort.seconds * 1e3 / timed(run, multiple)
    return run, multiple * max(1, round(needed / multiple))


def timed(run: Run, steps: int) -> float:
    """Milliseconds a step."""
    start = time.perf_counter()
    run(steps)
    return (time.perf_counter() - start) / steps * 1e3


def summary(values: list[float]) -> dict[str, float]:
    """Median and quartiles."""
    if len(values) < 2:
        return {"median": values[0], "low": values[0], "high": values[0]}
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return {"median": median, "low": low, "high": high}


def progress(text: str) -> None:
    """A line that the next one overwrites, where somebody watches."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{text}")
        sys.stderr.flush()
