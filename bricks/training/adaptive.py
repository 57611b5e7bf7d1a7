"""Step rules that scale each value's step by how large its gradients have been."""

import numpy as np
import pytensor.tensor as pt

from bricks.training.clipping import global_norm
from bricks.training.rule import Fraction, NotNegative, Positive, StepRule, is_weight, like


class AdaGrad(StepRule):
    """Steps divided by the root of the sum of all squared gradients so far: they only get shorter.

        s <- s + gradient^2
        step = learning_rate * gradient / (sqrt(s) + epsilon)

    Duchi, Hazan and Singer, "Adaptive subgradient methods for online learning and stochastic optimization", 2011;
    s is the buffer `sum_of_squares`.

    Parameters
    ----------
    learning_rate : float
        Above 0; the size of the first step.
    epsilon : float
        Above 0; keeps the quotient finite where a gradient is always 0.

    Examples
    --------
    >>> AdaGrad(learning_rate=0.1)
    <AdaGrad learning_rate=0.1 epsilon=1e-06>
    """

    keeps_finite = True

    def __init__(self, learning_rate: Positive = 0.002, epsilon: Positive = 1e-6):
        super().__init__()
        self.learning_rate = self.add_hyperparameter("learning_rate", learning_rate)
        self.epsilon = self.add_hyperparameter("epsilon", epsilon)

    def compute_steps(self, steps):
        sums = self.add_buffers("sum_of_squares", steps)
        new_sums = {p: sums[p] + gradient**2 for p, gradient in steps.items()}
        # A sum beyond the dtype's range would quietly make all steps 0, from then on.
        reached = global_norm(pt.sqrt(new) for new in new_sums.values())
        reached.name = "the norm of all gradients so far"
        self.watched = [reached]
        new_steps = {
            p: like(self.learning_rate, p) * gradient / (pt.sqrt(new_sums[p]) + like(self.epsilon, p))
            for p, gradient in steps.items()
        }
        return new_steps, [(sums[p], new) for p, new in new_sums.items()]


class RMSProp(StepRule):
    """Steps divided by the root of a running mean of squared gradients.

        s <- decay_rate * s + (1 - decay_rate) * gradient^2
        step = learning_rate * gradient / max(sqrt(s), 1 / max_scaling)

    Tieleman and Hinton, "Lecture 6.5: RMSProp", Neural networks for machine learning, 2012; s is the buffer
    `mean_square`.

    Parameters
    ----------
    learning_rate : float
        Above 0; about the size of a step.
    decay_rate : float
        How much of the old mean stays; from 0 to below 1.
    max_scaling : float
        Above 0: a gradient is at most multiplied by this (and the learning rate).

    Examples
    --------
    >>> RMSProp(learning_rate=0.001)
    <RMSProp learning_rate=0.001 decay_rate=0.9 max_scaling=100000>
    """

    keeps_finite = True

    def __init__(self, learning_rate: Positive, decay_rate: Fraction = 0.9, max_scaling: Positive = 1e5):
        super().__init__()
        self.learning_rate = self.add_hyperparameter("learning_rate", learning_rate)
        self.decay_rate = self.add_hyperparameter("decay_rate", decay_rate, Fraction)
        self.max_scaling = self.add_hyperparameter("max_scaling", max_scaling)

    def compute_steps(self, steps):
        means = self.add_buffers("mean_square", steps)
        updates, new_steps = [], {}
        for p, gradient in steps.items():
            new = _mean_of(self.decay_rate, means[p], gradient**2, p)
            scale = pt.maximum(pt.sqrt(new), 1 / like(self.max_scaling, p))
            new_steps[p] = like(self.learning_rate, p) * gradient / scale
            updates.append((means[p], new))
        return new_steps, updates


