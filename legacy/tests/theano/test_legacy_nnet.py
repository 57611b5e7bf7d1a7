"""`theano.tensor.nnet`: numbers from the definitions."""

import numpy as np
import pytest
import theano
import theano.tensor as T
from scipy.special import expit, log_softmax, softmax


def test_softmax_is_of_rows_and_makes_a_row_of_a_vector():
    v, x = T.dvector("v"), T.dmatrix("x")
    f = theano.function([v, x], [T.nnet.softmax(v), T.nnet.softmax(x), T.nnet.logsoftmax(x), T.nnet.softmax_graph(x)])
    rows = np.array([[1.0, 2.0, 3.0], [0.0, 0.0, 900.0]])
    of_vector, of_rows, logs, written_out = f(rows[0], rows)
    np.testing.assert_allclose(of_vector, softmax(rows[:1], axis=1))
    np.testing.assert_allclose(of_rows, softmax(rows, axis=1))
    np.testing.assert_allclose(logs, log_softmax(rows, axis=1))
    np.testing.assert_allclose(written_out[0], of_rows[0])
    for wrong in (T.dtensor3(), T.imatrix()):
        with pytest.raises(ValueError, match="softmax"):
            T.nnet.softmax(wrong)


def test_costs_of_saturated_outputs_are_finite_however_they_are_written():
    dtype = "float32"
    x, y, t = T.fmatrix("x"), T.ivector("y"), T.fmatrix("t")
    p, s = T.nnet.softmax(x), T.nnet.sigmoid(x)
    rows = T.arange(y.shape[0])
    of_softmax = [
        T.nnet.categorical_crossentropy(p, y).mean(),
        -T.mean(T.log(p)[rows, y]),
        -T.log(p[rows, y]).mean(),
        T.nnet.categorical_crossentropy(p, t).mean(),
        T.nnet.crossentropy_softmax_1hot(x, y)[0].mean(),
    ]
    of_sigmoid = [
        T.nnet.binary_crossentropy(s, t).sum(),
        -(t * T.log(s) + (1 - t) * T.log(1 - s)).sum(),
        T.nnet.sigmoid_binary_crossentropy(x, t).sum(),
    ]
    gradients = [T.grad(c, x) for c in (*of_softmax, *of_sigmoid)]
    f = theano.function([x, y, t], [*of_softmax, *of_sigmoid, *gradients])
    large = np.array([[1000, 0], [0, 1000]], dtype)
    found = f(large, np.array([1, 1], "int32"), np.array([[0, 1], [0, 1]], dtype))
    assert [float(c) for c in found[:5]] == [500] * 5
    np.testing.assert_allclose(found[5:8], 1000 + 2 * np.log(2), rtol=1e-6)
    for g in found[8:13]:
        np.testing.assert_allclose(g, [[0.5, -0.5], [0, 0]], atol=1e-6)
    for g in found[13:]:
        np.testing.assert_allclose(g, [[1, -0.5], [0.5, 0]], atol=1e-6)


def test_crossentropies():
    p, t = np.array([[0.2, 0.8], [0.5, 0.5]]), np.array([[1.0, 0.0], [0.3, 0.7]])
    P, Q, k = T.dmatrix("P"), T.dmatrix("Q"), T.lvector("k")
    costs = [
        T.nnet.categorical_crossentropy(P, Q),
        T.nnet.categorical_crossentropy(P, k),
        T.nnet.binary_crossentropy(P, Q),
        *T.nnet.crossentropy_softmax_argmax_1hot_with_bias(P, np.array([0.0, 1.0]), k),
        *T.nnet.crossentropy_softmax_max_and_argmax_1hot(P, k)[2:],
    ]
    found = theano.function([P, Q, k], costs)(p, t, [1, 0])
    biased = p + [0, 1]
    wanted = [
        -(t * np.log(p)).sum(axis=1),
        -np.log([0.8, 0.5]),
        -(t * np.log(p) + (1 - t) * np.log(1 - p)),
        -log_softmax(biased, axis=1)[[0, 1], [1, 0]],
        softmax(biased, axis=1),
        [1, 1],
        softmax(p, axis=1).max(axis=1),
        [1, 0],
    ]
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_allclose(a, b)
    with pytest.raises(TypeError, match="axes"):
        T.nnet.categorical_crossentropy(P, T.dtensor3())
    with pytest.raises(TypeError, match="integers"):
        T.nnet.categorical_crossentropy(P, T.dvector())


