"""Derivatives, for `theano.gradient` and `theano.tensor` alike."""

import pytensor.gradient
from pytensor.graph.basic import Variable

import bricks
from bricks.engine.linker import XLA
from theano._stable import stable


def grad(
    cost,
    wrt,
    consider_constant=None,
    disconnected_inputs="raise",
    add_names=True,
    known_grads=None,
    return_disconnected="zero",
    null_gradients="raise",
):
    """The symbolic gradient of a scalar by variables; a list for a list, a tuple for a tuple.

    >>> from theano.tensor import dscalar
    >>> x = dscalar("x")
    >>> float(grad(x**2, x).eval({x: 3.0}))
    6.0
    """
    if not isinstance(wrt, Variable | list | tuple):
        wrt = list(wrt)  # the values of a dict
    if cost is not None:
        variables = [wrt] if isinstance(wrt, Variable) else wrt
        cost = stable(cost, [*variables, *(consider_constant or ()), *(known_grads or ())])
    return bricks.grad(
        cost,
        wrt,
        consider_constant=consider_constant,
        disconnected_inputs=disconnected_inputs,
        add_names=add_names,
        known_grads=known_grads,
        return_disconnected=return_disconnected,
        null_gradients=null_gradients,
    )


def jacobian(expression, wrt, consider_constant=None, disconnected_inputs="raise"):
    """The derivatives of each element of a vector by variables."""
    return pytensor.gradient.jacobian(expression, wrt, consider_constant, disconnected_inputs)


def hessian(cost, wrt, consider_constant=None, disconnected_inputs="raise"):
    """The second derivatives of a scalar by a vector."""
    return pytensor.gradient.hessian(cost, wrt, consider_constant, disconnected_inputs)


def Rop(f, wrt, eval_points, disconnected_outputs="raise", return_disconnected="zero"):  # noqa: N802 (Theano's name)
    """The Jacobian of `f` by `wrt` times `eval_points`, from the right."""
    return pytensor.gradient.pushforward(
        f, wrt, eval_points, disconnected_outputs=disconnected_outputs, return_disconnected=return_disconnected
    )


def Lop(f, wrt, eval_points, consider_constant=None, disconnected_inputs="raise"):  # noqa: N802 (Theano's name)
    """`eval_points` times the Jacobian of `f` by `wrt`, from the left."""
    return pytensor.gradient.pullback(
        f, wrt, eval_points, consider_constant=consider_constant, disconnected_inputs=disconnected_inputs
    )


def consider_constant(x):
    """`x`, whose gradient is 0 and not absent: an older name of `zero_grad`."""
    return pytensor.gradient.zero_grad(x)


def verify_grad(
    fun, pt, n_tests=2, rng=None, eps=None, out_type=None, abs_tol=None, rel_tol=None, mode=None, **options
):
    """Compare a function's symbolic gradient with finite differences; GradientError where they differ."""
    mode = XLA if mode is None else mode
    return pytensor.gradient.verify_grad(fun, pt, n_tests, rng, eps, out_type, abs_tol, rel_tol, mode, **options)