class AdaDelta(StepRule):
    """Steps in the units of the parameters: gradients times the ratio of running means of squares.

        s <- decay_rate * s + (1 - decay_rate) * gradient^2
        change = sqrt(d + epsilon) / sqrt(s + epsilon) * gradient
        d <- decay_rate * d + (1 - decay_rate) * change^2
        step = learning_rate * change

    Zeiler, "ADADELTA: an adaptive learning rate method", 2012, which has no learning rate: with the default 1 this is
    the paper's rule; s and d are the buffers `mean_square_gradient` and `mean_square_change`.

    Parameters
    ----------
    decay_rate : float
        How much of the old means stays; from 0 to below 1.
    epsilon : float
        Above 0; makes the first steps, for d begins with 0.
    learning_rate : float
        Above 0.

    Examples
    --------
    >>> AdaDelta(decay_rate=0.9)
    <AdaDelta decay_rate=0.9 epsilon=1e-06 learning_rate=1>
    """

    keeps_finite = True

    def __init__(self, decay_rate: Fraction = 0.95, epsilon: Positive = 1e-6, learning_rate: Positive = 1.0):
        super().__init__()
        self.decay_rate = self.add_hyperparameter("decay_rate", decay_rate, Fraction)
        self.epsilon = self.add_hyperparameter("epsilon", epsilon)
        self.learning_rate = self.add_hyperparameter("learning_rate", learning_rate)

    def compute_steps(self, steps):
        squares, changes = (self.add_buffers(f"mean_square_{what}", steps) for what in ("gradient", "change"))
        updates, new_steps = [], {}
        for p, gradient in steps.items():
            epsilon = like(self.epsilon, p)
            square = _mean_of(self.decay_rate, squares[p], gradient**2, p)
            change = pt.sqrt(changes[p] + epsilon) / pt.sqrt(square + epsilon) * gradient
            new_steps[p] = like(self.learning_rate, p) * change
            updates += [(squares[p], square), (changes[p], _mean_of(self.decay_rate, changes[p], change**2, p))]
        return new_steps, updates


class Adam(StepRule):
    """Steps scaled by running estimates of each gradient's mean and square.

        t <- t + 1
        m <- beta1 * m + (1 - beta1) * gradient
        v <- beta2 * v + (1 - beta2) * gradient^2
        step = learning_rate * m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon)

    Kingma and Ba, "Adam: a method for stochastic optimization", 2015, algorithm 1; m and v are the buffers
    `first_moment` and `second_moment`, t is `time`. The defaults are the paper's.

    Parameters
    ----------
    learning_rate : float
        Above 0; about the size of a step.
    beta1, beta2 : float
        How much of the old mean and square stays; from 0 to below 1.
    epsilon : float
        Above 0; keeps the quotient finite where a gradient is always 0.

    Examples
    --------
    >>> Adam(0.002)
    <Adam learning_rate=0.002 beta1=0.9 beta2=0.999 epsilon=1e-08>
    """

    keeps_finite = True

    def __init__(
        self,
        learning_rate: Positive = 0.001,
        beta1: Fraction = 0.9,
        beta2: Fraction = 0.999,
        epsilon: Positive = 1e-8,
    ):
        super().__init__()
        self.learning_rate = self.add_hyperparameter("learning_rate", learning_rate)
        self.beta1 = self.add_hyperparameter("beta1", beta1, Fraction)
        self.beta2 = self.add_hyperparameter("beta2", beta2, Fraction)
        self.epsilon = self.add_hyperparameter("epsilon", epsilon)

    size = "second_moment"

    def compute_steps(self, steps):
        time = self.add_buffer("time", np.asarray(0, "int32"))
        first, sizes = self.add_buffers("first_moment", steps), self.add_buffers(self.size, steps)
        new_time = time + np.int32(1)
        updates, new_steps = [(time, new_time)], {}
        for p, gradient in steps.items():
            t = new_time.astype(p.type.dtype)
            mean = _mean_of(self.beta1, first[p], gradient, p)
            size, scale = self.measure(sizes[p], gradient, t, p)
            new_steps[p] = like(self.learning_rate, p) * (mean / (1 - like(self.beta1, p) ** t)) / scale
            updates += [(first[p], mean), (sizes[p], size)]
        return new_steps, updates

    def measure(self, old, gradient, t, parameter):
        """What is remembered of the gradient's size after step `t`, and what the step is divided by."""
        square = _mean_of(self.beta2, old, gradient**2, parameter)
        corrected = square / (1 - like(self.beta2, parameter) ** t)
        return square, pt.sqrt(corrected) + like(self.epsilon, parameter)


