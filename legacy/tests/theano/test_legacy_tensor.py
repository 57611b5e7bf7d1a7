"""`theano.tensor`: what Theano's documentation says, in numbers written down."""

import numpy as np
import pytest
import theano
import theano.tensor as T


def test_variables_are_made_as_before():
    assert T.scalar("x").dtype == T.matrix("m").dtype == "float64"
    assert T.matrix("m", "float32").dtype == T.vector(dtype="int32").dtype.replace("int", "float")
    assert T.row().broadcastable == (True, False) and T.col("c").broadcastable == (False, True)
    assert T.tensor("float32", (False, True, False), "t").broadcastable == (False, True, False)
    assert T.tensor(dtype="int8", broadcastable=[False], name="v").name == "v"
    assert T.TensorType("float64", (False,) * 3)("z").ndim == 3
    assert T.TensorType(dtype="float64", broadcastable=(True, False)) == T.drow
    assert T.fmatrix("x").type == T.fmatrix and T.ivector().dtype == "int32" and T.btensor3().ndim == 3
    x, y, z = T.dmatrices("x", "y", "z")
    assert [v.name for v in (x, y, z)] == ["x", "y", "z"] and len(T.fscalars(2)) == 2
    with theano.change_flags(floatX="float32"):
        assert T.matrix().dtype == T.tensor5().dtype == "float32"


