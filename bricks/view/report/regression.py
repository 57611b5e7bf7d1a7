"""Numbers that a model says, held against what they should be: all of them, and over time in a few examples."""

import numpy as np
from markupsafe import Markup

from bricks.training.trained import Trained
from bricks.view import figures, page
from bricks.view.page import Section
from bricks.view.report.material import Material
from bricks.view.report.sample import is_mask

MOST_POINTS, MOST_OUTPUTS, EXAMPLES, SEED = 1500, 3, 3, 0

OVER_TIME = "Over time in examples of the valid set: as it should be (grey, wide), as it was said (blue)."


def section(material: Material) -> Section | None:
    """For each output that has a float target of its own shape; None where there is none."""
    if material.trained is None or material.sample is None or not material.trained.model.outputs:
        return None
    parts: list = []
    for output, target in _pairs(material.trained, material.sample.batches[0])[:MOST_OUTPUTS]:
        parts += _of(material, output, target)
    return Section("Predictions", parts) if parts else None


def _pairs(trained: Trained, batch) -> list[tuple[str, str]]:
    """Outputs and the targets that they are of: a float source that is not needed to predict, of the same shape."""
    inputs = trained.model.inputs
    spare = [
        n for n, v in inputs.items() if n not in trained.needed and v.type.dtype.startswith("float") and not is_mask(n)
    ]
    if not spare:
        return []
    outputs = trained.predict(**{name: batch[name] for name in trained.needed})
    return [(o, t) for o, values in outputs.items() for t in spare if values.shape == batch[t].shape][:MOST_OUTPUTS]


def _of(material: Material, output: str, target: str) -> list:
    trained, sample = material.trained, material.sample
    said = [trained.predict(**{n: b[n] for n in trained.needed})[output] for b in sample.batches]
    wanted = [b[target] for b in sample.batches]
    mask = [_counted(b, target) for b in sample.batches]
    flat = [np.concatenate([part[m].ravel() for part, m in zip(parts, mask, strict=True)]) for parts in (said, wanted)]
    error, spread = float(np.mean((flat[0] - flat[1]) ** 2)), float(np.var(flat[1]))
    caption = f"{page.shortened(output, 40)} on {sample.said}: mean squared error {error:.4g}"
    caption += f", {100 * (1 - error / spread):.2f} % of the variance explained." if spread else "."
    plots = [page.figure(scatter(*flat), caption)]
    if wanted[0].ndim == 3 and sample.sources[target].batch_axis == 1:
        plots.append(page.figure(over_time(said[0], wanted[0], mask[0]), OVER_TIME))
    return [page.grid(plots)]


def _counted(batch, target: str) -> np.ndarray:
    """What counts of a target, along its first axes."""
    for name in ("mask", f"{target}_mask"):
        if name in batch and batch[name].shape == batch[target].shape[: batch[name].ndim]:
            return batch[name] != 0
    return np.ones(batch[target].shape[:1], bool)


@figures.style()
def scatter(said: np.ndarray, wanted: np.ndarray) -> Markup:
    """A point for each number, or for some of very many."""
    figure, axes = figures.new(4.6, 3.6)
    if len(said) > MOST_POINTS:
        chosen = np.random.default_rng(SEED).choice(len(said), MOST_POINTS, replace=False)
        said, wanted = said[chosen], wanted[chosen]
    limits = [min(said.min(), wanted.min()), max(said.max(), wanted.max())]
    axes.plot(limits, limits, color=figures.FAINT, linewidth=0.9, linestyle=(0, (3, 3)))
    axes.plot(wanted, said, ".", color=figures.SERIES[0], markersize=3, alpha=0.5, rasterized=True)
    axes.set_xlabel("target")
    axes.set_ylabel("said")
    axes.set_title("said against target")
    return figures.svg(figure, "what was said against the targets")


@figures.style()
def over_time(said: np.ndarray, wanted: np.ndarray, mask: np.ndarray) -> Markup:
    """The first outputs of a few examples, step by step."""
    count = min(EXAMPLES, said.shape[1])
    figure, axes = figures.new(4.6, 3.6, rows=count, sharex=True, squeeze=False)
    for k, axis in enumerate(axes[:, 0]):
        place = k * said.shape[1] // count
        steps = np.flatnonzero(mask[:, place]) if mask.ndim == 2 else np.arange(len(said))
        axis.plot(steps, wanted[steps, place, 0], color=figures.FAINT, linewidth=3.5, alpha=0.45)
        axis.plot(steps, said[steps, place, 0], color=figures.SERIES[0], linewidth=1.2)
    axes[0, 0].set_title("over time")
    axes[-1, 0].set_xlabel("step")
    return figures.svg(figure, "targets and what was said over time")
