"""How a monitored variable becomes one entry of a row: a mean, a sum, an extreme, the last value, a histogram.

What is kept from batch to batch are sums, counts and extremes, inside the compiled step: parts that come from
several processes can be put together.
"""

import copy
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

import numpy as np
import pytensor.tensor as pt

from bricks import engine
from bricks.errors import UsageError
from bricks.graph import is_tensor


class Aggregation(ABC):
    """What is kept of one or more symbolic variables over the batches of an epoch.

    Attributes
    ----------
    variables : tuple of Variable
        What it needs of each batch.
    """

    def __init__(self, *variables):
        for variable in variables:
            if not is_tensor(variable) or variable.type.dtype.startswith("complex"):
                got = getattr(variable, "type", variable)
                raise UsageError(f"{type(self).__name__.lower()}: must be of symbolic real variables, got {got!s}")
        self.variables = variables

    def of(self, variables: Sequence) -> "Aggregation":
        """The same of other variables: those of a rebuilt graph."""
        other = copy.copy(self)
        other.variables = tuple(variables)
        return other

    @abstractmethod
    def start(self) -> dict[str, np.ndarray]:
        """What is kept before the first batch, by name."""

    @abstractmethod
    def add(self, kept: Mapping, variables: Sequence, examples) -> dict:
        """What is kept after a batch of so many `examples` (a symbolic integer)."""

    @abstractmethod
    def value(self, kept: Mapping[str, np.ndarray], examples: int) -> float | list:
        """The entry of the row, from what is kept after all the examples."""


class Mean(Aggregation):
    """sum over batches of weight * value / sum of weights; the weight is the number of examples by default."""

    def __init__(self, variable, weight=None):
        super().__init__(variable, *(() if weight is None else (weight,)))
        _check_scalars("mean", *self.variables)

    def start(self):
        zero = np.zeros((), _sum_dtype(self.variables[0]))
        return {"sum": zero} if len(self.variables) == 1 else {"sum": zero, "weight": zero}

    def add(self, kept, variables, examples):
        dtype = kept["sum"].type.dtype
        value, weight = variables[0].astype(dtype), (variables[1] if len(variables) > 1 else examples).astype(dtype)
        new = {"sum": kept["sum"] + value * weight}
        return new if len(variables) == 1 else new | {"weight": kept["weight"] + weight}

    def value(self, kept, examples):
        weight = float(kept.get("weight", examples))
        return float(kept["sum"]) / weight if weight else float("nan")


class Perplexity(Mean):
    """exp(sum of costs / count): of the summed negative log-probabilities (in nats) and what they are of."""

    def __init__(self, cost, count):
        super().__init__(cost, count)

    def add(self, kept, variables, examples):
        dtype = kept["sum"].type.dtype
        cost, count = (variable.astype(dtype) for variable in variables)
        return {"sum": kept["sum"] + cost, "weight": kept["weight"] + count}

    def value(self, kept, examples):
        with np.errstate(over="ignore"):
            return float(np.exp(super().value(kept, examples)))


class Total(Aggregation):
    """The sum over batches, of a scalar or of arrays of one known shape."""

    def start(self):
        return {"total": np.zeros(_known_shape("total", self.variables[0]), _sum_dtype(self.variables[0]))}

    def add(self, kept, variables, examples):
        return {"total": kept["total"] + variables[0].astype(kept["total"].type.dtype)}

    def value(self, kept, examples):
        return kept["total"].tolist()


class Minimum(Aggregation):
    """The least value of any batch, of a scalar or element by element."""

    choose, worst = staticmethod(pt.minimum), np.inf

    def start(self):
        shape = _known_shape(type(self).__name__.lower(), self.variables[0])
        return {"extreme": np.full(shape, self.worst, _sum_dtype(self.variables[0]))}

    def add(self, kept, variables, examples):
        return {"extreme": self.choose(kept["extreme"], variables[0].astype(kept["extreme"].type.dtype))}

    def value(self, kept, examples):
        return kept["extreme"].tolist()


class Maximum(Minimum):
    """The greatest value of any batch, of a scalar or element by element."""

    choose, worst = staticmethod(pt.maximum), -np.inf


class Last(Aggregation):
    """The value of the last batch."""

    def start(self):
        return {"last": np.zeros(_known_shape("last", self.variables[0]), _sum_dtype(self.variables[0]))}

    def add(self, kept, variables, examples):
        return {"last": variables[0].astype(kept["last"].type.dtype)}

    def value(self, kept, examples):
        return kept["last"].tolist()


