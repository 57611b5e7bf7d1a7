"""Entries of a row: what is kept over unequal batches equals what NumPy says of all the values at once."""

import numpy as np
import pytensor.tensor as pt
import pytest

from bricks import engine
from bricks.errors import CheckpointError, UsageError
from bricks.training import GradientDescent, histogram, last, maximum, mean, minimum, perplexity, total
from bricks.training.accumulators import Accumulators
from bricks.training.aggregation import aggregated

BATCHES = [np.float32([[1, 2], [3, -4]]), np.float32([[0.5, 0.25]]), np.float32([[8, 1], [2, 2], [-1, 0]])]
ALL = np.concatenate(BATCHES)
EDGES = [-1, 0.25, 2]


@pytest.fixture(scope="module")
def kept():
    x = pt.matrix("x", dtype="float32", shape=(None, 2))
    monitored = {
        "mean": pt.mean(x),
        "weighted": mean(pt.switch(x > 0, x, 0).sum() / (x > 0).sum(), weight=(x > 0).sum()),
        "total": total((x > 1).sum()),
        "columns": total(x.sum(axis=0)),
        "least": minimum(x.min()),
        "most": maximum(x.max(axis=0) - 100),
        "last": last(x[0, 0]),
        "histogram": histogram(x, EDGES),
        "logarithms": histogram(pt.log(x), EDGES),
        "perplexity": perplexity(x.sum(), x.shape[0]),
    }
    accumulators = Accumulators(aggregated(monitored, "test"), "test")
    add = engine.function([x], updates=accumulators.updates((x, 0)))
    for batch in BATCHES:
        add(batch)
    return accumulators


def counted(values):
    """By comparing, value for value."""
    bounds = [-np.inf, *EDGES, np.inf]
    pairs = zip(bounds[:-1], bounds[1:], strict=True)
    return [sum(1 for v in values.flat if a <= v < b) for a, b in pairs]


def test_what_is_kept_over_unequal_batches_is_that_of_all_values(kept):
    values = kept.read(reset=False)
    assert values["mean"] == pytest.approx(ALL.mean()) and values["weighted"] == pytest.approx(ALL[ALL > 0].mean())
    assert values["total"] == (ALL > 1).sum() and values["columns"] == pytest.approx(ALL.sum(0).tolist())
    assert values["least"] == -4 and values["most"] == [-92, -98]
    assert values["last"] == 8
    with np.errstate(invalid="ignore", divide="ignore"):
        logarithms = np.log(ALL)
    assert np.isnan(logarithms).sum() == 2 and values["logarithms"] == counted(logarithms)
    assert values["histogram"] == counted(ALL) and sum(values["histogram"]) == ALL.size
    assert values["perplexity"] == pytest.approx(np.exp(ALL.sum() / len(ALL)))


def test_it_is_a_state_like_any_other(kept):
    state = kept.state_dict()
    before = kept.read()
    assert kept.read() == {}
    kept.load_state_dict(state)
    assert kept.read(reset=False) == before
    with pytest.raises(CheckpointError, match="monitored means: the state lacks"):
        kept.load_state_dict({})


def test_a_training_step_keeps_what_it_is_asked_for():
    x, w = pt.matrix("x", dtype="float32", shape=(None, 2)), engine.shared(np.float32([1, 1]), name="w")
    descent = GradientDescent(
        pt.mean(pt.dot(x, w) ** 2), monitored={"inputs": histogram(x, EDGES), "sum": total(x.sum())}
    )
    descent.monitor("gradient", maximum(descent.gradients[w]))
    for batch in BATCHES[:2]:
        descent.process_batch({"x": batch})
    values = descent.read_monitored()
    assert list(values) == ["cost", "inputs", "sum", "gradient"]
    assert values["sum"] == pytest.approx(np.concatenate(BATCHES[:2]).sum()) and sum(values["inputs"]) == 6
    first = 2 * (BATCHES[0] * BATCHES[0].sum(1, keepdims=True)).mean(0)
    assert values["gradient"] == pytest.approx(np.maximum(first, values["gradient"]).tolist())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda v: {"v": v}, r"'v' must be a symbolic scalar, got .*; take its mean or norm, or say how"),
        (lambda v: {"v": mean(v)}, "mean: must be of symbolic scalars"),
        (lambda v: {"v": total(v)}, "total: what is kept needs a shape that is known"),
        (lambda v: {"v": histogram(v, [1, 1])}, "histogram: edges must be numbers that increase"),
        (lambda v: {"v": last("x")}, "last: must be of symbolic real variables, got x"),
    ],
)
def test_what_cannot_be_kept_is_told(make, message):
    with pytest.raises(UsageError, match=message):
        Accumulators(aggregated(make(pt.fmatrix("v")), "test"), "test")
