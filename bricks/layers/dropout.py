"""Dropout, as a noise that only training has."""

import numpy as np

from bricks.brick import Brick
from bricks.graph import in_training
from bricks.layers.checks import check_float, check_probability
from bricks.roles import NOISE


class Dropout(Brick):
    """Sets each value to 0 with probability p while training, and scales up the others.

        inference: y = x        training: y = x m / (1 - p),  m ~ Bernoulli(1 - p)

    Models hold the inference form, which is the training form's expected value; `training_graph` puts in the
    sample. Samples differ from element to element, call to call and step to step.

    Parameters
    ----------
    p : float
        From 0 to below 1.
    **settings
        Of `Brick`.

    References
    ----------
    Srivastava, Hinton, Krizhevsky, Sutskever & Salakhutdinov 2014, Dropout: a simple way to prevent neural
    networks from overfitting (there the weights are scaled down at inference instead).

    >>> import pytensor.tensor as pt
    >>> from bricks.graph import training_graph
    >>> x = pt.matrix("x", shape=(None, 500))
    >>> training_graph(Dropout(0.5, seed=1)(x)).outputs.type.shape
    (None, 500)
    """

    def __init__(self, p: float, **settings):
        super().__init__(**settings)
        self.p = check_probability(self, "p, the probability of a 0,", p)

    def apply(self, input_):
        """Any float shape to the same."""
        check_float(self, input_)
        call = self.current_call

        def sample(x):
            shape = tuple(x.shape[i] if n is None else n for i, n in enumerate(x.type.shape))
            kept = self.random_state.bernoulli(shape, 1 - self.p, stream=call.name, dtype=x.type.dtype)
            return x * (kept * np.asarray(1 / (1 - self.p), x.type.dtype))

        return self.tag(in_training(input_, sample, [input_], NOISE), "noise", NOISE)
