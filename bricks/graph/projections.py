"""Projections: what must hold of a parameter after each training step, kept in the parameter's tag.

    p <- projection(p - step)

A projection is a function from a symbolic value to the nearest, or another, legal one; several are applied in
the order in which they were given. Training applies them to what it computes; a value that somebody sets is
left as it is, and so is an initialiser's, until the next step.
"""

from collections.abc import Callable

from pytensor.compile.sharedvalue import SharedVariable

from bricks.errors import ShapeError, UsageError
from bricks.graph.annotations import is_tensor


def project(parameter: SharedVariable, projection: Callable) -> SharedVariable:
    """Demand of a parameter that each training step ends with `projection` of its new value.

    Steps that are compiled already, at the first batch, stay as they are.

    Parameters
    ----------
    parameter : shared variable of floats
    projection : callable
        From the symbolic new value to one of the same dtype and shape. It comes after the projections that the
        parameter has already.

    Returns
    -------
    SharedVariable
        The parameter itself.

    Raises
    ------
    UsageError, ShapeError
        If the variable cannot be trained, or the projection gives something else than such a value.

    Examples
    --------
    Dale's law: all that comes from one neuron, a row of W, excites or inhibits.

    >>> import numpy as np, pytensor.tensor as pt
    >>> from bricks import engine
    >>> signs = np.float32([[1], [1], [-1]])
    >>> W = engine.shared(np.float32([[1, 2], [3, 4], [-5, -6]]), name="W")
    >>> project(W, lambda new: signs * pt.maximum(signs * new, 0))
    W
    >>> from bricks.training import GradientDescent, Scale
    >>> descent = GradientDescent(W.sum(), step_rule=Scale(2))
    >>> descent.process_batch({})
    >>> W.get_value().tolist()
    [[0.0, 0.0], [1.0, 2.0], [-7.0, -8.0]]
    """
    if not isinstance(parameter, SharedVariable) or not str(getattr(parameter.type, "dtype", "")).startswith("float"):
        raise UsageError(f"project: a parameter must be a shared variable of floats, got {parameter!r}")
    if not callable(projection):
        raise UsageError(
            f"project: the projection of {parameter} must be a function from its new value to a legal one, "
            f"got {type(projection).__name__} {projection!r}"
        )
    _apply(projection, parameter, parameter)
    parameter.tag.projections = (*projections_of(parameter), projection)
    return parameter


def projections_of(parameter) -> tuple[Callable, ...]:
    """The projections of a parameter, in the order of their application; mostly none."""
    return getattr(parameter.tag, "projections", ())


def projected(parameter: SharedVariable, new):
    """The symbolic value `new` after all projections of `parameter`."""
    for projection in projections_of(parameter):
        new = _apply(projection, parameter, new)
    return new


def _apply(projection: Callable, parameter, new):
    result = projection(new)
    kind = parameter.type
    if not is_tensor(result) or result.type.dtype != kind.dtype:
        got = result.type.dtype if is_tensor(result) else f"{type(result).__name__} {result!r}"
        raise UsageError(
            f"{parameter}: its projection must give a symbolic {kind.dtype} like the value it gets, got {got}; "
            f"cast it with .astype({kind.dtype!r})"
        )
    lengths = zip(result.type.shape, kind.shape, strict=False)
    if result.type.ndim != kind.ndim or any(a != b for a, b in lengths if None not in (a, b)):
        raise ShapeError(
            f"{parameter}: its projection must give the shape of the value it gets, {kind.shape}, "
            f"got {result.type.shape}; is an axis summed away that keepdims=True would keep?"
        )
    return kind.filter_variable(result)
