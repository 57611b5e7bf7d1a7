"""Tags: which brick, in which call, made a variable, and what it is there.

Each application of a brick is a `Call`. What goes in and what comes out are identity copies that carry an
`Annotation`, so that one use of a variable can be found and replaced without the others. Rewriting removes
the copies before anything is computed. Tags live on the graph as it was written; compiled functions have
none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor.graph.basic import Variable
from pytensor.tensor.type import TensorType

from bricks.engine.provenance import Maker
from bricks.roles import INPUT, OUTPUT, Role, add_role


@dataclass(frozen=True, eq=False)
class Annotation:
    """What a variable is to a brick.

    Parameters
    ----------
    brick : Brick
    name : str
        Of the argument, output or parameter: `input`, `output`, `W`.
    role : Role
    call : Call, optional
        None for what belongs to the brick and not to one application, such as parameters.
    """

    brick: Any
    name: str
    role: Role
    call: "Call | None" = None


class Call(Maker):
    """One application of a brick.

    Attributes
    ----------
    brick : Brick
    number : int
        How often the brick had been applied before.
    arguments : dict
        What `apply` was given, as it was given, with tagged variables in place of the variables.
    inputs, outputs : dict
        From names to the tagged variables.
    instead_of : Call, optional
        The application that this one was made to take the place of.
    """

    def __init__(self, brick, number: int):
        super().__init__()
        self.brick = brick
        self.number = number
        self.arguments: dict[str, Any] = {}
        self.instead_of: Call | None = None
        self.inputs: dict[str, Variable] = {}
        self.outputs: dict[str, Variable] = {}

    @property
    def name(self) -> str:
        """The brick's path; from the second call on with the call's number: `mlp/linear_0#1`."""
        return f"{self.brick.path}#{self.number}" if self.number else self.brick.path

    @property
    def title(self) -> str:
        return f"brick {self.name} ({type(self.brick).__name__})"

    def __repr__(self):
        return f"<Call {self.name}>"

    def take_in(self, name: str, value):
        """Copy and tag a symbolic input; lists and dicts element by element; anything else stays as it is."""
        return self._each(name, value, INPUT, (), self.inputs)

    def give_out(self, value, roles: tuple[Role, ...] = ()):
        """Copy and tag what a brick returns: a variable, or a dict, named tuple, tuple or list of them."""
        return self._each("output", value, OUTPUT, roles, self.outputs)

    def _each(self, name, value, role, roles, found):
        if is_tensor(value):
            found[name] = annotate(value.copy(), self.brick, name, role, self)
            for other in roles:
                add_role(found[name], other)
            return found[name]
        if isinstance(value, np.ndarray):
            return self._each(name, pt.as_tensor_variable(value), role, roles, found)
        prefix = "" if role is OUTPUT else f"{name}_"
        if isinstance(value, Mapping):
            return type(value)((key, self._each(f"{prefix}{key}", v, role, roles, found)) for key, v in value.items())
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            pairs = zip(value._fields, value, strict=True)
            return type(value)(*(self._each(f"{prefix}{key}", v, role, roles, found) for key, v in pairs))
        if isinstance(value, tuple | list):
            return type(value)(self._each(f"{name}_{i}", v, role, roles, found) for i, v in enumerate(value))
        return value


def annotate(variable: Variable, brick, name: str, role: Role, call: Call | None = None) -> Variable:
    """Tag `variable` in place as `brick`'s, name it after brick and call, and give it `role`."""
    variable.tag.annotations = (*annotations_of(variable), Annotation(brick, name, role, call))
    variable.name = f"{brick.path}/{name}" if call is None else f"{call.name}.{name}"
    add_role(variable, role)
    return variable


def is_tensor(value) -> bool:
    """Whether `value` is a symbolic tensor, shared variables and constants included."""
    return isinstance(value, Variable) and isinstance(value.type, TensorType)


def annotations_of(variable: Variable) -> tuple[Annotation, ...]:
    """What `variable` is to bricks, oldest first; empty for a variable that no brick knows."""
    return getattr(variable.tag, "annotations", ())
