"""`RandomStreams`: random draws that functions repeat with other numbers at each call."""

import numpy as np
import pytensor.tensor as pt
from pytensor.graph.basic import Variable

from bricks.errors import UsageError
from theano import _random
from theano._streams import Streams

__all__ = ["RandomStreams"]


class RandomStreams(Streams):
    """A source of symbolic random draws.

    Parameters
    ----------
    seed : int, optional
        By default another one each time.

    Notes
    -----
    The distributions are Theano's, the numbers are not: its generator was NumPy's, this is JAX's.

    >>> draws = RandomStreams(seed=1).normal((2, 3), avg=5.0, std=0.1)
    >>> draws.eval().round().tolist()
    [[5.0, 5.0, 5.0], [5.0, 5.0, 5.0]]
    """

    def __init__(self, seed=None):
        self.default_instance_seed = seed
        super().__init__(self._checked(np.random.SeedSequence().entropy if seed is None else seed))

    def binomial(self, size=None, n=1, p=0.5, ndim=None, dtype="int64", prob=None):
        """How often something of probability p happens in n trials."""
        if prob is not None:
            raise UsageError("RandomStreams.binomial: `prob` is long called `p`")
        return self._binomial(size, n, p, ndim, dtype)

    def random_integers(self, size=None, low=0, high=1, ndim=None, dtype="int64", prob=None):
        """Integers from low to high, both included."""
        state = self._new()
        shape = _random.shape_of(size, ndim, [low, high])
        return self._made(_random.parametric(state, "integers", shape, dtype, low, high), state)

    def poisson(self, size=None, lam=None, ndim=None, dtype="int64"):
        """Counts of mean lam."""
        state = self._new()
        lam = pt.as_tensor_variable(1.0 if lam is None else lam)
        return self._made(_random.parametric(state, "poisson", _random.shape_of(size, ndim, [lam]), dtype, lam), state)

    def multinomial(self, size=None, n=1, pvals=(0.5, 0.5), ndim=None, dtype="int64", prob=None):
        """How often each of some classes comes out of n draws; a last axis of classes, before it `size`."""
        state = self._new()
        pvals = pt.as_tensor_variable(np.asarray(pvals) if isinstance(pvals, tuple | list) else pvals)
        leading = [] if size is None else list(size) if isinstance(size, tuple | list) else [size]
        if pvals.ndim > 1:
            # A size that only repeats the rows of pvals, as Theano took it.
            leading = leading[: max(0, len(leading) - (pvals.ndim - 1))]
        return self._made(self._multinomial(state, leading, n, pvals, dtype), state)

    def choice(self, size=None, a=2, replace=True, p=None, ndim=None, dtype="int64"):
        """Elements of a vector, or of the integers below a."""
        state = self._new()
        count = a.shape[0] if isinstance(a, Variable) and a.ndim else len(a) if np.ndim(a) else a
        if not replace:
            if not isinstance(count, int) and p is None:
                p = pt.ones_like(a, dtype="float32")
            weights = pt.as_tensor_variable(np.ones(count, "float32") if p is None else p)
            shape = size if isinstance(size, tuple | list) else [1 if size is None else size]
            number = self._without_replacement(state, _product(shape), weights).reshape(tuple(shape))
            number = number[0] if size is None else number
        elif p is None:
            shape = _random.shape_of(size, ndim)
            number = _random.parametric(state, "integers", shape, "int64", 0, pt.as_tensor_variable(count) - 1)
        else:
            leading = [] if size is None else list(size) if isinstance(size, tuple | list) else [size]
            number = self._categories(state, leading, pt.as_tensor_variable(p))
        chosen = number if isinstance(a, int) or getattr(a, "ndim", 1) == 0 else pt.as_tensor_variable(a)[number]
        return self._made(pt.cast(chosen, dtype), state)

    def permutation(self, size=None, n=1, ndim=None, dtype="int64"):
        """The integers below n in random order; a last axis of n, before it `size`."""
        state = self._new()
        leading = [] if size is None else list(size) if isinstance(size, tuple | list) else [size]
        return self._made(_random.parametric(state, "permutation", _random.shape_of([*leading, n], None), dtype), state)

    def shuffle_row_elements(self, input):
        """A matrix, the elements of each of whose rows are in another order; a vector is one row."""
        input = pt.as_tensor_variable(input)
        order = self.permutation(size=None if input.ndim == 1 else [input.shape[0]], n=input.shape[-1])
        return pt.take_along_axis(input, order, axis=-1)


def _product(numbers):
    product = 1
    for n in numbers:
        product = product * n
    return product
