"""Which brick a node comes from, kept while a graph is differentiated and rewritten.

A node's tag holds its `Origin`. Bricks claim what their `apply` makes; the nodes of a gradient belong to whoever made
what they are the gradient of; what a rewrite puts in place of a variable belongs to the maker of that variable. So an
error, a profile or XLA's own names can say where in the model they are, however far a graph is from how it was written.
"""

import itertools
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import pytensor
from pytensor.gradient import DisconnectedType
from pytensor.graph.basic import Apply, Variable
from pytensor.graph.features import AlreadyThere, Feature
from pytensor.graph.null_type import NullType
from pytensor.graph.rewriting.basic import GraphRewriter
from pytensor.graph.traversal import toposort
from pytensor.scalar.basic import Identity
from pytensor.tensor.elemwise import Elemwise

_numbers = itertools.count()


class Maker:
    """Who makes nodes: an application of a brick, or a part of something.

    Attributes
    ----------
    name : str
        Its path, as `mlp/linear_0`.
    title : str
        The same for messages, as `brick mlp/linear_0 (Linear)`.
    began : int
        Larger for who began later.
    """

    name = title = ""

    def __init__(self):
        self.began = next(_numbers)


class Part(Maker):
    """A part of another maker, or, without one, something beside all bricks.

    >>> Part("step rule", "Momentum").title, Part("gate", "neuron", of=Part("lstm", "unit")).title
    ('step rule (Momentum)', 'neuron lstm/gate')
    """

    def __init__(self, name: str, kind: str, of: Maker | None = None):
        super().__init__()
        self._name, self.kind, self.of = name, kind, of

    @property
    def name(self) -> str:
        return self._name if self.of is None else f"{self.of.name}/{self._name}"

    @property
    def title(self) -> str:
        return f"{self.name} ({self.kind})" if self.of is None else f"{self.kind} {self.name}"


class Origin(NamedTuple):
    """Where a node comes from: its maker, and whether it belongs to the gradient of what that made."""

    maker: Maker
    gradient: bool = False

    def __str__(self):
        return f"the gradient of {self.maker.title}" if self.gradient else self.maker.title


def origin_of(node: Apply | Variable | None) -> Origin | None:
    """Where a node, or the node that made a variable, comes from; None where nobody claimed it."""
    node = node.owner if isinstance(node, Variable) else node
    return getattr(getattr(node, "tag", None), "origin", None)


def claim(outputs: Iterable[Variable], maker: Maker, inputs: Iterable[Variable] = ()) -> None:
    """What lies between `inputs` and `outputs` and is nobody's was made by `maker`.

    >>> import pytensor.tensor as pt
    >>> x = pt.fvector("x")
    >>> y = pt.exp(2 * x)
    >>> claim([y], Part("growth", "my own"))
    >>> str(origin_of(y.owner.inputs[0]))
    'growth (my own)'
    """
    ends, seen = set(inputs), set()
    waiting = [v for v in outputs if isinstance(v, Variable)]
    while waiting:
        variable = waiting.pop()
        node = variable.owner
        if variable in ends or node is None or node in seen:
            continue
        seen.add(node)
        origin = origin_of(node)
        if origin is None:
            node.tag.origin = Origin(maker)
        elif origin.maker.began < maker.began:  # by someone who began before: what this maker was given
            continue
        waiting += node.inputs


