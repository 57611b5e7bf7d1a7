"""Costs where numbers get hard: extreme logits, absent classes, ties, NaN; and a net that learns."""

import numpy as np
import pytensor.tensor as pt
import pytest

from bricks import engine
from bricks.errors import ShapeError, UsageError
from bricks.layers import (
    MLP,
    AbsoluteError,
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    MisclassificationRate,
    Rectifier,
    SquaredError,
    Tanh,
)


@pytest.fixture(scope="module")
def cross_entropy():
    z, t, rows = pt.fmatrix("logits"), pt.ivector("targets"), pt.fmatrix("rows")
    costs = [CategoricalCrossEntropy()(targets, z) for targets in (t, rows)]
    return engine.function([z, t, rows], [*costs, *(engine.grad(c, z) for c in costs)])


EXTREME = np.array([[1e4, -1e4, 0], [-1e4, 1e4, 0], [1e4, 1e4, -1e4], [1e38, -1e38, 0]], "float32")


def test_cost_and_gradient_are_exact_at_extreme_logits_in_float32(cross_entropy):
    targets = np.array([0, 0, 1, 0], "int32")
    expected_rows = np.array([0, 2e4, np.log(2), 0])
    expected_gradient = np.array([[0, 0, 0], [-1, 1, 0], [0.5, -0.5, 0], [0, 0, 0]]) / 4
    rows = np.eye(3, dtype="float32")[targets]
    for i in (0, 1):
        results = cross_entropy(EXTREME, targets, rows)
        np.testing.assert_allclose(results[i], expected_rows.mean(), rtol=1e-6)
        np.testing.assert_allclose(results[2 + i], expected_gradient, atol=1e-7)


def test_probabilities_of_the_model_itself_have_gradient_zero(cross_entropy):
    z = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    results = cross_entropy(z, np.zeros(4, "int32"), p)
    np.testing.assert_allclose(results[3], np.zeros((4, 3)), atol=1e-7)
    np.testing.assert_allclose(results[1], -(p * np.log(p)).sum(1).mean(), rtol=1e-6)


@pytest.mark.parametrize("stranger", [3, -1, 255])
def test_a_class_that_is_not_there_makes_the_cost_nan_and_not_that_of_another_class(stranger, cross_entropy):
    z = np.zeros((4, 3), "float32")
    rows = np.full((4, 3), 1 / 3, "float32")
    assert np.isnan(cross_entropy(z, np.array([0, 1, 2, stranger], "int32"), rows)[0])
    assert cross_entropy(z, np.array([0, 1, 2, 0], "int32"), rows)[0] == pytest.approx(np.log(3))


def test_nan_logits_are_not_hidden(cross_entropy):
    z = np.zeros((4, 3), "float32")
    z[1, 2] = np.nan
    results = cross_entropy(z, np.zeros(4, "int32"), np.full((4, 3), 1 / 3, "float32"))
    assert np.isnan(results[0]) and np.isnan(results[1])


@pytest.fixture(scope="module")
def yes_or_no():
    """The binary cross entropy and its gradient, in float32."""
    z, t = pt.fmatrix("logits"), pt.fmatrix("targets")
    cost = BinaryCrossEntropy()(t, z)
    return engine.function([z, t], [cost, engine.grad(cost, z)])


def test_binary_cost_and_gradient_are_exact_at_extreme_logits_and_at_zero(yes_or_no):
    z = np.array([[1e4, -1e4, 20, -20, 0, 0], [1e4, -1e4, 20, -20, 0, 0]], "float32")
    t = np.array([[1, 0, 1, 0, 1, 0], [0, 1, 0, 1, 0.5, 0.25]], "float32")
    costs, slopes = zip(*(yes_or_no(z[i : i + 1], t[i : i + 1]) for i in (0, 1)), strict=True)
    tiny = np.log1p(np.exp(-20.0))
    np.testing.assert_allclose(costs, [2 * tiny + 2 * np.log(2), 2e4 + 2 * (20 + tiny) + 2 * np.log(2)], rtol=1e-6)
    np.testing.assert_allclose(slopes[0], [[0, 0, 0, 0, -0.5, 0.5]], atol=1e-7)
    np.testing.assert_allclose(slopes[1], [[1, -1, 1, -1, 0, 0.25]], atol=1e-7)


