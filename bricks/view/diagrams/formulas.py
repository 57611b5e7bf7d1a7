"""What operations are on paper, and their derivatives, in the code's convention: examples are rows.

A rule gives a `Formula`: the operation's usual name, what it computes from the symbols of its arguments, and for each
argument what its derivative gets from the result's, d, which is the symbol of a variable, or 1 for the cost itself.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from pytensor.graph.basic import Apply, Variable
from pytensor.tensor.blockwise import Blockwise
from pytensor.tensor.elemwise import CAReduce, Elemwise
from pytensor.tensor.math import Dot
from pytensor.tensor.special import LogSoftmax, Softmax

from bricks.view.diagrams.operations import usual_name
from bricks.view.diagrams.shapes import shape_of

Derivative = Callable[[str], str]


@dataclass
class Formula:
    """An operation on paper.

    Parameters
    ----------
    title : str
    expression : str
    derivatives : list of callable or None
        By each argument; None where nothing is differentiated, or nobody knows how.
    with_softmax : callable, optional
        The derivative by what comes before the softmax, where the first argument is one.
    """

    title: str
    expression: str
    derivatives: list[Derivative | None]
    with_softmax: Derivative | None = None


_ONE = {  # of one argument: how it is written, and the factor of its derivative; a is the argument, y the result
    "Tanh": ("tanh({a})", "(1 − {y} ⊙ {y})"),
    "Sigmoid": ("σ({a})", "{y} ⊙ (1 − {y})"),
    "Softplus": ("softplus({a})", "σ({a})"),
    "Exp": ("exp({a})", "{y}"),
    "Log": ("log {a}", "1 / {a}"),
    "Log1p": ("log(1 + {a})", "1 / (1 + {a})"),
    "Expm1": ("exp({a}) − 1", "({y} + 1)"),
    "Sqr": ("{a}²", "2 {a}"),
    "Sqrt": ("√{a}", "1 / (2 {y})"),
    "Abs": ("|{a}|", "sign({a})"),
    "Neg": ("−{a}", "−"),
    "Sin": ("sin({a})", "cos({a})"),
    "Cos": ("cos({a})", "(−sin({a}))"),
    "Reciprocal": ("1 / {a}", "(−{y}²)"),
    "Erf": ("erf({a})", "2 exp(−{a}²) / √π"),
}
_NUMBER = re.compile(r"\d+(\.\d+)?")
_POWERS = str.maketrans("0123456789-.", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻·")


def number(value) -> str:
    """A number as a factor of a formula.

    >>> number(0.5), number(np.float32(1e-4)), number(-2)
    ('0.5', '0.0001', '(−2)')
    """
    given = np.asarray(value)
    if given.size != 1:
        return "K"
    shown = f"{given.item():.4g}" if given.dtype.kind in "fiu" else str(given.item())
    return f"(−{shown[1:]})" if shown.startswith("-") else shown


def times(d: str, factor: str, sign: str = " ⊙ ") -> str:
    """d times a factor: 1 is left out, and what is divided by has its own stroke."""
    if factor == "−":
        return f"−{d}"
    if factor.startswith("1 / "):
        return f"{d} / {factor[4:]}"
    return factor if d == "1" else f"{d}{sign}{factor}"


def known(node: Apply, symbol: Callable[[Variable], str]) -> Formula:
    """The formula of one node's operation, with no derivatives where there is no rule."""
    op, a, y = node.op, [symbol(v) for v in node.inputs], symbol(node.outputs[0])
    core = op.core_op if isinstance(op, Blockwise) else op
    if isinstance(op, Elemwise):
        return _elementwise(node, a, y)
    if isinstance(core, Dot) or type(core).__name__ == "Matmul":
        return product(*a)
    if isinstance(op, CAReduce) and usual_name(node) == "sum":
        return reduced(node.inputs[0], axes_of(node), a[0], mean=False)
    if isinstance(op, Softmax):
        return Formula("softmax", f"softmax({a[0]})", [lambda d: f"{y} ⊙ ({d} − Σ_{{columns}} {d} ⊙ {y})"])
    if isinstance(op, LogSoftmax):
        back = [lambda d: f"{d} − softmax({a[0]}) ⊙ Σ_{{columns}} {d}"]
        return Formula("log softmax", f"log softmax({a[0]})", back)
    title = usual_name(node)
    return Formula(title, f"{title}({', '.join(a)})", [None] * len(a))


def _elementwise(node: Apply, a: list[str], y: str) -> Formula:
    kind = type(node.op.scalar_op).__name__
    title, result = usual_name(node), node.outputs[0]
    if kind in _ONE:
        written, factor = (template.format(a=a[0], y=y) for template in _ONE[kind])
        return Formula(title, written, [lambda d: times(d, factor, " ⊙ " if result.type.ndim else " ")])
    scalars = [bool(all(v.type.broadcastable)) for v in node.inputs]
    written, rules = _of_several(kind, a, y, scalars)
    if written is None:
        return Formula(title, f"{title}({', '.join(a)})", [None] * len(a))
    pairs = zip(rules, node.inputs, strict=True)
    return Formula(title, written, [None if rule is None else _summed(rule, v, result) for rule, v in pairs])