def test_dtypes_of_mixed_operations():
    i8, i32, i64 = T.bvector(), T.ivector(), T.lvector()
    f32, f64 = T.fvector(), T.dvector()
    assert (f32 + i8).dtype == "float32" and (f32 * i32).dtype == "float64" and (f32 + f64).dtype == "float64"
    assert (i8 + 1).dtype == "int8" and (i8 + 1000).dtype == "int16" and (i8 * i64).dtype == "int64"
    assert (i32 / i32).dtype == "float64" and (i32 // i32).dtype == "int32" and (i8 % 3).dtype == "int8"
    assert T.exp(i8).dtype == "float32" and T.exp(i32).dtype == "float64" and T.sqr(i8).dtype == "int8"
    assert T.sum(i8).dtype == T.prod(i8).dtype == "int64" and T.mean(i32).dtype == "float64"
    assert T.mean(f32).dtype == T.sum(f32).dtype == "float32" and T.argmax(f32).dtype == "int64"
    assert (f32 > 0).dtype == T.eq(i8, i8).dtype == T.neq(i8, 1).dtype == "bool"
    assert (T.eq(i8, 1) + 0).dtype == "int8" and T.mean(T.neq(i8, 1)).dtype == "float64"
    assert T.constant(1).dtype == "int8" and T.constant(300).dtype == "int16" and T.constant(1.5).dtype == "float32"
    assert T.constant(0.1).dtype == (f32 * 0.1).dtype == "float64" and (f32 * 0.5).dtype == "float32"
    assert T.arange(3).dtype == "int64" and T.cast(f32, "int16").dtype == f32.astype("int16").dtype == "int16"
    assert T.as_tensor_variable([1, 2]).dtype == "int64" and T.zeros((2,)).dtype == "float64"
    with theano.change_flags(floatX="float32"):
        assert (i32 / i32).dtype == T.zeros((2,)).dtype == T.constant(0.1).dtype == (f32 * 0.1).dtype == "float32"


def test_integer_division_and_remainders():
    a, b = T.ivector("a"), T.ivector("b")
    f = theano.function([a, b], [a // b, a % b, a / b, T.int_div(a, b), T.ceil_intdiv(a, b), a**2])
    floor, remainder, true, also_floor, ceil, square = f([7, -7, 7], [2, 2, -2])
    assert floor.tolist() == also_floor.tolist() == [3, -4, -4]
    assert remainder.tolist() == [1, 1, -1] and true.tolist() == [3.5, -3.5, -3.5]
    assert ceil.tolist() == [4, -3, -3] and square.tolist() == [49, 49, 49]


def test_broadcasting_is_of_axes_that_are_known_to_have_length_1():
    x, y, r = T.dmatrix("x"), T.dmatrix("y"), T.drow("r")
    f = theano.function([x, r], x + r)
    assert f(np.zeros((2, 3)), np.ones((1, 3))).tolist() == [[1] * 3] * 2
    g = theano.function([x, y], x + y)
    with pytest.raises(ValueError, match="fit together"):  # NumPy would broadcast; Theano said no
        g(np.zeros((2, 3)), np.ones((1, 3)))
    with pytest.raises(TypeError):
        f(np.zeros((2, 3)), np.ones((2, 3)))
    assert (x + T.dvector()).ndim == 2 and x.dimshuffle(0, "x", 1).broadcastable == (False, True, False)


def test_axes_that_broadcast_are_added_and_taken_away():
    x = T.dmatrix("x")
    assert T.addbroadcast(x, 0).broadcastable == (True, False)
    assert T.patternbroadcast(x, (False, True)).broadcastable == (False, True)
    assert T.unbroadcast(T.drow(), 0).broadcastable == (False, False)
    assert T.patternbroadcast(T.drow(), (False, False)).broadcastable == (False, False)
    r, w = T.drow("r"), theano.shared(np.ones((2, 3)))
    total = (T.unbroadcast(r, 0) * T.addbroadcast(x, 0)).sum()
    f = theano.function([x, r], [total, *T.grad(total, [x, r])])
    assert [v.tolist() for v in f([[1, 2]], [[3, 4]])] == [11, [[3, 4]], [[1, 2]]]
    with pytest.raises((AssertionError, ValueError, TypeError)):
        f([[1, 2], [1, 2]], [[3, 4]])
    with pytest.raises(ValueError):  # an axis that is 1 no longer broadcasts once it is said that it may be more
        theano.function([r], w + T.unbroadcast(r, 0))(np.ones((1, 3)))


def test_shapes():
    x = T.dtensor3("x")
    v, w = T.dvectors("v", "w")
    assert T.flatten(x, outdim=2).ndim == T.flatten(x, 2).ndim == x.flatten(2).ndim == 2 and x.flatten().ndim == 1
    assert T.stack([v, w], axis=1).ndim == T.stack(v, w).ndim == T.stack((v, w), 1).ndim == 2
    parts = T.split(v, [1, 2], 2)
    f = theano.function(
        [v, w, x],
        [
            T.stack(v, w),
            T.stack([v, w], axis=1),
            parts[1],
            T.flatten(x, outdim=2),
            T.concatenate([v, w]),
            T.join(0, v, w),
            T.tile(v, 2),
            T.repeat(v, 2),
            T.shape_padright(v).shape,
            T.reshape(x, (2, -1), ndim=2).shape,
            T.to_one_hot(T.cast(v, "int32"), 7),
            x.dimshuffle(2, 0, 1).T.shape,
        ],
    )
    found = f([1, 2, 3], [4, 5, 6], np.arange(12.0).reshape(2, 3, 2))
    wanted = [
        [[1, 2, 3], [4, 5, 6]],
        [[1, 4], [2, 5], [3, 6]],
        [2, 3],
        [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]],
        [1, 2, 3, 4, 5, 6],
        [1, 2, 3, 4, 5, 6],
        [1, 2, 3, 1, 2, 3],
        [1, 1, 2, 2, 3, 3],
        [3, 1],
        [2, 6],
        np.eye(7)[[1, 2, 3]].tolist(),
        [3, 2, 2],
    ]
    assert [r.tolist() for r in found] == wanted
    for wrong in (lambda: T.stack(v), lambda: T.flatten(x, ndim=1, outdim=2), lambda: T.patternbroadcast(x, (True,))):
        with pytest.raises((TypeError, ValueError)):
            wrong()


def test_choosing_and_writing():
    x, i = T.dvector("x"), T.lvector("i")
    f = theano.function(
        [x, i],
        [
            T.switch(T.gt(x, 1), x, -x),
            T.inc_subtensor(x[i], 10),
            T.set_subtensor(x[:2], 0),
            T.inc_subtensor(x[1:], T.ones(2)),
            T.clip(x, 1, 2),
            T.max_and_argmax(x)[1],
            T.topk(x, 2),
            T.argtopk(x, -2),
            T.sgn(x - 1),
            T.grad(x[i].sum(), x),
            T.inv(x + 1),
            T.abs_(x - 1),
        ],
    )
    found = f([0, 1, 2], [0, 0, 2])
    wanted = [[0, -1, 2], [20, 1, 12], [0, 0, 2], [0, 2, 3], [1, 1, 2], 2, [2, 1], [0, 1], [-1, 0, 1], [2, 0, 1]]
    wanted += [[1, 1 / 2, 1 / 3], [1, 0, 1]]
    assert [r.tolist() for r in found] == wanted  # repeated indices add up
    with pytest.raises(TypeError, match="item assignment"):
        x[0] = 1


def test_taking():
    x, i = T.dmatrix("x"), T.lvector("i")
    takes = [T.take(x, i), T.take(x, i, mode="wrap"), x.take(i, mode="clip"), T.take(x, [1], axis=1)]
    f = theano.function([x, i], takes[:1])
    g = theano.function([x, i], takes[1:])
    assert f([[1, 2], [3, 4]], [3, -1])[0].tolist() == [4, 4]
    assert [v.tolist() for v in g([[1, 2], [3, 4]], [3, 5, -5])] == [[4, 2, 4], [4, 4, 1], [[2], [4]]]
    with pytest.raises(IndexError):
        f([[1, 2], [3, 4]], [4])


def test_products():
    a, b = np.arange(12.0).reshape(2, 2, 3), np.arange(12.0).reshape(2, 3, 2)
    A, B = T.dtensor3("A"), T.dtensor3("B")
    results = [
        T.dot(A, B),
        T.batched_dot(A, B),
        T.batched_dot(A, B[:, :, 0]),
        T.batched_dot(A[:, 0], B),
        T.batched_dot(A[:, 0], B[:, :, 0]),
        T.batched_dot(A[:, 0, 0], B),
        T.batched_tensordot(A, B, [[2], [1]]),
        T.batched_tensordot(A, B.dimshuffle(0, 2, 1), 2),
        T.outer(A[0, 0], B[0, 0]),
    ]
    wanted = [
        np.dot(a, b),
        np.einsum("bij,bjk->bik", a, b),
        np.einsum("bij,bj->bi", a, b[:, :, 0]),
        np.einsum("bj,bjk->bk", a[:, 0], b),
        np.einsum("bj,bj->b", a[:, 0], b[:, :, 0]),
        a[:, 0, 0, None, None] * b,
        np.einsum("bij,bjk->bik", a, b),
        np.einsum("bij,bij->b", a, b.transpose(0, 2, 1)),
        np.outer(a[0, 0], b[0, 0]),
    ]
    for found, right in zip(theano.function([A, B], results)(a, b), wanted, strict=True):
        np.testing.assert_allclose(found, right)


def test_reductions_take_their_arguments_in_the_old_order():
    x = T.dmatrix("x")
    results = [T.mean(x, 1), T.var(x, 0), T.max(x, axis=0), T.argmax(x), T.sum(x, 0, None, True), T.ptp(x, 1), x.std()]
    found = theano.function([x], results)([[1, 5], [3, 2]])
    assert [r.tolist() for r in found[:-1]] == [[3, 2.5], [1, 2.25], [3, 5], 1, [[4, 7]], [4, 1]]
    np.testing.assert_allclose(found[-1], np.std([1, 5, 3, 2]))
    assert T.mean(x, 1, None, False, True).ndim == 2
    with pytest.raises(ValueError, match="op=True"):
        T.mean(x, 1, None, True)


def test_rounding():
    x = T.dvector("x")
    modes = [T.round(x), T.round(x, mode="half_away_from_zero"), T.iround(x), T.trunc(x), T.floor(x), T.ceil(x)]
    found = theano.function([x], modes)([0.5, 1.5, -0.5, -2.5])
    assert [r.tolist() for r in found[:2]] == [[0, 2, 0, -2], [1, 2, -1, -3]]
    assert found[2].dtype == "int64" and found[3].tolist() == [0, 1, 0, -2]


def test_derivatives():
    x, w = T.dvector("x"), theano.shared(np.eye(2))
    cost = (T.dot(w, x) ** 2).sum()
    by_w, by_x = T.grad(cost, [w, x])
    f = theano.function(
        [x], [by_w, by_x, T.hessian(cost, x), T.jacobian(x**3, x), T.Rop(x**2, x, x), T.Lop(x**2, x, x)]
    )
    found = f([1, 2])
    wanted = [[[2, 4], [4, 8]], [2, 4], [[2, 0], [0, 2]], [[3, 0], [0, 12]], [2, 8], [2, 8]]
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_allclose(a, b)
    assert isinstance(T.grad(cost, (w, x)), tuple) and len(T.grad(cost, {1: w}.values())) == 1
    with pytest.raises(theano.gradient.DisconnectedInputError):
        T.grad(cost, T.dscalar())
    with pytest.raises(TypeError, match="scalar"):
        T.grad(x, x)
    assert T.grad(cost, [theano.shared(3.0)], disconnected_inputs="ignore")[0].eval() == 0
    T.verify_grad(T.tanh, [np.array([0.1, 0.2])], rng=np.random.RandomState(1))
    with pytest.raises(theano.gradient.GradientError):
        T.verify_grad(lambda v: v + theano.gradient.zero_grad(v), [np.array([0.1])], rng=np.random.RandomState(1))


def test_gradients_that_are_held_back():
    x = T.dscalar("x")
    held = theano.gradient.disconnected_grad(x)
    costs = [x * held, x * theano.gradient.zero_grad(x), theano.gradient.grad_clip(3 * x, -1, 1) ** 2]
    costs.append(theano.gradient.grad_scale(x, 5.0) ** 2)
    assert [float(T.grad(c, x).eval({x: 2.0})) for c in costs] == [2, 2, 3, 20]
    assert float(T.grad(x * held, x, consider_constant=[held]).eval({x: 3.0})) == 3
    assert float(T.grad(x**2 + T.exp(held), x).eval({x: 3.0})) == 6


def test_names_that_never_existed_still_do_not():
    for name in ("relu", "zeroslike", "sigmoid_", "array"):
        with pytest.raises(AttributeError):
            getattr(T, name)


def test_linear_algebra():
    from theano.tensor import nlinalg, slinalg

    a = np.array([[4.0, 1.0], [1.0, 3.0]])
    x = T.dmatrix("x")
    b = np.array([1.0, 2.0])
    results = [
        nlinalg.matrix_inverse(x),
        nlinalg.det(x),
        slinalg.cholesky(x),
        slinalg.solve(x, b),
        slinalg.solve_lower_triangular(x, b),
        nlinalg.eigh(x)[0],
        nlinalg.svd(x, compute_uv=0),
        nlinalg.trace(x),
    ]
    found = theano.function([x], results)(a)
    lower = np.linalg.solve(np.tril(a), b)
    wanted = [np.linalg.inv(a), np.linalg.det(a), np.linalg.cholesky(a), np.linalg.solve(a, b), lower]
    wanted += [np.linalg.eigvalsh(a), np.linalg.svd(a, compute_uv=False), 7.0]
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10)