def test_a_sure_and_right_yes_costs_what_is_left_of_its_probability(yes_or_no):
    # softplus(z) - t z would be 0 in float32.
    assert yes_or_no(np.float32([[20]]), np.float32([[1]]))[0] == pytest.approx(2.0612e-9, rel=1e-4)


@pytest.mark.parametrize("stranger", [-1, 1.5, np.nan])
def test_a_target_that_is_no_probability_makes_the_binary_cost_nan(stranger, yes_or_no):
    assert np.isnan(yes_or_no(np.zeros((2, 2), "float32"), np.float32([[0, 1], [1, stranger]]))[0])


def test_binary_costs_of_sequences_count_the_steps_of_the_mask():
    z, t, m = pt.ftensor3("z"), pt.btensor3("t"), pt.fmatrix("m")
    cost = BinaryCrossEntropy()(t, z, mask=m)
    f = engine.function([z, t, m], [cost, AbsoluteError()(t.astype("float32"), z, mask=m)])
    logits = np.random.default_rng(0).normal(size=(3, 2, 1)).astype("float32")
    targets = np.array([[[1], [0]], [[0], [-1]], [[-1], [-1]]], "int8")
    mask = np.array([[1, 1], [1, 0], [0, 0]], "float32")
    p = 1 / (1 + np.exp(-logits[..., 0]))
    binary, absolute = f(logits, targets, mask)
    assert binary == pytest.approx(-(np.log(p[0, 0]) + np.log(1 - p[0, 1]) + np.log(1 - p[1, 0])) / 3, rel=1e-6)
    counted = np.abs(logits[..., 0] - targets[..., 0]) * mask
    assert absolute == pytest.approx(counted.sum() / 3, rel=1e-6)


@pytest.fixture(scope="module")
def top():
    """Error rates of the first one, two and four of five."""
    y, t = pt.fmatrix("y"), pt.ivector("t")
    return engine.function([y, t], [MisclassificationRate(top_k=k)(t, y) for k in (1, 2, 4)])


@pytest.mark.parametrize("seed", range(3))
def test_top_k_is_being_among_the_first_k_of_a_stable_sort_also_with_ties(top, seed):
    rng = np.random.default_rng(seed)
    y, t = rng.integers(0, 3, (400, 5)).astype("float32"), rng.integers(0, 5, 400).astype("int32")
    orders = np.argsort(-y, axis=1, kind="stable")
    expected = [np.mean([k not in order[:n] for k, order in zip(t, orders, strict=True)]) for n in (1, 2, 4)]
    np.testing.assert_allclose(top(y, t), expected, rtol=1e-6)


def test_what_is_not_a_number_or_not_a_class_is_never_among_the_first(top):
    y = np.float32([[np.nan] * 5, [1, np.nan, np.nan, 0, 0], [5, 4, 3, 2, 1], [5, 4, 3, 2, 1]])
    one, two, four = top(y, np.int32([0, 0, 5, -1]))
    assert two == 1 and four == 0.75  # of the second row two come before the target
    assert top(np.float32([[1, 2, 3, 4, np.inf]]), np.int32([4]))[1] == 0


def test_small_integer_targets_work_as_they_come_from_files():
    z, t = pt.fmatrix("z"), pt.matrix("t", dtype="uint8", shape=(None, 1))
    f = engine.function([z, t], [CategoricalCrossEntropy()(t, z), MisclassificationRate()(t, z)])
    cost, error = f(np.zeros((300, 256), "float32"), np.full((300, 1), 255, "uint8"))
    assert cost == pytest.approx(np.log(256)) and error == 1
    with pytest.raises(Exception, match="shape|size|broadcast"):
        f(np.zeros((300, 256), "float32"), np.full((200, 1), 255, "uint8"))


def test_of_equal_outputs_the_first_counts():
    y, t = pt.fmatrix("y"), pt.ivector("t")
    rate = engine.function([y, t], MisclassificationRate()(t, y))
    assert rate(np.ones((2, 3), "float32"), np.array([0, 1], "int32")) == 0.5


