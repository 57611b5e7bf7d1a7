"""What bricks ask of their inputs and settings, checked before anything is compiled; and what they learn from it."""

import math
from numbers import Integral, Real

import pytensor.tensor as pt

from bricks.errors import ShapeError, UsageError
from bricks.graph import is_tensor


def check_dim(brick, what: str, value) -> int:
    """A dimension: an integer of at least 1."""
    if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
        raise UsageError(f"{brick.path}: {what} must be an integer of at least 1, got {value!r}")
    return int(value)


def check_probability(brick, what: str, value) -> float:
    """A number from 0 to below 1."""
    if not isinstance(value, Real) or isinstance(value, bool) or not 0 <= value < 1:
        raise UsageError(f"{brick.path}: {what} must be at least 0 and below 1, got {value!r}")
    return float(value)


def check_positive(brick, what: str, value) -> float:
    """A number above 0, not infinite."""
    if not isinstance(value, Real) or isinstance(value, bool) or not 0 < value < math.inf:
        raise UsageError(f"{brick.path}: {what} must be above 0, got {value!r}")
    return float(value)


def check_float(brick, variable, dtype: str | None = None, name: str = "input") -> None:
    """A symbolic float tensor; of `dtype`, where parameters are to be combined with it."""
    if not is_tensor(variable):
        raise UsageError(f"{brick.path}: {name} must be a symbolic tensor, got {type(variable).__name__} {variable!r}")
    if variable.type.dtype != dtype if dtype else not variable.type.dtype.startswith("float"):
        wanted = dtype or "of a float dtype"
        raise UsageError(
            f"{brick.path}: {name} must be {wanted}, got {variable.type.dtype}; "
            f"cast it with {name}.astype({dtype or 'bricks.floatX()'!r})"
        )


def check_ndim(brick, variable, ndim: int, layout: str, at_least: bool = False, name: str = "input") -> None:
    """The number of axes, or the least number."""
    found = variable.type.ndim
    if found < ndim if at_least else found != ndim:
        number = f"at least {ndim}" if at_least else str(ndim)
        axes = "axis" if ndim == 1 else "axes"
        raise ShapeError(
            f"{brick.path}: {name} must have {number} {axes} {layout}, got {found}: shape {variable.type.shape}"
        )


def check_columns(brick, variable, dim: int, what: str = "input_dim", name: str = "input") -> None:
    """The length of the last axis, as far as it is known."""
    columns = variable.type.shape[-1]
    if columns is not None and columns != dim:
        raise ShapeError(
            f"{brick.path}: {name} must have {dim} columns ({what}={dim}), got shape {variable.type.shape}; "
            "is the layer before it missing?"
        )


def lengths(variable) -> tuple:
    """The lengths of all axes: integers where they are known, symbolic where not."""
    return tuple(variable.shape[i] if n is None else n for i, n in enumerate(variable.type.shape))


def as_class_numbers(brick, targets, rows):
    """Integer targets as class numbers, one for each row of `rows`.

    Targets (batch,) or (batch, 1) beside rows (batch, columns); (time, batch) beside (time, batch, columns).
    """
    shape, ndim = targets.type.shape, rows.type.ndim - 1
    column = ndim == 1 and len(shape) == 2 and shape[1] in (1, None)
    if len(shape) != ndim and not column:
        layout = "(batch,) or (batch, 1)" if ndim == 1 else "(time, batch)"
        raise ShapeError(
            f"{brick.path}: integer targets must be one class number a row, of shape {layout}, got shape {shape}"
        )
    _check_same_rows(brick, "targets", shape[:ndim], rows)
    return pt.reshape(targets, (-1,), ndim=1) if column else targets


def check_mask(brick, mask, rows):
    """A mask over the rows of `rows`, (batch,) or (time, batch): the mask itself, or None where there is none."""
    if mask is None:
        return None
    if not is_tensor(mask):
        raise UsageError(f"{brick.path}: mask must be a symbolic tensor, got {type(mask).__name__} {mask!r}")
    layout = "(batch,)" if rows.type.ndim == 2 else "(time, batch)"
    check_ndim(brick, mask, rows.type.ndim - 1, layout, name="mask")
    _check_same_rows(brick, "mask", mask.type.shape, rows)
    return mask


def _check_same_rows(brick, name: str, shape, rows) -> None:
    known = [(a, b) for a, b in zip(shape, rows.type.shape, strict=False) if None not in (a, b)]
    if any(a != b for a, b in known):
        raise ShapeError(
            f"{brick.path}: {name} must have as many rows as the other input, got {shape} and {rows.type.shape}"
        )
