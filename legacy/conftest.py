"""Each test finds Theano as a program that imports it first: floatX=float64, variables with a truth value.

Other tests of the same process find PyTensor as it is.
"""

import warnings

import pytest

import bricks  # noqa: F401 (first, so that processes which other tests start don't inherit Theano's floatX)

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", "bricks or PyTensor was imported before theano")
    import theano

theano._variables.remove()


@pytest.fixture(autouse=True)
def _as_in_a_program_of_its_own():
    theano._variables.install()
    with theano.change_flags(floatX="float64"):
        yield
    theano._variables.remove()
