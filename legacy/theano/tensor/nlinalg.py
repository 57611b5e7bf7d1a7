"""`theano.tensor.nlinalg`: linear algebra, from PyTensor."""

from functools import reduce

import pytensor.tensor as pt
from pytensor.tensor import linalg

__all__ = [
    "det",
    "diag",
    "eig",
    "eigh",
    "lstsq",
    "matrix_dot",
    "matrix_inverse",
    "matrix_power",
    "norm",
    "pinv",
    "qr",
    "svd",
    "tensorinv",
    "tensorsolve",
    "trace",
]

det, eig, lstsq, matrix_power = linalg.det, linalg.eig, linalg.lstsq, linalg.matrix_power
norm, pinv, tensorinv, tensorsolve = linalg.norm, linalg.pinv, linalg.tensorinv, linalg.tensorsolve


def matrix_inverse(x):
    """The inverse of a square matrix."""
    return linalg.inv(x)


def matrix_dot(*matrices):
    """The product of several matrices."""
    return reduce(pt.dot, matrices)


def eigh(a, UPLO="L"):  # noqa: N803 (Theano's name)
    """(eigenvalues, eigenvectors) of a symmetric matrix."""
    return linalg.eigh(a if UPLO == "L" else pt.transpose(a))


def qr(a, mode="reduced"):
    """(Q, R) with a = QR; of mode "r", R alone."""
    return linalg.qr(a, mode="economic" if mode == "reduced" else mode)


def svd(a, full_matrices=1, compute_uv=1):
    """(U, s, V) with a = U diag(s) V; without `compute_uv`, s alone."""
    return linalg.svd(a, full_matrices=bool(full_matrices), compute_uv=bool(compute_uv))


def diag(x):
    """The diagonal of a matrix, or a matrix with that diagonal."""
    return pt.diag(x)


def trace(x):
    """The sum of the diagonal."""
    return pt.trace(x)
