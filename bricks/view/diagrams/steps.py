"""A graph as the steps that one would write down: each with a symbol, a formula, a shape and a derivative.

What only hands a value on (a cast, an added axis, a copy that a brick tags) is no step, nor is what counts examples. Of
bricks, costs, normalisations, gated units and the like are one step each; a linear layer is a product and a sum.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.tensor.elemwise import DimShuffle, Elemwise
from pytensor.tensor.shape import Shape, Shape_i, SpecifyShape

from bricks.graph import Call, annotations_of, walk
from bricks.roles import INPUT
from bricks.view.diagrams.flow import maker_of
from bricks.view.diagrams.formulas import Formula, known
from bricks.view.diagrams.grouped import maker_of_formula
from bricks.view.diagrams.operations import usual_name
from bricks.view.diagrams.patterns import PATTERNS


@dataclass(eq=False)
class Step:
    """An operation.

    Parameters
    ----------
    result : Variable
    given : list of Variable
        What it is computed from, as the graph has it.
    write : callable
        From a function that gives variables their symbols, to the formula.
    call : Call, optional
        The application of a brick that it is a part of.
    whole : bool
        Whether it is all of that application.
    formula : Formula
    """

    result: Variable
    given: list[Variable]
    write: Callable[[Callable[[Variable], str]], Formula]
    call: Call | None = None
    whole: bool = False
    formula: Formula | None = field(default=None)


class Steps:
    """The steps behind a cost.

    Parameters
    ----------
    cost : Variable

    Attributes
    ----------
    steps : list of Step
        Each after those that it needs.
    roots : list of Variable
        Inputs and shared variables.
    """

    def __init__(self, cost: Variable):
        self.variables = walk([cost])
        self.counts = _counts(self.variables)
        self.cost, _ = self.source(cost)
        found: dict[Variable, Step | None] = {}
        waiting = [self.cost]
        while waiting:
            variable = waiting.pop()
            if variable in found:
                continue
            step = found[variable] = None if variable.owner is None else self._step(variable)
            waiting += [] if step is None else [v for v, _ in map(self.source, step.given) if self.is_value(v)]
        self._derivatives: dict[Variable, str | None] = {}
        order = [v for v in self.variables if v in found]
        self.steps = [found[v] for v in order if found[v] is not None]
        self.roots = [v for v in order if found[v] is None]

    def bare(self, variable: Variable) -> Variable:
        """What a variable is a copy, a cast or a view of."""
        while variable.owner is not None and (given := _handed_on(variable.owner)) is not None:
            variable = given
        return variable

    def source(self, variable: Variable) -> tuple[Variable, bool]:
        """What a variable is a copy or the transpose of, and whether it is the transpose."""
        bare, turned = self.bare(variable), False
        while bare.owner is not None and isinstance(bare.owner.op, DimShuffle) and bare.owner.op.new_order == (1, 0):
            bare, turned = self.bare(bare.owner.inputs[0]), not turned
        return bare, turned

    def is_value(self, variable: Variable) -> bool:
        """Whether a variable is neither a constant nor counted from shapes."""
        return not isinstance(variable, Constant) and variable not in self.counts

    def derivative(self, variable: Variable, symbol: Callable[[Variable], str]) -> str | None:
        """The derivative of the cost by a variable, in symbols; None where a part of it has no formula."""
        if variable not in self._derivatives:
            self._derivatives[variable] = self._derived(variable, symbol)
        return self._derivatives[variable]

    def _derived(self, variable: Variable, symbol: Callable[[Variable], str]) -> str | None:
        if variable is self.cost:
            return "1"
        terms = []
        for step in self.steps:
            for given, rule in zip(step.given, step.formula.derivatives, strict=True):
                source, turned = self.source(given)
                if source is not variable or not _is_float(given):
                    continue
                if rule is None:
                    return None
                d = self._outer(step, symbol)
                later = self._after_softmax(step)
                if later is not None:  # simpler than the derivative of either
                    d, rule = self._outer(later, symbol), later.formula.with_softmax
                terms.append(f"({rule(d)})ᵀ" if turned else rule(d))
        return " + ".join(terms).replace("+ −", "− ")

    def _outer(self, step: Step, symbol: Callable[[Variable], str]) -> str:
        """The derivative by a step's result, as a factor."""
        return "1" if self.derivative(step.result, symbol) == "1" else f"∂{symbol(step.result)}"

    def _after_softmax(self, step: Step) -> Step | None:
        """The cross-entropy that is all that comes of a softmax."""
        if step.formula.title != "softmax":
            return None
        after = [s for s in self.steps if any(self.source(v)[0] is step.result for v in s.given)]
        return after[0] if len(after) == 1 and after[0].formula.with_softmax is not None else None

    def _step(self, variable: Variable) -> Step:
        call = maker_of(variable.owner)
        write = None if call is None else maker_of_formula(call.brick)
        if write is not None:
            inputs = self._inputs(call)
            return Step(variable, list(inputs.values()), lambda symbol: write(inputs, variable, symbol), call, True)
        for pattern in PATTERNS:
            found = pattern(self, variable)
            if found is not None:
                return Step(variable, *found, call)
        node = variable.owner
        return Step(variable, list(node.inputs), lambda symbol: known(node, symbol), call)

    def _inputs(self, call: Call) -> dict[str, Variable]:
        """What an application took in, by the names of arguments."""
        found = {}
        for variable in self.variables:
            for each in annotations_of(variable):
                if each.call is call and each.role.is_a(INPUT):
                    found[each.name] = variable
        return found


def _handed_on(node: Apply) -> Variable | None:
    """What a node gives on as it gets it, perhaps with other axes, but none in another order."""
    op = node.op
    if isinstance(op, DimShuffle):
        kept = [k for k in op.new_order if k != "x"]
        given = kept == sorted(kept)
    else:
        given = isinstance(op, SpecifyShape) or type(op).__name__ == "CheckAndRaise"
        given = given or (isinstance(op, Elemwise) and not usual_name(node))
    if given:
        return node.inputs[0]
    if isinstance(op, Elemwise) and usual_name(node) == "+" and len(node.inputs) == 2:
        first = node.inputs[0]  # the zero that Python's `sum` begins with
        if isinstance(first, Constant) and first.data.size == 1 and first.data.item() == 0:
            return node.inputs[1]
    return None


def _counts(variables: Iterable[Variable]) -> set[Variable]:
    """Variables that are computed from shapes alone."""
    found: set[Variable] = set()
    for variable in variables:
        if variable.owner is None:
            continue
        sources = [v for v in variable.owner.inputs if not isinstance(v, Constant)]
        if isinstance(variable.owner.op, Shape | Shape_i) or (sources and all(v in found for v in sources)):
            found.add(variable)
    return found


def _is_float(variable: Variable) -> bool:
    return str(getattr(variable.type, "dtype", "")).startswith("float")
