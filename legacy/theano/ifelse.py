"""`theano.ifelse`: one of two computations, of which only the one is done."""

import pytensor.tensor as pt
from pytensor import ifelse as _pytensors
from pytensor.graph.basic import Variable

from bricks.engine.compat import IfElse

__all__ = ["IfElse", "ifelse"]


def ifelse(condition, then_branch, else_branch, name=None):
    """`then_branch` where the condition is not 0, else `else_branch`; each a variable, or as many in a list.

    >>> c, x = pt.iscalar("c"), pt.dscalar("x")
    >>> float(ifelse(pt.gt(c, 0), x, -x).eval({c: 0, x: 2.0}))
    -2.0
    """
    condition = pt.as_tensor_variable(condition)
    if condition.ndim:
        raise TypeError(f"theano.ifelse: the condition must be a scalar, got {condition.type}")
    if condition.dtype != "bool":
        condition = pt.neq(condition, 0)
    yes, no = _listed(then_branch), _listed(else_branch)
    if len(yes) != len(no):
        raise ValueError(f"theano.ifelse: the branches must have as many values, got {len(yes)} and {len(no)}")
    results = _pytensors(condition, yes, no, name=name)
    results = list(results) if isinstance(results, list | tuple) else [results]
    if isinstance(then_branch, list):
        return results
    return tuple(results) if isinstance(then_branch, tuple) else results[0]


def _listed(branch) -> list:
    values = list(branch) if isinstance(branch, list | tuple) else [branch]
    return [v if isinstance(v, Variable) else pt.as_tensor_variable(v) for v in values]
