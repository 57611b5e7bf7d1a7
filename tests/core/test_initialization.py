"""Initialisers: moments, formulas, properties, errors."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bricks.errors import ShapeError, UsageError
from bricks.initialization import Constant, Gaussian, Glorot, He, Identity, LeCun, Orthogonal, Sparse, Uniform

SHAPE = (300, 200)


def draw(initializer, shape=SHAPE, seed=0, dtype="float64"):
    return initializer(np.random.default_rng(seed), shape, dtype)


@pytest.mark.parametrize(
    "initializer, mean, std, bound",
    [
        (Gaussian(0.3, mean=2.0), 2.0, 0.3, None),
        (Uniform(width=0.6), 0.0, 0.6 / np.sqrt(12), 0.3),
        (Uniform(std=0.5, mean=1.0), 1.0, 0.5, np.sqrt(3) * 0.5),
        (Glorot(), 0.0, np.sqrt(2 / 500), np.sqrt(6 / 500)),
        (Glorot("normal"), 0.0, np.sqrt(2 / 500), None),
        (Glorot(gain=3.0), 0.0, 3 * np.sqrt(2 / 500), 3 * np.sqrt(6 / 500)),
        (He(), 0.0, np.sqrt(2 / 300), np.sqrt(6 / 300)),
        (He("normal"), 0.0, np.sqrt(2 / 300), None),
        (LeCun(), 0.0, np.sqrt(1 / 300), np.sqrt(3 / 300)),
        (LeCun("normal", gain=0.5), 0.0, 0.5 * np.sqrt(1 / 300), None),
    ],
    ids=repr,
)
def test_draws_have_the_mean_the_deviation_and_the_bounds_of_the_formula(initializer, mean, std, bound):
    values = draw(initializer)
    # Five standard errors of 60,000 draws.
    assert abs(values.mean() - mean) < 5 * std / np.sqrt(values.size)
    assert abs(values.std() - std) < 5 * std / np.sqrt(2 * values.size)
    farthest = abs(values - mean).max()
    if bound is None:
        assert farthest > 3.5 * std
    else:
        assert 0.999 * bound < farthest <= bound


@given(st.integers(1, 12), st.integers(1, 12), st.floats(0.1, 3.0), st.integers(0, 99))
def test_an_orthogonal_matrix_has_orthogonal_rows_or_columns_of_the_given_length(rows, columns, scale, seed):
    matrix = draw(Orthogonal(scale), (rows, columns), seed)
    short = matrix if rows <= columns else matrix.T
    np.testing.assert_allclose(short @ short.T, scale**2 * np.eye(len(short)), atol=1e-10)


def test_orthogonal_matrices_are_spread_evenly_and_not_biased_by_the_factorisation():
    # Under Haar measure an entry's sign is fair and the trace of a 2x2 matrix has mean 0; QR without the
    # sign fix makes the first entry's sign constant.
    matrices = np.stack([draw(Orthogonal(), (2, 2), seed) for seed in range(400)])
    assert abs((matrices[:, 0, 0] > 0).mean() - 0.5) < 0.12
    assert abs(np.trace(matrices, axis1=1, axis2=2).mean()) < 0.2


def test_an_identity_is_ones_on_the_diagonal_times_its_scale():
    np.testing.assert_array_equal(draw(Identity(), (3, 3)), np.eye(3))
    np.testing.assert_array_equal(draw(Identity(-0.5), (2, 4)), [[-0.5, 0, 0, 0], [0, -0.5, 0, 0]])


def test_a_constant_broadcasts_and_an_array_that_does_not_fit_is_refused():
    np.testing.assert_array_equal(draw(Constant(2), (2, 3)), np.full((2, 3), 2.0))
    np.testing.assert_array_equal(draw(Constant([1, 2, 3]), (2, 3)), [[1, 2, 3], [1, 2, 3]])
    with pytest.raises(ShapeError, match=r"shape \(2,\) does not fit a parameter of shape \(2, 3\)"):
        draw(Constant([1, 2]), (2, 3))


@pytest.mark.parametrize(
    "initializer", [Gaussian(), Uniform(width=1), Orthogonal(), Glorot(), He(), LeCun(), Sparse(5)], ids=repr
)
def test_both_dtypes_get_the_same_values_and_the_generator_alone_decides(initializer):
    wide, narrow = (draw(initializer, (30, 20), dtype=dtype) for dtype in ("float64", "float32"))
    assert (wide.dtype, narrow.dtype) == ("float64", "float32")
    np.testing.assert_array_equal(narrow, wide.astype("float32"))
    assert not np.array_equal(wide, draw(initializer, (30, 20), seed=1))


@pytest.mark.parametrize("initializer", [Orthogonal(), Identity(), Glorot(), He(), LeCun(), Sparse(2)], ids=repr)
def test_what_needs_a_matrix_says_so(initializer):
    name = type(initializer).__name__
    with pytest.raises(ShapeError, match=rf"{name}: is for matrices \(in, out\), got a parameter of shape \(3,\)"):
        draw(initializer, (3,))


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: Uniform(), "give either width or std, got width=None, std=None"),
        (lambda: Uniform(width=1, std=1), "give either width or std"),
        (lambda: Uniform(width=-1), "Uniform: width must be a number of at least 0, got -1"),
        (lambda: Gaussian(-0.1), "Gaussian: std must be a number of at least 0, got -0.1"),
        (lambda: Gaussian(float("nan")), "std must be a number"),
        (lambda: Glorot("gaussian"), "Glorot: distribution must be one of uniform, normal, got 'gaussian'"),
        (lambda: He(gain="2"), "He: gain must be a number"),
    ],
)
def test_impossible_settings_are_refused(make, message):
    with pytest.raises(UsageError, match=message):
        make()


@pytest.mark.parametrize("num_init, count", [(15, 15), (0.1, 30), (1.0, 300), (1e-9, 1), (300, 300)])
def test_a_sparse_matrix_has_so_many_drawn_weights_into_each_unit(num_init, count):
    matrix = draw(Sparse(num_init, Gaussian(0.5, mean=3.0), elsewhere=Constant(-7)))
    np.testing.assert_array_equal((matrix != -7).sum(axis=0), np.full(200, count))
    drawn = matrix[matrix != -7]
    assert abs(drawn.mean() - 3) < 5 * 0.5 / np.sqrt(drawn.size)


def test_each_unit_of_a_sparse_matrix_has_places_of_its_own_from_the_given_generator():
    chosen = draw(Sparse(30)) != 0
    # Each place has a tenth of 200 units; the binomial's deviation is 4.2.
    assert abs(chosen.sum(axis=1) - 20).max() < 5 * 4.3
    assert len({tuple(column) for column in chosen.T}) == 200
    np.random.seed(0)  # noqa: NPY002  (the generator that everybody shares has no say)
    again = draw(Sparse(30))
    np.random.seed(1)  # noqa: NPY002
    np.testing.assert_array_equal(draw(Sparse(30)), again)
    assert not np.array_equal(draw(Sparse(30), seed=1) != 0, chosen)


def test_a_sparse_matrix_says_which_numbers_of_weights_cannot_be():
    for wrong in (0, -1, 0.0, 1.5, True, "15"):
        with pytest.raises(UsageError, match="Sparse: num_init must be an integer of at least 1, or a float above 0"):
            Sparse(wrong)
    with pytest.raises(ShapeError, match=r"Sparse: num_init must be at most the 300 weights of a unit"):
        draw(Sparse(301))
