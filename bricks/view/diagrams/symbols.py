"""Short names for the variables of formulas: those that people gave, where they are short, else letters."""

import re

from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Constant, Variable

from bricks.view.diagrams.formulas import number
from bricks.view.diagrams.steps import Steps

_SHORT = re.compile(r"[^\W\d_]{1,8}\d*'*(_[^\W_]|_\{\w{1,3}\})?")
_OF_THE_LIBRARY = ("mean", "var", "std")
_LETTERS = {"dot": "z", "+": "a", "softmax": "y", "mean": "m", "sum": "s", "recurrence": "h"}
_FUNCTIONS = ("tanh", "logistic", "softplus", "max", "rectifier", "leaky rectifier", "ELU", "GELU")
_COSTS = ("cross-entropy", "squared error", "absolute error")


class Symbols:
    """From the variables of some steps to symbols, no two to one.

    >>> import pytensor.tensor as pt
    >>> x, W = pt.matrix("x"), pt.matrix("a/long/path/W")
    >>> h = pt.tanh(pt.dot(x, W))
    >>> symbols = Symbols(Steps(h.sum()))
    >>> symbols(x), symbols(W), symbols(h), symbols(W.T), symbols(pt.constant(2.5))
    ('x', 'W', 'h', 'Wᵀ', '2.5')
    """

    def __init__(self, steps: Steps):
        self._steps = steps
        names: dict[Variable, str] = {}
        for variable in steps.variables:
            name = _own_name(variable)
            if name:
                names.setdefault(steps.bare(variable), name)
        wanted = {v: names.get(v) or "v" for v in steps.roots}
        for step in steps.steps:
            step.formula = step.write(lambda variable: "·")  # for its title alone
            own = "cost" if step.result is steps.cost else _letter(step)
            wanted[step.result] = names.get(step.result) or own
        every, seen = list(wanted.values()), {}
        self._symbols = {}
        for variable, symbol in wanted.items():
            seen[symbol] = seen.get(symbol, 0) + 1
            self._symbols[variable] = symbol if every.count(symbol) == 1 else _indexed(symbol, seen[symbol])
        for step in steps.steps:
            step.formula = step.write(self)

    def __call__(self, variable: Variable) -> str:
        source, turned = self._steps.source(variable)
        if isinstance(source, Constant):
            return number(source.data)
        if source in self._steps.counts:
            return "n"
        return self._symbols.get(source, "·") + ("ᵀ" if turned else "")


def _own_name(variable: Variable) -> str:
    """What somebody called a variable, as far as it is short; of a parameter the end of its path."""
    name = variable.name or ""
    if isinstance(variable, SharedVariable) or variable.owner is None:
        name = name.rpartition("/")[2]
    return name if _SHORT.fullmatch(name) and name not in _OF_THE_LIBRARY else ""


def _indexed(symbol: str, index: int) -> str:
    """A symbol with a number below it: W_1; one that has an index gets a letter's stroke instead: x_t'."""
    return f"{symbol}{chr(39) * index}" if "_" in symbol else f"{symbol}_{{{index}}}"


def _letter(step) -> str:
    title = step.formula.title
    if title in _FUNCTIONS:
        return "h"
    return "L" if title.endswith(_COSTS) else _LETTERS.get(title, "v")
