"""Noises that only training has: dropout, Gaussian noise.

Models hold the inference form, which is the training form's expected value; `training_graph` puts in the sample.
Samples differ from element to element, call to call and step to step.
"""

from collections.abc import Iterable

import numpy as np
from pytensor.graph.basic import Variable

from bricks.brick import Brick
from bricks.errors import UsageError
from bricks.graph import annotations_of, in_training, is_tensor, replace, walk
from bricks.graph.walk import unpack
from bricks.layers.checks import check_float, check_positive, check_probability, lengths
from bricks.roles import NOISE


class Dropout(Brick):
    """Sets each value to 0 with probability p while training, and scales up the others.

        inference: y = x        training: y = x m / (1 - p),  m ~ Bernoulli(1 - p)

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
            kept = self.random_state.bernoulli(lengths(x), 1 - self.p, stream=call.name, dtype=x.type.dtype)
            return x * (kept * np.asarray(1 / (1 - self.p), x.type.dtype))

        return self.tag(in_training(input_, sample, [input_], NOISE), "noise", NOISE)


class GaussianNoise(Brick):
    """Adds normal noise to each value while training.

        inference: y = x        training: y = x + e,  e ~ N(0, std^2)

    Parameters
    ----------
    std : float
        Above 0; in the units of x.
    **settings
        Of `Brick`.

    References
    ----------
    Bishop 1995, Training with noise is equivalent to Tikhonov regularization.

    >>> import pytensor.tensor as pt
    >>> GaussianNoise(0.1, seed=1)(pt.matrix("x"))
    gaussian_noise.output
    """

    def __init__(self, std: float, **settings):
        super().__init__(**settings)
        self.std = check_positive(self, "std", std)

    def apply(self, input_):
        """Any float shape to the same."""
        check_float(self, input_)
        call = self.current_call

        def sample(x):
            noise = self.random_state.normal(lengths(x), stream=call.name, dtype=x.type.dtype)
            return x + np.asarray(self.std, x.type.dtype) * noise

        return self.tag(in_training(input_, sample, [input_], NOISE), "noise", NOISE)


def apply_noise(outputs, variables: Iterable[Variable], std: float, *, seed: int | None = None, name: str = "noise"):
    """The same outputs with normal noise of their own added to some variables in training.

    On parameters it is weight noise: gradients are those at the disturbed weights, steps go to the weights.

    Parameters
    ----------
    outputs : variable, or list, tuple or dict of variables
        Of the inference graph. What one function trains and monitors goes in together.
    variables : list of variables
        Of the graph, as `VariableFilter` finds them: parameters, inputs, what bricks take in or give out.
    std : float
        Above 0: the noise's standard deviation.
    seed : int, optional
        By default that of the model which the variables belong to.
    name : str
        Of the `GaussianNoise` that is put in; with `_1`, `_2`, ... where the graph has one already, so that each call
        draws numbers of its own.

    Returns
    -------
    variable, list, tuple or dict
        As `outputs` came.

    References
    ----------
    Graves, Mohamed & Hinton 2013, Speech recognition with deep recurrent neural networks (weight noise).

    >>> import bricks, pytensor.tensor as pt
    >>> from bricks.layers import MLP, Tanh
    >>> mlp = MLP([Tanh(), None], [4, 3, 2], seed=1)
    >>> output = mlp(pt.matrix("x", dtype="float32"))
    >>> weights = bricks.VariableFilter(role=bricks.roles.WEIGHT)(bricks.ComputationGraph(output).variables)
    >>> noisy = apply_noise(output, weights, std=0.075)
    >>> bricks.VariableFilter(role=bricks.roles.NOISE)(bricks.ComputationGraph(noisy).variables)
    [noise.noise, noise#1.noise]
    """
    variables = [variables] if isinstance(variables, Variable) else list(variables)
    if not variables or not all(is_tensor(v) for v in variables):
        raise UsageError(f"apply_noise: variables must be symbolic tensors, at least one, got {variables}")
    roots = {a.brick.root.name for v in walk(unpack(outputs, "apply_noise")[0]) for a in annotations_of(v)}
    free, n = name, 0
    while free in roots:
        n += 1
        free = f"{name}_{n}"
    if seed is None:
        seed = next((a.brick.seed for v in variables for a in annotations_of(v)), None)
    noise = GaussianNoise(std, name=free, seed=seed)
    return replace(outputs, {v: noise(v) for v in dict.fromkeys(variables)})
