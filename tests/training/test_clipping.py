"""Clipping by its properties: what is within the threshold stays, what is beyond keeps its direction."""

import numpy as np
import pytensor.tensor as pt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bricks import engine
from bricks.roles import BIAS, WEIGHT, add_role
from bricks.training import (
    StepClipping,
    VariableClipping,
)


@pytest.fixture(scope="module")
def clipping():
    """One compiled function for both clippings; thresholds are set from outside."""
    W, b = (
        engine.shared(np.zeros((3, 2), "float32"), name="W"),
        engine.shared(np.zeros(2, "float32"), name="b"),
    )
    g, h = pt.fmatrix("g"), pt.fvector("h")
    globally, by_column = StepClipping(1.0), VariableClipping(1.0)
    first, _ = globally.compute_steps({W: g, b: h})
    second, _ = by_column.compute_steps({W: g, b: h})
    function = engine.function([g, h], [first[W], first[b], W - second[W], b - second[b]])
    return function, globally.threshold, by_column.threshold, W


floats = st.floats(-1e6, 1e6, width=32, allow_subnormal=False)
thresholds = st.floats(2**-10, 1e3, width=32)


@settings(max_examples=60, deadline=None)
@given(
    g=arrays("float32", (3, 2), elements=floats),
    h=arrays("float32", 2, elements=floats),
    threshold=thresholds,
)
def test_step_clipping_limits_the_joint_norm_and_keeps_the_direction(clipping, g, h, threshold):
    function, limit, _, _ = clipping
    limit.set_value(np.float32(threshold))
    clipped_g, clipped_h, _, _ = function(g, h)
    whole, clipped = np.append(g, h).astype("float64"), np.append(clipped_g, clipped_h).astype("float64")
    norm = np.sqrt(whole @ whole)
    assert np.sqrt(clipped @ clipped) <= threshold * (1 + 1e-5)
    if norm <= threshold * (1 - 1e-5):
        np.testing.assert_array_equal(clipped.astype("float32"), whole.astype("float32"))
    else:
        np.testing.assert_allclose(clipped, whole * (threshold / norm), rtol=1e-5, atol=1e-30)


@settings(max_examples=60, deadline=None)
@given(
    g=arrays("float32", (3, 2), elements=floats),
    W=arrays("float32", (3, 2), elements=floats),
    threshold=thresholds,
)
def test_variable_clipping_limits_each_column_and_keeps_its_direction(clipping, g, W, threshold):
    function, _, limit, parameter = clipping
    limit.set_value(np.float32(threshold))
    parameter.set_value(W)
    h = np.float32([7, -8])
    _, _, new, new_b = function(g, h)
    for column, old in zip(new.T.astype("float64"), (W - g).T.astype("float64"), strict=True):
        norm = np.sqrt(old @ old)
        expected = old * min(1.0, threshold / norm) if norm else old
        # The step is what is returned: W - (W - new) loses what is small beside W.
        np.testing.assert_allclose(column, expected, rtol=1e-5, atol=1e-6 * float(np.abs(W).max() + 1e-6))
    np.testing.assert_array_equal(new_b, -h)


def test_max_norm_leaves_all_but_weight_matrices():
    rule = VariableClipping(1.0)
    weight, bias, bare = (engine.shared(np.zeros(s, "float32"), name="p") for s in ((2, 2), (2, 2), (2, 2)))
    add_role(weight, WEIGHT)
    add_role(bias, BIAS)
    g = pt.fmatrix("g")
    steps, _ = rule.compute_steps({weight: g, bias: g, bare: g})
    assert steps[bias] is g and steps[weight] is not g and steps[bare] is not g
