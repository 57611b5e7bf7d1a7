"""Second derivatives: products of a Hessian, or of its Gauss-Newton part, with vectors, never the matrix itself.

A gradient is a graph like any other, of which another gradient can be taken, however many parameters there are. A
product took 1.2 to 1.5 times as long as the gradient of an MLP (784-500-10, batch 100), and 9 to 16 times as long as
that of an LSTM (28 steps of 128 units, batch 128), on two busy cores: the gradient of a recurrence has a kernel, the
gradient of that gradient is a loop of XLA's.
"""

from collections.abc import Sequence

import numpy as np
import pytensor.tensor as pt
from pytensor.graph.basic import Variable

from bricks.engine.compiled import grad
from bricks.errors import ShapeError, UsageError


def hessian_vector_product(cost: Variable, parameters, vectors):
    """The Hessian of a cost times vectors.

        H v = d/dp (g . v),   g = d cost / dp,   v held constant

    All parameters together are one long vector: the product for one of them counts the vectors of all.

    Parameters
    ----------
    cost : scalar Variable
        Of the training graph, where noise or statistics of batches are to count: `bricks.training_graph`.
    parameters : Variable or list of Variable
        What the cost is differentiated by; any variables that it is computed from.
    vectors : Variable or array, or list of them
        One of the shape and dtype of each parameter. What they are computed from, if symbolic, is held constant, the
        parameters too.

    Returns
    -------
    Variable or list of Variable
        As `parameters` came, of their shapes; zeros where the gradient is constant.

    Raises
    ------
    UsageError, ShapeError
        For another number of vectors than parameters, another dtype or shape.

    References
    ----------
    Pearlmutter 1994, Fast exact multiplication by the Hessian (there by a forward pass of derivatives, here by a second
    backward pass).

    Examples
    --------
    >>> from bricks import engine
    >>> x = pt.fvector("x")
    >>> product = hessian_vector_product((x**3).sum(), x, np.float32([1, 0, 2]))
    >>> engine.function([x], product)(np.float32([1, 2, 3])).tolist()
    [6.0, 0.0, 36.0]
    """
    listed, vectors = _matched(parameters, vectors, "hessian_vector_product")
    slope = _dot(grad(cost, listed, disconnected_inputs="ignore"), vectors)
    products = grad(slope, listed, consider_constant=vectors, disconnected_inputs="ignore")
    return products if isinstance(parameters, Sequence) else products[0]


def gauss_newton_vector_product(cost: Variable, outputs: Variable, parameters, vectors):
    """The Gauss-Newton matrix of a cost times vectors: the Hessian without the curvature of the outputs themselves.

        G v = J' H J v,   J = d outputs / dp,   H the Hessian of the cost as a function of the outputs

    It is positive semi-definite where the cost is convex in the outputs, as squared error and cross entropy are in what
    a net says before the softmax.

    Parameters
    ----------
    cost : scalar Variable
        Computed from `outputs`, and from the parameters only through these.
    outputs : Variable
        What the cost is convex in, such as logits.
    parameters, vectors
        As in `hessian_vector_product`.

    Returns
    -------
    Variable or list of Variable
        As `parameters` came.

    References
    ----------
    Schraudolph 2002, Fast curvature matrix-vector products for second-order gradient descent.

    Examples
    --------
    >>> from bricks import engine
    >>> w = pt.fvector("w")
    >>> outputs = w**2
    >>> product = gauss_newton_vector_product((outputs**2).sum(), outputs, w, np.float32([1, 1]))
    >>> engine.function([w], product)(np.float32([1, 2])).tolist()
    [8.0, 32.0]
    """
    listed, vectors = _matched(parameters, vectors, "gauss_newton_vector_product")
    # J v by two backward passes: J' u is linear in u, whatever u is, and the derivative of (J' u) . v by u is J v.
    u = pt.zeros_like(outputs)
    pulled = grad(None, listed, known_grads={outputs: u}, disconnected_inputs="ignore")
    pushed = grad(_dot(pulled, vectors), u, consider_constant=vectors, disconnected_inputs="ignore")
    curved = hessian_vector_product(cost, outputs, pushed)
    products = grad(None, listed, known_grads={outputs: curved}, disconnected_inputs="ignore")
    return products if isinstance(parameters, Sequence) else products[0]


def _dot(left, right):
    return sum(pt.sum(a * b) for a, b in zip(left, right, strict=True))


def _matched(parameters, vectors, who: str) -> tuple[list, list]:
    """Parameters and vectors as lists, the vectors as variables of the parameters' types."""
    several = isinstance(parameters, Sequence)
    listed, given = (list(parameters), list(vectors)) if several else ([parameters], [vectors])
    if len(listed) != len(given):
        raise UsageError(f"{who}: there must be a vector for each of the {len(listed)} parameters, got {len(given)}")
    matched = []
    for parameter, vector in zip(listed, given, strict=True):
        if not isinstance(parameter, Variable):
            raise UsageError(f"{who}: parameters must be symbolic variables, got {parameter!r}")
        kind = parameter.type
        vector = vector if isinstance(vector, Variable) else pt.as_tensor_variable(np.asarray(vector))
        if vector.type.dtype != kind.dtype:
            raise UsageError(
                f"{who}: the vector of {parameter} must be {kind.dtype}, got {vector.type.dtype}; cast it with .astype"
            )
        lengths = zip(vector.type.shape, kind.shape, strict=False)
        if vector.type.ndim != kind.ndim or any(a != b for a, b in lengths if None not in (a, b)):
            raise ShapeError(f"{who}: the vector of {parameter} must have shape {kind.shape}, got {vector.type.shape}")
        # A copy, so that what is held constant is never a parameter itself.
        matched.append(vector.copy())
    return listed, matched