def _of_several(kind: str, a: list[str], y: str, scalars: list[bool]):
    if kind == "Add":
        return " + ".join(a), [lambda d: d] * len(a)
    if kind == "Sub":
        return f"{a[0]} − {a[1]}", [lambda d: d, lambda d: f"−{d}"]
    if kind == "Mul":
        every = range(len(a))
        return _factors(a, scalars, every), [
            lambda d, k=k: _factors([*a, d], [*scalars, False], [m for m in every if m != k] + [len(a)]) for k in every
        ]
    if kind == "TrueDiv":
        return f"{a[0]} / {a[1]}", [lambda d: f"{d} / {a[1]}", lambda d: f"−{d} ⊙ {y} / {a[1]}"]
    if kind == "Pow" and _NUMBER.fullmatch(a[1]):
        less = f"{float(a[1]) - 1:g}"
        factor = f"{a[1]} {a[0]}{'' if less == '1' else less.translate(_POWERS)}"
        return f"{a[0]}{a[1].translate(_POWERS)}", [lambda d: times(d, factor), None]
    if kind in ("Maximum", "ScalarMaximum", "Minimum", "ScalarMinimum"):
        word, order = ("max", ">") if "Max" in kind else ("min", "<")
        rules = [lambda d: times(d, f"[{a[0]} {order} {a[1]}]"), lambda d: times(d, f"[{a[1]} {order} {a[0]}]")]
        return f"{word}({a[0]}, {a[1]})", rules
    if kind == "Switch":
        rules = [None, lambda d: times(d, f"[{a[0]}]"), lambda d: times(d, f"[not {a[0]}]")]
        return f"{a[1]} if {a[0]}, else {a[2]}", rules
    return None, None


def _factors(a: list[str], scalars: list[bool], chosen: Sequence[int]) -> str:
    """A product of elements, numbers first; 1 is left out."""
    numbers = [a[k] for k in chosen if scalars[k]]
    others = [a[k] for k in reversed(chosen) if not scalars[k] and a[k] != "1"]
    return " ".join([*numbers, *([" ⊙ ".join(others)] if others else [])]) or "1"


def _factors(a: list[str], scalars: list[bool], chosen: Sequence[int]) -> str:
    """A product of elements, numbers first; 1 is left out."""
    numbers = [a[k] for k in chosen if scalars[k]]
    others = [a[k] for k in reversed(chosen) if not scalars[k] and a[k] != "1"]
    return " ".join([*numbers, *([" ⊙ ".join(others)] if others else [])]) or "1"


def _less(power: str) -> str:
    try:
        return f"{float(power.strip('()').replace('−', '-')) - 1:g}"
    except ValueError:
        return "?"


def _summed(rule: Derivative, argument: Variable, result: Variable) -> Derivative:
    """The rule for an argument that is repeated along axes of the result: a sum over these."""
    pairs = zip(argument.type.shape, result.type.shape, strict=True)
    axes = [k for k, (own, whole) in enumerate(pairs) if own == 1 and whole != 1]
    if not axes:
        return rule
    over = along(result, axes)
    return lambda d: f"Σ{over} {_grouped(rule(d))}"


def along(variable: Variable, axes: list[int]) -> str:
    """The axes of a sum, below its sign; nothing where these are all."""
    if len(axes) == variable.type.ndim:
        return ""
    lengths = shape_of(variable)
    last = variable.type.ndim - 1
    names = [n if isinstance(n := lengths[k], str) and n != "?" else "columns" if k == last else "rows" for k in axes]
    return f"_{{{', '.join(names)}}}"


def _grouped(formula: str) -> str:
    return f"({formula})" if " " in formula else formula


def product(first: str, second: str, over: str = "") -> Formula:
    """A product of matrices; `over` is a sum that the second's derivative has besides that over rows."""
    rules = [
        lambda d: _turned(second) if d == "1" else f"{d} {_turned(second)}",
        lambda d: _turned(first) if d == "1" else f"{over}{_turned(first)} {d}",
    ]
    return Formula("dot", f"{first} {second}", rules)


def _turned(symbol: str) -> str:
    return symbol[:-1] if symbol.endswith("ᵀ") else f"{symbol}ᵀ"


def reduced(argument: Variable, axes: list[int], a: str, mean: bool) -> Formula:
    """A sum or mean over axes."""
    over = along(argument, axes)
    if len(axes) == argument.type.ndim:
        ones = "{d} 1" if argument.type.ndim else "{d}"
    else:
        ones = "{d} 1ᵀ" if axes == [argument.type.ndim - 1] else "1 {d}"

    def derivative(d: str) -> str:
        spread = "1" if d == "1" else ones.format(d=d)
        return f"{spread} / n" if mean else spread

    return Formula("mean" if mean else "sum", f"{'mean' if mean else 'Σ'}{over} {a}", [derivative])


def axes_of(node: Apply) -> list[int]:
    """The axes that a sum is over."""
    ndim, axis = node.inputs[0].type.ndim, node.op.axis
    return list(range(ndim)) if axis is None else [k % ndim for k in axis]


def cross_entropy(t: str, y: str, n: str, logits: bool) -> Formula:
    """-sum of t log y over n rows, of probabilities or of what comes before the softmax; arguments are y and t.

    >>> formula = cross_entropy("t", "a", "n", logits=True)
    >>> formula.expression, formula.derivatives[0]("1")
    ('−Σ t ⊙ log softmax(a) / n', '(softmax(a) − t) / n')
    """
    share = f" / {n}" if n else ""
    if logits:
        factor, written, title = f"(softmax({y}) − {t}){share}", f"log softmax({y})", "softmax, cross-entropy"
    else:
        factor, written, title = f"−({t} / {y}){share}", f"log {y}", "cross-entropy"
    joint = None if logits else lambda d: times(d, f"({y} − {t}){share}", " ")
    return Formula(title, f"−Σ {t} ⊙ {written}{share}", [lambda d: times(d, factor, " "), None], joint)
