"""Step rules: from the gradients of a cost to the steps that the parameters take.

    parameter <- parameter - step

A rule is a transform of {parameter: step}, first given the gradients. `CompositeRule` chains rules. Their
hyper-parameters are shared scalars, so that they may be changed while training goes on; what they remember from
step to step (velocities, moments) are shared buffers of the parameters' own dtype.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import numpy as np
import pydantic
import pytensor.tensor as pt
from pydantic import Field, FiniteFloat

from bricks import engine
from bricks.errors import UsageError, nearest
from bricks.graph import named_parameters
from bricks.roles import ALGORITHM_BUFFER, ALGORITHM_HYPERPARAMETER, WEIGHT, add_role, has_roles, roles_of
from bricks.training.values import read_values, write_values

Positive = Annotated[FiniteFloat, Field(gt=0)]
Fraction = Annotated[FiniteFloat, Field(ge=0, lt=1)]
Axis = Annotated[int, Field(ge=0, le=1)]


class StepRule(ABC):
    """A transform of steps. A rule belongs to one algorithm: it holds that one's hyper-parameters and buffers.

    Attributes
    ----------
    hyperparameters, buffers : dict
        Shared variables by name: `momentum/learning_rate`, `momentum/velocity/mlp/linear_0/W`.
    watched : list of scalar Variable
        What else must be finite for a step to count, filled by `compute_steps`.
    keeps_finite : bool
        Whether finite gradients always make finite steps. Then the algorithm looks at the gradients, which costs
        less than looking at steps and buffers.
    """

    keeps_finite = False

    def __init__(self):
        self.name = re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()
        self.hyperparameters: dict[str, Any] = {}
        self.buffers: dict[str, Any] = {}
        self.watched: list = []
        self._used = False

    @abstractmethod
    def compute_steps(self, steps: Mapping) -> tuple[dict, list]:
        """Transform the steps.

        Parameters
        ----------
        steps : mapping
            {shared variable: symbolic step}.

        Returns
        -------
        steps : dict
            The same parameters with their new steps, each of its parameter's dtype.
        updates : list of pairs
            (buffer, new value), to be done with the step.
        """

    def add_hyperparameter(self, name: str, value: float, kind=Positive):
        """A shared scalar of floatX; `kind` is the annotation that its value must fulfil."""
        value = self.checked(name, value, kind)
        variable = engine.shared(np.asarray(value, engine.floatX()), name=f"{self.name}/{name}")
        add_role(variable, ALGORITHM_HYPERPARAMETER)
        self.hyperparameters[variable.name] = variable
        return variable

    def checked(self, name: str, value, kind):
        """`value` as its annotation has it; UsageError where it doesn't fulfil it."""
        try:
            return pydantic.TypeAdapter(kind).validate_python(value)
        except pydantic.ValidationError as error:
            reason = error.errors()[0]["msg"].replace("Input should be", "must be")
            raise UsageError(f"{type(self).__name__}: {name} {reason}, got {value!r}") from None

    def add_buffer(self, name: str, value: np.ndarray):
        """A shared variable that the rule remembers from step to step."""
        variable = engine.shared(value, name=f"{self.name}/{name}")
        add_role(variable, ALGORITHM_BUFFER)
        self.buffers[variable.name] = variable
        return variable

    def add_buffers(self, name: str, parameters) -> dict:
        """A buffer of zeros for each parameter, `RULE/NAME/PARAMETER`."""
        named = named_parameters(list(parameters))
        return {p: self.add_buffer(f"{name}/{path}", np.zeros_like(p.get_value())) for path, p in named.items()}

    def use(self) -> None:
        """Called once by the algorithm; a second algorithm would overwrite the first one's buffers."""
        if self._used:
            raise UsageError(f"{type(self).__name__}: this step rule already belongs to an algorithm; make a new one")
        self._used = True

    def find_hyperparameter(self, name: str):
        """The shared scalar called `name`, in full (`momentum/learning_rate`) or in short, where that is unique."""
        found = [full for full in self.hyperparameters if full == name or full.rpartition("/")[2] == name]
        if len(found) != 1:
            known = self.hyperparameters if not found else found
            raise UsageError(f"{type(self).__name__}: no one hyper-parameter is called {name!r}; {nearest(name, known)}")
        return self.hyperparameters[found[0]]

    def state_dict(self) -> dict[str, np.ndarray]:
        """Values of hyper-parameters and buffers by name."""
        return read_values(self.hyperparameters | self.buffers)

    def load_state_dict(self, state: Mapping) -> None:
        """Put the values back. CheckpointError where names or shapes are others."""
        write_values(self.hyperparameters | self.buffers, state, f"step rule {self.name}")

    def __repr__(self):
        values = {name.rpartition("/")[2]: v.get_value() for name, v in self.hyperparameters.items()}
        return f"<{type(self).__name__}{''.join(f' {name}={value:.6g}' for name, value in values.items())}>"


