"""What cannot be a recurrence, or be changed inside of one, is said so before anything is compiled."""

import numpy as np
import pytensor.tensor as pt
import pytest

import bricks
from bricks.engine.recurrences import recurrence
from bricks.errors import ShapeError, UsageError
from bricks.graph import in_training

TWO_LISTS = r"sum: the step must give two lists, \(new states, rows\), got"


def number(value=0, dtype="float32"):
    return pt.constant(np.asarray(value, dtype))


def running(step=lambda xt, s: ([s + xt], []), sequences=None, states=None, **settings):
    sequences = [pt.fvector("x")] if sequences is None else sequences
    return recurrence(step, sequences, [number()] if states is None else states, name="sum", **settings)


@pytest.mark.parametrize(
    ("error", "message", "arguments"),
    [
        (UsageError, "sum: sequences must be at least one; loop over pt.arange", dict(sequences=[])),
        (UsageError, "sum: backward must be one of saved, recomputed, got 'twice'", dict(backward="twice")),
        (ShapeError, "sum: a sequence must have a first axis, time, got the scalar", dict(sequences=[number()])),
        (UsageError, "sum: sequences must be a list of variables, got .*x", dict(sequences=pt.fvector("x"))),
        (UsageError, "sum: states must be a list of variables, got .*s", dict(states=pt.fvector("s"))),
        (
            ShapeError,
            r"sum: all sequences must have the same length, got shapes \[\(2,\), \(3,\)\]",
            dict(
                step=lambda x, y, s: ([s + x * y], []),
                sequences=[pt.tensor("x", shape=(2,), dtype="float32"), pt.tensor("y", shape=(3,), dtype="float32")],
            ),
        ),
        (UsageError, "sum: .* one new state for each state, got 2 for 1", dict(step=lambda x, s: ([s, s], []))),
        (UsageError, TWO_LISTS, dict(step=lambda x, s: s + x)),
        (UsageError, TWO_LISTS, dict(step=lambda x, s: (s + x, s))),
        (UsageError, TWO_LISTS, dict(step=lambda x, s: [s + x])),
        (
            ShapeError,
            "sum: a new state must be of the type of its initial state, Scalar.float32.*got Scalar.float64",
            dict(step=lambda x, s: ([s + x.astype("float64")], [])),
        ),
        (
            ShapeError,
            "sum: a new state must be of the type of its initial state.*got Vector",
            dict(sequences=[pt.fmatrix("x")]),
        ),
        (
            ShapeError,
            "sum: a new state must be of the type of its initial state",
            dict(step=lambda x, s: ([pt.concatenate([s, s])], []), states=[pt.constant(np.zeros(2, "float32"))]),
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_a_recurrence_is_said_so(error, message, arguments):
    with pytest.raises(error, match=message):
        running(**arguments)


def test_nothing_is_replaced_inside_a_recurrence():
    x, kept = pt.fvector("x"), []

    def step(xt, s):
        kept.append(xt * 2)
        return [s + kept[-1]], [s]

    (last,), _ = running(step, [x])
    inside = last.owner.op.inner_outputs[0].owner.inputs[1]
    with pytest.raises(UsageError, match=r"is inside the recurrence.*give it to the recurrence as a sequence"):
        bricks.replace(last, {inside: number()})
    with pytest.raises(UsageError, match="made in the step of a recurrence, give it to that as a sequence"):
        bricks.replace(last, {kept[-1]: number()})


def test_noise_inside_a_step_is_refused_when_the_training_graph_is_made():
    def step(xt, s):
        noisy = in_training(s, lambda s: 2 * s, [s])
        return [noisy + xt], []

    (last,), _ = running(step)
    with pytest.raises(UsageError, match=r"inside the recurrence Recurrence\{sum\}.*give noise to the recurrence"):
        bricks.training_graph(last)


@pytest.mark.parametrize("mode", ["FAST_RUN", "FAST_COMPILE"])
def test_sequences_of_unequal_length_are_refused_by_every_backend(mode):
    x, y = pt.fvector("x"), pt.fvector("y")
    (last,), _ = recurrence(lambda a, b, s: ([s + a * b], []), [x, y], [pt.zeros((), dtype="float32")])
    fn = bricks.function([x, y], last, mode=mode)
    with pytest.raises((ShapeError, UsageError, ValueError)):
        fn(np.ones(4, "float32"), np.ones(3, "float32"))
