"""What a bad result is blamed on: the first variable that is bad and leads to it through such."""

import numpy as np
import pytensor.tensor as pt
import pytest

from bricks.engine.blame import Blame, Count, in_order, leading, remedy


def test_a_variable_that_does_not_lead_to_the_result_is_not_blamed():
    x = pt.fvector("x")
    aside, root = pt.log(x), pt.sqrt(x)
    result = root + 1
    order = [x, aside, root, result]
    assert leading([result], order, {aside, root, result}) == (root, [result])


def test_of_several_beginnings_the_first_in_order_is_blamed():
    x = pt.fvector("x")
    first, second = pt.log(x), pt.sqrt(x)
    way, other = first + 1, second + 1
    result = way * other
    order = [x, first, second, way, other, result]
    assert leading([result], order, {first, second, way, other, result}) == (first, [way, result])


def test_a_bad_variable_that_only_finite_ones_come_of_is_harmless():
    x = pt.fvector("x")
    infinite = pt.exp(x)
    finite = pt.log(infinite)
    result = pt.sqrt(finite)
    assert leading([result], [x, infinite, finite, result], {infinite, result}) == (result, [])


def test_constants_and_what_is_made_of_them_are_not_looked_at():
    x = pt.fvector("x")
    limits = pt.log(pt.constant(np.float32([0.0, 1.0])))  # -inf is meant
    assert limits not in in_order([pt.maximum(x, limits)]) and x in in_order([pt.maximum(x, limits)])


@pytest.mark.parametrize(
    ("make", "values", "said"),
    [
        (pt.log, [-1.0, 2.0, 0.0], "the logarithm of a negative number (1 time)"),
        (pt.log, [0.0, 2.0, 0.0], "the logarithm of 0 (2 times)"),
        (lambda x: 1 / x, [0.0, 1.0, -2.0], "it divides by 0 (1 time)"),
        (lambda x: (x + 1) / (x - 1), [1.0, -1.0, 3.0], "it divides by 0 (1 time)"),
        (pt.sqrt, [-1.0, -3.0, 0.0], "the root of a negative number (2 times)"),
        (pt.exp, [89.0, 1.0, 1.0], "an exponential of more than 88.7 is beyond float32"),
        (lambda x: x * x, [1e30, 1.0, 1.0], "a smaller learning rate or clipping may prevent it"),
    ],
)
def test_the_remedy_is_that_of_the_operation_and_of_what_went_in(make, values, said):
    x = pt.fvector("x")
    result = make(x)
    blame = Blame([x], [np.float32(values)])
    counts = blame.counts(in_order([result]))
    source, _ = leading([result], list(counts), {v for v, count in counts.items() if count.bad})
    assert remedy(source, counts).startswith(said)


def test_what_is_counted():
    x = pt.fvector("x")
    values = np.float32([np.nan, np.inf, -np.inf, -1, -2, 0, 0, 0, 5])
    [count] = Blame([x], [values]).counts([x]).values()
    assert count == Count(nan=1, infinite=2, size=9, zero=3, negative=3)
    assert count.bad and Count(0, 1, 5, 0, 0).bad and Count(1, 0, 5, 0, 0).bad and not Count(0, 0, 5, 5, 5).bad
