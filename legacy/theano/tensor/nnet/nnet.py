"""Softmax and the costs of classifiers, as Theano defined them: row-wise, a vector is one row."""

import pytensor.tensor as pt
from pytensor.tensor.special import log_softmax as _log_softmax
from pytensor.tensor.special import softmax as _softmax

from theano.tensor.nnet.sigm import elu, relu, selu, sigmoid, softplus, softsign

__all__ = [
    "binary_crossentropy",
    "categorical_crossentropy",
    "confusion_matrix",
    "crossentropy_categorical_1hot",
    "crossentropy_softmax_1hot",
    "crossentropy_softmax_1hot_with_bias",
    "crossentropy_softmax_argmax_1hot_with_bias",
    "crossentropy_softmax_max_and_argmax_1hot",
    "crossentropy_softmax_max_and_argmax_1hot_with_bias",
    "elu",
    "h_softmax",
    "logsoftmax",
    "prepend_0_to_each_row",
    "prepend_1_to_each_row",
    "prepend_scalar_to_each_row",
    "relu",
    "selu",
    "sigmoid",
    "sigmoid_binary_crossentropy",
    "softmax",
    "softmax_graph",
    "softmax_op",
    "softmax_with_bias",
    "softplus",
    "softsign",
]


def _rows(x, who: str):
    """`x` as a matrix of rows; a vector is one."""
    x = pt.as_tensor_variable(x)
    if x.ndim not in (1, 2) or not x.dtype.startswith("float"):
        raise ValueError(f"theano.tensor.nnet.{who}: x must be a vector or a matrix of floats, got {x.type}")
    return x.dimshuffle("x", 0) if x.ndim == 1 else x


def softmax(c):
    """exp(c) / sum(exp(c)) of each row; of a vector, a matrix of one row, as it was.

    >>> softmax(pt.constant([0.0, 0.0])).eval().tolist()
    [[0.5, 0.5]]
    """
    return _softmax(_rows(c, "softmax"), axis=1)


def softmax_graph(c):
    """The same, written out."""
    c = pt.as_tensor_variable(c)
    return pt.exp(c) / pt.exp(c).sum(axis=-1, keepdims=True)


softmax_op = softmax


def logsoftmax(c):
    """The logarithm of the softmax of each row, where its exponentials would overflow as well."""
    return _log_softmax(_rows(c, "logsoftmax"), axis=1)


def softmax_with_bias(x, b):
    """The softmax of each row of x + b."""
    return softmax(pt.as_tensor_variable(x) + b)


def categorical_crossentropy(coding_dist, true_dist):
    """- sum(true_dist log(coding_dist)) of each row; true_dist is a distribution of each row, or the number of a class.

    >>> p = pt.constant([[0.25, 0.75]])
    >>> float(pt.exp(-categorical_crossentropy(p, pt.constant([1]))).eval()[0])
    0.75
    """
    coding_dist, true_dist = pt.as_tensor_variable(coding_dist), pt.as_tensor_variable(true_dist)
    if true_dist.ndim == coding_dist.ndim:
        return -pt.sum(true_dist * pt.log(coding_dist), axis=coding_dist.ndim - 1)
    if true_dist.ndim == coding_dist.ndim - 1:
        return crossentropy_categorical_1hot(coding_dist, true_dist)
    raise TypeError(
        "theano.tensor.nnet.categorical_crossentropy: true_dist must have as many axes as coding_dist, or one fewer; "
        f"got {true_dist.type} and {coding_dist.type}"
    )


def crossentropy_categorical_1hot(coding_dist, true_one_of_n):
    """- log of each row's probability of the class of that number."""
    coding_dist, true_one_of_n = pt.as_tensor_variable(coding_dist), pt.as_tensor_variable(true_one_of_n)
    if coding_dist.ndim != 2 or true_one_of_n.ndim != 1:
        raise TypeError(
            "theano.tensor.nnet.crossentropy_categorical_1hot: takes a matrix and a vector of classes, got "
            f"{coding_dist.type} and {true_one_of_n.type}"
        )
    if not true_one_of_n.dtype.startswith(("int", "uint")):
        raise TypeError(f"integers are needed for the numbers of classes, got {true_one_of_n.dtype}")
    return -_of_class(pt.log(coding_dist), true_one_of_n)


def _of_class(rows, classes):
    return rows[pt.arange(classes.shape[0]), classes]


def crossentropy_softmax_1hot(x, y_idx, **kwargs):
    """(cost of each row, softmax of x)."""
    x = _rows(x, "crossentropy_softmax_1hot")
    return [-_of_class(_log_softmax(x, axis=1), pt.as_tensor_variable(y_idx)), _softmax(x, axis=1)]


