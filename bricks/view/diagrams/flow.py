"""What flows between the applications of bricks in a graph, read from its annotations: boxes and arrows.

A box is one application of a brick, an input, or what lies between bricks: operations that no brick made, or that one
made beside those inside it. An arrow is a variable that goes from one to another.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.scalar.basic import Cast, Identity
from pytensor.tensor.elemwise import DimShuffle, Elemwise
from pytensor.tensor.shape import Shape_i, SpecifyShape

from bricks.engine.provenance import origin_of
from bricks.graph import Call, annotations_of, walk
from bricks.roles import INPUT
from bricks.view.diagrams.shapes import with_lengths


@dataclass(eq=False)
class Box:
    """A node of a diagram.

    Parameters
    ----------
    kind : {"brick", "input", "kept", "operations", "output"}
        `kept` is a shared variable of no brick.
    within : tuple of Call
        The applications that it lies in, from the outermost.
    call : Call, optional
        Of a brick.
    variable : Variable, optional
        Of an input or output.
    nodes : list of Apply
        Of operations, in order.
    parameters : list of Variable
        Of the brick that it lies in, which operations use.
    """

    kind: str
    within: tuple[Call, ...] = ()
    call: Call | None = None
    variable: Variable | None = None
    nodes: list[Apply] = field(default_factory=list)
    parameters: list[Variable] = field(default_factory=list)


@dataclass(frozen=True)
class Arrow:
    """A variable that goes from a box to another.

    Parameters
    ----------
    source, target : Box
    variable : Variable
        As it leaves its source.
    name : str
        What the brick at its end calls it.
    parameter : bool
        Whether it is a parameter of the brick at its beginning.
    """

    source: Box
    target: Box
    variable: Variable
    name: str = ""
    parameter: bool = False


class Flow:
    """The boxes and arrows behind some outputs.

    Parameters
    ----------
    outputs : list of variables
    depth : int, optional
        How many levels of bricks are shown; what lies deeper is part of a box. By default all.

    Attributes
    ----------
    boxes : list of Box
    arrows : list of Arrow
    depth : int
        How many levels there are.
    lengths : dict
        From variables to others of the same values that know their lengths better.

    >>> import pytensor.tensor as pt
    >>> from bricks.layers import MLP, Tanh
    >>> output = MLP([Tanh(), None], [4, 3, 2], seed=1)(pt.matrix("x", dtype="float32"))
    >>> [box.call.name for box in Flow([output]).boxes if box.call]
    ['mlp/linear_0', 'mlp/tanh', 'mlp/linear_1']
    >>> [box.call.name for box in Flow([output], depth=1).boxes if box.call]
    ['mlp']
    """

    def __init__(self, outputs: Iterable[Variable], depth: int | None = None):
        outputs = list(outputs)
        variables = walk(outputs)
        self._parents = _parents(variables)
        chains = [self._chain(call) for call in self._parents]
        self.depth = max(map(len, chains), default=0)
        self._open = {above for chain in chains for above in chain[:-1][: None if depth is None else max(depth, 1) - 1]}
        self._boxes: dict[Any, Box] = {}
        self._home: dict[Variable, Box | None] = {}
        self._arrows: dict[tuple, Arrow] = {}
        self._parameters: dict[tuple, None] = {}
        self._groups = _Groups(variables, self._box_of)
        for variable in variables:
            self._home[variable] = self._place(variable)
        for variable in outputs:
            self._arrow(variable, self._boxes.setdefault(("output", variable), Box("output", variable=variable)))
        for variable, box in self._parameters:
            self._settle(variable, box)
        self.lengths = with_lengths(variables)
        self.boxes, self.arrows = list(self._boxes.values()), list(self._arrows.values())

    def _chain(self, call: Call) -> tuple[Call, ...]:
        """The applications that one lies in, from the outermost, and itself."""
        chain = [call]
        while (above := self._parents.get(chain[0])) is not None:
            chain.insert(0, above)
        return tuple(chain)

    def _box_of(self, node: Apply) -> tuple[Call | None, tuple[Call, ...]]:
        """The application whose box a node is part of, None if it lies between bricks; and what that lies in."""
        call = maker_of(node)
        chain = () if call is None else self._chain(call)
        for k, each in enumerate(chain):
            if each not in self._open:
                return each, chain[:k]
        return None, chain

    def _place(self, variable: Variable) -> Box | None:
        """The box that a variable comes from, None for constants and parameters; with the arrows to it."""
        node = variable.owner
        if node is None:
            kept = isinstance(variable, SharedVariable)
            if isinstance(variable, Constant) or (kept and _owner(variable) is not None):
                return None
            return self._boxes.setdefault(variable, Box("kept" if kept else "input", variable=variable))
        call, within = self._box_of(node)
        if call is None and _hands_on(node):
            return self._home[node.inputs[0]]
        if call is not None:
            box = self._boxes.setdefault(call, Box("brick", within, call))
        else:
            box = self._boxes.setdefault(self._groups[node], Box("operations", within))
            if node not in box.nodes:
                box.nodes.append(node)
        for source in node.inputs:
            self._arrow(source, box)
        return box

    def _arrow(self, variable: Variable, box: Box) -> None:
        """That a variable goes into a box, unless it is made there."""
        home = self._home[variable]
        if home is box:
            return
        seen = (a.name for a in annotations_of(variable) if a.role.is_a(INPUT) and a.call is box.call)
        name = next(seen, "") if box.call is not None else ""
        while variable.owner is not None and _hands_on(variable.owner) and self._box_of(variable.owner)[0] is None:
            variable = variable.owner.inputs[0]
        if home is None:
            self._parameters[variable, box] = None
        elif (home, box, variable) not in self._arrows or name:
            self._arrows[home, box, variable] = Arrow(home, box, variable, name)

    def _settle(self, variable: Variable, box: Box) -> None:
        """A parameter that a box uses: its own, or another's, as in a penalty."""
        owner = _owner(variable)
        if owner is None or (box.call is not None and box.call.brick in owner._upwards()):
            return
        for home in self._boxes.values():
            if home.call is not None and home.call.brick in owner._upwards():
                self._arrows[home, box, variable] = Arrow(home, box, variable, parameter=True)
                return
        box.parameters.append(variable)