def test_costs_and_rates_are_scalars_of_the_outputs_dtype():
    t, y = pt.ivector("t"), pt.fmatrix("y")
    for brick, targets in (
        (CategoricalCrossEntropy(), t),
        (MisclassificationRate(), t),
        (SquaredError(), pt.fmatrix("t")),
    ):
        assert (brick(targets, y).type.dtype, brick(targets, y).type.ndim) == ("float32", 0)


def test_mixed_float_targets_are_refused_where_they_would_widen_the_graph():
    with pytest.raises(UsageError, match="squared_error: targets must be float32, got float64"):
        SquaredError()(pt.dmatrix("t"), pt.fmatrix("y"))
    assert CategoricalCrossEntropy()(pt.dmatrix("t"), pt.fmatrix("z")).type.dtype == "float32"


T, B, K = 4, 3, 5


def numpy_costs(targets, z):
    """(time, batch): cross entropy, whether the class is wrong, squared distance from one-hot rows."""
    p = np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True)
    hot = np.eye(K)[targets]
    return -np.log((p * hot).sum(-1)), z.argmax(-1) != targets, ((hot - z) ** 2).sum(-1)


@pytest.fixture(scope="module")
def sequence_costs():
    """All costs of sequences, of class numbers and of rows, with a mask and without."""
    z, t, m = pt.dtensor3("z"), pt.imatrix("t"), pt.dmatrix("m")
    hot = pt.eq(t[..., None], pt.arange(K)).astype("float64")
    costs = []
    for settings in ({}, {"mask": m}):
        for brick in (CategoricalCrossEntropy, MisclassificationRate):
            costs += [brick()(t, z, **settings), brick()(hot, z, **settings)]
        costs.append(SquaredError()(hot, z, **settings))
    masked = costs[5]
    return engine.function([z, t, m], [*costs, engine.grad(masked, z)], on_unused_input="ignore")


def sequences(seed=0):
    rng = np.random.default_rng(seed)
    mask = np.arange(T)[:, None] < np.array([4, 1, 2])
    return rng.normal(size=(T, B, K)), rng.integers(0, K, (T, B)).astype("int32"), mask.astype("float64")


def test_costs_of_sequences_are_means_over_the_steps_that_count(sequence_costs):
    z, t, m = sequences()
    plain = [rows.mean() for rows in numpy_costs(t, z)]
    masked = [sum(rows[i, j] for i, j in np.argwhere(m)) / 7 for rows in numpy_costs(t, z)]
    expected = [value for a, b, c in (plain, masked) for value in (a, a, b, b, c)]
    np.testing.assert_allclose(sequence_costs(z, t, m)[:10], expected, rtol=1e-12)


def test_the_gradient_at_a_step_that_does_not_count_is_zero(sequence_costs):
    z, t, m = sequences()
    p = np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(
        sequence_costs(z, t, m)[-1], (p - np.eye(K)[t]) * m[..., None] / 7, rtol=1e-10, atol=1e-16
    )


def test_what_pads_is_not_looked_at_and_without_a_mask_it_makes_the_cost_nan(sequence_costs):
    z, t, m = sequences()
    padded = np.where(m > 0, t, -1).astype("int32")
    np.testing.assert_array_equal(sequence_costs(z, padded, m)[5], sequence_costs(z, t, m)[5])
    assert np.isfinite(sequence_costs(z, padded, m)[-1]).all()
    assert np.isnan(sequence_costs(z, padded, m)[0])
    z[3, 1] = np.inf
    assert np.isfinite(sequence_costs(z, padded, m)[5:10]).all()


def test_with_nothing_that_counts_there_is_no_mean(sequence_costs):
    z, t, m = sequences()
    assert np.isnan(sequence_costs(z, t, 0 * m)[5:10]).all()