def crossentropy_softmax_1hot_with_bias(x, b, y_idx, **kwargs):
    """(cost of each row, softmax of x + b)."""
    return crossentropy_softmax_1hot(pt.as_tensor_variable(x) + b, y_idx)


def crossentropy_softmax_argmax_1hot_with_bias(x, b, y_idx, **kwargs):
    """(cost of each row, softmax of x + b, the class of the largest)."""
    x = pt.as_tensor_variable(x) + b
    return [*crossentropy_softmax_1hot(x, y_idx), pt.argmax(x, axis=1)]


def crossentropy_softmax_max_and_argmax_1hot(x, y_idx, **kwargs):
    """(cost of each row, softmax of x, its largest, the class of that)."""
    cost, probabilities = crossentropy_softmax_1hot(x, y_idx)
    return [cost, probabilities, pt.max(probabilities, axis=1), pt.argmax(probabilities, axis=1)]


def crossentropy_softmax_max_and_argmax_1hot_with_bias(x, b, y_idx, **kwargs):
    """The same of x + b."""
    return crossentropy_softmax_max_and_argmax_1hot(pt.as_tensor_variable(x) + b, y_idx)


def binary_crossentropy(output, target):
    """- (target log(output) + (1 - target) log(1 - output)), of each element."""
    return -(target * pt.log(output) + (1.0 - target) * pt.log(1.0 - output))


def sigmoid_binary_crossentropy(output, target):
    """`binary_crossentropy` of sigmoid(output), where that is all but 0 or 1 as well."""
    return pt.softplus(output) - target * output


def prepend_scalar_to_each_row(val, mat):
    """A matrix with a further first column, all of one number."""
    mat = pt.as_tensor_variable(mat)
    column = pt.alloc(pt.cast(pt.as_tensor_variable(val), mat.dtype), mat.shape[0], 1)
    return pt.concatenate([column, mat], axis=1)


def prepend_0_to_each_row(mat):
    """A matrix with a further first column of zeros."""
    return prepend_scalar_to_each_row(0.0, mat)


def prepend_1_to_each_row(mat):
    """A matrix with a further first column of ones."""
    return prepend_scalar_to_each_row(1.0, mat)


def confusion_matrix(actual, pred):
    """(counts: a row for each class that occurs, a column for what it was taken for; the classes in order).

    Which classes occur is known only when a function runs, so that it runs on PyTensor's own machine.
    """
    actual, pred = pt.as_tensor_variable(actual), pt.as_tensor_variable(pred)
    if actual.ndim != 1 or pred.ndim != 1:
        raise ValueError("theano.tensor.nnet.confusion_matrix: actual and pred must be vectors")
    order = pt.unique(pt.concatenate([actual, pred]))
    of_actual, of_pred = pt.eq(actual.dimshuffle(0, "x"), order), pt.eq(pred.dimshuffle(0, "x"), order)
    return [pt.dot(of_actual.astype("int64").T, of_pred.astype("int64")), order]


def h_softmax(x, batch_size, n_outputs, n_classes, n_outputs_per_class, W1, b1, W2, b2, target=None):
    """A softmax in two layers: of a class of outputs, and of an output within it.

    Parameters
    ----------
    x : matrix (batch_size, features)
    n_outputs, n_classes, n_outputs_per_class : int
        At most n_classes * n_outputs_per_class outputs.
    W1, b1 : (features, n_classes), (n_classes,)
    W2, b2 : (n_classes, features, n_outputs_per_class), (n_classes, n_outputs_per_class)
    target : vector of int, optional
        Then the probability of these outputs, (batch_size,); else of all, (batch_size, n_outputs).
    """
    of_class = softmax(pt.dot(x, W1) + b1)
    if target is None:
        within = pt.tensordot(x, W2, axes=[[1], [1]]) + b2
        within = _softmax(within, axis=2)
        joint = of_class.dimshuffle(0, 1, "x") * within
        return joint.reshape((batch_size, n_classes * n_outputs_per_class))[:, :n_outputs]
    target = pt.as_tensor_variable(target).flatten()
    number, place = target // n_outputs_per_class, target % n_outputs_per_class
    within = pt.sum(pt.as_tensor_variable(x).dimshuffle(0, 1, "x") * pt.as_tensor_variable(W2)[number], axis=1)
    within = softmax(within + pt.as_tensor_variable(b2)[number])
    rows = pt.arange(batch_size)
    return of_class[rows, number] * within[rows, place]
