"""Scalar operations as expressions of C++; `None` for those that a kernel does not have."""

import numpy as np

_INFIX = {"Add": " + ", "Mul": " * ", "AND": " && ", "OR": " || "}
_BINARY = {"Sub": "-", "TrueDiv": "/", "GT": ">", "LT": "<", "GE": ">=", "LE": "<=", "EQ": "==", "NEQ": "!="}
_TRUTH = {"GT", "LT", "GE", "LE", "EQ", "NEQ", "AND", "OR"}
_KEEP_TRUTH = {"Mul", "Cast", "Maximum", "ScalarMaximum", "Minimum", "ScalarMinimum"}  # of 0 and 1 they make 0 or 1
_KEEP_TRUTH |= {"Switch", "Invert", "Second", "Identity", "IsNan"}
# Functions of the runtime, those that are vectorised first.
_OURS = {"Tanh", "Sigmoid", "Exp", "Log", "Log1p", "Softplus", "Sqrt", "Abs", "Sign"}
_THEIRS = {"Expm1", "Sin", "Cos", "Tan", "Sinh", "Cosh", "Log2", "Log10", "Erf", "Erfc", "Floor", "Ceil", "ArcTan"}
_NAMES = {"Sgn": "sign", "ArcTan": "atan"}


def literal(value, ctype: str) -> str:
    """A number as C++ writes it.

    >>> literal(0.5, "float"), literal(np.inf, "double")
    ('0.5f', 'INFINITY')
    """
    value = np.float32(value) if ctype == "float" else np.float64(value)
    if np.isnan(value):
        return "NAN"
    if np.isinf(value):
        return "INFINITY" if value > 0 else "-INFINITY"
    text = repr(value.item() if ctype == "double" else float(str(value)))
    return f"{text}f" if ctype == "float" else text


def expression(op, inputs: list[str], numbers: list, dtype: str) -> str | None:
    """What a scalar op makes of its inputs, in C++.

    Parameters
    ----------
    op : pytensor.scalar.ScalarOp
    inputs : list of str
    numbers : list
        The values of those inputs that are constants, else None.
    dtype : str
        Of the result, as the graph says.

    >>> from pytensor.scalar import mul
    >>> expression(mul, ["a", "b"], [None, None], "float32")
    '(a * b)'
    """
    name = type(op).__name__
    if dtype == "bool" and name not in _TRUTH | _KEEP_TRUTH:
        return None
    if name in _INFIX:
        joined = f"({_INFIX[name].join(inputs)})"
        return f"T{joined}" if name in _TRUTH else joined
    if name in _BINARY:
        text = f"({inputs[0]} {_BINARY[name]} {inputs[1]})"
        return f"T{text}" if name in _TRUTH else text
    if name == "Cast":
        return inputs[0] if dtype.startswith("float") else f"T({inputs[0]} != 0)" if dtype == "bool" else None
    if name in ("Maximum", "ScalarMaximum", "Minimum", "ScalarMinimum"):
        kind = "largest" if "Max" in name else "smallest"
        text = inputs[0]
        for other in inputs[1:]:
            text = f"bricks::{kind}({text}, {other})"
        return text
    simple = {
        "Neg": "(-({0}))",
        "Sqr": "({0} * {0})",
        "Reciprocal": "(1 / {0})",
        "Switch": "({0} != 0 ? {1} : {2})",
        "Invert": "T({0} == 0)",
        "Second": "{1}",
        "Identity": "{0}",
        "Clip": "bricks::smallest(bricks::largest({0}, {1}), {2})",
        "IsNan": "T({0} != {0})",
    }
    if name in simple:
        return simple[name].format(*inputs)
    if name == "Pow":
        return _power(*inputs, numbers[1])
    if name in _OURS or name == "Sgn":
        return f"bricks::{_NAMES.get(name, name.lower())}({inputs[0]})"
    return f"bricks::{_NAMES.get(name, name.lower())}({inputs[0]})" if name in _THEIRS else None


def _power(base: str, exponent: str, number) -> str:
    if number is not None and number in (1, 2, 3):
        return f"({' * '.join([base] * int(number))})"
    if number is not None and number == 0.5:
        return f"bricks::sqrt({base})"
    return f"bricks::pow({base}, {exponent})"
