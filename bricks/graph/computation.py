"""A graph as a whole: its variables in order, its inputs, and what it keeps."""

from collections.abc import Iterable
from functools import cached_property

from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Constant, Variable

from bricks.errors import UsageError
from bricks.graph.annotations import annotations_of
from bricks.graph.walk import unpack, walk
from bricks.roles import BUFFER, PARAMETER, has_roles


class ComputationGraph:
    """Everything that some outputs, and updates, are computed from.

    Parameters
    ----------
    outputs : variable, or list, tuple or dict of variables
    updates : dict or pairs, optional
        From shared variables to their new values; these are part of the graph.

    Attributes
    ----------
    outputs : list
    variables : list
        All variables, each after what it is computed from. What is inside a recurrence is not among them.
    inputs : list
        Those that a caller must give.
    shared_variables, parameters, buffers : list
        Those that keep a value; of these, the ones with role PARAMETER; with role BUFFER.
    updates : dict
        As given.

    >>> import pytensor.tensor as pt
    >>> from bricks.layers import Linear
    >>> x = pt.matrix("x", dtype="float32")
    >>> graph = ComputationGraph(Linear(3, 2, seed=1)(x))
    >>> graph.inputs, graph.parameters
    ([x], [linear/W, linear/b])
    """

    def __init__(self, outputs, updates=()):
        self.outputs, _ = unpack(outputs, "ComputationGraph")
        self.updates = dict(updates)

    @cached_property
    def variables(self) -> list[Variable]:
        return walk([*self.outputs, *self.updates, *self.updates.values()])

    @property
    def inputs(self) -> list[Variable]:
        return [v for v in self.variables if v.owner is None and not isinstance(v, SharedVariable | Constant)]

    @property
    def shared_variables(self) -> list[Variable]:
        return [v for v in self.variables if isinstance(v, SharedVariable)]

    @property
    def parameters(self) -> list[Variable]:
        return [v for v in self.shared_variables if has_roles(v, PARAMETER)]

    @property
    def buffers(self) -> list[Variable]:
        return [v for v in self.shared_variables if has_roles(v, BUFFER)]


def named_parameters(variables: Iterable[Variable]) -> dict[str, Variable]:
    """Shared variables by name: the full path for what belongs to a brick, else `.name`.

    Raises
    ------
    UsageError
        If a variable has no name, or two have the same.

    >>> from bricks.layers import Linear
    >>> list(named_parameters(Linear(3, 2, name="top", seed=1).parameters.values()))
    ['top/W', 'top/b']
    """
    named: dict[str, Variable] = {}
    for variable in variables:
        owner = next((a for a in annotations_of(variable) if a.call is None), None)
        name = variable.name if owner is None else f"{owner.brick.path}/{owner.name}"
        if not name:
            raise UsageError(
                f"parameters: every shared variable must have a name, got one of type {variable.type} "
                "without; say shared(value, name=...)"
            )
        if named.setdefault(name, variable) is not variable:
            raise UsageError(
                f"parameters: names must be unique, got two called {name!r}; "
                "give their bricks different names, or one parent that tells them apart"
            )
    return named
