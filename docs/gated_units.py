"""Tables and figures of docs/gated-units.md, from runs: what a trained unit does, and what without a gate.

    python docs/gated_units.py lesions RUN [RUN ...]     # runs of row_mnist_lstm: a table of test accuracies
    python docs/gated_units.py cue RUN [RUN ...]         # runs of cued_membrane and cued_lgn: docs/figures/cue.png
    python docs/gated_units.py curves NAME=RUN ...       # valid cost over epochs: docs/figures/curves.png
    python docs/gated_units.py time RUN                  # of row_mnist_lstm: time constants and gradients over time
"""

import json
import sys
from pathlib import Path

import numpy as np

import bricks
from bricks.gated import dynamics
from bricks.training import checkpoints
from bricks.training import config as configs
from bricks.training.experiment import build
from bricks.training.lab import Lab
from bricks.view.lesions import lesions as measured

CHECKOUT = Path(__file__).resolve().parent.parent
FIGURES = CHECKOUT / "docs" / "figures"
GATES = ("input_gate", "forget_gate", "output_gate")


def trained(run: str):
    """The experiment of a run, with the parameters of its best epoch."""
    lab = Lab(CHECKOUT)
    experiment = build(configs.read(Path(run) / "config.yaml", lab), lab)
    experiment.model.load_state_dict(checkpoints.read(Path(run) / "best.h5")["model"])
    return experiment


def lesions(*runs: str) -> None:
    """Test accuracy with one gate held: open, shut, at its mean, or as it is in another example."""
    table: dict[tuple[str, str], list[float]] = {}
    for run in runs:
        experiment = trained(run)
        unit, error = experiment.model.brick, experiment.model.monitored["error"]
        record = dynamics.recorder(dynamics.trace_of(error, unit), GATES)
        valid = next(iter(experiment.streams["valid"].iterator()))["features"]
        means = {gate: values.mean(axis=(0, 1)) for gate, values in record(features=valid).items()}
        held = {gate: {"1 (open)": 1.0, "0 (shut)": 0.0, "its mean": means[gate]} for gate in GATES}
        found = measured({"error": error}, unit, experiment.streams["test"], held, shuffled=GATES)
        for case, said in found.items():
            table.setdefault(case, []).append(100 * (1 - said["error"]))
    print("| gate | held at | test accuracy, % |\n| --- | --- | --- |")
    for (gate, value), accuracies in table.items():
        name = gate.replace("_", " ") or "none"
        print(f"| {name} | {value} | {', '.join(f'{a:.2f}' for a in accuracies)} |")


def cue(*runs: str) -> None:
    """Recorded time constants against those that the cue asks for, and over time in one example."""
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(len(runs), 2, figsize=(9, 3.6 * len(runs)), squeeze=False, layout="constrained")
    for row, run in zip(axes, runs, strict=True):
        experiment = trained(run)
        unit, options = experiment.model.brick, experiment.config.dataset.options
        batch = next(iter(experiment.streams["test"].iterator()))
        given = {name: batch[name] for name in ("features", options["cue"])}
        gates = dynamics.recorder(dynamics.trace_of(experiment.model.cost, unit), ["forget_gate"])(**given)
        taus = dynamics.time_constants(gates["forget_gate"])
        limits = np.log([options["shortest"], options["longest"]])
        asked = np.exp(batch[options["cue"]][:, :, 0] * np.ptp(limits) / 2 + limits.mean())
        logs = np.log(np.clip(taus[10:], 0.1, 1e4)).reshape(-1, unit.dim)
        follows = [np.corrcoef(np.log(asked[10:]).ravel(), logs[:, k])[0, 1] for k in range(unit.dim)]
        slowest = int(np.argmax(np.median(logs, axis=0)))
        print(f"{unit.name}: correlation of log tau asked and recorded: {', '.join(f'{r:.3f}' for r in follows)} "
              f"(slowest cell: {follows[slowest]:.3f})")  # fmt: skip
        bins = np.exp(np.linspace(*limits, 13))
        place, centres = np.digitize(asked, bins) - 1, np.sqrt(bins[1:] * bins[:-1])
        for k in range(unit.dim):
            style = dict(color="tab:blue", linewidth=2, marker="o", markersize=4, label="the slowest cell")
            style = style if k == slowest else dict(color="tab:blue", alpha=0.3, linewidth=1)
            row[0].plot(centres, [np.median(taus[place == n, k]) for n in range(12)], **style)
            style = {key: value for key, value in style.items() if key not in ("marker", "markersize")}
            row[1].plot(taus[:, example_of(asked), k], **style)
        row[0].plot(bins, bins, "k:", label="as asked")
        row[1].plot(asked[:, example_of(asked)], "k:", label="as asked")
        row[0].set(xscale="log", xlabel="time constant asked (steps)", title=f"{unit.name}: -1 / log(forget gate)")
        row[0].set_xticks([2, 5, 10, 20, 50], ["2", "5", "10", "20", "50"], minor=False)
        row[0].set_xticks([], minor=True)
        row[1].set(xlabel="time step", title="one example, whose cue changes on the way")
        for axis in row:
            axis.set(yscale="log", ylabel="recorded (steps)", ylim=(0.4, 500))
            axis.legend()
    save(figure, "cue.png")


