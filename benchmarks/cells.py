"""Wirings that nobody fused, against the same cell as a PyTorch loop, and against our own LSTM in the same rounds."""

import math
from functools import cache, partial

import recurrent

SIZES = (28, 128, 28, 128)  # T, B, D, H


def contenders(effort, unit: str) -> dict:
    import peers_torch
    from cells_torch import CELLS

    x, y = recurrent.batch(*SIZES[:3])
    units, head, descent = recurrent.classifier(*wiring(unit)[:1], SIZES, **wiring(unit)[1])
    weights = {path.split("/", 1)[1]: v.get_value() for path, v in units.all_parameters().items()}
    weights |= {"head/W": head.W.get_value(), "head/b": head.b.get_value()}

    def torch_run(compiled: bool):
        return peers_torch.on_one_batch(CELLS[unit](weights), x, y, compiled)

    found = {"bricks": lambda: recurrent.on_one_batch(descent, x, y), "PyTorch loop": partial(torch_run, False)}
    if effort.compiler and effort.compiled_loops:
        found["PyTorch loop, compiled"] = partial(torch_run, True)
    return found | {"bricks, LSTM": _lstm}


def wiring(unit: str) -> tuple[str, dict]:
    """Its name, and what else it is built with."""
    return ("lstm", {"layer_normalization": "joint"}) if unit == "layer_normalised" else (unit, {})


@cache
def _lstm():
    """Built once, for all wirings; its losses are not theirs, so it keeps them to itself."""
    _, _, descent = recurrent.classifier("lstm", SIZES)
    steps = recurrent.on_one_batch(descent, *recurrent.batch(*SIZES[:3]))

    def run(count: int) -> float:
        steps(count)
        return math.nan

    return run


def work(unit: str) -> float:
    """Multiplications that a step of a unit does in its products, over those of our LSTM: entries of its matrices."""
    from bricks.gated import build

    def entries(name: str, options: dict) -> int:
        parameters = build(name, SIZES[2], SIZES[3], seed=1, **options).all_parameters().values()
        return sum(p.get_value().size for p in parameters if p.type.ndim == 2)

    return entries(*wiring(unit)) / entries("lstm", {})
