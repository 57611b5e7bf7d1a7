"""Theano's import name for old programs, on PyTensor's graphs and bricks' compiler.

Right as Theano was, or an error that names what there is instead. Importing it reads THEANO_FLAGS and `.theanorc`
(floatX is float64 unless they say otherwise), and gives PyTensor's variables what Theano's had (`theano._variables`).
"""

from theano import _flags

_flags.start()

from theano import _variables  # noqa: E402

_variables.install()

from theano import (  # noqa: E402  # noqa: E402
    _layout,  # noqa: E402
    compat,
    configparser,
    gof,
    gradient,
    misc,
    printing,
    sandbox,
    scan_module,
    tensor,
    updates,
)
from theano import compile as compile  # noqa: E402
from theano._public import *  # noqa: E402, F403
from theano._public import __all__ as _names  # noqa: E402

_layout.put()

from theano import scalar, sparse  # noqa: E402
from theano.sandbox import rng_mrg, softsign  # noqa: E402

__version__ = version = "1.0.5"

__all__ = sorted(
    [
        *_names,
        *"compile config gof gradient printing sandbox scalar scan_module sparse tensor updates".split(),
    ]
)
