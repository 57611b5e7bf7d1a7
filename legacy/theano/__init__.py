"""Theano's import name for old programs, on PyTensor's graphs and bricks' compiler.

Right as Theano was, or an error that names what there is instead. Importing it reads THEANO_FLAGS and `.theanorc`
(floatX is float64 unless they say otherwise), and gives PyTensor's variables what Theano's had (`theano._variables`).
"""

# ruff: noqa: E402, F401, F403, I001 (names of a package, in an order that matters: flags before PyTensor)

from theano import _flags

_flags.start()

from theano import _quiet, _variables

_quiet.filter_advice()
_variables.install()

from theano import compat, compile, configparser, gof, gradient, ifelse, misc, printing, sandbox, scan_module, tensor
from theano import updates
from theano._public import *
from theano._public import __all__ as _names
from theano import _layout

_layout.put()

from theano import scalar, sparse
from theano.sandbox import rng_mrg, softsign

__version__ = version = "1.0.5"

_MODULES = "compile config gof gradient printing sandbox scalar scan_module sparse tensor updates".split()
__all__ = sorted({*_names, *_MODULES})