def test_pointwise_functions():
    x = T.dvector("x")
    values = np.array([-4.0, -1.0, 0.0, 0.5, 4.0])
    functions = [
        T.nnet.sigmoid(x),
        T.nnet.softplus(x),
        T.nnet.relu(x),
        T.nnet.relu(x, 0.1),
        T.nnet.elu(x, 2.0),
        T.nnet.selu(x),
        T.nnet.softsign(x),
        T.nnet.hard_sigmoid(x),
        T.nnet.ultra_fast_sigmoid(x),
        T.grad(T.nnet.relu(x).sum(), x),
    ]
    found = theano.function([x], functions)(values)
    negative = np.minimum(values, 0)
    wanted = [
        expit(values),
        np.log1p(np.exp(values)),
        np.maximum(values, 0),
        np.where(values > 0, values, 0.1 * values),
        np.where(values > 0, values, 2 * np.expm1(negative)),
        1.0507009873554805 * np.where(values > 0, values, 1.6732632423543772 * np.expm1(negative)),
        values / (1 + abs(values)),
        np.clip(0.2 * values + 0.5, 0, 1),
    ]
    for a, b in zip(found, wanted, strict=False):
        np.testing.assert_allclose(a, b, rtol=1e-12)
    np.testing.assert_allclose(found[8], expit(values), atol=0.03)
    assert found[9].tolist() == [0, 0, 0.5, 1, 1]  # at 0 the mean of both slopes
    with theano.change_flags(floatX="float32"):
        for f in (
            T.nnet.relu,
            T.nnet.hard_sigmoid,
            T.nnet.elu,
            T.nnet.selu,
            T.nnet.ultra_fast_sigmoid,
            T.nnet.softsign,
        ):
            assert f(T.fmatrix()).dtype == "float32", f


def test_batch_normalisation_by_the_batch_and_by_running_averages():
    rng = np.random.default_rng(0)
    x, gamma, beta = rng.normal(2, 3, (6, 4)), rng.random(4), rng.random(4)
    mean, var = theano.shared(np.zeros(4)), theano.shared(np.ones(4))
    X = T.dmatrix("X")
    out, m, invstd, new_mean, new_var = T.nnet.bn.batch_normalization_train(
        X, gamma, beta, epsilon=1e-3, running_average_factor=0.2, running_mean=mean, running_var=var
    )
    tested = T.nnet.bn.batch_normalization_test(X, gamma, beta, mean, var, epsilon=1e-3)
    f = theano.function([X], [out, m, invstd, tested], updates=[(mean, new_mean), (var, new_var)])
    found, found_mean, found_invstd, before = f(x)
    np.testing.assert_allclose(found_mean, x.mean(0))
    np.testing.assert_allclose(found_invstd, 1 / np.sqrt(x.var(0) + 1e-3))
    assert found_mean.shape == found_invstd.shape == (4,)  # as gamma
    np.testing.assert_allclose(found, (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-3) * gamma + beta)
    np.testing.assert_allclose(before, x / np.sqrt(1 + 1e-3) * gamma + beta)
    np.testing.assert_allclose(mean.get_value(), 0.2 * x.mean(0))
    np.testing.assert_allclose(var.get_value(), 0.8 + 0.2 * x.var(0, ddof=1))
    image, pattern = T.dtensor4("I"), (True, False, True, True)
    parameters = [T.dvectors("g", "b"), [T.TensorType("float64", pattern)() for _ in range(2)]]
    spatial = [T.nnet.bn.batch_normalization_train(image, g, b, axes="spatial")[1] for g, b in parameters]
    assert [m.broadcastable for m in spatial] == [(False,), pattern]
    plain = T.nnet.bn.batch_normalization(X, gamma, beta, X.mean(0), X.std(0))
    np.testing.assert_allclose(plain.eval({X: x}), (x - x.mean(0)) / x.std(0) * gamma + beta)
    for wrong in ("rows", (), (2,)):
        with pytest.raises(ValueError, match="axes"):
            T.nnet.bn.batch_normalization_test(X, gamma, beta, mean, var, axes=wrong)


def test_a_softmax_in_two_layers():
    rng = np.random.default_rng(0)
    W1, b1, W2, b2 = rng.normal(size=(5, 2)), rng.normal(size=2), rng.normal(size=(2, 5, 3)), rng.normal(size=(2, 3))
    x, X, k = rng.normal(size=(4, 5)), T.dmatrix("X"), T.lvector("k")
    whole, some = (T.nnet.h_softmax(X, 4, 6, 2, 3, W1, b1, W2, b2, target=t) for t in (None, k))
    of_all, of_some = theano.function([X, k], [whole, some])(x, [0, 5, 2, 3])
    by_hand = softmax(x @ W1 + b1, axis=1)[:, :, None] * softmax(np.einsum("bf,cfo->bco", x, W2) + b2, axis=2)
    np.testing.assert_allclose(of_all, by_hand.reshape(4, 6))
    np.testing.assert_allclose(of_some, of_all[range(4), [0, 5, 2, 3]])


def test_matrices_of_confusion_and_columns_of_ones():
    a, b, x = T.lvector("a"), T.lvector("b"), T.dmatrix("x")
    with pytest.warns(UserWarning, match="XLA can't"):
        counts, order = theano.function([a, b], T.nnet.confusion_matrix(a, b))([0, 1, 2, 1, 7], [0, 2, 2, 1, 0])
    assert order.tolist() == [0, 1, 2, 7]
    assert counts.tolist() == [[1, 0, 0, 0], [0, 1, 1, 0], [0, 0, 1, 0], [1, 0, 0, 0]]
    columns = [T.nnet.prepend_0_to_each_row(x), T.nnet.prepend_1_to_each_row(x)]
    assert [r.tolist() for r in theano.function([x], columns)([[5]])] == [[[0, 5]], [[1, 5]]]
