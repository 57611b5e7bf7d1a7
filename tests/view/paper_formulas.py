"""Works out formulas as they stand in a diagram, by NumPy: what is printed is what is checked.

Neighbours are a product of matrices (of numbers, where one is a number), which binds closer than ⊙ and /, and these
closer than + and −. A transposed or summed array of more than two axes is a stack of matrices.
"""

import re

import numpy as np

_TOKEN = re.compile(
    r"\s*(?P<number>\d+\.\d+|\d+)|\s*(?P<name>∂?[^\W\d_ᵀ²³]+'*(?:_\{[^}]*\}|_\w)?'*)|\s*(?P<sign>[-+−⊙/()\[\],>≤ᵀ²³·])"
)


def _softmax(a):
    e = np.exp(a - a.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


FUNCTIONS = {
    "tanh": np.tanh,
    "exp": np.exp,
    "log": np.log,
    "sign": np.sign,
    "softmax": _softmax,
    "max": np.maximum,
    "min": np.minimum,
    "relu": lambda a: np.maximum(a, 0),
    "softplus": lambda a: np.log1p(np.exp(a)),
    "σ": lambda a: 1 / (1 + np.exp(-a)),
}


def evaluate(formula: str, values: dict):
    """The value of a formula, from those of its symbols."""
    parser = _Parser(formula, values)
    value = parser.sum()
    assert parser.here is None, f"{formula!r} goes on at {parser.here}"
    return value


class _Parser:
    def __init__(self, formula: str, values: dict):
        self.values, self.tokens, at = values, [], 0
        formula = formula.strip()
        while at < len(formula):
            match = _TOKEN.match(formula, at)
            assert match, f"{formula!r} at {formula[at:]!r}"
            kind = match.lastgroup
            # A function's name stands directly before its bracket.
            called = kind == "name" and formula[match.end() : match.end() + 1] == "("
            self.tokens.append(("call" if called else kind, match[kind]))
            at = match.end()
        self.tokens.append((None, None))

    @property
    def here(self):
        return self.tokens[0][1]

    def take(self):
        return self.tokens.pop(0)

    def sum(self):
        value = self.quotient()
        while self.here in ("+", "−"):
            sign = self.take()[1]
            value = value + self.quotient() if sign == "+" else value - self.quotient()
        return value

    def quotient(self):
        value = self.neighbours()
        while self.here in ("⊙", "/"):
            sign = self.take()[1]
            value = value * self.neighbours() if sign == "⊙" else value / self.neighbours()
        return value

    def neighbours(self):
        if self.here == "−":
            self.take()
            return -self.quotient()
        if self.here and self.here.split("_")[0] == "Σ":
            return self.summed(self.take()[1])
        ones = self.here == "1" and self.tokens[1][0] == "name"  # a column of ones
        value = self.factor()
        if ones:
            return self.factor()[None]
        while self.tokens[0][0] in ("name", "number", "call") or self.here in ("(", "["):
            if self.here == "1":
                self.take()
                if self.here == "ᵀ":
                    self.take()
                    value = value[..., None]
                continue
            other = self.factor()
            value = value * other if np.ndim(value) == 0 or np.ndim(other) == 0 else value @ other
        return value

    def summed(self, sign: str):
        value = self.quotient()
        names = re.findall(r"\w+", sign.partition("_")[2])
        places = {"time": 0, "batch": max(value.ndim - 2, 0), "columns": value.ndim - 1, "rows": value.ndim - 2}
        return value.sum(tuple(places[name] for name in names) if names else None)

    def factor(self):
        kind, token = self.take()
        if kind == "number":
            value = float(token)
        elif kind == "call" and token in FUNCTIONS:
            value = FUNCTIONS[token](*self.arguments())
        elif token in ("(", "["):
            value = self.sum()
            if token == "[":
                order = self.take()[1]
                value = (value > self.sum() if order == ">" else value <= self.sum()) * 1.0
            assert self.take()[1] == {"(": ")", "[": "]"}[token]
        elif token == "log":
            value = np.log(self.factor())
        else:
            value = self.values[token]
        while self.here in ("ᵀ", "²", "³"):
            power = self.take()[1]
            value = np.swapaxes(value, -1, -2) if power == "ᵀ" else value ** {"²": 2, "³": 3}[power]
        return value

    def arguments(self):
        found = []
        while self.take()[1] != ")":  # an opening bracket, or a comma
            found.append(self.sum())
        return found
