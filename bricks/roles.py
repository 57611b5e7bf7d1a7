"""Roles: what a variable is for, so that it can be found in a graph.

A role may be a kind of another: whoever asks for PARAMETER finds weights and biases too. Roles are kept in a
variable's tag, as an unchanging tuple, because copies of a variable share what its tag holds.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Role:
    """A purpose that variables have.

    Parameters
    ----------
    name : str
        What it is called, in capitals.
    parent : Role, optional
        The role that it is a kind of.

    >>> WEIGHT.is_a(PARAMETER), PARAMETER.is_a(WEIGHT)
    (True, False)
    """

    name: str
    parent: "Role | None" = None

    def is_a(self, other: "Role") -> bool:
        """Whether this is `other` or a kind of it."""
        return self == other or (self.parent is not None and self.parent.is_a(other))

    def __repr__(self):
        return self.name


# Variables that are computed.
VARIABLE = Role("VARIABLE")
INPUT = Role("INPUT", VARIABLE)
OUTPUT = Role("OUTPUT", VARIABLE)
COST = Role("COST", VARIABLE)
AUXILIARY = Role("AUXILIARY", VARIABLE)
NOISE = Role("NOISE", VARIABLE)
BATCH_STATISTIC = Role("BATCH_STATISTIC", VARIABLE)

# Variables that a model keeps: parameters are trained, buffers are not.
PERSISTENT = Role("PERSISTENT")
PARAMETER = Role("PARAMETER", PERSISTENT)
WEIGHT = Role("WEIGHT", PARAMETER)
DIAGONAL = Role("DIAGONAL", PARAMETER)
BIAS = Role("BIAS", PARAMETER)
SCALE = Role("SCALE", PARAMETER)
SHIFT = Role("SHIFT", PARAMETER)
INITIAL_STATE = Role("INITIAL_STATE", PARAMETER)
BUFFER = Role("BUFFER", PERSISTENT)
POPULATION_MEAN = Role("POPULATION_MEAN", BUFFER)
POPULATION_VARIANCE = Role("POPULATION_VARIANCE", BUFFER)

# Variables that a training algorithm keeps.
ALGORITHM_HYPERPARAMETER = Role("ALGORITHM_HYPERPARAMETER")
ALGORITHM_BUFFER = Role("ALGORITHM_BUFFER")


def add_role(variable, role: Role) -> None:
    """Give `variable` a role; the more specific of two related roles stays.

    >>> import pytensor.tensor as pt
    >>> x = pt.vector("x")
    >>> add_role(x, PARAMETER)
    >>> add_role(x, WEIGHT)
    >>> add_role(x, PARAMETER)
    >>> roles_of(x)
    (WEIGHT,)
    """
    present = roles_of(variable)
    if not any(known.is_a(role) for known in present):
        variable.tag.roles = (*(known for known in present if not role.is_a(known)), role)


def roles_of(variable) -> tuple[Role, ...]:
    """The roles of `variable`, in the order in which they were given."""
    return getattr(variable.tag, "roles", ())


def has_roles(variable, roles: Role | Iterable[Role], match_all: bool = False) -> bool:
    """Whether `variable` has one of `roles` (or all of them), or a kind of it.

    >>> import pytensor.tensor as pt
    >>> x = pt.vector("x")
    >>> add_role(x, WEIGHT)
    >>> has_roles(x, PARAMETER), has_roles(x, [BIAS, WEIGHT]), has_roles(x, [BIAS, WEIGHT], match_all=True)
    (True, True, False)
    """
    wanted = [roles] if isinstance(roles, Role) else list(roles)
    found = (any(known.is_a(role) for known in roles_of(variable)) for role in wanted)
    return all(found) if match_all else any(found)
