"""Inputs that do not fit are refused when the unit is applied: who, what must hold, and both shapes."""

import re

import numpy as np
import pytensor.tensor as pt
import pytest
from gated_cases import unit_of

from bricks import ShapeError, UsageError


def tensor(*shape, dtype="float32"):
    return pt.tensor(shape=shape, dtype=dtype)


X = tensor(5, 3, 4)
LGN = {"feedback": tensor(5, 3, 3), "hippocampus": tensor(5, 3, 2)}

DO_NOT_FIT = {
    "too few axes": (
        "lstm", lambda u: u(tensor(3, 4)), ShapeError,
        r"lstm: input must have 3 axes \(time, batch, input_dim\), got 2: shape \(3, 4\)",
    ),
    "other features": (
        "lstm", lambda u: u(tensor(None, None, 5)), ShapeError,
        r"lstm: input must have 4 columns \(input_dim=4\), got shape \(None, None, 5\)",
    ),
    "another precision": (
        "lstm", lambda u: u(tensor(5, 3, 4, dtype="float64")), UsageError,
        "lstm: input must be float32, got float64; cast it",
    ),
    "a missing sequence": (
        "lgn", lambda u: u(X, feedback=LGN["feedback"]), UsageError,
        r"lgn: needs the sequence 'hippocampus', of shape \(time, batch, 2\); it got input, feedback",
    ),
    "an unknown sequence": (
        "lgn", lambda u: u(X, **LGN, hipocampus=X), UsageError,
        "lgn: has no input sequence 'hipocampus'; did you mean 'hippocampus'",
    ),
    "a sequence of other features": (
        "lgn", lambda u: u(X, **LGN | {"feedback": tensor(5, 3, 9)}), ShapeError,
        r"lgn: feedback must have 3 columns \(the width of feedback=3\), got shape \(5, 3, 9\)",
    ),
    "a sequence of other axes": (
        "lgn", lambda u: u(X, **LGN | {"feedback": tensor(3, 3)}), ShapeError,
        r"lgn: feedback must have 3 axes \(time, batch, the width of feedback\), got 2: shape \(3, 3\)",
    ),
    "a sequence of another length": (
        "lgn", lambda u: u(X, **LGN | {"feedback": tensor(6, 3, 3)}), ShapeError,
        r"lgn: feedback must have as many steps and examples as the input, .*got shape \(6, 3, 3\); .*5, 3, 4",
    ),
    "a mask of another length": (
        "lstm", lambda u: u(X, mask=tensor(4, 3)), ShapeError,
        r"lstm: mask must have as many steps and examples as the input, got shape \(4, 3\); .*\(5, 3, 4\)",
    ),
    "a mask of other axes": (
        "lstm", lambda u: u(X, mask=tensor(5, 3, 1)), ShapeError,
        r"lstm: mask must have 2 axes \(time, batch\), got shape \(5, 3, 1\); the input has \(5, 3, 4\)",
    ),
    "a clamp of an unknown neuron": (
        "lstm", lambda u: u(X, clamp={"forgetgate": 1}), UsageError,
        "lstm: clamp has 'forgetgate'; did you mean 'forget_gate'",
    ),
    "a clamp of another width": (
        "lstm", lambda u: u(X, clamp={"forget_gate": np.ones(5)}), ShapeError,
        r"lstm: clamp of forget_gate must be a number or \(6,\) or \(batch, 6\) or .*, got shape \(5,\)",
    ),
    "a clamp that is no mapping": ("lstm", lambda u: u(X, clamp=1.0), UsageError, "lstm: clamp must be a dict"),
    "an initial value of an unknown state": (
        "lstm", lambda u: u(X, initial={"cel": np.ones(6)}), UsageError,
        "lstm: initial has 'cel'; did you mean 'cell'",
    ),
    "an initial value of another width": (
        "lstm", lambda u: u(X, initial={"cell": tensor(3, 4)}), ShapeError,
        r"lstm: initial cell must be \(6,\) or \(batch, 6\), got shape \(3, 4\)",
    ),
    "initial values that are no mapping": (
        "lstm", lambda u: u(X, initial=np.ones(6)), UsageError, "lstm: initial must be a dict"
    ),
    "one state given twice": (
        "mgu", lambda u: u(X, initial={"cell": np.ones(6), "output": np.ones(6)}), UsageError,
        "mgu: has one state, h = c: initial must give it once, got cell, output",
    ),
    "a row of other features": (
        "lstm", lambda u: u.step(tensor(3, 5), u.initial(3)), ShapeError,
        r"lstm: input must have 4 columns \(input_dim=4\), got shape \(3, 5\)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", DO_NOT_FIT)
def test_what_does_not_fit_is_refused_when_the_unit_is_applied(what):
    case, attempt, error, message = DO_NOT_FIT[what]
    with pytest.raises(error) as refusal:
        attempt(unit_of(case, "float32"))
    assert re.search(message, str(refusal.value), re.DOTALL), str(refusal.value)


def test_an_unknown_trace_is_refused_with_the_nearest_name():
    trace = unit_of("lstm", "float32")(X)
    with pytest.raises(AttributeError, match="the trace has no 'forgetgate'; did you mean 'forget_gate'"):
        trace.forgetgate  # noqa: B018


def test_known_lengths_stay_known_in_the_trace():
    trace = unit_of("gru(source)", "float32")(tensor(5, None, 4))
    assert {v.type.shape for name, v in trace.items() if not name.startswith("final")} == {(5, None, 6)}
    assert trace.final_output.type.shape == (None, 6)