class Histogram(Aggregation):
    """How many values lie below the first edge, between one edge and the next, and from the last edge on.

    A value counts to the interval that begins with it; one that is NaN counts nowhere.
    """

    def __init__(self, variable, edges: Sequence[float]):
        super().__init__(variable)
        self.edges = np.asarray(edges, "float64")
        if self.edges.ndim != 1 or not len(self.edges) or not np.all(np.diff(self.edges) > 0):
            raise UsageError(f"histogram: edges must be numbers that increase, got {edges!r}")

    def start(self):
        return {"counts": np.zeros(len(self.edges) + 1, "float32")}

    def add(self, kept, variables, examples):
        values = variables[0].flatten()
        edges = pt.constant(self.edges.astype(_sum_dtype(variables[0])))
        reached = pt.sum(pt.ge(values[:, None].astype(edges.type.dtype), edges), axis=0, dtype="int32")
        numbers = pt.sum(pt.invert(pt.isnan(values)), dtype="int32")  # values == values would be rewritten to True
        cumulative = pt.concatenate([numbers[None], reached, pt.zeros(1, "int32")])
        return {"counts": kept["counts"] + (cumulative[:-1] - cumulative[1:]).astype("float32")}

    def value(self, kept, examples):
        return [int(count) for count in kept["counts"]]


def mean(variable, weight=None) -> Mean:
    """The mean over examples; or by a weight of each batch, such as `mask.sum()` for a mean over steps that count.

    >>> import pytensor.tensor as pt
    >>> error, mask = pt.fscalar("error"), pt.fmatrix("mask")
    >>> type(mean(error, weight=mask.sum())).__name__
    'Mean'
    """
    return Mean(variable, weight)


def total(variable) -> Total:
    """The sum over batches; for a scalar a number, for arrays of one known shape a list.

    >>> total((pt.fvector("x") > 0).sum()).start()
    {'total': array(0., dtype=float32)}
    """
    return Total(variable)


def minimum(variable) -> Minimum:
    """The least value that any batch had.

    >>> minimum(pt.fvector("x").min()).start()
    {'extreme': array(inf, dtype=float32)}
    """
    return Minimum(variable)


def maximum(variable) -> Maximum:
    """The greatest value that any batch had.

    >>> maximum(pt.fmatrix("x").max()).start()
    {'extreme': array(-inf, dtype=float32)}
    """
    return Maximum(variable)


def last(variable) -> Last:
    """The value of the last batch.

    >>> last(pt.fscalar("rate")).start()
    {'last': array(0., dtype=float32)}
    """
    return Last(variable)


def histogram(variable, edges: Sequence[float]) -> Histogram:
    """Counts of a variable's values, of any shape, below, between and from the edges on: len(edges) + 1 integers.

    Counts are exact up to 2^24 in a batch and in an epoch, rounded beyond.

    >>> histogram(pt.fmatrix("activations"), edges=[-1, 0, 1]).start()
    {'counts': array([0., 0., 0., 0.], dtype=float32)}
    """
    return Histogram(variable, edges)


def perplexity(cost, count) -> Perplexity:
    """exp of the mean cost: `cost` is the batch's summed negative log-probability, `count` of how many outcomes.

    >>> costs = pt.fmatrix("costs")  # of each step (time, batch), in nats
    >>> counted = perplexity(costs.sum(), count=costs.size)
    """
    return Perplexity(cost, count)


def aggregated(monitored: Mapping, who: str) -> dict[str, Aggregation]:
    """Each as an `Aggregation`: a scalar variable is averaged over examples."""
    found = {}
    for name, given in monitored.items():
        if isinstance(given, Aggregation):
            found[name] = given
        elif is_tensor(given) and not given.type.ndim and not given.type.dtype.startswith("complex"):
            found[name] = Mean(given)
        else:
            raise UsageError(
                f"{who}: monitored {name!r} must be a symbolic scalar, got {getattr(given, 'type', given)!s}; "
                "take its mean or norm, or say how it is aggregated: total, histogram, ... of bricks.training"
            )
    return found


def variables_of(aggregations: Mapping[str, Aggregation]) -> list:
    """All variables that they need, in order."""
    return [variable for aggregation in aggregations.values() for variable in aggregation.variables]


def rebuilt(aggregations: Mapping[str, Aggregation], variables: Sequence) -> dict[str, Aggregation]:
    """The same of these variables, which come in the order of `variables_of`."""
    left = iter(variables)
    return {name: a.of([next(left) for _ in a.variables]) for name, a in aggregations.items()}


def _check_scalars(who: str, *variables) -> None:
    for variable in variables:
        if variable.type.ndim:
            raise UsageError(f"{who}: must be of symbolic scalars, got {variable.type}; take its mean or norm first")


def _known_shape(who: str, variable) -> tuple[int, ...]:
    if None in variable.type.shape:
        raise UsageError(
            f"{who}: what is kept needs a shape that is known before the first batch, got {variable.type}; "
            "sum over the batch first"
        )
    return variable.type.shape


def _sum_dtype(variable) -> str:
    dtype = variable.type.dtype
    return np.result_type(dtype, engine.floatX()).name if dtype.startswith("float") else engine.floatX()
