"""`theano.sandbox.softsign`, which moved to `theano.tensor.nnet` long ago."""

from theano.tensor.nnet.sigm import softsign

__all__ = ["softsign"]
