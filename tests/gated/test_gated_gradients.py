"""The gradient of every parameter and sequence of every wiring is what finite differences say."""

import numpy as np
import pytest
from gated_cases import CASES, compiled

STEP = 1e-5


@pytest.mark.parametrize("case", CASES)
def test_gradients_equal_finite_differences_along_random_directions(case):
    it = compiled(case)
    rng = np.random.default_rng(11)
    for path, variable in it.unit.all_parameters().items():
        value = variable.get_value()
        try:
            _compare(path, value, it.gradients[path], rng, lambda v: (variable.set_value(v), it()[0])[1])  # noqa: B023
        finally:
            variable.set_value(value)
    for name, value in it.sequences.items():
        _compare(name, value, it.gradients[name], rng, lambda v: it(**{name: v})[0])  # noqa: B023


def _compare(name, value, gradient, rng, cost_at):
    assert gradient.shape == value.shape and np.abs(gradient).max() > 1e-4, f"{name} has no gradient"
    for _ in range(2):
        direction = rng.normal(size=value.shape)
        direction /= np.linalg.norm(direction)
        numeric = (cost_at(value + STEP * direction) - cost_at(value - STEP * direction)) / (2 * STEP)
        analytic = (gradient * direction).sum()
        far = abs(numeric - analytic) / np.linalg.norm(gradient)
        assert far < 1e-7, f"{name}: {analytic} is not {numeric}, {far:.1e} away"
