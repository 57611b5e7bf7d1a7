"""Theano's import name for old programs, on PyTensor's graphs and bricks' compiler."""

from theano import _flags

_flags.start()

from theano import _variables  # noqa: E402

_variables.install()

from pytensor.gradient import grad  # noqa: E402

from bricks import shared  # noqa: E402
from theano.compile.function import function  # noqa: E402
from theano.configparser import config  # noqa: E402

__version__ = "1.0.5"