class AdamW(Adam):
    """Adam, and weights that decay by themselves, not through the gradient, whose scale Adam takes away.

        step = Adam's step + learning_rate * weight_decay * weight

    The second term is for weights alone (role WEIGHT, or bare matrices); biases, scales and shifts are left alone.
    Loshchilov and Hutter, "Decoupled weight decay regularization", 2019, algorithm 2, where a schedule multiplies both
    terms, as changes of the learning rate do here.

    Parameters
    ----------
    learning_rate : float
        Above 0; about the size of a step.
    beta1, beta2 : float
        How much of the old mean and square stays; from 0 to below 1.
    epsilon : float
        Above 0; keeps the quotient finite where a gradient is always 0.
    weight_decay : float
        At least 0.

    Examples
    --------
    >>> AdamW(0.002, weight_decay=0.1)
    <AdamW learning_rate=0.002 beta1=0.9 beta2=0.999 epsilon=1e-08 weight_decay=0.1>
    """

    def __init__(
        self,
        learning_rate: Positive = 0.001,
        beta1: Fraction = 0.9,
        beta2: Fraction = 0.999,
        epsilon: Positive = 1e-8,
        weight_decay: NotNegative = 0.01,
    ):
        super().__init__(learning_rate, beta1, beta2, epsilon)
        self.weight_decay = self.add_hyperparameter("weight_decay", weight_decay, NotNegative)

    def compute_steps(self, steps):
        steps, updates = super().compute_steps(steps)
        for p in filter(is_weight, steps):
            steps[p] = steps[p] + like(self.learning_rate, p) * like(self.weight_decay, p) * p
        return steps, updates


class Adamax(Adam):
    """Adam with a decaying maximum of each gradient's size in place of the root of its mean square.

        t <- t + 1
        m <- beta1 * m + (1 - beta1) * gradient
        u <- max(beta2 * u, |gradient|)
        step = learning_rate * m / (1 - beta1^t) / max(u, epsilon)

    Kingma and Ba, "Adam: a method for stochastic optimization", 2015, algorithm 2; m and u are the buffers
    `first_moment` and `greatest`, t is `time`. The defaults are the paper's, which has no epsilon.

    Parameters
    ----------
    learning_rate : float
        Above 0; the greatest size of a step, about.
    beta1, beta2 : float
        How much of the old mean and maximum stays; from 0 to below 1.
    epsilon : float
        Above 0; keeps the quotient finite where a gradient is always 0.

    Examples
    --------
    >>> Adamax()
    <Adamax learning_rate=0.002 beta1=0.9 beta2=0.999 epsilon=1e-08>
    """

    def __init__(
        self,
        learning_rate: Positive = 0.002,
        beta1: Fraction = 0.9,
        beta2: Fraction = 0.999,
        epsilon: Positive = 1e-8,
    ):
        super().__init__(learning_rate, beta1, beta2, epsilon)

    size = "greatest"

    def measure(self, old, gradient, t, parameter):
        greatest = pt.maximum(like(self.beta2, parameter) * old, pt.abs(gradient))
        return greatest, pt.maximum(greatest, like(self.epsilon, parameter))


def _mean_of(stays, old, new, parameter):
    """stays * old + (1 - stays) * new"""
    stays = like(stays, parameter)
    return stays * old + (1 - stays) * new
