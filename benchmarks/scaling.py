"""Whether cost grows as the work does: an LSTM's training step against T, B and H, on logarithmic axes.

Each sweep changes one size; the slope is that of a line through the logarithms. Of work that is proportional to T and
B a slope of 1 is expected in those, and up to 2 in H. To results/scaling.json, and a figure for the docs.
"""

import json
from pathlib import Path

import numpy as np

SIZES = {"T": 28, "B": 128, "D": 28, "H": 128}
SWEEPS = {
    "T": (28, 56, 112, 224, 448, 784, 1568),
    "B": (16, 32, 64, 128, 256, 512, 1024),
    "H": (32, 64, 128, 256, 512, 1024),
}
AT_MOST = {"T": 1.05, "B": 1.05, "H": None}
FIGURE = Path(__file__).parent.parent / "docs" / "figures" / "scaling.png"


def sweep(effort, output: Path, machine: str, date: str, figure: Path = FIGURE) -> None:
    """Measure, print, and write."""
    import recurrent
    from timing import alternate, summary

    found: dict = {"machine": machine, "date": date, "fixed": SIZES, "sweeps": {}}
    for axis, values in SWEEPS.items():
        times: dict[str, list[float]] = {}
        for value in values:
            sizes = SIZES | {axis: value}
            measured = alternate(recurrent.contenders(effort, "lstm", **sizes), effort)
            medians = {name: summary(ms)["median"] for name, ms in measured.values.items()}
            print(f"{axis}={value}: " + ", ".join(f"{name} {ms:.3g} ms" for name, ms in medians.items()), flush=True)
            for name, ms in medians.items():
                times.setdefault(name, []).append(ms)
        slopes = {name: slope(values, ms) for name, ms in times.items()}
        limit = "" if AT_MOST[axis] is None else f" (ours at most {AT_MOST[axis]})"
        print(f"slope in {axis}{limit}: " + ", ".join(f"{name} {s:.2f}" for name, s in slopes.items()), flush=True)
        found["sweeps"][axis] = {"values": values, "ms": times, "slopes": slopes, "at_most": AT_MOST[axis]}
        output.mkdir(parents=True, exist_ok=True)
        (output / "scaling.json").write_text(json.dumps(found, indent=1) + "\n")
    plot(found, figure)
    print(f"written to {output / 'scaling.json'} and {figure}")


def slope(sizes, times) -> float:
    """Of the line through the logarithms of both.

    >>> round(slope([1, 2, 4], [3, 6, 12]), 6)
    1.0
    """
    return float(np.polyfit(np.log(sizes), np.log(times), 1)[0])


def plot(found: dict, path: Path) -> None:
    """One panel a sweep: milliseconds a step, with the slopes."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(1, len(found["sweeps"]), figsize=(11, 3.6), sharey=True, layout="constrained")
    for panel, (axis, swept) in zip(panels, found["sweeps"].items(), strict=True):
        for name, ms in swept["ms"].items():
            panel.loglog(swept["values"], ms, "o-", label=f"{name}, slope {swept['slopes'][name]:.2f}")
        others = ", ".join(f"{name}={size}" for name, size in found["fixed"].items() if name not in (axis, "D"))
        panel.set(title=f"against {axis} ({others})", xlabel=axis)
        panel.set_xticks(swept["values"], [str(v) for v in swept["values"]])
        panel.minorticks_off()
        panel.grid(alpha=0.3)
        panel.legend()
    panels[0].set_ylabel("ms a training step")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130)
