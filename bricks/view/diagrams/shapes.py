"""Shapes as people say them: (batch, 784), (time, batch, 128)."""

import math
from collections.abc import Iterable

from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Variable
from pytensor.tensor.special import LogSoftmax, Softmax


def shape_of(variable: Variable, timed: bool = False, columns: int | None = None) -> tuple[int | str, ...]:
    """A variable's lengths: numbers where they are known, else the names of axes, or "?".

    Parameters
    ----------
    variable : Variable
        With one axis of unknown length, this is the batch; with more, the first two of three are time and batch, as
        are those of two with numbers of classes in them.
    timed : bool
        Whether its first two axes are known to be time and batch.
    columns : int, optional
        The length of the last axis, where the graph doesn't know it.

    >>> import pytensor.tensor as pt
    >>> shape_of(pt.matrix("x")), shape_of(pt.tensor3("x"), columns=28), shape_of(pt.tensor("x", shape=(28, None, 28)))
    (('batch', '?'), ('time', 'batch', 28), (28, 'batch', 28))
    """
    lengths = list(getattr(variable.type, "shape", ()))
    if lengths and lengths[-1] is None and columns is not None and len(lengths) > 1:
        lengths[-1] = columns
    unknown = [k for k, length in enumerate(lengths) if length is None]
    whole = variable.type.dtype.startswith(("int", "uint"))
    timed = timed or (unknown[:2] == [0, 1] and (len(lengths) >= 3 or whole))
    names = {0: "time", 1: "batch"} if timed else {unknown[0]: "batch"} if unknown else {}
    return tuple(names.get(k, "?") if length is None else length for k, length in enumerate(lengths))


def with_lengths(variables: Iterable[Variable]) -> dict[Variable, Variable]:
    """For variables in order, each after those that it is computed from, others that know their lengths better.

    A shared variable has the lengths of its value, where its type leaves them open.

    >>> import bricks, numpy as np, pytensor.tensor as pt
    >>> W, x = bricks.shared(np.zeros((4, 3), "float32")), pt.matrix("x", dtype="float32")
    >>> y = pt.dot(x, W)
    >>> y.type.shape, with_lengths([x, W, y])[y].type.shape
    ((None, None), (None, 3))
    """
    better: dict[Variable, Variable] = {}
    for variable in variables:
        node = variable.owner
        if isinstance(variable, SharedVariable) and None in getattr(variable.type, "shape", ()):
            lengths = variable.get_value(borrow=True).shape
            better[variable] = variable.type.clone(shape=lengths)()
        elif node is not None and isinstance(node.op, Softmax | LogSoftmax) and node.inputs[0] in better:
            better[variable] = better[node.inputs[0]].type()  # their own types are fixed
        elif node is not None and variable not in better and any(v in better for v in node.inputs):
            try:
                new = node.op.make_node(*(better.get(v, v) for v in node.inputs))
            except (TypeError, ValueError, NotImplementedError):  # an operation that wants what it had
                continue
            better.update(zip(node.outputs, new.outputs, strict=True))
    return better


def told(shape: tuple[int | str, ...]) -> str:
    """A shape in words.

    >>> told(("batch", 784)), told(("batch",)), told(())
    ('(batch, 784)', '(batch,)', 'scalar')
    """
    if not shape:
        return "scalar"
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


def size(shape: tuple[int, ...]) -> tuple[str, str]:
    """The lengths of a parameter, as dimensions of a matrix, and how many numbers it has.

    >>> size((784, 500)), size((10,)), size(())
    (('784 × 500', '392,000'), ('10', '10'), ('1', '1'))
    """
    return " × ".join(map(str, shape)) or "1", f"{math.prod(shape):,}"
