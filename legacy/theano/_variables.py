"""What Theano's variables could and PyTensor's can't: a truth value, `reshape` with a second argument, `eval` by XLA.

Symbolic variables are PyTensor's own, whoever makes them, so what is missing is given to PyTensor's classes:
when `theano` is imported, and not before; `remove()` takes it back, `install()` gives it again. A process that never
imports `theano` sees PyTensor as it is. What changes for one that does:

- `bool(v)` of a symbolic variable is True, as old code expects of `if mask:`; of what `<`, `<=`, `>`, `>=` made it
  raises TypeError, as it did in Theano (PyTensor raises for all).
- `v.reshape(shape, ndim)` takes its second argument by position, too.
- `v.take(indices, mode=)` heeds its mode without an axis, too.
- `v.eval({...})` compiles with `theano.function`, that is, by XLA.
- `v.get_scalar_constant_value()` is there again.
"""

import functools

from pytensor.graph.basic import Variable
from pytensor.tensor.variable import _tensor_py_operators as Operators

_replaced: list[tuple[type, str, object]] = []
_MISSING = object()


def install() -> None:
    """Give PyTensor's variables what Theano's had; nothing happens the second time."""
    if _replaced:
        return
    for name in ("__lt__", "__le__", "__gt__", "__ge__"):
        _replace(Operators, name, _comparison(getattr(Operators, name)))
    _replace(Operators, "__bool__", _truth)
    _replace(Operators, "reshape", _reshape(Operators.reshape))
    _replace(Operators, "take", _take)
    _replace(Operators, "get_scalar_constant_value", _get_scalar_constant_value)
    _replace(Variable, "eval", _eval)


def remove() -> None:
    """Leave PyTensor's variables as PyTensor made them."""
    while _replaced:
        owner, name, before = _replaced.pop()
        if before is _MISSING:
            delattr(owner, name)
        else:
            setattr(owner, name, before)


def _replace(owner: type, name: str, new) -> None:
    _replaced.append((owner, name, vars(owner).get(name, _MISSING)))
    setattr(owner, name, new)


def _comparison(original):
    @functools.wraps(original)
    def compare(self, other):
        result = original(self, other)
        result._is_nonzero = False
        return result

    return compare


def _truth(self) -> bool:
    if getattr(self, "_is_nonzero", True):
        return True
    raise TypeError(
        f"{self}: a comparison of symbolic variables is neither true nor false before a function runs; choose between "
        "two values with theano.tensor.switch, between two computations with theano.ifelse.ifelse"
    )


def _reshape(original):
    @functools.wraps(original)
    def reshape(self, shape, ndim=None):
        return original(self, shape, ndim=ndim)

    return reshape


def _take(self, indices, axis=None, mode="raise"):
    """The elements of those numbers along an axis, of all in order by default."""
    from theano.tensor import take

    return take(self, indices, axis, mode)


def _get_scalar_constant_value(self):
    """The value of a variable that is a scalar constant, whatever it is computed by; an error where it is none."""
    return self.get_underlying_scalar_constant()


def _eval(self, inputs_to_values=None, **options):
    """The value of this variable, given those of its inputs; the function that computes it is kept with it."""
    from theano.compile.function import function

    values = dict(inputs_to_values or {})
    given = {_named(self, key): value for key, value in values.items()}
    inputs = tuple(sorted(given, key=id))
    kept = self.__dict__.setdefault("_fn_cache", {})  # PyTensor's, which is left out where a variable is pickled
    key = ("theano", inputs, tuple(sorted(options.items(), key=str)))
    if key not in kept:
        kept[key] = function(list(inputs), self, **options)
    return kept[key](*(given[v] for v in inputs))


def _named(variable, key):
    if not isinstance(key, str):
        return key
    from pytensor.graph.traversal import get_var_by_name

    found = get_var_by_name([variable], key)
    if len(found) != 1:
        raise ValueError(f"eval: {len(found)} variables of the graph are called {key!r}")
    return found[0]
