"""`MRG_RandomStreams`, under its old signatures; what was a fast generator on a GPU is JAX's now."""

import pytensor.tensor as pt

from bricks.errors import UsageError
from theano import _random
from theano._streams import WITHIN_TWO_STD, Streams

__all__ = ["MRG_RandomStreams"]


class MRG_RandomStreams(Streams):  # noqa: N801 (Theano's name)
    """A source of symbolic random draws.

    Parameters
    ----------
    seed : int or list of six int
        Not 0.
    use_cuda : bool, optional
        Ignored: functions draw where they run.

    Notes
    -----
    The distributions are Theano's, the numbers are not; `nstreams` is accepted and decides nothing.

    >>> mask = MRG_RandomStreams(seed=1).binomial((1000,), p=0.8, dtype="float32")
    >>> mask.dtype, 750 < float(mask.eval().sum()) < 850
    ('float32', True)
    """

    def __init__(self, seed=12345, use_cuda=None):
        if isinstance(seed, int) and seed == 0:
            raise ValueError("MRG_RandomStreams: seed must not be 0")
        super().__init__(self._checked(seed))

    def binomial(self, size=None, n=1, p=0.5, ndim=None, dtype="int64", nstreams=None, **ignored):
        """1 with probability p, else 0 (n trials are one here, as they were)."""
        if n != 1:
            raise NotImplementedError("MRG_RandomStreams.binomial: n must be 1; use RandomStreams.binomial")
        return self._binomial(size, 1, p, ndim, dtype)

    def truncated_normal(self, size, avg=0.0, std=1.0, ndim=None, dtype=None, nstreams=None, **ignored):
        """Numbers from N(avg, std^2) that are within two standard deviations."""
        state = self._new()
        dtype = dtype or pt.scalar().dtype
        u = _random.unit(state, "uniform", _random.shape_of(size, ndim), dtype)
        limit = pt.constant(WITHIN_TWO_STD, dtype=dtype)
        z = pt.constant(2**0.5, dtype=dtype) * pt.erfinv(limit * (2 * u - 1))
        return self._made(pt.cast(avg + std * z, dtype), state)

    def multinomial(self, size=None, n=1, pvals=None, ndim=None, dtype="int64", nstreams=None, **ignored):
        """How often each class comes out of n draws, for each row of pvals."""
        pvals = self._rows("multinomial", size, pvals)
        state = self._new()
        return self._made(self._multinomial(state, [], n, pvals, dtype), state)

    def choice(self, size=1, a=None, replace=True, p=None, ndim=None, dtype="int64", nstreams=None, **ignored):
        """`size` classes of each row of p: a matrix."""
        if a is not None:
            raise TypeError("MRG_RandomStreams.choice: a must be None; take elements of it with the result")
        if not isinstance(size, int):
            raise UsageError("MRG_RandomStreams.choice: size must be a Python integer")
        pvals = self._rows("choice", None, p)
        state = self._new()
        if replace:
            number = pt.transpose(self._categories(state, [size], pvals))
        else:
            number = self._without_replacement(state, size, pvals)
        return self._made(pt.cast(number, dtype), state)

    def multinomial_wo_replacement(
        self, size=None, n=1, pvals=None, replace=False, ndim=None, dtype="int64", nstreams=None, **ignored
    ):
        """n different classes of each row of pvals: an older name of `choice` without replacement."""
        return self.choice(size=n, p=pvals, replace=replace, dtype=dtype)

    @staticmethod
    def _rows(who: str, size, pvals):
        if pvals is None:
            raise TypeError(f"MRG_RandomStreams.{who}: the probabilities must be given")
        pvals = pt.as_tensor_variable(pvals)
        if pvals.ndim != 2:
            raise NotImplementedError(f"MRG_RandomStreams.{who}: the probabilities must be a matrix, got {pvals.type}")
        if size is not None:
            raise ValueError(f"MRG_RandomStreams.{who}: size must be None, the rows of the probabilities decide it")
        return pvals
