"""Means and their intervals: Student's published quantiles, and how often the truth is covered."""

import math
import statistics

import numpy as np
import pytest

from bricks.errors import UsageError
from bricks.training.intervals import mean_interval

TABLE = {1: 12.706, 2: 4.303, 4: 2.776, 9: 2.262, 29: 2.045}
"""Degrees of freedom and the quantile 0.975, as printed in tables."""


@pytest.mark.parametrize("degrees", TABLE)
def test_half_of_the_interval_is_the_tables_quantile_times_the_standard_error(degrees):
    values = np.random.default_rng(degrees).normal(3, 2, degrees + 1).tolist()
    mean, half = mean_interval(values)
    error = statistics.stdev(values) / math.sqrt(len(values))
    assert mean == pytest.approx(statistics.fmean(values))
    assert half == pytest.approx(TABLE[degrees] * error, rel=2e-4)


def test_it_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(0)
    for level in (0.8, 0.95):
        found = [mean_interval(rng.normal(7, 3, 3), level) for _ in range(4000)]
        covered = np.mean([abs(mean - 7) <= half for mean, half in found])
        assert covered == pytest.approx(level, abs=3 * math.sqrt(level * (1 - level) / 4000))


def test_one_value_has_no_interval_and_equal_ones_an_empty_one():
    assert mean_interval([2.5]) == (2.5, None)
    assert mean_interval([2.5, 2.5, 2.5]) == (2.5, 0.0)


@pytest.mark.parametrize(("values", "level"), [([], 0.95), ([1.0, 2.0], 1.0), ([1.0], 0.0)])
def test_no_value_or_no_level_is_refused(values, level):
    with pytest.raises(UsageError, match="mean_interval"):
        mean_interval(values, level)
