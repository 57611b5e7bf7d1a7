"""`theano.function`, with Theano's signature, compiled by bricks."""

from collections.abc import Mapping

from pytensor.compile.io import Out, SymbolicInput
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Variable

from bricks.errors import UsageError
from theano.compile._task import Task
from theano.compile.function_module import Function
from theano.compile.inputs import In

__all__ = ["function"]


def function(
    inputs,
    outputs=None,
    mode=None,
    updates=None,
    givens=None,
    no_default_updates=False,
    accept_inplace=False,
    name=None,
    rebuild_strict=True,
    allow_input_downcast=None,
    profile=None,
    on_unused_input=None,
):
    """Compile a graph into a callable.

    Parameters
    ----------
    inputs : list of Variable or In
        In the order of the call; those with a name may be given by keyword, `In(v, value=3)` has a default.
    outputs : Variable, list or dict of Variable, optional
        What a call returns: an array, a list of them, or a dict.
    mode : str or Mode, optional
        "FAST_RUN" (XLA), "FAST_COMPILE", "DebugMode" (PyTensor's), "NanGuardMode" (bricks').
    updates : dict, OrderedUpdates or pairs, optional
        (shared variable, new value), all computed from the values before the call.
    givens : dict or pairs, optional
        (variable, what stands in for it).
    no_default_updates : bool or list of shared variables
        Whose `default_update`, that of random streams among them, is left out.
    accept_inplace, profile, name, allow_input_downcast, on_unused_input
        As ever.
    rebuild_strict : bool
        False lets `givens` change the type of what they replace.

    Returns
    -------
    Function

    Notes
    -----
    What XLA can't compile, since shapes depend on values (a boolean mask, a scan with `until`), PyTensor's own machine
    runs, with a warning: slower, and right.

    >>> import theano.tensor as T
    >>> x = T.vector("x")
    >>> total = function([x], {"sum": x.sum(), "twice": 2 * x})
    >>> sorted(total([1, 2])), float(total([1, 2])["sum"])
    (['sum', 'twice'], 3.0)
    """
    listed, keys, single = _outputs(outputs)
    task = Task(
        inputs=[_input(v, allow_input_downcast) for v in _list(inputs, "inputs")],
        outputs=listed,
        updates=_updates(updates),
        givens=_givens(givens),
        mode=mode,
        name=name,
        no_default_updates=no_default_updates if isinstance(no_default_updates, bool) else list(no_default_updates),
        rebuild_strict=rebuild_strict,
        profile=profile,
        on_unused_input=on_unused_input,
    )
    return Function(task, keys, single, outputs is None)


def _list(values, what: str) -> list:
    if isinstance(values, Variable | str | Mapping):
        raise TypeError(f"theano.function: {what} must be a list, got {values!r}; write [{values}]")
    return list(values)


def _input(given, allow_downcast) -> In:
    if isinstance(given, Variable):
        return In(given, allow_downcast=allow_downcast)
    if not isinstance(given, SymbolicInput):
        raise TypeError(f"theano.function: an input must be a variable or theano.In, got {given!r}")
    if given.update is not None:
        raise UsageError(
            f"theano.function: input {given.name or given.variable} has an update of its own, which is no more; "
            "make it a theano.shared variable and give it in updates=[(variable, new value)]"
        )
    return given


def _outputs(outputs) -> tuple[list, list | None, bool]:
    """(variables, keys of a dict, whether a call returns one array)."""
    if outputs is None:
        return [], None, False
    if isinstance(outputs, Mapping):
        if not all(isinstance(key, str) for key in outputs):
            raise AssertionError(f"theano.function: the keys of outputs must be strings, got {list(outputs)}")
        keys = sorted(outputs)
        return [_output(outputs[key]) for key in keys], keys, False
    if isinstance(outputs, Variable | Out):
        return [_output(outputs)], None, True
    return [_output(v) for v in outputs], None, False


def _output(given) -> Variable:
    given = getattr(given, "variable", given)  # an Out, whose `borrow` means nothing to XLA
    if not isinstance(given, Variable):
        raise TypeError(f"theano.function: outputs must be variables or theano.Out, got {given!r}")
    return given


def _pairs(given, what: str) -> list[tuple]:
    pairs = list(given.items()) if isinstance(given, Mapping) else list(given or ())
    if not all(isinstance(pair, tuple | list) and len(pair) == 2 for pair in pairs):
        raise TypeError(f"theano.function: {what} must be a dict or pairs (variable, value), got {pairs}")
    return [tuple(pair) for pair in pairs]


def _updates(updates) -> dict:
    found: dict = {}
    for variable, new in _pairs(updates, "updates"):
        if not isinstance(variable, SharedVariable):
            raise TypeError(f"theano.function: what is updated must be a shared variable, got {variable!r}")
        if variable in found:
            raise ValueError(f"theano.function: this shared variable already has an update expression: {variable}")
        found[variable] = variable.type.filter_variable(new) if not isinstance(new, Variable) else new
    return found


def _givens(givens) -> dict:
    found: dict = {}
    for variable, new in _pairs(givens, "givens"):
        if not isinstance(variable, Variable):
            raise TypeError(f"theano.function: what givens replace must be variables, got {variable!r}")
        if variable in found:
            raise ValueError(f"theano.function: givens replace {variable} twice")
        found[variable] = new if isinstance(new, Variable) else variable.type.filter_variable(new)
    return found
