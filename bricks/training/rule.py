"""What a step rule is: a transform of {parameter: step}, first given the gradients.

    parameter <- parameter - step

Its hyper-parameters are shared scalars, so that they may be changed while training goes on; what it remembers
from step to step (velocities, moments) are shared buffers of the parameters' own dtype.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import numpy as np
import pydantic
from pydantic import Field, FiniteFloat

from bricks import engine
from bricks.errors import UsageError, nearest
from bricks.graph import named_parameters
from bricks.roles import ALGORITHM_BUFFER, ALGORITHM_HYPERPARAMETER, WEIGHT, add_role, has_roles, roles_of
from bricks.training.values import read_values, write_values
from bricks.tree import snake_case

Positive = Annotated[FiniteFloat, Field(gt=0)]
Fraction = Annotated[FiniteFloat, Field(ge=0, lt=1)]
NotNegative = Annotated[FiniteFloat, Field(ge=0)]


class StepRule(ABC):
    """A transform of steps. A rule belongs to one algorithm, whose hyper-parameters and buffers it holds.

    Attributes
    ----------
    hyperparameters, buffers : dict
        Shared variables by name: `momentum/learning_rate`, `momentum/velocity/mlp/linear_0/W`.
    watched : list of scalar Variable
        What else must be finite for a step to count, filled by `compute_steps`.
    keeps_finite : bool
        Whether finite gradients always make finite steps. Then the algorithm looks at the gradients, which
        costs less than looking at steps and buffers.
    """

    keeps_finite = False

    def __init__(self):
        self.name = snake_case(type(self).__name__)
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

    def put_under(self, group: str) -> None:
        """Name all that is kept after a group: `encoder/momentum/learning_rate`. Before it belongs to an algorithm."""
        self.name = f"{group}/{self.name}"
        self.hyperparameters = {f"{group}/{name}": variable for name, variable in self.hyperparameters.items()}
        for name, variable in self.hyperparameters.items():
            variable.name = name

    def find_hyperparameter(self, name: str):
        """The shared scalar called `name`, in full (`momentum/learning_rate`) or, where unique, in short."""
        found = [full for full in self.hyperparameters if full == name or full.rpartition("/")[2] == name]
        if len(found) != 1:
            known = self.hyperparameters if not found else found
            raise UsageError(
                f"{type(self).__name__}: no one hyper-parameter is called {name!r}; {nearest(name, known)}"
            )
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
    >>> from bricks.training import Momentum, StepClipping, VariableClipping
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
                raise UsageError(
                    f"CompositeRule: two components have a hyper-parameter {min(taken)!r}; use one of them, or put "
                    "each in a Restrict(rule, parameters, name=...) of its own"
                )
            self.hyperparameters |= component.hyperparameters
        self.keeps_finite = all(component.keeps_finite for component in self.components)

    def put_under(self, group: str) -> None:
        for component in self.components:
            component.put_under(group)
        super().put_under(group)

    def use(self) -> None:
        super().use()
        for component in self.components:
            component.use()

    def compute_steps(self, steps):
        updates: list = []
        self.buffers, self.watched = {}, []
        for component in self.components:
            steps, more = component.compute_steps(steps)
            updates += more
            self.buffers |= component.buffers
            self.watched += component.watched
        return dict(steps), updates


def like(scalar, parameter):
    """`scalar` in the parameter's dtype: a float64 one would make a float32 step float64."""
    return scalar.astype(parameter.type.dtype)


def is_weight(parameter) -> bool:
    """Whether it is of role WEIGHT, or a matrix of no role at all (a bare shared variable)."""
    return has_roles(parameter, WEIGHT) or (parameter.type.ndim >= 2 and not roles_of(parameter))
