"""What `RandomStreams` and `MRG_RandomStreams` have in common: states, updates, seeds, and what is drawn."""

import math

import numpy as np
import pytensor.tensor as pt
from pytensor.graph.basic import Variable
from pytensor.scalar import upcast

from bricks.engine.settings import floatX
from bricks.errors import UsageError
from theano import _random

WITHIN_TWO_STD = math.erf(math.sqrt(2))
FEW_TRIALS = 64


class Streams:
    """A source of symbolic random draws, each with a state of its own.

    Attributes
    ----------
    state_updates : list of pairs
        (state of a draw, state after it), in the order in which they were made.
    """

    def __init__(self, seed):
        self._seed = seed
        self.state_updates: list[tuple] = []

    def updates(self) -> list[tuple]:
        """The states' updates, for `theano.function(..., updates=...)`, which makes them without being told, too."""
        return list(self.state_updates)

    def seed(self, seed=None) -> None:
        """Let all draws begin anew."""
        self._seed = self._checked(self._seed if seed is None else seed)
        for number, (state, _) in enumerate(self.state_updates):
            state.set_value(_random.first_value(self._seed, type(self).__name__, number))

    @staticmethod
    def _checked(seed) -> int:
        if isinstance(seed, list | tuple | np.ndarray):
            seed = int.from_bytes(np.asarray(seed, "uint32").tobytes()[:8], "little")
        return int(seed) % 2**64

    def _new(self):
        state = _random.new_state(self._seed, type(self).__name__, len(self.state_updates))
        self.state_updates.append((state, state.default_update))
        return state

    def _made(self, result, state):
        """`result`, with the state and its update, as Theano's had them."""
        result.rng, result.update = state, (state, state.default_update)
        return result

    def uniform(self, size=None, low=0.0, high=1.0, ndim=None, dtype=None, **ignored):
        """Numbers from U[low, high); without `size`, as many as low and high have."""
        state = self._new()
        low, high = pt.as_tensor_variable(low), pt.as_tensor_variable(high)
        dtype = dtype or upcast(floatX(), low.dtype, high.dtype)
        numbers = _random.unit(state, "uniform", _random.shape_of(size, ndim, [low, high]), dtype)
        if not _is(low, 0) or not _is(high, 1):
            numbers = pt.cast(low + numbers * (high - low), dtype)
        return self._made(numbers, state)

    def normal(self, size=None, avg=0.0, std=1.0, ndim=None, dtype=None, **ignored):
        """Numbers from N(avg, std^2); without `size`, as many as avg and std have."""
        state = self._new()
        avg, std = pt.as_tensor_variable(avg), pt.as_tensor_variable(std)
        dtype = dtype or upcast(floatX(), avg.dtype, std.dtype)
        numbers = _random.unit(state, "normal", _random.shape_of(size, ndim, [avg, std]), dtype)
        if not _is(avg, 0) or not _is(std, 1):
            numbers = pt.cast(avg + std * numbers, dtype)
        return self._made(numbers, state)

    def _binomial(self, size, n, p, ndim, dtype):
        state = self._new()
        shape = _random.shape_of(size, ndim, [n, p])
        if _is(n, 1):
            return self._made(_random.bernoulli(state, shape, p, dtype), state)
        if isinstance(n, int) and 1 < n <= FEW_TRIALS:  # cheaper to compile than the general case
            vector, known = shape
            trials = _random.bernoulli(state, (pt.concatenate([[n], vector]), (n, *known)), p, "int64")
            return self._made(pt.sum(trials, axis=0).astype(dtype), state)
        p = pt.cast(pt.as_tensor_variable(p), floatX())
        return self._made(_random.parametric(state, "binomial", shape, dtype, n, p), state)

    def _categories(self, state, leading: list, pvals):
        """The number of a class for each of `leading` and each row of pvals, drawn with these probabilities."""
        shape = _random.shape_of([*leading, *(pvals.shape[axis] for axis in range(pvals.ndim - 1)), 1], None)
        u = _random.unit(state, "uniform", shape, "float64" if pvals.dtype == "float64" else "float32")
        # The last class takes what rounding leaves; probabilities need not be of sum 1 exactly.
        return pt.sum(pt.ge(u, pt.cumsum(pvals, axis=-1)[..., :-1]), axis=-1)

    def _multinomial(self, state, leading: list, n: int, pvals, dtype):
        """How often each class came out of n draws, in a last axis."""
        if isinstance(n, Variable):
            raise UsageError("multinomial: n must be a Python integer here, since it decides a shape")
        classes = pt.arange(pvals.shape[-1])
        number = self._categories(state, [int(n), *leading], pvals)
        chosen = pt.eq(pt.shape_padright(number), classes)
        return pt.cast(pt.sum(chosen, axis=0), dtype)

    def _without_replacement(self, state, n: int, pvals):
        """n different classes of each row of pvals, one after the other with these probabilities."""
        u = _random.unit(state, "uniform", _random.shape_of(pvals.shape, pvals.ndim), "float32")
        # The smallest of exponential waiting times come first: of rate p, one is first with probability p.
        waiting = -pt.log1p(-u) / pvals
        return pt.argsort(waiting, axis=-1)[..., :n]


def _is(value, number) -> bool:
    """Whether a parameter is that number, a constant."""
    if isinstance(value, Variable):
        value = getattr(value, "data", None)
    return value is not None and np.ndim(value) == 0 and value == number
