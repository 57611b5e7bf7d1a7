"""`theano.function`: arguments as Theano took them, and what XLA can't do by itself."""

import copy
import pickle
import warnings

import numpy as np
import pytest
import theano
import theano.tensor as T
from pytensor.compile.rebuild import UnusedInputError

from bricks.errors import NotFiniteError, UsageError


def test_outputs_come_as_they_were_asked_for():
    x = T.vector("x")
    assert theano.function([x], x.sum())([1, 2]).shape == ()
    assert [r.tolist() for r in theano.function([x], [2 * x])([1, 2])] == [[2, 4]]
    found = theano.function([x], {"b": x.sum(), "a": 2 * x})(x=[1, 2])
    assert list(found) == ["a", "b"] and found["b"] == 3
    assert theano.function([x], None, on_unused_input="ignore")([1]) is None
    assert theano.function([x], [], on_unused_input="ignore")([1]) == []


def test_inputs_have_defaults_and_names():
    x, y = T.dscalars("x", "y")
    f = theano.function([x, theano.In(y, value=1, name="added")], x + y)
    assert (f(33), f(33, 2), f(33, added=0)) == (34, 35, 33)
    assert theano.function([x, theano.Param(y, default=5)], x * y)(2) == 10
    with pytest.raises(UsageError, match="theano.shared"):
        theano.function([theano.In(x, value=0, update=x + 1)], x)


def test_unused_inputs_are_an_error_unless_told_otherwise():
    x, y = T.dscalars("x", "y")
    with pytest.raises(UnusedInputError, match="y"):
        theano.function([x, y], x)
    with pytest.warns(UserWarning, match="y"):
        theano.function([x, y], x, on_unused_input="warn")
    assert theano.function([x, y], x, on_unused_input="ignore")(1, 2) == 1


@pytest.mark.parametrize("form", [dict, list, tuple, iter, lambda pairs: zip(*zip(*pairs, strict=True), strict=True)])
def test_updates_and_givens_come_as_dicts_pairs_and_iterators(form):
    s, x, t = theano.shared(np.float64(1.0), "s"), T.dscalar("x"), T.dscalar("t")
    f = theano.function([x], s * t, updates=form([(s, s + x)]), givens=form([(t, 3 * x)]))
    assert f(2.0) == 6.0 and s.get_value() == 3.0  # from the value before the update


def test_two_updates_of_one_variable_are_an_error_and_not_the_last_one():
    s = theano.shared(1.0)
    with pytest.raises(ValueError, match="already has an update"):
        theano.function([], s, updates=[(s, s + 1), (s, s + 2)])
    with pytest.raises(KeyError, match="Collision"):
        theano.OrderedUpdates({s: s + 1}).update({s: s + 2})
    with pytest.raises(TypeError, match="shared"):
        theano.function([], s, updates=[(T.dscalar(), s)])


def test_a_float64_into_a_float32_is_refused_and_not_rounded():
    x, s = T.fvector("x"), theano.shared(np.float32(0), "s")
    f = theano.function([x], x.sum())
    with pytest.raises(TypeError, match="x"):
        f(np.array([1.0, 2.0]))
    assert theano.function([x], x.sum(), allow_input_downcast=True)(np.array([1.0, 2.0])) == 3
    with pytest.raises(TypeError, match="same type"):
        theano.function([], [], updates=[(s, s + np.array(1.0))])
    data = theano.shared(np.zeros(3))
    with pytest.raises(TypeError):
        theano.function([], x.sum(), givens={x: data})


def test_an_index_takes_minibatches_of_stored_data_and_the_last_one_is_shorter():
    rng = np.random.default_rng(0)
    features, labels = rng.normal(size=(25, 3)), rng.integers(0, 9, 25)
    # Labels stored as floats and cast where they are used: how data were put on a GPU.
    stored_x, stored_y = theano.shared(features), T.cast(theano.shared(labels.astype("float64")), "int32")
    index, x, y = T.lscalar("index"), T.matrix("x"), T.ivector("y")
    part = slice(index * 10, (index + 1) * 10)
    f = theano.function([index], [x.sum(axis=0), y.sum()], givens={x: stored_x[part], y: stored_y[part]})
    for k in range(3):
        total, count = f(k)
        np.testing.assert_allclose(total, features[10 * k : 10 * (k + 1)].sum(axis=0), rtol=1e-12)
        assert count == labels[10 * k : 10 * (k + 1)].sum()
    assert len(f.fn.shapes) == 2  # compilations, not three


def test_integers_that_decide_shapes_are_compiled_for():
    n, v = T.iscalar("n"), T.dvector("v")
    powers, _ = theano.scan(lambda p: 2 * p, outputs_info=T.ones_like(v), n_steps=n)
    f = theano.function([v, n], [powers[-1], T.arange(n).sum(), v[:n].sum()])
    for k in (2, 3):
        last, total, first = f([1, 2, 4], n=k)
        assert last.tolist() == [2.0**k] * 3 and total == k * (k - 1) / 2 and first == [3, 7][k - 2]
    many = theano.function([n], T.zeros(n))
    with pytest.warns(UserWarning, match="compiled for 9 values of n"):
        assert [len(many(k)) for k in range(1, 10)] == list(range(1, 10))


