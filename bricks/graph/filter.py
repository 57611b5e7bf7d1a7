"""Finding variables by brick, role, name and call."""

import re
from collections.abc import Iterable

from pytensor.graph.basic import Variable

from bricks.errors import UsageError
from bricks.graph.annotations import Annotation, Call, annotations_of
from bricks.roles import Role, has_roles


class VariableFilter:
    """Picks variables that meet all of the given conditions.

    Each condition is one value or a list of which one must fit. Text must be equal; a compiled regular
    expression must match in full.

    Parameters
    ----------
    brick : Brick, class of bricks, path or pattern of paths
        Whose inputs, outputs, parameters and noise to pick (its own, not its children's).
    role : Role
        As in `bricks.roles`; a role finds its kinds too.
    name : str or pattern
        The variable's name (`mlp/linear_0.output`) or what the brick calls it (`output`, `W`).
    call : Call, name or pattern
        One application: `mlp/linear_0#1` is the second of that brick.

    Raises
    ------
    UsageError
        If a condition is of a kind that nothing could fit.

    >>> import pytensor.tensor as pt
    >>> from bricks.graph import ComputationGraph
    >>> from bricks.layers import MLP, Tanh
    >>> from bricks.roles import WEIGHT, OUTPUT
    >>> mlp = MLP([Tanh(), None], [4, 3, 2], seed=1)
    >>> graph = ComputationGraph(mlp(pt.matrix("x", dtype="float32")))
    >>> VariableFilter(role=WEIGHT)(graph.variables)
    [mlp/linear_0/W, mlp/linear_1/W]
    >>> VariableFilter(brick=Tanh, role=OUTPUT)(graph.variables)
    [mlp/tanh.output]
    >>> VariableFilter(brick=re.compile("mlp/linear_.*"), name="output")(graph.variables)
    [mlp/linear_0.output, mlp/linear_1.output]
    """

    def __init__(self, brick=None, role=None, name=None, call=None):
        self.bricks = _conditions(
            "brick", brick, lambda b: isinstance(b, str | re.Pattern | type) or hasattr(b, "path")
        )
        self.roles = _conditions("role", role, lambda r: isinstance(r, Role))
        self.names = _conditions("name", name, lambda n: isinstance(n, str | re.Pattern))
        self.calls = _conditions("call", call, lambda c: isinstance(c, str | re.Pattern | Call))

    def __call__(self, variables: Iterable[Variable]) -> list[Variable]:
        """Those of `variables` that fit, in their order."""
        return [variable for variable in variables if self._fits(variable)]

    def _fits(self, variable: Variable) -> bool:
        if self.roles is not None and not has_roles(variable, self.roles):
            return False
        if self.bricks is None and self.calls is None:
            names = (variable.name, *(a.name for a in annotations_of(variable)))
            return self.names is None or any(_is_name(n, names) for n in self.names)
        return any(self._annotation_fits(variable, a) for a in annotations_of(variable))

    def _annotation_fits(self, variable: Variable, annotation: Annotation) -> bool:
        by_brick = self.bricks is None or any(_is_brick(b, annotation.brick) for b in self.bricks)
        by_call = self.calls is None or any(_is_call(c, annotation.call) for c in self.calls)
        by_name = self.names is None or any(_is_name(n, (variable.name, annotation.name)) for n in self.names)
        return by_brick and by_call and by_name


def _conditions(kind: str, given, legal) -> list | None:
    if given is None:
        return None
    given = list(given) if isinstance(given, list | tuple | set | frozenset) else [given]
    for condition in given:
        if not legal(condition):
            raise UsageError(f"VariableFilter: {condition!r} cannot be a {kind}; see the help of VariableFilter")
    return given


def _is_brick(wanted, brick) -> bool:
    if isinstance(wanted, type):
        return isinstance(brick, wanted)
    if isinstance(wanted, str | re.Pattern):
        return _is_text(wanted, brick.path)
    return wanted is brick


def _is_call(wanted, call) -> bool:
    if call is None:
        return False
    return wanted is call if isinstance(wanted, Call) else _is_text(wanted, call.name)


def _is_name(wanted, names) -> bool:
    return any(name is not None and _is_text(wanted, name) for name in names)


def _is_text(wanted, text: str) -> bool:
    return wanted == text if isinstance(wanted, str) else wanted.fullmatch(text) is not None
