"""Timings of training steps, ours and peers', side by side in one process: `make bench`, `make bench-quick`.

Rounds alternate between the peers, so that a machine whose speed drifts slows all of them; what counts is the ratio
within a round. Each peer is handed the same batches in host memory and its loss is read every 100 steps.
"""

import argparse
import datetime
import json
import os
import platform
import statistics
import sys
import time
from pathlib import Path

import mlp

import bricks  # noqa: F401  (sets XLA's flags before anyone loads JAX)

WORKLOADS = {"mlp 784-500-10, batch 100": (500, 100, 300), "mlp 784-32-10, batch 10": (32, 10, 2000)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds, under 3 minutes")
    parser.add_argument(
        "--output", type=Path, default=Path(__file__).parent / "results", help="folder of the JSON file"
    )
    options = parser.parse_args()
    rounds = 7 if options.quick else 25
    report = {"machine": machine(), "date": datetime.datetime.now().isoformat(timespec="seconds"), "workloads": {}}
    print(f"{report['machine']}\n")
    for name, (hidden, batch, steps) in WORKLOADS.items():
        peers = {peer: build(hidden, batch) for peer, build in mlp.PEERS.items()}
        report["workloads"][name] = measure(name, peers, rounds, steps)
    options.output.mkdir(exist_ok=True)
    path = options.output / f"{datetime.datetime.now():%Y%m%d-%H%M%S}.json"
    path.write_text(json.dumps(report, indent=1) + "\n")
    print(f"written to {path}")


def measure(name: str, peers: dict, rounds: int, steps: int) -> dict:
    """Time all peers in turn; print and return median milliseconds a step and ratios, with their quartiles."""
    times: dict[str, list[float]] = {peer: [] for peer in peers}
    for _ in range(rounds + 1):  # the first round compiles and warms up
        for peer, run in peers.items():
            start = time.perf_counter()
            run(steps)
            times[peer].append((time.perf_counter() - start) / steps * 1e3)
    times = {peer: values[1:] for peer, values in times.items()}
    result = {}
    print(f"{name}\n  {'':24}{'ms a step':>10}  {'quartiles':15} {'ours / peer':>11}  quartiles")
    for peer, values in times.items():
        ratios = [ours / theirs for ours, theirs in zip(times["bricks"], values, strict=True)]
        result[peer] = {"ms": summary(values), "ours_over_peer": summary(ratios), "all_ms": values}
        (ms, low, high), (ratio, least, most) = summary(values), summary(ratios)
        print(f"  {peer:24}{ms:10.3f}  {low:.3f} - {high:.3f}  {ratio:11.2f}  {least:.2f} - {most:.2f}", flush=True)
    print()
    return result


def summary(values: list[float]) -> tuple[float, float, float]:
    low, median, high = statistics.quantiles(values, n=4)
    return median, low, high


def machine() -> str:
    import jax
    import pytensor
    import torch

    cpu = next(
        (line.split(":")[1].strip() for line in _cpuinfo() if line.startswith("model name")), platform.processor()
    )
    return (
        f"{cpu}, {os.cpu_count()} cores, Python {platform.python_version()}, PyTensor {pytensor.__version__}, "
        f"JAX {jax.__version__}, PyTorch {torch.__version__}"
    )


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []


if __name__ == "__main__":
    sys.exit(main())