class CompositeRule(StepRule):
    """Rules one after the other; each gets the steps of the one before.

    Parameters
    ----------
    components : sequence of StepRule
        In order of application, each of another class.

    Examples
    --------
    >>> rule = CompositeRule([StepClipping(5.0), Momentum(0.1), VariableClipping(3.0)])
    >>> sorted(rule.hyperparameters)[:2]
    ['momentum/learning_rate', 'momentum/momentum']
    """

    def __init__(self, components: Sequence[StepRule]):
        super().__init__()
        self.components = tuple(components)
        for component in self.components:
            taken = self.hyperparameters.keys() & component.hyperparameters.keys()
            if taken:
                raise UsageError(f"CompositeRule: two components have a hyper-parameter {min(taken)!r}; use one of them")
            self.hyperparameters |= component.hyperparameters
        self.keeps_finite = all(component.keeps_finite for component in self.components)

    def use(self) -> None:
        super().use()
        for component in self.components:
            component.use()

    def compute_steps(self, steps):
        updates: list = []
        for component in self.components:
            steps, more = component.compute_steps(steps)
            updates += more
            self.buffers |= component.buffers
            self.watched += component.watched
        return dict(steps), updates


class Scale(StepRule):
    """Plain gradient descent (SGD).

        step = learning_rate * gradient

    Robbins and Monro, "A stochastic approximation method", 1951.

    Parameters
    ----------
    learning_rate : float
        Above 0.
    """

    keeps_finite = True

    def __init__(self, learning_rate: Positive):
        super().__init__()
        self.learning_rate = self.add_hyperparameter("learning_rate", learning_rate)

    def compute_steps(self, steps):
        return {p: like(self.learning_rate, p) * step for p, step in steps.items()}, []


class Momentum(StepRule):
    """Gradient descent with a velocity.

        velocity <- momentum * velocity + learning_rate * gradient
        step = velocity

    Polyak, "Some methods of speeding up the convergence of iteration methods", 1964.

    Parameters
    ----------
    learning_rate : float
        Above 0.
    momentum : float
        From 0 (then it is `Scale`) to below 1. The usual 0.9 makes a steady gradient's steps ten times as long.
    """

    keeps_finite = True

    def __init__(self, learning_rate: Positive, momentum: Fraction = 0.9):
        super().__init__()
        self.learning_rate = self.add_hyperparameter("learning_rate", learning_rate)
        self.momentum = self.add_hyperparameter("momentum", momentum, Fraction)

    def compute_steps(self, steps):
        velocities = self.add_buffers("velocity", steps)
        steps = {
            p: like(self.momentum, p) * velocities[p] + like(self.learning_rate, p) * step for p, step in steps.items()
        }
        return steps, [(velocities[p], step) for p, step in steps.items()]


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

    def compute_steps(self, steps):
        time = self.add_buffer("time", np.asarray(0, "int32"))
        first, second = self.add_buffers("first_moment", steps), self.add_buffers("second_moment", steps)
        new_time = time + np.int32(1)
        updates, new_steps = [(time, new_time)], {}
        for p, gradient in steps.items():
            beta1, beta2 = like(self.beta1, p), like(self.beta2, p)
            t = new_time.astype(p.type.dtype)
            mean = beta1 * first[p] + (1 - beta1) * gradient
            square = beta2 * second[p] + (1 - beta2) * gradient**2
            scale = pt.sqrt(square / (1 - beta2**t)) + like(self.epsilon, p)
            new_steps[p] = like(self.learning_rate, p) * (mean / (1 - beta1**t)) / scale
            updates += [(first[p], mean), (second[p], square)]
        return new_steps, updates