def example_of(asked: np.ndarray) -> int:
    """The example whose cue changes most."""
    return int(np.argmax(np.abs(np.log(asked[0] / asked[-1]))))


def curves(*named: str) -> None:
    """Valid cost over epochs, and the baseline of copy memory."""
    from matplotlib import pyplot as plt

    figure, axis = plt.subplots(figsize=(6, 3.6), layout="constrained")
    for each in named:
        name, run = each.split("=", 1)
        rows = [json.loads(line) for line in (Path(run) / "log.jsonl").read_text().splitlines()]
        costs = [row["valid_cost"] for row in rows if "valid_cost" in row]
        tests = [row["test_cost"] for row in rows if "test_cost" in row]
        axis.semilogy(range(1, len(costs) + 1), costs, label=name)
        print(f"{name}: last valid cost {costs[-1]:.5f}, best {min(costs):.5f}, test cost {tests[-1]:.5f}")
    length = trained(named[0].split("=", 1)[1]).config.dataset.options["length"]
    baseline = 10 * np.log(8) / (length + 20)
    axis.axhline(baseline, color="k", linestyle=":", label=f"without memory: {baseline:.4f}")
    axis.set(xlabel="epoch", ylabel="valid cost (nats a step)", title=f"copy memory, T = {length}")
    axis.legend()
    save(figure, "copy_memory.png")


def time(run: str) -> None:
    """Histogram of effective time constants before and after training; |dL/dh_t| over t."""
    from matplotlib import pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    lab = Lab(CHECKOUT)
    before = build(configs.read(Path(run) / "config.yaml", lab), lab)
    for name, experiment in {"before training": before, "after": trained(run)}.items():
        unit, cost = experiment.model.brick, experiment.model.cost
        batch = next(iter(experiment.streams["valid"].iterator()))
        values = dynamics.recorder(dynamics.trace_of(cost, unit), GATES)(features=batch["features"])
        taus = dynamics.time_constants(values["forget_gate"]).ravel()
        left.hist(np.log10(taus), bins=80, histtype="step", density=True, label=name)
        for gate in GATES:
            print(f"{name}: {gate} {dynamics.saturation(values[gate])}")
        inputs = bricks.graph.ComputationGraph(cost).inputs
        gradient = bricks.function(inputs, dynamics.gradient_over_time(cost, unit))(*(batch[v.name] for v in inputs))
        right.semilogy(np.median(gradient, axis=1), label=name)
    left.set(xlabel="log10 of the time constant -1 / log f (steps)", ylabel="density", title="forget gate")
    right.set(
        xlabel="time step (row of the image)", ylabel="|dL/dh_t|, median over examples", title="gradient over time"
    )
    left.legend()
    right.legend()
    save(figure, "time.png")


def save(figure, name: str) -> None:
    """Into docs/figures, and say so."""
    FIGURES.mkdir(exist_ok=True)
    figure.savefig(FIGURES / name, dpi=110)
    print(FIGURES / name)


if __name__ == "__main__":
    jobs = {job.__name__: job for job in (lesions, cue, curves, time)}
    if len(sys.argv) < 3 or sys.argv[1] not in jobs:
        sys.exit(__doc__)
    jobs[sys.argv[1]](*sys.argv[2:])