@pytest.mark.parametrize("dtype", ["bool", "uint8", "float32"])
def test_examples_without_time_have_masks_too_of_any_dtype(dtype):
    z, t, m = pt.fmatrix("z"), pt.ivector("t"), pt.vector("m", dtype=dtype)
    rate = MisclassificationRate()(t, z, mask=m)
    assert (rate.type.dtype, rate.type.ndim) == ("float32", 0)
    rows = np.eye(3, dtype="float32")
    assert engine.function([z, t, m], rate)(rows, np.int32([0, 2, 2]), np.array([1, 1, 0], dtype)) == 0.5


def tensor(dtype, *shape):
    return pt.tensor(dtype=dtype, shape=shape)


@pytest.mark.parametrize(
    ("brick", "targets", "outputs", "mask", "error", "message"),
    [
        ("cost", ("int32", T), (T, B, K), None, ShapeError, r"one class number a row, of shape \(time, batch\), got"),
        ("cost", ("int32", T, B, 1), (T, B, K), None, ShapeError, r"of shape \(time, batch\), got shape \(4, 3, 1\)"),
        ("rate", ("int32", B, T), (T, B, K), None, ShapeError, r"as many rows .* got \(3, 4\) and \(4, 3, 5\)"),
        ("rate", ("int32", None, 2), (None, B, K), None, ShapeError, "as many rows as the other input"),
        ("cost", ("float32", T, B, 2), (T, B, K), None, ShapeError, r"must have the shape of logits \(4, 3, 5\)"),
        ("squared", ("float32", T, B), (T, B, K), None, ShapeError, r"must have the shape of outputs \(4, 3, 5\)"),
        ("squared", ("float32", K), (K,), None, ShapeError, r"outputs must have 2 axes \(batch, columns\) or 3"),
        ("cost", ("int32", T, B), (T, B, K), ("float32", T), ShapeError, r"mask must have 2 axes \(time, batch\)"),
        ("rate", ("int32", B), (B, K), ("float32", T, B), ShapeError, r"mask must have 1 axis \(batch,\), got 2"),
        ("squared", ("float32", T, B, K), (T, B, K), ("bool", B, T), ShapeError, r"mask must have as many rows"),
    ],
)  # fmt: skip
def test_sequences_and_masks_that_do_not_fit_are_refused(brick, targets, outputs, mask, error, message):
    brick = {"cost": CategoricalCrossEntropy, "rate": MisclassificationRate, "squared": SquaredError}[brick]()
    with pytest.raises(error, match=message):
        brick(tensor(*targets), tensor("float32", *outputs), **({"mask": tensor(*mask)} if mask else {}))


def test_a_mask_that_is_no_variable_is_refused():
    with pytest.raises(UsageError, match="squared_error: mask must be a symbolic tensor, got list"):
        SquaredError()(tensor("float32", B, K), tensor("float32", B, K), mask=[1, 1, 0])


def test_a_vector_of_probabilities_is_refused():
    with pytest.raises(ShapeError, match="targets must have the shape of logits"):
        CategoricalCrossEntropy()(pt.fvector("t"), pt.fmatrix("z"))


def test_a_rectifier_passes_nan_on():
    x = pt.fvector("x")
    f = engine.function([x], Rectifier()(x))
    np.testing.assert_array_equal(f(np.array([np.nan, -1, 0, 2], "float32")), [np.nan, 0, 0, 2])


def test_a_net_from_default_initialisers_learns_what_no_linear_map_can():
    x, t = pt.fmatrix("x"), pt.ivector("t")
    mlp = MLP([Tanh(), None], [2, 8, 2], seed=1)
    z = mlp(x)
    cost = CategoricalCrossEntropy()(t, z)
    parameters = list(mlp.all_parameters().values())
    steps = zip(parameters, engine.grad(cost, parameters), strict=True)
    train = engine.function(
        [x, t],
        [cost, MisclassificationRate()(t, z)],
        updates=[(p, p - np.float32(0.5) * g) for p, g in steps],
    )
    corners, xor = np.float32([[-1, -1], [-1, 1], [1, -1], [1, 1]]), np.int32([0, 1, 1, 0])
    first, _ = train(corners, xor)
    for _ in range(150):
        last, error = train(corners, xor)
    assert error == 0 and last < 0.1 * first