class StepClipping(StepRule):
    """Rescale all steps together where their joint length exceeds a threshold.

        norm = sqrt(sum of all squares, over all parameters)
        step <- step * threshold / max(norm, threshold)

    Put it before a rule that has a learning rate, and it clips gradients.
    Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks", 2013.

    Parameters
    ----------
    threshold : float
        Above 0: the greatest norm that is left as it is.

    Notes
    -----
    A norm beyond the dtype's range counts as a step that is not finite: it would quietly become a step of 0.
    """

    keeps_finite = True

    def __init__(self, threshold: Positive):
        super().__init__()
        self.threshold = self.add_hyperparameter("threshold", threshold)

    def compute_steps(self, steps):
        norm = global_norm(steps.values())
        norm.name = "the norm of all steps"
        self.watched = [norm]
        threshold = self.threshold.astype(norm.type.dtype)
        factor = threshold / pt.maximum(norm, threshold)
        return {p: step * like(factor, p) for p, step in steps.items()}, []


class VariableClipping(StepRule):
    """Max-norm: no unit's incoming weights get longer than a threshold.

        new = W - step
        step <- W - new * threshold / max(norm of new along axis, threshold)

    For matrices of role WEIGHT, or of no role at all (bare shared variables); others pass as they are. Put it last.
    Srebro and Shraibman, "Rank, trace-norm and max-norm", 2005; Srivastava et al., "Dropout", 2014.

    Parameters
    ----------
    threshold : float
        Above 0: the greatest norm.
    axis : int
        The axis summed over; 0 where columns are units, as in bricks' (input, output) matrices.
    """

    keeps_finite = True

    def __init__(self, threshold: Positive, axis: Axis = 0):
        super().__init__()
        self.threshold = self.add_hyperparameter("threshold", threshold)
        self.axis = self.checked("axis", axis, Axis)

    def compute_steps(self, steps):
        return {p: self._clipped(p, step) if _is_weight_matrix(p) else step for p, step in steps.items()}, []

    def _clipped(self, parameter, step):
        new = parameter - step
        threshold = like(self.threshold, parameter)
        norm = pt.sqrt((new**2).sum(axis=self.axis, keepdims=True, acc_dtype=parameter.type.dtype))
        return parameter - new * (threshold / pt.maximum(norm, threshold))


RULES = {"adam": Adam, "momentum": Momentum, "scale": Scale, "sgd": Scale}
"""Rules by the name that a config says; their constructors' annotations are what its values must fulfil."""


def build_step_rule(name: str, *, clip: float | None = None, max_norm: float | None = None, **settings) -> StepRule:
    """A step rule from plain data.

    Parameters
    ----------
    name : str
        One of `RULES`.
    clip : float, optional
        Clip the gradients' global norm first.
    max_norm : float, optional
        Keep weight columns within this norm.
    **settings
        The rule's own hyper-parameters.

    Raises
    ------
    UsageError
        For an unknown rule or hyper-parameter, with the nearest known one, and for values out of range.

    Examples
    --------
    >>> build_step_rule("momentum", learning_rate=0.1, clip=5.0).components
    (<StepClipping threshold=5>, <Momentum learning_rate=0.1 momentum=0.9>)
    """
    if name not in RULES:
        raise UsageError(f"unknown step rule {name!r}; {nearest(name, RULES)}")
    rule = RULES[name]
    known = [key for key in rule.__init__.__annotations__ if key != "return"]
    for key in settings:
        if key not in known:
            raise UsageError(f"step rule {name!r}: unknown setting {key!r}; {nearest(key, [*known, 'clip', 'max_norm'])}")
    try:
        rules = [rule(**settings)]
    except TypeError as error:
        raise UsageError(f"step rule {name!r}: {str(error).partition(' ')[2]}") from None
    before = [] if clip is None else [StepClipping(clip)]
    after = [] if max_norm is None else [VariableClipping(max_norm)]
    return CompositeRule([*before, *rules, *after]) if before or after else rules[0]


def global_norm(steps):
    """sqrt of the sum of all squares, over all the variables, in their widest dtype."""
    return pt.sqrt(sum((step**2).sum(acc_dtype=step.type.dtype) for step in steps))


def like(scalar, parameter):
    """`scalar` in the parameter's dtype: a float64 one would make a float32 step float64."""
    return scalar.astype(parameter.type.dtype)


def _is_weight_matrix(parameter) -> bool:
    return parameter.type.ndim == 2 and (has_roles(parameter, WEIGHT) or not roles_of(parameter))