def test_what_xla_cannot_compile_runs_on_pytensors_machine_and_says_so():
    v = T.dvector("v")
    with pytest.warns(UserWarning, match="positive: XLA can't compile it"):  # known when it is compiled
        f = theano.function([v], v[(v > 0).nonzero()], name="positive")
    assert f([1, -1, 2]).tolist() == [1, 2]
    f = theano.function([v], v[v > 0])
    with pytest.warns(UserWarning, match="XLA can't compile it"):  # known when it is called
        assert f([1, -1, 2]).tolist() == [1, 2]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert f([1, 5, 2]).tolist() == [1, 5, 2]  # once is enough

    def until_large(s):
        return 2 * s, theano.scan_module.until(s > 10)

    s = T.dscalar("s")
    doubled, _ = theano.scan(until_large, outputs_info=s, n_steps=100)
    with pytest.warns(UserWarning, match="until"):
        f = theano.function([s], doubled)
    assert f(3.0).tolist() == [6, 12, 24]


@pytest.mark.parametrize("index", [2, -3])
def test_an_index_out_of_range_is_an_error_and_not_the_nearest_element(index):
    x, i = T.dmatrix("x"), T.lvector("i")
    steps = theano.shared(0)
    table = np.arange(4.0).reshape(2, 2)
    f = theano.function([x, i], x[T.arange(i.shape[0]), i], updates={steps: steps + 1}, name="lookup")
    assert f(table, [1, -2]).tolist() == [1, 2]
    with pytest.raises(IndexError, match="lookup: out of range: index i into axis 1 of x"):
        f(table, [0, index])
    assert steps.get_value() == 1
    with pytest.raises(IndexError):
        f(table, [0, 0, 0])  # arange(3) into two rows


def test_an_index_out_of_range_within_a_loop_is_an_error():
    table, i = theano.shared(np.arange(3.0)), T.lvector("i")
    total, _ = theano.scan(lambda k, s, w: s + w[k], sequences=i, outputs_info=T.zeros(()), non_sequences=table)
    cost = total[-1]
    f = theano.function([i], [cost, T.grad(cost, table)])
    assert f([1, 2])[0] == 3 and f([1, 2])[1].tolist() == [0, 1, 1]
    with pytest.raises(IndexError):
        f([1, 3])


def test_integers_of_64_bits_keep_them_in_a_function_of_float32():
    i, x, v = T.lscalar("i"), T.fvector("x"), T.lvector("v")
    with theano.change_flags(floatX="float32"):
        power, _ = theano.scan(lambda p, j: p * j, outputs_info=T.ones_like(i), non_sequences=i, n_steps=3)
        inputs, values = [i, x, v], (10**5, np.ones(2, "float32"), [2**30] * 4)
        for result in (i * i, T.cast(x * 1e10, "int64")[0], T.cumsum(v)[-1], power[-1]):
            found = theano.function(inputs, [result, x.sum()], on_unused_input="ignore")(*values)
            assert found[0] in (10**10, 2**32, 10**15) and found[0].dtype == "int64" and found[1].dtype == "float32"


def test_no_default_updates_leaves_them_out():
    s, t = theano.shared(1.0, "s"), theano.shared(1.0, "t")
    s.default_update, t.default_update = s + 1, t + 1
    theano.function([], s + t)()
    assert (s.get_value(), t.get_value()) == (2, 2)
    theano.function([], s + t, no_default_updates=True)()
    assert (s.get_value(), t.get_value()) == (2, 2)
    theano.function([], s + t, no_default_updates=[t])()
    assert (s.get_value(), t.get_value()) == (3, 2)


def test_loose_givens_may_change_the_type():
    x, y = T.fscalar("x"), T.dscalar("y")
    with pytest.raises(TypeError):
        theano.function([y], x * 2, givens={x: y})
    assert theano.function([y], x * 2, givens={x: y}, rebuild_strict=False)(1.5).dtype == "float64"


def test_functions_can_be_copied_and_pickled():
    s, t, x = theano.shared(1.0), theano.shared(10.0), T.dscalar("x")
    f = theano.function([x], s * x, updates={s: s + 1})
    assert f.get_shared() == [s]
    assert f.copy(swap={s: t})(2.0) == 20 and t.get_value() == 11
    assert f.copy(delete_updates=True)(2.0) == 2 and s.get_value() == 1
    other = pickle.loads(pickle.dumps(f))
    assert other(3.0) == 3 and other(3.0) == 6 and s.get_value() == 1
    f(1.0)
    assert copy.deepcopy([s])[0].get_value() == pickle.loads(pickle.dumps(s)).get_value() == 2


def test_modes():
    x = T.dvector("x")
    made = theano.Mode(linker="py"), theano.compile.get_default_mode().excluding("merge")
    for mode in ("FAST_COMPILE", "Mode", *made):
        assert theano.function([x], T.exp(x), mode=mode)([0]).tolist() == [1]
    f = theano.function([x], T.log(x), mode=theano.compile.nanguardmode.NanGuardMode(True, True, True))
    with pytest.raises(NotFiniteError, match="Log"):
        f([-1])
    with pytest.raises(UsageError, match="profile=True"):
        theano.function([x], x + 1, mode="ProfileMode")


def test_a_shared_variable_takes_arrays_and_numbers():
    assert theano.shared(1.0).dtype == "float64" and theano.shared(1).dtype == "int64"
    assert theano.shared(np.zeros((1, 2)), broadcastable=(True, False)).broadcastable == (True, False)
    assert theano.shared(np.zeros((1, 2))).broadcastable == (False, False)
    with pytest.raises(TypeError, match="numpy.asarray"):
        theano.shared([1, 2])
    with pytest.raises(TypeError, match="symbolic"):
        theano.shared(T.dscalar())
