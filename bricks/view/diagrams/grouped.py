"""Bricks that are one step on paper, though their graphs have several nodes."""

from collections.abc import Callable, Mapping

from pytensor.graph.basic import Variable

from bricks.brick import Brick
from bricks.gated import GatedUnit
from bricks.layers import (
    ELU,
    GELU,
    AbsoluteError,
    BatchNormalization,
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    LayerNormalization,
    LeakyRectifier,
    LookupTable,
    Maxout,
    MisclassificationRate,
    Rectifier,
    SquaredError,
)
from bricks.view.diagrams.formulas import Formula, cross_entropy, number, times

_Write = Callable[[Mapping[str, Variable], Variable, Callable[[Variable], str]], Formula]


def maker_of_formula(brick: Brick) -> _Write | None:
    """Who writes a brick's formula, from its inputs, its output and symbols; None for one that is several steps."""
    for kind, write in _FORMULAS.items():
        if type(brick) is kind or (kind is GatedUnit and isinstance(brick, kind)):
            return lambda inputs, y, symbol: write(brick, {n: symbol(v) for n, v in inputs.items()}, symbol(y))
    return None


def _rectifier(brick, a: dict, y: str) -> Formula:
    (x,) = a.values()
    return Formula("rectifier", f"max(0, {x})", [lambda d: times(d, f"[{x} > 0]")])


def _leaky(brick, a: dict, y: str) -> Formula:
    (x,), k = a.values(), number(brick.leak)
    return Formula("leaky rectifier", f"max({x}, {k} {x})", [lambda d: times(d, f"([{x} > 0] + {k} [{x} ≤ 0])")])


def _elu(brick, a: dict, y: str) -> Formula:
    (x,), k = a.values(), number(brick.alpha)
    factor = f"([{x} > 0] + [{x} ≤ 0] ⊙ ({y} + {k}))"
    return Formula("ELU", f"{x} if {x} > 0, else {k} (exp({x}) − 1)", [lambda d: times(d, factor)])


def _gelu(brick, a: dict, y: str) -> Formula:
    (x,) = a.values()
    return Formula("GELU", f"{x} ⊙ Φ({x})", [lambda d: times(d, f"(Φ({x}) + {x} ⊙ φ({x}))")])


def _categorical(brick, a: dict, y: str) -> Formula:
    return _masked(cross_entropy(a["targets"], a["logits"], _rows(a), logits=True), a, ["targets", "logits"])


def _binary(brick, a: dict, y: str) -> Formula:
    t, x, n = a["targets"], a["logits"], _rows(a)
    written = f"−Σ ({t} ⊙ log σ({x}) + (1 − {t}) ⊙ log(1 − σ({x}))) / {n}"
    made = Formula("logistic, cross-entropy", written, [lambda d: times(d, f"(σ({x}) − {t}) / {n}", " "), None])
    return _masked(made, a, ["targets", "logits"])


def _squared(brick, a: dict, y: str) -> Formula:
    t, x, n = a["targets"], a["outputs"], _rows(a)
    made = Formula("squared error", f"Σ ({t} − {x})² / {n}", [lambda d: times(d, f"2 ({x} − {t}) / {n}", " "), None])
    return _masked(made, a, ["targets", "outputs"])


def _absolute(brick, a: dict, y: str) -> Formula:
    t, x, n = a["targets"], a["outputs"], _rows(a)
    made = Formula("absolute error", f"Σ |{t} − {x}| / {n}", [lambda d: times(d, f"sign({x} − {t}) / {n}", " "), None])
    return _masked(made, a, ["targets", "outputs"])


def _rows(a: dict) -> str:
    """How many rows count."""
    return f"Σ {a['mask']}" if "mask" in a else "n"


def _masked(formula: Formula, a: dict, names: list[str]) -> Formula:
    """Derivatives in the order of the arguments; where there is a mask, of the rows that count."""
    by_name = dict(zip(reversed(names), formula.derivatives, strict=True))
    rule = by_name[names[1]]
    if "mask" in a:
        by_name[names[1]] = lambda d: f"{a['mask']} ⊙ {rule(d)}"
    formula.derivatives = [by_name.get(name) for name in a]
    return formula


def _unit(brick, a: dict, y: str) -> Formula:
    return Formula("recurrence", f"{brick.name}({', '.join(a.values())})", [None] * len(a))


def _named(brick, a: dict, y: str) -> Formula:
    return Formula(type(brick).__name__, f"{brick.name}({', '.join(a.values())})", [None] * len(a))


_FORMULAS = {
    Rectifier: _rectifier,
    LeakyRectifier: _leaky,
    ELU: _elu,
    GELU: _gelu,
    CategoricalCrossEntropy: _categorical,
    BinaryCrossEntropy: _binary,
    SquaredError: _squared,
    AbsoluteError: _absolute,
    GatedUnit: _unit,
    **dict.fromkeys(
        (
            BatchNormalization,
            LayerNormalization,
            LookupTable,
            Maxout,
            MisclassificationRate,
        ),
        _named,
    ),
}
