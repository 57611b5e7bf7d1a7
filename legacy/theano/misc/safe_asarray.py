"""`theano._asarray`."""

import numpy as np

__all__ = ["_asarray"]


def _asarray(a, dtype, order=None):
    """`a` as an array of exactly this dtype ("floatX" is the configured one)."""
    if str(dtype) == "floatX":
        from theano.configparser import config

        dtype = config.floatX
    return np.asarray(a, dtype=dtype, order=order)