def grad(cost, wrt, known_grads=None, **kwargs):
    """PyTensor's `grad`, the nodes of which come from where what they differentiate comes from.

    That asks for the gradients of all that lies between as well, which `grad` makes anyway: a node that is computed
    from the gradient of v belongs to the node that made v.
    """
    listed = list(wrt) if isinstance(wrt, Sequence) else [wrt]
    outputs = [*([] if cost is None else [cost]), *(known_grads or {})]
    forward = list(toposort(outputs))
    passed = dict.fromkeys(listed)
    for node in forward:
        if any(v in passed for v in node.inputs):
            passed.update(dict.fromkeys(v for v in node.outputs if _is_float(v)))
    between = [v for v in passed if v not in listed]
    if not any(origin_of(node) for node in forward):  # a graph without bricks
        return pytensor.grad(cost, wrt, known_grads=known_grads, **kwargs)
    quietly = dict(disconnected_inputs="ignore", return_disconnected="disconnected", null_gradients="return")
    found = pytensor.grad(cost, [*listed, *between], known_grads=known_grads, **{**kwargs, **quietly})
    asked = found[: len(listed)]
    if any(isinstance(g.type, DisconnectedType | NullType) for g in asked):
        as_none = kwargs.get("disconnected_inputs") == "ignore" and kwargs.get("return_disconnected") == "none"
        if not as_none or any(isinstance(g.type, NullType) for g in asked):
            return pytensor.grad(cost, wrt, known_grads=known_grads, **kwargs)  # whose errors and zeros they are
        asked = [None if isinstance(g.type, DisconnectedType) else g for g in asked]
    gradients = {v: g for v, g in zip([*listed, *between], found, strict=True) if hasattr(g.type, "dtype")}
    _attribute(forward, gradients, known_grads or {})
    return asked if isinstance(wrt, list) else tuple(asked) if isinstance(wrt, Sequence) else asked[0]


def _attribute(forward: Sequence[Apply], gradients: dict, given: dict) -> None:
    """Mark the nodes that compute `gradients` by the node of `forward` whose pullback made each."""
    made = {v for node in forward for v in (*node.inputs, *node.outputs)}
    # One variable may be the gradient of several, where a pullback hands on what it gets: of all terms of a sum.
    of: dict[Variable, list[Apply]] = {}
    for variable, gradient in (gradients | given).items():
        if variable.owner is not None and not _is_copy(variable.owner):
            of.setdefault(gradient, []).append(variable.owner)
    new = toposort(list(gradients.values()), blockers=[*made, *given.values()])
    new = [node for node in new if origin_of(node) is None]
    source: dict[Apply, Apply] = {}
    reads: dict[Apply, set] = {}  # what of the forward graph a node is computed from, but for gradients
    for node in new:
        candidates, read = [], set()
        for v in node.inputs:
            if v in of:
                candidates += of[v]
            elif v.owner in source:
                candidates.append(source[v.owner])
            elif v.owner in reads:
                read |= reads[v.owner]
            elif v in made:
                read.add(v)
        if candidates:
            fits = [c for c in candidates if any(v in read for v in (*c.inputs, *c.outputs))]
            source[node] = (fits or candidates)[0]
        else:
            reads[node] = read
    for node in reversed(new):  # a factor that no gradient goes into belongs where it is used
        if node in source:
            for v in node.inputs:
                if v.owner in reads:
                    source.setdefault(v.owner, source[node])
    for node, made_by in source.items():
        origin = origin_of(made_by)
        if origin is not None:
            node.tag.origin = Origin(origin.maker, True)


def _is_copy(node: Apply) -> bool:
    """Whether a node is an identity, whose pullback makes nothing."""
    return isinstance(node.op, Elemwise) and isinstance(node.op.scalar_op, Identity)


def _is_float(variable: Variable) -> bool:
    return str(getattr(variable.type, "dtype", "")).startswith("float")


class Following(Feature):
    """What comes into a graph in place of a variable has that variable's origin."""

    def __init__(self):
        self._new: list[Apply] = []

    def on_attach(self, fgraph) -> None:
        if any(isinstance(feature, Following) for feature in fgraph._features):
            raise AlreadyThere

    def clone(self) -> "Following":
        return Following()

    def on_import(self, fgraph, node, reason) -> None:
        if origin_of(node) is None:
            self._new.append(node)

    def on_change_input(self, fgraph, node, i, var, new_var, reason=None) -> None:
        if not self._new:
            return
        origin = origin_of(var)
        if origin is not None:
            for new in self._new:
                new.tag.origin = origin
        self._new = []


class Follow(GraphRewriter):
    """Has all other rewrites keep origins."""

    def add_requirements(self, fgraph) -> None:
        fgraph.attach_feature(Following())

    def apply(self, fgraph) -> None:
        pass
