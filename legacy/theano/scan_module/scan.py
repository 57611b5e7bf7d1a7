"""`theano.scan`, on PyTensor's."""

import warnings
from collections.abc import Mapping

import pytensor
from pytensor.graph.basic import Variable
from pytensor.graph.traversal import ancestors
from pytensor.scan.basic import get_updates_and_outputs

from theano._quiet import filter_advice
from theano._random import StreamState
from theano.compile.mode import HOST
from theano.scan_module.scan_utils import until
from theano.updates import OrderedUpdates

__all__ = ["scan"]


def scan(
    fn,
    sequences=None,
    outputs_info=None,
    non_sequences=None,
    n_steps=None,
    truncate_gradient=-1,
    go_backwards=False,
    mode=None,
    name=None,
    profile=False,
    allow_gc=None,
    strict=False,
    return_list=False,
):
    """A symbolic loop.

    Parameters
    ----------
    fn : callable
        From rows of sequences, states before, and non-sequences, in this order, to outputs, updates and a condition
        `until(...)`, of which the last two may be left out.
    sequences : Variable, dict or list of them
        `dict(input=x, taps=[-1, 0])` for other rows than the present one.
    outputs_info : Variable, dict, None or list of them
        States at the start, `dict(initial=x, taps=[-2, -1])` for several before; None for what is no state.
    non_sequences : Variable or list of them
        What is the same at each step.
    n_steps, truncate_gradient, go_backwards, name, strict, return_list
        As ever.
    mode, profile, allow_gc
        Accepted; the loop is compiled with the function that it is in.

    Returns
    -------
    outputs : Variable, or list of Variable
    updates : OrderedUpdates
        Of shared variables that the step updates, states of random draws among them: for `theano.function`'s `updates`.

    >>> import numpy as np, theano, theano.tensor as T
    >>> x = T.vector("x")
    >>> total, updates = theano.scan(lambda x_t, s: s + x_t, sequences=x, outputs_info=T.zeros(()))
    >>> theano.function([x], total, updates=updates)([1, 2, 3]).tolist()
    [1.0, 3.0, 6.0]
    """

    def step(*arguments):
        return _with_draws(fn(*arguments), arguments)

    with warnings.catch_warnings():
        filter_advice()
        outputs, updates = pytensor.scan(
            step,
            sequences=_listed(sequences),
            outputs_info=_listed(outputs_info),
            non_sequences=_listed(non_sequences),
            n_steps=n_steps,
            truncate_gradient=truncate_gradient,
            go_backwards=go_backwards,
            name=name,
            mode=HOST,  # of the step where XLA doesn't run it
            strict=strict,
            return_list=return_list,
            return_updates=True,
        )
    for variable, new in updates.items():
        if isinstance(variable, StreamState) and variable.default_update is None:
            variable.default_update = new  # a draw of this loop alone: counted whether or not the updates are used
    return outputs, OrderedUpdates(updates)


def _listed(given):
    """A list of what is sequence-like, `d.values()` and generators among it; one variable as it is."""
    if given is None or isinstance(given, Variable | Mapping | str) or not hasattr(given, "__iter__"):
        return given
    if hasattr(given, "dtype"):  # an array
        return given
    return list(given)


def _with_draws(results, arguments):
    """What a step returns, and the updates of the random draws in it, which are to draw anew at each step."""
    condition, outputs, updates = get_updates_and_outputs(results)
    graph = ancestors([*outputs, *updates.values()], blockers=[a for a in arguments if isinstance(a, Variable)])
    for variable in graph:
        if isinstance(variable, StreamState) and variable not in updates and variable.default_update is not None:
            updates[variable] = variable.default_update
    returned = [outputs, updates] if updates else [outputs]
    if condition is not None:
        returned.append(until(condition))
    return returned[0] if len(returned) == 1 else tuple(returned)