def maker_of(node: Apply) -> Call | None:
    """The application that made a node."""
    origin = origin_of(node)
    maker = None if origin is None else origin.maker
    while maker is not None and not isinstance(maker, Call):
        maker = getattr(maker, "of", None)
    return maker


def _parents(variables: Iterable[Variable]) -> dict[Call, Call | None]:
    """For each application of the graph the one that it's a part of."""
    calls: dict[Call, Call | None] = {}
    for variable in variables:
        for each in annotations_of(variable):
            if each.call is None or variable.owner is None:
                continue
            made_by = maker_of(variable.owner)
            inside = made_by if each.role.is_a(INPUT) and made_by is not each.call else None
            calls[each.call] = calls.get(each.call) or inside
            if made_by is not None:
                calls.setdefault(made_by, None)
    return calls


def _owner(variable: Variable):
    """The brick whose parameter or buffer a variable is."""
    return next((a.brick for a in annotations_of(variable) if a.call is None), None)


def _hands_on(node: Apply) -> bool:
    """Whether a node gives its input on, as another kind or shape of the same."""
    op = node.op
    scalar = getattr(op, "scalar_op", None)
    if isinstance(op, Elemwise) and isinstance(scalar, Identity | Cast):
        return True
    return isinstance(op, DimShuffle | SpecifyShape | Shape_i)


class _Groups:
    """Which operations between bricks are drawn as one: those of one maker that follow each other directly."""

    def __init__(self, variables: Iterable[Variable], box_of: Callable):
        self._leader: dict[Apply, Apply] = {}
        level: dict[Apply, int] = {}
        whose: dict[Apply, Any] = {}
        for node in dict.fromkeys(v.owner for v in variables if v.owner is not None):
            call, within = box_of(node)
            whose[node] = call if call is not None else ("between", *within[-1:])
            before = [v.owner for v in node.inputs if v.owner is not None]
            # One level more wherever a path leaves a box, so that no path leaves a group and comes back to it.
            level[node] = max((level[b] + (whose[b] != whose[node]) for b in before), default=0)
            self._leader[node] = node
            for other in before:
                if whose[other] == whose[node] and level[other] == level[node]:
                    self._leader[self[other]] = self[node]

    def __getitem__(self, node: Apply) -> Apply:
        while self._leader[node] is not node:
            node = self._leader[node]
        return node
