"""The truth of a symbolic variable, and what else Theano's variables could; and that PyTensor's can be had back."""

import numpy as np
import pytensor.tensor as pt
import pytest
import theano
import theano.tensor as T
from theano import _variables


def test_a_variable_is_true_unless_an_operator_compared_it():
    mask, x, y = T.matrix("mask"), T.dscalar("x"), T.dscalar("y")
    assert mask
    assert (1 if mask else 2) == 1
    assert not (not x * 2)
    assert bool(T.constant(0)) and bool(theano.shared(0)) and bool(T.eq(x, y))  # a variable, whatever its value
    for compared in (x < y, x <= y, x > 0, 0 > x, x >= y):
        with pytest.raises(TypeError, match="switch"):
            bool(compared)
    assert [v for v in (mask, None, x) if v] == [mask, x]
    assert mask in [x, mask] and y not in [x, mask]  # `==` is identity


def test_variables_have_the_methods_of_old():
    x = T.matrix("x")
    assert x.reshape(T.lvector("shape"), 3).ndim == x.reshape((1, 2, 3), ndim=3).ndim == 3
    assert x.sum().eval({x: np.ones((2, 2))}) == 4
    assert (x * 2).eval({"x": np.ones((1, 1))}).tolist() == [[2]]
    assert T.constant(3.0).get_scalar_constant_value() == 3
    np.testing.assert_allclose(x.norm(2).eval({x: [[3, 4]]}), 5)


def test_parameters_and_constants_are_no_tensor_variables():
    from theano.tensor.var import TensorConstant, TensorVariable

    x, w, c = T.dvector("x"), theano.shared(np.zeros(2)), T.constant(1.0)
    assert [isinstance(v, TensorVariable) for v in (x, x + w, w, c)] == [True, True, False, False]
    assert isinstance(c, TensorConstant) and isinstance(w, theano.compile.SharedVariable)
    assert all(isinstance(v, theano.Variable) for v in (x, w, c))


def test_test_values_can_be_given_and_mean_nothing():
    x = T.dvector("x")
    x.tag.test_value = np.zeros(3)
    assert (2 * x).eval({x: [1]}).tolist() == [2]


def test_eval_compiles_once_for_its_inputs():
    x = T.dscalar("x")
    y = x**2
    y.eval({x: 2.0})
    (kept,) = y._fn_cache.values()
    y.eval({x: 3.0})
    assert list(y._fn_cache.values()) == [kept]


def test_what_is_given_to_pytensors_variables_can_be_taken_back():
    x = pt.dscalar("x")
    _variables.remove()
    with pytest.raises(TypeError, match="boolean"):
        bool(x)
    with pytest.raises(TypeError):
        x.reshape((1,), 1)
    assert not hasattr(x, "get_scalar_constant_value")
    compared = x < 1
    _variables.install()
    assert x
    assert not hasattr(compared, "_is_nonzero")
