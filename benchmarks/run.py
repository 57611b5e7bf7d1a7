"""Timings of ours and of peers, side by side in one process: `make bench`, `make bench-quick`.

Rounds alternate between contenders, and what counts is the ratio within a round. Results go to results/DATE.json and,
as a table, to results/latest.md. Nothing here fails because of a time.
"""

import argparse
import datetime
import importlib
import json
import os
import shutil
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from table import TABLE
from workload import QUICK, Effort, Measured, Workload

RESULTS = Path(__file__).parent / "results"


def main(arguments: list[str] | None = None) -> int:
    options = parsed(arguments)
    if options.list:
        print("\n".join(f"{w.name:18}{w.title}{'' if w.quick else ' (not with --quick)'}" for w in TABLE))
        return 0
    if options.only:
        chosen = [w for w in TABLE if w.name in options.only]
    else:
        chosen = [w for w in TABLE if w.quick or not options.quick]
    if options.no_compiler:
        hide_compilers()
    import machine
    import report

    import bricks  # noqa: F401  (sets XLA's flags before anyone loads JAX)

    effort = replace(QUICK if options.quick else Effort(), compiler=shutil.which("g++") is not None)
    effort = replace(effort, rounds=options.rounds or effort.rounds)
    about, date, began = machine.describe(), datetime.datetime.now(), time.perf_counter()
    print(f"{machine.line(about)}\n", flush=True)
    if options.scaling:
        import scaling

        few = replace(effort, rounds=options.rounds or (3 if options.quick else 9))
        scaling.sweep(few, options.output, machine.line(about), f"{date:%Y-%m-%d}")
        return 0
    found, rows, remarks = {}, [], []
    for k, workload in enumerate(chosen, start=1):
        start, others = time.perf_counter(), machine.Others()
        print(f"[{k}/{len(chosen)}] {workload.title}", flush=True)
        measured, works = measure(workload, effort)
        busy = others.cores()
        new = report.rows(workload, measured, works, busy)
        told = report.remarks(workload, measured, busy)
        print("\n".join(f"    {text}" for text in [*map(_short, new), *told]), flush=True)
        rows, remarks = rows + new, remarks + told
        found[workload.name] = {
            "title": workload.title,
            "unit": workload.unit,
            "seconds": time.perf_counter() - start,
            "cores_busy_with_others": busy,
            "values": measured.values,
            "first_call_s": measured.first_call,
            "difference": measured.difference(),
            "failures": measured.failures,
            "comparisons": new,
        }
        about["load_at_end"] = machine.load()
        save(options.output, date, {"machine": about, "effort": vars(effort), "workloads": found})
    print(f"\n{report.plain(rows)}\n", *(f"{remark}\n" for remark in remarks), sep="\n")
    text = report.markdown(rows, machine.line(about), f"{date:%Y-%m-%d}")
    (options.output / "latest.md").write_text(text + "".join(f"\n{remark}\n" for remark in remarks))
    print(f"{time.perf_counter() - began:.0f} s in all; written to {options.output}")
    return 1 if any("bricks" in w["failures"] for w in found.values()) else 0


def parsed(arguments: list[str] | None) -> argparse.Namespace:
    names = [workload.name for workload in TABLE]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds, under 3 minutes")
    parser.add_argument("--only", action="extend", nargs="+", choices=names, metavar="NAME", help="these workloads")
    parser.add_argument("--list", action="store_true", help="names of the workloads")
    parser.add_argument("--rounds", type=int, help="instead of 11, or of 5 with --quick")
    parser.add_argument("--no-compiler", action="store_true", help="as on a machine without one")
    parser.add_argument("--scaling", action="store_true", help="instead: an LSTM's step against T, B and H, and a plot")
    parser.add_argument("--output", type=Path, default=RESULTS, help="folder of the results")
    return parser.parse_args(arguments)


def measure(workload: Workload, effort: Effort) -> tuple[Measured, dict[str, float]]:
    """What a workload's module finds, and how much work ours does for one of theirs, where a comparison asks."""
    from timing import alternate

    module = importlib.import_module(workload.module)
    if hasattr(module, "measure"):
        measured = module.measure(effort, **workload.arguments)
    else:
        measured = alternate(module.contenders(effort, **workload.arguments), effort, workload.multiple)
    names = {c.work for c in workload.comparisons if c.work}
    return measured, {name: getattr(module, name)(**workload.arguments) for name in names}


def hide_compilers() -> None:
    """Leave a PATH on which there's nothing, and no kernels compiled before, for this process and those it starts."""
    os.environ["PATH"] = os.environ["BRICKS_DATA_PATH"] = tempfile.mkdtemp(prefix="no-compiler-")
    for name in ("CC", "CXX"):
        os.environ.pop(name, None)


def save(folder: Path, date: datetime.datetime, results: dict) -> None:
    """After each workload, so that a run that is broken off leaves what it found."""
    folder.mkdir(parents=True, exist_ok=True)
    whole = {"date": date.isoformat(timespec="seconds"), **results}
    (folder / f"{date:%Y%m%d-%H%M%S}.json").write_text(json.dumps(whole, indent=1) + "\n")


def _short(row: dict) -> str:
    from report import cells

    _, ours, theirs, ratio, limit, met = cells(row)
    return f"{row['ours']} {ours}, {theirs}: {ratio}" + (f", at most {limit}: {met}" if limit else "")


if __name__ == "__main__":
    sys.exit(main())
