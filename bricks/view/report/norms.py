"""How large gradients, updates and activations are: over the epochs where the run monitored them, else at its end."""

import numpy as np
import pytensor.tensor as pt
from markupsafe import Markup

from bricks import engine
from bricks.graph import ComputationGraph, annotations_of
from bricks.layers import Rectifier
from bricks.training import observations
from bricks.view import figures, page
from bricks.view.page import Section
from bricks.view.report.curves import by_epoch, scale, values
from bricks.view.report.material import Logged, Material

MOST_LINES, MOST_ROWS = 8, 40

EXAMPLES = 100
"""In the batch that gradients and activations are measured on."""

_KINDS = {
    "gradient_norm": "norms of gradients",
    "update_norm": "norms of updates",
    "norm": "norms of parameters",
    "mean": "mean activations",
    "saturated": "share of saturated activations",
    "dead": "share of dead units",
}


def section(material: Material) -> Section | None:
    """What the log has of `training.monitor`, and what one batch of the valid set says."""
    found = monitored(material)
    parts: list = []
    if found:
        if len(material.rows) > 1:
            plots = [page.figure(_lines(material, kind, found[kind]), _left_out(found[kind])) for kind in found]
            parts.append(page.grid(plots))
        else:
            parts += [
                page.folded(f"{_KINDS[kind].capitalize()} in the only epoch", _first(material, found[kind]))
                for kind in found
            ]
    if material.trained is not None and material.sample is not None:
        parts += measured(material, gradients="gradient_norm" not in found, activations="mean" not in found)
    if parts and not found:
        parts.append(
            page.note(
                "The run logged none of this over its epochs; training.monitor={gradient_norm: '*', update_norm: '*', "
                "saturated: '*'} in the config, or on the command line, does."
            )
        )
    return Section("Gradients and activations", parts)


def monitored(run: Logged) -> dict[str, list[str]]:
    """From each kind that was monitored to its entries in the log: `train_gradient_norm/mlp/linear_0/W`."""
    found: dict[str, dict[str, None]] = {}
    for row in run.rows:
        for key in row:
            kind = key.partition("/")[0].removeprefix("train_")
            if key.startswith("train_") and "/" in key and kind in _KINDS:
                found.setdefault(kind, {}).setdefault(key)
    return {kind: list(found[kind]) for kind in _KINDS if kind in found}


@figures.style()
def _lines(run: Logged, kind: str, keys: list[str]) -> Markup:
    figure, axes = figures.new(height=3.4)
    drawn = {}
    for key in keys[:MOST_LINES]:
        epochs, drawn[key] = values(run, key)
        axes.plot(epochs, drawn[key], marker="o" if len(epochs) <= 30 else None, markersize=2.5, label=_short(key))
    scale(axes, "share" if kind in ("saturated", "dead") else "number", drawn.values())
    by_epoch(axes)
    axes.set_title(_KINDS[kind])
    figure.legend(loc="outside lower center", ncols=2, fontsize=7)
    return figures.svg(figure, f"{_KINDS[kind]} over the epochs")


def _first(run: Logged, keys: list[str]) -> Markup:
    return page.table(["of", "value"], [[page.name(key.partition("/")[2], 60), run.rows[0].get(key)] for key in keys])


def _short(key: str) -> str:
    return page.shortened(key.partition("/")[2], 36)


def _left_out(keys: list[str]) -> str:
    return f"{MOST_LINES} of {len(keys)}; python -m bricks log shows the others." if keys[MOST_LINES:] else ""


def measured(material: Material, gradients: bool, activations: bool) -> list[Markup]:
    """Tables of what one batch of valid examples says of gradients and activations."""
    model = material.trained.model
    paths = list(model.parameters) if gradients else []
    norms = [_norm(g) for g in engine.grad(model.cost, [model.parameters[p] for p in paths])] if paths else []
    seen = _activations(model) if activations else {}
    if not norms and not seen:
        return []
    wanted = [*norms, *seen.values()]
    inputs = ComputationGraph(wanted).inputs
    batch = material.sample.some(EXAMPLES)
    function = engine.function(inputs, wanted, name="norms of the report")
    said = [float(value) for value in function(*(batch[variable.name] for variable in inputs))]
    parts: list[Markup] = []
    if norms:
        sizes = [float(np.linalg.norm(model.parameters[path].get_value().astype("float64"))) for path in paths]
        parts += _gradients(paths, said[: len(paths)], sizes)
    if seen:
        parts += _shares(dict(zip(seen, said[len(norms) :], strict=True)))
    return parts


def _gradients(paths: list[str], norms: list[float], sizes: list[float]) -> list[Markup]:
    which = f"of up to {EXAMPLES} valid examples, noise off"
    said = page.note(f"Norms of the gradient of the cost, at these parameters, on a batch {which}.")
    rows = [
        [page.name(path), norm, norm / size if size else None]
        for path, norm, size in zip(paths, norms, sizes, strict=True)
    ]
    header = ["parameter", "gradient norm", "gradient / parameter"]
    most, more = page.table(header, rows[:MOST_ROWS]), rows[MOST_ROWS:]
    return [said, most, *([page.folded(f"{len(more)} more parameters", page.table(header, more))] if more else [])]


def _activations(model) -> dict:
    """Scalars by KIND/NAME: of outputs that have bounds the mean and how many are saturated, of rectifiers the dead."""
    outputs = observations.outputs_of(model.graph)
    bounded = [n for n, v in outputs.items() if any(a.brick.bounds(a.name) is not None for a in annotations_of(v))]
    rectified = [n for n, v in outputs.items() if any(isinstance(a.brick, Rectifier) for a in annotations_of(v))]
    shown = [n for n in outputs if n in bounded or n in rectified][:MOST_ROWS]
    asked = {
        "mean": shown,
        "saturated": [name for name in bounded if name in shown],
        "dead": [name for name in rectified if name in shown],
    }
    # Names are given as patterns: one with a bracket, say, would be read as such.
    return observations.activations(model.graph, {kind: list(map(_literal, names)) for kind, names in asked.items()})


def _literal(name: str) -> str:
    """A pattern that fits this very name.

    >>> _literal("a[b]*")
    'a[[]b][*]'
    """
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def _shares(found: dict[str, float]) -> list[Markup]:
    names = dict.fromkeys(key.partition("/")[2] for key in found)

    def share(kind: str, name: str) -> str | None:
        value = found.get(f"{kind}/{name}")
        return None if value is None else f"{100 * value:.1f} %"

    rows = [[page.name(n), found.get(f"mean/{n}"), share("saturated", n), share("dead", n)] for n in names]
    said = page.note(
        "Activations on the same batch. Saturated: within 5 % of an end of their range; dead: units that are not above "
        "0 for any example of the batch."
    )
    return [said, page.table(["output", "mean", "saturated", "dead"], rows)] if rows else []


def _norm(variable):
    return pt.sqrt(pt.sum(variable**2))
