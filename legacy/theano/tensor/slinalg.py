"""`theano.tensor.slinalg`: linear algebra that was SciPy's, from PyTensor."""

import pytensor.tensor as pt
from pytensor.tensor import linalg

__all__ = ["cholesky", "eigvalsh", "expm", "kron", "solve", "solve_lower_triangular", "solve_upper_triangular"]

expm, kron = linalg.expm, linalg.kron


def cholesky(x):
    """The lower triangular L with x = L L^T; NaN under XLA where there is none (Theano raised)."""
    return linalg.cholesky(x, lower=True)


def solve(A, b):  # noqa: N803 (Theano's name)
    """x with A x = b, b a vector or a matrix."""
    return linalg.solve(A, b, b_ndim=min(2, pt.as_tensor_variable(b).ndim))


def solve_lower_triangular(A, b):  # noqa: N803
    """x with A x = b for a lower triangular A."""
    return linalg.solve_triangular(A, b, lower=True, b_ndim=min(2, pt.as_tensor_variable(b).ndim))


def solve_upper_triangular(A, b):  # noqa: N803
    """x with A x = b for an upper triangular A."""
    return linalg.solve_triangular(A, b, lower=False, b_ndim=min(2, pt.as_tensor_variable(b).ndim))


def eigvalsh(a, b, lower=True):
    """The eigenvalues w of a v = w b v for symmetric matrices."""
    return linalg.eigvalsh(a, b, lower=lower)
